"""What was taken in credits by hour, day, project and person: what series and rankings read.

Credits follow the order of posting, as the balance does: the day and hour of a posting are those at
which it was recorded, whatever the event's own. So the days of a cycle add up to what the balance
says was used in it, to the last digit, also after the rate was changed and when usage comes late.
Refused: deciding how much is taken (`deduction.py`), and anything while an organization pays in
dollars.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.db import sql
from models.ids import NIL
from models.local_time import TimeZones
from models.posting import Entry


class PostingHour(NamedTuple):
    """When a posting took its credits: the local day, and the instant at which its hour begins."""

    local_date: date
    hour_start: datetime


def posting_hour(zones: TimeZones, posted_at: datetime, cycle_start: datetime) -> PostingHour:
    """The hour of a posting, not before the cycle from which it takes.

    A writer whose clock is behind one that has begun the cycle posts into that cycle too.
    """
    at = max(posted_at, cycle_start).astimezone(UTC)
    day = zones.day(at)
    offset = timedelta(seconds=day.utc_offset_seconds)
    return PostingHour(day.date, (at + offset).replace(minute=0, second=0, microsecond=0) - offset)


async def add_credits(
    connection: asyncpg.Connection,
    organization_id: UUID,
    at: PostingHour,
    taken: Sequence[tuple[Entry, Decimal]],
) -> None:
    """Adds the credits that each entry of a posting took, none for what has no price.

    For an organization that pays in credits, with its balance locked.
    """
    attributions = [entry.attribution for entry, _ in taken]
    await connection.execute(
        sql("credit_use_add"),
        organization_id,
        *at,
        [it.project_id for it in attributions],
        [it.user_id or NIL for it in attributions],
        [it.surface or "" for it in attributions],
        [entry.requests for entry, _ in taken],
        [entry.unpriced for entry, _ in taken],
        [credits for _, credits in taken],
    )
