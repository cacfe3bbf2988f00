"""One month over many projects: the cross-project summary, in one statement.

Totals are over every project in reach, shown or not. Refused: adding up what organizations spend
(a request acts in exactly one), and reading the ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import asyncpg

from models.access import Scope, owned_project_ids
from models.db import sql
from models.directory import Project
from models.money import ZERO, BudgetStatus, budget_pct, budget_status, share_pct
from models.period import Calendar, add_months
from models.summary import limit_of


class ProjectScope(StrEnum):
    """Which projects a portfolio covers."""

    OWNED = "OWNED"
    REACHABLE = "REACHABLE"


@dataclass(frozen=True, slots=True)
class ProjectSpend:
    """One project's part of a month of a portfolio."""

    project: Project
    cost: Decimal
    total_tokens: int
    total_jobs: int
    unpriced_transactions: int
    previous_cost: Decimal
    budget_limit: Decimal | None
    pct_of_total: float

    @property
    def cost_change(self) -> Decimal:
        """Dollars more than in the month before."""
        return self.cost - self.previous_cost

    @property
    def budget_pct(self) -> float | None:
        """How much of the limit was used."""
        return budget_pct(self.cost, self.budget_limit)

    @property
    def budget_status(self) -> BudgetStatus:
        """Where the month stands against the limit."""
        return budget_status(self.cost, self.budget_limit)

    @property
    def budget_remaining(self) -> Decimal | None:
        """What is left of the limit, negative when exceeded."""
        return None if self.budget_limit is None else self.budget_limit - self.cost


@dataclass(frozen=True, slots=True)
class CrossProjectSummary:
    """One month of all projects in reach, highest cost first, those without spend included."""

    organization_id: UUID
    viewer_id: UUID
    scope: ProjectScope
    month: date
    as_of: datetime
    total_cost: Decimal
    previous_cost: Decimal
    total_budget: Decimal | None
    budgeted_cost: Decimal
    projects: Sequence[ProjectSpend]

    @property
    def cost_change(self) -> Decimal:
        """Dollars more than in the month before."""
        return self.total_cost - self.previous_cost

    @property
    def total_tokens(self) -> int:
        """All tokens."""
        return sum(spend.total_tokens for spend in self.projects)

    @property
    def total_jobs(self) -> int:
        """Jobs completed in the month."""
        return sum(spend.total_jobs for spend in self.projects)

    @property
    def unpriced_transactions(self) -> int:
        """Transactions left out of the cost."""
        return sum(spend.unpriced_transactions for spend in self.projects)

    @property
    def budget_pct(self) -> float | None:
        """How much of the limits was used, by the projects that have one."""
        return budget_pct(self.budgeted_cost, self.total_budget)

    @property
    def project_count(self) -> int:
        """How many projects are summed."""
        return len(self.projects)

    @property
    def warning_count(self) -> int:
        """How many of them are at WARNING."""
        return self._count(BudgetStatus.WARNING)

    @property
    def exceeded_count(self) -> int:
        """How many of them are EXCEEDED."""
        return self._count(BudgetStatus.EXCEEDED)

    def _count(self, status: BudgetStatus) -> int:
        return sum(spend.budget_status is status for spend in self.projects)


async def load_portfolio(
    connection: asyncpg.Connection,
    scope: Scope,
    calendar: Calendar,
    month: date,
    covered: ProjectScope,
) -> CrossProjectSummary:
    """One month of the projects that the scope owns or reaches."""
    period = calendar.month(month)
    is_owned = covered is ProjectScope.OWNED
    rows = await connection.fetch(
        sql("summary_portfolio"),
        scope.organization_id,
        month,
        add_months(month, -1),
        period.end if period.is_over else None,
        await owned_project_ids(connection, scope) if is_owned else scope.project_ids,
    )
    total = sum((row["cost"] for row in rows), ZERO)
    projects = sorted(
        (_project_spend(row, total) for row in rows),
        key=lambda it: (-it.cost, it.unpriced_transactions > 0, it.project.name, it.project.id),
    )
    budgeted = [spend for spend in projects if spend.budget_limit is not None]
    return CrossProjectSummary(
        organization_id=scope.organization_id,
        viewer_id=scope.api_key_id or scope.user_id or scope.organization_id,
        scope=covered,
        month=month,
        as_of=rows[0]["as_of"] if rows else calendar.now,
        total_cost=total,
        previous_cost=sum((row["previous_cost"] for row in rows), ZERO),
        total_budget=sum((it.budget_limit or ZERO for it in budgeted), ZERO) if budgeted else None,
        budgeted_cost=sum((it.cost for it in budgeted), ZERO),
        projects=projects,
    )


def _project_spend(row: asyncpg.Record, total: Decimal) -> ProjectSpend:
    return ProjectSpend(
        project=Project._make(tuple(row)[: len(Project._fields)]),
        cost=row["cost"],
        total_tokens=row["total_tokens"],
        total_jobs=row["jobs_ended"],
        unpriced_transactions=row["unpriced"],
        previous_cost=row["previous_cost"],
        budget_limit=limit_of(row["budget_limit"]),
        pct_of_total=share_pct(row["cost"], total),
    )
