"""FOCUS: its columns, exact products, what is unpriced, credits, and the same rows as Parquet."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.parquet
import pytest
from tenants import NOON, PRICED, Tenant, make_tenant

from models.billing_cycle import BillingCycles, CycleAnchors
from models.db import Database
from models.errors import BadInputError
from models.export import write_csv
from models.focus import DECIMALS, FocusExport, whole_days
from models.focus_parquet import write_parquet
from models.ids import ORGANIZATION, PROJECT, WORKSPACE, encode
from models.ledger import Ledger
from models.local_time import TimeZones
from models.period import Calendar
from models.token import ReportedTokens

# FOCUS 1.2's columns that are mandatory, by its specification.
MANDATORY = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd",
    "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory",
    "ServiceName",
}  # fmt: skip
NOW = datetime(2026, 4, 2, tzinfo=UTC)


def export_of(tenant: Tenant, **changes: Any) -> FocusExport:
    zones = TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], [tenant.time_zone])
    values: dict[str, Any] = {
        "organization_id": tenant.id,
        "workspace_id": tenant.workspace_id,
        "project_ids": None,
        "calendar": Calendar(zones, NOW),
        "cycles": BillingCycles(zones, CycleAnchors(10)),
        "first": date(2026, 3, 1),
        "last": date(2026, 3, 31),
    }
    return FocusExport(**(values | changes))


async def rows_of(database: Database, export: FocusExport) -> list[dict[str, str]]:
    chunks: list[bytes] = []

    async def keep(chunk: bytes) -> None:
        chunks.append(chunk)

    async with database.connection() as connection:
        await write_csv(connection, export, keep)
    return list(csv.DictReader(io.StringIO(b"".join(chunks).decode(), newline="")))


@pytest.fixture
async def spent(database: Database, ledger: Ledger) -> Tenant:
    tenant = await make_tenant(database, time_zone="Europe/Berlin")
    tokens = ReportedTokens(
        input_tokens=1_000, output_tokens=77, cache_read_tokens=333, cache_write_5m_tokens=51,
        cache_write_1h_tokens=7, reasoning_tokens=3, input_includes_cache=False,
        output_includes_reasoning=True,
    )  # fmt: skip
    events = [
        tenant.event("e1", tokens=tokens),
        tenant.event("e2", tokens=tokens, occurred_at=NOON + timedelta(hours=1)),
        tenant.event("e3", model="=cmd|' /C calc'!A0", provider=None),
        tenant.event("e4", occurred_at=datetime(2026, 3, 29, 12, tzinfo=UTC), model="gpt-4o"),
        tenant.event("e5", project_id=tenant.project_ids[1]),
        tenant.event("e6", occurred_at=datetime(2026, 3, 31, 22, tzinfo=UTC)),
    ]
    outcomes = await ledger.record(tenant.id, events)
    assert {outcome.status.name for outcome in outcomes} == {"RECORDED"}
    return tenant


async def test_quantity_times_price_is_cost(database: Database, spent: Tenant) -> None:
    rows = await rows_of(database, export_of(spent))
    assert set(rows[0]) >= MANDATORY
    own = [name for name in rows[0] if name[0].islower()]
    assert all(name.startswith("x_") for name in own)
    priced = [row for row in rows if row["EffectiveCost"]]
    for row in priced:
        product = Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"])
        assert product == Decimal(row["EffectiveCost"])
        assert row["PricingUnit"] == "1000000 Tokens"
        assert Decimal(row["ConsumedQuantity"]) == Decimal(row["PricingQuantity"]) * 1_000_000
        for name in ("BilledCost", "ListCost", "ContractedCost", "PricingCurrencyEffectiveCost"):
            assert row[name] == row["EffectiveCost"]
    async with database.connection() as connection:
        total = await connection.fetchval(
            "SELECT sum(cost) FROM credit_transaction WHERE organization_id = $1"
            " AND local_date < '2026-04-01'",
            spent.id,
        )
    assert sum(Decimal(row["EffectiveCost"]) for row in priced) == total
    of_noon = [row for row in rows if row["x_LocalDate"] == "2026-03-15"]
    classes = {row["x_TokenClass"] for row in of_noon if row["x_Model"] == PRICED}
    assert classes == {
        "INPUT", "CACHE_READ", "CACHE_WRITE_5M", "CACHE_WRITE_1H", "OUTPUT", "REASONING"
    }  # fmt: skip


async def test_rows_say_when_where_and_whose(database: Database, spent: Tenant) -> None:
    rows = await rows_of(database, export_of(spent))
    [row] = [row for row in rows if row["x_Model"] == "gpt-4o" and row["x_TokenClass"] == "INPUT"]
    # The day on which clocks go forward has 23 hours.
    assert row["ChargePeriodStart"] == "2026-03-28T23:00:00Z"
    assert row["ChargePeriodEnd"] == "2026-03-29T22:00:00Z"
    assert row["BillingPeriodStart"] == "2026-03-09T23:00:00Z"
    assert row["BillingPeriodEnd"] == "2026-04-09T22:00:00Z"
    assert row["BillingAccountId"] == encode(ORGANIZATION, spent.id, spent.id)
    assert row["SubAccountId"] == encode(WORKSPACE, spent.id, spent.workspace_id)
    assert row["ResourceId"] == encode(PROJECT, spent.id, spent.project_id)
    assert (row["PricingCurrency"], row["BillingCurrency"]) == ("USD", "USD")
    assert (row["ProviderName"], row["SkuId"]) == ("anthropic", "anthropic/gpt-4o")


async def test_unpriced_usage_is_seen(database: Database, spent: Tenant) -> None:
    rows = await rows_of(database, export_of(spent))
    unpriced = [row for row in rows if not row["EffectiveCost"]]
    assert {row["x_Model"] for row in unpriced} == {"'=cmd|' /C calc'!A0", "gpt-4o"}
    assert sum(int(row["x_UnpricedTransactions"]) for row in rows) == 2
    [counted] = [row for row in unpriced if row["x_TokenClass"] == "REQUEST"][:1]
    assert (counted["ConsumedQuantity"], counted["ConsumedUnit"]) == ("1", "Requests")


async def test_credits_are_the_pricing_currency(database: Database, spent: Tenant) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE organization SET billing_mode = 'CREDITS', credits_per_dollar = 12.5"
            " WHERE id = $1",
            spent.id,
        )
    for row in await rows_of(database, export_of(spent)):
        assert row["PricingCurrency"] == "Credits"
        if row["EffectiveCost"]:
            cost, credits = Decimal(row["EffectiveCost"]), row["PricingCurrencyEffectiveCost"]
            assert Decimal(credits) == cost * Decimal("12.5")
            quantity, price = row["PricingQuantity"], row["PricingCurrencyListUnitPrice"]
            assert Decimal(quantity) * Decimal(price) == Decimal(credits)


async def test_reach_and_workspace_narrow_it(database: Database, spent: Tenant) -> None:
    whole = await rows_of(database, export_of(spent, workspace_id=None))
    assert whole == await rows_of(database, export_of(spent))
    one = await rows_of(database, export_of(spent, project_ids=[spent.project_ids[1]]))
    assert {row["ResourceName"] for row in one} == {"project 1"}
    other = await make_tenant(database)
    assert await rows_of(database, export_of(spent, workspace_id=other.workspace_id)) == []
    assert await rows_of(database, export_of(spent, project_ids=other.project_ids)) == []


async def test_parquet_holds_the_same_rows(database: Database, spent: Tenant) -> None:
    export, file = export_of(spent), io.BytesIO()
    async with database.connection() as connection:
        count = await write_parquet(connection, export, file)
    table = pyarrow.parquet.read_table(file)
    rows = await rows_of(database, export)
    assert (count, tuple(table.column_names)) == (len(rows), tuple(export.header))
    for typed, text in zip(table.to_pylist(), rows, strict=True):
        for name, value in typed.items():
            if value is None:
                assert text[name] == ""
            elif name in DECIMALS:
                assert value == Decimal(text[name])
            elif isinstance(value, datetime):
                assert f"{value:%Y-%m-%dT%H:%M:%SZ}" == text[name]
            else:  # where no formula is feared, nothing is put before it
                assert str(value) == text[name].removeprefix("'")


def test_days_are_whole() -> None:
    zones = TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], ["Europe/Berlin"])
    calendar = Calendar(zones, datetime(2026, 4, 2, 9, 30, tzinfo=UTC))
    march = calendar.month(date(2026, 3, 1))
    assert whole_days(calendar, march.start, march.end) == (date(2026, 3, 1), date(2026, 3, 31))
    assert whole_days(calendar, march.start, calendar.now)[1] == date(2026, 4, 2)
    for start, end, name in (
        (march.start + timedelta(hours=1), march.end, "from"),
        (march.start, march.end - timedelta(hours=1), "to"),
    ):
        with pytest.raises(BadInputError) as refusal:
            whole_days(calendar, start, end)
        assert refusal.value.field == (name,)
