"""What scalars accept and answer, to the letter."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLScalarType, parse_const_value
from hypothesis import given
from hypothesis import strategies as st

from models.money import plain
from resolvers.scalars import (
    GREATEST_COUNT,
    parse_big_int,
    parse_date,
    parse_date_time,
    parse_decimal,
    parse_month_value,
    print_big_int,
    print_date_time,
    print_decimal,
)
from resolvers.schema import schema


def literal(name: str, text: str) -> Any:
    scalar = schema._schema.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)
    return scalar.parse_literal(parse_const_value(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("12.50", "12.5"),
        ("-3.000000000001", "-3.000000000001"),
        (7, "7"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (-2.5, "-2.5"),
    ],
)
def test_decimals_are_plain_strings_or_finite_numbers(value: object, text: str) -> None:
    assert plain(parse_decimal(value)) == text


@pytest.mark.parametrize(
    "value",
    [
        "NaN", "Infinity", "-Infinity", "1_000", "１２", "1e3", "1E3", "+1", ".5", "5.", "", " 1",
        "1 ", "01", "0x1", "1,5", "1" * 101, float("nan"), float("inf"), float("-inf"), True,
        False, None, [], {}, ["1"],
    ],
)  # fmt: skip
def test_other_decimals_are_refused(value: object) -> None:
    with pytest.raises(GraphQLError, match="Decimal cannot represent") as refused:
        parse_decimal(value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"1.50"', "1.5"),
        ("1.50", "1.5"),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("12345678901234567890", "12345678901234567890"),
        ("1e3", "1000"),
        ("-7", "-7"),
    ],
)
def test_written_out_decimals_keep_their_digits(text: str, value: str) -> None:
    assert plain(literal("Decimal", text)) == value


@pytest.mark.parametrize("text", ["1e400", "-1e400", "true", "null", "ABC", "[1]", "{a: 1}", '"x"'])
def test_other_decimal_literals_are_refused(text: str) -> None:
    with pytest.raises(GraphQLError):
        literal("Decimal", text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_decimals_come_back_as_they_went_out(amount: Decimal) -> None:
    assert parse_decimal(print_decimal(amount)) == amount


def test_more_decimals_than_are_kept_do_not_go_out() -> None:
    with pytest.raises(GraphQLError):
        print_decimal(Decimal("0.0000000000001"))


@pytest.mark.parametrize("value", [0, 5, -5, 5.0, GREATEST_COUNT, -GREATEST_COUNT])
def test_counts_are_whole_and_safe(value: float) -> None:
    assert parse_big_int(value) == value
    assert print_big_int(int(value)) == value


@pytest.mark.parametrize(
    "value",
    [1.5, GREATEST_COUNT + 1, "5", True, None, float("inf"), float("nan")],
)
def test_other_counts_are_refused(value: object) -> None:
    with pytest.raises(GraphQLError, match="BigInt cannot represent"):
        parse_big_int(value)


def test_numbers_without_end_are_refused_too() -> None:
    for parse in (parse_big_int, parse_decimal):
        for value in (10**5000, -(10**5000), 10**309):
            with pytest.raises(GraphQLError, match="cannot represent"):
                parse(value)
    assert parse_decimal(1e300) == Decimal("1e300")


def test_count_literals_are_whole_numbers() -> None:
    assert literal("BigInt", str(GREATEST_COUNT)) == GREATEST_COUNT
    for text in ("1.0", '"1"', "9" * 5000, str(GREATEST_COUNT + 1)):
        with pytest.raises(GraphQLError):
            literal("BigInt", text)
    with pytest.raises(GraphQLError):
        print_big_int(GREATEST_COUNT + 1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31t12:00:00z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.5+05:45", "2026-01-31T06:15:00.5Z"),
        ("2026-01-31T00:00:00.000001-00:30", "2026-01-31T00:30:00.000001Z"),
        ("2026-01-31T12:00:00.120000Z", "2026-01-31T12:00:00.12Z"),
    ],
)
def test_instants_bear_a_zone_and_go_out_in_utc(text: str, shown: str) -> None:
    assert print_date_time(parse_date_time(text)) == shown


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T12:00:00", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z",
        "2026-01-31T12:00Z", "20260131T120000Z", "2026-01-31T12:00:00.1234567Z",
        "2026-01-31T23:59:60Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "２０２６-01-31T12:00:00Z", 1767225600, None, "",
    ],
)  # fmt: skip
def test_other_instants_are_refused(value: object) -> None:
    with pytest.raises(GraphQLError, match="DateTime cannot represent"):
        parse_date_time(value)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1)), st.integers(-840, 840))
def test_instants_come_back_as_they_went_out(at: datetime, minutes: int) -> None:
    there = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_date_time(print_date_time(there)) == there


def test_an_instant_without_a_zone_does_not_go_out() -> None:
    with pytest.raises(GraphQLError):
        print_date_time(datetime(2026, 1, 1))
    assert print_date_time(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"


def test_days_and_months_are_written_one_way() -> None:
    assert parse_date("2026-02-28") == date(2026, 2, 28)
    assert parse_month_value("2026-02") == date(2026, 2, 1)


@pytest.mark.parametrize(
    "value",
    ["2026-02-29", "20260228", "2026-2-28", "2026-W09-6", "1969-12-31", "3000-01-01", 5, None],
)
def test_other_days_are_refused(value: object) -> None:
    with pytest.raises(GraphQLError, match="Date cannot represent"):
        parse_date(value)


@pytest.mark.parametrize("parse", [parse_month_value])
@pytest.mark.parametrize("value", ["2026-13", "2026", "2026-01-01", 202601, None, ""])
def test_other_months_are_refused(parse: Callable[[object], object], value: object) -> None:
    with pytest.raises(GraphQLError, match="Month cannot represent"):
        parse(value)


@pytest.mark.parametrize(
    ("scalar", "text", "value"),
    [
        ("Month", '"2026-02"', date(2026, 2, 1)),
        ("Date", '"2026-02-03"', date(2026, 2, 3)),
        ("DateTime", '"2026-02-03T00:00:00Z"', datetime(2026, 2, 3, tzinfo=UTC)),
    ],
)
def test_literals_are_read_like_values(scalar: str, text: str, value: object) -> None:
    assert literal(scalar, text) == value
    for other in ("2026", "true", "[1]"):
        with pytest.raises(GraphQLError):
            literal(scalar, other)
