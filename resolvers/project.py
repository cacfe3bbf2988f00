"""Projects: what money is spent on, with every report about it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET, argument, field

from models import budget as budgets
from models import directory, entry, pipeline, summary
from models.access import Role as HeldRole
from models.money import BudgetStatus as Standing
from models.page import At, Named, Page
from resolvers import node, report
from resolvers.connection import After, First, Listing, PageInfo, by_name, by_start, paging
from resolvers.context import Context, Info
from resolvers.enums import BudgetStatus, Role, TransactionKind
from resolvers.field import computed, given
from resolvers.loaders import EntriesKey
from resolvers.node import Node, public_id, shows
from resolvers.organization import OfMonth, Organization
from resolvers.permissions import project_in_reach, reachable_project
from resolvers.scalars import Month
from resolvers.transaction_filter import TransactionFilter, entry_filter
from resolvers.user import User, visible_person
from resolvers.workspace import Workspace, reachable_workspace

if TYPE_CHECKING:
    from resolvers.budget import Budget
    from resolvers.run import PipelineRunConnection
    from resolvers.summary import DailyPoint, MonthlyPoint, MonthlySummary
    from resolvers.transaction import CreditTransaction, CreditTransactionConnection

LazyBudget = Annotated["Budget", strawberry.lazy("resolvers.budget")]
LazyMonthlySummary = Annotated["MonthlySummary", strawberry.lazy("resolvers.summary")]
LazyMonthlyPoint = Annotated["MonthlyPoint", strawberry.lazy("resolvers.summary")]
LazyDailyPoint = Annotated["DailyPoint", strawberry.lazy("resolvers.summary")]
LazyPipelineRunConnection = Annotated["PipelineRunConnection", strawberry.lazy("resolvers.run")]

Months = Annotated[int, argument(description="How many months, 1 to 60.")]
UntilMonth = Annotated[
    Month | None, argument(description="The last of them; the running one when omitted.")
]
Days = Annotated[int, argument(description="How many days, 1 to 366.")]
Kinds = Annotated[
    list[TransactionKind],
    argument(description="Which kinds; corrections are left out unless asked for."),
]
USAGE_ONLY: list[TransactionKind] = [TransactionKind.USAGE]
Latest = Annotated[int, argument(description="How many, 1 to 100.")]


async def _workspace(root: directory.Project, info: Info) -> directory.Workspace | None:
    return await info.context.loaders.workspace.load(root.workspace_id)


async def _organization(root: directory.Project, info: Info) -> directory.Organization:
    return await info.context.loaders.organization()


async def _owner(root: directory.Project, info: Info) -> directory.Person | None:
    if root.owner_id is None:
        return None
    owner = await info.context.loaders.person.load(root.owner_id)
    return owner if owner and owner.is_member else None


async def _time_zone(root: directory.Project, info: Info) -> str:
    return (await info.context.loaders.calendar()).time_zone


def _role(root: directory.Project, info: Info) -> HeldRole:
    role = info.context.scope.role_at_project(root.id, root.workspace_id)
    if role is None:
        raise RuntimeError("a project out of reach was shown")
    return role


def _viewer_role(root: directory.Project, info: Info) -> str:
    return _role(root, info).name


def _viewer_can_set_budget(root: directory.Project, info: Info) -> bool:
    return _role(root, info) >= HeldRole.ADMIN


async def _budget(root: directory.Project, info: Info) -> budgets.Budget:
    return await info.context.loaders.budget.load(root.id)


async def _monthly_summary(
    root: directory.Project, info: Info, month: OfMonth = UNSET
) -> summary.MonthlySummary:
    return await report.monthly_summary(info.context, root.id, month)


async def _monthly_trend(
    root: directory.Project, info: Info, months: Months = 6, until: UntilMonth = UNSET
) -> list[summary.Point]:
    return await report.monthly_trend(info.context, root.id, months, until)


async def _daily_spend(
    root: directory.Project,
    info: Info,
    days: Days = 30,
    until: Annotated[
        date | None, argument(description="The last of them; today when omitted.")
    ] = UNSET,
) -> list[summary.Point]:
    return await report.daily_spend(info.context, root.id, days, until)


async def _recent_transactions(
    root: directory.Project, info: Info, limit: Latest = 50, kinds: Kinds = USAGE_ONLY
) -> Sequence[entry.CreditTransaction]:
    return await report.recent_transactions(info.context, root.id, limit, kinds)


async def _transactions(
    root: directory.Project,
    info: Info,
    filter: Annotated[
        TransactionFilter | None, argument(description="Which of them; all when omitted.")
    ] = UNSET,
    first: First = 20,
    after: After = UNSET,
) -> Listing[entry.CreditTransaction]:
    context = info.context
    wanted = await entry_filter(context, filter)
    page = paging(At, context.scope, first, after, "project.transactions", root.id, filter)
    found = await context.loaders.entries.load(EntriesKey(page.key(root.id), wanted))
    return page.listing(found, lambda item: At(item.occurred_at, item.id))


async def _pipeline_runs(
    root: directory.Project, info: Info, first: First = 20, after: After = UNSET
) -> Listing[pipeline.PipelineRun]:
    context = info.context
    page = paging(At, context.scope, first, after, "project.pipelineRuns", root.id)
    found = await context.loaders.runs_of_project.load(page.key(root.id))
    return page.listing(found, by_start)


@strawberry.type(description="What money is spent on: 003's product.")
class Project(Node):
    is_type_of = shows(directory.Project)

    id: strawberry.ID = computed(public_id(node.PROJECT), description="Opaque id.")
    name: str = field(description="Name to show.")
    workspace: Workspace = computed(_workspace, description="The workspace it belongs to.")
    organization: Organization = computed(
        _organization,
        description="The tenant it belongs to.",
    )
    owner: User | None = computed(
        _owner,
        description="Who answers for its spend; null once that person has left.",
    )
    time_zone: str = computed(_time_zone, description="The organization's IANA time zone.")
    created_at: datetime = field(description="When it was made.")
    viewer_role: Role = computed(
        _viewer_role,
        description="The viewer's role here, inherited from above where that is higher.",
    )
    viewer_can_set_budget: bool = computed(
        _viewer_can_set_budget,
        description="Whether the viewer may call `setBudgetLimit` for it.",
    )
    budget: LazyBudget = computed(
        _budget,
        description="Its monthly threshold; always there, with a null `limit` when none is set.",
    )
    monthly_summary: LazyMonthlySummary | None = computed(
        _monthly_summary,
        description="Spend of one month; the running one when `month` is omitted (003).",
    )
    monthly_trend: list[LazyMonthlyPoint] | None = computed(
        _monthly_trend,
        description="Spend by month, oldest first, months without spend included (003).",
    )
    daily_spend: list[LazyDailyPoint] | None = computed(
        _daily_spend,
        description="Spend by day, oldest first, days without spend included (003).",
    )
    recent_transactions: (
        list[Annotated["CreditTransaction", strawberry.lazy("resolvers.transaction")]] | None
    ) = computed(
        _recent_transactions,
        description="The latest entries of the ledger, newest first (003).",
    )
    transactions: (
        Annotated["CreditTransactionConnection", strawberry.lazy("resolvers.transaction")] | None
    ) = computed(
        _transactions,
        description="The ledger, newest first.",
    )
    pipeline_runs: LazyPipelineRunConnection | None = computed(
        _pipeline_runs,
        description="Pipeline runs, newest start first.",
    )


@strawberry.type(description="One entry of a page of projects.")
class ProjectEdge:
    cursor: str = field(description="Where it stands.")
    node: Project = field(description="The project.")


@strawberry.type(description="Projects, a page at a time.")
class ProjectConnection:
    edges: list[ProjectEdge] = field(description="Entries with their cursors.")
    nodes: list[Project] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.input(description="Which projects to list. Fields given are all met.")
class ProjectFilter:
    workspace_id: strawberry.ID | None = field(default=UNSET, description="In this workspace.")
    owner_id: strawberry.ID | None = field(default=UNSET, description="Owned by this user.")
    owned_by_viewer: bool | None = field(default=UNSET, description="Owned by the viewer.")
    budget_status: BudgetStatus | None = field(
        default=UNSET,
        description="With this budget status in the running month.",
    )


async def get_project(
    info: Info, id: Annotated[strawberry.ID, argument(description="Which.")]
) -> directory.Project:
    """A project by id."""
    return await reachable_project(info.context, id)


async def list_projects(
    info: Info,
    filter: Annotated[ProjectFilter | None, argument(description="Which of them.")] = UNSET,
    first: First = 20,
    after: Annotated[
        str | None, argument(description="After this cursor, given for the same filter.")
    ] = UNSET,
) -> Listing[directory.Project]:
    """Projects that the caller owns or may see, by name."""
    context = info.context
    page = paging(Named, context.scope, first, after, "projects", filter)
    wanted = await _project_filter(context, given(filter) or ProjectFilter())
    if wanted is None:
        return page.listing(Page((), has_next=False), by_name)
    async with context.database.connection() as connection:
        found = await directory.list_projects(
            connection, context.scope, wanted, page.size, page.after
        )
    for item in found.items:
        context.loaders.project.prime(item.id, item)
    return page.listing(found, by_name)


async def _project_filter(
    context: Context, wanted: ProjectFilter
) -> directory.ProjectFilter | None:
    """The filter in the domain's terms; None when nothing can meet it.

    Raises NotFoundError for a workspace or a person whom the caller does not see.
    """
    scope, month = context.scope, (await context.loaders.calendar()).current_month
    workspace_id, owner_id = given(wanted.workspace_id), given(wanted.owner_id)
    workspace = None if workspace_id is None else await reachable_workspace(context, workspace_id)
    owner = None if owner_id is None else await visible_person(context, owner_id)
    if wanted.owned_by_viewer and (scope.user_id is None or (owner and owner.id != scope.user_id)):
        return None
    return directory.ProjectFilter(
        month=month,
        workspace_id=None if workspace is None else workspace.id,
        owner_id=scope.user_id if wanted.owned_by_viewer else owner and owner.id,
        budget_status=Standing[wanted.budget_status.name] if wanted.budget_status else None,
    )


async def project_of(root: Any, info: Info) -> directory.Project:
    """The project of a row that names one: it was in reach when the row was read."""
    return await project_in_reach(info.context, root.project_id)


async def _find(context: Context, id: UUID) -> directory.Project | None:
    return await context.loaders.project.load(id)


node.finds(node.PROJECT, _find)
