"""`aicost prices`: shown, set, adopted, and past calls recalculated from the command line."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from postgres_server import FreshDatabase
from repricing import UNKNOWN, assert_proved, total
from tenants import NOON, PRICED, Tenant
from test_api_cli import Aicost, command_on

from api.commands.prices import parse_rate
from models.db import Database
from models.ledger import PRICES_SECONDS, Ledger
from models.price_change import NewRate
from models.public_price import source
from models.token import ReportedTokens

# Prices can be set 400 days back at most: days of the test's own year.
DAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=10)
SINCE, UNTIL = f"{DAY - timedelta(days=1):%Y-%m-%d}", f"{DAY + timedelta(days=1):%Y-%m-%d}"
RATES = ("--rate", "input=2", "--rate", "output=8")


@pytest.fixture
def aicost(migrated: FreshDatabase, database: Database) -> Aicost:
    """The command on the migrated database, beside this worker's own pool."""
    return command_on(migrated)


@pytest.fixture
async def name(database: Database, tenant: Tenant) -> str:
    """The name of the tenant's organization, made one of a kind."""
    name = f"Priced {tenant.id}"
    async with database.connection() as connection:
        await connection.execute("UPDATE organization SET name = $2 WHERE id = $1", tenant.id, name)
    return name


async def test_list_and_show(aicost: Aicost, name: str) -> None:
    of = ("--organization", name)
    only = ("--provider", "anthropic", "--model", PRICED, "--at", "2026-03-20", "--limit", "3")
    asked = ("prices", "list", *of, *only)
    listed = (await aicost(*asked, "--json")).json
    assert listed["has_more"] is True
    assert [price["token_class"] for price in listed["prices"]] == [
        "INPUT",
        "CACHE_READ",
        "CACHE_WRITE_5M",
    ]
    assert {price["source"] for price in listed["prices"]} == {"PUBLIC"}
    table = await aicost(*asked)
    assert "cache_write_5m" in table.out
    assert "--limit" in table.err
    shown = (await aicost("prices", "show", PRICED, *of, "--provider", "anthropic", "--json")).json
    first = shown["prices"][0]
    assert (first["token_class"], first["dollars_per_million"]) == ("INPUT", "5")
    assert first["source"] == source()
    assert "anthropic" in (await aicost("prices", "show", PRICED, *of)).out
    unknown = await aicost("prices", "show", "no-such-model", *of)
    assert (unknown.status, unknown.out) == (1, "")
    assert "No price is known" in unknown.err


async def test_a_price_is_set_and_what_lacked_one_is_priced(
    aicost: Aicost, database: Database, ledger: Ledger, tenant: Tenant, name: str
) -> None:
    of = ("--organization", name)
    assert (await aicost("prices", "missing", *of)).out == "Every call has a price.\n"
    await ledger.record(tenant.id, [tenant.event("a", model=UNKNOWN, occurred_at=DAY)])
    missing = (await aicost("prices", "missing", *of, "--json")).json
    [model] = missing["models"]
    assert (model["provider"], model["model"]) == ("anthropic", UNKNOWN)
    assert (model["unpriced_transactions"], model["total_tokens"]) == (1, 150)
    assert UNKNOWN in (await aicost("prices", "missing", *of)).out

    asked = ("prices", "set", UNKNOWN, "--provider", "anthropic", "--from", SINCE, *of)
    refused = await aicost(*asked, "--rate", "input=2")
    assert refused.status == 1
    assert "INPUT and OUTPUT" in refused.err
    made = (await aicost(*asked, *RATES, "--json")).json
    assert [price["dollars_per_million"] for price in made["prices"]] == ["2", "8"]
    assert made["repricing"]["status"] == "DONE"
    assert made["repricing"]["difference"] == "0.0006"
    assert (await aicost("prices", "missing", *of, "--json")).json["models"] == []
    again = await aicost(*asked, *RATES)
    assert (again.status, "What had no price" in again.out) == (0, False)
    await assert_proved(database, tenant)


async def test_a_repricing_is_shown_then_posted(
    aicost: Aicost, database: Database, ledger: Ledger, tenant: Tenant, name: str
) -> None:
    of = ("--organization", name)
    events = [tenant.event(f"e{n}", occurred_at=DAY) for n in range(3)]
    await ledger.record(tenant.id, events)
    await aicost("prices", "set", PRICED, "--provider", "anthropic", "--from", SINCE, *of, *RATES)
    before = await total(database, tenant)
    asked = ("prices", "reprice", "--from", SINCE, "--to", UNTIL, *of)
    shown = (await aicost(*asked, "--dry-run", "--json")).json
    assert (shown["is_dry_run"], shown["difference"]) == (True, "-0.00345")
    assert shown["lines"][0]["transactions"] == 3
    table = await aicost(*asked, "--dry-run")
    assert "Totals move by -0.00345 dollars." in table.out
    assert await total(database, tenant) == before
    none = await aicost(*asked, "--dry-run", "--model", "other")
    assert none.out == "Nothing changes.\n"
    # Nobody is there to agree.
    assert (await aicost(*asked)).status == 1
    assert await total(database, tenant) == before
    assert "Posted: DONE." in (await aicost(*asked, "--yes")).out
    assert await total(database, tenant) - before == Decimal("-0.00345")
    again = (await aicost(*asked, "--json")).json
    assert (again["is_dry_run"], again["lines"]) == (True, [])
    await assert_proved(database, tenant)


