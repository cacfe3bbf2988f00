"""From a span to the ledger's event: what the call was, when, and whose.

The conversation, else the trace, is the run; the agent named by the span or by the nearest one
above it is the job. Both end with the last span that is known of them: spans are told when they are
over, and nothing tells that no more will come. Refused: times to come.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from models import ids
from models.access import Scope
from models.event import KEY_LENGTH, CallOutcome, JobRef, RunRef, RunStatus, Surface, UsageEvent
from models.event_check import MAX_DURATION_MS
from models.otel_attribute import (
    AGENT_ID,
    AGENT_NAME,
    API_KEY_ID,
    CONVERSATION,
    SURFACE,
    USER_ID,
    WORKFLOW,
)
from models.otel_span import Span, SpanError, first_text
from models.otel_tree import Tree, is_around
from models.otel_usage import SpanUsage, read_usage

FURTHEST_AHEAD = timedelta(minutes=5)
_SPAN_KEY = "otel-span:"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = timedelta(days=7000 * 365)


def usage_event(
    span: Span, tree: Tree, scope: Scope, project_id: UUID, now: datetime
) -> UsageEvent:
    """The event of a span that states tokens; raises SpanError for one that makes no sense."""
    usage = read_usage(span)
    started, ended = _instant(span.start_nanos), _instant(span.end_nanos)
    at = started or ended
    if at is not None and at > now + FURTHEST_AHEAD:
        raise SpanError(f"the span begins at {at.isoformat()}, which is still to come")
    lineage = list(tree.lineage(span))
    run = _run(span, lineage, at, ended)
    return UsageEvent(
        event_key=event_key(span, usage),
        project_id=project_id,
        model=usage.model,
        tokens=usage.tokens,
        occurred_at=at,
        provider=usage.provider,
        operation=usage.operation,
        outcome=CallOutcome.FAILED if span.is_error else CallOutcome.SUCCEEDED,
        surface=_surface(span),
        service_tier=usage.service_tier,
        run=run,
        job=_job(span, lineage, at, ended) if run is not None else None,
        api_key_id=_id(span, API_KEY_ID, ids.API_KEY, scope) or scope.api_key_id,
        user_id=_id(span, USER_ID, ids.USER, scope),
        duration_ms=_duration_ms(span),
        source_cost=usage.source_cost,
    )


def event_key(span: Span, usage: SpanUsage) -> str:
    """What counts once: the provider's answer by its id, else the span.

    Ids of answers are unique at their provider only, so that it is part of the key.
    """
    if usage.response_id is None:
        if not span.has_identity:
            raise SpanError("the span has neither valid ids nor gen_ai.response.id")
        return f"{_SPAN_KEY}{span.trace_id}:{span.span_id}"
    key = f"otel:{usage.provider or ''}:{usage.response_id}"
    if len(key) <= KEY_LENGTH:
        return key
    return f"otel:sha256:{sha256(key.encode()).hexdigest()}"


def names_span(key: str) -> bool:
    """Whether an event key names a span, and not a provider's answer."""
    return key.startswith(_SPAN_KEY)


def _run(
    span: Span, lineage: Iterable[Span], at: datetime | None, ended: datetime | None
) -> RunRef | None:
    key = _nearest(lineage, CONVERSATION) or (span.trace_id if span.has_identity else None)
    if key is None:
        return None
    return RunRef(
        key,
        workflow=_nearest(lineage, WORKFLOW),
        status=RunStatus.SUCCEEDED,
        started_at=at,
        finished_at=_end(at, ended),
    )


def _job(
    span: Span, lineage: Iterable[Span], at: datetime | None, ended: datetime | None
) -> JobRef | None:
    agent = next((each for each in lineage if first_text(each.attributes, AGENT_NAME)), None)
    if agent is None:
        return None
    name = first_text(agent.attributes, AGENT_NAME) or ""
    status, started_at, finished_at = RunStatus.SUCCEEDED, at, _end(at, ended)
    if is_around(agent):
        # The agent's own span: it says how and when the whole of the job ended.
        status = RunStatus.FAILED if agent.is_error else RunStatus.SUCCEEDED
        started_at = _instant(agent.start_nanos) or at
        finished_at = _end(started_at, _instant(agent.end_nanos)) or finished_at
    return JobRef(
        f"{span.trace_id}:{first_text(agent.attributes, AGENT_ID) or name}",
        name,
        status=status,
        started_at=started_at,
        finished_at=finished_at,
    )


def _nearest(lineage: Iterable[Span], names: tuple[str, ...]) -> str | None:
    return next((text for span in lineage if (text := first_text(span.attributes, names))), None)


def _surface(span: Span) -> Surface:
    told = span.told(SURFACE)
    if told is None:
        return Surface.API
    try:
        return Surface(str(told).strip().upper())
    except ValueError:
        expected = ", ".join(Surface)
        raise SpanError(f"{SURFACE} is {ascii(told)[:40]}; {expected} are expected") from None


def _id(span: Span, name: str, kind: str, scope: Scope) -> UUID | None:
    """A thing of the organization by its public id; the ledger knows whether it is there.

    People belong to no organization of themselves, so that their ids name none.
    """
    told = span.told(name)
    if told is None:
        return None
    try:
        parsed = ids.decode(str(told).strip())
    except ValueError:
        return ids.NIL
    owner = ids.NIL if kind == ids.USER else scope.organization_id
    is_ours = parsed.kind == kind and parsed.organization_id == owner
    return parsed.id if is_ours and not parsed.rest else ids.NIL


def _instant(nanos: int) -> datetime | None:
    """Nanoseconds since 1970, cut to microseconds; None for 0, which stands for "not told"."""
    if nanos <= 0:
        return None
    since = timedelta(microseconds=nanos // 1000)
    return _EPOCH + since if since < _LAST else None


def _end(started: datetime | None, ended: datetime | None) -> datetime | None:
    """An end not before its start: clocks go wrong, and the money was spent all the same."""
    if started is None or ended is None:
        return ended or started
    return max(started, ended)


def _duration_ms(span: Span) -> int | None:
    """Rounded; None where the clocks say nothing that can be true of a call."""
    if span.start_nanos <= 0 or span.end_nanos < span.start_nanos:
        return None
    duration_ms = (span.end_nanos - span.start_nanos + 500_000) // 1_000_000
    return duration_ms if duration_ms <= MAX_DURATION_MS else None
