"""Codex's session logs: rises of cumulative counters, copies in forks, subagents, doubts."""

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imports import counts, import_logs, ledger_totals, quarantined, write_lines
from tenants import Tenant, make_tenant

from models.codex import FORMAT
from models.db import Database
from models.ledger import Ledger
from models.token import TokenCounts
from models.usage_log import LoggedCall, LoggedDoubt, LogRecord, UnreadableLineError

NAMES = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
Line = dict[str, Any]


def meta(id: str, **said: Any) -> Line:
    payload = {"id": id, "cwd": "/home/ana/shop", "model_provider": "openai"} | said
    return {"timestamp": "2026-03-01T00:00:00Z", "type": "session_meta", "payload": payload}


def turn(model: str = "gpt-5", **said: Any) -> Line:
    payload = {"model": model, "cwd": "/home/ana/shop"} | said
    return {"timestamp": "2026-03-01T00:00:00Z", "type": "turn_context", "payload": payload}


def usage(*totals: int) -> dict[str, int]:
    return dict(zip(NAMES, totals, strict=True)) | {"total_tokens": totals[0] + totals[2]}


def counted(second: int, totals: Any, last: Any = None) -> Line:
    info = {"total_token_usage": usage(*totals), "model_context_window": 272_000}
    if last is not None:
        info["last_token_usage"] = usage(*last)
    return {
        "timestamp": f"2026-03-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.500Z",
        "type": "event_msg",
        "payload": {"type": "token_count", "info": info, "rate_limits": None},
    }


def said(text: str = "a secret") -> Line:
    return {"timestamp": "2026-03-01T00:00:00Z", "type": "response_item", "payload": {"x": text}}


FIRST, SECOND, THIRD = (1000, 0, 100, 40), (3000, 900, 150, 40), (3500, 1300, 160, 50)
SESSION = [
    meta("s1"),
    said(),
    turn(),
    counted(1, FIRST, FIRST),
    counted(2, FIRST, FIRST),  # written again: nothing has come
    counted(3, SECOND, (2000, 900, 50, 0)),
]
# gpt-5: (1000*1.25 + 100*10) + (1100*1.25 + 900*0.125 + 50*10) millionths.
COST = Decimal("0.0042375")


def parsed(*lines: Line) -> list[LogRecord]:
    parse = FORMAT.start()
    return [record for line in lines for record in parse(json.dumps(line).encode())]


def tokens(*lines: Line) -> list[TokenCounts]:
    return [record.tokens for record in parsed(*lines) if isinstance(record, LoggedCall)]


def test_a_call_is_what_the_counters_rose_by() -> None:
    assert tokens(*SESSION) == [
        TokenCounts(1000, output=60, reasoning=40),
        TokenCounts(1100, 900, output=50),
    ]


def test_a_line_that_is_missing_is_in_the_next_rise() -> None:
    lines = [meta("s1"), turn(), counted(1, FIRST, FIRST), counted(3, THIRD, (500, 400, 10, 10))]
    assert sum(tokens(*lines), TokenCounts()) == TokenCounts(2200, 1300, 0, 0, 110, 50)


def test_counters_that_begin_again() -> None:
    lines = [*SESSION, counted(9, (700, 0, 7, 0), (700, 0, 7, 0))]
    assert tokens(*lines)[-1] == TokenCounts(700, output=7)
    # A session that goes on from counters of which nothing is in the file.
    assert tokens(meta("s2"), turn(), counted(1, THIRD, (500, 400, 10, 10))) == [
        TokenCounts(100, 400, reasoning=10)
    ]


def test_writes_to_the_cache_are_input() -> None:
    line = counted(1, FIRST, FIRST)
    for each in ("total_token_usage", "last_token_usage"):
        line["payload"]["info"][each]["cache_write_input_tokens"] = 300
    assert tokens(meta("s1"), turn(), line) == [TokenCounts(700, 0, 300, 0, 60, 40)]


def test_whose_call_it_is() -> None:
    (call,) = (
        record
        for record in parsed(meta("s1"), turn(cwd="/home/ana/web"), counted(1, FIRST))
        if isinstance(record, LoggedCall)
    )
    assert (call.agent.project, call.agent.run_key) == ("/home/ana/web", "s1")
    assert (call.agent.job_key, call.agent.agent_type, call.provider) == ("main", "main", "openai")
    spawned = {"subagent": {"thread_spawn": {"parent_thread_id": "s1", "agent_role": "Explore"}}}
    (call,) = (
        record
        for record in parsed(meta("s2", source=spawned), turn(), counted(1, FIRST))
        if isinstance(record, LoggedCall)
    )
    agent = call.agent
    assert (agent.run_key, agent.job_key, agent.agent_type) == ("s1", "s2", "Explore")


