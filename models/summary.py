"""What projects cost: by month and agent type, over months and days, and all projects together.

Everything here is read from the rollups by ranges of their keys, for many projects in one
statement, so that an answer costs the same however long the ledger is. Shares and budget standing
are worked out here, once for every door. Callers pass ids that their scope has let through, and
statements pin its organization. Refused: reading the ledger.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Scope
from models.agent_type import agent_type
from models.db import sql
from models.money import ZERO, BudgetStatus, budget_pct, budget_status, share_pct
from models.period import Calendar, Period, add_months
from models.pipeline import PipelineRun

Date = date  # the name `date` is a property below


class MonthKey(NamedTuple):
    """A month of a project."""

    project_id: UUID
    month: date


class TopRunsKey(NamedTuple):
    """The `size` most expensive runs of a month of a project."""

    project_id: UUID
    month: date
    size: int


class SpanKey(NamedTuple):
    """Months or days of a project, from `first` to `last`, both included."""

    project_id: UUID
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class AgentSpend:
    """One agent type's part of a month."""

    agent_type: str
    label: str
    color: str
    total_jobs: int
    cost: Decimal
    pct_of_total: float
    input_tokens: int
    output_tokens: int
    total_tokens: int
    success_rate: float | None
    unpriced_transactions: int


@dataclass(frozen=True, slots=True)
class MonthlySummary:
    """A project's spend in one month. `budget_limit` is the one in force at its end, or now."""

    organization_id: UUID
    project_id: UUID
    month: date
    period: Period
    as_of: datetime
    total_cost: Decimal
    input_tokens: int
    output_tokens: int
    total_jobs: int
    unpriced_transactions: int
    previous_cost: Decimal
    budget_limit: Decimal | None
    agent_breakdown: Sequence[AgentSpend]

    @property
    def total_tokens(self) -> int:
        """Input and output tokens."""
        return self.input_tokens + self.output_tokens

    @property
    def time_zone(self) -> str:
        """IANA zone in which the month begins."""
        return self.period.time_zone

    @property
    def cost_change(self) -> Decimal:
        """Dollars more than in the month before."""
        return self.total_cost - self.previous_cost

    @property
    def budget_pct(self) -> float | None:
        """How much of the limit was used."""
        return budget_pct(self.total_cost, self.budget_limit)

    @property
    def budget_status(self) -> BudgetStatus:
        """Where the month stands against the limit."""
        return budget_status(self.total_cost, self.budget_limit)

    @property
    def budget_remaining(self) -> Decimal | None:
        """What is left of the limit, negative when exceeded."""
        return None if self.budget_limit is None else self.budget_limit - self.total_cost


@dataclass(frozen=True, slots=True)
class RunSpend:
    """One run's part of a month."""

    run: PipelineRun
    cost: Decimal
    pct_of_total: float
    unpriced_transactions: int
    total_tokens: int
    job_count: int

    @property
    def status(self) -> str:
        """How the run stands."""
        return self.run.status

    @property
    def trigger(self) -> str | None:
        """What set the run off."""
        return self.run.trigger

    @property
    def started_at(self) -> datetime:
        """When the run began, possibly in an earlier month."""
        return self.run.started_at


@dataclass(frozen=True, slots=True)
class Point:
    """One month or day of a series."""

    period: Period
    cost: Decimal
    total_tokens: int
    job_count: int
    unpriced_transactions: int

    @property
    def date(self) -> Date:
        """The day; of a month, the first."""
        return self.period.first_date

    @property
    def month(self) -> Date:
        """The month, as its first day."""
        return self.period.first_date


async def load_summaries(
    connection: asyncpg.Connection, scope: Scope, calendar: Calendar, keys: Sequence[MonthKey]
) -> list[MonthlySummary]:
    """The month of each key, in one statement."""
    periods = [calendar.month(key.month) for key in keys]
    rows = await connection.fetch(
        sql("summary_month"),
        scope.organization_id,
        [key.project_id for key in keys],
        [key.month for key in keys],
        [add_months(key.month, -1) for key in keys],
        [period.end if period.is_over else None for period in periods],
    )
    found: list[list[asyncpg.Record]] = [[] for _ in keys]
    for row in rows:
        found[row["place"] - 1].append(row)
    return [
        _summary(scope.organization_id, key, period, parts)
        for key, period, parts in zip(keys, periods, found, strict=True)
    ]


