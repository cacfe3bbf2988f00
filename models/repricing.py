"""Recalculating past entries at the prices known now: begun, rehearsed, followed up.

A rehearsal (dry run) shows what would change. The run that follows it posts just that, or nothing:
it goes through the calls once more and posts only if they still come to the same. Short ones are
done within the caller's transaction, so they are exact whatever happens beside them; long ones go
on page by page (`repricing_run.py`), and a call that grows while they run is moved as it stands
then. What had no price can be given one without a rehearsal. ADMIN of the organization.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.audit import record_act
from models.db import Database, sql
from models.errors import NotFoundError, UserError, UserErrors
from models.ids import uuid7
from models.local_time import load_time_zones
from models.price import load_price_book_at
from models.repricing_page import Line, load_job, load_lines
from models.repricing_run import DONE, RUNNING, MovedError, run_at_once

SHORT_CALLS = 5000
"""Up to this many calls a recalculation is done while its caller waits."""
_TIMEOUT_SECONDS = 60
_MARGIN = timedelta(days=2)
"""No local day begins or ends further than this from the same day in UTC."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: by when they were made (half-open), and by their models' names (None: all)."""

    start: datetime
    end: datetime
    models: tuple[str, ...] | None = None
    only_unpriced: bool = False


@dataclass(frozen=True, slots=True)
class Repricing:
    """A recalculation and what it came to so far."""

    organization_id: UUID
    id: UUID
    is_dry_run: bool
    status: str
    range_start: datetime
    range_end: datetime
    calls_to_see: int
    calls_seen: int
    started_at: datetime
    finished_at: datetime | None
    failure: str | None
    lines: Sequence[Line]

    @property
    def difference(self) -> Decimal:
        """What totals move by."""
        return sum((line.difference for line in self.lines), Decimal(0))

    @property
    def is_running(self) -> bool:
        """Whether it is not over."""
        return self.status == RUNNING

    @property
    def progress_pct(self) -> float:
        """Calls looked at of those to look at; 100 only once it is done."""
        if self.status == DONE:
            return 100.0
        return min(99.0, self.calls_seen / max(self.calls_to_see, 1) * 100)


class _NothingError(Exception):
    """There is nothing to post; no trace of the attempt is kept."""


