"""API keys."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry import field

from models import access, directory
from models.access import Scope
from models.level import Level
from models.page import Named
from resolvers import node
from resolvers.connection import Listing, PageInfo, by_name, paging
from resolvers.context import Context, Info
from resolvers.enums import Role
from resolvers.field import computed
from resolvers.node import Node, public_id, shows
from resolvers.user import User

if TYPE_CHECKING:
    from resolvers.project import Project
    from resolvers.workspace import Workspace

LazyProject = Annotated["Project", strawberry.lazy("resolvers.project")]
LazyWorkspace = Annotated["Workspace", strawberry.lazy("resolvers.workspace")]


async def _user(root: directory.ApiKey, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.user_id) if root.user_id else None


async def _workspace(root: directory.ApiKey, info: Info) -> directory.Workspace | None:
    if root.workspace_id is None:
        return None
    return await info.context.loaders.workspace.load(root.workspace_id)


async def _project(root: directory.ApiKey, info: Info) -> directory.Project | None:
    return await info.context.loaders.project.load(root.project_id) if root.project_id else None


@strawberry.type(
    description=(
        "A credential of a program, and a dimension of spend. The secret is never shown again."
    )
)
class ApiKey(Node):
    is_type_of = shows(directory.ApiKey)

    id: strawberry.ID = computed(public_id(node.API_KEY), description="Opaque id.")
    name: str = field(description="Name to show.")
    prefix: str = field(description="First characters of the secret, to recognise it by.")
    role: Role = field(description="What it may do at its level.")
    user: User | None = computed(
        _user, description="The person it acts for; null when it acts for nobody."
    )
    workspace: LazyWorkspace | None = computed(
        _workspace,
        description="The workspace it is for; null for another level, and when out of reach.",
    )
    project: LazyProject | None = computed(
        _project,
        description="The project it is for; null for another level, and when out of reach.",
    )
    created_at: datetime = field(description="When it was made.")
    expires_at: datetime | None = field(
        description="From when it works no more; null when it never expires."
    )
    revoked_at: datetime | None = field(description="When it was revoked; null while it works.")
    last_used_at: datetime | None = field(
        description="When it was last used, to the minute; null when never.",
    )


@strawberry.type(description="One entry of a page of API keys.")
class ApiKeyEdge:
    cursor: str = field(description="Where it stands.")
    node: ApiKey = field(description="The key.")


@strawberry.type(description="API keys, a page at a time.")
class ApiKeyConnection:
    edges: list[ApiKeyEdge] = field(description="Entries with their cursors.")
    nodes: list[ApiKey] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


async def list_api_keys(
    info: Info, parent_id: UUID, first: int | None, after: str | None
) -> Listing[directory.ApiKey]:
    """A page of the keys of a workspace, or of the organization; the caller's right is settled."""
    context = info.context
    page = paging(Named, context.scope, first, after, "apiKeys", parent_id)
    found = await context.loaders.api_keys.load(page.key(parent_id))
    return page.listing(found, by_name)


def _may_see(scope: Scope, key: directory.ApiKey) -> bool:
    """By its id a key is found by itself, its person, and those who administer its level."""
    if key.id == scope.api_key_id or (key.user_id is not None and key.user_id == scope.user_id):
        return True
    held = Level(key.workspace_id, key.project_id).role_of(scope)
    return held is not None and held >= access.Role.ADMIN


async def _find(context: Context, id: UUID) -> directory.ApiKey | None:
    key = await context.loaders.api_key.load(id)
    return key if key and _may_see(context.scope, key) else None


node.finds(node.API_KEY, _find)
