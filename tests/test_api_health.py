"""Probes: alive whatever PostgreSQL does, ready when it answers, ready again when it is back."""

import asyncio
from pathlib import Path

import pytest
from door import (
    FakeDatabase,
    authenticate,
    client_of,
    make_app,
    make_context,
    make_schema,
    make_settings,
)

from api.app import create_app
from models.db import Database
from models.postgres import EmbeddedServer


async def test_alive_without_a_database() -> None:
    database = FakeDatabase(failure=ConnectionRefusedError())
    async with client_of(make_app(database)) as client:
        response = await client.get("/healthz")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["postgresql"] is None


async def test_ready_follows_the_database_without_a_restart() -> None:
    database = FakeDatabase()
    async with client_of(make_app(database)) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/healthz")).json()["postgresql"] == "18.4"
        database.failure = ConnectionRefusedError("10.0.0.1")
        away = await client.get("/readyz")
        assert (away.status_code, away.json()) == (503, {"status": "unavailable"})
        assert int(away.headers["retry-after"]) >= 1
        database.failure = RuntimeError("what asyncpg raises when nobody expects it")
        assert (await client.get("/readyz")).status_code == 503
        database.failure = None
        assert (await client.get("/readyz")).status_code == 200


async def test_a_database_that_does_not_answer_is_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.health._PING_SECONDS", 0.02)
    async with client_of(make_app(FakeDatabase(ping_seconds=60))) as client:
        assert (await client.get("/readyz")).status_code == 503


async def test_probes_take_no_credential_and_are_not_cached() -> None:
    async with client_of(make_app()) as client:
        del client.headers["authorization"]
        for path in ("/healthz", "/readyz"):
            response = await client.get(path)
            assert response.status_code == 200
            assert response.headers["cache-control"] == "no-store"


async def test_the_application_starts_and_closes_its_database() -> None:
    database = FakeDatabase(failure=ConnectionRefusedError())
    app = make_app(database)
    async with app.router.lifespan_context(app):
        assert database.events == ["start"]
    assert database.events == ["start", "close"]


async def test_ready_again_when_postgresql_is_back(open_directory: Path) -> None:
    """A real server, stopped and started under a running application."""
    server = EmbeddedServer(open_directory / "health")
    address = await asyncio.to_thread(server.start)
    database = Database(address.app_dsn)
    app = create_app(
        make_settings(),
        schema=make_schema(),
        database=database,
        authenticate=authenticate,
        context_factory=make_context,
    )
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await client.get("/readyz")).status_code == 200
        await asyncio.to_thread(server.stop)
        for _ in range(2):
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/healthz")).status_code == 200
        await asyncio.to_thread(server.start)
        assert (await client.get("/readyz")).status_code == 200
    await asyncio.to_thread(server.stop)
