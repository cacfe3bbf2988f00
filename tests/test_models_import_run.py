"""Imports end to end: known answers, again, interrupted, grown, taken back, in any order."""

import json
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imports import Totals, claude_code_run, cost_by, import_claude_code, ledger_totals
from tenants import Tenant, make_tenant

from models import import_recorder
from models.db import Database
from models.errors import ConflictError
from models.event import UsageOutcome
from models.import_report import (
    ImportListener,
    ImportReport,
    ImportStage,
    QuarantinedCall,
    list_imports,
)
from models.ledger import Ledger
from models.undo import undo_import
from models.usage_log import Unreadable

FIXTURES = Path(__file__).parent / "fixtures" / "claude_code"
# Dollars per million tokens: opus-4-5 input 5, read 0.5, 5m 6.25, 1h 10, output 25; haiku-4-5
# input 1, 5m 1.25, output 5; sonnet-4-5 input 3, output 15.
COSTS = {
    "claude-code:msg_A1:req_A1": Decimal("0.0298"),  # 10*5 + 3000*.5 + 1000*6.25 + 2000*10 + 80*25
    "claude-code:msg_A2:req_A2": Decimal("0.002525"),  # 5*5 + 100*25
    "claude-code:msg_S1:req_S1": Decimal("0.00015"),  # 100*1 + 10*5
    "claude-code:msg_A3:": Decimal("0.00011"),  # 2*5 + 4*25
    "claude-code:msg_B1:req_B1": Decimal("0.006"),  # 1000*3 + 200*15
    "claude-code:msg_B2:req_B2": Decimal("0.0007"),  # 100*1 + 400*1.25 + 20*5
    "claude-code:msg_C1:req_C1": Decimal("0.00003"),  # 1*5 + 1*25
    "claude-code:msg_C2:req_C2": Decimal(0),
    "claude-code:msg_S2:req_S2": Decimal("0.00002"),  # 10*1 + 2*5
}
TOTAL = Decimal("0.039335")
CALL_COUNT = len(COSTS) + 1  # and an error that the tool wrote itself: unpriced


def counts(report: ImportReport) -> tuple[int, ...]:
    """Read, recorded, duplicate, quarantined; the first is the sum of the others."""
    assert report.read == report.recorded + report.duplicate + report.quarantined
    return report.read, report.recorded, report.duplicate, report.quarantined


async def test_known_answers(database: Database, ledger: Ledger, tenant: Tenant) -> None:
    report = await import_claude_code(database, ledger, tenant.id, FIXTURES)
    assert counts(report) == (CALL_COUNT, CALL_COUNT, 0, 0)
    assert (report.files, report.lines, report.unpriced) == (4, 27, 1)
    assert report.total_cost == TOTAL == sum(COSTS.values())
    assert await cost_by(database, tenant.id, "t.event_key") == COSTS
    assert await cost_by(database, tenant.id, "to_char(t.local_date, 'YYYY-MM')") == {
        "2026-01": Decimal("0.032585"),
        "2026-02": Decimal("0.00675"),
    }
    assert await cost_by(database, tenant.id, "p.name") == {
        "/home/ana/shop": Decimal("0.033285"),
        "/home/ana/shop-web": Decimal("0.006"),
        "/home/bo/tool": Decimal("0.00005"),
    }
    assert await cost_by(database, tenant.id, "t.agent_type || ' ' || t.initiator") == {
        "main CHAT_AGENT": Decimal("0.039165"),
        "explore TASK_AGENT": Decimal("0.00015"),
        "code-reviewer TASK_AGENT": Decimal("0.00002"),
    }


