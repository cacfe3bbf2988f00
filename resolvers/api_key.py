"""API keys."""

from datetime import datetime
from uuid import UUID

import strawberry
from strawberry import field

from models import directory
from resolvers import node
from resolvers.connection import PageInfo
from resolvers.context import Context
from resolvers.field import computed
from resolvers.node import Node, public_id, shows


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
    created_at: datetime = field(description="When it was made.")
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


async def _find(context: Context, id: UUID) -> directory.ApiKey | None:
    return await context.loaders.api_key.load(id)


node.finds(node.API_KEY, _find)
