"""Rates as rows: written before the entries that refer to them, read to take entries back.

Immutable, and the id is made from the content: equal rates of several writers are one row.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import asyncpg

from models.db import sql
from models.price import Rate


async def insert_rates(
    connection: asyncpg.Connection, organization_id: UUID, rates: Iterable[Rate], now: datetime
) -> None:
    """Writes the rates that are not there yet."""
    rows = [(rate.id, rate.provider, rate.model, rate.service_tier, *rate.prices) for rate in rates]
    if rows:
        columns = zip(*rows, strict=True)
        await connection.execute(sql("rate_insert"), organization_id, now, *columns)


async def load_rates(
    connection: asyncpg.Connection, organization_id: UUID, ids: Collection[UUID | None]
) -> dict[UUID, Rate]:
    """Rates by id; None stands for no rate and is passed over."""
    wanted = {id for id in ids if id is not None}
    if not wanted:
        return {}
    rows = await connection.fetch(sql("rate_find"), organization_id, wanted)
    rates = [Rate(*row) for row in rows]
    return {rate.id: rate for rate in rates}
