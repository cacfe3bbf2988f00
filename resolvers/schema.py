"""The public schema: everything that can be asked and changed, each root field with what it takes.

Read this first, then the noun's own file. `schema` is what the doors execute; `sdl()` is what
`schema.graphql` at the root of the repository must equal.
"""

from typing import Annotated, Any

import strawberry
from strawberry import argument
from strawberry.schema.config import StrawberryConfig

from resolvers import (
    administration,
    billing_change,
    budget,
    cap,
    download,
    group_administration,
    key_administration,
    membership,
    price,
    rehearsal,
    repricing,
    reserve,
    settlement,
    summary,
    usage,
)
from resolvers.agent_type import AgentType, list_agent_types
from resolvers.context import Info
from resolvers.node import Node, find_node
from resolvers.organization import Organization, Viewer, get_organization, get_viewer
from resolvers.permissions import (
    ANYONE,
    CAPS,
    CHANGES_LEVEL,
    CHANGES_ORGANIZATION,
    CHANGES_PROJECT,
    CHANGES_TARGET,
    CHANGES_WORKSPACE,
    OWNS_ORGANIZATION,
    OWNS_PROJECT,
    SEES,
    SEES_PROJECT,
    SPENDS_ON_PROJECT,
    rooted,
)
from resolvers.project import Project, ProjectConnection, get_project, list_projects
from resolvers.reservation import (
    Reservation,
    ReservationPayload,
    extend_reservation,
    get_reservation,
    release_reservation,
)
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
    reservation: Reservation | None = rooted(
        SEES_PROJECT,
        get_reservation,
        "A reservation by the caller's own key.",
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
    rehearse_cap: rehearsal.CapRehearsal | None = rooted(
        CHANGES_TARGET,
        rehearsal.rehearse_cap,
        "What a cap would have done to the past. ADMIN of the thing it limits.",
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
    reserve_spend: reserve.ReserveSpendResult | None = rooted(
        SPENDS_ON_PROJECT,
        reserve.reserve_spend,
        "Holds money under every cap that applies, or under none. The same key again answers the "
        "same; a denial is not remembered. MEMBER.",
    )
    settle_reservation: settlement.SettleReservationPayload | None = rooted(
        SPENDS_ON_PROJECT,
        settlement.settle_reservation,
        "Posts what a call used and, unless more is to come, frees the rest; in one transaction. "
        "MEMBER.",
    )
    release_reservation: ReservationPayload | None = rooted(
        SPENDS_ON_PROJECT,
        release_reservation,
        "Frees a reservation that was not needed. MEMBER.",
    )
    extend_reservation: ReservationPayload | None = rooted(
        SPENDS_ON_PROJECT,
        extend_reservation,
        "Gives a reservation more time. MEMBER.",
    )
    set_cap: cap.SetCapPayload | None = rooted(
        CAPS,
        cap.set_cap,
        "Sets a cap, or changes the one with the same scope, thing, period and action. ADMIN above "
        "the level it binds.",
    )
    remove_cap: cap.RemoveCapPayload | None = rooted(
        CAPS,
        cap.remove_cap,
        "Takes a cap away. ADMIN above the level it binds.",
    )
    set_price: price.SetPricePayload | None = rooted(
        CHANGES_ORGANIZATION,
        price.set_price,
        "Appends prices for one model. ADMIN of the organization.",
    )
    reprice_usage: repricing.RepriceUsagePayload | None = rooted(
        CHANGES_ORGANIZATION,
        repricing.reprice_usage,
        "Recalculates past entries at the prices known now and posts the differences. ADMIN of the "
        "organization.",
    )
    create_download: download.CreateDownloadPayload | None = rooted(
        SEES,
        download.create,
        "Makes an address from which a browser can download an export without headers, once.",
    )
    update_organization: administration.UpdateOrganizationPayload | None = rooted(
        CHANGES_ORGANIZATION,
        administration.update_organization,
        "Changes the name or the time zone of the viewer's organization. ADMIN of it.",
    )
    update_billing: billing_change.UpdateBillingPayload | None = rooted(
        OWNS_ORGANIZATION,
        billing_change.update_billing,
        "Changes how the viewer's organization pays, from now on. OWNER of it.",
    )
    grant_credits: billing_change.GrantCreditsPayload | None = rooted(
        OWNS_ORGANIZATION,
        billing_change.grant_credits,
        "Grants bonus credits to the viewer's organization, or takes unused ones back. OWNER of "
        "it.",
    )
    create_workspace: administration.WorkspacePayload | None = rooted(
        CHANGES_ORGANIZATION,
        administration.create_workspace,
        "Makes a workspace. ADMIN of the organization.",
    )
    rename_workspace: administration.WorkspacePayload | None = rooted(
        CHANGES_WORKSPACE,
        administration.rename_workspace,
        "Gives a workspace another name. ADMIN of the workspace.",
    )
    create_workspace_group: group_administration.WorkspaceGroupPayload | None = rooted(
        CHANGES_ORGANIZATION,
        group_administration.create_workspace_group,
        "Makes a workspace group. ADMIN of the organization.",
    )
    rename_workspace_group: group_administration.WorkspaceGroupPayload | None = rooted(
        CHANGES_ORGANIZATION,
        group_administration.rename_workspace_group,
        "Gives a workspace group another name. ADMIN of the organization.",
    )
    set_workspace_group: administration.WorkspacePayload | None = rooted(
        CHANGES_ORGANIZATION,
        group_administration.set_workspace_group,
        "Counts a workspace in a group, and no longer in the one it was in. ADMIN of the "
        "organization.",
    )
    unset_workspace_group: administration.WorkspacePayload | None = rooted(
        CHANGES_ORGANIZATION,
        group_administration.unset_workspace_group,
        "Counts a workspace in no group. ADMIN of the organization.",
    )
    create_project: administration.ProjectPayload | None = rooted(
        CHANGES_WORKSPACE,
        administration.create_project,
        "Makes a project. ADMIN of the workspace.",
    )
    rename_project: administration.ProjectPayload | None = rooted(
        CHANGES_PROJECT,
        administration.rename_project,
        "Gives a project another name. ADMIN of the project.",
    )
    set_project_owner: administration.ProjectPayload | None = rooted(
        OWNS_PROJECT,
        administration.set_project_owner,
        "Gives a project to another member of the organization. OWNER of the project.",
    )
    grant_membership: membership.GrantMembershipPayload | None = rooted(
        CHANGES_LEVEL,
        membership.grant_membership,
        "Gives a person a role at the organization, a workspace or a project. ADMIN there; OWNER "
        "to give or replace OWNER.",
    )
    revoke_membership: membership.RevokeMembershipPayload | None = rooted(
        CHANGES_LEVEL,
        membership.revoke_membership,
        "Takes a person's role at a level away, and the keys that are stronger than what remains. "
        "ADMIN there; OWNER to take OWNER.",
    )
    create_api_key: key_administration.ApiKeySecretPayload | None = rooted(
        CHANGES_LEVEL,
        key_administration.create_api_key,
        "Makes an API key and answers its secret, once. ADMIN of its level.",
    )
    rename_api_key: key_administration.ApiKeyPayload | None = rooted(
        CHANGES_LEVEL,
        key_administration.rename_api_key,
        "Gives an API key another name. ADMIN of its level, and at least as strong as the key.",
    )
    rotate_api_key: key_administration.ApiKeySecretPayload | None = rooted(
        CHANGES_LEVEL,
        key_administration.rotate_api_key,
        "Gives an API key a new secret and answers it, once; the old one stops working. ADMIN of "
        "its level, and at least as strong as the key; a person's key by that person alone.",
    )
    revoke_api_key: key_administration.ApiKeyPayload | None = rooted(
        CHANGES_LEVEL,
        key_administration.revoke_api_key,
        "Ends an API key at once; ending it again changes nothing. ADMIN of its level, and at "
        "least as strong as the key.",
    )


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)


def sdl() -> str:
    """The schema as text, as `schema.graphql` holds it."""
    return schema.as_str().strip() + "\n"
