"""Reports of calls come down to the same calls in any order, split and repetition."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.call_index import CallIndex, IndexedCall
from models.event import Initiator
from models.token import TokenCounts
from models.usage_log import LoggedAgent, LoggedCall, LogRecord, SpawnedJob, SpawnedType

START = datetime(2026, 1, 31, 23, 59, 58, 123_457, UTC)
MAIN = LoggedAgent("/home/ana/shop", "session-1", "main", "main", Initiator.CHAT_AGENT)
RESUMED = replace(MAIN, run_key="session-0")
SUBAGENT = replace(MAIN, job_key="a1", agent_type="subagent", initiator=Initiator.TASK_AGENT)

agents = st.builds(
    LoggedAgent,
    st.sampled_from(["/a", "/b"]),
    st.sampled_from(["s1", "s2", "s3"]),
    st.sampled_from(["main", "a1"]),
    st.just("main"),
    st.just(Initiator.CHAT_AGENT),
)
calls = st.builds(
    LoggedCall,
    event_key=st.sampled_from(["k1", "k2", "k3"]),
    occurred_at=st.integers(0, 3).map(lambda seconds: START + timedelta(seconds=seconds)),
    agent=agents,
    model=st.sampled_from(["m1", "m2"]),
    tokens=st.builds(TokenCounts, *[st.integers(0, 2)] * 6),
    service_tier=st.sampled_from(["", "fast"]),
    is_failed=st.booleans(),
)
spawned = st.builds(SpawnedType, st.sampled_from(["t1", "t2"]), st.sampled_from(["x", "y"]))
jobs = st.builds(
    SpawnedJob,
    st.sampled_from(["s1", "s2"]),
    st.sampled_from(["main", "a1"]),
    st.sampled_from(["t1", "t2"]),
)


def call(seconds: float, agent: LoggedAgent = MAIN, key: str = "k", output: int = 1) -> LoggedCall:
    at = START + timedelta(seconds=seconds)
    return LoggedCall(key, at, agent, "claude-opus-4-5", TokenCounts(output=output))


def indexed(records: list[LogRecord]) -> list[IndexedCall]:
    with CallIndex() as index:
        index.add(records)
        count = index.resolve()
        found = list(index.calls())
    assert len(found) == count
    return found


def test_copies_are_one_call_of_the_largest_counts_at_the_earliest_time() -> None:
    (found,) = indexed(
        [
            replace(call(1), tokens=TokenCounts(1, 20, 3, 40, 5, 60)),
            replace(call(0.5), tokens=TokenCounts(10, 2, 30, 4, 50, 6)),
        ]
    )
    assert found.tokens == TokenCounts(10, 20, 30, 40, 50, 60)
    assert found.occurred_at == START + timedelta(seconds=0.5)


def test_calls_come_in_the_order_of_time() -> None:
    records: list[LogRecord] = [call(second, key=f"k{second}") for second in (3, 1, 2)]
    assert [found.event_key for found in indexed(records)] == ["k1", "k2", "k3"]


def test_a_resumed_session_does_not_take_over_what_it_repeats() -> None:
    """Its name sorts first, and both begin alike: it is known by having gone on for longer."""
    records: list[LogRecord] = [
        call(0, RESUMED, output=9),
        call(0),
        call(5, RESUMED, key="later"),
        call(1, key="own"),
    ]
    found = {each.event_key: each for each in indexed(records)}
    assert found["k"].job.agent == MAIN
    assert found["k"].tokens.output == 9
    assert found["later"].job.agent == RESUMED
    # What was only repeated does not lengthen the run.
    assert found["later"].job.run_span.started_at == START + timedelta(seconds=5)


def test_runs_and_jobs_last_from_the_first_to_the_last_report_of_their_calls() -> None:
    records: list[LogRecord] = [call(0), call(4), call(2, SUBAGENT, "s"), call(3, SUBAGENT, "s")]
    main, subagent = indexed(records)
    assert (main.job.span.started_at, main.job.span.finished_at) == (START, _after(4))
    assert (subagent.job.span.started_at, subagent.job.span.finished_at) == (_after(2), _after(3))
    assert main.job.run_span == subagent.job.run_span == main.job.span


def test_a_session_in_two_folders_is_a_run_in_each() -> None:
    elsewhere = replace(MAIN, project="/home/ana/web")
    here, there = indexed([call(0), call(7, elsewhere, "k2")])
    assert here.job.run_span.finished_at == START
    assert there.job.run_span.started_at == _after(7)


def test_a_subagent_has_the_kind_that_was_asked_for_wherever_that_was_said() -> None:
    records: list[LogRecord] = [
        call(0, SUBAGENT),
        SpawnedJob("session-1", "a1", "toolu_1"),
        SpawnedType("toolu_1", "Explore"),
    ]
    for order in (records, records[::-1]):
        assert [found.job.agent.agent_type for found in indexed(order)] == ["Explore"]
    assert [found.job.agent.agent_type for found in indexed(records[:2])] == ["subagent"]


@given(st.lists(calls | spawned | jobs, max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(
    records: list[LogRecord], random: random.Random
) -> None:
    shuffled = records + random.sample(records, len(records) // 2)
    random.shuffle(shuffled)
    assert indexed(shuffled) == indexed(records)


@given(st.lists(calls, min_size=1, max_size=12))
def test_every_call_comes_once_with_its_largest_counts(records: list[LoggedCall]) -> None:
    found = {each.event_key: each for each in indexed(list(records))}
    assert set(found) == {record.event_key for record in records}
    for key, each in found.items():
        copies = [record for record in records if record.event_key == key]
        largest = map(max, zip(*(copy.tokens.as_tuple() for copy in copies), strict=True))
        assert each.tokens.as_tuple() == tuple(largest)
        assert each.occurred_at == min(copy.occurred_at for copy in copies)
        assert each.job.agent in [copy.agent for copy in copies]
        assert each.job.run_span.started_at <= each.job.span.started_at <= each.occurred_at
        assert each.occurred_at <= each.job.span.finished_at <= each.job.run_span.finished_at


def _after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)
