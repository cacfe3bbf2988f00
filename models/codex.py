"""Codex's session logs (`~/.codex/sessions/**/rollout-*.jsonl`): what their lines state.

The format is that of openai/codex, `codex-rs/protocol/src/protocol.rs` (`RolloutLine`,
`SessionMeta`, `TurnContext`, `TokenCountEvent`, `TokenUsageInfo`); sample files were not at hand.
`total_token_usage` counts from the start of the session, and is written again when nothing has
come: a call is what it rose by. Where it fell (the counters began again), or at its first line, the
call is `last_token_usage`. `input_tokens` contains the cached tokens, `output_tokens` the reasoning
ones.

A fork's log starts with a copy of its parent's lines at the time of forking (ccusage issues 897,
1288, 1349), so a call's key is its totals within the root of the family, and copies are one call at
the earliest time. Refused: counts that contradict each other, and calls of no model known, which
are told as doubts.
"""

from dataclasses import dataclass
from typing import Any

from models.event import KEY_LENGTH, Initiator, RunStatus, Surface
from models.json_line import Json, counts, inner, instant, is_text, parse_object
from models.token import TokenCounts
from models.usage_log import (
    LogFormat,
    LoggedAgent,
    LoggedCall,
    LoggedDoubt,
    LogRecord,
    UnreadableLineError,
)

MAIN = "main"
SUBAGENT = "subagent"
_COUNTS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
_NONE = (0,) * len(_COUNTS)
_TIERS = {"fast": "priority", "priority": "priority", "flex": "flex"}
Usage = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Session:
    """The session whose file it is, and the one at the root of its family."""

    id: str
    root: str
    parent: str | None
    agent_type: str
    cwd: str | None
    provider: str


class _Parser:
    """Takes the lines of one file, in order."""

    def __init__(self) -> None:
        self._session: _Session | None = None
        self._totals: Usage | None = None
        self._model: str | None = None
        self._cwd: str | None = None
        self._tier = ""

    def __call__(self, line: bytes) -> list[LogRecord]:
        # Most of a log is what was said and done; it need not be parsed to be passed over.
        if not any(kind in line for kind in _READ_KINDS):
            return []
        entry = parse_object(line)
        payload, kind = inner(entry, "payload"), entry.get("type")
        if kind == "session_meta":
            self._meta(payload)
        elif kind == "turn_context":
            self._model = payload["model"] if is_text(payload.get("model")) else self._model
            self._cwd = payload["cwd"] if is_text(payload.get("cwd")) else self._cwd
        elif kind == "event_msg" and payload.get("type") == "thread_settings_applied":
            tier = inner(payload, "thread_settings").get("service_tier")
            self._tier = _TIERS.get(tier, "") if isinstance(tier, str) else self._tier
        elif kind == "event_msg" and payload.get("type") == "token_count":
            return self._token_count(entry, inner(payload, "info"))
        return []

    def _meta(self, payload: Json) -> None:
        """The first one is the file's own; those copied from parents follow, the root's last."""
        id = payload.get("id")
        if not is_text(id) or self._totals is not None:
            return
        parent = _parent(payload)
        if self._session is not None:
            own = self._session
            self._session = _Session(
                own.id, parent or id, own.parent, own.agent_type, own.cwd, own.provider
            )
            return
        spawned = _spawned(payload)
        role = spawned.get("agent_role")
        provider = payload.get("model_provider")
        self._session = _Session(
            id=id,
            root=payload["forked_from_id"] if is_text(payload.get("forked_from_id")) else id,
            parent=parent if spawned else None,
            agent_type=role if is_text(role) and len(role) <= KEY_LENGTH else SUBAGENT,
            cwd=payload["cwd"] if is_text(payload.get("cwd")) else None,
            provider=provider if is_text(provider) else "",
        )

    def _token_count(self, entry: Json, info: Json) -> list[LogRecord]:
        totals = counts(inner(info, "total_token_usage"), _COUNTS)
        last = counts(inner(info, "last_token_usage"), _COUNTS)
        if totals is None or last is None:
            raise UnreadableLineError("payload.info: a count is not a whole number")
        if not info or totals == (self._totals or _NONE):
            return []
        if self._session is None:
            raise UnreadableLineError("comes before any session_meta")
        usage = _usage(totals, last, self._totals)
        self._totals = totals
        if usage == _NONE:
            return []
        return [self._record(self._session, entry, totals, usage)]

    def _record(self, session: _Session, entry: Json, totals: Usage, usage: Usage) -> LogRecord:
        key = ":".join(("codex", session.root, *map(str, totals)))
        occurred_at = instant(entry, "timestamp")
        agent = self._agent(session)
        tokens = _tokens(usage)
        reason = None
        if tokens.any_negative:
            reason = "the counts contradict each other: cached above input, or a negative count"
        elif self._model is None:
            reason = "no turn_context before it names a model"
        if reason is None and self._model is not None:
            return LoggedCall(
                key, occurred_at, agent, self._model, tokens, self._tier, provider=session.provider
            )
        understood = {
            "occurredAt": occurred_at.isoformat(),
            "model": self._model,
            "provider": session.provider or FORMAT.provider,
            **_as_counted(usage),
        }
        return LoggedDoubt(key, str(reason), understood_of(key, agent, FORMAT.name, understood))

    def _agent(self, session: _Session) -> LoggedAgent:
        is_main = session.parent is None
        return LoggedAgent(
            project=self._cwd or session.cwd or "codex",
            run_key=session.id if session.parent is None else session.parent,
            job_key=MAIN if is_main else session.id,
            agent_type=MAIN if is_main else session.agent_type,
            initiator=Initiator.CHAT_AGENT if is_main else Initiator.TASK_AGENT,
        )


