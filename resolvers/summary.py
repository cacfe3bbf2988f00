"""Reports of spend: a project's month, trend and days, and all projects together (003)."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import UNSET, argument, field

from models import portfolio, summary
from models.entry import CreditTransaction
from models.ids import encode
from models.period import format_month
from resolvers import node, report
from resolvers.connection import in_range
from resolvers.context import Info
from resolvers.enums import BudgetStatus, ProjectScope, RunStatus
from resolvers.field import computed
from resolvers.period import Period
from resolvers.permissions import reachable_project
from resolvers.project import (
    USAGE_ONLY,
    Days,
    Kinds,
    Latest,
    Months,
    Project,
    UntilMonth,
    project_of,
)
from resolvers.run import PipelineRun
from resolvers.scalars import BigInt, Month

Date = date  # the name `date` is a field's below
OfProject = Annotated[strawberry.ID, argument(description="Which project.")]


def _run_id(root: summary.RunSpend) -> strawberry.ID:
    return strawberry.ID(encode(node.RUN, root.run.organization_id, root.run.id))


def _summary_id(root: summary.MonthlySummary) -> strawberry.ID:
    month = format_month(root.month)
    return strawberry.ID(encode(node.MONTHLY_SUMMARY, root.organization_id, root.project_id, month))


async def _top_runs(
    root: summary.MonthlySummary,
    info: Info,
    limit: Annotated[int, argument(description="How many, 1 to 50.")] = 5,
) -> list[summary.RunSpend]:
    size = in_range("limit", limit, 1, 50)
    key = summary.TopRunsKey(root.project_id, root.month, size)
    return await info.context.loaders.top_runs.load(key)


def _portfolio_id(root: portfolio.CrossProjectSummary) -> strawberry.ID:
    rest = f"{format_month(root.month)}:{root.scope}"
    return strawberry.ID(
        encode(node.CROSS_PROJECT_SUMMARY, root.organization_id, root.viewer_id, rest)
    )


def _projects(
    root: portfolio.CrossProjectSummary,
    limit: Annotated[
        int,
        argument(description="How many, 1 to 1000; `projectCount` tells whether some are cut."),
    ] = 100,
) -> Sequence[portfolio.ProjectSpend]:
    return root.projects[: in_range("limit", limit, 1, 1000)]


@strawberry.type(description="One agent type's part of a month.")
class AgentSpend:
    agent_type: str = field(description="Canonical name; `unattributed` for spend outside any job.")
    label: str = field(description="Name to show.")
    color: str = field(description="Colour, `#rrggbb`.")
    total_jobs: int = field(description="Jobs completed in the month.")
    cost: Decimal = field(description="Dollars, unpriced transactions left out.")
    pct_of_total: float = field(
        description="Share of the month's cost, 0..100; 0 when nothing was spent.",
    )
    input_tokens: BigInt = field(description="Input tokens, cached ones included.")
    output_tokens: BigInt = field(description="Output tokens, reasoning included.")
    total_tokens: BigInt = field(description="Sum of the two.")
    success_rate: float | None = field(
        description="Jobs that succeeded / jobs that ended, 0..1; null when none ended.",
    )
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `cost`.",
    )


@strawberry.type(
    description="One run's part of a month. A run over two months has its part in each."
)
class RunSpend:
    run_id: strawberry.ID = computed(_run_id, description="Same as `run.id` (003's name).")
    run: PipelineRun = field(description="The run.")
    status: RunStatus = field(description="How the run stands.")
    trigger: str | None = field(description="What set it off.")
    started_at: datetime = field(description="When it began, possibly in an earlier month.")
    job_count: int = field(description="Jobs completed in the month.")
    total_tokens: BigInt = field(description="Tokens in the month.")
    cost: Decimal = field(description="Dollars in the month, unpriced transactions left out.")
    pct_of_total: float = field(
        description="Share of the month's cost, 0..100; 0 when nothing was spent.",
    )
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `cost`.",
    )


@strawberry.type(description="A project's spend in one month (003).")
class MonthlySummary:
    id: strawberry.ID = computed(
        _summary_id,
        description="Identity of (project, month), for caches.",
    )
    project: Project = computed(project_of, description="Whose spend.")
    month: Month = field(description="Which month.")
    time_zone: str = field(description="IANA zone in which the month begins.")
    period: Period = field(description="The month as instants.")
    as_of: datetime = field(
        description="When these figures were read; of two answers the later one holds.",
    )
    total_cost: Decimal = field(description="Dollars, unpriced transactions left out.")
    total_tokens: BigInt = field(description="Input and output tokens.")
    input_tokens: BigInt = field(description="Input tokens, cached ones included.")
    output_tokens: BigInt = field(description="Output tokens, reasoning included.")
    total_jobs: int = field(description="Agent jobs completed in the month.")
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `totalCost`.",
    )
    previous_cost: Decimal = field(description="Dollars of the whole month before.")
    cost_change: Decimal = field(description="`totalCost` minus `previousCost`.")
    budget_limit: Decimal | None = field(
        description=(
            "The limit in force at the end of the month, now in the running one; null when none."
        ),
    )
    budget_pct: float | None = field(
        description=(
            "`totalCost` / `budgetLimit` * 100; null without a limit and with a limit of 0."
        ),
    )
    budget_status: BudgetStatus = field(description="Where the month stands against the limit.")
    budget_remaining: Decimal | None = field(
        description=(
            "`budgetLimit` minus `totalCost`, negative when exceeded; null without a limit."
        ),
    )
    agent_breakdown: list[AgentSpend] = field(
        description="Spend by agent type, highest cost first; sums to the totals.",
    )
    top_runs: list[RunSpend] = computed(
        _top_runs,
        description="The most expensive runs of the month, highest first.",
    )


@strawberry.type(description="One month of a trend.")
class MonthlyPoint:
    month: Month = field(description="Which month.")
    period: Period = field(description="The month as instants.")
    cost: Decimal = field(description="Dollars, unpriced transactions left out.")
    total_tokens: BigInt = field(description="All tokens.")
    job_count: int = field(description="Jobs completed in the month.")
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `cost`.",
    )


@strawberry.type(description="One day of a series.")
class DailyPoint:
    date: Date = field(description="Which local day.")
    period: Period = field(description="The day as instants; 23 to 25 hours.")
    cost: Decimal = field(description="Dollars, unpriced transactions left out.")
    total_tokens: BigInt = field(description="All tokens.")
    job_count: int = field(description="Jobs completed on the day.")
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `cost`.",
    )


@strawberry.type(description="One project's part of a cross-project summary.")
class ProjectSpend:
    project: Project = field(description="Which project.")
    cost: Decimal = field(description="Dollars, unpriced transactions left out.")
    total_tokens: BigInt = field(description="All tokens.")
    total_jobs: int = field(description="Jobs completed in the month.")
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `cost`.",
    )
    budget_limit: Decimal | None = field(
        description="The limit, as in `MonthlySummary.budgetLimit`.",
    )
    budget_pct: float | None = field(description="As in `MonthlySummary.budgetPct`.")
    budget_status: BudgetStatus = field(description="As in `MonthlySummary.budgetStatus`.")
    budget_remaining: Decimal | None = field(description="As in `MonthlySummary.budgetRemaining`.")
    pct_of_total: float = field(
        description="Share of the summary's cost, 0..100; 0 when nothing was spent.",
    )
    previous_cost: Decimal = field(description="Dollars of the whole month before.")
    cost_change: Decimal = field(description="`cost` minus `previousCost`.")


@strawberry.type(description="One month over all projects that the caller owns or may see (003).")
class CrossProjectSummary:
    id: strawberry.ID = computed(
        _portfolio_id,
        description="Identity of (viewer, organization, month), for caches.",
    )
    month: Month = field(description="Which month; in each project's own organization's zone.")
    as_of: datetime = field(description="When these figures were read.")
    total_cost: Decimal = field(description="Dollars, unpriced transactions left out.")
    total_tokens: BigInt = field(description="All tokens.")
    total_jobs: int = field(description="Jobs completed in the month.")
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `totalCost`.",
    )
    previous_cost: Decimal = field(description="Dollars of the whole month before.")
    cost_change: Decimal = field(description="`totalCost` minus `previousCost`.")
    total_budget: Decimal | None = field(
        description="Sum of the limits of projects that have one; null when none has.",
    )
    budgeted_cost: Decimal = field(
        description="Dollars of the projects that have a limit: what `totalBudget` compares with.",
    )
    budget_pct: float | None = field(
        description="`budgetedCost` / `totalBudget` * 100; null when `totalBudget` is null or 0.",
    )
    project_count: int = field(description="How many projects are summed, shown or not.")
    warning_count: int = field(description="How many of them are at WARNING.")
    exceeded_count: int = field(description="How many of them are EXCEEDED.")
    projects: list[ProjectSpend] = computed(
        _projects,
        description="Projects, highest cost first, those without spend included.",
    )


async def get_monthly_summary(
    info: Info,
    project_id: OfProject,
    month: Annotated[
        Month | None,
        argument(
            description="Which month; the running one in the organization's zone when omitted."
        ),
    ] = UNSET,
) -> summary.MonthlySummary:
    """A project's spend in one month."""
    project = await reachable_project(info.context, project_id)
    return await report.monthly_summary(info.context, project.id, month)


