"""Organizations, and who is asking."""

from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET, argument, field

from models import access, billing, directory, token_usage
from models import period as periods
from models.access import Scope
from models.ids import encode
from models.page import Named
from models.period import Calendar
from models.portfolio import CrossProjectSummary as Portfolio
from models.portfolio import ProjectScope
from models.price_list import Price
from models.unpriced import UnpricedModel
from resolvers import node, report
from resolvers.alert import Alert, get_alerts
from resolvers.api_key import ApiKey, ApiKeyConnection, list_api_keys
from resolvers.billing import Billing
from resolvers.cap_filter import list_caps
from resolvers.connection import After, First, Listing, by_name, paging
from resolvers.context import Context, Info
from resolvers.credit_usage import CreditUsage
from resolvers.enums import BillingMode, Role
from resolvers.field import computed, given
from resolvers.figures import (
    get_credit_usage,
    get_top_users,
    get_top_workspace_groups,
    get_top_workspaces,
    get_usage_series,
)
from resolvers.node import Node, shows
from resolvers.period import Period
from resolvers.permissions import require_acting
from resolvers.price import (
    AtInstant,
    OnlyModel,
    OnlyProvider,
    PriceConnection,
    UnpricedModelConnection,
    UsedWhen,
    list_prices,
    list_unpriced_models,
)
from resolvers.reservation_filter import list_reservations
from resolvers.scalars import Month
from resolvers.token_usage import (
    Base,
    Comparison,
    Filter,
    Other,
    TokenUsage,
    TokenUsageComparison,
    compare_token_usage,
    get_token_usage,
)
from resolvers.usage_series import UsageSeries
from resolvers.user import User

if TYPE_CHECKING:
    from resolvers.cap import CapConnection
    from resolvers.membership import MembershipConnection
    from resolvers.ranking import (
        UserSpendConnection,
        WorkspaceGroupSpendConnection,
        WorkspaceSpendConnection,
    )
    from resolvers.reservation import ReservationConnection
    from resolvers.summary import CrossProjectSummary
    from resolvers.workspace import WorkspaceConnection, WorkspaceGroupConnection

LazyCapConnection = Annotated["CapConnection", strawberry.lazy("resolvers.cap")]
LazyReservationConnection = Annotated[
    "ReservationConnection", strawberry.lazy("resolvers.reservation")
]
LazyCrossProjectSummary = Annotated["CrossProjectSummary", strawberry.lazy("resolvers.summary")]
LazyGroupSpend = Annotated["WorkspaceGroupSpendConnection", strawberry.lazy("resolvers.ranking")]
LazyUserSpend = Annotated["UserSpendConnection", strawberry.lazy("resolvers.ranking")]
LazyWorkspaceSpend = Annotated["WorkspaceSpendConnection", strawberry.lazy("resolvers.ranking")]
LazyMembershipConnection = Annotated[
    "MembershipConnection", strawberry.lazy("resolvers.membership")
]
LazyWorkspaceConnection = Annotated["WorkspaceConnection", strawberry.lazy("resolvers.workspace")]
LazyWorkspaceGroupConnection = Annotated[
    "WorkspaceGroupConnection", strawberry.lazy("resolvers.workspace")
]

OfMonth = Annotated[
    Month | None, argument(description="Which month; the running one when omitted.")
]


def organization_id(id: UUID) -> strawberry.ID:
    """The public id of an organization."""
    return strawberry.ID(encode(node.ORGANIZATION, id, id))


def _id(root: directory.Organization) -> strawberry.ID:
    return organization_id(root.id)


def _calendar(root: directory.Organization, info: Info) -> Calendar:
    return Calendar(root.zones, info.context.now)


def _time_zone(root: directory.Organization, info: Info) -> str:
    return _calendar(root, info).time_zone


def _today(root: directory.Organization, info: Info) -> date:
    return _calendar(root, info).today


def _current_month(root: directory.Organization, info: Info) -> date:
    return _calendar(root, info).current_month


def _billing_cycle(root: directory.Organization, info: Info) -> periods.Period:
    return root.cycles.running(info.context.now)


def _viewer_role(root: directory.Organization) -> str | None:
    return root.viewer_role.name if root.viewer_role else None


def _viewer_can_see_figures(root: directory.Organization) -> bool:
    return (root.viewer_role or 0) >= access.Role.ADMIN


def _require_acting(root: directory.Organization, info: Info) -> None:
    require_acting(info.context, root.id)


async def _billing(root: directory.Organization, info: Info) -> billing.Billing:
    _require_acting(root, info)
    return await info.context.loaders.billing.load(root.id)


