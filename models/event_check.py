"""What makes an event unfit for the ledger, said by field, in the words of `UsageEventInput`.

Doors check what is theirs (rights, how far back an instant may lie) and put the event's place in
front of the path. Refused here: looking anything up.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from models.errors import UserError, UserErrors
from models.event import KEY_LENGTH, STREAM, JobRef, RunRef, UsageEvent
from models.token import TokenCounts

MAX_DURATION_MS = 2**31 - 1
_MAX_COST = Decimal(10) ** 12
_DECIMALS = 12
_SHOWN = 40
_SURROGATE = re.compile("[\ud800-\udfff]")


def check(event: UsageEvent) -> tuple[TokenCounts | None, list[UserError]]:
    """The event's disjoint token counts, or what to put right."""
    errors = [*_unsound_texts(event)]
    duration_ms, run, job = event.duration_ms, event.run, event.job
    if event.source_cost is not None or not 0 <= (duration_ms or 0) <= MAX_DURATION_MS:
        errors += _numbers(event)
    if not _is_plain_time(event.occurred_at) or _has_span(run) or _has_span(job):
        errors += _times(event)
    if job is not None and run is None:
        errors.append(UserError("REQUIRED", "run is required where job is given", ("run",)))
    counts = None
    try:
        counts = event.tokens.normalise()
    except UserErrors as refused:
        errors.extend(refused.errors)
    return (None, errors) if errors else (counts, errors)


def check_activity(run: RunRef, jobs: Sequence[JobRef]) -> list[UserError]:
    """What to put right about a run and its jobs, in the words of `RecordRunInput`."""
    errors = [*_run_texts(run), *_span(run, "run")]
    for place, job in enumerate(jobs):
        errors += [*_job_texts(job, "jobs", str(place)), *_span(job, "jobs", str(place))]
    return errors


def _unsound_texts(event: UsageEvent) -> Iterator[UserError]:
    """What `_texts` says; nearly always nothing, which is found out at a tenth of the cost."""
    run, job = event.run, event.job
    texts = [event.event_key, event.model]
    if event.call_key is not None:
        texts.append(event.call_key)
    if run is not None:
        if run.parent_key is not None:
            return _texts(event)
        texts.append(run.key)
        if run.workflow:
            texts.append(run.workflow)
        if run.trigger:
            texts.append(run.trigger)
    if job is not None:
        texts += (job.key, job.agent_type)
    if event.provider:
        texts.append(event.provider)
    if event.service_tier:
        texts.append(event.service_tier)
    return iter(()) if _are_plain(texts) else _texts(event)


def _are_plain(texts: Sequence[str]) -> bool:
    """Whether no rule of any field can object: printable ASCII, neither blank nor too long."""
    together = "".join(texts)
    return (
        together.isascii()
        and together.isprintable()
        and (len(together) <= KEY_LENGTH or max(map(len, texts)) <= KEY_LENGTH)
        and all(map(str.strip, texts))
    )


def _texts(event: UsageEvent) -> Iterator[UserError]:
    yield from _text(event.event_key, "eventKey")
    if event.event_key.startswith(STREAM):
        yield UserError("INVALID", "eventKey begins with U+001F; expected a name", ("eventKey",))
    yield from _text(event.model, "model")
    if event.provider is not None:
        yield from _text(event.provider, "provider", is_needed=False)
    if event.service_tier:
        yield from _text(event.service_tier, "serviceTier", is_needed=False)
    if event.call_key is not None:
        yield from _text(event.call_key, "stream", "callKey")
    if event.run is not None:
        yield from _run_texts(event.run)
    if event.job is not None:
        yield from _job_texts(event.job, "job")


def _job_texts(job: JobRef, *path: str) -> Iterator[UserError]:
    yield from _text(job.key, *path, "key")
    yield from _text(job.agent_type, *path, "agentType")


def _run_texts(run: RunRef) -> Iterator[UserError]:
    yield from _text(run.key, "run", "key")
    for name, text in (("workflow", run.workflow), ("trigger", run.trigger)):
        if text is not None:
            yield from _text(text, "run", name, is_needed=False)
    if run.parent_key is not None:
        yield from _text(run.parent_key, "run", "parentKey")
        if run.parent_key == run.key:
            yield UserError(
                "INVALID", f"run {_shown(run.key)} cannot be its own parent", ("run", "parentKey")
            )


def _text(text: str, *path: str, is_needed: bool = True) -> Iterator[UserError]:
    if len(text) > KEY_LENGTH:
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
    elif is_needed and (not text or text.isspace()):
        yield UserError("REQUIRED", f"{path[-1]} is empty; expected a name", path)


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


def _is_plain_time(moment: datetime | None) -> bool:
    """Whether `_time` has nothing to say."""
    return moment is None or (moment.tzinfo is not None and 1970 <= moment.year <= 9000)


def _times(event: UsageEvent) -> Iterator[UserError]:
    if event.occurred_at is not None:
        yield from _time(event.occurred_at, "occurredAt")
    if event.run is not None and _has_span(event.run):
        yield from _span(event.run, "run")
    if event.job is not None and _has_span(event.job):
        yield from _span(event.job, "job")


def _has_span(ref: RunRef | JobRef | None) -> bool:
    return ref is not None and (ref.started_at is not None or ref.finished_at is not None)


def _span(ref: RunRef | JobRef, *path: str) -> Iterator[UserError]:
    started, finished = ref.started_at, ref.finished_at
    errors = [*_time(started, *path, "startedAt"), *_time(finished, *path, "finishedAt")]
    yield from errors
    if not errors and started and finished and finished < started:
        yield UserError(
            "OUT_OF_RANGE",
            f"{path[0]} finished at {finished.isoformat()}, before it started",
            (*path, "finishedAt"),
        )


def _time(moment: datetime | None, *path: str) -> Iterator[UserError]:
    if moment is None:
        return
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
    if "\x00" in text:
        return False
    return text.isascii() or not _SURROGATE.search(text)


def _shown(text: str) -> str:
    return ascii(text[:_SHOWN])
