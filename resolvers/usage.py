"""Recording usage and runs: from what a caller says to the ledger's events, and the answers.

`record_events` is shared by GraphQL and `POST /v1/usage`. Each event is answered by itself: one
that the caller may not write, or that makes no sense, harms no other. Refused: knowing how it was
sent, and deciding what an event costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

import strawberry
from strawberry import argument, field

from models import event, pipeline
from models.access import Role, Scope, locate_project
from models.errors import DomainError, ForbiddenError, NotFoundError
from models.errors import UserError as UserErrorRow
from models.event import JobRef, RunRef, UsageEvent, UsageOutcome
from models.event_check import check_activity
from models.ids import encode
from models.token import ReportedTokens
from resolvers import node
from resolvers.context import Context, Info
from resolvers.field import given
from resolvers.node import parse_id
from resolvers.run import PipelineRun
from resolvers.usage_input import RecordRunInput, RecordUsageInput
from resolvers.user_error import UserError

MOST_EVENTS = 1000
MOST_JOBS = 100
OLDEST = timedelta(days=400)
FURTHEST_AHEAD = timedelta(minutes=5)
Domain = TypeVar("Domain", bound=Enum)


class SaidTokens(Protocol):
    """The counts of an event in the words of the public schema."""

    input_tokens: Any
    output_tokens: Any
    cache_read_tokens: Any
    cache_write_5m_tokens: Any
    cache_write_1h_tokens: Any
    reasoning_tokens: Any
    input_includes_cache: bool | None
    output_includes_reasoning: bool | None


class SaidUsage(SaidTokens, Protocol):
    """One event in the words of `UsageEventInput`, whatever door it came through."""

    event_key: str
    project_id: Any
    occurred_at: datetime | None
    run: Any
    job: Any
    provider: str | None
    model: str
    operation: Any
    outcome: Any
    surface: Any
    service_tier: str | None
    api_key_id: Any
    user_id: Any
    duration_ms: int | None
    source_cost: Decimal | None
    stream: Any


@strawberry.enum(description="What became of an event.")
class UsageStatus(Enum):
    RECORDED = strawberry.enum_value("RECORDED", description="Written now.")
    DUPLICATE = strawberry.enum_value(
        "DUPLICATE",
        description="Written before, with the same content: success.",
    )
    CONFLICT = strawberry.enum_value(
        "CONFLICT",
        description="Written before with other content; nothing was changed.",
    )
    REJECTED = strawberry.enum_value("REJECTED", description="Not written; see `userErrors`.")


@strawberry.type(description="What became of one event.")
class UsageResult:
    event_key: str = field(description="The event as named.")
    status: UsageStatus = field(description="What became of it.")
    is_unpriced: bool = field(description="Whether it is in the ledger without a price.")
    transaction_id: strawberry.ID | None = field(
        description="Its entry; null when rejected, and when a streamed report added nothing.",
    )
    cost: Decimal | None = field(
        description="Dollars of that entry; null when unpriced or rejected.",
    )
    user_errors: list[UserError] = field(
        description="What to put right; `field` begins with `events` and the position.",
    )


@strawberry.type(description="Answer to `recordUsage`.")
class RecordUsagePayload:
    results: list[UsageResult] = field(
        description=(
            "One for each event, in the order given; empty when the call as a whole was refused."
        ),
    )
    user_errors: list[UserError] = field(description="What to put right in the call as a whole.")


@strawberry.type(description="Answer to `recordRun`.")
class RecordRunPayload:
    run: PipelineRun | None = field(description="The run as it is now; null when refused.")
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class Result:
    """What one `UsageResult` is read from."""

    event_key: str
    status: str
    is_unpriced: bool = False
    transaction_id: str | None = None
    cost: Decimal | None = None
    user_errors: Sequence[UserErrorRow] = ()


@dataclass(frozen=True, slots=True)
class _Payload:
    results: Sequence[Result]
    user_errors: Sequence[UserErrorRow]


@dataclass(frozen=True, slots=True)
class _RunPayload:
    run: pipeline.PipelineRun | None
    user_errors: Sequence[UserErrorRow]


class UnfitError(Exception):
    """Carries what to put right out of a comprehension."""

    def __init__(self, error: UserErrorRow) -> None:
        super().__init__(error.message)
        self.error = error


async def record_events(
    context: Context, said: Sequence[SaidUsage], *, places: Sequence[int] | None = None
) -> list[Result]:
    """Records events and answers each, in order.

    `places` are their positions in the call, which errors name; 0, 1, ... when None.
    """
    results: dict[int, Result] = {}
    fit: dict[int, UsageEvent] = {}
    for place, each in zip(places or range(len(said)), said, strict=True):
        try:
            fit[place] = _event(context, each)
        except UnfitError as unfit:
            results[place] = rejected(each.event_key, place, [unfit.error])
    if fit:
        organization_id = context.scope.organization_id
        outcomes = await context.writer.record(organization_id, list(fit.values()))
        for place, outcome in zip(fit, outcomes, strict=True):
            results[place] = result_of(context.scope, outcome, ("events", str(place)))
        context.loaders.forget()
    return [results[place] for place in sorted(results)]


def refused_count(count: int) -> UserErrorRow | None:
    """What is wrong with the size of a call, if anything."""
    if 1 <= count <= MOST_EVENTS:
        return None
    message = f"events has {count} entries; 1 to {MOST_EVENTS} are expected."
    return UserErrorRow("OUT_OF_RANGE", message, ("events",))


async def record_usage(
    info: Info, input: Annotated[RecordUsageInput, argument(description="What to do.")]
) -> _Payload:
    """Records up to 1,000 events, each by itself."""
    refusal = refused_count(len(input.events))
    if refusal is not None:
        return _Payload((), [refusal])
    return _Payload(await record_events(info.context, input.events), ())


async def record_run(
    info: Info, input: Annotated[RecordRunInput, argument(description="What to do.")]
) -> _RunPayload:
    """Creates or updates a run and its jobs without usage."""
    context = info.context
    project_id = parse_id(context.scope, node.PROJECT, input.project_id)
    async with context.database.connection() as connection:
        await locate_project(connection, context.scope, project_id, Role.MEMBER)
    run, jobs = _run(input.run), [_job(job) for job in input.jobs]
    errors = check_activity(run, jobs)
    if len(jobs) > MOST_JOBS:
        message = f"jobs has {len(jobs)} entries; at most {MOST_JOBS} are expected."
        errors = [UserErrorRow("OUT_OF_RANGE", message, ("jobs",))]
    if errors:
        return _RunPayload(None, errors)
    id = await context.writer.ledger.record_run(
        context.scope.organization_id, project_id, run, jobs, now=context.now
    )
    context.loaders.forget()
    return _RunPayload(await context.loaders.run.load(id), ())


def _event(context: Context, said: SaidUsage) -> UsageEvent:
    scope = context.scope
    project_id = _id(scope, node.PROJECT, said.project_id, "projectId")
    _require_member(scope, project_id)
    occurred_at, stream = given(said.occurred_at), given(said.stream)
    check_instant(occurred_at, context.now)
    api_key, user = given(said.api_key_id), given(said.user_id)
    run, job = given(said.run), given(said.job)
    return UsageEvent(
        event_key=said.event_key,
        project_id=project_id,
        model=said.model,
        tokens=tokens_of(said),
        occurred_at=occurred_at,
        provider=given(said.provider),
        operation=_domain(event.Operation, said.operation),
        outcome=_domain(event.CallOutcome, said.outcome),
        surface=_domain(event.Surface, said.surface),
        service_tier=given(said.service_tier) or "",
        run=_run(run) if run is not None else None,
        job=_job(job) if job is not None else None,
        api_key_id=(
            scope.api_key_id if api_key is None else _id(scope, node.API_KEY, api_key, "apiKeyId")
        ),
        user_id=None if user is None else _id(scope, node.USER, user, "userId"),
        duration_ms=given(said.duration_ms),
        source_cost=given(said.source_cost),
        call_key=stream.call_key if stream is not None else None,
    )


def tokens_of(said: SaidTokens) -> ReportedTokens:
    """The counts of an event as its source told them."""
    return ReportedTokens(
        input_tokens=said.input_tokens,
        output_tokens=said.output_tokens,
        cache_read_tokens=given(said.cache_read_tokens),
        cache_write_5m_tokens=given(said.cache_write_5m_tokens),
        cache_write_1h_tokens=given(said.cache_write_1h_tokens),
        reasoning_tokens=given(said.reasoning_tokens),
        input_includes_cache=given(said.input_includes_cache),
        output_includes_reasoning=given(said.output_includes_reasoning),
    )


def _run(said: Any) -> RunRef:
    return RunRef(
        key=said.key,
        parent_key=given(said.parent_key),
        workflow=given(said.workflow),
        trigger=given(said.trigger),
        status=_domain_or_none(event.RunStatus, given(said.status)),
        started_at=given(said.started_at),
        finished_at=given(said.finished_at),
    )


def _job(said: Any) -> JobRef:
    return JobRef(
        key=said.key,
        agent_type=said.agent_type,
        initiator=_domain_or_none(event.Initiator, given(said.initiator)),
        status=_domain_or_none(event.RunStatus, given(said.status)),
        started_at=given(said.started_at),
        finished_at=given(said.finished_at),
    )


def _domain(kind: type[Domain], member: Any) -> Domain:
    """The domain's member that the schema's one stands for; `POST /v1/usage` knows only those."""
    return member if type(member) is kind else kind(member.value)


def _domain_or_none(kind: type[Domain], member: Any) -> Domain | None:
    return None if member is None else _domain(kind, member)


def _id(scope: Scope, kind: str, text: Any, name: str) -> UUID:
    try:
        return parse_id(scope, kind, str(text))
    except NotFoundError as error:
        raise UnfitError(_told(error, name)) from None


def _require_member(scope: Scope, project_id: UUID) -> None:
    try:
        scope.require_project(project_id, Role.MEMBER)
    except (NotFoundError, ForbiddenError) as error:
        raise UnfitError(_told(error, "projectId")) from None


def _told(error: DomainError, name: str) -> UserErrorRow:
    return UserErrorRow(error.code, error.message, (name,))


def check_instant(at: datetime | None, now: datetime) -> None:
    """Raises UnfitError for an instant too far from now."""
    if at is None or now - OLDEST <= at <= now + FURTHEST_AHEAD:
        return
    message = (
        f"occurredAt is {at.isoformat()}; an instant from {OLDEST.days} days back to"
        f" {FURTHEST_AHEAD.seconds // 60} minutes ahead is expected."
    )
    raise UnfitError(UserErrorRow("OUT_OF_RANGE", message, ("occurredAt",)))


def rejected(event_key: str, position: int, errors: Sequence[UserErrorRow]) -> Result:
    """The result of an event that is not written; paths begin with its position."""
    placed = _placed(("events", str(position)), errors)
    return Result(event_key, event.UsageStatus.REJECTED, user_errors=placed)


def _placed(path: tuple[str, ...], errors: Sequence[UserErrorRow]) -> list[UserErrorRow]:
    return [
        UserErrorRow(error.code, error.message, (*path, *(error.field or ()))) for error in errors
    ]


def result_of(scope: Scope, outcome: UsageOutcome, path: tuple[str, ...]) -> Result:
    """What an outcome is told as; paths of what to put right begin with `path`."""
    errors: Sequence[UserErrorRow] = outcome.errors
    if outcome.status is event.UsageStatus.CONFLICT and not errors:
        message = "eventKey was used before with other content; nothing was changed."
        errors = [UserErrorRow("CONFLICT", message, ("eventKey",))]
    id = outcome.transaction_id
    return Result(
        outcome.event_key,
        outcome.status,
        outcome.is_unpriced,
        encode(node.TRANSACTION, scope.organization_id, id) if id is not None else None,
        outcome.cost,
        _placed(path, errors),
    )
