"""The gate of an organization's money: many post through it, or one changes how they are counted.

Whoever posts, reserves or settles is inside from its first statement to its commit; whoever changes
what is counted (a cap, a workspace's group, how the organization pays) closes the gate first, and
so finds everything that was posted before and nothing on its way. The caps of a posting are looked
at in a statement after the one that entered, whose snapshot therefore holds every change. Refused:
entering first and closing later in one transaction, which two of them could not both do.
"""

from uuid import UUID

import asyncpg

from models.db import sql

_PATIENCE_MS = 1000


async def enter(connection: asyncpg.Connection, organization_id: UUID) -> None:
    """Goes in beside others that post, for the rest of the transaction."""
    await connection.execute(sql("gate_enter"), organization_id)


async def close_gate(connection: asyncpg.Connection, organization_id: UUID) -> None:
    """Waits until nobody is inside and keeps everybody out for the rest of the transaction."""
    await connection.execute(sql("gate_close"), organization_id)


async def close_gate_soon(connection: asyncpg.Connection, organization_id: UUID) -> None:
    """Does the same, or raises asyncpg.LockNotAvailableError where somebody stays inside for long.

    Whoever comes meanwhile waits, too: for what could be done beside others that must not be long.
    """
    await connection.execute(f"SET LOCAL lock_timeout = {_PATIENCE_MS}")
    await close_gate(connection, organization_id)
    await connection.execute("SET LOCAL lock_timeout TO DEFAULT")
