"""The quick check of an event's texts says what the thorough one says."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from models.event import KEY_LENGTH, JobRef, RunRef, UsageEvent
from models.event_check import _texts, _unsound_texts
from models.token import ReportedTokens

TEXTS = st.one_of(
    st.sampled_from(["", " ", "\t", "a", "\x1fa", "a\x00", "\ud800", "é", "a" * KEY_LENGTH]),
    st.integers(KEY_LENGTH - 1, KEY_LENGTH + 1).map(lambda length: "é" * length),
    st.text(alphabet=st.characters(), max_size=3),
)
MAYBE = st.none() | TEXTS
RUNS = st.builds(RunRef, key=TEXTS, parent_key=MAYBE, workflow=MAYBE, trigger=MAYBE)
EVENTS = st.builds(
    UsageEvent,
    event_key=TEXTS,
    project_id=st.just(UUID(int=1)),
    model=TEXTS,
    tokens=st.just(ReportedTokens()),
    provider=MAYBE,
    service_tier=TEXTS,
    call_key=MAYBE,
    run=st.none() | RUNS,
    job=st.none() | st.builds(JobRef, key=TEXTS, agent_type=TEXTS),
)


@given(event=EVENTS)
def test_quick_and_thorough_agree(event: UsageEvent) -> None:
    assert list(_unsound_texts(event)) == list(_texts(event))
