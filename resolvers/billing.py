"""How an organization pays, as its ADMINs see it, and what its credits came from."""

from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry
from strawberry import UNSET, field

from models import billing, credit_grant, directory
from models.page import At
from resolvers.connection import After, First, Listing, PageInfo, paging
from resolvers.context import Info
from resolvers.enums import BillingMode
from resolvers.field import computed
from resolvers.user import User


@strawberry.enum(description="Why credits came or lapsed.")
class CreditGrantKind(Enum):
    MONTHLY = strawberry.enum_value("MONTHLY", description="A billing cycle opened with them.")
    PLAN = strawberry.enum_value(
        "PLAN", description="A better plan added them to the running cycle."
    )
    EXPIRY = strawberry.enum_value(
        "EXPIRY", description="They were left when their cycle ended; negative."
    )
    BONUS = strawberry.enum_value(
        "BONUS", description="They were granted, or taken back when negative."
    )


async def _granted_by(root: credit_grant.CreditGrant, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.user_id) if root.user_id else None


async def _grants(
    root: billing.Billing, info: Info, first: First = 20, after: After = UNSET
) -> Listing[credit_grant.CreditGrant]:
    context = info.context
    page = paging(At, context.scope, first, after, "billing.grants")
    found = await context.loaders.credit_grants.load(page.key(root.organization_id))
    return page.listing(found, lambda item: At(item.granted_at, item.id))


@strawberry.type(description="Credits that came or lapsed. Never edited.")
class CreditGrant:
    kind: CreditGrantKind = field(description="Why.")
    credits: Decimal = field(description="How many; negative when they lapsed or were taken back.")
    granted_at: datetime = field(description="When.")
    granted_by: User | None = computed(
        _granted_by, description="Who; null for the program itself and for keys of nobody."
    )
    cycle_start: datetime = field(description="When the cycle began that was running.")
    reason: str = field(description="What for, in words.")


@strawberry.type(description="One entry of a page of grants.")
class CreditGrantEdge:
    cursor: str = field(description="Where it stands.")
    node: CreditGrant = field(description="The grant.")


@strawberry.type(description="Grants of credits, a page at a time.")
class CreditGrantConnection:
    edges: list[CreditGrantEdge] = field(description="Entries with their cursors.")
    nodes: list[CreditGrant] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


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
    grants: CreditGrantConnection | None = computed(
        _grants,
        description="What credits came from and where they lapsed, newest first.",
    )
