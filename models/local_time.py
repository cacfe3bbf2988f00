"""Local days of an organization: which day an instant falls on, in the zone in force then.

Zones are dated (`organization_time_zone`), so that a change of zone never moves the past. An entry
keeps its day and its offset from UTC; nothing recomputes them later.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from models.db import sql

_SLOT_SECONDS = 900


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
        self._slots: dict[int, LocalDay | None] = {}

    def at(self, instant: datetime) -> ZoneInfo:
        """The zone in force; the first one for anything before its start."""
        return self._zones[max(bisect_right(self._starts, instant) - 1, 0)]

    def day(self, instant: datetime) -> LocalDay:
        """The local day that `instant`, which bears a zone, falls on."""
        slot = int(instant.timestamp() // _SLOT_SECONDS)
        if slot not in self._slots:
            self._slots[slot] = self._day_of_slot(slot)
        return self._slots[slot] or self._day(instant)

    def _day_of_slot(self, slot: int) -> LocalDay | None:
        """The day of every instant in a quarter of an hour; None where a day or offset changes.

        Clocks change at most once in such a time, and then the offset at its ends differs.
        """
        first = datetime.fromtimestamp(slot * _SLOT_SECONDS, UTC)
        last = first + timedelta(seconds=_SLOT_SECONDS, microseconds=-1)
        day = self._day(first)
        return day if day == self._day(last) else None

    def _day(self, instant: datetime) -> LocalDay:
        local = instant.astimezone(self.at(instant))
        offset = local.utcoffset() or timedelta()
        return LocalDay(local.date(), round(offset.total_seconds()))


async def load_time_zones(connection: asyncpg.Connection, organization_id: UUID) -> TimeZones:
    """Reads an organization's zones; an unknown organization raises LookupError."""
    rows = await connection.fetch(sql("organization_time_zones"), organization_id)
    if not rows:
        raise LookupError(f"organization {organization_id} does not exist")
    return TimeZones([row["starts_at"] for row in rows], [row["time_zone"] for row in rows])
