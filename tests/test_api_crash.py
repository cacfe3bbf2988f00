"""kill -9 in the midst of recording, in a short form: see crash.py, which plays twenty rounds.

AICOST_CRASH_ROUNDS says how many rounds each victim is played for.
"""

import os
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from crash import CrashError, Report, crash
from crash_writers import Batch, Writer, make_writers
from postgres_process import another

from models.ids import encode, uuid7
from resolvers import node

ROUNDS = int(os.environ.get("AICOST_CRASH_ROUNDS", "1"))
ORGANIZATION = UUID(int=7)


@pytest.mark.parametrize("victim", ["server", "postgres"])
async def test_what_was_acknowledged_is_there_once_whoever_is_killed(
    warm_directory: Path, victim: str
) -> None:
    report = await crash(another(warm_directory, f"crash-{victim}"), victim, rounds=ROUNDS)
    assert (report.rounds, report.differences) == (ROUNDS, 0)
    assert report.landed > 0
    assert report.acknowledged_events > 0


def test_a_run_whose_kills_met_nothing_fails() -> None:
    with pytest.raises(CrashError, match="no kill of 20 landed"):
        Report("server", rounds=20, landed=0).require_landed()


def test_half_a_batch_is_noticed() -> None:
    [writer, *_] = make_writers(["a project"], Random(1))
    batch = Batch([_event("a"), _event("b")], attempts=2)
    writer._acknowledge(batch, [_result("a", "DUPLICATE"), _result("b", "DUPLICATE")])
    assert sorted(writer.books) == ["a", "b"]
    with pytest.raises(CrashError, match="half a batch"):
        writer._acknowledge(batch, [_result("a", "DUPLICATE"), _result("b", "RECORDED")])


@pytest.mark.parametrize("status", ["CONFLICT", "REJECTED"])
def test_an_event_that_is_refused_is_noticed(status: str) -> None:
    writer = Writer(1, [], Random(1))
    with pytest.raises(CrashError, match="refused"):
        writer._acknowledge(Batch([_event("a")]), [_result("a", status)])


def test_a_duplicate_that_was_never_sent_is_noticed() -> None:
    writer = Writer(1, [], Random(1))
    with pytest.raises(CrashError, match="written before"):
        writer._acknowledge(Batch([_event("a")], attempts=1), [_result("a", "DUPLICATE")])


def _event(key: str) -> dict[str, Any]:
    return {"eventKey": key, "inputTokens": 1, "outputTokens": 1}


def _result(key: str, status: str) -> dict[str, Any]:
    id = encode(node.TRANSACTION, ORGANIZATION, uuid7())
    return {"eventKey": key, "status": status, "transactionId": id, "cost": "1"}
