"""Organizations: made and found by the command line, renamed and moved to a zone by their ADMINs.

Every function runs inside a transaction that its caller opened, and every act leaves an audit
event. Names tell organizations apart on the command line only, which makes no second one of a
name; tenants may choose any, since a refusal would tell them of each other. Refused: a change of
time zone that would move days that have been counted.
"""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from models.access import Role, Scope
from models.audit import record_act
from models.billing_cycle import load_cycles
from models.db import sql
from models.errors import ConflictError, UserError, UserErrors
from models.ids import ORGANIZATION, decode, uuid7
from models.local_time import TimeZones
from models.naming import clean_name, clean_time_zone, name_taken
from models.period import Calendar

_MICROSECOND = timedelta(microseconds=1)


async def find_organization(connection: asyncpg.Connection, name: str) -> UUID | None:
    """The organization of a name or public id; ConflictError when several have the name.

    For the command line: nobody else may look across tenants.
    """
    name = name.strip()
    try:
        id = decode(name)
    except ValueError:
        id = None
    wanted = id.organization_id if id is not None and id.kind == ORGANIZATION else None
    rows = await connection.fetch(sql("organization_by_name"), name, wanted)
    if len(rows) > 1:
        raise ConflictError(
            f"Several organizations are called {name!r}; give the id that"
            " `aicost organization list` shows."
        )
    return rows[0]["id"] if rows else None


async def create_organization(
    connection: asyncpg.Connection, name: str, time_zone: str = "UTC"
) -> UUID:
    """Makes an organization, without members yet. For the command line alone."""
    name, zone = clean_name(name), clean_time_zone(time_zone)
    await _lock_organization_names(connection)
    if await find_organization(connection, name) is not None:
        raise name_taken("organization", name)
    return await _insert_organization(connection, name, zone)


async def get_or_create_organization(
    connection: asyncpg.Connection, name: str, time_zone: str = "UTC"
) -> tuple[UUID, bool]:
    """The organization of a name, and whether this call made it. For the command line alone."""
    found = await find_organization(connection, name)
    if found is not None:
        return found, False
    name, zone = clean_name(name), clean_time_zone(time_zone)
    await _lock_organization_names(connection)
    found = await find_organization(connection, name)
    if found is not None:
        return found, False
    return await _insert_organization(connection, name, zone), True


async def _lock_organization_names(connection: asyncpg.Connection) -> None:
    """Names are unique by this lock: no index over all tenants exists once they are distributed."""
    await connection.execute(sql("organization_names_lock"))


async def _insert_organization(connection: asyncpg.Connection, name: str, zone: str) -> UUID:
    organization_id = uuid7()
    await connection.execute(sql("organization_insert"), organization_id, name, zone)
    await connection.execute(sql("organization_time_zone_insert"), organization_id, zone, None)
    scope = Scope.system(organization_id)
    subject = ("organization", organization_id)
    new = {"name": name, "timeZone": zone}
    await record_act(connection, scope, "organization.create", subject, new=new)
    return organization_id


async def list_organizations(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """All organizations by name: id, name, time_zone, created_at. For the command line alone."""
    rows: list[asyncpg.Record] = await connection.fetch(sql("organization_list"))
    return rows


async def rename_organization(connection: asyncpg.Connection, scope: Scope, name: str) -> None:
    """Gives the scope's organization another name. ADMIN of the organization."""
    scope.require_organization(Role.ADMIN)
    name = clean_name(name)
    old = await connection.fetchval(sql("organization_rename"), scope.organization_id, name)
    subject = ("organization", scope.organization_id)
    await record_act(
        connection, scope, "organization.rename", subject, old={"name": old}, new={"name": name}
    )


async def set_time_zone(
    connection: asyncpg.Connection, scope: Scope, time_zone: str, *, now: datetime
) -> datetime:
    """Changes the zone from the next billing cycle on, and answers from when. ADMIN.

    Until then another call changes the plan: rows are append-only, so it takes effect one
    microsecond later and thereby wins.
    """
    scope.require_organization(Role.ADMIN)
    zone = clean_time_zone(time_zone)
    organization_id = scope.organization_id
    await connection.execute(sql("organization_lock"), organization_id)
    cycles = await load_cycles(connection, organization_id)
    rows = await connection.fetch(sql("organization_time_zones"), organization_id)
    begun = [row for row in rows if row["starts_at"] <= now] or rows[:1]
    starts_at = zone_change_at(
        TimeZones([row["starts_at"] for row in begun], [row["time_zone"] for row in begun]),
        zone,
        first_day=cycles.running(now).last_date + timedelta(days=1),
        now=now,
    )
    last: datetime = rows[-1]["starts_at"]
    starts_at = max(starts_at, last + _MICROSECOND)
    await connection.execute(sql("organization_time_zone_insert"), organization_id, zone, starts_at)
    await record_act(
        connection,
        scope,
        "organization.set_time_zone",
        ("organization", organization_id),
        old={"timeZone": begun[-1]["time_zone"]},
        new={"timeZone": zone, "startsAt": starts_at},
    )
    return starts_at


def zone_change_at(zones: TimeZones, zone: str, *, first_day: date, now: datetime) -> datetime:
    """When a change of zone takes effect: as the next cycle begins, in both zones, on `first_day`.

    The later of the two midnights, so that the running cycle ends when it would have ended and
    only the first day of the next one is longer or shorter. Raises UserErrors for a zone so far
    west (a day or more) that days which have passed would come again.
    """
    midnight = datetime.combine(first_day, time(), ZoneInfo(zone)).astimezone(UTC)
    starts_at = max(Calendar(zones, now).day_start(first_day), midnight)
    last_day = zones.day(starts_at - _MICROSECOND).date
    if starts_at.astimezone(ZoneInfo(zone)).date() < last_day:
        message = f"timeZone is {zone!r}, a day behind the present zone; take one between first."
        raise UserErrors([UserError("INVALID", message, ("timeZone",))])
    return starts_at
