"""The scalars of the public schema: what they accept, to the letter, and what they answer.

GraphQL's and Strawberry's own would let NaN, exponents, `1_000`, fullwidth digits and instants
without a zone through. What a scalar refuses is BAD_USER_INPUT; sign, size and precision are the
field's business.
"""

import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NewType

from graphql import (
    FloatValueNode,
    GraphQLError,
    GraphQLScalarLiteralParser,
    IntValueNode,
    StringValueNode,
    ValueNode,
)
from graphql import print_ast as print_node
from strawberry.types.scalar import ScalarDefinition

from models.money import DECIMALS, plain
from models.period import FIRST_YEAR, LAST_YEAR, format_month, parse_month

BigInt = NewType("BigInt", int)
Month = NewType("Month", date)

GREATEST_COUNT = 2**53 - 1
_GREATEST_LENGTH = 100
_GREATEST_NUMBER = sys.float_info.max  # a comparison with it also keeps NaN and infinities out
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _refusal(scalar: str, value: object, expected: str) -> GraphQLError:
    try:
        shown = repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        shown = "a number without end"
    shown = shown if len(shown) <= 60 else f"{shown[:60]}..."
    return GraphQLError(f"{scalar} cannot represent {shown}; {expected} is expected.")


# ---- Decimal


def parse_decimal(value: object) -> Decimal:
    """A decimal from a JSON value: a string of plain digits, or a finite number."""
    if isinstance(value, str):
        if len(value) <= _GREATEST_LENGTH and _DECIMAL.fullmatch(value):
            return Decimal(value)
    elif (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= _GREATEST_NUMBER
    ):
        return Decimal(repr(value))
    raise _refusal("Decimal", value, "a string of plain digits, or a finite number,")


def _parse_decimal_literal(node: ValueNode, _variables: object = None) -> Decimal:
    if isinstance(node, StringValueNode):
        return parse_decimal(node.value)
    if isinstance(node, IntValueNode | FloatValueNode):
        # Digits that were written out are taken as they stand; an exponent is a JSON number's.
        if _DECIMAL.fullmatch(node.value):
            return parse_decimal(node.value)
        return parse_decimal(float(node.value))
    raise _refusal("Decimal", print_node(node), "a string of plain digits, or a finite number,")


def print_decimal(value: Decimal) -> str:
    """The canonical text, which has at most 12 decimals."""
    text = plain(value)
    if len(text.partition(".")[2]) > DECIMALS:
        raise GraphQLError("Decimal has more decimals than are kept.")
    return text


# ---- BigInt


def parse_big_int(value: object) -> BigInt:
    """A whole count from a JSON value."""
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= GREATEST_COUNT
        and value == int(value)
    ):
        return BigInt(int(value))
    raise _refusal("BigInt", value, "a whole number up to 2^53 - 1")


def _parse_big_int_literal(node: ValueNode, _variables: object = None) -> BigInt:
    if isinstance(node, IntValueNode) and len(node.value) <= _GREATEST_LENGTH:
        return parse_big_int(int(node.value))
    raise _refusal("BigInt", print_node(node), "a whole number up to 2^53 - 1")


def print_big_int(value: int) -> int:
    """The count, if JavaScript can read it."""
    if abs(value) > GREATEST_COUNT:
        raise GraphQLError("BigInt is above 2^53 - 1.")
    return value


# ---- DateTime, Date, Month


def parse_date_time(value: object) -> datetime:
    """An instant in UTC from RFC 3339 text, which must bear a zone."""
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        try:
            instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            instant = None
        if instant is not None and FIRST_YEAR <= instant.year <= LAST_YEAR:
            return instant
    expected = f"RFC 3339 with a zone, {FIRST_YEAR} to {LAST_YEAR}, such as 2026-01-31T12:00:00Z,"
    raise _refusal("DateTime", value, expected)


def print_date_time(value: datetime) -> str:
    """RFC 3339 in UTC with Z, fractions of a second without trailing zeros."""
    if value.utcoffset() is None:
        raise GraphQLError("DateTime has no zone.")
    if value.utcoffset() != timedelta():
        value = value.astimezone(UTC)
    text = value.isoformat()[:26].partition("+")[0]
    return (text.rstrip("0") if value.microsecond else text) + "Z"


def parse_date(value: object) -> date:
    """A calendar day from `YYYY-MM-DD`."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = date.min
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
    expected = f"a day from {FIRST_YEAR} to {LAST_YEAR}, written YYYY-MM-DD,"
    raise _refusal("Date", value, expected)


def parse_month_value(value: object) -> Month:
    """A calendar month, as its first day, from `YYYY-MM`."""
    try:
        return Month(parse_month(value if isinstance(value, str) else ""))
    except ValueError as error:
        expected = f"a month from {FIRST_YEAR} to {LAST_YEAR}, written YYYY-MM,"
        raise _refusal("Month", value, expected) from error


def _literal(parse: Callable[[object], object]) -> GraphQLScalarLiteralParser:
    def parse_literal(node: ValueNode, _variables: object = None) -> object:
        return parse(node.value if isinstance(node, StringValueNode) else print_node(node))

    return parse_literal


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: ScalarDefinition(
        name="Decimal",
        description=(
            "An exact decimal number, answered as a string in canonical form: plain digits, no "
            'exponent, no plus sign, no trailing zeros, zero is "0". At most 12 decimals come '
            "out. Input takes that form as a string, or a finite JSON number in its shortest "
            "decimal form; anything else (NaN, Infinity, `1_000`, fullwidth digits) is "
            "BAD_USER_INPUT. Sign, size and more than 12 decimals are the field's business and "
            "come back as `userErrors`. In TypeScript: string, in and out."
        ),
        specified_by_url=None,
        serialize=print_decimal,
        parse_value=parse_decimal,
        parse_literal=_parse_decimal_literal,
        origin=Decimal,
    ),
    BigInt: ScalarDefinition(
        name="BigInt",
        description=(
            "A whole count as a JSON number, at most 2^53 - 1 so that JavaScript reads it exactly. "
            "In TypeScript: number."
        ),
        specified_by_url=None,
        serialize=print_big_int,
        parse_value=parse_big_int,
        parse_literal=_parse_big_int_literal,
        origin=int,
    ),
    datetime: ScalarDefinition(
        name="DateTime",
        description=(
            "An instant, RFC 3339. Input must carry a zone; output is UTC with Z and up to "
            "microseconds. In TypeScript: string."
        ),
        specified_by_url=None,
        serialize=print_date_time,
        parse_value=parse_date_time,
        parse_literal=_literal(parse_date_time),
        origin=datetime,
    ),
    date: ScalarDefinition(
        name="Date",
        description="A calendar day in the organization's time zone, `YYYY-MM-DD`.",
        specified_by_url=None,
        serialize=date.isoformat,
        parse_value=parse_date,
        parse_literal=_literal(parse_date),
        origin=date,
    ),
    Month: ScalarDefinition(
        name="Month",
        description="A calendar month in the organization's time zone, `YYYY-MM`.",
        specified_by_url=None,
        serialize=format_month,
        parse_value=parse_month_value,
        parse_literal=_literal(parse_month_value),
        origin=date,
    ),
}
