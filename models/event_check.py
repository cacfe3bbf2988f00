"""What makes an event unfit for the ledger, said by field, in the words of `UsageEventInput`.

Doors check what is theirs (rights, how far back an instant may lie) and put the event's place in
front of the path. Refused here: looking anything up.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from models.errors import UserError, UserErrors
from models.event import KEY_LENGTH, UsageEvent
from models.token import TokenCounts

MAX_DURATION_MS = 2**31 - 1
_MAX_COST = Decimal(10) ** 12
_DECIMALS = 12
_SHOWN = 40


def check(event: UsageEvent) -> tuple[TokenCounts | None, list[UserError]]:
    """The event's disjoint token counts, or what to put right."""
    errors = [*_texts(event), *_numbers(event), *_times(event)]
    if event.job is not None and event.run is None:
        errors.append(UserError("REQUIRED", "run is required where job is given", ("run",)))
    counts = None
    try:
        counts = event.tokens.normalise()
    except UserErrors as refused:
        errors.extend(refused.errors)
    return (None, errors) if errors else (counts, errors)


def _texts(event: UsageEvent) -> Iterator[UserError]:
    run, job = event.run, event.job
    needed: dict[tuple[str, ...], str] = {("eventKey",): event.event_key, ("model",): event.model}
    optional: dict[tuple[str, ...], str | None] = {
        ("provider",): event.provider,
        ("serviceTier",): event.service_tier,
        ("stream", "callKey"): event.call_key,
    }
    if run is not None:
        needed["run", "key"] = run.key
        optional["run", "parentKey"] = run.parent_key
        optional["run", "workflow"] = run.workflow
        optional["run", "trigger"] = run.trigger
        if run.parent_key is not None and run.parent_key == run.key:
            yield UserError(
                "INVALID", f"run {_shown(run.key)} cannot be its own parent", ("run", "parentKey")
            )
    if job is not None:
        needed["job", "key"] = job.key
        needed["job", "agentType"] = job.agent_type
    for path, text in [*needed.items(), *optional.items()]:
        if text is None:
            continue
        if not text.strip() and path in needed:
            yield UserError("REQUIRED", f"{path[-1]} is empty; expected a name", path)
        elif len(text) > KEY_LENGTH:
            yield UserError(
                "OUT_OF_RANGE",
                f"{path[-1]} has {len(text)} characters; expected at most {KEY_LENGTH}",
                path,
            )
        elif not is_storable(text):
            yield UserError(
                "INVALID",
                f"{path[-1]} {_shown(text)} holds a NUL or half a surrogate pair; expected text",
                path,
            )


def _numbers(event: UsageEvent) -> Iterator[UserError]:
    duration_ms, cost = event.duration_ms, event.source_cost
    if duration_ms is not None and not 0 <= duration_ms <= MAX_DURATION_MS:
        yield UserError(
            "OUT_OF_RANGE",
            f"durationMs is {duration_ms}; expected 0 to {MAX_DURATION_MS}",
            ("durationMs",),
        )
    if cost is None:
        return
    if not cost.is_finite() or abs(cost) >= _MAX_COST:
        yield UserError(
            "OUT_OF_RANGE",
            f"sourceCost is {cost}; expected dollars below 10^12",
            ("sourceCost",),
        )
    elif cost.normalize().as_tuple().exponent < -_DECIMALS:  # type: ignore[operator]
        yield UserError(
            "TOO_PRECISE",
            f"sourceCost is {cost}; expected at most {_DECIMALS} decimals",
            ("sourceCost",),
        )


def _times(event: UsageEvent) -> Iterator[UserError]:
    times: dict[tuple[str, ...], datetime | None] = {("occurredAt",): event.occurred_at}
    for name, ref in (("run", event.run), ("job", event.job)):
        if ref is None:
            continue
        times[name, "startedAt"] = ref.started_at
        times[name, "finishedAt"] = ref.finished_at
        if ref.started_at and ref.finished_at and ref.finished_at < ref.started_at:
            yield UserError(
                "OUT_OF_RANGE",
                f"{name} finished at {ref.finished_at.isoformat()}, before it started",
                (name, "finishedAt"),
            )
    for path, moment in times.items():
        if moment is None:
            continue
        if moment.tzinfo is None:
            yield UserError("INVALID", f"{path[-1]} {moment} has no time zone", path)
        elif not 1970 <= moment.year <= 9000:
            yield UserError(
                "OUT_OF_RANGE",
                f"{path[-1]} is {moment.isoformat()}; expected a year from 1970 to 9000",
                path,
            )


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can keep the text as it is."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _shown(text: str) -> str:
    return ascii(text[:_SHOWN])
