"""Fixtures that every test may use: the server, and a database of one's own on it."""

import os
from collections.abc import AsyncIterator

import pytest
from postgres_server import (
    FreshDatabase,
    Server,
    create_database,
    drop_abandoned_databases,
    drop_database,
    embedded_server,
    given_server,
)


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