async def get_monthly_trend(
    info: Info, project_id: OfProject, months: Months = 6, until: UntilMonth = UNSET
) -> list[summary.Point]:
    """A project's spend by month."""
    project = await reachable_project(info.context, project_id)
    return await report.monthly_trend(info.context, project.id, months, until)


async def get_daily_spend(
    info: Info,
    project_id: OfProject,
    days: Days = 30,
    until: Annotated[
        date | None, argument(description="The last of them; the running one when omitted.")
    ] = UNSET,
) -> list[summary.Point]:
    """A project's spend by day."""
    project = await reachable_project(info.context, project_id)
    return await report.daily_spend(info.context, project.id, days, until)


async def get_recent_transactions(
    info: Info, project_id: OfProject, limit: Latest = 50, kinds: Kinds = USAGE_ONLY
) -> Sequence[CreditTransaction]:
    """The latest entries of a project's ledger."""
    project = await reachable_project(info.context, project_id)
    return await report.recent_transactions(info.context, project.id, limit, kinds)


async def get_cross_project_summary(
    info: Info,
    month: Annotated[
        Month | None,
        argument(description="Which month; the running one of `viewer.organization` when omitted."),
    ] = UNSET,
    scope: Annotated[
        ProjectScope,
        argument(description="Owned projects only (003), or all that the caller may see."),
    ] = ProjectScope.REACHABLE,
) -> portfolio.CrossProjectSummary:
    """One month over the caller's projects."""
    covered = portfolio.ProjectScope[scope.name]
    return await report.cross_project_summary(info.context, month, covered)
