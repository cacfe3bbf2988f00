"""Which runs go on past the day on which they began: how what is under way at an instant is found.

Days are UTC's and serve as a rough place only; a run without a row spent all of it on the day of
its beginning. A row may claim more days than were spent on, never fewer. Refused: figures (see
`rollup.py`), and rows for runs of one day, which are nearly all.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.db import sql


class RunSpan(NamedTuple):
    """The days from a run's beginning to its last event, which is on a later one."""

    run_id: UUID
    workspace_id: UUID
    first_date: date
    last_date: date


def span_of(
    run_id: UUID, workspace_id: UUID, started_at: datetime, last_at: datetime
) -> RunSpan | None:
    """The span of a run; None while it is within a day."""
    first, last = (instant.astimezone(UTC).date() for instant in (started_at, last_at))
    return RunSpan(run_id, workspace_id, first, last) if last > first else None


async def note_spans(
    connection: asyncpg.Connection, organization_id: UUID, spans: Sequence[RunSpan]
) -> None:
    """Widens the spans of runs, which the caller's transaction holds."""
    if spans:
        columns = zip(*sorted(spans), strict=True)
        await connection.execute(sql("run_span_note"), organization_id, *columns)
