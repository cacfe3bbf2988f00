"""Allocation and use in the running billing cycle, and how it will go on (004).

In credits what was used is what the balance says; in dollars it is the sum of the cycle's days, and
what may be used is the limit of the organization's blocking cap over the same cycle, if it has one.
Days come from the rollups, sixty at most. Decided here once for every page: how full a bar is, and
which of 004's thresholds are passed. Refused: reading the ledger, and who may see it (callers ask).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from uuid import UUID

import asyncpg

from models.access import Scope
from models.cap import Cap, CapFilter, list_caps
from models.cap_rule import CapAction, CapScope
from models.credit_balance import Balance, load_balance
from models.db import sql
from models.directory import Organization
from models.money import ZERO, budget_pct, kept
from models.period import Calendar, Period
from models.projection import (
    HISTORY_DAYS,
    Forecast,
    RunOut,
    Total,
    forecast,
    run_out,
    total,
)
from models.spend_unit import SpendUnit

FREE_PLAN = "free"
_UPGRADE_PCT, _REFERRAL_PCT, _NEARLY_OUT_PCT = 75, 50, 90
_DAY = timedelta(days=1)
_SECONDS_A_DAY = 86_400
_CAP_COUNT = 20  # more than an organization itself can have: one by period and action


@dataclass(frozen=True, slots=True)
class CreditBucket:
    """One bucket of credits in the running cycle."""

    allocation: Decimal
    used: Decimal
    resets_at: datetime | None

    @property
    def remaining(self) -> Decimal:
        """Credits left."""
        return self.allocation - self.used


@dataclass(frozen=True, slots=True)
class DayUse:
    """What was used on a local day."""

    date: date
    amount: Decimal
    unpriced: int


@dataclass(frozen=True)
class CreditUsage:
    """An organization's cycle. `days` are those of the last sixty days and of the cycle with use.

    `exhausted_at` is since when no credits are left.
    """

    organization_id: UUID
    unit: SpendUnit
    plan: str
    period: Period
    today: Period
    as_of: datetime
    allocation: Decimal | None
    used: Decimal
    monthly: CreditBucket | None
    bonus: CreditBucket | None
    spend_cap_id: UUID | None
    exhausted_at: datetime | None
    unpriced_transactions: int
    days: Sequence[DayUse]

    @property
    def remaining(self) -> Decimal | None:
        """What is left; below 0 under a cap that was passed, never in credits."""
        if self.monthly is not None and self.bonus is not None:
            return self.monthly.remaining + self.bonus.remaining
        return None if self.allocation is None else self.allocation - self.used

    @property
    def used_pct(self) -> float | None:
        """`used` / `allocation` * 100."""
        return budget_pct(self.used, self.allocation)

    @property
    def days_elapsed(self) -> int:
        """Whole days since the cycle began."""
        return (self.today.first_date - self.period.first_date).days

    @property
    def days_remaining(self) -> int:
        """Whole days until the cycle ends, today included."""
        return (self.period.last_date - self.today.first_date).days + 1

    @property
    def average_per_day(self) -> Decimal:
        """`used` by elapsed time."""
        elapsed = Decimal(str((self.as_of - self.period.start).total_seconds()))
        if elapsed <= 0:
            return self.used
        return kept(self.used * _SECONDS_A_DAY / elapsed)

    @property
    def run_out(self) -> RunOut | None:
        """When it will be used up."""
        return self.run_out_seen_from(self.today.first_date)

    @property
    def projected_total(self) -> Decimal:
        """What will have been used when the cycle ends."""
        return self._total.expected

    @property
    def projected_total_low(self) -> Decimal:
        """Low estimate of the same."""
        return self._total.low

    @property
    def projected_total_high(self) -> Decimal:
        """High estimate of the same."""
        return self._total.high

    @property
    def is_nearly_out(self) -> bool:
        """Whether less than a tenth is left; not when nothing is."""
        left = self.remaining
        return left is not None and left > 0 and self.has_used(_NEARLY_OUT_PCT)

    @property
    def is_out(self) -> bool:
        """Whether nothing is left of what there was to use."""
        return self.remaining is not None and self.remaining <= 0

    def has_used(self, pct: int, used: Decimal | None = None) -> bool:
        """Whether so much of the allocation was used, by exact comparison.

        Of an allocation of 0 any use is all of it.
        """
        used = self.used if used is None else used
        return self.allocation is not None and used > 0 and used * 100 >= self.allocation * pct

    def run_out_seen_from(self, day: date) -> RunOut | None:
        """When it will be used up; of a day before today, as it looked when that day had ended."""
        if self.remaining is None:
            return None
        later = sum((it.amount for it in self.days if it.date > day), ZERO)
        return run_out(self._forecast(day), self.remaining + later, day, self.period.last_date)

    def first_day_at(self, pct: int) -> date:
        """The first day of the cycle by whose end so much of today's allocation had been used."""
        spent = ZERO
        for it in self.days:
            if it.date < self.period.first_date:
                continue
            spent += it.amount
            if self.has_used(pct, spent):
                return it.date
        return self.today.first_date

    @cached_property
    def _total(self) -> Total:
        ahead = self._forecast(self.today.first_date)
        days = 1 - ahead.begun + (self.period.last_date - self.today.first_date).days
        return total(ahead, self.used, days)

    def _forecast(self, day: date) -> Forecast:
        """What was to be expected on a day; of today, now, and of one before as it ended."""
        amounts = {it.date: it.amount for it in self.days}
        history = [amounts.get(day - n * _DAY, ZERO) for n in range(HISTORY_DAYS, 0, -1)]
        begun = 1.0
        if day == self.today.first_date:
            begun = (self.as_of - self.today.start) / (self.today.end - self.today.start)
        return forecast(history, amounts.get(day, ZERO), min(max(begun, 0.0), 1.0), day.weekday())


