"""Pages of a recalculation: which calls it looks at next, what they come to, and posting that.

A page is read by time, project after project; what is behind it is the place to go on from.
Refused: progress, and who works on it (`repricing_run.py`).
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.db import sql
from models.gate import enter
from models.ids import NIL
from models.ledger_write import write
from models.page import FIRST_INSTANT
from models.posted import load_posted
from models.price import PriceBook
from models.rate import insert_rates, load_rates
from models.reprice import Repriced, reprice

PAGE_ROWS = 1000


class Job(NamedTuple):
    """A recalculation as its worker sees it, in the order of the columns of its statements."""

    organization_id: UUID
    id: UUID
    is_dry_run: bool
    after_id: UUID | None
    status: str
    only_unpriced: bool
    models: str | None
    range_start: datetime
    range_end: datetime
    prices_at: datetime
    is_compared: bool
    place_project_id: UUID | None
    place_at: datetime | None
    place_id: UUID | None

    @property
    def key(self) -> tuple[UUID, UUID]:
        """What statements find it by."""
        return self.organization_id, self.id

    @property
    def names(self) -> list[str] | None:
        """The models that it is about; None for all."""
        return None if self.models is None else list(json.loads(self.models))

    @property
    def place(self) -> "Place | None":
        """Where it stopped; None before the first page."""
        if self.place_project_id is None or self.place_at is None or self.place_id is None:
            return None
        return Place(self.place_project_id, self.place_at, self.place_id)


class Place(NamedTuple):
    """After which entry a page begins. Where all projects are read as one, the project is nil."""

    project_id: UUID
    at: datetime
    id: UUID


class Line(NamedTuple):
    """What a recalculation comes to for one model; unpriced calls cost 0 before."""

    provider: str | None
    model: str
    transactions: int
    unpriced_transactions: int
    cost_before: Decimal
    cost_after: Decimal

    @property
    def difference(self) -> Decimal:
        """What totals move by."""
        return self.cost_after - self.cost_before


def sum_up(changes: Iterable[Repriced]) -> list[Line]:
    """Changes by provider and model."""
    lines: dict[tuple[str, str], Line] = {}
    for each in changes:
        one = Line(
            each.provider or None,
            each.model or "",
            1,
            int(each.was_unpriced),
            each.cost_before,
            each.cost_after,
        )
        key = (one.provider or "", one.model)
        lines[key] = add_line(lines[key], one) if key in lines else one
    return [lines[key] for key in sorted(lines)]


def add_line(line: Line, other: Line) -> Line:
    """Two lines of one model as one."""
    return Line(
        line.provider,
        line.model,
        line.transactions + other.transactions,
        line.unpriced_transactions + other.unpriced_transactions,
        line.cost_before + other.cost_before,
        line.cost_after + other.cost_after,
    )


async def load_lines(
    connection: asyncpg.Connection, organization_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, list[Line]]:
    """The lines of recalculations, the greatest change first."""
    found: dict[UUID, list[Line]] = {id: [] for id in ids}
    for row in await connection.fetch(sql("repricing_lines"), organization_id, list(ids)):
        repricing_id, provider, *values = row
        found[repricing_id].append(Line(provider or None, *values))
    return found


async def load_job(connection: asyncpg.Connection, organization_id: UUID, id: UUID) -> Job | None:
    """A recalculation of the organization."""
    row = await connection.fetchrow(sql("repricing_job"), organization_id, id)
    return Job._make(row) if row else None


async def read_page(
    connection: asyncpg.Connection, job: Job, place: Place | None
) -> tuple[list[asyncpg.Record], Place | None]:
    """A page of entries that counted a request, and the place behind it; None at the end."""
    span = (job.range_start, job.range_end)
    if job.only_unpriced:
        after = place or Place(NIL, FIRST_INSTANT, NIL)
        rows = await connection.fetch(
            sql("repricing_unpriced"), job.organization_id, *span, after.at, after.id, PAGE_ROWS
        )
        return rows, _behind(NIL, rows)
    if place is None:
        place = await _next_project(connection, job, NIL)
    while place is not None:
        rows = await connection.fetch(
            sql("repricing_heads"),
            job.organization_id,
            place.project_id,
            *span,
            place.at,
            place.id,
            PAGE_ROWS,
        )
        behind = _behind(place.project_id, rows)
        place = behind or await _next_project(connection, job, place.project_id)
        if rows:
            return rows, place
    return [], None


def _behind(project_id: UUID, rows: Sequence[asyncpg.Record]) -> Place | None:
    if len(rows) < PAGE_ROWS:
        return None
    return Place(project_id, rows[-1]["occurred_at"], rows[-1]["id"])


async def _next_project(connection: asyncpg.Connection, job: Job, after: UUID) -> Place | None:
    found = await connection.fetchval(sql("repricing_next_project"), job.organization_id, after)
    return None if found is None else Place(found, FIRST_INSTANT, NIL)


async def find_changes(
    connection: asyncpg.Connection, job: Job, book: PriceBook, rows: Iterable[asyncpg.Record]
) -> list[Repriced]:
    """What the calls of a page come to now. A call is looked at where its head is, and so once."""
    names = job.names
    wanted = [row for row in rows if names is None or row["model"] in names]
    heads = {row["id"] for row in wanted}
    keys = {row["event_key"] for row in wanted}
    posted = {
        key: parts
        for key, parts in (await load_posted(connection, job.organization_id, keys)).items()
        if parts.is_live
        and parts.head.id in heads
        and (parts.head.rate_id is None or not job.only_unpriced)
    }
    rate_ids = {parts.head.rate_id for parts in posted.values()}
    rates = await load_rates(connection, job.organization_id, rate_ids)
    found = (reprice(parts, book, rates, job.id) for _, parts in sorted(posted.items()))
    return [change for change in found if change is not None]


async def post_changes(
    connection: asyncpg.Connection, organization_id: UUID, changes: Sequence[Repriced]
) -> None:
    """Appends what makes the changes so; raises SerializationError when a call has grown since."""
    if not changes:
        return
    await enter(connection, organization_id)
    now = datetime.now(UTC)
    rates = {change.rate.id: change.rate for change in changes}
    await insert_rates(connection, organization_id, rates.values(), now)
    entries = [entry for change in changes for entry in change.entries]
    if not await write(connection, organization_id, now, entries):
        raise asyncpg.SerializationError("another writer took a part first")


async def add_lines(connection: asyncpg.Connection, job: Job, lines: Sequence[Line]) -> None:
    """Adds to the lines that the job shows."""
    if not lines:
        return
    columns = zip(*((line.provider or "", *line[1:]) for line in lines), strict=True)
    await connection.execute(sql("repricing_line_add"), *job.key, *columns)