def _summary(
    organization_id: UUID, key: MonthKey, period: Period, rows: Sequence[asyncpg.Record]
) -> MonthlySummary:
    head, spent = rows[0], [row for row in rows if row["agent_type"] is not None]
    total = sum((row["cost"] for row in spent), ZERO)
    return MonthlySummary(
        organization_id=organization_id,
        project_id=key.project_id,
        month=key.month,
        period=period,
        as_of=head["as_of"],
        total_cost=total,
        input_tokens=sum(row["input_tokens"] for row in spent),
        output_tokens=sum(row["output_tokens"] for row in spent),
        total_jobs=sum(row["jobs_ended"] for row in spent),
        unpriced_transactions=sum(row["unpriced"] for row in spent),
        previous_cost=head["previous_cost"],
        budget_limit=limit_of(head["budget_limit"]),
        agent_breakdown=_breakdown(spent, total),
    )


def limit_of(value: str | None) -> Decimal | None:
    """A limit as it is kept in the settings."""
    return None if value is None else Decimal(value)


def _breakdown(rows: Iterable[asyncpg.Record], total: Decimal) -> list[AgentSpend]:
    """Highest cost first, then what has unpriced spend last, then by name.

    What corrections have brought back to nothing is left out.
    """
    spend = [_agent_spend(row, total) for row in rows if _is_something(row)]
    return sorted(spend, key=lambda it: (-it.cost, it.unpriced_transactions > 0, it.agent_type))


def _is_something(row: asyncpg.Record) -> bool:
    sums = ("cost", "unpriced", "requests", "jobs_ended", "input_tokens", "output_tokens")
    return any(row[name] for name in sums)


def _agent_spend(row: asyncpg.Record, total: Decimal) -> AgentSpend:
    kind, ended = agent_type(row["agent_type"]), row["jobs_ended"]
    return AgentSpend(
        agent_type=kind.name,
        label=kind.label,
        color=kind.color,
        total_jobs=ended,
        cost=row["cost"],
        pct_of_total=share_pct(row["cost"], total),
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        total_tokens=row["input_tokens"] + row["output_tokens"],
        success_rate=row["jobs_succeeded"] / ended if ended else None,
        unpriced_transactions=row["unpriced"],
    )


async def load_top_runs(
    connection: asyncpg.Connection,
    scope: Scope,
    keys: Sequence[TopRunsKey],
    totals: Sequence[Decimal],
) -> list[list[RunSpend]]:
    """The most expensive runs of each key's month, as shares of that month's total cost."""
    rows = await connection.fetch(
        sql("summary_top_runs"),
        scope.organization_id,
        [key.project_id for key in keys],
        [key.month for key in keys],
        [key.size for key in keys],
    )
    found: list[list[RunSpend]] = [[] for _ in keys]
    for row in rows:
        *run, cost, unpriced, total_tokens, jobs_ended, place = row
        share = share_pct(cost, totals[place - 1])
        spend = RunSpend(PipelineRun._make(run), cost, share, unpriced, total_tokens, jobs_ended)
        found[place - 1].append(spend)
    return found


async def load_trends(
    connection: asyncpg.Connection, scope: Scope, calendar: Calendar, keys: Sequence[SpanKey]
) -> list[list[Point]]:
    """Each key's months, oldest first, those without spend included."""
    found = await _sums_by_date(connection, scope, "summary_trend", keys)
    return [
        [_point(calendar.month(month), sums.get(month)) for month in _months(key)]
        for key, sums in zip(keys, found, strict=True)
    ]


async def load_daily(
    connection: asyncpg.Connection, scope: Scope, calendar: Calendar, keys: Sequence[SpanKey]
) -> list[list[Point]]:
    """Each key's days, oldest first, those without spend included."""
    found = await _sums_by_date(connection, scope, "summary_daily", keys)
    return [
        [_point(calendar.day(day), sums.get(day)) for day in _days(key)]
        for key, sums in zip(keys, found, strict=True)
    ]


class _Sums(NamedTuple):
    """The columns of `summary_trend.sql` and `summary_daily.sql` after place and date."""

    cost: Decimal = ZERO
    total_tokens: int = 0
    job_count: int = 0
    unpriced: int = 0


async def _sums_by_date(
    connection: asyncpg.Connection, scope: Scope, statement: str, keys: Sequence[SpanKey]
) -> list[dict[date, _Sums]]:
    rows = await connection.fetch(
        sql(statement),
        scope.organization_id,
        [key.project_id for key in keys],
        [key.first for key in keys],
        [key.last for key in keys],
    )
    found: list[dict[date, _Sums]] = [{} for _ in keys]
    for place, day, *sums in rows:
        found[place - 1][day] = _Sums._make(sums)
    return found


def _point(period: Period, sums: _Sums | None) -> Point:
    cost, total_tokens, job_count, unpriced = sums or _Sums()
    return Point(period, cost, total_tokens, job_count, unpriced)


def _months(key: SpanKey) -> Iterable[date]:
    month = key.first
    while month <= key.last:
        yield month
        month = add_months(month, 1)


def _days(key: SpanKey) -> Iterable[date]:
    return (key.first + timedelta(days=n) for n in range((key.last - key.first).days + 1))
