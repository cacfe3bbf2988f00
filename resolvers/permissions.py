"""What each root field takes: declared beside the field, and checked by the resolver.

`rooted` writes the permission into the field, where a test reads it: a root field without one
fails the build. The checks themselves are those of `models/access.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from strawberry import field

from models.access import Role
from models.directory import Project
from models.errors import ForbiddenError
from resolvers.context import Context
from resolvers.node import PROJECT, not_found, parse_id


@dataclass(frozen=True, slots=True)
class Permission:
    """The least role at a level; `role` None means that whoever may ask at all may ask this."""

    role: Role | None
    level: str


ANYONE = Permission(None, "request")
SEES = Permission(Role.VIEWER, "thing")
SEES_PROJECT = Permission(Role.VIEWER, "project")
SPENDS_ON_PROJECT = Permission(Role.MEMBER, "project")
CHANGES_PROJECT = Permission(Role.ADMIN, "project")
OWNS_PROJECT = Permission(Role.OWNER, "project")
CHANGES_WORKSPACE = Permission(Role.ADMIN, "workspace")
CHANGES_LEVEL = Permission(Role.ADMIN, "organization, workspace or project")
CAPS = Permission(Role.ADMIN, "above the thing that a cap limits")
CHANGES_TARGET = Permission(Role.ADMIN, "thing that a cap limits")
CHANGES_ORGANIZATION = Permission(Role.ADMIN, "organization")
OWNS_ORGANIZATION = Permission(Role.OWNER, "organization")


def rooted(permission: Permission, resolver: Callable[..., Any], description: str) -> Any:
    """A field of Query or Mutation, with the permission that its resolver demands."""
    return field(resolver=resolver, description=description, metadata={"permission": permission})


def require_acting(context: Context, organization_id: UUID) -> None:
    """A request acts in one organization; of a person's others it tells no more than the name."""
    if organization_id != context.scope.organization_id:
        raise ForbiddenError("Ask with this organization's id in the header x-organization-id.")


async def reachable_project(context: Context, public_id: str) -> Project:
    """The project of a public id, if the caller may see it; raises NotFoundError otherwise."""
    return await project_in_reach(context, parse_id(context.scope, PROJECT, public_id))


async def project_in_reach(context: Context, project_id: UUID) -> Project:
    """The project, if the caller may see it; raises NotFoundError otherwise."""
    project = await context.loaders.project.load(project_id)
    if project is None:
        raise not_found(PROJECT)
    return project
