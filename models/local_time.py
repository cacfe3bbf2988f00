"""Local days of an organization: which day an instant falls on, in the zone in force then.

Zones are dated (`organization_time_zone`), so that a change of zone never moves the past. An entry
keeps its day and its offset from UTC; nothing recomputes them later.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from models.db import sql


@dataclass(frozen=True, slots=True)
class LocalDay:
    """The local day of an instant, and how far local clocks were ahead of UTC."""

    date: date
    utc_offset_seconds: int


class TimeZones:
    """The zones of one organization, by the instants at which they came into force."""

    def __init__(self, starts: Sequence[datetime], names: Sequence[str]) -> None:
        self._starts = list(starts)
        self._zones = [ZoneInfo(name) for name in names]

    def at(self, instant: datetime) -> ZoneInfo:
        """The zone in force; the first one for anything before its start."""
        return self._zones[max(bisect_right(self._starts, instant) - 1, 0)]

    def day(self, instant: datetime) -> LocalDay:
        """The local day that `instant`, which bears a zone, falls on."""
        local = instant.astimezone(self.at(instant))
        offset = local.utcoffset() or timedelta()
        return LocalDay(local.date(), round(offset.total_seconds()))


async def load_time_zones(connection: asyncpg.Connection, organization_id: UUID) -> TimeZones:
    """Reads an organization's zones; an unknown organization raises LookupError."""
    rows = await connection.fetch(sql("organization_time_zones"), organization_id)
    if not rows:
        raise LookupError(f"organization {organization_id} does not exist")
    return TimeZones([row["starts_at"] for row in rows], [row["time_zone"] for row in rows])
