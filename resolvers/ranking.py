"""Workspaces, workspace groups and people by what they used (004)."""

from decimal import Decimal

import strawberry
from strawberry import field

from models import directory
from models.ranking import Spend
from resolvers.connection import PageInfo
from resolvers.context import Info
from resolvers.enums import SpendUnit
from resolvers.field import computed
from resolvers.period import Period
from resolvers.scalars import BigInt
from resolvers.user import User
from resolvers.workspace import Workspace, WorkspaceGroup

_UNIT = "What amounts are measured in."
_COUNTED = "What is counted."
_EDGES, _NODES = "Entries with their cursors.", "The entries alone."
_PAGE, _CURSOR = "Where the page begins and ends.", "Where it stands."


async def _workspace(root: Spend, info: Info) -> directory.Workspace | None:
    return await info.context.loaders.workspace.load(root.id) if root.id else None


async def _group(root: Spend, info: Info) -> directory.WorkspaceGroup | None:
    return await info.context.loaders.workspace_group.load(root.id) if root.id else None


async def _user(root: Spend, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.id) if root.id else None


@strawberry.type(description="One workspace's use (004).")
class WorkspaceSpend:
    workspace: Workspace = computed(_workspace, description="Which workspace.")
    requests: BigInt = field(description="Model calls.")
    amount: Decimal = field(description="Use, in the connection's `unit`.")
    pct_of_total: float = field(
        description="Share of the organization's use, 0..100; 0 when nothing was used."
    )
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out."
    )


@strawberry.type(description="One workspace group's use (004).")
class WorkspaceGroupSpend:
    group: WorkspaceGroup | None = computed(
        _group, description="Which group; null for workspaces in none."
    )
    requests: BigInt = field(description="Model calls.")
    amount: Decimal = field(description="Use, in the connection's `unit`.")
    pct_of_total: float = field(
        description="Share of the organization's use, 0..100; 0 when nothing was used."
    )
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out."
    )


@strawberry.type(description="One user's use (004).")
class UserSpend:
    user: User | None = computed(_user, description="Who; null for use that counts for nobody.")
    requests: BigInt = field(description="Model calls.")
    amount: Decimal = field(description="Use, in the connection's `unit`.")
    pct_of_total: float = field(
        description="Share of the organization's use, 0..100; 0 when nothing was used."
    )
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out."
    )


@strawberry.type(description="One entry of a page of workspaces by use.")
class WorkspaceSpendEdge:
    cursor: str = field(description=_CURSOR)
    node: WorkspaceSpend = field(description="The workspace's use.")


@strawberry.type(
    description=(
        "Workspaces by use, a page at a time. Ranks may move between pages: tell entries apart by "
        "workspace."
    )
)
class WorkspaceSpendConnection:
    unit: SpendUnit = field(description=_UNIT)
    period: Period = field(description=_COUNTED)
    edges: list[WorkspaceSpendEdge] = field(description=_EDGES)
    nodes: list[WorkspaceSpend] = field(description=_NODES)
    page_info: PageInfo = field(description=_PAGE)


@strawberry.type(description="One entry of a page of workspace groups by use.")
class WorkspaceGroupSpendEdge:
    cursor: str = field(description=_CURSOR)
    node: WorkspaceGroupSpend = field(description="The group's use.")


@strawberry.type(
    description=(
        "Workspace groups by use, a page at a time. Ranks may move between pages: tell entries "
        "apart by group."
    )
)
class WorkspaceGroupSpendConnection:
    unit: SpendUnit = field(description=_UNIT)
    period: Period = field(description=_COUNTED)
    edges: list[WorkspaceGroupSpendEdge] = field(description=_EDGES)
    nodes: list[WorkspaceGroupSpend] = field(description=_NODES)
    page_info: PageInfo = field(description=_PAGE)


@strawberry.type(description="One entry of a page of users by use.")
class UserSpendEdge:
    cursor: str = field(description=_CURSOR)
    node: UserSpend = field(description="The user's use.")


@strawberry.type(
    description=(
        "Users by use, a page at a time. Ranks may move between pages: tell entries apart by user."
    )
)
class UserSpendConnection:
    unit: SpendUnit = field(description=_UNIT)
    period: Period = field(description=_COUNTED)
    edges: list[UserSpendEdge] = field(description=_EDGES)
    nodes: list[UserSpend] = field(description=_NODES)
    page_info: PageInfo = field(description=_PAGE)
