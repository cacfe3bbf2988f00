"""Gemini CLI's chat logs: lines and documents, repeated states, thoughts and tools, doubts."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from imports import counts, import_logs, ledger_totals, quarantined, write_lines
from tenants import Tenant

from models.db import Database
from models.gemini_cli import FORMAT
from models.ledger import Ledger
from models.token import TokenCounts
from models.usage_log import LoggedCall, LoggedDoubt, LogRecord, UnreadableLineError

META = {
    "sessionId": "s1",
    "projectHash": "0f" * 32,
    "startTime": "2026-03-01T00:00:00Z",
    "lastUpdated": "2026-03-01T00:00:00Z",
    "kind": "main",
}


def message(id: str = "m1", second: int = 1, **changes: Any) -> dict[str, Any]:
    """1,000 input tokens, 400 of them cached, 50 of output and 30 thoughts beside it."""
    tokens = {"input": 1000, "output": 50, "cached": 400, "thoughts": 30, "tool": 0, "total": 1080}
    return {
        "id": id,
        "timestamp": f"2026-03-01T00:00:{second:02}.250Z",
        "type": "gemini",
        "content": "a secret",
        "model": "gemini-2.5-flash",
        "tokens": tokens,
    } | changes


USER = {"id": "u1", "timestamp": "2026-03-01T00:00:00Z", "type": "user", "content": "a secret"}
# gemini-2.5-flash: 600*0.3 + 400*0.03 + 80*2.5 millionths.
COST = Decimal("0.000392")


def parsed(*lines: Any) -> list[LogRecord]:
    parse = FORMAT.start()
    return [record for line in lines for record in parse(json.dumps(line).encode())]


def tokens_of(**tokens: int) -> TokenCounts:
    (call,) = parsed(META, message(tokens=tokens))
    assert isinstance(call, LoggedCall)
    return call.tokens


def test_thoughts_are_outside_output_and_cached_tokens_inside_input() -> None:
    assert tokens_of(input=1000, output=50, cached=400, thoughts=30, tool=0, total=1080) == (
        TokenCounts(600, 400, 0, 0, 50, 30)
    )


def test_what_tools_were_given_is_input_beside_the_prompt_unless_the_total_has_it_inside() -> None:
    counted = {"input": 1000, "output": 50, "cached": 400, "thoughts": 30, "tool": 100}
    assert tokens_of(**counted, total=1180).input == 700
    assert tokens_of(**counted, total=1080).input == 600
    # Without a total: Google counts them apart.
    assert tokens_of(**counted).input == 700


def test_whose_call_it_is() -> None:
    (call,) = parsed(META, USER, message())
    assert isinstance(call, LoggedCall)
    agent = call.agent
    assert (agent.project, agent.run_key, agent.job_key) == ("0f" * 32, "s1", "main")
    (call,) = parsed(META | {"kind": "subagent"}, message())
    assert isinstance(call, LoggedCall)
    assert (call.agent.job_key, call.agent.initiator) == ("subagent", "TASK_AGENT")


@pytest.mark.parametrize(
    "line",
    [
        USER,
        message(tokens=None),
        message(type="info"),
        {"$set": {"lastUpdated": "2026-03-01T00:00:00Z"}},
        {"$rewindTo": "m1"},
        [{"sessionId": "s1", "type": "user", "message": "typed"}],
        {"history": []},
    ],
)
def test_what_is_no_call_is_passed_over(line: Any) -> None:
    assert parsed(META, line) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tokens": {"input": 10, "cached": 11}}, "contradict each other"),
        ({"tokens": {"input": 10, "output": -1}}, "contradict each other"),
        ({"tokens": {"input": 10, "tool": -1}}, "contradict each other"),
        ({"model": None}, "names no model"),
    ],
)
def test_what_cannot_be_trusted_is_in_doubt(changes: dict[str, Any], reason: str) -> None:
    (doubt,) = parsed(META, message(**changes))
    assert isinstance(doubt, LoggedDoubt)
    assert reason in doubt.reason


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([message()], "no session before it"),
        ([META, message(tokens={"input": "many"})], "not a whole number"),
        ([META, message(timestamp="noon")], "ISO 8601"),
        ([META, message(timestamp="2026-03-01T00:00:00")], "no zone"),
        ([META, message(timestamp="1066-10-14T00:00:00Z")], "of the year 1066"),
        (["text"], "not a JSON object"),
    ],
)
def test_lines_that_cannot_be_read(lines: list[Any], reason: str) -> None:
    with pytest.raises(UnreadableLineError, match=reason):
        parsed(*lines)


LINES = [
    META,
    USER,
    message(tokens=None),  # as it was first written
    message(),
    message(),  # once more, with the results of tools
    message("m2", 5),
    {"$rewindTo": "m2"},  # taken out of the talk, but not off the bill
    message("m3", 9, model=None),
    {"$set": {"messages": [USER, message()]}},
]


async def test_lines_and_documents_are_the_same_calls(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    chats = tmp_path / "tmp" / "0f" / "chats"
    chats.mkdir(parents=True)
    document = META | {"messages": [USER, message(), message("m2", 5), message("m4", 20)]}
    # The older version, written over several lines; resumed, it was written anew as lines.
    (chats / "session-a.json").write_text(json.dumps(document, indent=2))
    (tmp_path / "tmp" / "0f" / "logs.json").write_text("[]")
    write_lines(chats / "session-a.jsonl", LINES)
    report = await import_logs(database, ledger, tenant.id, FORMAT, tmp_path)
    assert (counts(report), report.files, report.unreadable) == ((4, 3, 0, 1), 3, 0)
    assert report.total_cost == 3 * COST
    totals = await ledger_totals(database, tenant.id)
    assert totals.tokens == (1800, 1200, 0, 0, 150, 90)
    (row,) = await quarantined(database, tenant.id)
    assert row["event_key"] == "gemini-cli:m3"
    assert "secret" not in row["original"]
    again = await import_logs(database, ledger, tenant.id, FORMAT, tmp_path)
    assert counts(again) == (4, 0, 3, 1)
