"""Ranges that reports are asked for, cut into whole local days and what is left at their ends.

Whole days are read from the rollups by day; the hours of a first or last day that is not whole come
from the ledger, which holds at most those hours of them (see `cells.py`). Refused: ranges that do
not begin and end with a local hour, for no page shows part of one.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.period import Calendar, Period

LONGEST_DAYS = 367
_DAY = timedelta(days=1)


class NotOnTheHourError(ValueError):
    """The instant is not the beginning of a local hour."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range: `first` to `last` are its whole local days (`last` before `first` when it has none),
    `edges` what is left of it, as instants, half-open.
    """

    period: Period
    first: date
    last: date
    edges: tuple[tuple[datetime, datetime], ...] = ()

    @property
    def days(self) -> list[date]:
        """Every local day that it touches, in order."""
        first, last = self.period.first_date, self.period.last_date
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def day_count(self, calendar: Calendar) -> float:
        """How many days it has, those to come left out; a day that is not whole counts in part."""
        begun = min(self.last, calendar.today)
        parts = [_part_of_days(calendar, *edge) for edge in self.edges]
        return max((begun - self.first).days + 1, 0) + sum(parts)


def _part_of_days(calendar: Calendar, start: datetime, end: datetime) -> float:
    """The parts of days between two instants, up to the end of today."""
    count, day = 0.0, calendar.local_date(start)
    while day <= calendar.today and calendar.day_start(day) < end:
        period = calendar.day(day)
        if period.start < period.end:  # else the zone skipped it
            part = min(end, period.end) - max(start, period.start)
            count += part / (period.end - period.start)
        day += _DAY
    return count


def whole_days(calendar: Calendar, first: date, last: date) -> Stretch:
    """The local days from `first` to `last`, both included."""
    return Stretch(calendar.days(first, last), first, last)


def cut(calendar: Calendar, start: datetime, end: datetime) -> Stretch:
    """The instants from `start` up to `end`, which is later; raises NotOnTheHourError."""
    for instant in (start, end):
        if not calendar.is_on_the_hour(instant):
            raise NotOnTheHourError(f"{instant.isoformat()} is not the beginning of a local hour")
    period = calendar.between(start, end)
    first, last = period.first_date, period.last_date
    if calendar.day_start(first) < start:
        first += _DAY
    if calendar.day_start(last + _DAY) > end:
        last -= _DAY
    if last < first:
        return Stretch(period, first, last, ((start, end),))
    sides = ((start, calendar.day_start(first)), (calendar.day_start(last + _DAY), end))
    return Stretch(period, first, last, tuple(side for side in sides if side[0] < side[1]))
