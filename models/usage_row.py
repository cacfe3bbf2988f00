"""A row of usage in columns of our own: their names, what they take, and the event that a row is.

The names are those of an event of `POST /v1/usage`, with dots for what is nested (`run.key`), and
`project` for a project's name. A row is a flat mapping from names to texts, numbers and truth
values; what is empty is not stated. Refused: rows whose values cannot be read, each with its
reason. Whether values make sense together is the ledger's to say (`event_check`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from models.event import (
    UNATTRIBUTED,
    CallOutcome,
    Initiator,
    JobRef,
    Operation,
    RunRef,
    RunStatus,
    Surface,
    UsageEvent,
)
from models.ids import API_KEY, NIL, PROJECT, USER, decode
from models.token import ReportedTokens
from models.usage_value import RowError, cost, count, flag, instant, shown, text

Row = Mapping[str, Any]
Choice = TypeVar("Choice", bound=StrEnum)
Read = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class RowEvent:
    """The event that a row states, its project by name or by id."""

    project: str | UUID
    event: UsageEvent


def _one_of(choices: type[Choice]) -> Read:
    def read(value: Any) -> Choice:
        try:
            return choices(text(value).upper())
        except (ValueError, RowError) as error:
            listed = ", ".join(choices)
            raise RowError(f"is {shown(value)}; one of {listed} is expected") from error

    return read


def _id(kind: str) -> Read:
    def read(value: Any) -> UUID:
        try:
            parsed = decode(text(value))
        except ValueError as error:
            raise RowError(f"is {shown(value)}; an id ({kind}_...) is expected") from error
        if parsed.kind != kind:
            raise RowError(f"is {shown(value)}; an id ({kind}_...) is expected")
        return parsed.id

    return read


COLUMNS: Mapping[str, Read] = {
    "eventKey": text,
    "occurredAt": instant,
    "project": text,
    "projectId": _id(PROJECT),
    "provider": text,
    "model": text,
    "operation": _one_of(Operation),
    "outcome": _one_of(CallOutcome),
    "surface": _one_of(Surface),
    "serviceTier": text,
    "apiKeyId": _id(API_KEY),
    "userId": _id(USER),
    "inputTokens": count,
    "outputTokens": count,
    "cacheReadTokens": count,
    "cacheWrite5mTokens": count,
    "cacheWrite1hTokens": count,
    "reasoningTokens": count,
    "inputIncludesCache": flag,
    "outputIncludesReasoning": flag,
    "durationMs": count,
    "sourceCost": cost,
    "run.key": text,
    "run.parentKey": text,
    "run.workflow": text,
    "run.trigger": text,
    "run.status": _one_of(RunStatus),
    "run.startedAt": instant,
    "run.finishedAt": instant,
    "job.key": text,
    "job.agentType": text,
    "job.initiator": _one_of(Initiator),
    "job.status": _one_of(RunStatus),
    "job.startedAt": instant,
    "job.finishedAt": instant,
    "stream.callKey": text,
    "stream.final": flag,
    "cumulative": flag,
}
"""Every column, in the order of the documentation."""
CACHE_COUNTS = ("cacheReadTokens", "cacheWrite5mTokens", "cacheWrite1hTokens")
INSTANTS = frozenset(name for name, read in COLUMNS.items() if read is instant)


def stated(row: Row) -> dict[str, Any]:
    """The row without what is empty."""
    return {
        name: value
        for name, value in row.items()
        if value is not None and not (isinstance(value, str) and (not value or value.isspace()))
    }


def flatten(nested: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """An object's values by dotted names."""
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def read_event(row: Row) -> RowEvent:
    """The event that a row states; raises RowError with everything that is to be put right.

    Of a run or job without a status the row is taken to be all that is left: it ended, well.
    """
    values, problems = _values(stated(row))
    missing = [name for name in ("eventKey", "occurredAt", "model") if name not in values]
    # What could not be read is told already.
    told = {problem.partition(" ")[0] for problem in problems}
    problems.extend(f"{name} is missing" for name in missing if name not in told)
    project = values.get("projectId") or values.get("project")
    if project is None and "projectId" not in told:
        problems.append("project is missing")
    if project is None or problems:
        raise RowError("; ".join(problems), row)
    return RowEvent(project, _event(values))


def _values(row: Row) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems = []
    for name, value in row.items():
        read = COLUMNS.get(name)
        if read is None:
            problems.append(f"{shown(name)} is no column of an event")
            continue
        try:
            values[name] = read(value)
        except RowError as error:
            problems.append(f"{name} {error}")
    return values, problems


