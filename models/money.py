"""Money as it is told: exact decimals written plainly, shares of it, and budget thresholds.

Amounts are `Decimal` from the database to the door; nothing here rounds them. Only percentages,
which are for showing, become floats. Refused: NaN and infinities, which no amount can be.
"""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum

ZERO = Decimal(0)
DECIMALS = 12
_WARNING_PCT = 80


class BudgetStatus(StrEnum):
    """Where spend stands against a budget limit."""

    NONE = "NONE"
    OK = "OK"
    WARNING = "WARNING"
    EXCEEDED = "EXCEEDED"


def plain(amount: Decimal) -> str:
    """The canonical text: plain digits, no exponent, no trailing zeros, zero is `0`."""
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount")
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def kept(amount: Decimal) -> Decimal:
    """An amount with the decimals that come out: of credits, which may have more, the nearest."""
    if decimals(amount) <= DECIMALS:
        return amount
    with localcontext(prec=60, rounding=ROUND_HALF_EVEN):
        return amount.quantize(Decimal(1).scaleb(-DECIMALS))


def decimals(amount: Decimal) -> int:
    """How many decimals the canonical text of a finite amount has."""
    return len(plain(amount).partition(".")[2])


def per_unit(amount: Decimal, count: int) -> Decimal:
    """`amount` by a count above 0, to 12 decimals, half to even.

    In whole numbers: dividing decimals and rounding then would round twice.
    """
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{amount} is not an amount")
    numerator, denominator = int("".join(map(str, digits))), count
    shift = exponent + DECIMALS
    if shift >= 0:
        numerator *= 10**shift
    else:
        denominator *= 10**-shift
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2):
        quotient += 1
    return Decimal((sign, tuple(map(int, str(quotient))), -DECIMALS))


def share_pct(part: Decimal, whole: Decimal) -> float:
    """`part` of `whole`, 0..100; 0 when nothing was spent on the whole."""
    return float(part / whole * 100) if whole > 0 else 0.0


def budget_pct(cost: Decimal, limit: Decimal | None) -> float | None:
    """`cost` / `limit` * 100; None without a limit and with a limit of 0."""
    return float(cost / limit * 100) if limit else None


def budget_status(cost: Decimal, limit: Decimal | None) -> BudgetStatus:
    """Where `cost` stands against `limit`, by exact comparison: no division, no rounding.

    A limit of 0 is exceeded by the first dollar fraction; a cost that corrections have brought to 0
    or below exceeds nothing.
    """
    if limit is None:
        return BudgetStatus.NONE
    if cost > 0 and cost >= limit:
        return BudgetStatus.EXCEEDED
    if cost > 0 and cost * 100 >= limit * _WARNING_PCT:
        return BudgetStatus.WARNING
    return BudgetStatus.OK
