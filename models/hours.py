"""A range of instants as whole local hours, and what is left of it at its two ends.

Rollups by the hour answer for the hours that lie in the range altogether; what lies in the others
is asked of the ledger, in windows that are hours long at most. Clocks that change within an hour
are met with care: an hour is taken as a whole only where nothing moved about its ends.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from models.local_time import TimeZones

_HOUR = timedelta(hours=1)
# Nothing was spent before, nor will be after; hours are counted between them.
_EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours that begin from `first` on and before `end` are whole; `windows` hold the others.

    An entry counts by its window where its hour begins before `first`, or at `end` or later.
    """

    first: datetime
    end: datetime
    windows: tuple[tuple[datetime, datetime], ...]


def hours_of(zones: TimeZones, start: datetime, end: datetime) -> Hours:
    """The hours of a range, half-open, in the zones in force."""
    start, end = (min(max(instant, _EARLIEST), _LATEST) for instant in (start, end))
    first, begun_until = _first_whole(zones, start)
    last = _last_whole(zones, end)
    if last <= first:
        return Hours(start, start, ((start, end),) if start < end else ())
    low, high = (start, min(begun_until, end)), (last, end)
    if low[1] > high[0]:
        return Hours(first, last, ((start, end),))
    windows = [window for window in (low, high) if window[0] < window[1]]
    return Hours(first, last, tuple(windows))


def _first_whole(zones: TimeZones, start: datetime) -> tuple[datetime, datetime]:
    """The first whole hour, and until when an entry may lie in one before it."""
    begin = _floor(zones, start)
    if begin == start and _is_steady(zones, start, start + _HOUR):
        return start, start
    first = begin + _HOUR
    return first, first if _is_steady(zones, start, first + _HOUR) else first + _HOUR


def _last_whole(zones: TimeZones, end: datetime) -> datetime:
    """Hours that begin before this end by the range's end."""
    begin = _floor(zones, end)
    return begin if _is_steady(zones, begin - _HOUR, end) else begin - _HOUR


def _floor(zones: TimeZones, instant: datetime) -> datetime:
    offset = timedelta(seconds=zones.day(instant).utc_offset_seconds)
    local = instant.astimezone(UTC) + offset
    return local.replace(minute=0, second=0, microsecond=0) - offset


def _is_steady(zones: TimeZones, start: datetime, end: datetime) -> bool:
    """Whether clocks stand alike at both; they change at most once in so short a time."""
    return zones.day(start).utc_offset_seconds == zones.day(end).utc_offset_seconds
