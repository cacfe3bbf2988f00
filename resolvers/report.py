"""Asking for reports: the arguments of 003's procedures checked, and their answers loaded.

Shared by the fields of `Project` and `Organization` and the root fields of the same names.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from models import summary
from models.entry import CreditTransaction, EntryFilter
from models.page import PageKey
from models.period import add_months
from models.portfolio import CrossProjectSummary, ProjectScope
from resolvers.connection import in_range
from resolvers.context import Context
from resolvers.enums import TransactionKind
from resolvers.field import given
from resolvers.loaders import EntriesKey, PortfolioKey


async def monthly_summary(
    context: Context, project_id: UUID, month: date | None
) -> summary.MonthlySummary:
    """A month of a project, the running one when None."""
    month = given(month) or (await context.loaders.calendar()).current_month
    return await context.loaders.summary.load(summary.MonthKey(project_id, month))


async def monthly_trend(
    context: Context, project_id: UUID, months: int, until: date | None
) -> list[summary.Point]:
    """As many months of a project, the last of them `until`, or the running one."""
    in_range("months", months, 1, 60)
    last = given(until) or (await context.loaders.calendar()).current_month
    first = add_months(last, 1 - months)
    return await context.loaders.trend.load(summary.SpanKey(project_id, first, last))


async def daily_spend(
    context: Context, project_id: UUID, days: int, until: date | None
) -> list[summary.Point]:
    """As many days of a project, the last of them `until`, or today."""
    in_range("days", days, 1, 366)
    last = given(until) or (await context.loaders.calendar()).today
    first = last - timedelta(days=days - 1)
    return await context.loaders.daily.load(summary.SpanKey(project_id, first, last))


async def recent_transactions(
    context: Context, project_id: UUID, limit: int, kinds: Sequence[TransactionKind]
) -> Sequence[CreditTransaction]:
    """The latest entries of a project's ledger, of these kinds."""
    in_range("limit", limit, 1, 100)
    wanted = EntryFilter(kinds=tuple(sorted({kind.name for kind in kinds})))
    key = EntriesKey(PageKey(project_id, limit), wanted)
    return (await context.loaders.entries.load(key)).items


async def cross_project_summary(
    context: Context, month: date | None, covered: ProjectScope
) -> CrossProjectSummary:
    """A month over the projects that the caller owns or reaches."""
    month = given(month) or (await context.loaders.calendar()).current_month
    return await context.loaders.portfolio.load(PortfolioKey(month, covered))
