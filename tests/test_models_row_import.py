"""Imports of rows end to end: known answers, again, split, interrupted, quarantined, taken back."""

import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imports import Totals, counts, import_rows, ledger_totals, quarantined, write_lines
from tenants import Tenant, make_tenant

from models import import_recorder
from models.column_map import ColumnMap, with_times
from models.db import Database
from models.event import UsageOutcome
from models.import_csv import csv_format, jsonl_format
from models.import_report import ImportListener, ImportStage, QuarantinedCall, list_imports
from models.ledger import Ledger
from models.rollup_check import verify
from models.undo import undo_import
from models.usage_log import Unreadable

OWN = csv_format(ColumnMap(), has_project=False)
HEADER = (
    "eventKey,occurredAt,project,model,inputTokens,outputTokens,cacheReadTokens,inputIncludesCache,"
    "sourceCost,run.key,job.agentType"
)
# Dollars per million: gpt-4o input 2.5, read 1.25, output 10; opus-4-5 5, 0.5, 25.
ROWS = (
    "a,2026-01-31T23:00:00Z,shop,gpt-4o,1000,100,400,true,0.9,r1,research",  # 600*2.5+400*1.25+1000
    "b,2026-02-01T01:00:00+01:00,shop,gpt-4o,2000,0,,,,r1,Research",  # 5000
    "c,2026-02-01T00:00:00Z,tool,claude-opus-4-5-20251101,10,20,100,false,0,r2,",  # 50+50+500
    "d,2026-02-02T00:00:00Z,tool,nobody-knows-it,7,7,,,0,,",  # unpriced, whatever the source said
)
COST = Decimal("0.0086")  # (3000 + 5000 + 600) millionths
DOUBTFUL = (
    "e,2026-02-02T00:00:00Z,tool,gpt-4o,10,0,11,true,,,",
    "f,2026-02-02T00:00:00Z,tool,gpt-4o,-1,0,,,,,",
    "g,1900-01-01T00:00:00Z,tool,gpt-4o,1,0,,,,,",
    "h,2999-01-01T00:00:00Z,tool,gpt-4o,1,0,,,,,",
    "i,2026-02-02T00:00:00,tool,gpt-4o,1,0,,,,,",
    "j,2026-02-02T00:00:00Z,tool,gpt-4o,1,0,1,,,,",
    "a,2026-01-31T23:00:00Z,shop,gpt-4o,1000,101,400,true,0.9,r1,research",
    "k,2026-02-02T00:00:00Z",
)
REASONS = (
    "11 cached tokens cannot be among 10 input tokens.",
    "inputTokens is -1; expected a whole number from 0 to 9007199254740991.",
    "occurredAt is of the year 1900; 1970 to 9000 are expected",
    "occurredAt is in the future",
    "occurredAt is 2026-02-02T00:00:00, without a zone; name the zone that it is in",
    "cacheReadTokens needs inputIncludesCache: whether inputTokens contains it.",
    "the same key was recorded before with other content, and not as a growing call",
    "has 2 cells; the header has 11",
)


