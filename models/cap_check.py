"""Caps against a recount: every window from the ledger, and what is held from open reservations.

One organization at a time, in one snapshot. What a window says and what is counted again must agree
to the last digit, and so must what each reservation holds and its status. `recount_caps` makes
windows say what was counted, behind a closed gate: after servers that did not know of caps yet.
Refused: repairing reservations, which are what everything is recounted from.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from uuid import UUID

import asyncpg

from models.cap_count import recount, recount_held, write_counts
from models.cap_rule import CapRule
from models.db import Database, sql
from models.gate import close_gate
from models.money import ZERO

SHOWN = 20


@dataclass(frozen=True, slots=True)
class CapDifference:
    """A window of a cap that does not say what was counted again."""

    organization_id: UUID
    cap_id: UUID
    first_date: date
    stored: tuple[Decimal, Decimal, int]
    """Spent, held, unpriced."""
    recounted: tuple[Decimal, Decimal, int]


@dataclass(slots=True)
class CapReport:
    """What a check found. `wrong_holds` are reservations that hold what their status denies."""

    caps_checked: int = 0
    windows_checked: int = 0
    reservations_open: int = 0
    differences: int = 0
    wrong_holds: int = 0
    credits_difference: Decimal = ZERO
    shown: list[CapDifference] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs."""
        return not (self.differences or self.wrong_holds or self.credits_difference)


async def verify_caps(
    database: Database,
    organization_id: UUID | None = None,
    *,
    progress: Callable[[UUID], object] | None = None,
) -> CapReport:
    """Counts every cap again, of one organization or of all."""
    report = CapReport()
    for id in await _organizations(database, organization_id):
        async with (
            database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await _verify(connection, id, report)
        if progress is not None:
            progress(id)
    return report


async def _organizations(database: Database, only: UUID | None) -> list[UUID]:
    if only is not None:
        return [only]
    async with database.connection() as connection:
        return [row["id"] for row in await connection.fetch(sql("organization_ids"))]


async def recount_caps(database: Database, organization_id: UUID | None = None) -> int:
    """Makes every window say what the ledger and open reservations do; tells how many differed."""
    report = await verify_caps(database, organization_id)
    for id in await _organizations(database, organization_id):
        await database.retry(partial(_recount, organization_id=id))
    return report.differences


async def _recount(connection: asyncpg.Connection, organization_id: UUID) -> None:
    await close_gate(connection, organization_id)
    rules = [CapRule(*row) for row in await connection.fetch(sql("cap_live"), organization_id)]
    counts = await recount(connection, organization_id, rules)
    await write_counts(connection, organization_id, rules, counts)
    held = await recount_held(connection, organization_id)
    rows = await connection.fetch(sql("cap_windows_live"), organization_id)
    keys = [(row["cap_id"], row["first_date"]) for row in rows]
    missing = [held.get(key, ZERO) - row["held"] for key, row in zip(keys, rows, strict=True)]
    await connection.execute(
        sql("cap_window_hold"),
        organization_id,
        [cap_id for cap_id, _ in keys],
        [first_date for _, first_date in keys],
        missing,
    )


async def _verify(connection: asyncpg.Connection, organization_id: UUID, report: CapReport) -> None:
    rules = [CapRule(*row) for row in await connection.fetch(sql("cap_live"), organization_id)]
    counts = await recount(connection, organization_id, rules)
    held = await recount_held(connection, organization_id)
    recounted: dict[tuple[UUID, date], tuple[Decimal, Decimal, int]] = {
        key: (ZERO, amount, 0) for key, amount in held.items()
    }
    for (cap_id, window), counted in counts.items():
        key = (cap_id, window.first)
        recounted[key] = (counted.spent, held.get(key, ZERO), counted.unpriced)
    rows = await connection.fetch(sql("cap_windows_live"), organization_id)
    stored = {
        (row["cap_id"], row["first_date"]): (row["spent"], row["held"], row["unpriced"])
        for row in rows
    }
    nothing = (ZERO, ZERO, 0)
    for key in sorted(stored.keys() | recounted.keys()):
        is_, should = stored.get(key, nothing), recounted.get(key, nothing)
        if is_ != should:
            report.differences += 1
            if len(report.shown) < SHOWN:
                report.shown.append(CapDifference(organization_id, *key, is_, should))
    [row] = await connection.fetch(sql("reservation_check"), organization_id)
    report.caps_checked += len(rules)
    report.windows_checked += len(stored.keys() | recounted.keys())
    report.reservations_open += row["open_count"]
    report.wrong_holds += row["wrong_count"]
    report.credits_difference += abs(row["credits_stored"] - row["credits_held"])
