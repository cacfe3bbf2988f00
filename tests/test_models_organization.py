"""Organizations: names, first sight, and changes of zone that leave the past alone."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from access_world import EVERY_ROLE, World, key_with, make_world
from hypothesis import given
from hypothesis import strategies as st

from models.access import Role
from models.billing_cycle import CycleAnchors
from models.db import Database
from models.errors import ConflictError, ForbiddenError, UserErrors
from models.ids import ORGANIZATION, encode, uuid7
from models.local_time import TimeZones, load_time_zones
from models.organization import (
    create_organization,
    find_organization,
    get_or_create_organization,
    list_organizations,
    rename_organization,
    set_time_zone,
    zone_change_at,
)

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
# From west to east.
ZONES = ["Pacific/Pago_Pago", "America/New_York", "UTC", "Asia/Kathmandu", "Pacific/Kiritimati"]


async def test_it_is_made_once_however_many_ask(database: Database) -> None:
    name = f"Race {uuid7()}"

    async def make() -> tuple[object, bool]:
        async with database.transaction() as connection:
            return await get_or_create_organization(connection, name)

    made = await asyncio.gather(*(make() for _ in range(6)))

    assert len({organization_id for organization_id, _ in made}) == 1
    assert sorted(is_new for _, is_new in made) == [False] * 5 + [True]


async def test_names_are_trimmed_and_unique(connection: asyncpg.Connection) -> None:
    name = f"Acme {uuid7()}"
    made = await create_organization(connection, f"  {name} ", "Europe/Berlin")
    assert await find_organization(connection, name) == made
    assert (await get_or_create_organization(connection, f" {name}")) == (made, False)
    with pytest.raises(UserErrors) as caught:
        await create_organization(connection, name)
    assert caught.value.errors[0].code == "CONFLICT"
    listed = {row["id"]: row for row in await list_organizations(connection)}
    assert listed[made]["name"] == name
    assert listed[made]["time_zone"] == "Europe/Berlin"


@pytest.mark.parametrize("name", ["", "   ", "a" * 201, "a\0b", "a\nb", "\ud800"])
async def test_names_that_cannot_be_are_refused(connection: asyncpg.Connection, name: str) -> None:
    with pytest.raises(UserErrors) as caught:
        await create_organization(connection, name)
    assert caught.value.errors[0].field == ("name",)


@pytest.mark.parametrize("zone", ["", "Mars/Base", "localtime", "../etc/passwd", "utc+1", "UTC\0"])
async def test_zones_that_are_none_are_refused(connection: asyncpg.Connection, zone: str) -> None:
    with pytest.raises(UserErrors) as caught:
        await create_organization(connection, f"Zone {uuid7()}", zone)
    assert caught.value.errors[0].field == ("timeZone",)


@pytest.mark.parametrize("role", EVERY_ROLE)
async def test_renaming_and_moving_take_an_admin(
    connection: asyncpg.Connection, world: World, role: Role
) -> None:
    scope = await key_with(connection, world, role)
    if role >= Role.ADMIN:
        await rename_organization(connection, scope, f"New {uuid7()}")
        await set_time_zone(connection, scope, "Asia/Kathmandu", now=NOW)
    else:
        with pytest.raises(ForbiddenError):
            await rename_organization(connection, scope, "New")
        with pytest.raises(ForbiddenError):
            await set_time_zone(connection, scope, "Asia/Kathmandu", now=NOW)


async def test_an_admin_of_a_workspace_does_not_rename_the_organization(
    connection: asyncpg.Connection, world: World
) -> None:
    scope = await key_with(connection, world, Role.OWNER, world.level("workspace"))
    with pytest.raises(ForbiddenError):
        await rename_organization(connection, scope, "New")


async def test_a_name_tells_nothing_of_other_organizations(
    connection: asyncpg.Connection, world: World
) -> None:
    """Refusing a name that another tenant has would tell that it is there."""
    other = await make_world(connection)
    await rename_organization(connection, world.system, other.name)
    with pytest.raises(ConflictError, match="Several organizations"):
        await find_organization(connection, other.name)
    id = encode(ORGANIZATION, world.organization_id, world.organization_id)
    assert await find_organization(connection, id) == world.organization_id
    with pytest.raises(ConflictError, match="Several organizations"):
        await get_or_create_organization(connection, other.name)


async def test_a_zone_changes_with_the_next_cycle_and_the_last_word_counts(
    connection: asyncpg.Connection, world: World
) -> None:
    now = datetime.now(UTC)
    first = await set_time_zone(connection, world.system, "America/New_York", now=now)
    second = await set_time_zone(connection, world.system, "Asia/Kathmandu", now=now)

    zones = await load_time_zones(connection, world.organization_id)

    assert now < first < second
    assert zones.at(now).key == "UTC"
    assert zones.at(first - timedelta(microseconds=1)).key == "UTC"
    assert zones.at(second).key == "Asia/Kathmandu"


@given(
    old=st.sampled_from(ZONES),
    new=st.sampled_from(ZONES),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    anchor_day=st.integers(1, 31),
)
def test_a_change_of_zone_never_shortens_the_running_cycle_nor_turns_days_back(
    old: str, new: str, now: datetime, anchor_day: int
) -> None:
    before = TimeZones([datetime(2000, 1, 1, tzinfo=UTC)], [old])
    first_day = CycleAnchors(anchor_day).next_date(before.day(now).date)
    if ZONES.index(old) == 4 and ZONES.index(new) == 0:  # 25 hours to the west
        with pytest.raises(UserErrors, match="a day behind"):
            zone_change_at(before, new, first_day=first_day, now=now)
        return
    starts_at = zone_change_at(before, new, first_day=first_day, now=now)
    after = TimeZones([datetime(2000, 1, 1, tzinfo=UTC), starts_at], [old, new])

    assert starts_at > now
    last_old = after.day(starts_at - timedelta(microseconds=1)).date
    assert first_day - timedelta(days=1) <= last_old <= first_day
    assert max(last_old, first_day) <= after.day(starts_at).date
    day_before = [
        instant
        for hours in range(72)
        if before.day(instant := now + timedelta(hours=hours)).date < first_day
    ]
    assert all(after.day(instant) == before.day(instant) for instant in day_before)
