"""Billing cycles: short months, clock changes, odd zones, and anchors that change."""

import json
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from access_world import World, key_with, make_world
from hypothesis import given, settings
from hypothesis import strategies as st

from models.access import Role
from models.billing_cycle import BillingCycles, CycleAnchors, load_cycles, set_cycle_anchor
from models.errors import ForbiddenError, UserErrors
from models.local_time import TimeZones
from models.organization import zone_change_at

SINCE = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND, DAY = timedelta(microseconds=1), timedelta(days=1)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"]


def cycles(zone: str, anchor_day: int, *later: tuple[str, int]) -> BillingCycles:
    anchors = CycleAnchors(
        anchor_day,
        [date.fromisoformat(starts_on) for starts_on, _ in later],
        [day for _, day in later],
    )
    return BillingCycles(TimeZones([SINCE], [zone]), anchors)


@pytest.mark.parametrize(
    ("zone", "now", "anchor_day", "start", "end"),
    [
        ("UTC", "2026-03-15T12:00", 1, "2026-03-01T00:00", "2026-04-01T00:00"),
        ("UTC", "2026-03-15T00:00", 15, "2026-03-15T00:00", "2026-04-15T00:00"),
        ("UTC", "2026-03-14T23:59", 15, "2026-02-15T00:00", "2026-03-15T00:00"),
        # The 31st falls to the end of shorter months, and comes back after them.
        ("UTC", "2026-02-27T12:00", 31, "2026-01-31T00:00", "2026-02-28T00:00"),
        ("UTC", "2026-02-28T12:00", 31, "2026-02-28T00:00", "2026-03-31T00:00"),
        ("UTC", "2026-04-30T12:00", 31, "2026-04-30T00:00", "2026-05-31T00:00"),
        ("UTC", "2028-02-28T12:00", 30, "2028-01-30T00:00", "2028-02-29T00:00"),
        ("UTC", "2028-02-29T12:00", 29, "2028-02-29T00:00", "2028-03-29T00:00"),
        ("UTC", "2026-12-31T23:59", 31, "2026-12-31T00:00", "2027-01-31T00:00"),
        # Clocks go forward on 29 March and back on 25 October 2026.
        ("Europe/Berlin", "2026-03-15T12:00", 1, "2026-02-28T23:00", "2026-03-31T22:00"),
        ("Europe/Berlin", "2026-03-29T12:00", 29, "2026-03-28T23:00", "2026-04-28T22:00"),
        ("Europe/Berlin", "2026-10-25T12:00", 25, "2026-10-24T22:00", "2026-11-24T23:00"),
        # Midnight in Kathmandu is 18:15 of the day before.
        ("Asia/Kathmandu", "2026-02-27T18:15", 31, "2026-02-27T18:15", "2026-03-30T18:15"),
        ("Asia/Kathmandu", "2026-02-27T18:14", 31, "2026-01-30T18:15", "2026-02-27T18:15"),
    ],
)
def test_a_cycle_is_local_days_from_the_anchor_day_on(
    zone: str, now: str, anchor_day: int, start: str, end: str
) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    running = cycles(zone, anchor_day).running(instant)
    assert running.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert running.end == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert (running.time_zone, running.is_over) == (zone, False)


def test_another_anchor_holds_from_the_end_of_the_running_cycle() -> None:
    """Decided in March: the cycle of April is the short one, nothing before it moves."""
    changed = cycles("UTC", 1, ("2026-04-01", 15), ("2026-06-15", 31), ("2026-06-15", 20))
    firsts, day = [], datetime(2026, 2, 10, tzinfo=UTC)
    while day < datetime(2026, 8, 1, tzinfo=UTC):
        firsts.append(f"{changed.at(day).first_date:%m-%d}")
        day = changed.at(day).end
    assert firsts == ["02-01", "03-01", "04-01", "04-15", "05-15", "06-15", "06-20", "07-20"]
    before = changed.previous(datetime(2026, 4, 20, tzinfo=UTC))
    assert (before.first_date, before.last_date) == (date(2026, 4, 1), date(2026, 4, 14))
    assert before.is_over
    assert changed.previous(before.end, 3).first_date == date(2026, 2, 1)


@settings(max_examples=50)
@given(
    zone=st.sampled_from(ZONES),
    anchor_day=st.integers(1, 31),
    new_day=st.integers(1, 31),
    now=st.datetimes(datetime(2023, 12, 1), datetime(2028, 4, 1), timezones=st.just(UTC)),
)
def test_cycles_touch_and_never_overlap(
    zone: str, anchor_day: int, new_day: int, now: datetime
) -> None:
    first = cycles(zone, anchor_day).running(now)
    changed = cycles(zone, anchor_day, ((first.last_date + DAY).isoformat(), new_day))
    assert changed.running(now) == first
    period = first
    for _ in range(4):
        following = changed.at(period.end)
        assert following.start == period.end
        assert changed.at(following.end - MICROSECOND).start == following.start
        assert changed.previous(following.start).start == period.start
        assert timedelta(0) < following.end - following.start <= timedelta(days=31, hours=2)
        period = following


@settings(max_examples=50)
@given(
    old=st.sampled_from(ZONES),
    new=st.sampled_from(ZONES),
    anchor_day=st.integers(1, 31),
    now=st.datetimes(datetime(2023, 12, 1), datetime(2028, 4, 1), timezones=st.just(UTC)),
)
def test_a_change_of_zone_leaves_the_running_cycle_as_it_is(
    old: str, new: str, anchor_day: int, now: datetime
) -> None:
    before = cycles(old, anchor_day)
    running = before.running(now)
    starts_at = zone_change_at(before.zones, new, first_day=running.last_date + DAY, now=now)
    after = BillingCycles(TimeZones([SINCE, starts_at], [old, new]), before.anchors)
    assert after.running(now) == running
    assert after.at(running.end).start == running.end


@pytest.fixture
async def world(connection: asyncpg.Connection) -> World:
    return await make_world(connection)


async def test_the_last_word_about_an_anchor_counts(
    connection: asyncpg.Connection, world: World
) -> None:
    now = datetime(2026, 3, 15, 12, tzinfo=UTC)
    for day in (31, 15):
        starts_at = await set_cycle_anchor(connection, world.system, day, now=now)
        assert starts_at == datetime(2026, 4, 1, tzinfo=UTC)
    found = await load_cycles(connection, world.organization_id)
    assert found.running(now).end == starts_at
    assert found.at(starts_at).end == datetime(2026, 4, 15, tzinfo=UTC)
    audited = await connection.fetch(
        "SELECT old_value, new_value FROM audit_event WHERE organization_id = $1"
        " AND action = 'organization.set_cycle_anchor'",
        world.organization_id,
    )
    told = [[json.loads(value)["cycleAnchorDay"] for value in row] for row in audited]
    assert sorted(told) == [[1, 15], [1, 31]]


async def test_an_anchor_is_a_day_and_its_owners_to_choose(
    connection: asyncpg.Connection, world: World
) -> None:
    now = datetime(2026, 3, 15, 12, tzinfo=UTC)
    for day in (0, 32, -1):
        with pytest.raises(UserErrors, match="from 1 to 31"):
            await set_cycle_anchor(connection, world.system, day, now=now)
    admin = await key_with(connection, world, Role.ADMIN)
    with pytest.raises(ForbiddenError):
        await set_cycle_anchor(connection, admin, 5, now=now)