def _event(values: Mapping[str, Any]) -> UsageEvent:
    run = _run(values)
    return UsageEvent(
        event_key=values["eventKey"],
        project_id=NIL,
        model=values["model"],
        tokens=_tokens(values),
        occurred_at=values["occurredAt"],
        provider=values.get("provider"),
        operation=values.get("operation", Operation.COMPLETION),
        outcome=values.get("outcome", CallOutcome.SUCCEEDED),
        surface=values.get("surface"),
        service_tier=values.get("serviceTier", ""),
        run=run,
        job=_job(values),
        api_key_id=values.get("apiKeyId"),
        user_id=values.get("userId"),
        duration_ms=values.get("durationMs"),
        source_cost=values.get("sourceCost"),
        call_key=values.get("stream.callKey"),
        is_cumulative=values.get("cumulative", False),
    )


def _tokens(values: Mapping[str, Any]) -> ReportedTokens:
    return ReportedTokens(
        input_tokens=values.get("inputTokens", 0),
        output_tokens=values.get("outputTokens", 0),
        cache_read_tokens=values.get("cacheReadTokens"),
        cache_write_5m_tokens=values.get("cacheWrite5mTokens"),
        cache_write_1h_tokens=values.get("cacheWrite1hTokens"),
        reasoning_tokens=values.get("reasoningTokens"),
        input_includes_cache=values.get("inputIncludesCache"),
        output_includes_reasoning=values.get("outputIncludesReasoning"),
    )


def _run(values: Mapping[str, Any]) -> RunRef | None:
    if "run.key" not in values:
        return None
    return RunRef(
        values["run.key"],
        parent_key=values.get("run.parentKey"),
        workflow=values.get("run.workflow"),
        trigger=values.get("run.trigger"),
        status=values.get("run.status", RunStatus.SUCCEEDED),
        started_at=values.get("run.startedAt"),
        finished_at=values.get("run.finishedAt"),
    )


def _job(values: Mapping[str, Any]) -> JobRef | None:
    """A job without a key of its own is the only one of its agent type in the run."""
    agent_type = values.get("job.agentType", UNATTRIBUTED)
    key = values.get("job.key") or values.get("job.agentType")
    if key is None:
        return None
    return JobRef(
        key,
        agent_type,
        initiator=values.get("job.initiator"),
        status=values.get("job.status", RunStatus.SUCCEEDED),
        started_at=values.get("job.startedAt"),
        finished_at=values.get("job.finishedAt"),
    )


def write_event(event: UsageEvent, project: str) -> dict[str, Any]:
    """The row of an event: what `read_event` reads it from again."""
    tokens, run, job = event.tokens, event.run, event.job
    row: dict[str, Any] = {
        "eventKey": event.event_key,
        "occurredAt": event.occurred_at,
        "project": project,
        "provider": event.provider,
        "model": event.model,
        "operation": event.operation,
        "outcome": event.outcome,
        "surface": event.surface,
        "serviceTier": event.service_tier,
        "inputTokens": tokens.input_tokens,
        "outputTokens": tokens.output_tokens,
        "cacheReadTokens": tokens.cache_read_tokens,
        "cacheWrite5mTokens": tokens.cache_write_5m_tokens,
        "cacheWrite1hTokens": tokens.cache_write_1h_tokens,
        "reasoningTokens": tokens.reasoning_tokens,
        "inputIncludesCache": tokens.input_includes_cache,
        "outputIncludesReasoning": tokens.output_includes_reasoning,
        "durationMs": event.duration_ms,
        "sourceCost": str(event.source_cost) if event.source_cost is not None else None,
        "cumulative": event.is_cumulative or None,
    }
    if run is not None:
        row |= {
            "run.key": run.key,
            "run.parentKey": run.parent_key,
            "run.workflow": run.workflow,
            "run.trigger": run.trigger,
            "run.status": run.status,
            "run.startedAt": run.started_at,
            "run.finishedAt": run.finished_at,
        }
    if job is not None:
        row |= {
            "job.key": job.key,
            "job.agentType": job.agent_type,
            "job.initiator": job.initiator,
            "job.status": job.status,
            "job.startedAt": job.started_at,
            "job.finishedAt": job.finished_at,
        }
    for name in INSTANTS:
        if row.get(name) is not None:
            row[name] = row[name].isoformat()
    return stated(row)
