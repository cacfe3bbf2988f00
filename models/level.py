"""The level at which a role holds: the organization, one workspace, or one project."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from models.access import Role, Scope, locate_project, locate_workspace


@dataclass(frozen=True, slots=True)
class Level:
    """One workspace, one project, or, with neither, the organization."""

    workspace_id: UUID | None = None
    project_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.workspace_id is not None and self.project_id is not None:
            raise ValueError("a level is a workspace or a project, not both")

    def role_of(self, scope: Scope) -> Role | None:
        """The role that a scope has here, without asking whether the level exists."""
        if self.project_id is not None:
            return scope.role_at_project(self.project_id)
        if self.workspace_id is not None:
            return scope.role_at_workspace(self.workspace_id)
        return scope.organization_role


async def require_at(
    connection: asyncpg.Connection, scope: Scope, level: Level, role: Role
) -> Role:
    """The role that the scope has at a level.

    Raises NotFoundError when the level does not exist within reach, ForbiddenError below `role`.
    """
    if level.project_id is not None:
        return await locate_project(connection, scope, level.project_id, role)
    if level.workspace_id is not None:
        return await locate_workspace(connection, scope, level.workspace_id, role)
    return scope.require_organization(role)