def test_the_service_tier_of_the_thread() -> None:
    fast = {
        "type": "event_msg",
        "payload": {
            "type": "thread_settings_applied",
            "thread_settings": {"service_tier": "fast"},
        },
    }
    (call,) = parsed(meta("s1"), turn(), fast, counted(1, FIRST))
    assert isinstance(call, LoggedCall)
    assert call.service_tier == "priority"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([meta("s1"), turn(), counted(1, (10, 11, 0, 0))], "contradict each other"),
        ([meta("s1"), turn(), counted(1, (10, 0, 5, 6))], "contradict each other"),
        ([meta("s1"), turn(), counted(1, (-10, 0, 5, 0))], "contradict each other"),
        ([meta("s1"), counted(1, FIRST)], "names a model"),
    ],
)
def test_what_cannot_be_trusted_is_in_doubt(lines: list[Line], reason: str) -> None:
    (doubt,) = parsed(*lines)
    assert isinstance(doubt, LoggedDoubt)
    assert reason in doubt.reason
    assert doubt.understood["run.key"] == "s1"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([turn(), counted(1, FIRST)], "before any session_meta"),
        ([meta("s1"), counted(1, FIRST) | {"timestamp": "noon"}], "ISO 8601"),
        ([meta("s1"), counted(1, FIRST) | {"timestamp": None}], "timestamp is missing"),
    ],
)
def test_lines_that_cannot_be_read(lines: list[Line], reason: str) -> None:
    with pytest.raises(UnreadableLineError, match=reason):
        parsed(*lines)
    parse = FORMAT.start()
    for broken in (b'"token_count" is not JSON', b'["token_count"]'):
        with pytest.raises(UnreadableLineError, match="JSON"):
            parse(broken)


def test_a_count_that_is_no_number() -> None:
    line = counted(1, FIRST)
    line["payload"]["info"]["total_token_usage"]["input_tokens"] = "many"
    with pytest.raises(UnreadableLineError, match="is not a whole number"):
        parsed(meta("s1"), turn(), line)


FORK = [
    meta("s2", forked_from_id="s1"),
    meta("s1"),
    turn(),
    *(line | {"timestamp": "2026-03-01T01:00:00Z"} for line in SESSION[3:]),
    counted(3700, THIRD, (500, 400, 10, 10)),
]
FORK_OF_FORK = [
    meta("s3", forked_from_id="s2"),
    *(line | {"timestamp": "2026-03-01T02:00:00Z"} for line in FORK),
    counted(7300, (4000, 1300, 200, 50), (500, 0, 40, 0)),
]
# 100*1.25 + 400*0.125 + 10*10 millionths, and 500*1.25 + 40*10.
FORK_COST, FORK_OF_FORK_COST = Decimal("0.000275"), Decimal("0.001025")


async def test_what_forks_copy_is_counted_once(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    write_lines(tmp_path / "rollout-1-s1.jsonl", SESSION)
    write_lines(tmp_path / "rollout-2-s2.jsonl", FORK)
    write_lines(tmp_path / "rollout-3-s3.jsonl", FORK_OF_FORK)
    report = await import_logs(database, ledger, tenant.id, FORMAT, tmp_path)
    assert (counts(report), report.unreadable) == ((4, 4, 0, 0), 0)
    assert report.total_cost == COST + FORK_COST + FORK_OF_FORK_COST
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT r.key, count(*), min(t.occurred_at)::text FROM credit_transaction AS t"
            " JOIN pipeline_run AS r ON r.id = t.run_id WHERE t.organization_id = $1"
            " GROUP BY 1 ORDER BY 1",
            tenant.id,
        )
    assert list(map(tuple, rows)) == [
        ("s1", 2, "2026-03-01 00:00:01.5+00"),
        ("s2", 1, "2026-03-01 01:01:40.5+00"),
        ("s3", 1, "2026-03-01 02:01:40.5+00"),
    ]
    again = await import_logs(database, ledger, tenant.id, FORMAT, tmp_path)
    assert counts(again) == (4, 0, 4, 0)


async def test_doubts_are_quarantined_without_what_was_said(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    lines = [meta("s1"), said(), turn(), counted(1, (10, 11, 0, 0)), counted(2, FIRST)]
    write_lines(tmp_path / "rollout-1.jsonl", lines)
    report = await import_logs(database, ledger, tenant.id, FORMAT, tmp_path)
    assert counts(report) == (2, 1, 0, 1)
    (row,) = await quarantined(database, tenant.id)
    assert (row["line"], row["format"]) == (4, "codex")
    assert json.loads(row["understood"])["cacheReadTokens"] == 11
    assert "secret" not in row["original"]


order = st.permutations(["1.jsonl", "2.jsonl", "3.jsonl"])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order, st.integers(0, 3), st.booleans())
async def test_any_order_and_split_of_a_family_gives_the_same_totals(
    database: Database, ledger: Ledger, names: list[str], split: int, is_repeated: bool
) -> None:
    tenant = await make_tenant(database)
    files = dict(zip(names, (SESSION, FORK, FORK_OF_FORK), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        for part in (names[:split], names[split:], names if is_repeated else []):
            for number, name in enumerate(part):
                path = write_lines(Path(folder, name), files[name])
                await import_logs(database, ledger, tenant.id, FORMAT, path)
                assert number < 3
    totals = await ledger_totals(database, tenant.id)
    assert totals.requests == 4
    assert totals.cost == COST + FORK_COST + FORK_OF_FORK_COST
