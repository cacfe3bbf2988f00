"""What posted entries are charged to: credits by bucket, and dollars within or beyond the limit.

Written last, in the transaction that posts, under the lock of the organization's balance: credits
and classes follow the order of posting, while money follows the instant of the call. Monthly
credits go first, then bonus credits; the rest is overage. What is given back goes the other way
about, so that a cycle ends as if what was taken back had never been posted. Refused: unpriced
entries, usage from before there were credits or a limit, and changing what was deducted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from models.credit_balance import Balance, exact, lock_with_zones
from models.credit_use import add_credits, posting_hour
from models.ledger_statement import Taken
from models.money import ZERO
from models.posting import Entry
from models.rollup import ON_DEMAND


class Deduction(NamedTuple):
    """How one entry is paid for: credits by bucket, and its cost by class.

    `credits_per_dollar` is None where no credits are taken, `limit_dollars` where no limit applies.
    """

    entry: Entry
    monthly: Decimal
    bonus: Decimal
    overage: Decimal
    included_cost: Decimal
    on_demand_cost: Decimal
    running_total: Decimal
    credits_per_dollar: Decimal | None
    limit_dollars: Decimal | None
    place: int

    @property
    def credits(self) -> Decimal:
        """All credits that it takes."""
        return self.monthly + self.bonus + self.overage

    def row(self) -> tuple[Any, ...]:
        """In the order of the fields of `credit_charge`."""
        of = self.entry.attribution
        return (
            *(self.entry.id, self.monthly, self.bonus, self.overage, self.included_cost),
            *(self.on_demand_cost, self.running_total, self.credits_per_dollar),
            *(self.limit_dollars, self.place, of.project_id, of.run_id, of.occurred_at),
            *(of.day.date, of.day.utc_offset_seconds),
        )


def deduct(balance: Balance, entries: Iterable[Entry]) -> list[Deduction]:
    """Charges entries to a balance, one after the other, and leaves it as it is after them."""
    made: list[Deduction] = []
    with exact():
        for entry in entries:
            occurred_at = entry.attribution.occurred_at
            takes, limited = balance.takes_credits(occurred_at), balance.is_limited(occurred_at)
            if entry.cost is None or not (takes or limited):
                continue
            rate = balance.credits_per_dollar if takes else None
            limit = balance.included_dollars if limited else None
            split = _take(balance, entry.cost * rate) if rate is not None else (ZERO, ZERO, ZERO)
            on_demand = _classify(balance, entry.cost, limit) if limit is not None else ZERO
            balance.deductions += 1
            made.append(
                Deduction(
                    entry,
                    *split,
                    entry.cost - on_demand,
                    on_demand,
                    balance.running_total,
                    rate,
                    limit,
                    balance.deductions,
                )
            )
    return made


def _take(balance: Balance, credits: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Monthly, bonus and overage credits; below 0 where credits are given back."""
    if credits >= 0:
        monthly = min(credits, balance.monthly_remaining)
        bonus = min(credits - monthly, balance.bonus_remaining)
        overage = credits - monthly - bonus
    else:
        overage = ZERO - min(-credits, balance.overage)
        bonus = ZERO - min(overage - credits, balance.bonus_used)
        monthly = credits - overage - bonus
    balance.monthly_used += monthly
    balance.bonus_used += bonus
    balance.overage += overage
    return monthly, bonus, overage


def _classify(balance: Balance, cost: Decimal, limit: Decimal) -> Decimal:
    """The part of a cost beyond the limit: of what the running total passes it by."""
    before = balance.running_total
    if cost >= 0:
        on_demand = cost - min(cost, max(limit - before, ZERO))
    else:
        on_demand = ZERO - min(-cost, max(before - limit, ZERO), balance.on_demand)
    balance.running_total += cost
    balance.on_demand += on_demand
    return on_demand


async def charge(
    connection: asyncpg.Connection,
    organization_id: UUID,
    posted_at: datetime,
    entries: Sequence[Entry],
    taken: Taken,
) -> list[Deduction]:
    """Charges entries that were just appended, and answers how.

    Raises SerializationError when billing was changed since they were (`taken`): whatever else
    this transaction did by it has to be done anew.
    """
    found = await lock_with_zones(connection, organization_id, posted_at)
    if found is None:
        return []
    balance, zones = found
    billing = (balance.billing_mode, balance.credits_per_dollar, balance.included_dollars)
    if billing != (taken.billing_mode, taken.credits_per_dollar, taken.included_dollars):
        raise asyncpg.SerializationError("the organization's billing was changed")
    deductions = deduct(balance, entries)
    balance.note_exhaustion(posted_at)
    if deductions:
        await connection.execute(
            _STATEMENT,
            organization_id,
            posted_at,
            [deduction.row() for deduction in deductions],
            balance.cycle_start,
            balance.monthly_used,
            balance.bonus_used,
            balance.overage,
            balance.running_total,
            balance.on_demand,
            balance.exhausted_at,
            balance.deductions,
        )
    if used := _credit_use(balance, entries, deductions):
        hour = posting_hour(zones, posted_at, balance.cycle_start)
        await add_credits(connection, organization_id, hour, used)
    return deductions


def _credit_use(
    balance: Balance, entries: Iterable[Entry], deductions: Iterable[Deduction]
) -> list[tuple[Entry, Decimal]]:
    """The credits that each entry took of those that take credits, unpriced ones included."""
    with exact():
        took = {deduction.entry.id: deduction.credits for deduction in deductions}
    return [
        (entry, took.get(entry.id, ZERO))
        for entry in entries
        if balance.takes_credits(entry.attribution.occurred_at)
    ]


_COLUMNS = (
    "transaction_id, monthly_credits, bonus_credits, overage_credits, included_cost,"
    " on_demand_cost, running_total, credits_per_dollar, limit_dollars, place"
)
_STATEMENT = f"""
WITH deducted AS (
    INSERT INTO credit_deduction (organization_id, posted_at, cycle_start, {_COLUMNS})
    SELECT $1, $2, $4, {_COLUMNS} FROM unnest($3::credit_charge[]) AS c
    ORDER BY c.place
),
{ON_DEMAND.table}_written AS ({ON_DEMAND.upsert("unnest($3::credit_charge[]) AS e", "")})
UPDATE credit_balance
SET monthly_used = $5, bonus_used = $6, overage = $7, running_total = $8, on_demand = $9,
    exhausted_at = $10, deductions = $11
WHERE organization_id = $1"""  # noqa: S608 - names of ours
