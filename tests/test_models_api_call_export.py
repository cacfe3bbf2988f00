"""API calls as CSV, read back: the rows of the list, documented columns first, and no formulas."""

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from analytics_world import END, START, World, make_world
from tenants import Tenant

from models import api_call_export
from models.api_call import ApiCall, CallFilter, CallsWanted, list_calls
from models.api_call_export import HEADER, ApiCallExport
from models.db import Database
from models.event import Operation
from models.export import write_csv
from models.ids import API_KEY, encode
from models.ledger import Ledger
from models.local_time import load_time_zones
from models.page import At
from models.period import Calendar
from models.token import ReportedTokens

DOCUMENTED = (
    "Date,API Key ID,API Key Name,Provider,Model,Input Tokens,Output Tokens,Completion Time (ms),"
    "Input Token Price (USD/1M tokens),Output Token Price (USD/1M tokens)"
)


@pytest.fixture(scope="module", params=["America/New_York", "Asia/Kathmandu"])
async def world(request: pytest.FixtureRequest, database: Database, ledger: Ledger) -> World:
    return await make_world(database, ledger, request.param)


async def exported(database: Database, export: ApiCallExport) -> list[dict[str, str]]:
    """The file, read back by another program."""
    pieces: list[bytes] = []

    async def write(piece: bytes) -> None:
        pieces.append(piece)
        await asyncio.sleep(0)

    async with database.connection() as connection:
        await write_csv(connection, export, write)
    text = b"".join(pieces).decode()
    assert text.startswith(DOCUMENTED + ",")
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def listed(world: World, wanted: CallsWanted) -> list[ApiCall]:
    found: list[ApiCall] = []
    place: At | None = None
    while True:
        async with world.connection() as connection:
            page = await list_calls(
                connection, world.scope, world.calendar, wanted, size=100, place=place
            )
        found += page.items
        if not page.has_next:
            return found
        place = page.items[-1].place


def as_row(world: World, call: ApiCall) -> dict[str, Any]:
    names = {world.tenant.api_key_id: "key", world.other_key_id: "'=cmd|'/c calc'!A1"}
    key = call.api_key_id
    return {
        "Date": call.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "API Key ID": encode(API_KEY, world.tenant.id, key) if key else "",
        "API Key Name": names[key] if key else "",
        "Provider": call.provider or "",
        "Model": call.model,
        "Input Tokens": str(call.input_tokens),
        "Output Tokens": _text(call.output_tokens),
        "Completion Time (ms)": _text(call.duration_ms),
        "Input Token Price (USD/1M tokens)": _text(call.input_price),
        "Output Token Price (USD/1M tokens)": _text(call.output_price),
        "Cache Read Tokens": str(call.cache_read),
        "Cache Write Tokens (5 min)": str(call.cache_write_5m),
        "Cache Write Tokens (1 h)": str(call.cache_write_1h),
        "Reasoning Tokens": "" if call.is_embedding else str(call.reasoning),
        "Cost (USD)": "unpriced" if call.cost is None else _text(call.cost),
    }


def _text(number: Decimal | int | None) -> str:
    return "" if number is None else f"{Decimal(number).normalize():f}"


