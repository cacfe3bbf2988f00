"""What an organization has, used and holds in the running cycle: one row, locked last.

A row is there once an organization pays in credits or has a limit of included dollars; none means
dollars, all of them included. Whoever locks it finds the running cycle: where one has ended, what
is left of its monthly credits expires and the next one's are granted, both as entries of
`credit_grant`. Refused: deciding how much usage takes (`deduction.py`), and edits of the past.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Scope
from models.billing_cycle import BillingCycles, load_cycles
from models.db import sql
from models.ids import uuid7
from models.local_time import TimeZones
from models.money import ZERO
from models.plan import plan_credits

CREDITS, BYOM = "CREDITS", "BYOM"
MONTHLY, PLAN, EXPIRY, BONUS = "MONTHLY", "PLAN", "EXPIRY", "BONUS"
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, DivisionByZero])


@contextmanager
def exact() -> Iterator[None]:
    """Arithmetic of as many digits as it takes; what would be rounded raises."""
    with localcontext(_EXACT):
        yield


class Grant(NamedTuple):
    """Credits that come (or lapse, when negative) in the cycle that begins at `cycle_start`."""

    kind: str
    credits: Decimal
    cycle_start: datetime
    reason: str


@dataclass(slots=True)
class Balance:
    """The row of an organization, in the order of the columns of `credit_balance_lock.sql`.

    Figures are of the running cycle; `bonus_granted` holds what was carried over into it, and
    `exhausted_at` since when neither bucket has anything.
    """

    billing_mode: str
    plan: str
    monthly_credits: Decimal | None
    credits_per_dollar: Decimal
    included_dollars: Decimal | None
    credits_from: datetime | None
    limit_from: datetime | None
    cycle_start: datetime
    cycle_end: datetime
    monthly_granted: Decimal = ZERO
    monthly_used: Decimal = ZERO
    bonus_granted: Decimal = ZERO
    bonus_used: Decimal = ZERO
    overage: Decimal = ZERO
    held: Decimal = ZERO
    running_total: Decimal = ZERO
    on_demand: Decimal = ZERO
    exhausted_at: datetime | None = None
    deductions: int = 0

    @property
    def pays_in_credits(self) -> bool:
        """Whether usage takes credits."""
        return self.billing_mode == CREDITS

    @property
    def monthly_remaining(self) -> Decimal:
        """Credits of the plan that are left; usage given back from earlier cycles adds to them."""
        return _EXACT.subtract(self.monthly_granted, self.monthly_used)

    @property
    def bonus_remaining(self) -> Decimal:
        """Bonus credits that are left."""
        return _EXACT.subtract(self.bonus_granted, self.bonus_used)

    @property
    def remaining(self) -> Decimal:
        """Credits of both buckets that nobody holds; below 0 when usage ate into what is held."""
        with exact():
            return self.monthly_remaining + self.bonus_remaining - self.held

    @property
    def used(self) -> Decimal:
        """Credits taken in the cycle from both buckets and beyond them."""
        with exact():
            return self.monthly_used + self.bonus_used + self.overage

    @property
    def allotment(self) -> Decimal:
        """The credits that a cycle opens with."""
        if not self.pays_in_credits:
            return ZERO
        return plan_credits(self.plan) if self.monthly_credits is None else self.monthly_credits

    def note_exhaustion(self, now: datetime) -> None:
        """Notes when the last credit goes, and when there are some again."""
        if self.monthly_remaining + self.bonus_remaining > 0 or not self.pays_in_credits:
            self.exhausted_at = None
        elif self.exhausted_at is None:
            self.exhausted_at = now

    def takes_credits(self, occurred_at: datetime) -> bool:
        """Whether usage of that instant takes credits: not what was before there were any."""
        began = self.credits_from
        return self.pays_in_credits and began is not None and occurred_at >= began

    def is_limited(self, occurred_at: datetime) -> bool:
        """Whether usage of that instant counts towards the limit of included dollars."""
        began = self.limit_from
        return self.included_dollars is not None and began is not None and occurred_at >= began

    def roll(self, cycles: BillingCycles, now: datetime) -> list[Grant]:
        """Goes on to the cycle that is running at `now`, and tells what lapses and what comes.

        Cycles in which nothing happened are passed over. A clock that is behind changes nothing.
        """
        if now < self.cycle_end:
            return []
        grants, left = [], self.monthly_remaining
        if left:
            reason = "the billing cycle ended"
            grants.append(Grant(EXPIRY, -left, self.cycle_start, reason))
        running = cycles.running(now)
        self.cycle_start, self.cycle_end = running.start, running.end
        self.bonus_granted, self.bonus_used = self.bonus_remaining, ZERO
        self.monthly_granted = self.monthly_used = self.overage = ZERO
        self.running_total = self.on_demand = ZERO
        grants.extend(self.raise_to_allotment("a billing cycle began"))
        self.note_exhaustion(self.cycle_start)
        return grants

    def raise_to_allotment(self, reason: str) -> list[Grant]:
        """Brings the running cycle's monthly credits up to what the plan gives; never down."""
        missing = self.allotment - self.monthly_granted
        if missing <= 0:
            return []
        kind = PLAN if self.monthly_granted else MONTHLY
        self.monthly_granted += missing
        return [Grant(kind, missing, self.cycle_start, reason)]


