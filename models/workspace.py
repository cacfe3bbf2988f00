"""Workspace groups and workspaces: made by ADMINs of the organization, renamed by their own.

Every function runs inside a transaction that its caller opened, and every act leaves an audit
event. Refused: two of one name in an organization.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import asyncpg

from models.access import Role, Scope, locate_workspace
from models.audit import record_act
from models.cap_count import recount_groups
from models.db import sql
from models.errors import NotFoundError
from models.gate import close_gate
from models.ids import uuid7
from models.naming import clean_name, one_of_a_name

DEFAULT_WORKSPACE = "Default"


async def create_workspace_group(connection: asyncpg.Connection, scope: Scope, name: str) -> UUID:
    """Makes a set of workspaces. ADMIN of the organization."""
    scope.require_organization(Role.ADMIN)
    name, group_id = clean_name(name), uuid7()
    with one_of_a_name("workspace group", name):
        await connection.execute(
            sql("workspace_group_insert"), scope.organization_id, group_id, name
        )
    subject = ("workspace_group", group_id)
    await record_act(connection, scope, "workspace_group.create", subject, new={"name": name})
    return group_id


async def rename_workspace_group(
    connection: asyncpg.Connection, scope: Scope, group_id: UUID, name: str
) -> None:
    """Gives a set of workspaces another name. ADMIN of the organization."""
    scope.require_organization(Role.ADMIN)
    name = clean_name(name)
    with one_of_a_name("workspace group", name):
        old = await connection.fetchval(
            sql("workspace_group_rename"), scope.organization_id, group_id, name
        )
    if old is None:
        raise NotFoundError("There is no such workspace group.")
    subject = ("workspace_group", group_id)
    await record_act(
        connection, scope, "workspace_group.rename", subject, old={"name": old}, new={"name": name}
    )


async def find_workspace_group(
    connection: asyncpg.Connection, scope: Scope, name: str
) -> UUID | None:
    """The workspace group of a name."""
    found: UUID | None = await connection.fetchval(
        sql("workspace_group_by_name"), scope.organization_id, name.strip()
    )
    return found


async def create_workspace(
    connection: asyncpg.Connection, scope: Scope, name: str, *, group_id: UUID | None = None
) -> UUID:
    """Makes a workspace, in a group or in none. ADMIN of the organization."""
    scope.require_organization(Role.ADMIN)
    name, workspace_id = clean_name(name), uuid7()
    with one_of_a_name("workspace", name), _known_group():
        await connection.execute(
            sql("workspace_insert"), scope.organization_id, workspace_id, name, group_id
        )
    subject, new = ("workspace", workspace_id), {"name": name, "groupId": group_id}
    await record_act(connection, scope, "workspace.create", subject, new=new)
    return workspace_id


async def get_or_create_workspace(connection: asyncpg.Connection, scope: Scope, name: str) -> UUID:
    """The workspace of a name, made when there is none. ADMIN of the organization."""
    scope.require_organization(Role.ADMIN)
    name, workspace_id = clean_name(name), uuid7()
    made = await connection.fetchval(
        sql("workspace_insert_new"), scope.organization_id, workspace_id, name
    )
    if made is None:
        found: UUID = await connection.fetchval(
            sql("workspace_by_name"), scope.organization_id, name, None
        )
        return found
    subject = ("workspace", workspace_id)
    await record_act(connection, scope, "workspace.create", subject, new={"name": name})
    return workspace_id


async def find_workspace(connection: asyncpg.Connection, scope: Scope, name: str) -> UUID | None:
    """The workspace of a name that the scope may see."""
    found: UUID | None = await connection.fetchval(
        sql("workspace_by_name"), scope.organization_id, name.strip(), scope.workspace_ids
    )
    return found


async def rename_workspace(
    connection: asyncpg.Connection, scope: Scope, workspace_id: UUID, name: str
) -> None:
    """Gives a workspace another name. ADMIN of the workspace."""
    await locate_workspace(connection, scope, workspace_id, Role.ADMIN)
    name = clean_name(name)
    with one_of_a_name("workspace", name):
        old = await connection.fetchval(
            sql("workspace_rename"), scope.organization_id, workspace_id, name
        )
    subject = ("workspace", workspace_id)
    await record_act(
        connection, scope, "workspace.rename", subject, old={"name": old}, new={"name": name}
    )


async def set_workspace_group(
    connection: asyncpg.Connection, scope: Scope, workspace_id: UUID, group_id: UUID | None
) -> None:
    """Counts a workspace in a group, or in none. ADMIN of the organization."""
    scope.require_organization(Role.ADMIN)
    await locate_workspace(connection, scope, workspace_id)
    await close_gate(connection, scope.organization_id)
    with _known_group():
        old = await connection.fetchval(
            sql("workspace_set_group"), scope.organization_id, workspace_id, group_id
        )
    moved = {id for id in (old, group_id) if id is not None}
    if old != group_id:
        await recount_groups(connection, scope.organization_id, moved)
    subject = ("workspace", workspace_id)
    await record_act(
        connection,
        scope,
        "workspace.set_group",
        subject,
        old={"groupId": old},
        new={"groupId": group_id},
    )


@contextmanager
def _known_group() -> Iterator[None]:
    try:
        yield
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFoundError("There is no such workspace group.") from error


async def list_workspaces(connection: asyncpg.Connection, scope: Scope) -> list[asyncpg.Record]:
    """Visible workspaces by name: id, name, group_name, created_at."""
    rows: list[asyncpg.Record] = await connection.fetch(
        sql("workspace_administered"), scope.organization_id, scope.workspace_ids
    )
    return rows
