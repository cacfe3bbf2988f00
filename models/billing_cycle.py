"""Billing cycles: the stretches of local days after which an organization's credits are new.

A cycle begins on the anchor day, or on the last day of a month that is too short for it. Anchors
are dated like time zones (`organization_cycle_anchor`): a new one holds from the end of the cycle
in which it was decided, so that no cycle which has begun ever moves; the cycle that follows is
then shorter than a month. Refused: a change within a running cycle.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.audit import record_act
from models.db import sql
from models.errors import UserError, UserErrors
from models.local_time import TimeZones
from models.period import Calendar, Period, add_months, cycle_day

_DAY = timedelta(days=1)


class CycleAnchors(NamedTuple):
    """The anchor days of one organization: `days[i]` holds from the local day `starts_on[i]` on.

    Before the first of them `first_day` holds. Both are in order; of two of one date the later one
    counts.
    """

    first_day: int
    starts_on: Sequence[date] = ()
    days: Sequence[int] = ()

    def at(self, day: date) -> int:
        """The anchor day that holds on a local day."""
        holding = self.first_day
        for starts_on, anchor_day in zip(self.starts_on, self.days, strict=True):
            if starts_on <= day:
                holding = anchor_day
        return holding

    def first_date(self, day: date) -> date:
        """The first local day of the cycle that `day` is in."""
        anchor_day, month = self.at(day), day.replace(day=1)
        begun = cycle_day(month, anchor_day)
        if begun > day:
            begun = cycle_day(add_months(month, -1), anchor_day)
        return max([begun, *(starts_on for starts_on in self.starts_on if starts_on <= day)])

    def next_date(self, day: date) -> date:
        """The first local day of the cycle after the one that `day` is in."""
        anchor_day, month = self.at(day), day.replace(day=1)
        following = cycle_day(month, anchor_day)
        if following <= day:
            following = cycle_day(add_months(month, 1), anchor_day)
        return min([following, *(starts_on for starts_on in self.starts_on if starts_on > day)])


class BillingCycles:
    """The cycles of one organization, in the zones in force."""

    def __init__(self, zones: TimeZones, anchors: CycleAnchors) -> None:
        self.zones = zones
        self.anchors = anchors

    def at(self, instant: datetime, now: datetime | None = None) -> Period:
        """The cycle that an instant is in; whether it is over is judged at `now`, or then."""
        return self._of(self.zones.day(instant).date, now or instant)

    def running(self, now: datetime) -> Period:
        """The cycle that is running."""
        return self.at(now)

    def previous(self, now: datetime, count: int = 1) -> Period:
        """The cycle `count` cycles before the running one."""
        day = self.zones.day(now).date
        for _ in range(count):
            day = self.anchors.first_date(day) - _DAY
        return self._of(day, now)

    def _of(self, day: date, now: datetime) -> Period:
        last = self.anchors.next_date(day) - _DAY
        return Calendar(self.zones, now).days(self.anchors.first_date(day), last)


async def load_cycles(connection: asyncpg.Connection, organization_id: UUID) -> BillingCycles:
    """Reads an organization's zones and anchors; an unknown organization raises LookupError."""
    row = await connection.fetchrow(sql("organization_cycles"), organization_id)
    if row is None or not row["zone_names"]:
        raise LookupError(f"organization {organization_id} does not exist")
    return cycles_of(row)


def cycles_of(row: asyncpg.Record) -> BillingCycles:
    """The same from a row that was read, whatever else it holds."""
    return BillingCycles(
        TimeZones(row["zone_starts"], row["zone_names"]),
        CycleAnchors(row["cycle_anchor_day"], row["anchor_starts"], row["anchor_days"]),
    )


async def set_cycle_anchor(
    connection: asyncpg.Connection, scope: Scope, anchor_day: int, *, now: datetime
) -> datetime:
    """Changes the anchor day from the next cycle on, and answers from when. OWNER.

    Until then another call changes the plan: rows are append-only, and the last word counts.
    """
    scope.require_organization(Role.OWNER)
    if not 1 <= anchor_day <= 31:
        message = f"cycleAnchorDay is {anchor_day}; a day from 1 to 31 is expected."
        raise UserErrors([UserError("OUT_OF_RANGE", message, ("cycleAnchorDay",))])
    organization_id = scope.organization_id
    await connection.execute(sql("organization_lock"), organization_id)
    cycles = await load_cycles(connection, organization_id)
    running = cycles.running(now)
    starts_on = running.last_date + _DAY
    await connection.execute(
        sql("organization_cycle_anchor_insert"), organization_id, starts_on, anchor_day
    )
    await record_act(
        connection,
        scope,
        "organization.set_cycle_anchor",
        ("organization", organization_id),
        old={"cycleAnchorDay": cycles.anchors.at(running.last_date)},
        new={"cycleAnchorDay": anchor_day, "startsAt": running.end.astimezone(UTC)},
    )
    return running.end
