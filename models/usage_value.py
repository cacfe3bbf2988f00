"""Values as files write them, read exactly: texts, counts, dollars, instants, truth values.

Refused, with a reason that shows the value: what cannot be read without a guess.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_COST_STEP = Decimal(1).scaleb(-12)
_MOST_DIGITS = 30
_SHOWN = 40
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_YEARS = range(1970, 9001)


class RowError(ValueError):
    """A row cannot be read; the message says why, `row` has what could be read nevertheless."""

    def __init__(self, message: str, row: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.row = row


def text(value: Any) -> str:
    """A text; whole numbers are taken as their digits."""
    if isinstance(value, str):
        return value.strip()
    if type(value) is int:
        return str(value)
    raise RowError(f"is {shown(value)}; a text is expected")


def count(value: Any) -> int:
    """A whole number, however it is written: `10`, `10.0`, `1e3`. Its size is not judged here."""
    if type(value) is int:
        return value
    whole = number(value, "a whole number")
    if whole != whole.to_integral_value():
        raise RowError(f"is {shown(value)}; a whole number is expected")
    return int(whole)


def cost(value: Any) -> Decimal:
    """Dollars, rounded to the twelve decimals that are kept: sources print binary fractions."""
    amount = number(value, "an amount of dollars")
    return amount.quantize(_COST_STEP) if amount.adjusted() < _MOST_DIGITS // 2 else amount


def instant(value: Any) -> datetime:
    """An instant of ISO 8601 with its zone, in UTC."""
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(text(value))
        except (ValueError, RowError) as error:
            raise RowError(f"is {shown(value)}; an instant of ISO 8601 is expected") from error
    if moment.tzinfo is None:
        raise RowError(f"is {shown(value)}, without a zone; name the zone that it is in")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise RowError(f"is {shown(value)}; no such instant in UTC") from error
    if moment.year not in _YEARS:
        raise RowError(f"is of the year {moment.year}; 1970 to 9000 are expected")
    return moment


def flag(value: Any) -> bool:
    """True or false, in words or digits."""
    if isinstance(value, bool):
        return value
    truth = _TRUTHS.get(str(value).strip().lower())
    if truth is None:
        raise RowError(f"is {shown(value)}; true or false is expected")
    return truth


def shown(value: Any) -> str:
    """A value as reasons show it: not more of it than it takes to find it."""
    said = repr(value) if not isinstance(value, datetime) else value.isoformat()
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."


def number(value: Any, expected: str) -> Decimal:
    """A number, finite and of a size that can be worked with."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise RowError(f"is {shown(value)}; {expected} is expected")
    try:
        read = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise RowError(f"is {shown(value)}; {expected} is expected") from error
    # `1e999999999` is a number of ten characters that fills memory once it is written out.
    if not read.is_finite() or (read and abs(read.adjusted()) > _MOST_DIGITS):
        raise RowError(f"is {shown(value)}; {expected} is expected")
    return read if read else Decimal(0)
