"""Claude Code's session logs: what one line of them states. Pure; files and SQL are elsewhere.

A log has a line per content block of an answer, each with the call's counts so far, and repeats
lines when a session is resumed. The counts are snapshots taken while the answer was streamed, so
what is imported is an estimate. `input_tokens` leaves the cache out, `output_tokens` contains
thinking. The working directory is the project, the session the run, its main conversation the job
`main`; a subagent's id is its job's key. Lines that state no call (of the user, the system and
whatever newer versions write) are passed over. Refused, with a reason: lines that should state a
call and do not. Fees that are not per token, such as for web searches, are not in the logs' counts.
"""

from datetime import UTC, datetime
from typing import Any, TypeGuard

import orjson

from models.event import KEY_LENGTH, Initiator, Surface
from models.token import MAX_COUNT, TokenCounts
from models.usage_log import (
    LogFormat,
    LoggedAgent,
    LoggedCall,
    LogRecord,
    SpawnedJob,
    SpawnedType,
    UnreadableLineError,
)

MAIN = "main"
SUBAGENT = "subagent"
SIDECHAIN = "sidechain"
"""The job of a subagent in logs too old to tell one subagent from another."""
SYNTHETIC_MODEL = "<synthetic>"
"""The model of messages that the tool wrote itself, mostly in place of an answer that failed."""

Json = dict[str, Any]
_YEARS = range(1970, 9001)


def parse(line: bytes) -> list[LogRecord]:
    """The calls that a line states, and what it tells of the subagents that were started."""
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UnreadableLineError(f"is not JSON: {error.msg}") from error
    if not isinstance(entry, dict):
        raise UnreadableLineError("is not a JSON object")
    kind = _text(entry, "type")
    if kind == "assistant":
        return _assistant(entry, entry, _job_key(entry))
    if kind == "progress":
        return _progress(entry)
    if kind == "user":
        return _spawned_jobs(entry)
    return []


def _job_key(entry: Json) -> str:
    if not entry.get("isSidechain"):
        return MAIN
    return _text(entry, "agentId") if entry.get("agentId") else SIDECHAIN


def _progress(entry: Json) -> list[LogRecord]:
    """A subagent's line, wrapped into one of the session that started it."""
    data = entry.get("data")
    if not isinstance(data, dict) or data.get("type") != "agent_progress":
        return []
    nested = data.get("message")
    if not isinstance(nested, dict):
        raise UnreadableLineError("data.message is missing")
    if nested.get("type") != "assistant":
        return []
    job_key = _text(data, "agentId", "data.")
    records = _assistant(entry, nested, job_key)
    spawn_key = entry.get("parentToolUseID")
    if _is_text(spawn_key):
        records.append(SpawnedJob(_text(entry, "sessionId"), job_key, spawn_key))
    return records


def _assistant(entry: Json, said: Json, job_key: str) -> list[LogRecord]:
    """`entry` tells whose line it is, `said` what the model answered; often they are the same."""
    message = said.get("message")
    if not isinstance(message, dict):
        raise UnreadableLineError("message is missing")
    model = _text(message, "model", "message.")
    request_id = _text(said, "requestId") if said.get("requestId") is not None else ""
    usage = message.get("usage")
    if not isinstance(usage, dict):
        raise UnreadableLineError("message.usage is missing")
    is_main = job_key == MAIN
    agent = LoggedAgent(
        project=_text(entry, "cwd"),
        run_key=_text(entry, "sessionId"),
        job_key=job_key,
        agent_type=MAIN if is_main else SUBAGENT,
        initiator=Initiator.CHAT_AGENT if is_main else Initiator.TASK_AGENT,
    )
    call = LoggedCall(
        event_key=f"claude-code:{_text(message, 'id', 'message.')}:{request_id}",
        occurred_at=_instant(said),
        agent=agent,
        model=model,
        tokens=_tokens(usage),
        service_tier=_service_tier(usage),
        is_failed=said.get("isApiErrorMessage") is True or model == SYNTHETIC_MODEL,
    )
    return [call, *_spawned_types(message)]


