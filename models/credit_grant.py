"""Reading what credits came from and where they lapsed: entries that are never edited."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.db import sql
from models.page import NEWEST, Page, PageKey, page


class CreditGrant(NamedTuple):
    """Credits that came, or lapsed when negative, in the order of the columns of the statement."""

    id: UUID
    kind: str
    credits: Decimal
    cycle_start: datetime
    granted_at: datetime
    reason: str
    user_id: UUID | None


async def list_grants(
    connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
) -> list[Page[CreditGrant]]:
    """Pages of the organization's grants, newest first. ADMIN."""
    scope.require_organization(Role.ADMIN)
    return [await _list(connection, scope, key) for key in keys]


async def _list(connection: asyncpg.Connection, scope: Scope, key: PageKey) -> Page[CreditGrant]:
    rows = await connection.fetch(
        sql("credit_grant_list"), scope.organization_id, *(key.after or NEWEST), key.size + 1
    )
    return page([CreditGrant._make(row) for row in rows], key.size)
