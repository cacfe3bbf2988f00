"""The form in which entries reach the ledger, against the table that they go to."""

import asyncio
from datetime import UTC, datetime
from typing import cast

import asyncpg
from tenants import Tenant
from test_models_cap_race import until_blocked

from models.db import Database
from models.event import JobRef, RunRef, UsageEvent
from models.ids import uuid7
from models.ledger import Ledger
from models.ledger_statement import COLUMNS, STATEMENT, append
from models.rollup import ORGANIZATION_DAY, ROLLUPS, Rollup
from models.run import Activity

_FIELDS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relname = $1 AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0
    AND NOT a.attisdropped
ORDER BY a.attnum
"""
# What a batch has in common.
NOT_OF_AN_ENTRY = {"organization_id", "recorded_at"}


async def test_an_entry_on_its_way_has_every_column_of_the_ledger(database: Database) -> None:
    async with database.connection() as connection:
        entry = {
            row["name"]: row["type"] for row in await connection.fetch(_FIELDS, "ledger_entry_v2")
        }
        ledger = await connection.fetch(_FIELDS, "credit_transaction")
    assert tuple(entry) == COLUMNS
    assert entry == {
        row["name"]: row["type"] for row in ledger if row["name"] not in NOT_OF_AN_ENTRY
    }


async def test_the_statement_is_prepared_once_however_long_it_is(
    database: Database, tenant: Tenant
) -> None:
    """asyncpg prepares long statements anew each time, unless it is told otherwise."""
    assert len(STATEMENT) > 15 * 1024
    async with database.connection() as connection:
        for _ in range(2):
            await append(connection, tenant.id, datetime.now(UTC), [], Activity())
        uses = await connection.fetchval(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement = $1",
            STATEMENT,
        )
    assert uses >= 2


class TakenKey:
    """A connection to a server on which constraints have names of its own: Citus."""

    async def fetch(self, *_: object) -> None:
        raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")


async def test_a_key_that_was_taken_is_told_by_the_state_and_not_by_a_name() -> None:
    connection = cast(asyncpg.Connection, TakenKey())
    assert await append(connection, uuid7(), datetime.now(UTC), [], Activity()) is None


async def is_held(connection: asyncpg.Connection, tenant: Tenant, rollup: Rollup) -> bool:
    """Whether another transaction has changed every row that the organization has in a rollup."""
    place = f"FROM {rollup.table} WHERE organization_id = $1"
    assert await connection.fetchval(f"SELECT count(*) {place}", tenant.id) > 0
    free = await connection.fetch(f"SELECT {place} FOR UPDATE SKIP LOCKED", tenant.id)
    return not free


async def test_what_all_writers_of_an_organization_change_is_written_last(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    """Whoever waits for the organization's day has written everything else."""

    def event(key: str, **names: object) -> list[UsageEvent]:
        return [tenant.event(key, user_id=tenant.user_id, duration_ms=5, **names)]

    job = {"run": RunRef("r"), "job": JobRef("j", "research")}
    await ledger.record(tenant.id, [*event("e1", **job), *event("e2")])
    async with database.transaction() as other:
        await other.execute(
            f"UPDATE {ORGANIZATION_DAY.table} SET requests = requests WHERE organization_id = $1",
            tenant.id,
        )
        writing = asyncio.create_task(ledger.record(tenant.id, [*event("e3", **job), *event("e4")]))
        await until_blocked(other, writing)
        held = {it.table: await is_held(other, tenant, it) for it in ROLLUPS}
    await writing
    assert held.pop(ORGANIZATION_DAY.table) is False, "held by us alone"
    assert all(held.values()), held