def understood_of(
    event_key: str, agent: LoggedAgent, workflow: str, said: dict[str, Any]
) -> dict[str, Any]:
    """A doubtful call as a row in columns of ours."""
    row = {
        "eventKey": event_key,
        "project": agent.project,
        "surface": Surface.CLI,
        "run.key": agent.run_key,
        "run.workflow": workflow,
        "run.trigger": "cli",
        "run.status": RunStatus.SUCCEEDED,
        "job.key": agent.job_key,
        "job.agentType": agent.agent_type,
        "job.initiator": agent.initiator,
        "job.status": RunStatus.SUCCEEDED,
        **said,
    }
    return {name: value for name, value in row.items() if value is not None}


def _usage(totals: Usage, last: Usage, before: Usage | None) -> Usage:
    rise = tuple(now - then for now, then in zip(totals, before or _NONE, strict=True))
    if before is not None and min(rise) >= 0:
        return rise
    return last if last != _NONE else totals


def _tokens(usage: Usage) -> TokenCounts:
    """The disjoint classes; one of them is negative where counts contradict each other."""
    whole, read, written, output, reasoning = usage
    return TokenCounts(
        input=whole - read - written,
        cache_read=read,
        cache_write_5m=written,
        output=output - reasoning,
        reasoning=reasoning,
    )


def _as_counted(usage: Usage) -> dict[str, Any]:
    whole, read, written, output, reasoning = usage
    return {
        "inputTokens": whole,
        "cacheReadTokens": read,
        "cacheWrite5mTokens": written,
        "outputTokens": output,
        "reasoningTokens": reasoning,
        "inputIncludesCache": True,
        "outputIncludesReasoning": True,
        "cumulative": True,
    }


def _spawned(payload: Json) -> Json:
    """What is said of the session that started this one as its subagent."""
    source = inner(payload, "source")
    subagent = source.get("subagent", source.get("sub_agent"))
    return inner(subagent, "thread_spawn") if isinstance(subagent, dict) else {}


def _parent(payload: Json) -> str | None:
    given = payload.get("forked_from_id") or _spawned(payload).get("parent_thread_id")
    return given if is_text(given) else None


_READ_KINDS = (b"session_meta", b"turn_context", b"token_count", b"thread_settings_applied")
FORMAT = LogFormat(
    name="codex",
    provider="openai",
    trigger="cli",
    surface=Surface.CLI,
    suffixes=(".jsonl",),
    start=_Parser,
)
