"""People."""

from typing import Any

import strawberry
from strawberry import field

from models import directory
from models.access import Role
from resolvers import node
from resolvers.context import Context, Info
from resolvers.field import computed
from resolvers.node import Node, shows


def _id(root: directory.Person) -> strawberry.ID:
    return node.user_id(root.id)


def _email(root: directory.Person, info: Info) -> str | None:
    """The viewer's own address, or a member's when the viewer administers the organization."""
    scope = info.context.scope
    administers = (scope.organization_role or 0) >= Role.ADMIN and root.is_member
    return root.email if administers or root.id == scope.user_id else None


@strawberry.type(description="A person.")
class User(Node):
    is_type_of = shows(directory.Person)

    id: strawberry.ID = computed(_id, description="Opaque id.")
    name: str = field(description="Name to show.")
    email: str | None = computed(
        _email,
        description=(
            "Address; null unless it is the viewer's own or the viewer is ADMIN of a shared "
            "organization."
        ),
    )


async def _find(context: Context, id: Any) -> directory.Person | None:
    person = await context.loaders.person.load(id)
    return person if person and (person.is_member or id == context.scope.user_id) else None


async def visible_person(context: Context, public_id: str) -> directory.Person:
    """The person of a public id, if the caller may see them; raises NotFoundError otherwise."""
    found = await _find(context, node.parse_id(context.scope, node.USER, public_id))
    if found is None:
        raise node.not_found(node.USER)
    return found


node.finds(node.USER, _find)
