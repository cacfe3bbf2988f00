"""Memberships: roles given to people, changed and taken away.

Every function runs inside a transaction that its caller opened, and every act leaves an audit
event. Whoever loses a right loses with it the keys that are stronger than what remains; whoever
loses the last one leaves the organization, and their projects wait for another owner. Refused:
giving or taking OWNER without having it, and taking the organization's last one.
"""

from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.api_key import revoke_excess_keys
from models.audit import record_act
from models.db import sql
from models.errors import UserError, UserErrors
from models.ids import uuid7
from models.level import Level, require_at


async def grant_role(
    connection: asyncpg.Connection,
    scope: Scope,
    user_id: UUID,
    role: Role,
    level: Level = Level(),  # noqa: B008 - frozen
) -> UUID:
    """Gives a person a role at a level, in place of the one that they had there.

    ADMIN of the level; OWNER of it when OWNER is given or taken.
    """
    await connection.fetchval(sql("organization_lock"), scope.organization_id)
    before = await _current(connection, scope, user_id, level)
    highest = max(role, Role[before["role"]]) if before is not None else role
    await require_at(connection, scope, level, _needed(highest))
    membership_id: UUID = uuid7() if before is None else before["id"]
    if before is not None and before["role"] == role.name:
        return membership_id
    if before is None:
        await connection.execute(
            sql("membership_insert"),
            scope.organization_id,
            membership_id,
            user_id,
            level.workspace_id,
            level.project_id,
            role.name,
        )
        await connection.execute(sql("user_organization_insert"), user_id, scope.organization_id)
    else:
        await connection.execute(
            sql("membership_set_role"), scope.organization_id, membership_id, role.name
        )
        await _require_owner(connection, scope, before, level)
        await revoke_excess_keys(connection, scope, user_id)
    await _record(
        connection, scope, "membership.grant", membership_id, user_id, level, before, role
    )
    return membership_id


async def take_role(
    connection: asyncpg.Connection,
    scope: Scope,
    user_id: UUID,
    level: Level = Level(),  # noqa: B008 - frozen
) -> None:
    """Takes a person's role at a level away. ADMIN of the level; OWNER of it to take OWNER."""
    await connection.fetchval(sql("organization_lock"), scope.organization_id)
    before = await _current(connection, scope, user_id, level)
    held = Role[before["role"]] if before is not None else Role.VIEWER
    await require_at(connection, scope, level, _needed(held))
    if before is None:
        message = "The person has no role of their own there."
        raise UserErrors([UserError("NOT_FOUND", message, ("userId",))])
    await connection.execute(sql("membership_delete"), scope.organization_id, before["id"])
    await _require_owner(connection, scope, before, level)
    await _leave_if_last(connection, scope, user_id)
    await revoke_excess_keys(connection, scope, user_id)
    await _record(connection, scope, "membership.take", before["id"], user_id, level, before, None)


async def list_memberships(connection: asyncpg.Connection, scope: Scope) -> list[asyncpg.Record]:
    """Memberships by person: user_id, email, name, role, workspace_name, project_name. ADMIN."""
    scope.require_organization(Role.ADMIN)
    rows: list[asyncpg.Record] = await connection.fetch(
        sql("membership_list"), scope.organization_id
    )
    return rows


def _needed(role: Role) -> Role:
    return Role.OWNER if role is Role.OWNER else Role.ADMIN


async def _current(
    connection: asyncpg.Connection, scope: Scope, user_id: UUID, level: Level
) -> asyncpg.Record | None:
    return await connection.fetchrow(
        sql("membership_at"),
        scope.organization_id,
        user_id,
        level.workspace_id,
        level.project_id,
    )


async def _require_owner(
    connection: asyncpg.Connection, scope: Scope, before: asyncpg.Record, level: Level
) -> None:
    """Raises UserErrors when an OWNER of the organization was taken and none is left.

    The organization is locked, so that two OWNERs cannot take each other's role at once.
    """
    if before["role"] != Role.OWNER.name or level != Level():
        return
    if not await connection.fetchval(sql("membership_has_owner"), scope.organization_id):
        message = "The organization would be left without an OWNER; give that role first."
        raise UserErrors([UserError("INVALID", message, ("role",))])


async def _leave_if_last(connection: asyncpg.Connection, scope: Scope, user_id: UUID) -> None:
    organization_id = scope.organization_id
    if await connection.fetchval(sql("membership_any"), organization_id, user_id):
        return
    await connection.execute(sql("user_organization_delete"), user_id, organization_id)
    rows = await connection.fetch(sql("project_disown"), organization_id, user_id)
    for row in rows:
        subject = ("project", row["id"])
        old, new = {"ownerId": user_id}, {"ownerId": None}
        await record_act(connection, scope, "project.set_owner", subject, old=old, new=new)


async def _record(
    connection: asyncpg.Connection,
    scope: Scope,
    action: str,
    membership_id: UUID,
    user_id: UUID,
    level: Level,
    before: asyncpg.Record | None,
    role: Role | None,
) -> None:
    about = {
        "userId": user_id,
        "workspaceId": level.workspace_id,
        "projectId": level.project_id,
    }
    await record_act(
        connection,
        scope,
        action,
        ("membership", membership_id),
        old=None if before is None else {**about, "role": before["role"]},
        new=None if role is None else {**about, "role": role.name},
    )
