"""How the demo organization pays, and the caps on it: what its usage page has to show.

It pays in credits from some weeks before its last day on, so that there is a cycle that is over and
a rhythm to project from. Its allotment is a little more than its running month will take, and some
of its spend is beyond what is included. Caps of a percentage are set by what was spent. Refused:
changing what somebody has set since: this runs once, as the organization is made and filled.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from models import demo_world as world
from models.access import Scope
from models.billing import BillingChange, grant_bonus, set_billing
from models.cap import CapPeriod
from models.cap_change import CapSetting, set_cap
from models.cap_rule import CapAction, CapScope
from models.db import Database
from models.demo_plan import DemoCall
from models.local_time import load_time_zones
from models.money import DECIMALS
from models.period import Calendar
from models.ranking import Spend, Subject, rank
from models.spend_unit import SpendUnit

BATCH_COUNT = 1000
_BILLING = BillingChange(
    billing_mode="CREDITS",
    plan="business",
    credits_per_dollar=Decimal(12),
    included_dollars=Decimal(2_500),
)
_BONUS, _BONUS_REASON = Decimal(2_500), "A referral"
_CREDIT_DAYS = 45
_HOURLY_DAYS = 2  # of which the chart by hour shows one
_DAILY_LIMIT = Decimal(2_000)
_NEAR_PCT, _PASSED_PCT = 85, 104
_ROUNDEST_POWER = 6


def credits_from(as_of: datetime) -> datetime:
    """The first instant at which a demo that ends at `as_of` pays in credits."""
    return _local(as_of).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=_CREDIT_DAYS
    )


async def begin_credits(connection: asyncpg.Connection, scope: Scope, as_of: datetime) -> None:
    """Lets a new demo pay in credits. Its usage has to be posted in the order of time then."""
    begun = credits_from(as_of)
    await set_billing(connection, scope, _BILLING, now=begun)
    await grant_bonus(connection, scope, _BONUS, _BONUS_REASON, now=begun)


def batches(calls: Sequence[DemoCall], as_of: datetime) -> Iterator[Sequence[DemoCall]]:
    """Calls in the order of time, as they are posted: by day, and lately by hour.

    Credits count when they are taken, so what is posted together is one point of the chart.
    """
    first = credits_from(as_of)
    hourly = _local(as_of) - timedelta(days=_HOURLY_DAYS)

    def moment(call: DemoCall) -> tuple[date, int] | None:
        at = _local(posted_at([call]))
        if at < first:
            return None
        return at.date(), at.hour if at >= hourly else 0

    for _, together in groupby(calls, moment):
        some = list(together)
        for start in range(0, len(some), BATCH_COUNT):
            yield some[start : start + BATCH_COUNT]


def posted_at(calls: Sequence[DemoCall]) -> datetime:
    """When a batch is posted: as its last call is made."""
    at = calls[-1].event.occurred_at
    assert at is not None  # noqa: S101 - every planned call has its instant
    return at


def _local(instant: datetime) -> datetime:
    return instant.astimezone(ZoneInfo(world.TIME_ZONE))


async def set_caps(
    database: Database, scope: Scope, as_of: datetime, projects: dict[UUID, Decimal]
) -> None:
    """Sets caps: on a project, by what it spent this month; on who used most; on every day."""
    async with database.connection() as connection:
        zones = await load_time_zones(connection, scope.organization_id)
        month = Calendar(zones, as_of).month(Calendar(zones, as_of).current_month)
        days = (month.first_date, month.last_date)
        people = await rank(connection, scope, Subject.USER, SpendUnit.DOLLARS, *days, size=9)
    for setting in _settings(scope.organization_id, projects, people.items):
        # Each in a transaction of its own: whoever posts is waited for first.
        await database.retry(
            lambda connection, setting=setting: set_cap(connection, scope, setting, as_of)  # type: ignore[misc]
        )


def _settings(
    organization_id: UUID, projects: dict[UUID, Decimal], people: Sequence[Spend]
) -> Iterator[CapSetting]:
    yield CapSetting(CapScope.ORGANIZATION, organization_id, CapPeriod.DAY, _DAILY_LIMIT)
    for project_id, spent in projects.items():
        limit = limit_at(spent, _NEAR_PCT)
        yield CapSetting(CapScope.PROJECT, project_id, CapPeriod.MONTH, limit)
    for spend in (it for it in people if it.id is not None and it.amount > 0):
        yield CapSetting(
            CapScope.USER,
            spend.id or organization_id,
            CapPeriod.MONTH,
            limit_at(spend.amount, _PASSED_PCT),
            action=CapAction.WARN,
        )
        break


def limit_at(spent: Decimal, pct: int) -> Decimal:
    """The roundest limit of which `spent`, above 0, is `pct` percent or less than one more."""
    highest = spent * 100 / pct
    for power in range(_ROUNDEST_POWER, -DECIMALS - 1, -1):
        step = Decimal(1).scaleb(power)
        limit = (highest / step).to_integral_value(ROUND_FLOOR) * step
        if spent * 100 < limit * (pct + 1):
            return limit
    raise ValueError(f"{spent} is too little to be {pct} percent of anything")
