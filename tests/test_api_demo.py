"""What a start says about the demo: a key that works, kept for the next start, and a query."""

import json
import shlex
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from door import make_settings
from postgres_server import FreshDatabase

from api.app import create_app
from api.auth import Authenticator, JwtRules
from api.commands.demo import KEY_FILE, curl, greet, read_secret, server_url, write_secret
from api.commands.session import DatabaseAddress
from api.settings import Settings
from models.db import Database
from models.demo import fill_demo
from models.ledger import Ledger
from models.migration import migrate
from models.public_price import adopt_public_prices
from resolvers.context import create_context
from resolvers.schema import schema


@pytest.fixture
async def demo(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """A database with a small demo organization and nothing else."""
    await migrate(fresh_database.owner_dsn, app_role=fresh_database.app_role)
    database = Database(fresh_database.app_dsn, pool_size=2)
    await database.start()
    async with database.connection() as connection:
        await adopt_public_prices(connection, now=datetime.now(UTC))
    await fill_demo(database, Ledger(database), scale=0.01)
    yield database
    await database.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(demo=True, data_dir=tmp_path / "data")


async def post(database: Database, settings: Settings, command: str) -> httpx.Response:
    """What the printed command is answered, sent without a socket."""
    words = shlex.split(command)
    assert words[:2] == ["curl", "-s"]
    options = list(zip(words[3::2], words[4::2], strict=True))
    headers = dict(value.split(": ") for name, value in options if name == "-H")
    [body] = [value for name, value in options if name == "-d"]
    authenticator = Authenticator(database, JwtRules.of(settings))
    app = create_app(
        settings,
        schema=schema,
        database=database,
        authenticate=lambda sent: authenticator.authenticate(sent.get("authorization"), None),
        context_factory=create_context,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.post(words[2], headers=headers, content=body)


async def test_every_start_prints_a_command_that_is_answered(
    demo: Database, fresh_database: FreshDatabase, settings: Settings
) -> None:
    address = DatabaseAddress(fresh_database.owner_dsn, fresh_database.app_dsn)
    lines = await said(address, settings)
    kept = read_secret(settings.data_dir / KEY_FILE)
    assert kept is not None
    assert lines[0].endswith(kept)
    response = await post(demo, settings, lines[-1])
    assert response.status_code == 200
    summary = response.json()["data"]["monthlySummary"]
    assert summary["budgetStatus"] == "EXCEEDED"
    assert 120 <= summary["budgetPct"] < 121
    assert await said(address, settings) == lines

    (settings.data_dir / KEY_FILE).unlink()
    replaced = await said(address, settings)
    assert (await post(demo, settings, replaced[-1])).status_code == 200
    assert (await post(demo, settings, lines[-1])).status_code == 401


async def said(address: DatabaseAddress, settings: Settings) -> list[str]:
    welcome = await greet(address, settings)
    assert welcome is not None
    return welcome.lines("http://door")


async def test_nothing_is_said_or_filled_unless_asked(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    address = DatabaseAddress(fresh_database.owner_dsn, fresh_database.app_dsn)
    assert await greet(address, make_settings(data_dir=tmp_path)) is None


def test_the_secret_is_for_its_owner_alone_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / KEY_FILE
    assert read_secret(path) is None
    for secret in ("aic_first", "aic_second"):
        write_secret(path, secret)
        assert read_secret(path) == secret
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]
    path.write_bytes(b"\xff\n")
    assert read_secret(path) is None


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8001"),
        ("0.0.0.0", "http://127.0.0.1:8001"),  # noqa: S104 - a setting, nothing is bound
        ("::", "http://[::1]:8001"),
        ("costs.example", "http://costs.example:8001"),
    ],
)
def test_the_address_is_one_that_can_be_reached_from_here(host: str, url: str) -> None:
    assert server_url(make_settings(host=host), 8001) == url


def test_the_command_is_one_for_a_shell() -> None:
    words = shlex.split(curl("http://127.0.0.1:8000", "aic_x", "proj_y"))
    assert words[:3] == ["curl", "-s", "http://127.0.0.1:8000/graphql"]
    assert "Authorization: Bearer aic_x" in words
    assert 'projectId: "proj_y"' in json.loads(words[-1])["query"]
