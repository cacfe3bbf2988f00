"""Which organization, workspace, project or person a command means: found by name or address."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from models.access import Role, Scope
from models.errors import BadInputError, NotFoundError
from models.level import Level
from models.organization import find_organization, list_organizations
from models.project import find_projects, get_or_create_project
from models.user import find_user
from models.workspace import (
    DEFAULT_WORKSPACE,
    find_workspace,
    find_workspace_group,
    get_or_create_workspace,
)

OrganizationName = Annotated[
    str | None,
    typer.Option("--organization", help="Name of the organization; needed if there are several."),
]
WorkspaceName = Annotated[str | None, typer.Option("--workspace", help="Name of the workspace.")]
ProjectName = Annotated[str | None, typer.Option("--project", help="Name of the project.")]


class RoleName(StrEnum):
    """`Role`, as it is written on the command line."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"

    @property
    def role(self) -> Role:
        """The role of this name."""
        return Role[self.value]


async def organization_scope(connection: asyncpg.Connection, name: str | None) -> Scope:
    """The command line's scope in the organization of a name, or in the only one there is."""
    if name is not None:
        found = await find_organization(connection, name)
        if found is None:
            raise NotFoundError(f"There is no organization named {name!r}.")
        return Scope.system(found)
    organizations = await list_organizations(connection)
    if len(organizations) != 1:
        count = len(organizations)
        raise BadInputError(f"There are {count} organizations; name one by --organization.")
    return Scope.system(organizations[0]["id"])


async def known_project(
    connection: asyncpg.Connection, scope: Scope, workspace: str | None, project: str
) -> UUID:
    """The project of a name, in a workspace of a name or in the only one that has it."""
    found = await find_projects(connection, scope, project, workspace=workspace)
    if not found:
        raise NotFoundError(f"There is no project named {project!r}.")
    if len(found) > 1:
        raise BadInputError(f"Several projects are named {project!r}; add --workspace.")
    return found[0]


async def known_workspace(connection: asyncpg.Connection, scope: Scope, name: str) -> UUID:
    """The workspace of a name."""
    found = await find_workspace(connection, scope, name)
    if found is None:
        raise NotFoundError(f"There is no workspace named {name!r}.")
    return found


async def known_group(connection: asyncpg.Connection, scope: Scope, name: str) -> UUID:
    """The workspace group of a name."""
    found = await find_workspace_group(connection, scope, name)
    if found is None:
        raise NotFoundError(f"There is no workspace group named {name!r}.")
    return found


async def known_level(
    connection: asyncpg.Connection, scope: Scope, workspace: str | None, project: str | None
) -> Level:
    """The level that the options name; raises NotFoundError when it is not there."""
    if project is not None:
        return Level(project_id=await known_project(connection, scope, workspace, project))
    if workspace is not None:
        return Level(workspace_id=await known_workspace(connection, scope, workspace))
    return Level()


async def level_made(
    connection: asyncpg.Connection, scope: Scope, workspace: str | None, project: str | None
) -> Level:
    """The level that the options name, made when it is not there."""
    try:
        return await known_level(connection, scope, workspace, project)
    except NotFoundError:
        if project is None:
            name = workspace or DEFAULT_WORKSPACE
            return Level(workspace_id=await get_or_create_workspace(connection, scope, name))
    made, _ = await get_or_create_project(
        connection, scope, project, workspace=workspace or DEFAULT_WORKSPACE
    )
    return Level(project_id=made)


async def known_user(connection: asyncpg.Connection, email: str) -> UUID:
    """The id of the person of an address; raises NotFoundError for nobody."""
    found = await find_user(connection, email)
    if found is None:
        raise NotFoundError(f"There is no person with the address {email!r}.")
    return found
