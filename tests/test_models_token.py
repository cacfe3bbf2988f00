"""Token counts: arithmetic by class, and every convention that a provider may count in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import UserErrors
from models.token import MAX_COUNT, ReportedTokens, TokenClass, TokenCounts

counts = st.builds(TokenCounts, *[st.integers(0, 10**9)] * 6)
stated = st.none() | st.integers(0, 10**6)


def refusals(reported: ReportedTokens) -> list[tuple[str, tuple[str, ...] | None]]:
    with pytest.raises(UserErrors) as caught:
        reported.normalise()
    assert all(error.message for error in caught.value.errors)
    return [(error.code, error.field) for error in caught.value.errors]


def test_fields_follow_the_order_of_the_token_classes() -> None:
    assert [name.value.lower() for name in TokenClass] == list(TokenCounts.__slots__)


def test_shown_totals_are_sums_of_the_classes() -> None:
    tokens = TokenCounts(1, 20, 300, 4000, 50_000, 600_000)
    assert (tokens.input_tokens, tokens.output_tokens, tokens.total) == (4321, 650_000, 654_321)


@given(counts, counts)
def test_addition_and_subtraction_are_inverse(one: TokenCounts, other: TokenCounts) -> None:
    assert one + other - other == one
    assert (one - other) + other == one
    assert (one + other).total == one.total + other.total


@given(counts, counts)
def test_positive_difference_raises_posted_to_the_largest_of_each_class(
    reported: TokenCounts, posted: TokenCounts
) -> None:
    difference = reported.positive_difference(posted)
    assert not difference.any_negative
    pairs = zip(reported.as_tuple(), posted.as_tuple(), strict=True)
    assert (posted + difference).as_tuple() == tuple(max(pair) for pair in pairs)


def test_any_negative_sees_each_class() -> None:
    for position in range(6):
        values = [0] * 6
        values[position] = -1
        assert TokenCounts(*values).any_negative
    assert not TokenCounts().any_negative


@pytest.mark.parametrize(
    ("reported", "tokens"),
    [
        # nothing but input and output: no convention is needed
        (ReportedTokens(500, 1200), TokenCounts(input=500, output=1200)),
        # OpenAI: cached tokens inside input, reasoning inside output
        (
            ReportedTokens(
                1000,
                300,
                cache_read_tokens=600,
                reasoning_tokens=250,
                input_includes_cache=True,
                output_includes_reasoning=True,
            ),
            TokenCounts(input=400, cache_read=600, output=50, reasoning=250),
        ),
        # Anthropic: cached tokens beside input, two lives of cache
        (
            ReportedTokens(
                3,
                40,
                cache_read_tokens=5000,
                cache_write_5m_tokens=70,
                cache_write_1h_tokens=800,
                input_includes_cache=False,
            ),
            TokenCounts(3, 5000, 70, 800, 40),
        ),
        # Gemini: thoughts beside the candidates' tokens
        (
            ReportedTokens(10, 20, reasoning_tokens=30, output_includes_reasoning=False),
            TokenCounts(input=10, output=20, reasoning=30),
        ),
        # everything from the cache
        (
            ReportedTokens(9, 0, cache_read_tokens=9, input_includes_cache=True),
            TokenCounts(cache_read=9),
        ),
    ],
)
def test_conventions_come_to_disjoint_classes(
    reported: ReportedTokens, tokens: TokenCounts
) -> None:
    assert reported.normalise() == tokens


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (
            ReportedTokens(-1, -2),
            [("OUT_OF_RANGE", "inputTokens"), ("OUT_OF_RANGE", "outputTokens")],
        ),
        (
            ReportedTokens(1, 1, cache_read_tokens=-1, input_includes_cache=False),
            [("OUT_OF_RANGE", "cacheReadTokens")],
        ),
        (ReportedTokens(MAX_COUNT + 1), [("OUT_OF_RANGE", "inputTokens")]),
        # each count fits, their sum does not
        (ReportedTokens(MAX_COUNT, 1), [("OUT_OF_RANGE", "inputTokens")]),
        (ReportedTokens(1, cache_read_tokens=0), [("REQUIRED", "inputIncludesCache")]),
        (ReportedTokens(1, cache_write_1h_tokens=1), [("REQUIRED", "inputIncludesCache")]),
        (ReportedTokens(1, 5, reasoning_tokens=5), [("REQUIRED", "outputIncludesReasoning")]),
        (
            ReportedTokens(
                10,
                1,
                cache_write_5m_tokens=6,
                cache_write_1h_tokens=5,
                input_includes_cache=True,
            ),
            [("INVALID", "cacheWrite5mTokens")],
        ),
        (
            ReportedTokens(1, 4, reasoning_tokens=5, output_includes_reasoning=True),
            [("INVALID", "reasoningTokens")],
        ),
        # all that is wrong is said at once
        (
            ReportedTokens(1, 4, cache_read_tokens=2, reasoning_tokens=5),
            [("REQUIRED", "inputIncludesCache"), ("REQUIRED", "outputIncludesReasoning")],
        ),
    ],
)
def test_what_cannot_be_trusted_is_refused_by_field(
    reported: ReportedTokens, expected: list[tuple[str, str]]
) -> None:
    assert refusals(reported) == [(code, (field,)) for code, field in expected]


def test_largest_counts_are_taken() -> None:
    assert ReportedTokens(MAX_COUNT).normalise().total == MAX_COUNT


@given(st.integers(0, 10**6), st.integers(0, 10**6), stated, stated, stated, stated, st.booleans())
def test_normalising_loses_no_token(
    input_tokens: int,
    output_tokens: int,
    cache_read: int | None,
    cache_write_5m: int | None,
    cache_write_1h: int | None,
    reasoning: int | None,
    included: bool,
) -> None:
    cached = (cache_read or 0) + (cache_write_5m or 0) + (cache_write_1h or 0)
    reported = ReportedTokens(
        input_tokens + (cached if included else 0),
        output_tokens + ((reasoning or 0) if included else 0),
        cache_read,
        cache_write_5m,
        cache_write_1h,
        reasoning,
        input_includes_cache=included,
        output_includes_reasoning=included,
    )
    assert reported.normalise() == TokenCounts(
        input_tokens,
        cache_read or 0,
        cache_write_5m or 0,
        cache_write_1h or 0,
        output_tokens,
        reasoning or 0,
    )


COUNTS = st.one_of(st.integers(-2, 5), st.sampled_from([MAX_COUNT - 1, MAX_COUNT, MAX_COUNT + 1]))


@given(
    reported=st.builds(
        ReportedTokens,
        input_tokens=COUNTS,
        output_tokens=COUNTS,
        cache_read_tokens=st.none() | COUNTS,
        cache_write_5m_tokens=st.none() | COUNTS,
        cache_write_1h_tokens=st.none() | COUNTS,
        reasoning_tokens=st.none() | COUNTS,
        input_includes_cache=st.none() | st.booleans(),
        output_includes_reasoning=st.none() | st.booleans(),
    )
)
def test_what_is_told_at_a_glance_is_what_a_closer_look_tells(reported: ReportedTokens) -> None:
    glance = reported._plain()
    if glance is not None:
        assert glance == reported._normalise()
