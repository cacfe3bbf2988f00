"""An organization's days and months as stretches of time, half-open, in the zones in force.

A period begins at the first instant that falls on its first local day and ends where the next one
begins, so periods touch and never overlap: days of 23 and 25 hours, midnights that a clock change
skips and a day that a zone skipped altogether (it is empty) included.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from models.local_time import TimeZones

FIRST_YEAR = 1970
LAST_YEAR = 2999
_MICROSECOND = timedelta(microseconds=1)
# No zone is further from UTC than 14 hours, and none ever jumped by more than a day.
_REACH = timedelta(hours=48)
_MONTH_PATTERN = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime
    first_date: date
    last_date: date
    time_zone: str
    is_over: bool


class Calendar:
    """The days and months of one organization, seen at one instant (`now`)."""

    def __init__(self, zones: TimeZones, now: datetime) -> None:
        self._zones = zones
        self.now = now
        self.today = zones.day(now).date
        self.current_month = self.today.replace(day=1)

    @property
    def time_zone(self) -> str:
        """IANA name of the zone in force now."""
        return self._zones.at(self.now).key

    def day_start(self, day: date) -> datetime:
        """The first instant that falls on `day`, or on a later day when `day` was skipped."""
        midnight = datetime.combine(day, time(), UTC)
        guess = datetime.combine(day, time(), self._zones.at(midnight)).astimezone(UTC)
        if self._begins(guess, day):
            return guess
        early, late = midnight - _REACH, midnight + _REACH
        while late - early > _MICROSECOND:
            middle = early + (late - early) // 2
            if self._zones.day(middle).date >= day:
                late = middle
            else:
                early = middle
        return late

    def _begins(self, instant: datetime, day: date) -> bool:
        before = self._zones.day(instant - _MICROSECOND).date
        return before < day == self._zones.day(instant).date

    def days(self, first: date, last: date) -> Period:
        """The local days from `first` to `last`, both included."""
        start, end = self.day_start(first), self.day_start(last + timedelta(days=1))
        zone = self._zones.at(start).key
        return Period(start, end, first, last, zone, is_over=end <= self.now)

    def between(self, start: datetime, end: datetime) -> Period:
        """Any stretch of time that is not empty, with the local days that it touches."""
        zone = self._zones.at(start).key
        last = self.local_date(end - _MICROSECOND)
        return Period(start, end, self.local_date(start), last, zone, is_over=end <= self.now)

    def local_date(self, instant: datetime) -> date:
        """The local day that an instant falls on."""
        return self._zones.day(instant).date

    def day(self, day: date) -> Period:
        """One local day."""
        return self.days(day, day)

    def is_on_the_hour(self, instant: datetime) -> bool:
        """Whether a local hour begins there."""
        offset = timedelta(seconds=self._zones.day(instant).utc_offset_seconds)
        local = instant.astimezone(UTC) + offset
        return not (local.minute or local.second or local.microsecond)

    def hour_of_day(self, instant: datetime) -> int:
        """The local hour, 0 to 23, that an instant falls into."""
        offset = timedelta(seconds=self._zones.day(instant).utc_offset_seconds)
        return (instant.astimezone(UTC) + offset).hour

    def hour_end(self) -> datetime:
        """The end of the running local hour, which in some zones is not the end of one in UTC."""
        return self.next_hour(self.now)

    def next_hour(self, instant: datetime) -> datetime:
        """Where the local hour of an instant ends, by the clock of that instant."""
        return self.hour_start(instant) + timedelta(hours=1)

    def hour_start(self, instant: datetime) -> datetime:
        """Where the local hour of an instant begins, by the clock of that instant."""
        offset = timedelta(seconds=self._zones.day(instant).utc_offset_seconds)
        local_hour = (instant.astimezone(UTC) + offset).replace(minute=0, second=0, microsecond=0)
        return local_hour - offset

    def month(self, month: date) -> Period:
        """One calendar month, named by its first day."""
        return self.days(month, add_months(month, 1) - timedelta(days=1))


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months after (or before, when negative) `month`."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def cycle_day(month: date, anchor_day: int) -> date:
    """The day of a month on which a billing cycle begins."""
    last_day = (add_months(month, 1) - timedelta(days=1)).day
    return month.replace(day=min(anchor_day, last_day))


def parse_month(text: str) -> date:
    """The first day of a month written `YYYY-MM`; raises ValueError otherwise."""
    match = _MONTH_PATTERN.fullmatch(text)
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        raise ValueError(f"not a month from {FIRST_YEAR}-01 to {LAST_YEAR}-12, written YYYY-MM")
    return date(int(match[1]), int(match[2]), 1)


def format_month(month: date) -> str:
    """A month as `YYYY-MM`."""
    return f"{month.year:04}-{month.month:02}"