@pytest.mark.parametrize("batch_size", [1, 7, 50_000])
async def test_a_file_has_the_rows_of_the_list(
    world: World, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    monkeypatch.setattr(api_call_export, "BATCH_SIZE", batch_size)
    workspace, keys = world.tenant.workspace_id, (world.tenant.api_key_id,)
    seven = timedelta(days=7, minutes=11)
    for wanted in (
        CallsWanted(workspace, START - seven, END + seven),
        CallsWanted(workspace, START + seven, END - seven),
        CallsWanted(workspace, START, END, CallFilter(keys, ("anthropic",), None, "COMPLETION")),
        CallsWanted(workspace, START, END, CallFilter(models=("nobody-knows", "x"))),
        CallsWanted(workspace, START, END, CallFilter(outcome="FAILED", providers=("", "openai"))),
        CallsWanted(workspace, START, END, CallFilter(models=())),
        CallsWanted(world.other_workspace_id, START, END),
        CallsWanted(workspace, END + seven, END + 2 * seven),
    ):
        export = ApiCallExport(world.tenant.id, world.calendar, wanted)
        rows = await exported(world.database, export)
        calls = await listed(world, wanted)
        assert rows == [as_row(world, call) for call in calls]


async def test_the_cost_is_tokens_times_the_printed_prices(world: World) -> None:
    """Wherever nothing was cached; and what is printed adds up to the ledger."""
    wanted = CallsWanted(world.tenant.workspace_id, START - timedelta(days=2), END)
    rows = await exported(world.database, ApiCallExport(world.tenant.id, world.calendar, wanted))
    plain = 0
    for row in rows:
        if row["Cost (USD)"] == "unpriced":
            assert row["Input Token Price (USD/1M tokens)"] == ""
            continue
        if row["Cache Read Tokens"] == "0":
            plain += 1
            assert Decimal(row["Cost (USD)"]) * 10**6 == _product(row, "Input") + _product(
                row, "Output"
            )
    assert plain > 20
    truth = world.met(lambda row: row["workspace_id"] == world.tenant.workspace_id)
    assert sum(
        Decimal(row["Cost (USD)"]) for row in rows if row["Cost (USD)"] != "unpriced"
    ) == sum(row["cost"] or 0 for row in truth)


def _product(row: dict[str, str], name: str) -> Decimal:
    price = row[f"{name} Token Price (USD/1M tokens)"] or 0
    return Decimal(row[f"{name} Tokens"] or 0) * Decimal(price)


@pytest.fixture
async def calendar(database: Database, tenant: Tenant) -> Calendar:
    async with database.connection() as connection:
        return Calendar(await load_time_zones(connection, tenant.id), END)


async def test_the_documented_example(
    database: Database, ledger: Ledger, tenant: Tenant, calendar: Calendar
) -> None:
    at = datetime(2026, 3, 1, 8, 15, 0, 250000, tzinfo=UTC)
    example = ReportedTokens(input_tokens=500, output_tokens=1200)
    vector = ReportedTokens(input_tokens=500, output_tokens=0)
    calls = [
        tenant.event("a", provider="openai", model="gpt-4o", tokens=example, occurred_at=at,
                     api_key_id=tenant.api_key_id, duration_ms=1830),
        tenant.event("b", provider="openai", model="text-embedding-3-small", tokens=vector,
                     occurred_at=at - timedelta(hours=1), operation=Operation.EMBEDDING),
    ]  # fmt: skip
    await ledger.record(tenant.id, calls, now=END)
    export = ApiCallExport(tenant.id, calendar, CallsWanted(tenant.workspace_id, START, END))
    first, second = await exported(database, export)
    assert list(first.values()) == [
        "2026-03-01T08:15:00.250000Z", encode(API_KEY, tenant.id, tenant.api_key_id), "key",
        "openai", "gpt-4o", "500", "1200", "1830", "2.5", "10", "0", "0", "0", "0", "0.01325",
    ]  # fmt: skip
    assert list(second.values()) == [
        "2026-03-01T07:15:00.250000Z", "", "", "openai", "text-embedding-3-small", "500", "", "",
        "0.02", "", "0", "0", "0", "", "0.00001",
    ]  # fmt: skip


HOSTILE = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", '"q", x',
           "two\nlines", "'; DROP TABLE rate; --", "\\.", "$1::text", "ünïcödé 🙂"]  # fmt: skip


async def test_nothing_calculates_and_nobody_is_named(
    database: Database, ledger: Ledger, tenant: Tenant, calendar: Calendar
) -> None:
    calls = [
        tenant.event(str(number), provider=name, model=name, user_id=tenant.user_id)
        for number, name in enumerate(HOSTILE)
    ]
    outcomes = await ledger.record(tenant.id, calls, now=END)
    assert not any(outcome.errors for outcome in outcomes)
    for filter in (CallFilter(), CallFilter(models=tuple(HOSTILE), providers=tuple(HOSTILE))):
        wanted = CallsWanted(tenant.workspace_id, START, END, filter)
        rows = await exported(database, ApiCallExport(tenant.id, calendar, wanted))
        defused = [f"'{name}" if name[0] in "=+-@\t\r\n＝＋－＠" else name for name in HOSTILE]
        assert _shown(rows, "Model") == _shown(rows, "Provider") == sorted(defused)
        told = " ".join(value for row in rows for value in row.values())
        assert str(tenant.user_id) not in told
        assert "Owner" not in told
        assert "example.com" not in told
    assert not [name for name in HEADER if "ser" in name.lower()]


def _shown(rows: Sequence[dict[str, str]], column: str) -> list[str]:
    return sorted(row[column] for row in rows)