@dataclass(frozen=True, slots=True)
class UsageBar:
    """An organization's credit status as an editor shows it in a workspace (004)."""

    organization_id: UUID
    workspace_id: UUID
    usage: CreditUsage

    @property
    def used_pct(self) -> float | None:
        """What was used of the allocation."""
        return self.usage.used_pct

    @property
    def is_free_tier(self) -> bool:
        """Whether the organization is on the free tier."""
        return self.usage.plan == FREE_PLAN

    @property
    def shows_upgrade(self) -> bool:
        """From 75 %, and always on the free tier."""
        return self.is_free_tier or self.usage.has_used(_UPGRADE_PCT)

    @property
    def shows_referral(self) -> bool:
        """From 50 %."""
        return self.usage.has_used(_REFERRAL_PCT)

    @property
    def as_of(self) -> datetime:
        """When these figures were read."""
        return self.usage.as_of


async def load_credit_usage(
    connection: asyncpg.Connection, scope: Scope, organization: Organization, calendar: Calendar
) -> CreditUsage:
    """The running cycle. What of it may be shown to whom is for the caller to decide."""
    balance = await load_balance(connection, scope.organization_id, calendar.now)
    if balance is not None and balance.pays_in_credits:
        return await _in_credits(connection, organization, calendar, balance)
    return await _in_dollars(connection, organization, calendar)


async def _in_credits(
    connection: asyncpg.Connection, organization: Organization, calendar: Calendar, balance: Balance
) -> CreditUsage:
    last = calendar.local_date(balance.cycle_end - timedelta(microseconds=1))
    period = calendar.days(calendar.local_date(balance.cycle_start), last)
    days = await _days(connection, organization, "credit_usage_credits", calendar.today, period)
    return CreditUsage(
        organization_id=organization.id,
        unit=SpendUnit.CREDITS,
        plan=balance.plan,
        period=period,
        today=calendar.day(calendar.today),
        as_of=calendar.now,
        allocation=balance.monthly_granted + balance.bonus_granted,
        used=balance.used,
        monthly=CreditBucket(balance.monthly_granted, balance.monthly_used, period.end),
        bonus=CreditBucket(balance.bonus_granted, balance.bonus_used, None),
        spend_cap_id=None,
        exhausted_at=balance.exhausted_at,
        unpriced_transactions=_in_cycle(days, period)[1],
        days=days,
    )


async def _in_dollars(
    connection: asyncpg.Connection, organization: Organization, calendar: Calendar
) -> CreditUsage:
    period = organization.cycles.running(calendar.now)
    cap = await _spend_cap(connection, organization, calendar, period)
    days = await _days(connection, organization, "credit_usage_dollars", calendar.today, period)
    used, unpriced = _in_cycle(days, period)
    return CreditUsage(
        organization_id=organization.id,
        unit=SpendUnit.DOLLARS,
        plan=organization.plan,
        period=period,
        today=calendar.day(calendar.today),
        as_of=calendar.now,
        allocation=cap.limit if cap is not None else None,
        used=used,
        monthly=None,
        bonus=None,
        spend_cap_id=cap.id if cap is not None else None,
        exhausted_at=None,
        unpriced_transactions=unpriced,
        days=days,
    )


async def _spend_cap(
    connection: asyncpg.Connection, organization: Organization, calendar: Calendar, cycle: Period
) -> Cap | None:
    """The cap on the whole organization that blocks within just this cycle, the lowest of them.

    Read on the organization's own behalf: that there is one is no secret to its members' editors.
    """
    wanted = CapFilter(scope=CapScope.ORGANIZATION)
    found = await list_caps(
        connection, Scope.system(organization.id), calendar.now, wanted, _CAP_COUNT
    )
    fitting = [
        cap
        for cap in found.items
        if cap.action is CapAction.BLOCK
        and cap.unit is SpendUnit.DOLLARS
        and cap.window is not None
        and (cap.window.first_date, cap.window.last_date) == (cycle.first_date, cycle.last_date)
    ]
    return min(fitting, key=lambda cap: (cap.limit, cap.id), default=None)


async def _days(
    connection: asyncpg.Connection,
    organization: Organization,
    statement: str,
    today: date,
    period: Period,
) -> list[DayUse]:
    """Days with use from sixty days ago, or from the cycle's first day, to its last."""
    first = min(today - HISTORY_DAYS * _DAY, period.first_date)
    rows = await connection.fetch(sql(statement), organization.id, first, period.last_date)
    return [DayUse(*row) for row in rows]


def _in_cycle(days: Sequence[DayUse], period: Period) -> tuple[Decimal, int]:
    inside = [it for it in days if it.date >= period.first_date]
    return sum((it.amount for it in inside), ZERO), sum(it.unpriced for it in inside)
