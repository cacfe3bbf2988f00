"""Repricings: past entries at the prices known now, rehearsed and then posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET, field

from models import errors, repricing
from models.access import Role
from models.repricing import Wanted, load_repricing, post_rehearsed, rehearse
from resolvers import node
from resolvers.context import Context, Info
from resolvers.field import computed, given
from resolvers.mutation import WHAT_TO_DO
from resolvers.node import Node, parse_id, public_id, shows
from resolvers.period import RangeInput, resolve_range
from resolvers.scalars import BigInt
from resolvers.user_error import UserError

MOST_MODELS = 100


@strawberry.enum(description="How a repricing stands.")
class RepricingStatus(Enum):
    RUNNING = strawberry.enum_value("RUNNING", description="Not done yet.")
    DONE = strawberry.enum_value("DONE", description="Done.")
    FAILED = strawberry.enum_value("FAILED", description="Stopped; nothing was posted.")


@strawberry.type(description="One model's part of a repricing.")
class RepricingLine:
    provider: str | None = field(description="Who ran the model.")
    model: str = field(description="The model's exact name.")
    transactions: BigInt = field(description="Entries that change.")
    unpriced_transactions: BigInt = field(description="Those among them that had no price.")
    cost_before: Decimal = field(description="Their dollars before, unpriced ones as 0.")
    cost_after: Decimal = field(description="Their dollars after.")
    difference: Decimal = field(description="After minus before: what totals move by.")


@strawberry.type(
    description=(
        "A recalculation of past entries, or its rehearsal. Long ones go on after the mutation "
        "has answered: ask `node` again."
    )
)
class Repricing(Node):
    is_type_of = shows(repricing.Repricing)

    id: strawberry.ID = computed(public_id(node.REPRICING), description="Opaque id.")
    is_dry_run: bool = field(description="Whether nothing is posted.")
    status: RepricingStatus = field(description="How it stands.")
    progress_pct: float = field(description="Entries looked at / entries to look at, 0..100.")
    lines: list[RepricingLine] = field(
        description="What was, or would be, posted for each model; complete once DONE."
    )
    difference: Decimal = field(description="Sum of the lines' differences.")
    started_at: datetime = field(description="When it began.")
    finished_at: datetime | None = field(description="When it ended; null while running.")


@strawberry.input(description="What to recalculate.")
class RepriceUsageInput:
    organization_id: strawberry.ID | None = field(
        default=UNSET, description="Whose; the viewer's organization when omitted."
    )
    range: RangeInput = field(description="Which calls, by when they were made.")
    models: list[str] | None = field(
        default=UNSET, description="Only these models; all when omitted."
    )
    dry_run: bool = field(description="Whether to show the differences only. Said each time.")
    after_dry_run_id: strawberry.ID | None = field(
        default=UNSET,
        description=(
            "The dry run that was looked at: when figures have moved since, nothing is posted and "
            "the answer is STALE. Required unless `dryRun`."
        ),
    )


@strawberry.type(description="Answer to `repriceUsage`.")
class RepriceUsagePayload:
    repricing: Repricing | None = field(
        description="The recalculation, possibly still running; null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the payload is read from."""

    repricing: repricing.Repricing | None
    user_errors: Sequence[errors.UserError] = ()


def require_organization(context: Context, id: str | None) -> None:
    """The viewer's organization, and ADMIN of it; another one is not there for this request."""
    wanted = given(id)
    if wanted is not None:
        found = parse_id(context.scope, node.ORGANIZATION, wanted)
        if found != context.scope.organization_id:
            raise node.not_found(node.ORGANIZATION)
    context.scope.require_organization(Role.ADMIN)


async def reprice_usage(info: Info, input: Annotated[RepriceUsageInput, WHAT_TO_DO]) -> _Answer:
    """Recalculates past entries, or shows what that would change."""
    context = info.context
    require_organization(context, input.organization_id)
    refused = _check(input)
    if refused is not None:
        return _Answer(None, [refused])
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    span = resolve_range(calendar, organization.cycles, input.range)
    models = given(input.models)
    wanted = Wanted(span.start, span.end, None if models is None else tuple(models))
    after = given(input.after_dry_run_id)
    try:
        if after is None:
            begun = await rehearse(context.database, context.scope, wanted)
        else:
            after_id = parse_id(context.scope, node.REPRICING, after)
            begun = await post_rehearsed(context.database, context.scope, wanted, after_id)
    except errors.UserErrors as refusals:
        return _Answer(None, refusals.errors)
    context.loaders.forget()
    context.repricer.start(begun)
    return _Answer(begun)


def _check(input: RepriceUsageInput) -> errors.UserError | None:
    after, models = given(input.after_dry_run_id), given(input.models)
    if input.dry_run and after is not None:
        message = "afterDryRunId is given for a dry run; it goes with dryRun false only."
        return errors.UserError("INVALID", message, ("afterDryRunId",))
    if not input.dry_run and after is None:
        message = "afterDryRunId is missing; the id of the dry run that was looked at is expected."
        return errors.UserError("REQUIRED", message, ("afterDryRunId",))
    if models is not None and not 1 <= len(models) <= MOST_MODELS:
        message = f"models has {len(models)} entries; 1 to {MOST_MODELS} are expected."
        return errors.UserError("OUT_OF_RANGE", message, ("models",))
    return None


async def _find(context: Context, id: UUID) -> repricing.Repricing:
    return await load_repricing(context.database, context.scope, id)


node.finds(node.REPRICING, _find)
