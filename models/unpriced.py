"""Models that were used without a known price, from the sums of the days on which they were.

Counted is what has no price still; what was given one since is gone from here. The ledger itself is
asked only for the first and the last instant, on the days that the sums name.
"""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.db import sql
from models.ids import NIL
from models.page import Named, Page, page


class UnpricedModel(NamedTuple):
    """A model and its transactions without a price, in the order of `unpriced_list.sql`."""

    key: str
    provider: str | None
    model: str
    unpriced_transactions: int
    total_tokens: int
    first_at: datetime
    last_at: datetime

    @property
    def id(self) -> UUID:
        """None of its own: its key tells it from all others."""
        return NIL

    @property
    def place(self) -> Named:
        """Where it stands in the list."""
        return Named(self.key, self.id)


async def list_unpriced(
    connection: asyncpg.Connection,
    scope: Scope,
    *,
    size: int,
    after: Named | None = None,
    first_date: date | None = None,
    last_date: date | None = None,
) -> Page[UnpricedModel]:
    """A page of them, most tokens first; of some local days, both included, or ever.

    ADMIN of the organization.
    """
    scope.require_organization(Role.ADMIN)
    rows = await connection.fetch(
        sql("unpriced_list"),
        scope.organization_id,
        first_date,
        last_date,
        after.name if after else "",
        size + 1,
    )
    return page([UnpricedModel._make(row) for row in rows], size)
