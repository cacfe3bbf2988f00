"""Rows in columns of our own: what values may look like, what a row states, and what is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenants import NOON

from models.event import (
    CallOutcome,
    Initiator,
    JobRef,
    Operation,
    RunRef,
    RunStatus,
    Surface,
    UsageEvent,
)
from models.ids import NIL, encode, uuid7
from models.token import MAX_COUNT, ReportedTokens
from models.usage_row import COLUMNS, flatten, read_event, write_event
from models.usage_value import RowError, cost, count, flag, instant, number

ROW: dict[str, Any] = {
    "eventKey": "k",
    "occurredAt": "2026-03-15T12:00:00Z",
    "project": "shop",
    "model": "gpt-4o",
}


@pytest.mark.parametrize(
    ("written", "read"),
    [(7, 7), ("7", 7), (" 7 ", 7), ("7.0", 7), (7.0, 7), ("1e3", 1000), ("-3", -3), ("0e-99", 0)],
)
def test_counts_are_whole_numbers_however_they_are_written(written: Any, read: int) -> None:
    assert count(written) == read


@pytest.mark.parametrize(
    "written", ["7.5", "seven", "", "1,000", "NaN", "inf", "1e999999999", "1e31", True, None, [7]]
)
def test_what_is_no_count_is_refused(written: Any) -> None:
    with pytest.raises(RowError, match="is expected"):
        count(written)


def test_dollars_are_rounded_to_the_decimals_that_are_kept() -> None:
    assert cost("0.0012425000000000001") == Decimal("0.0012425")
    assert cost(0.1) == Decimal("0.1")
    assert cost("1E-13") == 0
    # What is absurd stays so, for the ledger to refuse.
    assert cost("1e20") == Decimal("1e20")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03-15T12:00:00Z", NOON),
        ("2026-03-15 14:00:00+02:00", NOON),
        ("2026-03-15T12:00:00.1234567Z", NOON.replace(microsecond=123456)),
    ],
)
def test_instants_bear_zones(written: str, read: datetime) -> None:
    assert instant(written) == read


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2026-03-15T12:00:00", "without a zone"),
        ("yesterday", "ISO 8601"),
        ("1969-12-31T23:59:59Z", "of the year 1969"),
        ("9999-12-31T23:59:59-14:00", "no such instant"),
        (12.5, "ISO 8601"),
    ],
)
def test_what_is_no_instant_is_refused(written: Any, reason: str) -> None:
    with pytest.raises(RowError, match=reason):
        instant(written)


def test_flags_are_words_or_digits() -> None:
    assert [flag(each) for each in (True, "TRUE", "yes", 1)] == [True] * 4
    assert [flag(each) for each in (False, "False", "no", "0")] == [False] * 4
    with pytest.raises(RowError, match="true or false"):
        flag("maybe")


def test_numbers_stay_of_a_size_that_can_be_worked_with() -> None:
    assert number("1e30", "x") == Decimal("1e30")
    with pytest.raises(RowError):
        number("1e-31", "x")


def test_the_least_that_a_row_states() -> None:
    stated = read_event({**ROW, "provider": "", "inputTokens": None, "run.key": "  "})
    assert stated.project == "shop"
    assert stated.event == UsageEvent("k", NIL, "gpt-4o", ReportedTokens(), occurred_at=NOON)


def test_every_column() -> None:
    project, user = uuid7(), uuid7()
    row = {
        **ROW,
        "projectId": encode("proj", uuid7(), project),
        "provider": "openai",
        "operation": "embedding",
        "outcome": "FAILED",
        "surface": "web",
        "serviceTier": "flex",
        "userId": encode("user", uuid7(), user),
        "inputTokens": "1000",
        "outputTokens": 20,
        "cacheReadTokens": "300",
        "cacheWrite5mTokens": "4",
        "cacheWrite1hTokens": "5",
        "reasoningTokens": "6",
        "inputIncludesCache": "true",
        "outputIncludesReasoning": False,
        "durationMs": "1500",
        "sourceCost": "0.25",
        "run.key": "r",
        "run.parentKey": "p",
        "run.workflow": "w",
        "run.trigger": "cron",
        "run.status": "failed",
        "run.startedAt": "2026-03-15T11:00:00Z",
        "run.finishedAt": "2026-03-15T13:00:00Z",
        "job.agentType": "Research",
        "job.initiator": "HEARTBEAT",
        "stream.callKey": "c",
        "stream.final": "true",
    }
    stated = read_event(row)
    assert stated.project == project
    event = stated.event
    assert event.tokens == ReportedTokens(1000, 20, 300, 4, 5, 6, True, False)
    assert (event.operation, event.outcome) == (Operation.EMBEDDING, CallOutcome.FAILED)
    assert (event.surface, event.service_tier, event.user_id) == (Surface.WEB, "flex", user)
    assert (event.duration_ms, event.source_cost, event.call_key) == (1500, Decimal("0.25"), "c")
    assert event.run == RunRef(
        "r",
        "p",
        "w",
        "cron",
        RunStatus.FAILED,
        datetime(2026, 3, 15, 11, tzinfo=UTC),
        datetime(2026, 3, 15, 13, tzinfo=UTC),
    )
    # Without a key of its own it is the run's only job of that kind; it ended, well.
    assert event.job == JobRef(
        "Research", "Research", Initiator.HEARTBEAT, status=RunStatus.SUCCEEDED
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eventKey": ""}, "eventKey is missing"),
        ({"occurredAt": None}, "occurredAt is missing"),
        ({"model": " "}, "model is missing"),
        ({"project": ""}, "project is missing"),
        ({"inputTokens": "x"}, "inputTokens is 'x'; a whole number is expected"),
        ({"modle": "gpt"}, "'modle' is no column"),
        ({"surface": "PHONE"}, "surface is 'PHONE'; one of WEB, CLI, API"),
        ({"projectId": "shop"}, "projectId is 'shop'; an id"),
        ({"userId": encode("proj", NIL, NIL)}, "userId is"),
        ({"run.key": True}, "run.key is True; a text"),
    ],
)
def test_what_cannot_be_read_is_told(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RowError) as refused:
        read_event(ROW | changes)
    assert str(refused.value).startswith(reason)
    assert refused.value.row is not None


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(RowError) as refused:
        read_event({"occurredAt": "noon", "inputTokens": "x"})
    assert str(refused.value).count(";") == 6
    assert "occurredAt is missing" not in str(refused.value)


def test_nested_objects_have_dotted_names() -> None:
    nested = {"run": {"key": "r", "status": None}, "model": "m"}
    assert dict(flatten(nested)) == {"run.key": "r", "run.status": None, "model": "m"}


small = st.integers(0, MAX_COUNT // 8)
events = st.builds(
    UsageEvent,
    event_key=st.text("abc:\\", min_size=1),
    project_id=st.just(NIL),
    model=st.just("gpt-4o"),
    tokens=st.builds(
        ReportedTokens,
        small,
        small,
        cache_read_tokens=st.none() | small,
        reasoning_tokens=st.none() | small,
        input_includes_cache=st.booleans(),
        output_includes_reasoning=st.booleans(),
    ),
    occurred_at=st.just(NOON),
    provider=st.none() | st.just("openai"),
    operation=st.sampled_from(Operation),
    outcome=st.sampled_from(CallOutcome),
    surface=st.none() | st.sampled_from(Surface),
    run=st.just(RunRef("r", status=RunStatus.FAILED, started_at=NOON)),
    job=st.none()
    | st.builds(JobRef, st.just("j"), st.just("x"), status=st.sampled_from(RunStatus)),
    duration_ms=st.none() | small,
    source_cost=st.none() | st.decimals(0, 1000, places=12),
    is_cumulative=st.booleans(),
)


@given(events)
def test_an_event_is_read_from_the_row_that_it_is_written_as(event: UsageEvent) -> None:
    row = write_event(event, "shop")
    assert set(row) <= set(COLUMNS)
    stated = read_event(row)
    assert (stated.project, stated.event) == ("shop", event)
