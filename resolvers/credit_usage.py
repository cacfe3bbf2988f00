"""The running cycle's allocation and use, when it will run out, and the bar of an editor (004)."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import field

from models import cap, credit_usage
from models.ids import CREDIT_USAGE, USAGE_BAR, encode
from models.money import kept
from resolvers.context import Info
from resolvers.enums import SpendUnit
from resolvers.field import computed
from resolvers.period import Period
from resolvers.scalars import BigInt

if TYPE_CHECKING:
    from resolvers.cap import Cap

LazyCap = Annotated["Cap", strawberry.lazy("resolvers.cap")]
Date = date  # the name `date` is a field's below


def _amount(name: str) -> Callable[[Any], Decimal | None]:
    """The resolver of an amount that may be credits, of which more decimals are kept than shown."""

    def resolve(root: Any) -> Decimal | None:
        amount: Decimal | None = getattr(root, name)
        return None if amount is None else kept(amount)

    return resolve


def _usage_id(root: credit_usage.CreditUsage) -> strawberry.ID:
    rest = root.period.first_date.isoformat()
    return strawberry.ID(encode(CREDIT_USAGE, root.organization_id, root.organization_id, rest))


def _bar_id(root: credit_usage.UsageBar) -> strawberry.ID:
    return strawberry.ID(encode(USAGE_BAR, root.organization_id, root.workspace_id))


async def _spend_cap(root: credit_usage.CreditUsage, info: Info) -> cap.Cap | None:
    id = root.spend_cap_id
    return None if id is None else await info.context.loaders.cap.load(id)


@strawberry.type(description="One bucket of credits in the running cycle.")
class CreditBucket:
    allocation: Decimal = computed(_amount("allocation"), description="Credits there were to use.")
    used: Decimal = computed(_amount("used"), description="Credits used.")
    remaining: Decimal = computed(_amount("remaining"), description="Credits left.")
    resets_at: datetime | None = field(
        description="When it is filled again; null for bonus credits."
    )


@strawberry.type(
    description="A projection of when credits, or the room under a cap, will be used up."
)
class RunOut:
    days: float = field(description="Days from now, as use is projected; 0 when used up already.")
    date: Date = field(description="The day, as use is projected.")
    earliest_date: Date = field(description="Earliest likely day (high estimate of spend).")
    latest_date: Date | None = field(
        description="Latest likely day (low estimate of spend); null when it may never come."
    )
    is_before_cycle_end: bool = field(
        description="Whether `date` falls before the cycle ends: the banner of 004."
    )


@strawberry.type(description="Allocation and use in the running billing cycle (004).")
class CreditUsage:
    id: strawberry.ID = computed(
        _usage_id, description="Identity of (organization, cycle), for caches."
    )
    unit: SpendUnit = field(
        description="What all amounts here are measured in: credits, or dollars under BYOM."
    )
    period: Period = field(description="The billing cycle.")
    as_of: datetime = field(description="When these figures were read.")
    allocation: Decimal | None = computed(
        _amount("allocation"),
        description=(
            "What may be used: both buckets, or the spend cap under BYOM; null without a limit."
        ),
    )
    used: Decimal = computed(_amount("used"), description="What was used in the cycle.")
    remaining: Decimal | None = computed(
        _amount("remaining"), description="What is left; null without a limit."
    )
    used_pct: float | None = field(
        description="`used` / `allocation` * 100; null without a limit or with one of 0."
    )
    monthly: CreditBucket | None = field(description="Credits of the plan; null under BYOM.")
    bonus: CreditBucket | None = field(description="Bonus credits; null under BYOM.")
    spend_cap: LazyCap | None = computed(
        _spend_cap, description="The blocking monthly cap under BYOM; null without one."
    )
    days_elapsed: int = field(description="Whole days since the cycle began, today not counted.")
    days_remaining: int = field(description="Whole days until the cycle ends, today counted.")
    average_per_day: Decimal = field(description="`used` by elapsed time, a day.")
    run_out: RunOut | None = field(
        description="When it will be used up; null without a limit or without use."
    )
    projected_total: Decimal = computed(
        _amount("projected_total"), description="What will have been used at the cycle's end."
    )
    projected_total_low: Decimal = computed(
        _amount("projected_total_low"), description="Low estimate of the same."
    )
    projected_total_high: Decimal = computed(
        _amount("projected_total_high"), description="High estimate of the same."
    )
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `used`."
    )


@strawberry.type(
    description="Credit status for the editor's header (004). Any member of the workspace."
)
class UsageBar:
    id: strawberry.ID = computed(
        _bar_id, description="Identity of the workspace's bar, for caches."
    )
    used_pct: float | None = field(
        description="What was used of the allocation, 0..100 and beyond; null without a limit."
    )
    is_free_tier: bool = field(description="Whether the organization is on the free tier.")
    shows_upgrade: bool = field(description="From 75 %, and always on the free tier.")
    shows_referral: bool = field(description="From 50 %.")
    as_of: datetime = field(description="When these figures were read.")
