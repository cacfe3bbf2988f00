"""Fixtures that every test may use: the server, and a database of one's own on it."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from access_world import World, make_world
from hypothesis import settings
from postgres_process import open_directory, warm_directory  # noqa: F401 - fixtures
from postgres_server import (
    FreshDatabase,
    Server,
    create_database,
    drop_abandoned_databases,
    drop_database,
    embedded_server,
    given_server,
)
from tenants import Tenant, make_tenant

from models.collector import spare_collector
from models.db import Database
from models.ledger import Ledger
from models.migration import migrate
from models.public_price import adopt_public_prices

# The same examples in every run, and no test that fails because the machine was busy.
settings.register_profile("aicost", deadline=None, derandomize=True)
settings.load_profile("aicost")


def pytest_collection_finish() -> None:
    """What was imported stays: walking it over and over takes a tenth of the tests' time."""
    spare_collector()


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Server]:
    """The server under test: that of DATABASE_URL, else the embedded one."""
    if given := os.environ.get("DATABASE_URL"):
        yield await given_server(given)
        return
    with embedded_server() as embedded:
        await drop_abandoned_databases(embedded)
        yield embedded


@pytest.fixture
async def fresh_database(server: Server) -> AsyncIterator[FreshDatabase]:
    """An empty database for one test, dropped after it."""
    database = await create_database(server)
    yield database
    await drop_database(server, database.name)


@pytest.fixture(scope="session")
async def migrated(server: Server) -> AsyncIterator[FreshDatabase]:
    """A migrated database with public prices, for all tests of one worker."""
    fresh = await create_database(server)
    await migrate(fresh.owner_dsn, app_role=fresh.app_role)
    connection = await asyncpg.connect(dsn=fresh.app_dsn)
    await adopt_public_prices(connection, now=datetime.now(UTC))
    await connection.close()
    yield fresh
    await drop_database(server, fresh.name)


@pytest.fixture(scope="session")
async def database(migrated: FreshDatabase) -> AsyncIterator[Database]:
    """A pool on the migrated database, as the serving role. Tests keep apart by organization."""
    started = Database(migrated.app_dsn, pool_size=8, statement_timeout_seconds=30)
    await started.start()
    yield started
    await started.close()


@pytest.fixture(scope="session")
def ledger(database: Database) -> Ledger:
    """The ledger on the migrated database."""
    return Ledger(database)


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """An organization of the test's own in UTC: a workspace, three projects, an owner, a key."""
    return await make_tenant(database)


@pytest.fixture
def organization(tenant: Tenant) -> Tenant:
    """The same, by the name of what it is."""
    return tenant


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection in a transaction that leaves nothing behind."""
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()


@pytest.fixture
async def world(connection: asyncpg.Connection) -> World:
    """An organization with two workspaces and three projects, inside that transaction."""
    return await make_world(connection)