async def test_what_an_import_says_of_runs_and_jobs(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await import_claude_code(database, ledger, tenant.id, FIXTURES)
    async with database.connection() as connection:
        runs = await connection.fetch(
            "SELECT left(r.key, 1), p.name, r.workflow, r.trigger, r.status, r.started_at::text,"
            " r.finished_at::text FROM pipeline_run AS r JOIN project AS p ON p.id = r.project_id"
            " WHERE r.organization_id = $1 ORDER BY 1, 2",
            tenant.id,
        )
        jobs = await connection.fetch(
            "SELECT left(r.key, 1), j.key, j.agent_type, j.status, j.finished_at::text"
            " FROM agent_job AS j JOIN pipeline_run AS r ON r.id = j.run_id"
            " WHERE j.organization_id = $1 ORDER BY 1, 2, 5",
            tenant.id,
        )
    said = ("claude-code", "cli", "SUCCEEDED")
    jan, feb = "2026-01-31 10:00:", "2026-02-01 00:"
    # The resumed session "b" repeats a call of "a", which keeps it, and works in two folders.
    assert list(map(tuple, runs)) == [
        ("a", "/home/ana/shop", *said, f"{jan}01+00", f"{jan}20+00"),
        ("b", "/home/ana/shop", *said, f"{feb}31:00+00", f"{feb}31:00+00"),
        ("b", "/home/ana/shop-web", *said, f"{feb}30:00+00", f"{feb}30:00+00"),
        ("c", "/home/bo/tool", *said, f"{feb}00:00+00", f"{feb}00:05+00"),
    ]
    assert list(map(tuple, jobs)) == [
        ("a", "a1a1a1a", "explore", "SUCCEEDED", f"{jan}09+00"),
        ("a", "main", "main", "SUCCEEDED", f"{jan}20+00"),
        ("b", "main", "main", "SUCCEEDED", f"{feb}30:00+00"),
        ("b", "main", "main", "SUCCEEDED", f"{feb}31:00+00"),
        ("c", "b2b2b2b", "code-reviewer", "SUCCEEDED", f"{feb}00:05+00"),
        ("c", "main", "main", "SUCCEEDED", f"{feb}00:02+00"),
    ]


async def test_the_listener_hears_of_progress_and_of_every_line_that_could_not_be_read(
    database: Database, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_recorder, "BATCH_COUNT", 4)
    unreadable: list[Unreadable] = []
    progress: list[tuple[ImportStage, int, int]] = []
    listener = ImportListener(
        on_progress=lambda *step: progress.append(step), on_unreadable=unreadable.append
    )
    report = await claude_code_run(database, ledger, tenant.id, listener).run(FIXTURES)
    assert report.unreadable == len(unreadable) == 7
    assert not report.is_clean
    assert {Path(each.file).name for each in unreadable} == {
        "c0000000-0000-4000-8000-000000000003.jsonl"
    }
    assert [(each.line, each.reason.partition(":")[0]) for each in unreadable] == [
        (2, "is not JSON"),
        (3, "timestamp is missing"),
        (4, "timestamp bears no zone"),
        (5, "message.usage is missing"),
        (6, "message.usage"),
        (7, "message.usage"),
        (8, "is not a JSON object"),
    ]
    byte_count = sum(file.stat().st_size for file in FIXTURES.rglob("*.jsonl"))
    assert (ImportStage.READING, byte_count, byte_count) in progress
    assert [step[1:] for step in progress if step[0] is ImportStage.RECORDING] == [
        (4, 10),
        (8, 10),
        (10, 10),
    ]


async def test_a_second_import_adds_nothing(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await import_claude_code(database, ledger, tenant.id, FIXTURES)
    before = await ledger_totals(database, tenant.id)
    again = await import_claude_code(database, ledger, tenant.id, FIXTURES)
    assert counts(again) == (CALL_COUNT, 0, CALL_COUNT, 0)
    assert again.unpriced == 0
    assert again.total_cost == 0
    assert await ledger_totals(database, tenant.id) == before


class InterruptedImportError(Exception):
    """The process was killed."""


class DyingLedger(Ledger):
    """Records some batches, then dies."""

    def __init__(self, database: Database, batch_count: int) -> None:
        super().__init__(database)
        self._batch_count = batch_count

    async def record(self, *given: Any, **options: Any) -> list[UsageOutcome]:
        if self._batch_count == 0:
            raise InterruptedImportError
        self._batch_count -= 1
        return await super().record(*given, **options)


async def test_an_import_goes_on_after_an_interruption(
    database: Database, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_recorder, "BATCH_COUNT", 3)
    with pytest.raises(InterruptedImportError):
        await import_claude_code(database, DyingLedger(database, 2), tenant.id, FIXTURES)
    rest = await import_claude_code(database, ledger, tenant.id, FIXTURES)
    assert counts(rest) == (CALL_COUNT, CALL_COUNT - 6, 6, 0)
    assert (await ledger_totals(database, tenant.id)).cost == TOTAL
    done, interrupted = await list_imports(database, tenant.id)
    assert (done.id, done.status, done.recorded) == (rest.id, "DONE", CALL_COUNT - 6)
    assert (interrupted.status, interrupted.recorded, interrupted.read) == ("RUNNING", 6, 6)
    assert interrupted.finished_at is None
    assert done.total_cost + interrupted.total_cost == TOTAL


async def test_a_log_that_has_grown_adds_what_has_grown(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    log = tmp_path / "a.jsonl"
    write_log(log, [line("k1", 0, output=10), line("k2", 60, output=10)])
    await import_claude_code(database, ledger, tenant.id, log)
    grown = [line("k2", 61, output=30), line("k3", 3600, output=1)]
    write_log(log, [line("k1", 0, output=10), line("k2", 60, output=10), *grown])
    report = await import_claude_code(database, ledger, tenant.id, log)
    assert counts(report) == (3, 2, 1, 0)
    # k2 grew by 20 output tokens, k3 is 10 + 1 tokens: 20*25 + 10*5 + 25 millionths.
    assert report.total_cost == Decimal("0.000575")
    totals = await ledger_totals(database, tenant.id)
    assert (totals.requests, totals.tokens[4]) == (3, 10 + 30 + 1)
    async with database.connection() as connection:
        finished_at = await connection.fetchval(
            "SELECT finished_at FROM agent_job WHERE organization_id = $1", tenant.id
        )
    assert finished_at == START + timedelta(hours=1)


async def test_an_import_can_be_taken_back_and_done_again(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    first = await import_claude_code(database, ledger, tenant.id, FIXTURES)
    undone = await undo_import(database, tenant.id, first.id)
    assert (undone.entries, undone.cost) == (CALL_COUNT, TOTAL)
    assert await ledger_totals(database, tenant.id) == Totals(Decimal(0), 0, 0, (0,) * 6)
    with pytest.raises(ConflictError):
        await undo_import(database, tenant.id, first.id)
    again = await import_claude_code(database, ledger, tenant.id, FIXTURES)
    assert counts(again) == (CALL_COUNT, CALL_COUNT, 0, 0)
    assert (await ledger_totals(database, tenant.id)).cost == TOTAL
    later, earlier = await list_imports(database, tenant.id)
    assert (earlier.status, earlier.recorded) == ("UNDONE", CALL_COUNT)
    assert earlier.total_cost == 0
    assert (later.status, later.total_cost) == ("DONE", TOTAL)


async def test_an_import_that_is_taken_back_while_it_runs_stops(
    database: Database, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_recorder, "BATCH_COUNT", 4)
    run = claude_code_run(database, ledger, tenant.id)
    record = ledger.record

    async def undo_after(*given: Any, **options: Any) -> list[UsageOutcome]:
        outcomes = await record(*given, **options)
        await undo_import(database, tenant.id, run.report.id)
        return outcomes

    monkeypatch.setattr(ledger, "record", undo_after)
    with pytest.raises(ConflictError, match="taken back while it ran"):
        await run.run(FIXTURES)
    assert (await ledger_totals(database, tenant.id)).cost == 0


async def test_calls_that_the_ledger_does_not_take_are_told_and_stop_nothing(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    far = "/" + "x" * 200
    long = line("x" * 250, 0)
    write_log(tmp_path / "a.jsonl", [long, line("k2", 0, cwd=far), line("k3", 0)])
    quarantined: list[QuarantinedCall] = []
    listener = ImportListener(on_quarantined=quarantined.append)
    report = await claude_code_run(database, ledger, tenant.id, listener).run(tmp_path)
    assert counts(report) == (3, 1, 0, 2)
    reasons = {each.event_key: each.reason for each in quarantined}
    assert "eventKey has 264 characters" in reasons[f"claude-code:{'x' * 250}:r"]
    assert "201 characters" in reasons["claude-code:k2:r"]
    (stored,) = await list_imports(database, tenant.id)
    assert (stored.status, stored.read, stored.recorded, stored.quarantined) == ("DONE", 3, 1, 2)


async def test_a_file_that_cannot_be_opened_is_told_and_stops_nothing(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    write_log(tmp_path / "here.jsonl", [line("k1", 0)])
    unreadable: list[Unreadable] = []
    listener = ImportListener(on_unreadable=unreadable.append)
    report = await claude_code_run(database, ledger, tenant.id, listener).run(tmp_path)
    assert counts(report) == (1, 1, 0, 0)
    assert (report.files, report.unreadable) == (1, 1)
    assert unreadable == [
        Unreadable(str(tmp_path / "gone.jsonl"), None, os.strerror(2)),
    ]


async def test_imports_of_another_organization_are_not_listed(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    report = await import_claude_code(database, ledger, tenant.id, tmp_path)
    assert counts(report) == (0, 0, 0, 0)
    other = await make_tenant(database)
    assert [each.id for each in await list_imports(database, tenant.id)] == [report.id]
    assert await list_imports(database, other.id) == []


START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def line(
    key: str, second: float, *, cwd: str = "/home/ana/shop", session: str = "s1", **usage: int
) -> dict[str, Any]:
    """A line with 10 input tokens and no others, save what `usage` says (without `_tokens`)."""
    stated = {"input_tokens": 10, "output_tokens": 0, **_named(usage)}
    return {
        "type": "assistant",
        "cwd": cwd,
        "sessionId": session,
        "requestId": "r",
        "timestamp": (START + timedelta(seconds=second)).isoformat(),
        "message": {"id": key, "model": "claude-opus-4-5-20251101", "usage": stated},
    }


def _named(usage: dict[str, int]) -> dict[str, int]:
    return {f"{name}_tokens": count for name, count in usage.items()}


def write_log(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines))


def write_logs(folder: Path, files: Sequence[Sequence[dict[str, Any]]]) -> None:
    folder.mkdir()
    for name, each in enumerate(files):
        write_log(folder / f"{name}.jsonl", each)


lines = st.builds(
    line,
    st.sampled_from(["k1", "k2", "k3", "k4"]),
    st.integers(0, 5),
    cwd=st.sampled_from(["/home/ana/shop", "/home/bo/tool"]),
    session=st.sampled_from(["s1", "s2"]),
    input=st.integers(0, 3),
    output=st.integers(0, 3),
    cache_read_input=st.integers(0, 3),
    cache_creation_input=st.integers(0, 3),
)
# Which lines each of some imports reads, in which order and however often.
imports = st.lists(st.lists(st.lists(lines, max_size=4), max_size=3), min_size=1, max_size=3)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(imports)
async def test_any_split_into_imports_and_files_gives_the_same_totals(
    database: Database, ledger: Ledger, imports: list[list[list[dict[str, Any]]]]
) -> None:
    everything = [each for files in imports for file in files for each in file]
    apart, together = await make_tenant(database), await make_tenant(database)
    with tempfile.TemporaryDirectory() as folder:
        for number, files in enumerate(imports):
            path = Path(folder, f"import-{number}")
            write_logs(path, files)
            await import_claude_code(database, ledger, apart.id, path)
        write_log(Path(folder, "all.jsonl"), everything[::-1])
        await import_claude_code(database, ledger, together.id, Path(folder, "all.jsonl"))
    expected = _largest_counts(everything)
    assert (await ledger_totals(database, together.id)) == expected
    assert (await ledger_totals(database, apart.id)) == expected


def _largest_counts(lines: Sequence[dict[str, Any]]) -> Totals:
    """What the lines come to, reckoned without the importer."""
    names = ("input", "cache_read_input", "cache_creation_input", "output")
    calls: dict[str, list[int]] = {}
    for each in lines:
        message = each["message"]
        stated = [message["usage"][f"{name}_tokens"] for name in names]
        known = calls.get(message["id"], [0] * len(names))
        calls[message["id"]] = list(map(max, known, stated))
    input_, read, written, output = (
        sum(column) for column in (zip(*calls.values(), strict=True) if calls else [()] * 4)
    )
    cost = Decimal(input_ * 500 + read * 50 + written * 625 + output * 2500).scaleb(-8)
    return Totals(cost, len(calls), 0, (input_, read, written, 0, output, 0))
