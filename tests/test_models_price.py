"""The price book: hand-computed costs, tiers, dates, windows, own prices, and exact arithmetic."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import price
from models.price import ALWAYS, REQUEST, PriceBook, PriceRow, Rate
from models.public_price import public_rows
from models.token import MAX_COUNT, TokenClass, TokenCounts

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIXED = TokenCounts(1000, 2000, 300, 40, 500, 0)
LARGE = TokenCounts(1000, 199_000, 1, 0, 100, 0)


@cache
def public_book() -> PriceBook:
    return PriceBook(public_rows())


def row(token_class: str, dollars: str, **rest: object) -> PriceRow:
    known: dict[str, object] = {"provider": "acme", "model": "large-1", **rest}
    return PriceRow(token_class=token_class, dollars_per_million=Decimal(dollars), **known)  # type: ignore[arg-type]


def pair(input_: str, output: str, **rest: object) -> list[PriceRow]:
    return [row("INPUT", input_, **rest), row("OUTPUT", output, **rest)]


def found(
    book: PriceBook,
    at: datetime = JANUARY,
    *,
    model: str = "large-1",
    input_tokens: int = 1,
    tier: str = "",
) -> Rate:
    rate = book.resolve("acme", model, at, input_tokens=input_tokens, service_tier=tier)
    assert rate is not None
    return rate


def rate(*prices: str) -> Rate:
    return Rate("acme", "large-1", "", *map(Decimal, prices))


# ---------------------------------- cost


def test_the_seed_example_costs_what_it_says() -> None:
    unit = found(PriceBook(pair("2.50", "10.00")))
    assert unit.cost(TokenCounts(input=500, output=1200), 1) == Decimal("0.01325")


@pytest.mark.parametrize(
    ("model", "at", "tokens", "dollars"),
    [
        # 1000 * 5 + 2000 * 0.5 + 300 * 6.25 + 40 * 10 + 500 * 25, in millionths
        ("claude-opus-4-5-20251101", JANUARY, MIXED, "0.020775"),
        # 1000 * 1 + 2000 * 0.1 + 300 * 1.25 + 40 * 2 + 500 * 5
        ("claude-haiku-4-5-20251001", JANUARY, MIXED, "0.004155"),
        # 1000 * 3 + 2000 * 0.3 + 300 * 3.75 + 40 * 6 + 500 * 15
        ("claude-sonnet-4-5", JANUARY, MIXED, "0.012465"),
        # 200,001 input tokens: 1000 * 6 + 199000 * 0.6 + 1 * 7.5 + 100 * 22.5
        ("claude-sonnet-4-5", JANUARY, LARGE, "0.1276575"),
        # until 2026-03-13 the long context was dearer:
        # 1000 * 10 + 199000 * 1 + 1 * 12.5 + 100 * 37.5
        ("claude-opus-4-6", FEBRUARY, LARGE, "0.2127625"),
        # 1000 * 5 + 199000 * 0.5 + 1 * 6.25 + 100 * 25
        ("claude-opus-4-6", NOVEMBER, LARGE, "0.10700625"),
        ("claude-opus-4-6", FEBRUARY, MIXED, "0.020775"),
    ],
)
def test_claude_costs_what_was_computed_by_hand(
    model: str, at: datetime, tokens: TokenCounts, dollars: str
) -> None:
    unit = public_book().resolve("anthropic", model, at, input_tokens=tokens.input_tokens)
    assert unit is not None
    assert unit.cost(tokens, 1) == Decimal(dollars)


def test_the_long_context_begins_above_200_000_tokens() -> None:
    inputs = []
    for input_tokens in (200_000, 200_001):
        unit = public_book().resolve(
            "anthropic", "claude-sonnet-4-5", JANUARY, input_tokens=input_tokens
        )
        assert unit is not None
        inputs.append(unit.input)
    assert inputs == [3, 6]


dollars = st.decimals(0, 10**6, places=6, allow_nan=False, allow_infinity=False)
token_counts = st.builds(TokenCounts, *[st.integers(-MAX_COUNT, MAX_COUNT)] * 6)


@given(st.lists(dollars, min_size=7, max_size=7), token_counts, st.integers(-1000, 1000))
def test_cost_is_the_exact_sum(prices: list[Decimal], tokens: TokenCounts, requests: int) -> None:
    unit = Rate("acme", "large-1", "", *prices)
    exact = price._EXACT
    expected = exact.divide(Decimal(requests), 1000)
    expected = exact.multiply(expected, prices[6])
    for count, unit_price in zip(tokens.as_tuple(), prices, strict=False):
        millionths = exact.multiply(Decimal(count), unit_price)
        expected = exact.add(expected, exact.divide(millionths, 10**6))
    assert unit.cost(tokens, requests) == expected


@given(token_counts, token_counts)
def test_costs_add_up(one: TokenCounts, other: TokenCounts) -> None:
    unit = rate("2.5", "0.25", "3.125", "5", "10", "12.345678", "14")
    together = unit.cost(one + other, 3)
    assert together == price._EXACT.add(unit.cost(one, 1), unit.cost(other, 2))


def test_requests_are_priced_by_the_thousand() -> None:
    unit = found(PriceBook([*pair("1", "2"), row(REQUEST, "14")]))
    assert unit.cost(TokenCounts(), 1) == Decimal("0.014")


# ---------------------------------- rates


def test_equal_content_has_equal_ids() -> None:
    one = rate("2.5", "1", "2.5", "2.5", "10", "10", "0")
    same = rate("2.500000", "1.0", "2.5", "2.5", "10.00", "10", "0")
    assert one.id == same.id
    assert one == same
    others = [
        rate("2.500001", "1", "2.5", "2.5", "10", "10", "0"),
        rate("2.5", "1", "2.5", "2.5", "10", "10", "1"),
        Rate("acme", "large-1", "batch", *one.prices),
        Rate("acme", "large-2", "", *one.prices),
    ]
    assert len({one.id, *(each.id for each in others)}) == 5


def test_the_id_of_a_rate_never_changes() -> None:
    """Entries refer to it for ever, so that another version of the code has to find it again."""
    unit = rate("2.5", "0.25", "3.125", "5", "10", "10", "0")
    assert str(unit.id) == "fae8a9ef-f48c-5077-9a48-40e25fef10c9"


@pytest.mark.parametrize("wrong", ["-1", "0.0000001"])
def test_prices_with_a_sign_or_too_many_decimals_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="6 decimals"):
        rate("1", "1", "1", wrong, "1", "1")


# ---------------------------------- which price applies


def test_a_class_without_a_price_is_billed_as_its_parent() -> None:
    bare = found(PriceBook(pair("2", "8")))
    assert bare.prices == tuple(map(Decimal, ("2", "2", "2", "2", "8", "8", "0")))
    written = found(PriceBook([*pair("2", "8"), row("CACHE_WRITE_5M", "3")]))
    assert written.prices == tuple(map(Decimal, ("2", "2", "3", "3", "8", "8", "0")))


@pytest.mark.parametrize("missing", [TokenClass.INPUT, TokenClass.OUTPUT])
def test_a_model_with_half_a_price_has_none(missing: str) -> None:
    rows = [each for each in pair("2", "8") if each.token_class != missing]
    assert PriceBook(rows).resolve("acme", "large-1", JANUARY, input_tokens=1) is None


def test_unknown_is_none_and_zero_is_a_price() -> None:
    book = PriceBook(pair("0", "0"))
    assert book.resolve("acme", "small-1", JANUARY, input_tokens=1) is None
    assert book.resolve("other", "large-1", JANUARY, input_tokens=1) is None
    assert found(book).cost(MIXED, 1) == 0


def test_the_whole_call_is_billed_at_the_tier_that_its_input_reaches() -> None:
    rows = [*pair("2", "8"), row("INPUT", "4", min_input_tokens=1001)]
    rows.append(row("INPUT", "6", min_input_tokens=5000))
    book = PriceBook(rows)
    sizes = (0, 1000, 1001, 4999, 5000, MAX_COUNT)
    inputs = [found(book, input_tokens=size).input for size in sizes]
    assert inputs == [2, 2, 4, 4, 6, 6]
    assert found(book, input_tokens=5000).cache_read == 6


def test_the_price_in_force_at_the_call_applies() -> None:
    book = PriceBook([*pair("2", "8", starts_at=JANUARY), row("INPUT", "1", starts_at=FEBRUARY)])
    before = JANUARY - timedelta(microseconds=1)
    assert book.resolve("acme", "large-1", before, input_tokens=1) is None
    assert found(book, JANUARY).input == 2
    assert found(book, FEBRUARY - timedelta(microseconds=1)).input == 2
    assert found(book, FEBRUARY).input == 1
    assert found(book, FEBRUARY).output == 8


def test_a_later_start_of_a_class_replaces_all_its_tiers() -> None:
    rows = [*pair("2", "8"), row("INPUT", "4", min_input_tokens=1001)]
    book = PriceBook([*rows, row("INPUT", "3", starts_at=FEBRUARY)])
    assert found(book, JANUARY, input_tokens=2000).input == 4
    assert found(book, FEBRUARY, input_tokens=2000).input == 3


def test_an_open_daily_window_goes_before_the_day_in_any_zone() -> None:
    window = {"daily_from": time(22), "daily_until": time(4, 30)}
    book = PriceBook([*pair("2", "8"), row("INPUT", "1", **window)])
    hours = {time(21, 59, 59): 2, time(22): 1, time(0): 1, time(4, 29): 1, time(4, 30): 2}
    for clock, dollars_per_million in hours.items():
        at = datetime.combine(JANUARY.date(), clock, UTC)
        assert found(book, at).input == dollars_per_million
        assert found(book, at.astimezone(ZoneInfo("Asia/Kathmandu"))).input == dollars_per_million


def test_a_service_tier_overrides_class_by_class() -> None:
    rows = [*pair("2", "8"), row("CACHE_READ", "0.5"), row("INPUT", "1", service_tier="batch")]
    book = PriceBook(rows)
    batch = found(book, tier="Batch")
    assert (batch.service_tier, batch.input, batch.cache_read, batch.output) == (
        "batch",
        1,
        Decimal("0.5"),
        8,
    )
    # A tier that nobody has priced, or not yet, is the standard one, and the rate says so.
    assert found(book, tier="priority") == found(book)
    later = PriceBook([*pair("2", "8"), row("INPUT", "1", service_tier="flex", starts_at=FEBRUARY)])
    assert found(later, JANUARY, tier="flex").service_tier == ""
    assert found(later, FEBRUARY, tier="flex").service_tier == "flex"


def test_a_borrowed_list_lends_its_standard_tier_only() -> None:
    book = public_book()
    at_maker = book.resolve("openai", "gpt-4o-mini", NOVEMBER, input_tokens=1, service_tier="batch")
    assert at_maker is not None
    assert at_maker.service_tier == "batch"
    for tier in ("", "batch"):
        borrowed = book.resolve(
            "azure", "claude-opus-4-5", NOVEMBER, input_tokens=1, service_tier=tier
        )
        assert borrowed is not None
        assert (borrowed.provider, borrowed.service_tier, borrowed.input) == ("azure", "", 5)


def test_a_new_adoption_replaces_the_whole_public_list_of_a_model() -> None:
    old = [*pair("2", "8"), row("INPUT", "4", min_input_tokens=1001), row("CACHE_READ", "0.2")]
    book = PriceBook([*pair("3", "9", adopted_at=FEBRUARY), *old])
    # Also for calls before it was adopted: a correction is a correction.
    corrected = found(book, JANUARY, input_tokens=2000)
    assert (corrected.input, corrected.cache_read, corrected.output) == (3, 3, 9)


# ---------------------------------- an organization's own


def test_own_prices_go_before_public_ones_class_by_class() -> None:
    public = PriceBook(
        [*pair("2", "8"), row("CACHE_READ", "0.2"), row("INPUT", "9", starts_at=FEBRUARY)]
    )
    own = public.for_organization([row("INPUT", "1", provider="Acme", model="LARGE-1")])
    assert found(own, FEBRUARY).prices[:5] == tuple(map(Decimal, ("1", "0.2", "1", "1", "8")))
    assert found(public, JANUARY).input == 2


def test_an_organization_without_prices_uses_the_public_book_itself() -> None:
    public = PriceBook(pair("2", "8"))
    assert public.for_organization([]) is public


def test_of_own_prices_with_one_start_the_last_set_holds() -> None:
    own = PriceBook([]).for_organization(
        [*pair("1", "2", adopted_at=FEBRUARY), *pair("5", "6", adopted_at=JANUARY)]
    )
    assert found(own).input == 1


def test_own_prices_name_a_model_exactly_or_as_the_list_does() -> None:
    own = public_book().for_organization(
        [
            *pair("1", "2", provider="openai", model="gpt-4o"),
            row("INPUT", "7", provider="openai", model="gpt-4o-2024-08-06"),
        ]
    )
    dated = own.resolve("openai", "gpt-4o-2024-08-06", JANUARY, input_tokens=1)
    plain = own.resolve(None, "gpt-4o", JANUARY, input_tokens=1)
    assert dated is not None
    assert plain is not None
    assert (dated.model, dated.input, dated.output) == ("gpt-4o", 7, 2)
    assert (plain.provider, plain.input, plain.output) == ("openai", 1, 2)
    elsewhere = own.resolve("azure", "gpt-4o", JANUARY, input_tokens=1)
    assert elsewhere is not None
    assert elsewhere.input == Decimal("2.5")


def test_a_public_service_tier_goes_before_an_own_standard_price() -> None:
    public = PriceBook([*pair("2", "8"), row("INPUT", "1", service_tier="batch")])
    own = public.for_organization(pair("1.8", "7"))
    assert found(own, tier="batch").input == 1
    assert found(own, tier="batch").output == 7
    assert found(own).input == Decimal("1.8")


def test_an_own_model_is_found_without_its_provider_when_only_one_has_it() -> None:
    own = PriceBook([]).for_organization(pair("1", "2", provider="my-gpu"))
    rate_of_one = own.resolve(None, "Large-1", JANUARY, input_tokens=1)
    assert rate_of_one is not None
    assert (rate_of_one.provider, rate_of_one.model) == ("my-gpu", "large-1")
    two = PriceBook([]).for_organization(
        [*pair("1", "2", provider="my-gpu"), *pair("1", "2", provider="our-gpu")]
    )
    assert two.resolve(None, "large-1", JANUARY, input_tokens=1) is None


# ---------------------------------- keeping within bounds


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price, "_SCHEDULE_COUNT", 8)
    book = PriceBook(pair("2", "8"))
    for number in range(50):
        assert book.resolve("acme", f"unknown-{number}", JANUARY, input_tokens=1) is None
    assert len(book._schedules) == 8
    assert book.resolve("acme", "x" * 300, JANUARY, input_tokens=1) is None
    assert ("acme", "x" * 300, "") not in book._schedules
    assert found(book).input == 2


def test_a_rate_is_made_once() -> None:
    book = PriceBook(pair("2", "8", starts_at=ALWAYS))
    assert found(book, JANUARY) is found(book, NOVEMBER, input_tokens=5)
