"""Caps against a recount: every window from the ledger, and what is held from open reservations.

One organization at a time, in one snapshot. What a window says and what is counted again must agree
to the last digit, and so must what each reservation holds and its status. Refused: repairing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

import asyncpg

from models.cap_count import recount, recount_held
from models.cap_rule import CapRule
from models.db import Database, sql
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
    async with database.connection() as connection:
        rows = await connection.fetch(sql("organization_ids"))
    ids = [row["id"] for row in rows] if organization_id is None else [organization_id]
    for id in ids:
        async with (
            database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await _verify(connection, id, report)
        if progress is not None:
            progress(id)
    return report


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
