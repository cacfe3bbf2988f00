"""The demo's key: a secret that opens the demo organization as OWNER, for whoever tries it out.

Only a hash of it is stored, like of any key, so whoever shows it again keeps it elsewhere; what was
lost is replaced. Refused: giving a new secret to a key that somebody has revoked.
"""

from uuid import UUID

import asyncpg

from models import demo_world as world
from models.access import Role, Scope, key_access
from models.api_key import create_key, hash_secret, list_keys, rotate_key
from models.user import list_users


async def demo_secret(
    connection: asyncpg.Connection, organization_id: UUID, kept: str | None
) -> str | None:
    """A secret that works: the kept one while it does, else a new one. None once it was revoked."""
    if kept is not None:
        access = await key_access(connection, hash_secret(kept))
        if access is not None and access.scope.organization_id == organization_id:
            return kept
    scope = Scope.system(organization_id)
    keys = [key for key in await list_keys(connection, scope) if key.name == world.KEY_NAME]
    if not keys:
        users = {row["email"]: row["id"] for row in await list_users(connection, scope)}
        made = await create_key(
            connection,
            scope,
            name=world.KEY_NAME,
            role=Role.OWNER,
            user_id=users.get(world.ADA),
        )
        return made.secret
    live = [key for key in keys if key.revoked_at is None]
    return (await rotate_key(connection, scope, live[0].id)).secret if live else None
