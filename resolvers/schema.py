"""The public schema: everything that can be asked and changed, each root field with what it takes.

Read this first, then the noun's own file. `schema` is what the doors execute; `sdl()` is what
`schema.graphql` at the root of the repository must equal.
"""

from typing import Annotated, Any

import strawberry
from strawberry import argument
from strawberry.schema.config import StrawberryConfig

from resolvers import budget, summary, usage
from resolvers.agent_type import AgentType, list_agent_types
from resolvers.context import Info
from resolvers.node import Node, find_node
from resolvers.organization import Organization, Viewer, get_organization, get_viewer
from resolvers.permissions import (
    ANYONE,
    CHANGES_PROJECT,
    SEES,
    SEES_PROJECT,
    SPENDS_ON_PROJECT,
    rooted,
)
from resolvers.project import Project, ProjectConnection, get_project, list_projects
from resolvers.run import PipelineRun, get_pipeline_run
from resolvers.scalars import SCALARS
from resolvers.transaction import CreditTransaction
from resolvers.workspace import Workspace, get_workspace


async def _node(
    info: Info, id: Annotated[strawberry.ID, argument(description="Any id that an answer held.")]
) -> Any:
    return await find_node(info.context, id)


@strawberry.type(
    description=(
        "What can be asked. A field is null only beside an entry in `errors`; a thing that is not "
        "yours and one that does not exist both answer NOT_FOUND."
    )
)
class Query:
    node: Node | None = rooted(SEES, _node, "Any thing by its id.")
    viewer: Viewer | None = rooted(ANYONE, get_viewer, "Who is asking.")
    organization: Organization | None = rooted(
        ANYONE,
        get_organization,
        "An organization; the viewer's when `id` is omitted.",
    )
    workspace: Workspace | None = rooted(SEES, get_workspace, "A workspace.")
    project: Project | None = rooted(
        SEES_PROJECT,
        get_project,
        "A project, with every report about it: the way for pages.",
    )
    projects: ProjectConnection | None = rooted(
        ANYONE,
        list_projects,
        "Projects that the caller owns or may see, by name.",
    )
    pipeline_run: PipelineRun | None = rooted(
        SEES_PROJECT,
        get_pipeline_run,
        "A run by the caller's own key; by our id use `node`.",
    )
    agent_types: list[AgentType] | None = rooted(
        ANYONE,
        list_agent_types,
        "Agent types in the registry, for legends and filters, by label.",
    )
    monthly_summary: summary.MonthlySummary | None = rooted(
        SEES_PROJECT,
        summary.get_monthly_summary,
        "003: same as `project.monthlySummary`.",
    )
    monthly_trend: list[summary.MonthlyPoint] | None = rooted(
        SEES_PROJECT,
        summary.get_monthly_trend,
        "003: same as `project.monthlyTrend`.",
    )
    cross_project_summary: summary.CrossProjectSummary | None = rooted(
        ANYONE,
        summary.get_cross_project_summary,
        "003: one month over the projects that the caller owns or may see in the organization in "
        "which the request acts (header `x-organization-id`; the caller's first when absent).",
    )
    recent_transactions: list[CreditTransaction] | None = rooted(
        SEES_PROJECT,
        summary.get_recent_transactions,
        "003: same as `project.recentTransactions`.",
    )
    daily_spend: list[summary.DailyPoint] | None = rooted(
        SEES_PROJECT,
        summary.get_daily_spend,
        "003: same as `project.dailySpend`.",
    )


@strawberry.type(
    description=(
        "What can be changed. Each field is its own transaction, in the order written; a payload "
        "is null only beside an entry in `errors`, and its neighbours stand."
    )
)
class Mutation:
    set_budget_limit: budget.SetBudgetLimitPayload | None = rooted(
        CHANGES_PROJECT,
        budget.set_budget_limit,
        "Sets a project's monthly threshold. ADMIN of the project. Sending the same again changes "
        "nothing.",
    )
    remove_budget_limit: budget.SetBudgetLimitPayload | None = rooted(
        CHANGES_PROJECT,
        budget.remove_budget_limit,
        "Takes a project's threshold away. ADMIN of the project.",
    )
    set_budget_limits: budget.SetBudgetLimitsPayload | None = rooted(
        CHANGES_PROJECT,
        budget.set_budget_limits,
        "Sets up to 100 thresholds, each by itself: results in the order given. ADMIN of each "
        "project.",
    )
    record_usage: usage.RecordUsagePayload | None = rooted(
        SPENDS_ON_PROJECT,
        usage.record_usage,
        "Records up to 1,000 events, each by itself: results in the order given. MEMBER of each "
        "project.",
    )
    record_run: usage.RecordRunPayload | None = rooted(
        SPENDS_ON_PROJECT,
        usage.record_run,
        "Creates or updates a run and its jobs without usage: to cap a run before it spends, and "
        "to say that a job has ended. MEMBER.",
    )


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)


def sdl() -> str:
    """The schema as text, as `schema.graphql` holds it."""
    return schema.as_str().strip() + "\n"