async def rehearse(database: Database, scope: Scope, wanted: Wanted) -> Repricing:
    """Begins a dry run, and ends it if it is short."""
    scope.require_organization(Role.ADMIN)
    id = await database.retry(
        lambda connection: _begin(connection, scope, wanted, is_dry_run=True),
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    return await load_repricing(database, scope, id)


async def post_rehearsed(
    database: Database, scope: Scope, wanted: Wanted, after_id: UUID
) -> Repricing:
    """Begins the run that follows a dry run, and ends it if it is short.

    Asked again it answers the first run. Raises UserErrors with STALE when the dry run was about
    something else or is not over, when another run is not over, or when the figures have moved
    (a long run finds that later, and ends as FAILED with nothing posted).
    """
    scope.require_organization(Role.ADMIN)

    async def work(connection: asyncpg.Connection) -> UUID:
        key = (scope.organization_id, after_id)
        await connection.execute(sql("organization_lock"), scope.organization_id)
        found: UUID | None = await connection.fetchval(sql("repricing_follower"), *key)
        if found is not None:
            return found
        shown = await _rehearsed(connection, scope, wanted, after_id)
        return await _begin(connection, scope, shown, after_id=after_id)

    try:
        id = await database.retry(work, timeout_seconds=_TIMEOUT_SECONDS)
    except MovedError as error:
        raise _stale("The figures have moved since the dry run; make a new one.") from error
    return await load_repricing(database, scope, id)


async def price_unpriced(database: Database, scope: Scope) -> Repricing | None:
    """Posts what ever had no price and has one now; None when there is no such call."""
    scope.require_organization(Role.ADMIN)

    async def work(connection: asyncpg.Connection) -> UUID:
        return await _begin(connection, scope, await _priceable(connection, scope))

    try:
        id = await database.retry(work, timeout_seconds=_TIMEOUT_SECONDS)
    except _NothingError:
        return None
    return await load_repricing(database, scope, id)


async def load_repricing(database: Database, scope: Scope, id: UUID) -> Repricing:
    """A recalculation as it stands; raises NotFoundError."""
    async with database.connection() as connection:
        [found] = await load_repricings(connection, scope, [id])
    if found is None:
        raise NotFoundError("There is no such repricing.")
    return found


async def load_repricings(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[Repricing | None]:
    """Recalculations of the organization. For who is not ADMIN of it there are none."""
    if not scope.sees_figures:
        return [None] * len(ids)
    # The state first, then the lines: what is told as DONE has all of them.
    rows = await connection.fetch(sql("repricing_show"), scope.organization_id, list(ids))
    lines = await load_lines(connection, scope.organization_id, ids)
    found = {row["id"]: Repricing(**dict(row), lines=lines[row["id"]]) for row in rows}
    return [found.get(id) for id in ids]


async def _rehearsed(
    connection: asyncpg.Connection, scope: Scope, wanted: Wanted, after_id: UUID
) -> Wanted:
    """What a dry run was about, if that is wanted now. A range whose end moves may end later."""
    dry = await load_job(connection, scope.organization_id, after_id)
    if dry is None:
        raise NotFoundError("There is no such repricing.")
    if not dry.is_dry_run or dry.status != DONE:
        raise _stale("afterDryRunId is not a dry run that is done; look at one first.")
    names = None if dry.names is None else tuple(dry.names)
    shown = Wanted(dry.range_start, dry.range_end, names, dry.only_unpriced)
    asked = Wanted(wanted.start, dry.range_end, _in_order(wanted.models), wanted.only_unpriced)
    if shown != asked or wanted.end < dry.range_end:
        raise _stale("range and models are not those of the dry run; make a new one.")
    if await connection.fetchval(sql("repricing_is_running"), scope.organization_id):
        raise _stale("Another repricing is being posted; make a new dry run after it.")
    return shown


async def _priceable(connection: asyncpg.Connection, scope: Scope) -> Wanted:
    """The models that lacked a price and have one now; raises _NothingError without any."""
    rows = await connection.fetch(sql("unpriced_names"), scope.organization_id)
    if not rows:
        raise _NothingError
    book = await load_price_book_at(
        connection, scope.organization_id, await _prices_at(connection, scope)
    )
    found = [
        row
        for row in rows
        if book.resolve(row["provider"], row["model"], _utc(row["last_date"]), input_tokens=0)
    ]
    if not found:
        raise _NothingError
    return Wanted(
        _utc(min(row["first_date"] for row in found)) - 2 * _MARGIN,
        _utc(max(row["last_date"] for row in found)),
        tuple(row["model"] for row in found),
        only_unpriced=True,
    )


def _utc(day: date) -> datetime:
    """An instant after all of a local day."""
    return datetime.combine(day, time(), UTC) + _MARGIN


async def _begin(
    connection: asyncpg.Connection,
    scope: Scope,
    wanted: Wanted,
    *,
    is_dry_run: bool = False,
    after_id: UUID | None = None,
) -> UUID:
    id, names = uuid7(), _in_order(wanted.models)
    zones = await load_time_zones(connection, scope.organization_id)
    first, last = (zones.day(instant).date for instant in (wanted.start, wanted.end))
    calls = await connection.fetchval(
        sql("repricing_estimate"), scope.organization_id, first, last, names, wanted.only_unpriced
    )
    is_short, is_compared = calls <= SHORT_CALLS, after_id is None
    await connection.execute(
        sql("repricing_insert"),
        scope.organization_id,
        id,
        is_dry_run,
        after_id,
        wanted.only_unpriced,
        None if names is None else json.dumps(names),
        wanted.start,
        wanted.end,
        await _prices_at(connection, scope),
        is_compared,
        calls if is_short or is_compared else 2 * calls,
        datetime.now(UTC),
    )
    if not is_dry_run:
        await _audit(connection, scope, id, wanted, after_id)
    if is_short:
        job = await load_job(connection, scope.organization_id, id)
        assert job is not None  # noqa: S101 - inserted above
        lines = await run_at_once(connection, job)
        if wanted.only_unpriced and not lines:
            raise _NothingError
    return id


async def _prices_at(connection: asyncpg.Connection, scope: Scope) -> datetime:
    now = datetime.now(UTC)
    found: datetime = await connection.fetchval(sql("price_known_at"), scope.organization_id, now)
    return found


async def _audit(
    connection: asyncpg.Connection,
    scope: Scope,
    id: UUID,
    wanted: Wanted,
    after_id: UUID | None,
) -> None:
    new = {
        "from": wanted.start,
        "to": wanted.end,
        "models": wanted.models,
        "onlyUnpriced": wanted.only_unpriced,
        "afterDryRunId": after_id,
    }
    await record_act(connection, scope, "usage.reprice", ("repricing", id), new=new)


def _in_order(models: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if models is None else tuple(sorted(set(models)))


def _stale(message: str) -> UserErrors:
    return UserErrors([UserError("STALE", message, ("afterDryRunId",))])