def _tokens(usage: Json) -> TokenCounts:
    written = _count(usage, "cache_creation_input_tokens", required=False)
    by_life = usage.get("cache_creation")
    if by_life is None:
        # Before writes were told apart by life, all lived five minutes.
        short, long = written, 0
    elif isinstance(by_life, dict):
        short = _count(by_life, "ephemeral_5m_input_tokens", required=False)
        long = _count(by_life, "ephemeral_1h_input_tokens", required=False)
        short += max(written - short - long, 0)
    else:
        raise UnreadableLineError("message.usage.cache_creation is not an object")
    return TokenCounts(
        input=_count(usage, "input_tokens"),
        cache_read=_count(usage, "cache_read_input_tokens", required=False),
        cache_write_5m=short,
        cache_write_1h=long,
        output=_count(usage, "output_tokens"),
    )


def _service_tier(usage: Json) -> str:
    """`fast`, `batch`, `priority`; empty for the standard one."""
    for name in ("speed", "service_tier"):
        tier = usage.get(name)
        if tier is not None and tier != "standard":
            return _text(usage, name, "message.usage.")
    return ""


def _spawned_types(message: Json) -> list[LogRecord]:
    """What kind of subagent each spawning tool call of an answer asks for."""
    found: list[LogRecord] = []
    for block in _blocks(message, "tool_use"):
        asked = block.get("input")
        agent_type = asked.get("subagent_type") if isinstance(asked, dict) else None
        # A kind that is no name would not be taken by the ledger, and the call with it.
        if _is_text(agent_type) and len(agent_type) <= KEY_LENGTH and _is_text(block.get("id")):
            found.append(SpawnedType(block["id"], agent_type))
    return found


def _spawned_jobs(entry: Json) -> list[LogRecord]:
    """A tool's result names the subagent whose work it was; its own log file does not say more."""
    result, message = entry.get("toolUseResult"), entry.get("message")
    if not isinstance(result, dict) or not isinstance(message, dict):
        return []
    job_key, run_key = result.get("agentId"), entry.get("sessionId")
    if not (_is_text(job_key) and _is_text(run_key)):
        return []
    return [
        SpawnedJob(run_key, job_key, block["tool_use_id"])
        for block in _blocks(message, "tool_result")
        if _is_text(block.get("tool_use_id"))
    ]


def _blocks(message: Json, kind: str) -> list[Json]:
    content = message.get("content")
    if not isinstance(content, list):
        return []
    return [block for block in content if isinstance(block, dict) and block.get("type") == kind]


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value.strip() != "" and "\0" not in value


def _text(source: Json, name: str, path: str = "") -> str:
    value = source.get(name)
    if value is None:
        raise UnreadableLineError(f"{path}{name} is missing")
    if not _is_text(value):
        raise UnreadableLineError(f"{path}{name} is empty or not a text")
    return value


def _count(source: Json, name: str, *, required: bool = True) -> int:
    value = source.get(name)
    if value is None and not required:
        return 0
    # A JSON boolean is an int in Python; a number too long for 64 bits is parsed as a float.
    if type(value) is not int or not 0 <= value <= MAX_COUNT:
        state = "is missing" if value is None else f"is not a whole number from 0 to {MAX_COUNT}"
        raise UnreadableLineError(f"message.usage: {name} {state}")
    return value


def _instant(said: Json) -> datetime:
    text = _text(said, "timestamp")
    try:
        instant = datetime.fromisoformat(text)
        utc = instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableLineError("timestamp is not an instant of ISO 8601") from error
    if instant.tzinfo is None:
        raise UnreadableLineError("timestamp bears no zone")
    # The ledger would refuse it, and with it the whole session that it began or ended.
    if utc.year not in _YEARS:
        raise UnreadableLineError(f"timestamp is of the year {utc.year}")
    return utc


FORMAT = LogFormat(
    name="claude-code",
    provider="anthropic",
    trigger="cli",
    surface=Surface.CLI,
    suffixes=(".jsonl",),
    start=lambda: parse,
)
