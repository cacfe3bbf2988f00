"""Changing how an organization pays: plan, mode, rate, limit, cycle, and bonus credits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import asyncpg
import strawberry
from strawberry import UNSET, field

from models import billing, directory, errors
from resolvers.context import Info
from resolvers.enums import BillingMode
from resolvers.field import given
from resolvers.mutation import WHAT_TO_DO, change
from resolvers.organization import Organization
from resolvers.user_error import UserError


@strawberry.input(description="What to change about how the viewer's organization pays.")
class UpdateBillingInput:
    billing_mode: BillingMode | None = field(
        default=UNSET,
        description=(
            "In credits or in dollars. Usage from before the cycle in which credits began takes "
            "none. BYOM is refused while caps in credits exist or reservations hold credits. As it "
            "is when omitted."
        ),
    )
    plan: str | None = field(
        default=UNSET,
        description=(
            "Name of the plan. More credits count at once, fewer from the next cycle on. As it is "
            "when omitted."
        ),
    )
    monthly_credits: Decimal | None = field(
        default=UNSET,
        description=(
            "Credits that a cycle opens with, agreed apart from the plan; null: the plan's. As it "
            "is when omitted."
        ),
    )
    credits_per_dollar: Decimal | None = field(
        default=UNSET,
        description=(
            "Credits that a dollar of cost takes from now on, above 0, at most 6 decimals. As it "
            "is when omitted."
        ),
    )
    included_dollars: Decimal | None = field(
        default=UNSET,
        description=(
            "Dollars a cycle that are Included; null: everything is. What was posted keeps its "
            "class. As it is when omitted."
        ),
    )
    cycle_anchor_day: int | None = field(
        default=UNSET,
        description=(
            "Day of the month on which cycles begin, 1 to 31, from the next cycle on; the last "
            "day of shorter months. As it is when omitted."
        ),
    )


@strawberry.input(description="Bonus credits to grant.")
class GrantCreditsInput:
    key: str | None = field(
        default=UNSET,
        description=(
            "The caller's name for the grant: sending it again grants nothing more. Each call "
            "grants when omitted."
        ),
    )
    credits: Decimal = field(description="How many; negative takes back ones that were not used.")
    reason: str = field(description="What they are for, kept with the grant.")


@strawberry.type(description="Answer to `updateBilling`.")
class UpdateBillingPayload:
    organization: Organization | None = field(
        description="The organization as it is now; null when refused."
    )
    cycle_anchor_from: datetime | None = field(
        description="When the new anchor day comes into force; null when it was not asked for."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@strawberry.type(description="Answer to `grantCredits`.")
class GrantCreditsPayload:
    organization: Organization | None = field(
        description="The organization as it is now; null when refused."
    )
    is_duplicate: bool = field(
        description="Whether the key had granted before, so that nothing was changed."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Updated:
    organization: directory.Organization | None
    cycle_anchor_from: datetime | None
    user_errors: Sequence[errors.UserError]


@dataclass(frozen=True, slots=True)
class _Granted:
    organization: directory.Organization | None
    is_duplicate: bool
    user_errors: Sequence[errors.UserError]


def _change(input: UpdateBillingInput) -> billing.BillingChange:
    mode, monthly, included = (
        given(input.billing_mode),
        input.monthly_credits,
        input.included_dollars,
    )
    return billing.BillingChange(
        billing_mode=mode.name if mode is not None else None,
        plan=given(input.plan),
        monthly_credits=billing.AS_IT_IS if monthly is UNSET else monthly,
        credits_per_dollar=given(input.credits_per_dollar),
        included_dollars=billing.AS_IT_IS if included is UNSET else included,
        cycle_anchor_day=given(input.cycle_anchor_day),
    )


async def update_billing(info: Info, input: Annotated[UpdateBillingInput, WHAT_TO_DO]) -> _Updated:
    """Changes how the organization pays."""
    context, wanted = info.context, _change(input)

    async def work(connection: asyncpg.Connection) -> datetime | None:
        if wanted == billing.BillingChange():
            message = "The input is empty; something to change is expected."
            raise errors.UserErrors([errors.UserError("REQUIRED", message)])
        return await billing.set_billing(connection, context.scope, wanted, now=context.now)

    outcome = await change(context, work)
    if outcome.user_errors:
        return _Updated(None, None, outcome.user_errors)
    return _Updated(await context.loaders.organization(), outcome.made, ())


async def grant_credits(info: Info, input: Annotated[GrantCreditsInput, WHAT_TO_DO]) -> _Granted:
    """Grants bonus credits."""
    context = info.context

    async def work(connection: asyncpg.Connection) -> bool:
        return await billing.grant_bonus(
            connection,
            context.scope,
            input.credits,
            input.reason,
            now=context.now,
            key=given(input.key),
        )

    outcome = await change(context, work)
    if outcome.user_errors:
        return _Granted(None, False, outcome.user_errors)
    return _Granted(await context.loaders.organization(), not outcome.made, ())
