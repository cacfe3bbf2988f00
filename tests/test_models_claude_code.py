"""What a line of Claude Code's logs states, and which lines are refused with which reason."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.claude_code import parse
from models.event import Initiator
from models.token import TokenCounts
from models.usage_log import (
    LoggedAgent,
    LoggedCall,
    SpawnedJob,
    SpawnedType,
    UnreadableLineError,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def usage(**changes: Any) -> dict[str, Any]:
    return {
        "input_tokens": 10,
        "cache_creation_input_tokens": 3000,
        "cache_read_input_tokens": 500,
        "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
        "output_tokens": 7,
        "service_tier": "standard",
        **changes,
    }


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "type": "assistant",
        "isSidechain": False,
        "cwd": "/home/ana/shop",
        "sessionId": "session-1",
        "requestId": "req_1",
        "timestamp": "2026-01-31T23:59:59.5Z",
        "message": {"model": "claude-opus-4-5", "id": "msg_1", "usage": usage()},
        **changes,
    }


def with_usage(**changes: Any) -> dict[str, Any]:
    return with_message(usage=usage(**changes))


def with_message(**changes: Any) -> dict[str, Any]:
    message = {**entry()["message"], **changes}
    return entry(message={name: value for name, value in message.items() if value != "absent"})


def agent_progress(nested: object, **changes: Any) -> dict[str, Any]:
    data = {"type": "agent_progress", "agentId": "a1", "message": nested}
    return {**entry(type="progress", parentToolUseID="toolu_1"), "data": data, **changes}


def one_call(line: dict[str, Any]) -> LoggedCall:
    (call,) = [each for each in parse(orjson.dumps(line)) if isinstance(each, LoggedCall)]
    return call


def refusal(line: bytes) -> str:
    with pytest.raises(UnreadableLineError) as caught:
        parse(line)
    return str(caught.value)


def test_a_line_of_the_main_conversation() -> None:
    assert one_call(entry()) == LoggedCall(
        event_key="claude-code:msg_1:req_1",
        occurred_at=datetime(2026, 1, 31, 23, 59, 59, 500_000, UTC),
        agent=LoggedAgent("/home/ana/shop", "session-1", "main", "main", Initiator.CHAT_AGENT),
        model="claude-opus-4-5",
        tokens=TokenCounts(10, 500, 1000, 2000, 7, 0),
    )


def test_a_subagents_line_within_its_session() -> None:
    nested = entry(timestamp="2026-01-31T12:00:00+01:00", requestId="req_2")
    line = agent_progress(nested, cwd="/home/ana/web", sessionId="session-2")
    call, spawned = parse(orjson.dumps(line))
    assert isinstance(call, LoggedCall)
    assert call.event_key == "claude-code:msg_1:req_2"
    assert call.occurred_at == datetime(2026, 1, 31, 11, tzinfo=UTC)
    assert call.agent == LoggedAgent(
        "/home/ana/web", "session-2", "a1", "subagent", Initiator.TASK_AGENT
    )
    assert spawned == SpawnedJob("session-2", "a1", "toolu_1")


@pytest.mark.parametrize(
    ("line", "job_key"),
    [
        (entry(isSidechain=True, agentId="a2"), "a2"),
        (entry(isSidechain=True), "sidechain"),
        (entry(isSidechain=False, agentId="a2"), "main"),
    ],
)
def test_a_subagents_own_log_names_its_job(line: dict[str, Any], job_key: str) -> None:
    assert one_call(line).agent.job_key == job_key


def test_the_kind_of_a_subagent_is_that_of_the_call_that_started_it() -> None:
    content = [
        {"type": "text", "text": "I shall look."},
        {"type": "tool_use", "id": "toolu_1", "input": {"subagent_type": "Explore"}},
        {"type": "tool_use", "id": "toolu_2", "input": {"command": "ls"}},
        {"type": "tool_use", "id": "toolu_3", "input": {"subagent_type": "x" * 256}},
    ]
    _, *spawned = parse(orjson.dumps(with_message(content=content)))
    assert spawned == [SpawnedType("toolu_1", "Explore")]


def test_a_tools_result_names_the_subagent_that_did_the_work() -> None:
    line = {
        "type": "user",
        "sessionId": "session-1",
        "message": {"content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]},
        "toolUseResult": {"agentId": "a2"},
    }
    assert parse(orjson.dumps(line)) == [SpawnedJob("session-1", "a2", "toolu_1")]


@pytest.mark.parametrize(
    ("changes", "short", "long"),
    [
        ({"cache_creation": None}, 3000, 0),
        ({"cache_creation": {"ephemeral_1h_input_tokens": 2500}}, 500, 2500),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 4000}}, 4000, 0),
        ({"cache_creation": None, "cache_creation_input_tokens": None}, 0, 0),
    ],
)
def test_cache_writes_of_unknown_life_are_five_minute_ones(
    changes: dict[str, Any], short: int, long: int
) -> None:
    tokens = one_call(with_usage(**changes)).tokens
    assert (tokens.cache_write_5m, tokens.cache_write_1h) == (short, long)


@pytest.mark.parametrize(
    ("changes", "tier"),
    [
        ({}, ""),
        ({"service_tier": None}, ""),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "priority", "speed": "standard"}, "priority"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
    ],
)
def test_service_tier(changes: dict[str, Any], tier: str) -> None:
    assert one_call(with_usage(**changes)).service_tier == tier


@pytest.mark.parametrize(
    ("line", "is_failed"),
    [
        (entry(), False),
        (entry(isApiErrorMessage=False), False),
        (entry(isApiErrorMessage=True), True),
        (with_message(model="<synthetic>"), True),
    ],
)
def test_errors_that_the_tool_wrote_down_are_failed_calls(
    line: dict[str, Any], is_failed: bool
) -> None:
    assert one_call(line).is_failed is is_failed


def test_a_call_without_request_id_is_known_by_its_message() -> None:
    assert one_call(entry(requestId=None)).event_key == "claude-code:msg_1:"


@pytest.mark.parametrize(
    "line",
    [
        {"type": "summary", "summary": "no time"},
        {"type": "user", "message": {"content": "hello"}},
        {"type": "user", "message": {"content": []}, "toolUseResult": "done"},
        {"type": "system", "subtype": "compact_boundary"},
        {"type": "queue-operation", "operation": "enqueue"},
        {"type": "progress", "data": {"type": "hook_progress"}},
        {"type": "progress"},
        agent_progress({"type": "user"}),
        {"type": "what newer versions may write"},
    ],
)
def test_lines_that_state_no_call_are_passed_over(line: dict[str, Any]) -> None:
    assert parse(orjson.dumps(line)) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"type":"assis', "is not JSON: "),
        (b'{"type":"\xff"}', "is not JSON: "),
        (b"[" * 5000, "is not JSON: "),
        (b"[1]", "is not a JSON object"),
        (b"{}", "type is missing"),
        (b'{"type":["assistant"]}', "type is empty or not a text"),
        (entry(message=None), "message is missing"),
        (entry(cwd=None), "cwd is missing"),
        (entry(cwd="/home/\0"), "cwd is empty or not a text"),
        (entry(sessionId=""), "sessionId is empty"),
        (entry(requestId=7), "requestId is empty or not a text"),
        (entry(timestamp=None), "timestamp is missing"),
        (entry(timestamp="yesterday"), "timestamp is not an instant"),
        (entry(timestamp="2026-01-31T23:59:59"), "timestamp bears no zone"),
        (entry(timestamp="0001-01-01T00:00:00+14:00"), "timestamp is not an instant"),
        (entry(timestamp="9999-12-31T23:59:59-14:00"), "timestamp is not an instant"),
        (entry(timestamp="1960-01-01T00:00:00Z"), "timestamp is of the year 1960"),
        (entry(timestamp=1769904000), "timestamp is empty or not a text"),
        (with_message(id="absent"), "message.id is missing"),
        (with_message(model="absent"), "message.model is missing"),
        (with_message(usage="absent"), "message.usage is missing"),
        (with_usage(input_tokens=None), "message.usage: input_tokens is missing"),
        (with_usage(output_tokens=-1), "message.usage: output_tokens is not a whole number"),
        (with_usage(output_tokens=1.0), "message.usage: output_tokens is not a whole number"),
        (with_usage(output_tokens=True), "message.usage: output_tokens is not a whole number"),
        (with_usage(output_tokens="9"), "message.usage: output_tokens is not a whole number"),
        (with_usage(input_tokens=2**53), "message.usage: input_tokens is not a whole number"),
        (with_usage(cache_creation=[]), "message.usage.cache_creation is not an object"),
        (agent_progress(None), "data.message is missing"),
        (agent_progress({"type": "assistant"}), "message is missing"),
    ],
)
def test_unusable_lines_are_refused_with_a_reason(
    line: bytes | dict[str, Any], reason: str
) -> None:
    assert refusal(line if isinstance(line, bytes) else orjson.dumps(line)).startswith(reason)


def test_a_reason_repeats_nothing_of_the_line() -> None:
    assert "secret" not in refusal(orjson.dumps(entry(timestamp="secret")))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    with suppress(UnreadableLineError):
        assert isinstance(parse(line), list)


@given(
    st.sampled_from([entry(), agent_progress(entry())]),
    st.lists(st.tuples(st.integers(0, 30), json_values), max_size=3),
)
def test_any_value_anywhere_is_read_or_refused(
    line: dict[str, Any], changes: list[tuple[int, Any]]
) -> None:
    changed = orjson.loads(orjson.dumps(line))
    for place, value in changes:
        _replace(changed, place, value)
    try:
        records = parse(orjson.dumps(changed, default=str))
    except (UnreadableLineError, orjson.JSONEncodeError):
        return
    for record in records:
        if isinstance(record, LoggedCall):
            assert not record.tokens.any_negative
            assert record.occurred_at.tzinfo is UTC


def _replace(line: dict[str, Any], place: int, value: Any) -> None:
    """Puts a value in one of the places of a line, counted as they are met."""
    places: list[tuple[dict[str, Any], str]] = []
    open_objects = [line]
    while open_objects:
        current = open_objects.pop()
        for name, inner in current.items():
            places.append((current, name))
            if isinstance(inner, dict):
                open_objects.append(inner)
    owner, name = places[place % len(places)]
    owner[name] = value
