"""Forecasts: what regular use leads to, what they admit not to know, and laws that always hold."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.projection import Forecast, forecast, run_out, total

MONDAY = date(2026, 3, 2)
amounts = st.decimals(0, 10**6, places=4)


def weeks(count: int, weekday: int, at_weekends: int) -> list[Decimal]:
    """Whole weeks that begin on Monday."""
    return [Decimal(weekday if place % 7 < 5 else at_weekends) for place in range(7 * count)]


def even(days: int, amount: int = 10) -> Forecast:
    return forecast([Decimal(amount)] * days, Decimal(0), 0.0, 0)


def test_even_use_goes_on_as_it_is() -> None:
    ahead = even(30)
    assert ahead.expected(7) == pytest.approx(70)
    assert ahead.days_until(95) == pytest.approx(9.5)
    assert 0.85 < ahead.low < 1 < ahead.high < 1.1


def test_a_weekend_is_expected_to_be_as_weekends_were() -> None:
    ahead = forecast(weeks(8, 100, 10), Decimal(0), 0.0, 0)
    assert ahead.expected(7) == pytest.approx(520, rel=0.1)
    assert ahead.expected(5) == pytest.approx(500, rel=0.1)
    # On Friday evening 30 are left: a plain average of 74 a day would see them gone on Saturday.
    friday = forecast(weeks(9, 100, 10)[:-3], Decimal(100), 1.0, 4)
    assert (friday.days_until(30) or 0) > 1.5


def test_lately_counts_for_more_than_long_ago() -> None:
    ahead = forecast([Decimal(10)] * 20 + [Decimal(40)] * 8, Decimal(0), 0.0, 0)
    assert 32 < ahead.level <= 40


def test_the_less_regular_the_wider_and_the_less_history_the_wider() -> None:
    spikes = forecast([Decimal(n) for n in [0, 0, 70] * 10], Decimal(0), 0.0, 0)
    assert spikes.high - spikes.low > 3 * (even(30).high - even(30).low)
    assert even(2).high > even(4).high > even(8).high
    assert even(2).low < even(4).low < even(8).low


def test_a_first_day_is_taken_at_its_rate() -> None:
    ahead = forecast([], Decimal(6), 0.5, 3)
    assert ahead.level == 12
    assert ahead.expected(0.5) == pytest.approx(6)
    assert ahead.low < 0.5
    assert ahead.high > 2


def test_today_counts_as_far_as_it_is_over() -> None:
    as_ever = forecast([Decimal(10)] * 20, Decimal(5), 0.5, 0)
    assert as_ever.level == pytest.approx(10)
    assert forecast([Decimal(10)] * 20, Decimal(90), 0.5, 0).level > 15
    assert forecast([Decimal(10)] * 20, Decimal(0), 0.9, 0).level < 9


def test_days_before_the_first_use_say_nothing() -> None:
    late = forecast([Decimal(0)] * 40 + [Decimal(10)] * 9, Decimal(0), 0.0, 0)
    assert late == even(9)


def test_without_use_nothing_runs_out() -> None:
    ahead = forecast([Decimal(0)] * 30, Decimal(0), 0.5, 0)
    assert ahead.expected(30) == 0
    assert run_out(ahead, Decimal(5), MONDAY, MONDAY) is None
    assert run_out(even(30), Decimal(10**9), MONDAY, MONDAY) is None, "not within ten years"
    assert total(ahead, Decimal("1.5"), 9).high == Decimal("1.5")


def test_what_is_used_up_already_runs_out_today() -> None:
    for left in (Decimal(0), Decimal(-3)):
        found = run_out(even(30), left, MONDAY, MONDAY)
        assert found is not None
        assert (found.days, found.date, found.earliest_date) == (0.0, MONDAY, MONDAY)
        assert found.latest_date == MONDAY
        assert found.is_before_cycle_end


@pytest.mark.parametrize(("begun", "day"), [(0.0, 9), (0.4, 9), (0.6, 10)])
def test_the_day_counts_from_the_part_of_today_that_is_over(begun: float, day: int) -> None:
    history, today = [Decimal(10)] * 30, Decimal(10) * Decimal(repr(begun))
    found = run_out(forecast(history, today, begun, 0), Decimal(95), MONDAY, date(2026, 3, 11))
    assert found is not None
    assert found.days == pytest.approx(9.5)
    assert found.date == date(2026, 3, 2 + day)
    assert found.is_before_cycle_end == (day == 9)


@settings(max_examples=50)
@given(
    history=st.lists(amounts, max_size=60),
    today=amounts,
    begun=st.floats(0, 1),
    weekday=st.integers(0, 6),
    remaining=amounts,
    days=st.floats(0, 40),
)
def test_laws(
    history: Sequence[Decimal],
    today: Decimal,
    begun: float,
    weekday: int,
    remaining: Decimal,
    days: float,
) -> None:
    ahead = forecast(history, today, begun, weekday)
    assert 0 <= ahead.low <= 1 <= ahead.high
    assert sum(ahead.weekdays) == pytest.approx(7)
    assert ahead.expected(days) <= ahead.expected(days + 1)
    sums = total(ahead, Decimal(3), days)
    assert Decimal(3) <= sums.low <= sums.expected <= sums.high
    found = run_out(ahead, remaining, MONDAY, MONDAY)
    if found is None:
        return
    assert MONDAY <= found.earliest_date <= found.date
    assert found.latest_date is None or found.date <= found.latest_date
    assert ahead.expected(found.days) == pytest.approx(float(remaining), rel=1e-6, abs=1e-3)
