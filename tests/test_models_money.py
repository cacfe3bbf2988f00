"""Money as it is told, and where a month stands against its limit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.money import (
    BudgetStatus,
    budget_pct,
    budget_status,
    decimals,
    per_unit,
    plain,
    share_pct,
)

amounts = st.decimals(
    allow_nan=False, allow_infinity=False, places=12, min_value=-(10**9), max_value=10**9
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"),
        ("-0.000", "0"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("1.500000000000", "1.5"),
        ("0.000000000001", "0.000000000001"),
        ("-12.340", "-12.34"),
        ("898.60204290", "898.6020429"),
    ],
)
def test_amounts_are_written_plainly(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


@given(amounts)
def test_what_is_written_is_the_amount(amount: Decimal) -> None:
    text = plain(amount)
    assert Decimal(text) == amount
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))
    assert decimals(amount) == len(text.partition(".")[2])


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        plain(Decimal(text))


@pytest.mark.parametrize(
    ("cost", "limit", "status"),
    [
        ("5", None, BudgetStatus.NONE),
        ("0", "0", BudgetStatus.OK),
        ("0.000000000001", "0", BudgetStatus.EXCEEDED),
        ("-1", "0", BudgetStatus.OK),
        ("-100", "10", BudgetStatus.OK),
        ("79.999999999999", "100", BudgetStatus.OK),
        ("80", "100", BudgetStatus.WARNING),
        ("99.999999999999", "100", BudgetStatus.WARNING),
        ("100", "100", BudgetStatus.EXCEEDED),
        ("0.000000000008", "0.00000000001", BudgetStatus.WARNING),
        ("799999999.999999999999", "1000000000", BudgetStatus.OK),
        ("999999999.999999999999", "1000000000", BudgetStatus.WARNING),
    ],
)
def test_thresholds_are_decided_exactly(cost: str, limit: str | None, status: BudgetStatus) -> None:
    assert budget_status(Decimal(cost), None if limit is None else Decimal(limit)) is status


def test_shares_are_for_showing() -> None:
    assert share_pct(Decimal(1), Decimal(8)) == 12.5
    assert share_pct(Decimal(0), Decimal(0)) == 0
    assert share_pct(Decimal(-1), Decimal(-2)) == 0
    assert budget_pct(Decimal(3), Decimal(2)) == 150
    assert budget_pct(Decimal(3), Decimal(0)) is None
    assert budget_pct(Decimal(3), None) is None


@given(amounts, st.integers(1, 10**12))
def test_an_average_is_the_nearest_of_twelve_decimals(amount: Decimal, count: int) -> None:
    exact = Fraction(amount) / count
    rest = exact - Fraction(per_unit(amount, count))
    step = Fraction(1, 10**12)
    assert abs(rest) <= step / 2
    if abs(rest) == step / 2:
        assert Fraction(per_unit(amount, count)) / step % 2 == 0


@pytest.mark.parametrize(
    ("amount", "count", "average"),
    [
        ("0.000000000001", 2, "0"),
        ("0.000000000003", 2, "0.000000000002"),
        ("-0.000000000003", 2, "-0.000000000002"),
        ("1", 3, "0.333333333333"),
        ("20000", 3, "6666.666666666667"),
        ("1E+3", 4, "250"),
    ],
)
def test_an_average_is_rounded_half_to_even(amount: str, count: int, average: str) -> None:
    assert plain(per_unit(Decimal(amount), count)) == average


def test_the_average_of_what_is_no_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="not an amount"):
        per_unit(Decimal("NaN"), 1)
