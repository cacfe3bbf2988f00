"""OpenAI's usage and cost exports: pages and CSV, sums in parts, growth, what is refused."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imports import counts, import_rows, ledger_totals, quarantined
from tenants import Tenant

from models.db import Database
from models.ledger import Ledger
from models.openai_usage import PART_TOKENS, openai_usage_format
from models.token import TokenCounts
from models.usage_row import read_event

FORMAT = openai_usage_format()
READ = FORMAT.start(None)
START = 1_772_323_200  # 1 March 2026


def result(kind: str = "completions", **changes: Any) -> dict[str, Any]:
    """1,000 input tokens, 800 of them cached, and 500 output tokens of gpt-5 in 5 requests."""
    return {
        "object": f"organization.usage.{kind}.result",
        "input_tokens": 1000,
        "output_tokens": 500,
        "input_cached_tokens": 800,
        "num_model_requests": 5,
        "project_id": "proj_a",
        "user_id": None,
        "api_key_id": None,
        "model": "gpt-5-2025-08-07",
        "batch": None,
    } | changes


def cost(value: float, **changes: Any) -> dict[str, Any]:
    return {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": "usd"},
        "line_item": "gpt-5-2025-08-07, input",
        "project_id": None,
    } | changes


def page(*results: Any, start: int = START) -> Any:
    bucket = {
        "object": "bucket",
        "start_time": start,
        "end_time": start + 86_400,
        "results": list(results),
    }
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


async def test_a_page(database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.json",
        page(
            result(),
            result(batch=True, service_tier="default"),
            result(kind="embeddings", model="text-embedding-3-small", output_tokens=None)
            | {"input_cached_tokens": None},
        ),
    )
    report = await import_rows(database, ledger, tenant.id, FORMAT, path)
    assert counts(report) == (3, 3, 0, 0)
    totals = await ledger_totals(database, tenant.id)
    assert totals.tokens == (200 + 200 + 1000, 1600, 0, 0, 1000, 0)
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT operation, service_tier, cost, occurred_at::text FROM credit_transaction"
            " WHERE organization_id = $1 ORDER BY operation, service_tier",
            tenant.id,
        )
    # gpt-5: 200*1.25 + 800*0.125 + 500*10 millionths. The small embedding costs 0.02 a million.
    day = "2026-03-01 00:00:00+00"
    assert tuple(rows[0]) == ("COMPLETION", "", Decimal("0.00535"), day)
    assert rows[1]["service_tier"] == "batch"
    assert tuple(rows[2]) == ("EMBEDDING", "", Decimal("0.00002"), day)


async def test_a_sum_is_not_priced_as_one_long_request(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    """A million tokens of gpt-5.4 in many requests: 2.5 a million, and not the 5 of long ones."""
    big = result(
        model="gpt-5.4", input_tokens=1_000_000, input_cached_tokens=0, num_model_requests=500
    )
    path = write(tmp_path / "a.json", page(big))
    report = await import_rows(database, ledger, tenant.id, FORMAT, path)
    assert counts(report) == (12, 12, 0, 0)
    # 2.5 dollars, and 500 output tokens at 15 a million.
    assert report.total_cost == Decimal("2.5075")


async def test_a_bucket_that_has_grown_adds_what_has_grown(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.json", page(result()))
    await import_rows(database, ledger, tenant.id, FORMAT, path)
    write(path, page(result(input_tokens=101_000, output_tokens=600)))
    report = await import_rows(database, ledger, tenant.id, FORMAT, path)
    assert counts(report) == (2, 2, 0, 0)
    totals = await ledger_totals(database, tenant.id)
    assert totals.tokens == (100_200, 800, 0, 0, 600, 0)
    again = await import_rows(database, ledger, tenant.id, FORMAT, path)
    assert counts(again) == (2, 0, 2, 0)


CSV = """\
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,\
model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens
1772323200,1772409600,x,x,proj_a,5.0,,,gpt-5-2025-08-07,,,1000.0,500.0,800.0,200.0
1772409600,1772496000,x,x,,,,,,,,,,,
"""


async def test_the_dashboards_csv_is_the_same_as_the_page(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = tmp_path / "completions.csv"
    path.write_text(CSV)
    report = await import_rows(database, ledger, tenant.id, FORMAT, path)
    # A day on which nothing happened is no usage.
    assert (counts(report), report.lines) == ((1, 1, 0, 0), 2)
    assert report.total_cost == Decimal("0.00535")
    again = await import_rows(
        database, ledger, tenant.id, FORMAT, write(tmp_path / "a.json", page(result()))
    )
    assert counts(again) == (1, 0, 1, 0)


async def test_costs_are_what_the_source_says_and_bill_nothing(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "costs.json",
        page(
            cost(0.1),
            cost(0.06, line_item=None),
            cost(1.0, amount={"value": 1.0, "currency": "eur"}),
        ),
    )
    report = await import_rows(database, ledger, tenant.id, FORMAT, path)
    assert (counts(report), report.total_cost) == ((3, 2, 0, 1), 0)
    (row,) = await quarantined(database, tenant.id)
    assert row["reason"] == "the amount is in eur; dollars are expected"
    table = tmp_path / "costs.csv"
    table.write_text(
        "start_time,end_time,amount_value,amount_currency,line_item,project_id\n"
        '1772323200,1772409600,0.1,usd,"gpt-5-2025-08-07, input",\n'
        "1772409600,1772496000,,,,\n"
    )
    again = await import_rows(database, ledger, tenant.id, FORMAT, table)
    assert counts(again) == (1, 0, 1, 0)
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT model, source_cost FROM credit_transaction WHERE organization_id = $1"
            " ORDER BY model",
            tenant.id,
        )
    assert list(map(tuple, rows)) == [
        ("all line items", Decimal("0.06")),
        ("gpt-5-2025-08-07", Decimal("0.1")),
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (result(model=None), "model is missing"),
        (result(input_cached_tokens=1001), "1001 cached tokens cannot be among 1000"),
        (result(output_tokens=-1), "a count is negative"),
        (result(kind="images", images=3), "is not counted in tokens"),
        ({"object": "organization.usage.audio_speeches.result", "characters": 9}, "not counted"),
        (result(start_time="1e20"), "no such instant"),
        ("text", "an object is expected"),
    ],
)
async def test_what_cannot_be_trusted(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path, value: Any, reason: str
) -> None:
    path = write(tmp_path / "a.json", page(value))
    report = await import_rows(database, ledger, tenant.id, FORMAT, path)
    assert counts(report) == (1, 0, 0, 1)
    (row,) = await quarantined(database, tenant.id)
    assert reason in row["reason"]


counted = st.integers(0, 5 * PART_TOKENS)


@given(counted, counted, counted)
def test_parts_add_up_and_stay_below_long_contexts(fresh: int, read: int, output: int) -> None:
    value = result(
        input_tokens=fresh + read,
        input_cached_tokens=read,
        output_tokens=output,
        start_time=START,
        end_time=START + 3600,
    )
    events = [read_event(part).event for part in READ(value)]
    parts = [event.tokens.normalise() for event in events]
    assert sum(parts, TokenCounts()) == TokenCounts(fresh, read, 0, 0, output, 0)
    assert all(part.input_tokens < 272_000 for part in parts)
    assert len({event.event_key for event in events}) == len(events)