async def lock_balance(
    connection: asyncpg.Connection, organization_id: UUID, now: datetime
) -> Balance | None:
    """Holds the balance to the end of the transaction; None where dollars are paid.

    Lock nothing after it. A cycle that has ended by `now` is gone on from.
    """
    balance = await lock_billing(connection, organization_id, now)
    return balance if balance is not None and balance.pays_in_credits else None


async def lock_billing(
    connection: asyncpg.Connection, organization_id: UUID, now: datetime
) -> Balance | None:
    """The same whatever is paid in; None where there is no row."""
    found = await lock_with_zones(connection, organization_id, now)
    return None if found is None else found[0]


async def lock_with_zones(
    connection: asyncpg.Connection, organization_id: UUID, now: datetime
) -> tuple[Balance, TimeZones] | None:
    """The same, with the organization's zones, which come along in the statement that locks."""
    row = await connection.fetchrow(sql("credit_balance_lock"), organization_id)
    if row is None:
        return None
    *figures, zone_starts, zone_names = row
    balance = Balance(*figures)
    if now >= balance.cycle_end:
        cycles = await load_cycles(connection, organization_id)
        with exact():
            grants = balance.roll(cycles, now)
        await insert_grants(connection, Scope.system(organization_id), grants, now)
        await save_balance(connection, organization_id, balance)
    return balance, TimeZones(zone_starts, zone_names)


async def load_balance(
    connection: asyncpg.Connection, organization_id: UUID, now: datetime
) -> Balance | None:
    """What the balance is at `now`, a cycle that has begun since included; changes nothing.

    None where there is no row.
    """
    row = await connection.fetchrow(sql("credit_balance_show"), organization_id)
    if row is None:
        return None
    balance = Balance(*row)
    if now >= balance.cycle_end:
        cycles = await load_cycles(connection, organization_id)
        with exact():
            balance.roll(cycles, now)
    return balance


async def add_held(connection: asyncpg.Connection, organization_id: UUID, credits: Decimal) -> None:
    """Holds credits, or frees them when negative. The caller has the balance locked."""
    await connection.execute(sql("credit_balance_hold"), organization_id, credits)


async def save_balance(
    connection: asyncpg.Connection, organization_id: UUID, balance: Balance
) -> None:
    """Writes a locked balance, or makes the row. `held` is left to `add_held`."""
    await connection.execute(
        sql("credit_balance_save"),
        organization_id,
        balance.billing_mode,
        balance.plan,
        balance.monthly_credits,
        balance.credits_per_dollar,
        balance.included_dollars,
        balance.credits_from,
        balance.limit_from,
        balance.cycle_start,
        balance.cycle_end,
        balance.monthly_granted,
        balance.monthly_used,
        balance.bonus_granted,
        balance.bonus_used,
        balance.overage,
        balance.running_total,
        balance.on_demand,
        balance.exhausted_at,
        balance.deductions,
    )


async def insert_grants(
    connection: asyncpg.Connection,
    scope: Scope,
    grants: Sequence[Grant],
    now: datetime,
    *,
    id: UUID | None = None,
) -> None:
    """Appends grants; the scope says who gave them. `id` is for a single one."""
    for grant in grants:
        await connection.execute(
            sql("credit_grant_insert"),
            scope.organization_id,
            id or uuid7(),
            grant.kind,
            grant.credits,
            grant.cycle_start,
            now,
            grant.reason,
            scope.user_id,
            scope.api_key_id,
        )
