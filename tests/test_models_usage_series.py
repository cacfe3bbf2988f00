"""Buckets of series: they touch, cover the period, and keep local days and hours."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.local_time import TimeZones
from models.period import Calendar, Period
from models.usage_series import Granularity, buckets

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo")


def calendar(name: str, now: datetime = datetime(2026, 3, 30, 12, tzinfo=UTC)) -> Calendar:
    return Calendar(TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], [name]), now)


def lengths(found: Sequence[Period]) -> list[float]:
    return [(bucket.end - bucket.start) / timedelta(hours=1) for bucket in found]


def test_weeks_are_counted_back_from_the_end_and_the_first_may_be_shorter() -> None:
    berlin = calendar("Europe/Berlin")
    month = berlin.days(date(2026, 3, 1), date(2026, 3, 30))
    found = buckets(berlin, month, Granularity.WEEK)
    assert [(it.first_date.day, it.last_date.day) for it in found] == [
        (1, 2), (3, 9), (10, 16), (17, 23), (24, 30),
    ]  # fmt: skip
    assert lengths(found)[-1] == 7 * 24 - 1, "summer time began on the 29th"


@pytest.mark.parametrize(
    ("name", "day", "count"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
    ],
)
def test_a_day_has_as_many_hours_as_clocks_show(name: str, day: date, count: int) -> None:
    zone = calendar(name)
    found = buckets(zone, zone.day(day), Granularity.HOUR)
    assert lengths(found) == [1] * count
    assert all(zone.is_on_the_hour(bucket.start) for bucket in found)


@settings(max_examples=50)
@given(
    name=st.sampled_from(ZONES),
    first=st.dates(date(2016, 1, 1), date(2027, 1, 1)),
    length=st.integers(0, 40),
    granularity=st.sampled_from(Granularity),
)
def test_buckets_touch_and_cover_the_period(
    name: str, first: date, length: int, granularity: Granularity
) -> None:
    zone = calendar(name)
    period = zone.days(first, first + timedelta(days=length))
    found = buckets(zone, period, granularity)
    assert (found[0].start, found[-1].end) == (period.start, period.end)
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(bucket.start < bucket.end for bucket in found)
