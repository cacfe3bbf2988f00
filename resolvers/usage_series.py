"""Use over time, a line for each surface (004)."""

from decimal import Decimal

import strawberry
from strawberry import field

from models import usage_series
from models.ids import USAGE_SERIES, encode
from resolvers.enums import Granularity, SpendUnit, Surface
from resolvers.field import computed
from resolvers.period import Period
from resolvers.scalars import BigInt


def _id(root: usage_series.UsageSeries) -> strawberry.ID:
    period = root.period
    rest = f"{period.start.isoformat()} {period.end.isoformat()} {root.granularity}"
    return strawberry.ID(encode(USAGE_SERIES, root.organization_id, root.organization_id, rest))


@strawberry.type(description="One bucket of a line.")
class UsagePoint:
    period: Period = field(description="The bucket.")
    amount: Decimal = field(description="Use in it.")


@strawberry.type(description="One surface's use over time.")
class UsageLine:
    surface: Surface | None = field(description="Which surface; null for use without one.")
    total: Decimal = field(description="Sum over the line.")
    points: list[UsagePoint] = field(description="Buckets, oldest first, empty ones included.")


@strawberry.type(description="Use over time, a line for each surface (004).")
class UsageSeries:
    id: strawberry.ID = computed(
        _id, description="Identity of (organization, range, granularity), for caches."
    )
    unit: SpendUnit = field(description="What all amounts here are measured in.")
    period: Period = field(description="What the series covers.")
    granularity: Granularity = field(description="Length of a bucket.")
    total: Decimal = field(description="Sum over all lines.")
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out."
    )
    lines: list[UsageLine] = field(
        description=(
            "One line for each surface that occurs, WEB and CLI always; all have the same buckets."
        )
    )
