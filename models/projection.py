"""How use will go on: a forecast from the days behind, and when credits or a cap will run out.

The level is what days used for what their weekdays usually have, recent days counting more: half as
much every `HALF_LIFE` days further back. What a weekday usually has is held towards the mean while
it was seen but a few times. How far off it may be follows from how far off it was a day ahead, by
curves fitted to real tenants (bench/projection.py, docs/decisions/0016-projection.md): between
`low` and `high` times what is expected lie four outcomes of five. Estimates, so floats; what comes
out as money is a Decimal again. Refused: I/O, and sums that anybody is billed by.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from models.money import ZERO

Date = date  # the name `date` is a field below
HISTORY_DAYS = 60
HALF_LIFE = 3.0
_RECENT = 0.5 ** (1 / HALF_LIFE)
_ERROR_RECENT = 0.5 ** (1 / 7)
_WEEKDAY_DOUBT = 8.0  # what was seen of a weekday n times counts n * n / (n * n + this)
_ERROR_PRIOR = 0.5  # of the level, counted as one day: without history much is open
LOW_FACTOR, LOW_POWER = 1.5, 0.9
HIGH_FACTOR, HIGH_POWER = 5.0, 1.4
_SHORTEST_DAY = 1 / 24  # of a first day less than this tells nothing about its rest
_FURTHEST_DAYS = 3650
_DECIMALS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Use to come, seen in the middle of a day. `low` and `high` are factors of what is expected.

    `weekdays` are factors of the level, from the day it is seen on, which is `begun` (0 to 1) over.
    """

    level: float
    weekdays: Sequence[float]
    begun: float
    low: float
    high: float

    def expected(self, days: float) -> float:
        """Use in so many days from now."""
        spent, left = 0.0, days
        for length, rate in self._stretches():
            if left <= length:
                return spent + left * rate
            spent, left = spent + length * rate, left - length
        raise AssertionError("unreachable")

    def days_until(self, amount: float, factor: float = 1.0) -> float | None:
        """Days until `amount` is used, at `factor` times what is expected; None beyond ten years.

        Weeks are taken in one step, so that ten years are found as quickly as ten days.
        """
        week = self.level * factor * sum(self.weekdays)
        if amount <= 0:
            return 0.0
        if week <= 0 or amount > week * _FURTHEST_DAYS / 7:
            return None
        whole_weeks = math.floor(amount / week)
        passed, left = whole_weeks * 7.0, amount - whole_weeks * week
        for length, rate in self._stretches():
            used = length * rate * factor
            if left <= used:
                return passed + (left / (rate * factor) if left > 0 else 0.0)
            passed, left = passed + length, left - used
        raise AssertionError("unreachable")

    def _stretches(self) -> Iterator[tuple[float, float]]:
        """The rest of today, then day after day: how long, and at what rate a day."""
        yield 1 - self.begun, self.level * self.weekdays[0]
        place = 1
        while True:
            yield 1.0, self.level * self.weekdays[place % 7]
            place += 1


def forecast(history: Sequence[Decimal], today: Decimal, begun: float, weekday: int) -> Forecast:
    """What to expect after whole days, the last of them yesterday, and today's use so far.

    `weekday` is today's, Monday being 0; `begun` is how much of today is over, 0 to 1. Days before
    anything was used say nothing; what corrections took back below 0 is no use either.
    """
    days = [max(float(amount), 0.0) for amount in history]
    while days and days[0] == 0:
        days.pop(0)
    weekdays = [(weekday - len(days) + place) % 7 for place in range(len(days))]
    factors = _weekday_factors(days, weekdays)
    spent = weight = errors = error_weight = 0.0
    for amount, on in zip(days, weekdays, strict=True):
        if weight:
            errors = errors * _ERROR_RECENT + abs(amount - factors[on] * spent / weight)
            error_weight = error_weight * _ERROR_RECENT + 1
        spent, weight = spent * _RECENT + amount, weight * _RECENT + factors[on]
    level = _with_today(spent, weight, max(float(today), 0.0), begun, factors[weekday])
    off = (errors + _ERROR_PRIOR * level) / (error_weight + 1) / level if level else 0.0
    return Forecast(
        level,
        [factors[(weekday + place) % 7] for place in range(7)],
        begun,
        max(0.0, 1 - LOW_FACTOR * math.pow(off, LOW_POWER)),
        1 + HIGH_FACTOR * math.pow(off, HIGH_POWER),
    )


def _weekday_factors(days: Sequence[float], weekdays: Sequence[int]) -> list[float]:
    """What a day has of the mean, by its weekday; 1 for all of them in a first week."""
    mean = sum(days) / len(days) if days else 0.0
    if len(days) < 7 or not mean:
        return [1.0] * 7
    sums, counts = [0.0] * 7, [0] * 7
    for amount, weekday in zip(days, weekdays, strict=True):
        sums[weekday] += amount / mean
        counts[weekday] += 1
    factors = [
        1 + (part / count - 1) * (count**2 / (count**2 + _WEEKDAY_DOUBT))
        for part, count in zip(sums, counts, strict=True)
    ]
    return [factor * 7 / sum(factors) for factor in factors]


def _with_today(spent: float, weight: float, today: float, begun: float, factor: float) -> float:
    """The level after a day that is not over: as it looks now with its rest as expected."""
    if not weight:
        return today / max(begun, _SHORTEST_DAY)
    whole_day = today + factor * spent / weight * (1 - begun)
    faded = math.pow(_RECENT, begun)
    return (spent * faded + whole_day * begun) / (weight * faded + factor * begun)


@dataclass(frozen=True, slots=True)
class RunOut:
    """When something will be used up. `latest_date` is None where that may never be."""

    days: float
    date: Date
    earliest_date: Date
    latest_date: Date | None
    is_before_cycle_end: bool


def run_out(ahead: Forecast, remaining: Decimal, today: Date, last_date: Date) -> RunOut | None:
    """When `remaining` will be used up; None where it will not. The cycle ends with `last_date`."""
    amount = float(remaining)
    days = ahead.days_until(amount)
    earliest = ahead.days_until(amount, ahead.high)
    if days is None or earliest is None:
        return None
    latest = ahead.days_until(amount, ahead.low)
    day = _day(today, ahead, days)
    return RunOut(
        days=days,
        date=day,
        earliest_date=_day(today, ahead, earliest),
        latest_date=None if latest is None else _day(today, ahead, latest),
        is_before_cycle_end=day <= last_date,
    )


def _day(today: Date, ahead: Forecast, days: float) -> Date:
    return today + timedelta(days=math.floor(ahead.begun + days))


@dataclass(frozen=True, slots=True)
class Total:
    """What will have been used in the end, and between what it will be, four times of five."""

    expected: Decimal
    low: Decimal
    high: Decimal


def total(ahead: Forecast, used: Decimal, days: float) -> Total:
    """What will have been used after so many days more."""
    more = ahead.expected(days)
    return Total(
        *(used + max(_amount(more * factor), ZERO) for factor in (1.0, ahead.low, ahead.high))
    )


def _amount(estimate: float) -> Decimal:
    """An estimate as money: to the millionth, which is more than it knows."""
    return Decimal(repr(estimate)).quantize(_DECIMALS)
