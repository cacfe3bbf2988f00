"""Adopting public prices into PostgreSQL: appended when they changed, never twice, never edited."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from models import public_price
from models.migration import migrate
from models.postgres import EmbeddedServer
from models.price import ALWAYS, PriceRow, load_price_book
from models.public_price import adopt_public_prices, public_rows

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
SOURCE = "genai-prices 0.2.3"


def row(token_class: str, dollars: str, **rest: object) -> PriceRow:
    known: dict[str, object] = {"provider": "acme", "model": "large-1", **rest}
    return PriceRow(token_class=token_class, dollars_per_million=Decimal(dollars), **known)  # type: ignore[arg-type]


TWO_MODELS = [
    row("INPUT", "2"),
    row("INPUT", "4", min_input_tokens=200_001),
    row("OUTPUT", "8"),
    row("INPUT", "1", daily_from=time(1), daily_until=time(4)),
    row("INPUT", "0.000001", model="small-1"),
    row("OUTPUT", "0", model="small-1"),
]


@pytest.fixture(scope="module")
async def owner_dsn(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    server = EmbeddedServer(tmp_path_factory.mktemp("prices") / "data")
    address = await asyncio.to_thread(server.start)
    await migrate(address.owner_dsn)
    yield address.owner_dsn
    await asyncio.to_thread(server.stop)


@pytest.fixture
async def connection(owner_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(owner_dsn)
    await connection.execute("TRUNCATE public_price")
    yield connection
    await connection.close()


def offer(monkeypatch: pytest.MonkeyPatch, rows: list[PriceRow], source: str = SOURCE) -> None:
    """Stands in for the installed package's data."""
    monkeypatch.setattr(public_price, "public_rows", lambda: rows)
    monkeypatch.setattr(public_price, "source", lambda: source)


async def stored(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    return [
        tuple(record)
        for record in await connection.fetch("SELECT * FROM public_price ORDER BY adopted_at, id")
    ]


async def test_the_installed_list_is_adopted_once(connection: asyncpg.Connection) -> None:
    rows = public_rows()
    assert await adopt_public_prices(connection, now=NOW) == len(rows)
    before = await stored(connection)
    assert await adopt_public_prices(connection, now=LATER) == 0
    assert await stored(connection) == before
    book = await load_price_book(connection)
    assert {
        replace(each, adopted_at=ALWAYS) for lists in book._public.values() for each in lists
    } == set(rows)


async def test_only_changed_models_are_appended_and_nothing_is_edited(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, TWO_MODELS)
    assert await adopt_public_prices(connection, now=NOW) == 6
    before = await stored(connection)
    # The tier is gone and the output dearer; the other model is as it was.
    changed = [TWO_MODELS[0], row("OUTPUT", "9"), TWO_MODELS[3], *TWO_MODELS[4:]]
    offer(monkeypatch, changed, "genai-prices 0.2.10")
    assert await adopt_public_prices(connection, now=LATER) == 3
    after = await stored(connection)
    assert after[:6] == before
    assert {each[-1] for each in after[6:]} == {"genai-prices 0.2.10"}
    rate = (await load_price_book(connection)).resolve("acme", "large-1", NOW, input_tokens=300_000)
    assert rate is not None
    assert (rate.input, rate.output) == (2, 9)


async def test_a_model_that_is_gone_keeps_its_prices(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, TWO_MODELS)
    await adopt_public_prices(connection, now=NOW)
    offer(monkeypatch, TWO_MODELS[:4])
    assert await adopt_public_prices(connection, now=LATER) == 0
    book = await load_price_book(connection)
    assert book.resolve("acme", "small-1", LATER, input_tokens=1) is not None


async def test_a_price_that_comes_back_is_appended_again(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    dearer = [replace(each, dollars_per_million=Decimal(20)) for each in TWO_MODELS]
    for rows in (TWO_MODELS, dearer, TWO_MODELS):
        offer(monkeypatch, rows)
        # One clock reading for all, as after a step back of the clock: the last still holds.
        assert await adopt_public_prices(connection, now=NOW) == 6
    rate = (await load_price_book(connection)).resolve("acme", "large-1", NOW, input_tokens=1)
    assert rate is not None
    assert rate.input == 2


async def test_an_older_package_does_not_undo_a_newer_one(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, TWO_MODELS, "genai-prices 0.2.10")
    await adopt_public_prices(connection, now=NOW)
    offer(monkeypatch, [row("INPUT", "7"), row("OUTPUT", "7")], "genai-prices 0.2.9")
    assert await adopt_public_prices(connection, now=LATER) == 0


async def test_servers_that_start_together_adopt_once(
    connection: asyncpg.Connection, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, TWO_MODELS)
    others = [await asyncpg.connect(owner_dsn) for _ in range(4)]
    counts = await asyncio.gather(
        *(
            adopt_public_prices(each, now=NOW + timedelta(seconds=number))
            for number, each in enumerate(others)
        )
    )
    for each in others:
        await each.close()
    assert sorted(counts) == [0, 0, 0, 6]


async def test_an_organization_reads_its_own_prices_only(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, TWO_MODELS)
    await adopt_public_prices(connection, now=NOW)
    mine, theirs = uuid4(), uuid4()
    await set_price(connection, mine, "INPUT", "1.5")
    await set_price(connection, theirs, "OUTPUT", "0.5")
    public = await load_price_book(connection)
    books = [
        await load_price_book(connection, organization_id, public=public)
        for organization_id in (mine, theirs, uuid4())
    ]
    rates = [book.resolve("acme", "large-1", NOW, input_tokens=1) for book in books]
    found = [(rate.input, rate.output) for rate in rates if rate is not None]
    assert found == [(Decimal("1.5"), 8), (2, Decimal("0.5")), (2, 8)]
    assert books[2] is public


async def set_price(
    connection: asyncpg.Connection, organization_id: UUID, token_class: str, dollars: str
) -> None:
    await connection.execute(
        "INSERT INTO organization (id, name, time_zone, billing_mode, plan, cycle_anchor_day,"
        " credits_per_dollar, created_at) VALUES ($1, 'Acme', 'UTC', 'BYOM', 'pro', 1, 1, now())",
        organization_id,
    )
    await connection.execute(
        "INSERT INTO price (organization_id, id, provider, model, token_class,"
        " dollars_per_million, starts_at, adopted_at, source)"
        " VALUES ($1, $2, 'acme', 'large-1', $3, $4, $5, $6, 'test')",
        organization_id,
        uuid4(),
        token_class,
        Decimal(dollars),
        ALWAYS,
        NOW,
    )
