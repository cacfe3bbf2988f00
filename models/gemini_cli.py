"""Gemini CLI's chat logs (`~/.gemini/tmp/<project>/chats/`): what they state.

The format is that of google-gemini/gemini-cli, `packages/core/src/services/chatRecordingTypes.ts`
and `chatRecordingService.ts`; sample files were not at hand. `session-*.jsonl` has a line of
metadata, then a line for each state of each message, `$set` with what changed, and `$rewindTo`,
which takes messages out of the talk but not off the bill. Older `session-*.json` is one document
with `messages`; a resumed one is written anew as lines, with the same ids. `tokens.input` contains
`cached`; `thoughts` are outside `output`, and `tool` outside `input`, unless the total says
otherwise.

A log names its project by a hash of the folder, and that is the project's name here. Refused:
counts that contradict each other, and messages of no model, which are told as doubts.
"""

from typing import Any

from models.codex import MAIN, SUBAGENT, understood_of
from models.event import Initiator, Surface
from models.json_line import Json, counts, inner, instant, is_text
from models.json_line import parse_object as parse_line
from models.token import TokenCounts
from models.usage_log import (
    LogFormat,
    LoggedAgent,
    LoggedCall,
    LoggedDoubt,
    LogRecord,
    UnreadableLineError,
)

_COUNTS = ("input", "output", "cached", "thoughts", "tool", "total")


class _Parser:
    """Takes the lines of one file, in order; a document is one line."""

    def __init__(self) -> None:
        self._session: str | None = None
        self._project = "gemini-cli"
        self._is_subagent = False

    def __call__(self, line: bytes) -> list[LogRecord]:
        if line.startswith(b"["):
            # The tool's own list of what people typed; it has no counts.
            return []
        entry = parse_line(line)
        changed = inner(entry, "$set")
        self._meta(entry)
        self._meta(changed)
        found = [entry] if is_text(entry.get("id")) else []
        for holder in (entry, changed):
            messages = holder.get("messages")
            found.extend(messages if isinstance(messages, list) else [])
        return [
            record
            for message in found
            if isinstance(message, dict)
            for record in self._message(message)
        ]

    def _meta(self, entry: Json) -> None:
        if is_text(entry.get("sessionId")):
            self._session = entry["sessionId"]
        if is_text(entry.get("projectHash")):
            self._project = entry["projectHash"]
        if is_text(entry.get("kind")):
            self._is_subagent = entry["kind"] == SUBAGENT

    def _message(self, message: Json) -> list[LogRecord]:
        if message.get("type") != "gemini" or not isinstance(message.get("tokens"), dict):
            return []
        id = message.get("id")
        if not is_text(id) or self._session is None:
            raise UnreadableLineError("a message has no id, or no session before it")
        found = counts(message["tokens"], _COUNTS)
        if found is None:
            raise UnreadableLineError("tokens: a count is not a whole number")
        # The same message in another session's file is the same call.
        key = f"gemini-cli:{id}"
        occurred_at = instant(message, "timestamp")
        agent = self._agent(self._session)
        tokens, model = _tokens(found), message.get("model")
        reason = None
        if tokens.any_negative:
            reason = "the counts contradict each other: cached above input, or a negative count"
        elif not is_text(model):
            reason = "the message names no model"
        if reason is None and is_text(model):
            return [LoggedCall(key, occurred_at, agent, model, tokens)]
        understood = {
            "occurredAt": occurred_at.isoformat(),
            "model": model if is_text(model) else None,
            "provider": FORMAT.provider,
            **_as_counted(found),
        }
        return [LoggedDoubt(key, str(reason), understood_of(key, agent, FORMAT.name, understood))]

    def _agent(self, session: str) -> LoggedAgent:
        """A subagent's log does not name the session that started it: it is a run of its own."""
        kind = SUBAGENT if self._is_subagent else MAIN
        initiator = Initiator.TASK_AGENT if self._is_subagent else Initiator.CHAT_AGENT
        return LoggedAgent(self._project, session, kind, kind, initiator)


def _prompt(found: tuple[int, ...]) -> int:
    """Input with what tools were given; the total tells whether it is in there already."""
    whole, output, _, thoughts, tool, total = found
    return whole if total == whole + output + thoughts else whole + tool


def _tokens(found: tuple[int, ...]) -> TokenCounts:
    _, output, cached, thoughts, tool, _ = found
    if tool < 0:
        return TokenCounts(input=tool)
    return TokenCounts(
        input=_prompt(found) - cached, cache_read=cached, output=output, reasoning=thoughts
    )


def _as_counted(found: tuple[int, ...]) -> dict[str, Any]:
    _, output, cached, thoughts, _, _ = found
    return {
        "inputTokens": _prompt(found),
        "cacheReadTokens": cached,
        "outputTokens": output,
        "reasoningTokens": thoughts,
        "inputIncludesCache": True,
        "outputIncludesReasoning": False,
        "cumulative": True,
    }


FORMAT = LogFormat(
    name="gemini-cli",
    provider="google",
    trigger="cli",
    surface=Surface.CLI,
    suffixes=(".jsonl", ".json"),
    start=_Parser,
    document_suffixes=(".json",),
)
