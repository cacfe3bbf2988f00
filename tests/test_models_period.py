"""Days, months and cycles in zones with daylight saving, odd offsets, and changes of zone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.local_time import TimeZones
from models.period import Calendar, add_months, cycle_day, format_month, parse_month

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia",
         "America/Sao_Paulo", "Australia/Lord_Howe", "America/Havana"]  # fmt: skip


def calendar(zone: str, now: datetime = NOW) -> Calendar:
    return Calendar(TimeZones([EPOCH], [zone]), now)


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", "2026-03-29", "2026-03-29T00:00", 24),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", 25),
        ("Asia/Kathmandu", "2026-03-29", "2026-03-28T18:15", 24),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", 24.5),
        # Midnight does not exist: the day begins at one o'clock.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", 23),
        # Midnight comes twice: the day begins with the first.
        ("America/Havana", "2025-11-02", "2025-11-02T04:00", 25),
        # The day was skipped altogether.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", 0),
    ],
)
def test_days_are_as_long_as_their_zone_makes_them(
    zone: str, day: str, start: str, hours: float
) -> None:
    period = calendar(zone).day(date.fromisoformat(day))
    assert period.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert period.end - period.start == timedelta(hours=hours)


@given(st.sampled_from(ZONES), st.dates(date(1971, 1, 1), date(2040, 12, 31)))
def test_days_touch_and_hold_their_own_instants(zone: str, day: date) -> None:
    zones = TimeZones([EPOCH], [zone])
    period = Calendar(zones, NOW).day(day)
    assert period.end == Calendar(zones, NOW).day(day + timedelta(days=1)).start
    if period.start < period.end:
        assert zones.day(period.start).date == day
        assert zones.day(period.end - timedelta(microseconds=1)).date == day
        assert zones.day(period.start - timedelta(microseconds=1)).date < day
        assert zones.day(period.end).date > day


@given(
    st.sampled_from(ZONES),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.integers(-3, 3),
)
def test_a_change_of_zone_leaves_no_gap(
    before: str, after: str, change: datetime, distance: int
) -> None:
    zones = TimeZones([EPOCH, change.replace(tzinfo=UTC)], [before, after])
    seen = Calendar(zones, NOW)
    day = change.date() + timedelta(days=distance)
    period = seen.day(day)
    assert period.end == seen.day(day + timedelta(days=1)).start
    assert period.start <= period.end
    if period.start < period.end:
        assert zones.day(period.start).date >= day


def test_months_are_local_and_tell_whether_they_are_over() -> None:
    seen = calendar("Europe/Berlin", datetime(2026, 3, 31, 22, tzinfo=UTC))
    assert seen.today == date(2026, 4, 1)
    assert seen.current_month == date(2026, 4, 1)
    march = seen.month(date(2026, 3, 1))
    assert (march.start, march.end) == (
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),
    )
    assert march.is_over
    assert not seen.month(date(2026, 4, 1)).is_over
    assert march.first_date == date(2026, 3, 1)
    assert march.last_date == date(2026, 3, 31)
    assert march.time_zone == "Europe/Berlin"


def test_a_cycle_begins_on_the_last_day_of_a_month_that_is_too_short() -> None:
    assert cycle_day(date(2026, 2, 1), 31) == date(2026, 2, 28)
    assert cycle_day(date(2028, 2, 1), 30) == date(2028, 2, 29)
    assert cycle_day(date(2026, 2, 1), 28) == date(2026, 2, 28)


def test_any_stretch_tells_the_local_days_that_it_touches() -> None:
    """18:15 of UTC is midnight in Kathmandu."""
    start, end = datetime(2026, 3, 2, 18, 14, tzinfo=UTC), datetime(2026, 3, 3, 18, 15, tzinfo=UTC)
    calendar = Calendar(TimeZones([start], ["Asia/Kathmandu"]), end)
    found = calendar.between(start, end)
    assert (found.first_date, found.last_date) == (date(2026, 3, 2), date(2026, 3, 3))
    assert (found.start, found.end, found.is_over) == (start, end, True)
    assert calendar.local_date(end) == date(2026, 3, 4)


def test_the_running_hour_ends_on_the_local_clock() -> None:
    now = datetime(2026, 3, 1, 12, 7, tzinfo=UTC)
    assert calendar("Asia/Kathmandu", now).hour_end() == now.replace(minute=15)
    assert calendar("UTC", now).hour_end() == now.replace(hour=13, minute=0)


@given(st.dates(date(1971, 1, 1), date(2900, 1, 1)), st.integers(-600, 600))
def test_months_add_up(day: date, count: int) -> None:
    month = day.replace(day=1)
    assert add_months(add_months(month, count), -count) == month
    assert parse_month(format_month(month)) == month


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-00",
        "2026-1",
        "26-01",
        "2026-01-01",
        "1969-12",
        "3000-01",
        "２０２６-01",
        "",
    ],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        parse_month(text)
