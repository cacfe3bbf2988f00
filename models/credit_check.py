"""Proving credits: each balance against a recount of grants, deductions and open reservations.

One statement an organization, so that it sees everything as of one instant, beside writers.
`rebuild_credits` makes the balance what the recount says, under its lock. Refused: changing what
was granted or deducted. What is spent beyond the limit by run and hour is a rollup, proved and
made anew with the others (`rollup_check.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

import asyncpg

from models.credit_balance import lock_billing
from models.db import Database, sql

FIGURES = (
    *("monthly_granted", "monthly_used", "bonus_granted", "bonus_used", "overage"),
    *("running_total", "on_demand", "deductions", "held"),
)
"""Columns of the balance that follow from others."""


@dataclass(frozen=True, slots=True)
class CreditDifference:
    """A figure that is not what it follows from; for counts of faults 0 is expected."""

    organization_id: UUID
    figure: str
    stored: Decimal
    recounted: Decimal


@dataclass(slots=True)
class CreditReport:
    """What `verify_credits` went through."""

    balances_checked: int = 0
    deductions_checked: int = 0
    shown: list[CreditDifference] = field(default_factory=list)

    @property
    def differences(self) -> int:
        """How many figures differ."""
        return len(self.shown)


async def verify_credits(
    database: Database,
    organization_id: UUID | None = None,
    *,
    progress: Callable[[UUID], object] | None = None,
) -> CreditReport:
    """Recounts the balance of one organization, or of all that have one."""
    report = CreditReport()
    async with database.connection() as connection:
        for id in await _ids(connection, organization_id):
            row = await connection.fetchrow(sql("credit_recount"), id)
            if row is None:
                continue
            report.balances_checked += 1
            report.deductions_checked += row["checked"]
            pairs = [(name, row[name], row[f"want_{name}"]) for name in FIGURES]
            pairs.append(("billing", int(row["billing_agrees"]), 1))
            pairs.extend((name, row[name], row["credits_taken"]) for name in ("by_day", "by_hour"))
            pairs.extend((name, row[name], 0) for name in ("broken", "unclosed"))
            report.shown.extend(
                CreditDifference(id, name, Decimal(stored), Decimal(wanted))
                for name, stored, wanted in pairs
                if stored != wanted
            )
            if progress is not None:
                progress(id)
    return report


async def rebuild_credits(database: Database, organization_id: UUID | None = None) -> int:
    """Makes every balance what it follows from; answers how many were looked at."""
    async with database.connection() as connection:
        ids = await _ids(connection, organization_id)
    return sum([await database.retry(partial(_rebuild, organization_id=id)) for id in ids])


async def _rebuild(connection: asyncpg.Connection, organization_id: UUID) -> bool:
    if await lock_billing(connection, organization_id, datetime.now(UTC)) is None:
        return False
    [row] = await connection.fetch(sql("credit_recount"), organization_id)
    wanted = [row[f"want_{name}"] for name in FIGURES]
    await connection.execute(sql("credit_balance_rebuild"), organization_id, *wanted)
    return True


async def _ids(connection: asyncpg.Connection, organization_id: UUID | None) -> list[UUID]:
    if organization_id is not None:
        return [organization_id]
    return [row["id"] for row in await connection.fetch(sql("organization_ids"))]
