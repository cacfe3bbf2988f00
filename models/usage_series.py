"""Use over time, a line for each surface: by local hour, by day, or by seven days.

In dollars by when calls were made, in credits by when they were taken. All lines have the same
buckets, and WEB and CLI are always there; the total is the sum of the lines, a line's that of its
points. Refused: parts of hours, hours for more than a week, and the ledger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.db import sql
from models.money import ZERO, kept
from models.period import Calendar, Period
from models.spend_unit import SpendUnit

HOUR_DAYS = 7
"""How many days hours are shown for."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_ALWAYS = ("WEB", "CLI")
_AFTER_THEM = ("API", None)
_STATEMENTS = {
    (SpendUnit.DOLLARS, False): "usage_series_dollars_days",
    (SpendUnit.DOLLARS, True): "usage_series_dollars_hours",
    (SpendUnit.CREDITS, False): "usage_series_credits_days",
    (SpendUnit.CREDITS, True): "usage_series_credits_hours",
}


class Granularity(StrEnum):
    """How long a bucket is."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"


@dataclass(frozen=True, slots=True)
class UsagePoint:
    """One bucket of a line."""

    period: Period
    amount: Decimal


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One surface's use; `surface` is None for use without one."""

    surface: str | None
    points: Sequence[UsagePoint]

    @property
    def total(self) -> Decimal:
        """Use over the line."""
        return sum((point.amount for point in self.points), ZERO)


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """The lines of a stretch of time."""

    organization_id: UUID
    unit: SpendUnit
    period: Period
    granularity: Granularity
    unpriced_transactions: int
    lines: Sequence[UsageLine]

    @property
    def total(self) -> Decimal:
        """Use over all lines."""
        return sum((line.total for line in self.lines), ZERO)


def buckets(calendar: Calendar, period: Period, granularity: Granularity) -> list[Period]:
    """The buckets of a period of whole local hours, or of whole days for all but HOUR.

    Weeks are counted back from the end; the first bucket may be shorter.
    """
    if granularity is Granularity.HOUR:
        return [calendar.between(*ends) for ends in pairwise(_hours(calendar, period))]
    step = 7 if granularity is Granularity.WEEK else 1
    found: list[Period] = []
    last = period.last_date
    while last >= period.first_date:
        first = max(last - (step - 1) * _DAY, period.first_date)
        found.append(calendar.days(first, last))
        last = first - _DAY
    return found[::-1]


def _hours(calendar: Calendar, period: Period) -> Iterator[datetime]:
    """The instants at which the hours of a period begin, then its end."""
    at = period.start
    while at < period.end:
        yield at
        at = min(calendar.next_hour(at), period.end)
    yield period.end


async def load_series(
    connection: asyncpg.Connection,
    scope: Scope,
    calendar: Calendar,
    unit: SpendUnit,
    period: Period,
    granularity: Granularity,
) -> UsageSeries:
    """The series of a period of whole hours (HOUR), else of whole days. ADMIN."""
    scope.require_organization(Role.ADMIN)
    bounds = buckets(calendar, period, granularity)
    is_hourly = granularity is Granularity.HOUR
    starts = [bucket.start if is_hourly else bucket.first_date for bucket in bounds]
    rows = await connection.fetch(
        sql(_STATEMENTS[unit, is_hourly]),
        scope.organization_id,
        period.first_date,
        period.last_date,
        starts,
        *((period.end,) if is_hourly else ()),
    )
    found: dict[str | None, dict[int, Decimal]] = {}
    for row in rows:
        found.setdefault(row["surface"] or None, {})[row["bucket"] - 1] = kept(row["amount"])
    known = (*_ALWAYS, *_AFTER_THEM)
    surfaces = [it for it in known if it in _ALWAYS or it in found]
    surfaces += sorted(it for it in found if it is not None and it not in known)
    return UsageSeries(
        organization_id=scope.organization_id,
        unit=unit,
        period=period,
        granularity=granularity,
        unpriced_transactions=sum(row["unpriced"] for row in rows),
        lines=[
            UsageLine(
                surface,
                [
                    UsagePoint(bucket, found.get(surface, {}).get(place, ZERO))
                    for place, bucket in enumerate(bounds)
                ],
            )
            for surface in surfaces
        ],
    )
