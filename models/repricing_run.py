"""Carrying a recalculation out: page by page over the ledger, each page atomic with its progress.

A page that was posted is behind the place that its own transaction notes, so a run that is cut
short goes on where it stopped, and looking at a call twice changes nothing. One worker at a time:
whoever has not shown a sign of life for a minute loses the job to the next. Refused: deciding who
may recalculate what (`repricing.py` does).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from models.db import Database, sql
from models.ids import uuid7
from models.price import PriceBook, load_price_book_at
from models.reprice import Repriced
from models.repricing_page import (
    Job,
    Line,
    Place,
    add_line,
    add_lines,
    find_changes,
    load_lines,
    post_changes,
    read_page,
    sum_up,
)

ABANDONED_SECONDS = 60
"""How long after its last sign of life a job is taken over."""
RUNNING, DONE, FAILED = "RUNNING", "DONE", "FAILED"
MOVED = "the figures have moved since the dry run"
Progress = Callable[[int], object]


class MovedError(Exception):
    """A run comes to something else than the rehearsal that it follows."""


class _LostError(Exception):
    """Another worker has taken the job, or it is over."""


async def run_at_once(connection: asyncpg.Connection, job: Job) -> list[Line]:
    """Carries a short one out within the caller's transaction: all of it, or nothing.

    Raises MovedError where it would not come to what its rehearsal came to.
    """
    book = await load_price_book_at(connection, job.organization_id, job.prices_at)
    changes: list[Repriced] = []
    seen, place, is_over = 0, None, False
    while not is_over:
        rows, place = await read_page(connection, job, place)
        changes += await find_changes(connection, job, book, rows)
        seen, is_over = seen + len(rows), place is None
    lines = sum_up(changes)
    if not job.is_compared:
        await _compare(connection, job, lines)
        await connection.execute(sql("repricing_advance"), *job.key, 0, True, None, None, None)
    if not job.is_dry_run:
        await post_changes(connection, job.organization_id, changes)
    await add_lines(connection, job, lines)
    now = datetime.now(UTC)
    await connection.execute(sql("repricing_finish"), *job.key, DONE, None, now, seen)
    return lines


async def carry_on(
    database: Database, organization_id: UUID, id: UUID, *, progress: Progress | None = None
) -> None:
    """Carries out what is left of a job, unless somebody else does; `progress` is told calls seen.

    What cannot be right (figures that moved, a fault) ends it as FAILED, as long as it has posted
    nothing. From then on it is only ever finished: a fault is raised, and somebody takes it over.
    """
    worker = uuid7()
    row = await database.retry(
        lambda connection: connection.fetchrow(
            sql("repricing_claim"), organization_id, id, worker, ABANDONED_SECONDS
        )
    )
    if row is None:
        return
    job = Job._make(row)
    try:
        async with database.connection() as connection:
            book = await load_price_book_at(connection, organization_id, job.prices_at)
        if not job.is_compared:
            await _compare_pages(database, job, worker, book, progress)
        seen: int | None = 0
        while seen is not None:
            seen = await database.retry(lambda connection: _step(connection, job, worker, book))
            if progress is not None:
                progress(seen or 0)
    except _LostError:
        return
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
        raise
    except Exception as error:
        fault = error
        if await database.retry(lambda connection: _fail(connection, job, worker, fault)):
            return
        raise


async def _compare_pages(
    database: Database, job: Job, worker: UUID, book: PriceBook, progress: Progress | None
) -> None:
    """Goes through everything without posting, and permits posting if it comes to the same."""
    lines: dict[tuple[str | None, str], Line] = {}
    place: Place | None = None
    while True:

        async def page(
            connection: asyncpg.Connection, place: Place | None = place
        ) -> tuple[int, list[Line], Place | None]:
            held = await _hold(connection, job, worker)
            rows, following = await read_page(connection, held, place)
            found = sum_up(await find_changes(connection, held, book, rows))
            advance = (len(rows), False, None, None, None)
            await connection.execute(sql("repricing_advance"), *job.key, *advance)
            return len(rows), found, following

        seen, found, place = await database.retry(page)
        for line in found:
            key = (line.provider, line.model)
            lines[key] = add_line(lines[key], line) if key in lines else line
        if progress is not None:
            progress(seen)
        if place is None:
            break

    async def permit(connection: asyncpg.Connection) -> None:
        await _hold(connection, job, worker)
        await _compare(connection, job, list(lines.values()))
        await connection.execute(sql("repricing_advance"), *job.key, 0, True, None, None, None)

    await database.retry(permit)


async def _step(
    connection: asyncpg.Connection, job: Job, worker: UUID, book: PriceBook
) -> int | None:
    """One page, and the place behind it. The calls it saw; None when it was the last."""
    held = await _hold(connection, job, worker)
    rows, place = await read_page(connection, held, held.place)
    changes = await find_changes(connection, held, book, rows)
    if not held.is_dry_run:
        await post_changes(connection, held.organization_id, changes)
    await add_lines(connection, held, sum_up(changes))
    if place is None:
        now = datetime.now(UTC)
        await connection.execute(sql("repricing_finish"), *job.key, DONE, None, now, len(rows))
        return None
    await connection.execute(sql("repricing_advance"), *job.key, len(rows), True, *place)
    return len(rows)


async def _hold(connection: asyncpg.Connection, job: Job, worker: UUID) -> Job:
    row = await connection.fetchrow(sql("repricing_hold"), *job.key, worker)
    if row is None:
        raise _LostError
    return Job._make(row)


async def _fail(connection: asyncpg.Connection, job: Job, worker: UUID, error: Exception) -> bool:
    """Ends a job that has posted nothing. Whether that is said by the job alone."""
    try:
        held = await _hold(connection, job, worker)
    except _LostError:
        return False
    if held.is_compared and not held.is_dry_run:
        return False
    is_moved = isinstance(error, MovedError)
    reason = MOVED if is_moved else type(error).__name__
    now = datetime.now(UTC)
    await connection.execute(sql("repricing_finish"), *job.key, FAILED, reason, now, 0)
    return is_moved


async def _compare(connection: asyncpg.Connection, job: Job, lines: Sequence[Line]) -> None:
    if job.after_id is None:
        return
    shown = await load_lines(connection, job.organization_id, [job.after_id])
    if set(shown[job.after_id]) != set(lines):
        raise MovedError


async def find_abandoned(connection: asyncpg.Connection) -> list[tuple[UUID, UUID]]:
    """Organization and id of every job whose worker has shown no sign of life for long."""
    rows = await connection.fetch(sql("repricing_abandoned"), ABANDONED_SECONDS)
    return [(row["organization_id"], row["id"]) for row in rows]