async def _workspaces(
    root: directory.Organization, info: Info, first: First = 20, after: After = UNSET
) -> Listing[directory.Workspace]:
    _require_acting(root, info)
    context = info.context
    page = paging(Named, context.scope, first, after, "workspaces")
    found = await context.loaders.workspaces.load(page.key(root.id))
    return page.listing(found, by_name)


async def _workspace_groups(
    root: directory.Organization, info: Info, first: First = 20, after: After = UNSET
) -> Listing[directory.WorkspaceGroup]:
    _require_acting(root, info)
    context = info.context
    page = paging(Named, context.scope, first, after, "workspaceGroups")
    found = await context.loaders.workspace_groups.load(page.key(root.id))
    return page.listing(found, by_name)


async def _cross_project_summary(
    root: directory.Organization, info: Info, month: OfMonth = UNSET
) -> Portfolio:
    _require_acting(root, info)
    return await report.cross_project_summary(info.context, month, ProjectScope.REACHABLE)


async def _members(
    root: directory.Organization, info: Info, first: First = 20, after: After = UNSET
) -> Listing[directory.Membership]:
    _require_acting(root, info)
    context = info.context
    context.scope.require_organization(access.Role.ADMIN)
    page = paging(Named, context.scope, first, after, "organization.members")
    found = await context.loaders.memberships.load(page.key(root.id))
    return page.listing(found, by_name)


async def _api_keys(
    root: directory.Organization, info: Info, first: First = 20, after: After = UNSET
) -> Listing[directory.ApiKey]:
    _require_acting(root, info)
    info.context.scope.require_organization(access.Role.ADMIN)
    return await list_api_keys(info, root.id, first, after)


async def _prices(
    root: directory.Organization,
    info: Info,
    provider: OnlyProvider = UNSET,
    model: OnlyModel = UNSET,
    at: AtInstant = UNSET,
    first: First = 20,
    after: After = UNSET,
) -> Listing[Price]:
    _require_acting(root, info)
    return await list_prices(info, provider, model, at, first, after)


async def _unpriced_models(
    root: directory.Organization,
    info: Info,
    range: UsedWhen = UNSET,
    first: First = 20,
    after: After = UNSET,
) -> Listing[UnpricedModel]:
    _require_acting(root, info)
    return await list_unpriced_models(info, range, first, after)


async def _token_usage(
    root: directory.Organization, info: Info, filter: Filter
) -> token_usage.TokenUsage:
    _require_acting(root, info)
    return await get_token_usage(info.context, filter)


async def _token_usage_comparison(
    root: directory.Organization, info: Info, base: Base, other: Other
) -> Comparison:
    _require_acting(root, info)
    return await compare_token_usage(info.context, base, other)


