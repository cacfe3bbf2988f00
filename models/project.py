"""Projects: made by ADMINs of their workspace, renamed and given owners.

Every function runs inside a transaction that its caller opened, and every act leaves an audit
event. Refused: two of one name in a workspace, and an owner who does not belong to the
organization.
"""

from uuid import UUID

import asyncpg

from models.access import Role, Scope, locate_project, locate_workspace
from models.api_key import revoke_excess_keys
from models.audit import record_act
from models.db import sql
from models.ids import uuid7
from models.naming import clean_name, one_of_a_name
from models.user import require_member
from models.workspace import DEFAULT_WORKSPACE, get_or_create_workspace


async def create_project(
    connection: asyncpg.Connection,
    scope: Scope,
    name: str,
    workspace_id: UUID,
    *,
    owner_id: UUID | None = None,
) -> UUID:
    """Makes a project, owned by `owner_id` or else by the caller's person. ADMIN of the workspace.

    Owning gives the role OWNER, so naming somebody else demands it.
    """
    is_given = owner_id not in (None, scope.user_id)
    role = Role.OWNER if is_given else Role.ADMIN
    await locate_workspace(connection, scope, workspace_id, role)
    owner_id = owner_id or scope.user_id
    await require_member(connection, scope, owner_id, "ownerId")
    name, project_id = clean_name(name), uuid7()
    with one_of_a_name("project", name):
        await connection.execute(
            sql("project_insert"), scope.organization_id, project_id, workspace_id, owner_id, name
        )
    await _record_creation(connection, scope, project_id, name, workspace_id, owner_id)
    return project_id


async def get_or_create_project(
    connection: asyncpg.Connection,
    scope: Scope,
    name: str,
    *,
    workspace: str = DEFAULT_WORKSPACE,
    owner_id: UUID | None = None,
) -> tuple[UUID, bool]:
    """The project of a name in a workspace, and whether this call made it. ADMIN to make one.

    A new one belongs to `owner_id`, else to the caller's person, else to the organization's first
    OWNER, so that what an import brings has somebody who answers for it.
    """
    await require_member(connection, scope, owner_id, "ownerId")
    workspace_id = await get_or_create_workspace(connection, scope, workspace)
    name, project_id = clean_name(name), uuid7()
    made = await connection.fetchrow(
        sql("project_insert_new"),
        scope.organization_id,
        project_id,
        workspace_id,
        owner_id or scope.user_id,
        name,
    )
    if made is None:
        found: UUID = await connection.fetchval(
            sql("project_by_name"), scope.organization_id, workspace_id, name
        )
        return found, False
    await _record_creation(connection, scope, project_id, name, workspace_id, made["owner_id"])
    return project_id, True


async def _record_creation(
    connection: asyncpg.Connection,
    scope: Scope,
    project_id: UUID,
    name: str,
    workspace_id: UUID,
    owner_id: UUID | None,
) -> None:
    new = {"name": name, "workspaceId": workspace_id, "ownerId": owner_id}
    await record_act(connection, scope, "project.create", ("project", project_id), new=new)


async def rename_project(
    connection: asyncpg.Connection, scope: Scope, project_id: UUID, name: str
) -> None:
    """Gives a project another name. ADMIN of the project."""
    await locate_project(connection, scope, project_id, Role.ADMIN)
    name = clean_name(name)
    with one_of_a_name("project", name):
        old = await connection.fetchval(
            sql("project_rename"), scope.organization_id, project_id, name
        )
    subject = ("project", project_id)
    await record_act(
        connection, scope, "project.rename", subject, old={"name": old}, new={"name": name}
    )


async def set_project_owner(
    connection: asyncpg.Connection, scope: Scope, project_id: UUID, owner_id: UUID | None
) -> None:
    """Gives a project to another person, or to nobody. OWNER of the project."""
    await locate_project(connection, scope, project_id, Role.OWNER)
    await require_member(connection, scope, owner_id, "ownerId")
    old = await connection.fetchval(
        sql("project_set_owner"), scope.organization_id, project_id, owner_id
    )
    await record_act(
        connection,
        scope,
        "project.set_owner",
        ("project", project_id),
        old={"ownerId": old},
        new={"ownerId": owner_id},
    )
    if old not in (None, owner_id):
        await revoke_excess_keys(connection, scope, old)


async def find_projects(
    connection: asyncpg.Connection, scope: Scope, name: str, *, workspace: str | None = None
) -> list[UUID]:
    """Reachable projects of a name, in a workspace of a name or in all of them."""
    rows = await connection.fetch(
        sql("project_named"), scope.organization_id, name.strip(), workspace, scope.project_ids
    )
    return [row["id"] for row in rows]


async def list_projects(connection: asyncpg.Connection, scope: Scope) -> list[asyncpg.Record]:
    """Reachable projects by name: id, name, workspace_name, owner_email, created_at."""
    rows: list[asyncpg.Record] = await connection.fetch(
        sql("project_administered"), scope.organization_id, scope.project_ids
    )
    return rows
