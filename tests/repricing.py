"""Repricing in tests: prices, one call for a rehearsal and its run, and what a ledger holds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tenants import Tenant

from models import repricing, repricing_page
from models.access import Principal, Role, Scope
from models.db import Database
from models.errors import UserErrors
from models.ids import uuid7
from models.posted import load_posted
from models.posting import Posted
from models.price_change import NewPrice, NewRate, set_price
from models.repricing import Repricing, Wanted, load_repricing, post_rehearsed, rehearse
from models.repricing_run import carry_on
from models.rollup_check import verify

UNKNOWN = "house-1"
EVER = Wanted(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def admin(tenant: Tenant) -> Scope:
    return Scope(Principal(tenant.id, tenant.user_id, None), Role.ADMIN)


async def price(
    database: Database,
    tenant: Tenant,
    model: str = UNKNOWN,
    input_: Any = 2,
    output: Any = 8,
    *more: NewRate,
    provider: str = "anthropic",
    starts_at: datetime = START,
) -> None:
    """Sets an organization's own prices."""
    rates = (NewRate("INPUT", Decimal(input_)), NewRate("OUTPUT", Decimal(output)), *more)
    async with database.transaction() as connection:
        wanted = NewPrice(provider, model, starts_at, rates)
        await set_price(connection, admin(tenant), wanted, now=NOW)


async def finished(database: Database, tenant: Tenant, repricing: Repricing) -> Repricing:
    """The same once nothing of it is left to do."""
    await carry_on(database, tenant.id, repricing.id)
    return await load_repricing(database, admin(tenant), repricing.id)


async def shown(database: Database, tenant: Tenant, wanted: Wanted = EVER) -> Repricing:
    """A dry run, done."""
    return await finished(database, tenant, await rehearse(database, admin(tenant), wanted))


async def posted(
    database: Database, tenant: Tenant, dry: Repricing, wanted: Wanted = EVER
) -> Repricing:
    """The run that follows a dry run, done."""
    begun = await post_rehearsed(database, admin(tenant), wanted, dry.id)
    return await finished(database, tenant, begun)


async def total(database: Database, tenant: Tenant) -> Decimal:
    """Dollars on the ledger."""
    async with database.connection() as connection:
        found: Decimal = await connection.fetchval(
            "SELECT coalesce(sum(cost), 0) FROM credit_transaction WHERE organization_id = $1",
            tenant.id,
        )
    return found


async def entries(database: Database, tenant: Tenant) -> Sequence[asyncpg.Record]:
    async with database.connection() as connection:
        rows: Sequence[asyncpg.Record] = await connection.fetch(
            "SELECT * FROM credit_transaction WHERE organization_id = $1 ORDER BY event_key, part",
            tenant.id,
        )
    return rows


async def calls(database: Database, tenant: Tenant) -> dict[str, Posted]:
    """What stands under every key."""
    keys = {row["event_key"] for row in await entries(database, tenant)}
    async with database.connection() as connection:
        return await load_posted(connection, tenant.id, keys)


async def assert_proved(database: Database, tenant: Tenant) -> None:
    """Every rollup equals a recount, every cost its tokens times its rate."""
    report = await verify(database, tenant.id)
    assert report.is_clean, report.shown


async def make_import(database: Database, tenant: Tenant) -> UUID:
    """A run of an importer that events can name."""
    id = uuid7()
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO usage_import (organization_id, id, format, source, status, started_at)"
            " VALUES ($1, $2, 'test', 'test', 'RUNNING', now())",
            tenant.id,
            id,
        )
    return id


def by_pages(monkeypatch: pytest.MonkeyPatch, size: int = 2) -> None:
    """Makes every recalculation a long one, of short pages."""
    monkeypatch.setattr(repricing, "SHORT_CALLS", -1)
    monkeypatch.setattr(repricing_page, "PAGE_ROWS", size)


async def stale(database: Database, tenant: Tenant, dry: Any, wanted: Any = EVER) -> str:
    """The message of a run that is refused."""
    with pytest.raises(UserErrors) as refused:
        await post_rehearsed(database, admin(tenant), wanted, dry.id)
    [error] = refused.value.errors
    assert (error.code, error.field) == ("STALE", ("afterDryRunId",))
    return error.message
