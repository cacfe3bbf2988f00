"""Workspaces, and the groups that they are counted in."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET, argument, field

from models import access, api_call, api_key_usage, credit_usage, directory
from models import usage_entry as entries
from models import usage_filter_options as filter_options
from models.page import Named
from resolvers import node
from resolvers.api_key import ApiKeyConnection, list_api_keys
from resolvers.api_key_usage import LAST_30_DAYS, ApiKeyUsage, CallsRange, get_api_key_usage
from resolvers.call_report import WhichCalls, list_api_calls
from resolvers.connection import After, First, Listing, PageInfo, by_name, paging
from resolvers.context import Context, Info
from resolvers.credit_usage import UsageBar
from resolvers.enums import Role
from resolvers.field import computed
from resolvers.node import Node, public_id, shows
from resolvers.organization import Organization
from resolvers.period import RangeInput
from resolvers.ranged import AfterOf, BeforeOf, FirstOf, LastOf, RangedListing, Turn
from resolvers.usage_filter_options import (
    UsageFilterOptions,
    WhereToLook,
    get_usage_filter_options,
)
from resolvers.usage_report import UsageEntryFilter, list_usage_entries

if TYPE_CHECKING:
    from resolvers.api_call import ApiCallConnection
    from resolvers.project import ProjectConnection
    from resolvers.usage_entry import UsageEntryConnection

LazyApiCallConnection = Annotated["ApiCallConnection", strawberry.lazy("resolvers.api_call")]
LazyProjectConnection = Annotated["ProjectConnection", strawberry.lazy("resolvers.project")]
LazyUsageEntryConnection = Annotated[
    "UsageEntryConnection", strawberry.lazy("resolvers.usage_entry")
]


async def _organization(
    root: directory.Workspace | directory.WorkspaceGroup, info: Info
) -> directory.Organization:
    return await info.context.loaders.organization()


async def _group(root: directory.Workspace, info: Info) -> directory.WorkspaceGroup | None:
    if root.group_id is None:
        return None
    return await info.context.loaders.workspace_group.load(root.group_id)


def _viewer_role(root: directory.Workspace, info: Info) -> str | None:
    role = info.context.scope.role_at_workspace(root.id)
    return role.name if role else None


async def _projects(
    root: directory.Workspace, info: Info, first: First = 20, after: After = UNSET
) -> Listing[directory.Project]:
    context = info.context
    page = paging(Named, context.scope, first, after, "workspace.projects", root.id)
    found = await context.loaders.projects_of_workspace.load(page.key(root.id))
    return page.listing(found, by_name)


async def _usage_entries(
    root: directory.Workspace,
    info: Info,
    range: Annotated[RangeInput, argument(description="Which spend to count.")],
    filter: Annotated[
        UsageEntryFilter | None, argument(description="Which executions to show.")
    ] = UNSET,
    first: FirstOf = UNSET,
    after: AfterOf = UNSET,
    last: LastOf = UNSET,
    before: BeforeOf = UNSET,
) -> RangedListing[entries.UsageEntry]:
    turn = Turn.of(first, after, last, before)
    return await list_usage_entries(info.context, root, range, filter, turn)


async def _usage_filter_options(
    root: directory.Workspace, info: Info, range: WhereToLook
) -> filter_options.UsageFilterOptions:
    return await get_usage_filter_options(info.context, root, range)


async def _api_calls(
    root: directory.Workspace,
    info: Info,
    range: CallsRange = LAST_30_DAYS,
    filter: WhichCalls = UNSET,
    first: FirstOf = UNSET,
    after: AfterOf = UNSET,
    last: LastOf = UNSET,
    before: BeforeOf = UNSET,
) -> RangedListing[api_call.ApiCall]:
    turn = Turn.of(first, after, last, before)
    return await list_api_calls(info.context, root, range, filter, turn)


async def _usage_bar(root: directory.Workspace, info: Info) -> credit_usage.UsageBar:
    context = info.context
    context.scope.require_workspace(root.id, access.Role.VIEWER)
    usage = await context.loaders.credit_usage()
    return credit_usage.UsageBar(root.organization_id, root.id, usage)


async def _api_keys(
    root: directory.Workspace, info: Info, first: First = 20, after: After = UNSET
) -> Listing[directory.ApiKey]:
    info.context.scope.require_workspace(root.id, access.Role.ADMIN)
    return await list_api_keys(info, root.id, first, after)


async def _api_key_usage(
    root: directory.Workspace, info: Info, range: CallsRange = LAST_30_DAYS
) -> api_key_usage.ApiKeyUsage:
    return await get_api_key_usage(info.context, root, range)


@strawberry.type(description="A set of workspaces, for figures by team.")
class WorkspaceGroup(Node):
    is_type_of = shows(directory.WorkspaceGroup)

    id: strawberry.ID = computed(public_id(node.WORKSPACE_GROUP), description="Opaque id.")
    name: str = field(description="Name to show.")
    organization: Organization = computed(
        _organization,
        description="The tenant it belongs to.",
    )


@strawberry.type(description="The level between organization and project.")
class Workspace(Node):
    is_type_of = shows(directory.Workspace)

    id: strawberry.ID = computed(public_id(node.WORKSPACE), description="Opaque id.")
    name: str = field(description="Name to show.")
    organization: Organization = computed(
        _organization,
        description="The tenant it belongs to.",
    )
    group: WorkspaceGroup | None = computed(
        _group,
        description="The group it is counted in; null when in none.",
    )
    viewer_role: Role | None = computed(
        _viewer_role,
        description="The viewer's role here, inherited from above where that is higher.",
    )
    projects: LazyProjectConnection | None = computed(
        _projects,
        description="Its projects that the viewer may see, by name.",
    )
    usage_entries: LazyUsageEntryConnection | None = computed(
        _usage_entries,
        description="Executions with their cost in the range, newest start first (000).",
    )
    usage_filter_options: UsageFilterOptions | None = computed(
        _usage_filter_options,
        description="Values that occur in the range, for the explorer's filters (000).",
    )
    api_calls: LazyApiCallConnection | None = computed(
        _api_calls,
        description="API calls, newest first (001). ADMIN of the workspace.",
    )
    api_key_usage: ApiKeyUsage | None = computed(
        _api_key_usage,
        description="Spend and speed by API key (001). ADMIN of the workspace.",
    )
    usage_bar: UsageBar | None = computed(
        _usage_bar,
        description="Credit status for the editor's header (004). Any member of the workspace.",
    )
    api_keys: ApiKeyConnection | None = computed(
        _api_keys, description="API keys, by name. ADMIN of the workspace."
    )


@strawberry.type(description="One entry of a page of workspaces.")
class WorkspaceEdge:
    cursor: str = field(description="Where it stands.")
    node: Workspace = field(description="The workspace.")


@strawberry.type(description="Workspaces, a page at a time.")
class WorkspaceConnection:
    edges: list[WorkspaceEdge] = field(description="Entries with their cursors.")
    nodes: list[Workspace] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.type(description="One entry of a page of workspace groups.")
class WorkspaceGroupEdge:
    cursor: str = field(description="Where it stands.")
    node: WorkspaceGroup = field(description="The group.")


@strawberry.type(description="Workspace groups, a page at a time.")
class WorkspaceGroupConnection:
    edges: list[WorkspaceGroupEdge] = field(description="Entries with their cursors.")
    nodes: list[WorkspaceGroup] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


async def _find(context: Context, id: UUID) -> directory.Workspace | None:
    return await context.loaders.workspace.load(id)


async def _find_group(context: Context, id: UUID) -> directory.WorkspaceGroup | None:
    return await context.loaders.workspace_group.load(id)


async def get_workspace(
    info: Info, id: Annotated[strawberry.ID, argument(description="Which.")]
) -> directory.Workspace:
    """A workspace by id."""
    return await reachable_workspace(info.context, id)


async def reachable_workspace(context: Context, public_id: str) -> directory.Workspace:
    """The workspace of a public id, if the caller may see it; raises NotFoundError otherwise."""
    found = await _find(context, node.parse_id(context.scope, node.WORKSPACE, public_id))
    if found is None:
        raise node.not_found(node.WORKSPACE)
    return found


node.finds(node.WORKSPACE, _find)
node.finds(node.WORKSPACE_GROUP, _find_group)
