"""The pool: cancelled tasks take nothing with them, transactions are whole, statements end."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from postgres_server import FreshDatabase
from tenants import Tenant
from tortoise.transactions import in_transaction

from models import asyncpg_engine
from models.db import Database, sql
from models.tenancy import Organization


async def small(migrated: FreshDatabase, **options: float) -> Database:
    database = Database(migrated.app_dsn, pool_size=4, **options)  # type: ignore[arg-type]
    await database.start()
    return database


async def through_tortoise(_: Database) -> None:
    async with in_transaction():
        await Organization.first()


async def through_the_pool(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.fetchval("SELECT 1")


async def through_a_retry(database: Database) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        await connection.fetchval("SELECT 1")

    await database.retry(work)


async def eight_at_once(database: Database, work: Callable[[Database], Awaitable[None]]) -> None:
    """Takes every connection twice. A server that was just stormed may refuse for a moment."""
    async with asyncio.timeout(10):
        while True:
            # All are waited for: one that goes on would hold a connection for a moment more.
            done = await asyncio.gather(*(work(database) for _ in range(8)), return_exceptions=True)
            failed = [each for each in done if isinstance(each, BaseException)]
            if not failed:
                return
            for each in failed:
                if not isinstance(each, OSError | asyncpg.PostgresError | asyncpg.InterfaceError):
                    raise each
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("work", [through_tortoise, through_the_pool, through_a_retry])
async def test_cancelled_tasks_leak_no_connections(
    migrated: FreshDatabase, work: Callable[[Database], Awaitable[None]]
) -> None:
    """Clients that hang up cancel tasks at any moment; 3,000 of them emptied a pool of 4."""
    database = await small(migrated)
    chance = random.Random(7)
    with database.orm():
        for _ in range(150):
            tasks = [asyncio.ensure_future(work(database)) for _ in range(8)]
            for task in tasks:
                for _ in range(chance.randint(0, 3)):
                    await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await eight_at_once(database, work)
    pool = database.pool
    assert pool.get_idle_size() == pool.get_size()
    await database.close()


async def test_a_transaction_is_whole(database: Database, tenant: Tenant) -> None:
    async def change_and_fail() -> None:
        async with database.transaction() as connection:
            await connection.execute(
                "UPDATE organization SET name = 'changed' WHERE id = $1", tenant.id
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_and_fail()
    async with database.connection() as connection:
        name = await connection.fetchval("SELECT name FROM organization WHERE id = $1", tenant.id)
    assert name != "changed"


async def test_deadlocks_are_retried_and_never_shown(database: Database, tenant: Tenant) -> None:
    met = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> int:
        attempts = 0

        async def work(connection: asyncpg.Connection) -> int:
            nonlocal attempts
            attempts += 1
            statement = "UPDATE project SET name = name WHERE organization_id = $1 AND id = $2"
            await connection.execute(statement, tenant.id, tenant.project_ids[first])
            if attempts == 1:
                await met.wait()
            await connection.execute(statement, tenant.id, tenant.project_ids[second])
            return attempts

        return await database.retry(work)

    attempts = await asyncio.gather(cross(0, 1), cross(1, 0))
    assert sorted(attempts) == [1, 2]


async def test_statements_end_when_their_time_is_up(migrated: FreshDatabase) -> None:
    database = await small(migrated, statement_timeout_seconds=0.2)
    async with database.connection() as connection:
        with pytest.raises(asyncpg.QueryCanceledError):
            await connection.fetchval("SELECT pg_sleep(20)")

    async def longer(connection: asyncpg.Connection) -> object:
        return await connection.fetchval("SHOW statement_timeout")

    assert await database.retry(longer, timeout_seconds=7) == "7s"
    assert await database.retry(longer) == "200ms"
    await database.close()


async def test_a_plan_from_when_a_table_was_empty_does_not_last(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, it read all of a ledger for every event, until autovacuum came by."""
    owner = await asyncpg.connect(dsn=fresh_database.owner_dsn)
    await owner.execute("CREATE TABLE young (id integer PRIMARY KEY); ANALYZE young")
    await owner.execute("GRANT SELECT ON young TO PUBLIC")
    monkeypatch.setattr(asyncpg_engine, "FIRST_PLANS_SECONDS", 0)
    monkeypatch.setattr(asyncpg_engine, "PLANS_SECONDS", 0)
    database = Database(fresh_database.app_dsn, pool_size=1, has_generic_plans=True)
    await database.start()

    async def plan() -> str:
        async with database.connection() as connection:
            await connection.fetchval("SELECT id FROM young WHERE id = $1", 5)
            name = await connection.fetchval(
                "SELECT name FROM pg_prepared_statements WHERE statement ~ '^SELECT id FROM young'"
            )
            [*lines] = await connection.fetch(f'EXPLAIN EXECUTE "{name}" (5)')
            return str(lines[0][0])

    assert (await plan()).startswith("Seq Scan")
    await owner.execute("INSERT INTO young SELECT generate_series(1, 5000)")
    assert (await plan()).startswith("Index Only Scan")
    await database.close()
    await owner.close()


async def test_starting_needs_no_server() -> None:
    away = Database("postgresql:///nothing?host=/nonexistent", pool_size=1)
    await away.start()
    with pytest.raises(OSError):  # noqa: PT011 - any that the socket raises
        await away.ping()
    await away.close()


async def test_a_database_must_be_started_to_be_used() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        _ = Database("postgresql:///nothing").pool


def test_statements_are_loaded_without_their_comment() -> None:
    text = sql("organization_time_zones")
    assert text.startswith("SELECT")
    assert "--" not in text
    assert not text.endswith(";")