async def test_a_range_that_is_none_is_refused(aicost: Aicost, name: str) -> None:
    for since, until, said in (
        (UNTIL, SINCE, "not after"),
        ("yesterday", UNTIL, "not a time"),
        (SINCE, "2026-01-31T12:00:00", "not a time"),
        ("2026-02-30", UNTIL, "not a time"),
    ):
        outcome = await aicost(
            "prices", "reprice", "--from", since, "--to", until, "--organization", name
        )
        assert (outcome.status, said in outcome.err) == (1, True)


async def test_update_adopts_what_is_installed(aicost: Aicost) -> None:
    again = (await aicost("prices", "update", "--json")).json
    assert again == {"source": source(), "rows": 0, "models": []}
    assert f"{source()}: 0 prices adopted" in (await aicost("prices", "update")).out


async def test_update_says_what_changed(fresh_database: FreshDatabase) -> None:
    import asyncpg

    aicost = command_on(fresh_database)
    # The first command of all migrates and adopts; then a model's list is made to differ.
    await aicost("prices", "update")
    connection = await asyncpg.connect(dsn=fresh_database.owner_dsn)
    try:
        await connection.execute(
            "UPDATE public_price SET dollars_per_million = 99 WHERE provider = 'anthropic'"
            " AND model = 'claude-opus-4-5' AND token_class = 'OUTPUT'"
        )
        await connection.execute(
            "DELETE FROM public_price WHERE provider = 'openai' AND model = 'gpt-4o'"
        )
    finally:
        await connection.close()
    changed = (await aicost("prices", "update", "--json")).json
    assert changed["rows"] > 0
    assert changed["models"] == [
        {"provider": "anthropic", "model": "claude-opus-4-5", "is_new": False},
        {"provider": "openai", "model": "gpt-4o", "is_new": True},
    ]


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("input=3", NewRate("INPUT", Decimal(3))),
        ("Cache_Read=0.30", NewRate("CACHE_READ", Decimal("0.3"))),
        ("input@200001=6", NewRate("INPUT", Decimal(6), 200_001)),
        ("output@9/batch=7.5", NewRate("OUTPUT", Decimal("7.5"), 9, "batch")),
    ],
)
def test_rates_as_they_are_written(text: str, rate: NewRate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["input", "input=", "input=x", "input@x=1", "input=nan"])
async def test_what_is_no_rate_is_wrong_usage(aicost: Aicost, name: str, text: str) -> None:
    outcome = await aicost(
        "prices", "set", "m", "--provider", "p", "--organization", name, "--rate", text
    )
    assert outcome.status == 2
    assert "is not a rate" in outcome.err


async def test_a_running_process_notices_public_prices_within_a_minute(
    fresh_database: FreshDatabase, migrated: FreshDatabase
) -> None:
    """Here one that adopts beside it what it did not know when it began."""
    import asyncpg
    from tenants import make_tenant

    await command_on(fresh_database)("prices", "update")
    database = Database(fresh_database.app_dsn)
    await database.start()
    now_ns = 0
    try:
        tenant = await make_tenant(database)
        ledger = Ledger(database, clock=lambda: now_ns)
        tokens = ReportedTokens(input_tokens=100, output_tokens=50)
        calls = [tenant.event(f"e{n}", model="gpt-4o", provider="openai", tokens=tokens)
                 for n in range(3)]  # fmt: skip
        [first] = await ledger.record(tenant.id, calls[:1], now=NOON)
        connection = await asyncpg.connect(dsn=fresh_database.app_dsn)
        await connection.execute(
            "INSERT INTO public_price SELECT gen_random_uuid(), provider, model, token_class,"
            " min_input_tokens, service_tier, 1, starts_at, daily_from, daily_until,"
            " adopted_at + interval '1 hour', 'another' FROM public_price"
            " WHERE provider = 'openai' AND model = 'gpt-4o'"
        )
        await connection.close()
        now_ns = (PRICES_SECONDS - 1) * 10**9
        [before] = await ledger.record(tenant.id, calls[1:2], now=NOON)
        now_ns = PRICES_SECONDS * 10**9
        [after] = await ledger.record(tenant.id, calls[2:], now=NOON)
    finally:
        await database.close()
    assert before.cost == first.cost != after.cost
    assert after.cost == Decimal("0.00015")
