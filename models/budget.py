"""A project's monthly budget limit: shown, set, taken away, and every change of it written down.

Kept in `billing_setting` under `ai_budget_monthly_limit` as dollars in canonical text. It warns and
never blocks. A change and its audit row are one transaction, under a lock of the project, so that
each row's old value is the one before it. Saying the same again changes nothing and leaves no row.
Refused: limits below 0, above a billion dollars, or with more than 12 decimals; and removing by
setting null (`remove_limit` does that).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Role, Scope, locate_project
from models.db import sql
from models.errors import UserError, UserErrors
from models.ids import uuid7
from models.money import DECIMALS, BudgetStatus, budget_pct, budget_status, decimals, plain
from models.page import NEWEST, Page, PageKey, page_parameters, pages
from models.period import Calendar
from models.summary import limit_of

GREATEST_LIMIT = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True)
class Budget:
    """A project's threshold and where its running month stands; `limit` is None when not set."""

    organization_id: UUID
    project_id: UUID
    month: date
    limit: Decimal | None
    spent: Decimal
    updated_at: datetime | None
    updated_by: UUID | None

    @property
    def remaining(self) -> Decimal | None:
        """What is left, negative when exceeded."""
        return None if self.limit is None else self.limit - self.spent

    @property
    def pct(self) -> float | None:
        """How much was used."""
        return budget_pct(self.spent, self.limit)

    @property
    def status(self) -> BudgetStatus:
        """Where the month stands."""
        return budget_status(self.spent, self.limit)


class BudgetChange(NamedTuple):
    """One change of a limit. The values are kept as text."""

    id: UUID
    changed_at: datetime
    changed_by: UUID | None
    old_value: str | None
    new_value: str | None

    @property
    def old_limit(self) -> Decimal | None:
        """The limit before; None when there was none."""
        return limit_of(self.old_value)

    @property
    def new_limit(self) -> Decimal | None:
        """The limit after; None when it was removed."""
        return limit_of(self.new_value)


def check_limit(limit: Decimal) -> list[UserError]:
    """What is wrong with a limit; nothing when it may be set."""
    if not 0 <= limit <= GREATEST_LIMIT:
        message = f"limitDollars is {_shown(limit)}; 0 to {plain(GREATEST_LIMIT)} is expected."
        return [UserError("OUT_OF_RANGE", message, ("limitDollars",))]
    if decimals(limit) > DECIMALS:
        message = f"limitDollars has {decimals(limit)} decimals; at most {DECIMALS} are kept."
        return [UserError("TOO_PRECISE", message, ("limitDollars",))]
    return []


def _shown(limit: Decimal) -> str:
    text = plain(limit)
    return text if len(text) <= 40 else f"{text[:40]}..."


async def set_limit(
    connection: asyncpg.Connection, scope: Scope, project_id: UUID, limit: Decimal
) -> bool:
    """Sets a project's limit and tells whether that changed anything. ADMIN of the project."""
    await locate_project(connection, scope, project_id, Role.ADMIN)
    errors = check_limit(limit)
    if errors:
        raise UserErrors(errors)
    return await _change(connection, scope, project_id, plain(limit))


async def remove_limit(connection: asyncpg.Connection, scope: Scope, project_id: UUID) -> bool:
    """Takes a project's limit away and tells whether there was one. ADMIN of the project."""
    await locate_project(connection, scope, project_id, Role.ADMIN)
    return await _change(connection, scope, project_id, None)


async def _change(
    connection: asyncpg.Connection, scope: Scope, project_id: UUID, value: str | None
) -> bool:
    project = (scope.organization_id, project_id)
    await connection.execute(sql("budget_lock"), *project)
    old_value = await connection.fetchval(sql("budget_limit"), *project)
    if old_value == value:
        return False
    # Taken under the lock, so that the order of the audit rows is the order of the changes.
    now = datetime.now(UTC)
    if value is None:
        await connection.execute(sql("budget_remove"), *project)
    else:
        await connection.execute(sql("budget_set"), *project, value, now, scope.user_id)
    await connection.execute(
        sql("budget_record_change"),
        scope.organization_id,
        uuid7(),
        project_id,
        old_value,
        value,
        now,
        scope.user_id,
        scope.api_key_id,
    )
    return True


async def load_budgets(
    connection: asyncpg.Connection, scope: Scope, calendar: Calendar, ids: Sequence[UUID]
) -> list[Budget]:
    """The budget of each project, in one statement; there always is one."""
    rows = await connection.fetch(
        sql("budget_show"), scope.organization_id, list(ids), calendar.current_month
    )
    found = {row["project_id"]: row for row in rows}
    return [_budget(scope.organization_id, calendar, found[id]) for id in ids]


def _budget(organization_id: UUID, calendar: Calendar, row: asyncpg.Record) -> Budget:
    return Budget(
        organization_id=organization_id,
        project_id=row["project_id"],
        month=calendar.current_month,
        limit=limit_of(row["budget_limit"]),
        spent=row["spent"],
        updated_at=row["changed_at"],
        updated_by=row["changed_by"],
    )


async def list_changes(
    connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
) -> list[Page[BudgetChange]]:
    """A page of the changes of each project's limit, newest first."""
    rows = await connection.fetch(
        sql("budget_change_list"), scope.organization_id, *page_parameters(keys, NEWEST)
    )
    return pages(keys, rows, BudgetChange._make)
