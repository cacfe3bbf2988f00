"""Rehearsing a cap: what it would have done to the past."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import field

from models import rehearsal
from resolvers.cap_enums import CapPeriod, CapScope
from resolvers.cap_target import KINDS
from resolvers.context import Info
from resolvers.enums import SpendUnit
from resolvers.mutation import WHAT_TO_DO
from resolvers.node import parse_id
from resolvers.period import Period, RangeInput, resolve_range
from resolvers.scalars import BigInt


@strawberry.type(description="One period in which a rehearsed cap would have struck.")
class CapStrike:
    period: Period = field(description="The cap's period.")
    struck_at: datetime = field(description="When it would have struck first.")
    blocked_calls: BigInt = field(description="Calls blocked from then on.")
    blocked_amount: Decimal = field(description="What they cost.")


@strawberry.type(description="What a cap would have done to the past.")
class CapRehearsal:
    period: Period = field(description="What was replayed.")
    unit: SpendUnit = field(description="What amounts are measured in.")
    blocked_calls: BigInt = field(description="Calls that would have been blocked.")
    blocked_amount: Decimal = field(description="What they cost.")
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out."
    )
    strikes: list[CapStrike] = field(
        description=("Each period in which the cap would have struck, oldest first, at most 400.")
    )


@strawberry.input(description="The cap to rehearse.")
class RehearseCapInput:
    scope: CapScope = field(description="What kind of thing to limit.")
    scope_id: strawberry.ID = field(description="The thing to limit.")
    period: CapPeriod = field(description="The time over which to count.")
    limit: Decimal = field(description="The limit.")
    unit: SpendUnit = field(default=SpendUnit.DOLLARS, description="What it is measured in.")
    range: RangeInput = field(description="Which past to replay.")


async def rehearse_cap(
    info: Info, input: Annotated[RehearseCapInput, WHAT_TO_DO]
) -> rehearsal.CapRehearsal:
    """What a cap would have done to the past."""
    context = info.context
    target_id = parse_id(context.scope, KINDS[input.scope], input.scope_id)
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    span = resolve_range(calendar, organization.cycles, input.range)
    wanted = rehearsal.Wanted(
        scope=input.scope.name,
        target_id=target_id,
        period=input.period.name,
        limit=input.limit,
        unit=input.unit.name,
        start=span.start,
        end=span.end,
    )
    return await rehearsal.rehearse(context.database, context.scope, wanted, now=context.now)