@strawberry.type(
    description="A tenant: billing account, time zone, billing cycle. 004's enterprise."
)
class Organization(Node):
    is_type_of = shows(directory.Organization)

    id: strawberry.ID = computed(_id, description="Opaque id.")
    name: str = field(description="Name to show.")
    time_zone: str = computed(
        _time_zone,
        description="IANA time zone in which days, months and cycles begin.",
    )
    billing_mode: BillingMode = field(description="How it pays.")
    plan: str = field(description="Name of the plan, `free` for the free tier.")
    today: date = computed(
        _today,
        description="Today in its zone: what `dailySpend` ends with.",
    )
    current_month: Month = computed(
        _current_month,
        description="The running month in its zone: what an omitted `month` means.",
    )
    billing_cycle: Period = computed(_billing_cycle, description="The running billing cycle.")
    billing: Billing | None = computed(
        _billing, description="Plan, rate, limit and cycle in force. ADMIN."
    )
    viewer_role: Role | None = computed(
        _viewer_role,
        description=(
            "The viewer's role here; null when only a workspace or project below was shared."
        ),
    )
    viewer_can_see_figures: bool = computed(
        _viewer_can_see_figures,
        description=(
            "Whether the viewer may see organization figures (`creditUsage`, `tokenUsage`, "
            "`top...`, `alerts`, `caps`)."
        ),
    )
    workspaces: LazyWorkspaceConnection | None = computed(
        _workspaces,
        description="Workspaces that the viewer may see, by name.",
    )
    workspace_groups: LazyWorkspaceGroupConnection | None = computed(
        _workspace_groups,
        description="Its workspace groups, by name.",
    )
    credit_usage: CreditUsage | None = computed(
        get_credit_usage,
        description="Allocation and use in the running cycle, with its projection (004). ADMIN.",
    )
    usage_series: UsageSeries | None = computed(
        get_usage_series, description="Use over time, a line for each surface (004). ADMIN."
    )
    top_workspaces: LazyWorkspaceSpend | None = computed(
        get_top_workspaces, description="Workspaces by use, most first (004). ADMIN."
    )
    top_workspace_groups: LazyGroupSpend | None = computed(
        get_top_workspace_groups, description="Workspace groups by use, most first (004). ADMIN."
    )
    top_users: LazyUserSpend | None = computed(
        get_top_users, description="Users by use, most first (004). ADMIN."
    )
    alerts: list[Alert] | None = computed(
        get_alerts,
        description="What needs attention now, worst first (004), at most 100. ADMIN.",
    )
    members: LazyMembershipConnection | None = computed(
        _members, description="Who has which role at which level, by the person's name. ADMIN."
    )
    api_keys: ApiKeyConnection | None = computed(
        _api_keys, description="All API keys, revoked ones included, by name. ADMIN."
    )
    prices: PriceConnection | None = computed(
        _prices,
        description=(
            "Prices in force at an instant (now, when omitted); the organization's own before "
            "public ones."
        ),
    )
    caps: LazyCapConnection | None = computed(
        list_caps,
        description=(
            "Caps anywhere in the organization that the viewer may see, by scope and name."
        ),
    )
    reservations: LazyReservationConnection | None = computed(
        list_reservations, description="Reservations that the viewer may see, newest first."
    )
    unpriced_models: UnpricedModelConnection | None = computed(
        _unpriced_models,
        description="Models that were used without a known price, most tokens first. ADMIN.",
    )
    cross_project_summary: LazyCrossProjectSummary | None = computed(
        _cross_project_summary,
        description=(
            "Spend of the month over the organization's projects that the viewer may see; same as "
            "`Query.crossProjectSummary` for this organization."
        ),
    )
    token_usage: TokenUsage | None = computed(
        _token_usage,
        description="Everything that 002's page shows, for one state of its filters. ADMIN.",
    )
    token_usage_comparison: TokenUsageComparison | None = computed(
        _token_usage_comparison,
        description="Two states of 002's filters side by side, with their differences. ADMIN.",
    )


def _viewer_id(root: Scope) -> strawberry.ID:
    asking = root.api_key_id or root.user_id or root.organization_id
    return strawberry.ID(encode(node.VIEWER, root.organization_id, asking))


async def _viewer_user(root: Scope, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.user_id) if root.user_id else None


async def _viewer_api_key(root: Scope, info: Info) -> directory.ApiKey | None:
    return await info.context.loaders.api_key.load(root.api_key_id) if root.api_key_id else None


async def _viewer_organization(root: Scope, info: Info) -> directory.Organization:
    return await info.context.loaders.organization()


async def _viewer_organizations(root: Scope, info: Info) -> list[directory.Organization]:
    return await info.context.loaders.organizations()


@strawberry.type(description="Who is asking.")
class Viewer:
    id: strawberry.ID = computed(
        _viewer_id,
        description="Identity of the viewer, for caches.",
    )
    user: User | None = computed(
        _viewer_user,
        description="The person; null when a program asks with a key that belongs to nobody.",
    )
    api_key: ApiKey | None = computed(
        _viewer_api_key,
        description="The key in use; null with a JWT.",
    )
    organization: Organization = computed(
        _viewer_organization,
        description=(
            "The key's organization, or the person's default one: what `organization` without an "
            "id answers."
        ),
    )
    organizations: list[Organization] = computed(
        _viewer_organizations,
        description="All organizations of the person, by name, at most 100.",
    )


def get_viewer(info: Info) -> Scope:
    """Who is asking."""
    return info.context.scope


async def get_organization(
    info: Info,
    id: Annotated[
        strawberry.ID | None, argument(description="Which; the viewer's when omitted.")
    ] = UNSET,
) -> directory.Organization:
    """An organization by id, or the one in which the request acts."""
    wanted, scope = given(id), info.context.scope
    if wanted is not None:
        _acting(scope, node.parse_id(scope, node.ORGANIZATION, wanted))
    return await info.context.loaders.organization()


def _acting(scope: Scope, id: UUID) -> None:
    if id != scope.organization_id:
        raise node.not_found(node.ORGANIZATION)


async def _find(context: Context, id: UUID) -> directory.Organization:
    _acting(context.scope, id)
    return await context.loaders.organization()


node.finds(node.ORGANIZATION, _find)
