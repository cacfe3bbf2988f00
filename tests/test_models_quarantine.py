"""Quarantined rows: kept once, tried again with corrections or by a map, dropped; all on record."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from imports import (
    counts,
    import_claude_code,
    import_rows,
    ledger_totals,
    project_finder,
    quarantined,
    write_lines,
)
from tenants import Tenant

from models.access import Scope
from models.column_map import ColumnMap, with_times
from models.db import Database
from models.import_csv import csv_format, jsonl_format
from models.ledger import Ledger
from models.quarantine import Doubt, Selection, drop, list_open
from models.quarantine_retry import Corrections, Retry, RetryReport
from models.rollup_check import verify
from models.undo import undo_import

NOW = datetime(2026, 3, 15, tzinfo=UTC)
MAP = with_times(
    ColumnMap(
        {
            "eventKey": ("id",),
            "occurredAt": ("at",),
            "inputTokens": ("prompt",),
            "cacheReadTokens": ("cached",),
        },
        {"model": "gpt-4o", "project": "shop", "inputIncludesCache": True},
    ),
    zone="UTC",
)
ALL = Selection()


def file_of(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["id,at,prompt,cached", *rows]) + "\n")
    return path


async def keep_two(database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path) -> Any:
    """One sound row, one with more cached than prompt, one whose time cannot be read."""
    path = file_of(
        tmp_path / "a.csv",
        "a,2026-01-01 00:00:00,10,0",
        "b,2026-01-01 00:00:00,10,100",
        "c,01/02/2026,10,0",
    )
    report = await import_rows(
        database, ledger, tenant.id, csv_format(MAP, has_project=False), path
    )
    assert counts(report) == (3, 1, 0, 2)
    return report


async def retry(
    database: Database,
    ledger: Ledger,
    tenant: Tenant,
    corrections: Corrections,
    selection: Selection = ALL,
) -> RetryReport:
    find_project = project_finder(database, tenant.id)
    attempt = Retry(database, ledger, Scope.system(tenant.id), corrections, find_project)
    return await attempt.run(selection)


async def acts(database: Database, tenant: Tenant) -> list[tuple[str, Any]]:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT action, subject_id, new_value FROM audit_event WHERE organization_id = $1"
            " AND subject_kind = 'usage_import' ORDER BY id",
            tenant.id,
        )
    return [(row["action"], json.loads(row["new_value"])) for row in rows]


async def test_rows_are_tried_again_with_corrections(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    first = await keep_two(database, ledger, tenant, tmp_path)
    report = await retry(database, ledger, tenant, Corrections({"inputIncludesCache": "false"}))
    # b is 10 fresh and 100 cached tokens of gpt-4o: 10*2.5 + 100*1.25 millionths.
    assert (report.recorded, report.total_cost) == (1, Decimal("0.00015"))
    ((id, reason),) = report.still
    assert "ISO 8601" in reason
    b, c = await quarantined(database, tenant.id)
    assert (b["resolution"], c["resolution"], c["id"]) == ("RECORDED", None, id)
    # A correction that did not help is not kept.
    assert json.loads(c["understood"])["inputIncludesCache"] is True
    (act,) = await acts(database, tenant)
    assert act == (
        "quarantine.retry",
        {
            "resolution": "RECORDED",
            "rows": [str(b["id"])],
            "set": {"inputIncludesCache": "false"},
        },
    )
    # It belongs to the import that read it, and goes with that.
    assert (await verify(database, tenant.id)).is_clean
    await undo_import(database, tenant.id, first.id)
    assert (await ledger_totals(database, tenant.id)).cost == 0
    rows, count = await list_open(database, tenant.id, ALL, 10)
    assert (rows, count) == ([], 0)


async def test_originals_are_read_anew_by_a_map(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    await keep_two(database, ledger, tenant, tmp_path)
    american = with_times(MAP, time_format="%m/%d/%Y")
    report = await retry(database, ledger, tenant, Corrections({}, american))
    assert (report.recorded, len(report.still)) == (1, 1)
    b, c = await quarantined(database, tenant.id)
    assert (b["resolution"], c["resolution"]) == (None, "RECORDED")
    assert "01/02" not in b["reason"]
    async with database.connection() as connection:
        at = await connection.fetchval(
            "SELECT occurred_at FROM credit_transaction WHERE organization_id = $1"
            " AND event_key = 'c'",
            tenant.id,
        )
    assert at == datetime(2026, 1, 2, tzinfo=UTC)


async def test_a_correction_may_take_a_column_away(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    await keep_two(database, ledger, tenant, tmp_path)
    report = await retry(database, ledger, tenant, Corrections({"cacheReadTokens": ""}))
    assert (report.recorded, report.total_cost) == (1, Decimal("0.000025"))


async def test_only_what_was_chosen_is_tried(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    first = await keep_two(database, ledger, tenant, tmp_path)
    (b, c), count = await list_open(database, tenant.id, Selection(import_id=first.id), 10)
    assert (count, b.event_key, c.event_key) == (2, "b", "c")
    corrections = Corrections({"inputIncludesCache": "false"})
    report = await retry(database, ledger, tenant, corrections, Selection(ids=[c.id]))
    assert (report.recorded, [id for id, _ in report.still]) == (0, [c.id])
    rows, count = await list_open(database, tenant.id, Selection(import_id=tenant.id), 10)
    assert (rows, count) == ([], 0)


async def test_a_row_that_is_there_already_is_resolved(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    await keep_two(database, ledger, tenant, tmp_path)
    corrections = Corrections({"inputIncludesCache": "false", "eventKey": "x"})
    assert (await retry(database, ledger, tenant, corrections)).recorded == 1
    event = json.loads((await quarantined(database, tenant.id))[0]["understood"])
    path = write_lines(tmp_path / "b.jsonl", [event])
    # The same event, once more in doubt and then put right in the same way: counted once.
    report = await import_rows(database, ledger, tenant.id, jsonl_format(ColumnMap()), path)
    assert counts(report) == (1, 0, 0, 1)
    report = await retry(database, ledger, tenant, corrections)
    assert (report.recorded, report.duplicate) == (0, 1)


async def test_dropped_rows_never_come_back(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    await keep_two(database, ledger, tenant, tmp_path)
    scope = Scope.system(tenant.id)
    assert await drop(database, scope, ALL, NOW) == 2
    assert await drop(database, scope, ALL, NOW) == 0
    assert {row["resolution"] for row in await quarantined(database, tenant.id)} == {"DROPPED"}
    again = await import_rows(
        database, ledger, tenant.id, csv_format(MAP, has_project=False), tmp_path / "a.csv"
    )
    assert counts(again) == (3, 0, 3, 0)
    assert len(await quarantined(database, tenant.id)) == 2
    assert (await retry(database, ledger, tenant, Corrections())) == RetryReport()
    (act,) = await acts(database, tenant)
    assert act[0] == "quarantine.drop"
    assert len(act[1]["rows"]) == 2


async def test_rows_that_were_never_understood_stay_unless_a_map_reads_them(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = file_of(tmp_path / "a.csv", "too,short")
    await import_rows(database, ledger, tenant.id, csv_format(MAP, has_project=False), path)
    for corrections in (Corrections({"model": "gpt-4o"}), Corrections({}, MAP)):
        report = await retry(database, ledger, tenant, corrections)
        assert [reason for _, reason in report.still] == ["has 2 cells; the header has 4"]


async def test_calls_of_logs_that_the_ledger_refuses_are_kept_as_they_were_understood(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    """A working directory too long for a project's name: nothing of what was said is kept."""
    message = {
        "id": "m",
        "model": "claude-opus-4-5-20251101",
        "content": [{"type": "text", "text": "a secret"}],
        "usage": {"input_tokens": 1000, "output_tokens": 0},
    }
    line = {
        "type": "assistant",
        "cwd": "/" + "x" * 250,
        "sessionId": "s",
        "requestId": "r",
        "timestamp": "2026-01-01T00:00:00Z",
        "message": message,
    }
    report = await import_claude_code(
        database, ledger, tenant.id, write_lines(tmp_path / "a.jsonl", [line])
    )
    assert counts(report) == (1, 0, 0, 1)
    (row,) = await quarantined(database, tenant.id)
    assert "name has 251 characters" in row["reason"]
    assert "secret" not in row["original"]
    done = await retry(database, ledger, tenant, Corrections({"project": "short"}))
    assert (done.recorded, done.total_cost) == (1, Decimal("0.005"))
    again = await import_claude_code(database, ledger, tenant.id, tmp_path / "a.jsonl")
    assert counts(again) == (1, 0, 1, 0)


@pytest.mark.parametrize("text", ["a\0b", "half \ud800", "x" * 400_000])
async def test_whatever_a_row_holds_can_be_kept(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path, text: str
) -> None:
    event = {
        "eventKey": text,
        "occurredAt": "2026-01-01T00:00:00Z",
        "project": "p",
        "model": "m",
    }
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(event) + "\n")
    report = await import_rows(database, ledger, tenant.id, jsonl_format(ColumnMap()), path)
    assert counts(report) == (1, 0, 0, 1)
    again = await import_rows(database, ledger, tenant.id, jsonl_format(ColumnMap()), path)
    assert counts(again) == (1, 0, 0, 1)
    (row,) = await quarantined(database, tenant.id)
    assert len(row["event_key"]) <= 255
    assert len(row["original"]) <= 256 * 1024


def test_a_digest_is_of_what_was_read_and_not_of_why_it_is_in_doubt() -> None:
    doubt = Doubt("a.csv", 1, "k", "negative", "x")
    assert doubt.digest("csv") == Doubt("b.csv", 2, "k", "later", "x").digest("csv")
    assert doubt.digest("csv") != Doubt("a.csv", 1, "k", "negative", "y").digest("csv")
    assert doubt.digest("csv") != doubt.digest("jsonl")