def write_csv(path: Path, rows: Sequence[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def write_files(folder: Path, files: Sequence[Sequence[str]]) -> None:
    folder.mkdir()
    for name, rows in enumerate(files):
        write_csv(folder / f"{name}.csv", rows)


async def test_known_answers(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    report = await import_rows(
        database, ledger, tenant.id, OWN, write_csv(tmp_path / "a.csv", ROWS)
    )
    assert counts(report) == (4, 4, 0, 0)
    assert (report.files, report.lines, report.unpriced, report.unreadable) == (1, 4, 1, 0)
    assert report.total_cost == COST
    totals = await ledger_totals(database, tenant.id)
    assert totals == Totals(COST, 4, 1, (600 + 2000 + 10 + 7, 500, 0, 0, 127, 0))
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT t.event_key, t.local_date::text AS day, t.source_cost, p.name, r.key,"
            " r.status, t.agent_type, t.surface FROM credit_transaction AS t"
            " JOIN project AS p ON p.id = t.project_id LEFT JOIN pipeline_run AS r"
            " ON r.id = t.run_id WHERE t.organization_id = $1 ORDER BY 1",
            tenant.id,
        )
    assert list(map(tuple, rows)) == [
        ("a", "2026-01-31", Decimal("0.9"), "shop", "r1", "SUCCEEDED", "research", None),
        ("b", "2026-02-01", None, "shop", "r1", "SUCCEEDED", "research", None),
        ("c", "2026-02-01", Decimal(0), "tool", "r2", "SUCCEEDED", "unattributed", None),
        ("d", "2026-02-02", Decimal(0), "tool", None, None, "unattributed", None),
    ]
    assert (await verify(database, tenant.id)).is_clean


async def test_a_second_import_adds_nothing(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS + DOUBTFUL)
    await import_rows(database, ledger, tenant.id, OWN, path)
    before = await ledger_totals(database, tenant.id)
    kept = await quarantined(database, tenant.id)
    again = await import_rows(database, ledger, tenant.id, OWN, path)
    assert counts(again) == (12, 0, 4, 8)
    assert await ledger_totals(database, tenant.id) == before
    # What is open is kept once, however often it is read.
    assert await quarantined(database, tenant.id) == kept


async def test_what_cannot_be_trusted_is_quarantined_with_reason_and_original(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    told: list[QuarantinedCall] = []
    path = write_csv(tmp_path / "a.csv", ROWS + DOUBTFUL)
    listener = ImportListener(on_quarantined=told.append)
    report = await import_rows(database, ledger, tenant.id, OWN, path, listener=listener)
    assert counts(report) == (12, 4, 0, 8)
    assert report.total_cost == COST
    rows = sorted(await quarantined(database, tenant.id), key=lambda row: int(row["line"]))
    assert [row["line"] for row in rows] == list(range(6, 14))
    assert tuple(row["reason"] for row in rows) == REASONS
    assert {row["file"] for row in rows} == {str(path)}
    assert '"cacheReadTokens": "11"' in rows[0]["original"]
    assert rows[-1]["original"] == DOUBTFUL[-1]
    assert rows[-1]["understood"] is None
    assert {each.reason for each in told} == set(REASONS)
    assert {each.line for each in told} == set(range(6, 14))
    (record,) = await list_imports(database, tenant.id)
    assert (record.read, record.recorded, record.quarantined) == (12, 4, 8)


async def test_an_import_that_is_taken_back_takes_its_quarantine_with_it(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS + DOUBTFUL)
    first = await import_rows(database, ledger, tenant.id, OWN, path)
    await undo_import(database, tenant.id, first.id)
    assert {row["resolution"] for row in await quarantined(database, tenant.id)} == {"DROPPED"}
    again = await import_rows(database, ledger, tenant.id, OWN, path)
    assert counts(again) == (12, 4, 0, 8)
    assert (await ledger_totals(database, tenant.id)).cost == COST
    assert len(await quarantined(database, tenant.id)) == 16


async def test_a_row_that_is_read_rightly_later_leaves_the_quarantine(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    """The same file, once the map says how it counts."""
    path = write_csv(tmp_path / "a.csv", ["t,10,11"], "at,in,read")
    columns = {"eventKey": ("at",), "inputTokens": ("in",), "cacheReadTokens": ("read",)}
    constants = {
        "occurredAt": "2026-01-01T00:00:00Z",
        "model": "gpt-4o",
        "project": "p",
        "inputIncludesCache": True,
    }
    wrong = ColumnMap(columns, constants)
    report = await import_rows(
        database, ledger, tenant.id, csv_format(wrong, has_project=False), path
    )
    assert counts(report) == (1, 0, 0, 1)
    right = wrong.with_constants({"inputIncludesCache": False})
    report = await import_rows(
        database, ledger, tenant.id, csv_format(right, has_project=False), path
    )
    assert counts(report) == (1, 1, 0, 0)
    (row,) = await quarantined(database, tenant.id)
    assert row["resolution"] == "RECORDED"
    # The wrong map again: what was decided stays so.
    report = await import_rows(
        database, ledger, tenant.id, csv_format(wrong, has_project=False), path
    )
    assert counts(report) == (1, 0, 1, 0)


async def test_rows_without_keys(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    """Three equal rows are three calls; in a renamed, longer file they are the same three."""
    column_map = ColumnMap(
        {"occurredAt": ("t",), "inputTokens": ("i",)}, {"model": "gpt-4o", "project": "p"}
    )
    fmt = csv_format(with_times(column_map, zone="UTC"), has_project=False)
    row = "2026-01-01 00:00:00.1234567,1000"
    first = write_csv(tmp_path / "a.csv", [row, row, row], "t,i")
    assert counts(await import_rows(database, ledger, tenant.id, fmt, first)) == (3, 3, 0, 0)
    grown = write_csv(tmp_path / "b.csv", ["2026-01-02 00:00:00,1", row, row, row, row], "t,i")
    assert counts(await import_rows(database, ledger, tenant.id, fmt, grown)) == (5, 2, 3, 0)
    elsewhere = await import_rows(
        database, ledger, tenant.id, fmt, first, key_prefix="another source"
    )
    assert counts(elsewhere) == (3, 3, 0, 0)


async def test_a_project_that_is_given_takes_all(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS)
    await import_rows(database, ledger, tenant.id, OWN, path, project="All")
    async with database.connection() as connection:
        names = await connection.fetch(
            "SELECT DISTINCT p.name FROM credit_transaction AS t JOIN project AS p"
            " ON p.id = t.project_id WHERE t.organization_id = $1",
            tenant.id,
        )
    assert [name for (name,) in names] == ["All"]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.replace("cacheReadTokens", "cacheReadToken"), "mean nothing: 'cacheReadToken'"),
        (HEADER.replace("inputIncludesCache,", ""), "needs inputIncludesCache"),
        (HEADER.replace("occurredAt,", ""), "no column occurredAt"),
        (HEADER.replace("project,", ""), "no column project"),
        ("", "no header"),
    ],
)
async def test_files_that_will_not_do_stop_nothing(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path, header: str, reason: str
) -> None:
    write_csv(tmp_path / "a.csv", ROWS, header)
    write_csv(tmp_path / "b.csv", ROWS)
    (tmp_path / "c.csv.gz").write_bytes(b"no gzip at all")
    told: list[Unreadable] = []
    listener = ImportListener(on_unreadable=told.append)
    report = await import_rows(database, ledger, tenant.id, OWN, tmp_path, listener=listener)
    assert counts(report) == (4, 4, 0, 0)
    assert report.unreadable == 2
    assert reason in told[0].reason


async def test_json_lines(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    event = {
        "eventKey": "a",
        "occurredAt": "2026-01-01T00:00:00Z",
        "project": "shop",
        "model": "gpt-4o",
        "inputTokens": 1000,
        "run": {"key": "r", "workflow": "w"},
        "job": {"key": "j", "agentType": "testing", "initiator": "TASK_AGENT"},
    }
    path = write_lines(
        tmp_path / "a.jsonl",
        [
            event,
            [1],
            event | {"eventKey": "b", "modle": "x"},
            # A stream's reports: the largest counts hold.
            event | {"eventKey": "c1", "stream": {"callKey": "c"}, "outputTokens": 10},
            event | {"eventKey": "c2", "stream": {"callKey": "c"}, "outputTokens": 30},
        ],
    )
    with path.open("a") as file:
        file.write('{"eventKey": \n')
    report = await import_rows(database, ledger, tenant.id, jsonl_format(ColumnMap()), path)
    assert counts(report) == (6, 3, 0, 3)
    # Two calls of 1000 input tokens, and 30 output tokens.
    assert report.total_cost == Decimal("0.0053")
    reasons = sorted(row["reason"] for row in await quarantined(database, tenant.id))
    assert [reason.split(";")[0].split(":")[0] for reason in reasons] == [
        "'modle' is no column of an event",
        "is [1]",
        "is not JSON",
    ]


async def test_json_lines_by_a_map(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"at": 1767225600, "usage": {"in": 4, "out": 2}}])
    column_map = with_times(
        ColumnMap(
            {"occurredAt": ("at",), "inputTokens": ("usage.in",), "outputTokens": ("usage.out",)},
            {"model": "gpt-4o", "project": "p"},
        ),
        time_format="unix",
    )
    report = await import_rows(database, ledger, tenant.id, jsonl_format(column_map), path)
    assert report.total_cost == Decimal("0.00003")


class InterruptedImportError(Exception):
    """The process was killed."""


async def test_an_import_goes_on_after_an_interruption(
    database: Database,
    ledger: Ledger,
    tenant: Tenant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_recorder, "BATCH_COUNT", 5)
    path = write_csv(tmp_path / "a.csv", ROWS + DOUBTFUL)
    dying, batches = Ledger(database), iter([True, False])
    record = dying.record

    async def die(*given: Any, **options: Any) -> list[UsageOutcome]:
        if not next(batches):
            raise InterruptedImportError
        return await record(*given, **options)

    monkeypatch.setattr(dying, "record", die)
    with pytest.raises(InterruptedImportError):
        await import_rows(database, dying, tenant.id, OWN, path)
    rest = await import_rows(database, ledger, tenant.id, OWN, path)
    assert counts(rest) == (12, 0, 4, 8)
    assert (await ledger_totals(database, tenant.id)).cost == COST
    assert len(await quarantined(database, tenant.id)) == 8
    done, interrupted = await list_imports(database, tenant.id)
    assert (done.status, interrupted.status) == ("DONE", "RUNNING")
    assert (interrupted.read, interrupted.recorded, interrupted.quarantined) == (5, 4, 1)


async def test_progress_is_told_in_bytes(
    database: Database,
    ledger: Ledger,
    tenant: Tenant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_recorder, "BATCH_COUNT", 2)
    path = write_csv(tmp_path / "a.csv", ROWS)
    steps: list[tuple[ImportStage, int, int]] = []
    listener = ImportListener(on_progress=lambda *step: steps.append(step))
    await import_rows(database, ledger, tenant.id, OWN, path, listener=listener)
    size = path.stat().st_size
    assert len(steps) == 3
    assert steps[-1] == (ImportStage.READING, size, size)
    assert all(done <= total for _, done, total in steps)


# A row is sound, or doubtful for one reason or another; its key says everything about it.
rows = st.builds(
    lambda kind, number: {
        "sound": f"s{number},2026-01-0{number}T00:00:00Z,p,gpt-4o,{number},0,,,,r{number},x",
        "doubtful": f"d{number},2026-01-0{number}T00:00:00Z,p,gpt-4o,0,0,{number},true,,,",
        "broken": f"b{number}",
    }[kind],
    st.sampled_from(["sound", "doubtful", "broken"]),
    st.integers(1, 4),
)
# Which rows each file of each import has, in which order and however often.
imports = st.lists(st.lists(st.lists(rows, max_size=5), max_size=3), min_size=1, max_size=3)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(imports)
async def test_any_split_order_and_repetition_gives_the_same_totals(
    database: Database, ledger: Ledger, imports: list[list[list[str]]]
) -> None:
    everything = [row for files in imports for file in files for row in file]
    apart, together = await make_tenant(database), await make_tenant(database)
    read: Any = []
    with tempfile.TemporaryDirectory() as folder:
        for number, files in enumerate(imports):
            path = Path(folder, f"import-{number}")
            write_files(path, files)
            read.append(await import_rows(database, ledger, apart.id, OWN, path))
        whole = write_csv(Path(folder, "all.csv"), everything[::-1])
        read.append(await import_rows(database, ledger, together.id, OWN, whole))
    assert [sum(counts(each)[1:]) for each in read] == [each.read for each in read]
    assert read[-1].read == len(everything)
    numbers = {row[1] for row in everything if row[0] == "s"}
    tokens = sum(map(int, numbers))
    expected = Totals(Decimal(tokens * 25).scaleb(-7), len(numbers), 0, (tokens, *[0] * 5))
    for tenant in (apart, together):
        assert await ledger_totals(database, tenant.id) == expected
        kept = {
            row["event_key"]
            for row in await quarantined(database, tenant.id)
            if row["event_key"].startswith("d")
        }
        assert kept == {row[:2] for row in everything if row[0] == "d"}
