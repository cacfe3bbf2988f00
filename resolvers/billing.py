"""How an organization pays, as its ADMINs see it."""

from decimal import Decimal

import strawberry
from strawberry import field

from resolvers.enums import BillingMode


@strawberry.type(description="How an organization pays (004, 000).")
class Billing:
    billing_mode: BillingMode = field(description="In credits or in dollars.")
    plan: str = field(description="Name of the plan, `free` for the free tier.")
    monthly_credits: Decimal | None = field(
        description="Credits that a cycle opens with; null under BYOM."
    )
    credits_per_dollar: Decimal = field(description="Credits that a dollar of cost takes.")
    included_dollars: Decimal | None = field(
        description=(
            "Dollars a cycle that are Included, beyond which usage is On-Demand; null: everything "
            "is Included."
        )
    )
    cycle_anchor_day: int = field(
        description=(
            "Day of the month on which cycles begin; the last day of a month that is too short "
            "for it."
        )
    )
    next_cycle_anchor_day: int = field(description="The same from the next cycle on.")
