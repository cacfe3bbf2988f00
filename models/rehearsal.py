"""What a cap would have done to the past: the ledger replayed against a limit, call by call.

Calls go in the order in which they were made. One is blocked when what was spent in its period and
its own cost together exceed the limit; what is blocked is not spent, so that a cheaper call after
it may pass. Parts of one call, corrections included, are one call. Calls without a price are left
out and counted. Counting begins with the range: what was spent in a period before it is not looked
at.

Rollups tell which periods come to more than the limit. Only those are read from the ledger, by a
cursor, so that memory does not grow with the past. Refused: who may not administer the thing, and
credits where the organization pays in dollars.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models import directory, pipeline
from models.access import Role, Scope, locate_project, locate_workspace
from models.billing_cycle import BillingCycles, load_cycles
from models.db import Database, sql
from models.errors import BadInputError, NotFoundError, UnavailableError
from models.level import Level
from models.money import DECIMALS, ZERO, decimals, plain
from models.period import Calendar, Period

GREATEST_LIMIT = Decimal(1_000_000_000)
MOST_STRIKES = 400
SECONDS = 9
"""How long one may take: a little less than a request may."""
_PAGE_CALLS = 2000
# Sums of many amounts of up to 18 decimals: Python's default of 28 digits would round them.
_DIGITS = 60

PeriodAt = Callable[[datetime], Period]
Span = tuple[datetime, datetime]


class Wanted(NamedTuple):
    """The cap to rehearse, in the public schema's words; `start` to `end` is replayed."""

    scope: str
    target_id: UUID
    period: str
    limit: Decimal
    unit: str
    start: datetime
    end: datetime


@dataclass(slots=True)
class CapStrike:
    """A period in which the cap would have struck, first at `struck_at`, and what it blocked."""

    period: Period
    struck_at: datetime
    blocked_calls: int = 0
    blocked_amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class CapRehearsal:
    """What the cap would have done: all of it summed, and its first strikes."""

    period: Period
    unit: str
    blocked_calls: int
    blocked_amount: Decimal
    unpriced_transactions: int
    strikes: Sequence[CapStrike]


class Replay:
    """Calls, given in the order in which they were made, against a limit."""

    def __init__(self, limit: Decimal, period_at: PeriodAt) -> None:
        self._limit = limit
        self._period_at = period_at
        self._period: Period | None = None
        self._strike: CapStrike | None = None
        self._spent = ZERO
        self.strikes: list[CapStrike] = []
        self.blocked_calls = 0
        self.blocked_amount = ZERO

    def call(self, at: datetime, amount: Decimal) -> None:
        """Lets a call pass, or blocks it."""
        if self._period is None or at >= self._period.end:
            self._period, self._strike, self._spent = self._period_at(at), None, ZERO
        spent = self._spent + amount
        if spent <= self._limit:
            self._spent = spent
            return
        self.blocked_calls += 1
        self.blocked_amount += amount
        if self._strike is None:
            self._strike = CapStrike(self._period, at)
            if len(self.strikes) < MOST_STRIKES:
                self.strikes.append(self._strike)
        self._strike.blocked_calls += 1
        self._strike.blocked_amount += amount


@dataclass(frozen=True, slots=True)
class _Reach:
    """Whose calls: of these projects (None: wherever it was), and of runs, a key, a person."""

    project_ids: Sequence[UUID] | None = None
    run_ids: Sequence[UUID] | None = None
    api_key_id: UUID | None = None
    user_id: UUID | None = None

    @property
    def days(self) -> tuple[str, object]:
        """The statement that sums it by day, and what that asks about."""
        if self.api_key_id is not None:
            return "rehearsal_key_days", self.api_key_id
        if self.user_id is not None:
            return "rehearsal_user_days", self.user_id
        return "rehearsal_project_days", self.project_ids

    @property
    def dimensions(self) -> tuple[Sequence[UUID] | None, UUID | None, UUID | None]:
        """What statements narrow calls by."""
        return self.run_ids, self.api_key_id, self.user_id


async def rehearse(
    database: Database, scope: Scope, wanted: Wanted, *, now: datetime
) -> CapRehearsal:
    """What a cap would have done. ADMIN of the thing that it limits."""
    _check(wanted)

    async def replay(connection: asyncpg.Connection) -> CapRehearsal:
        reach = await _REACH[wanted.scope](connection, scope, wanted.target_id)
        per_dollar = await _per_dollar(connection, scope, wanted.unit)
        cycles = await load_cycles(connection, scope.organization_id)
        calendar = Calendar(cycles.zones, now)
        asked = _Asked(
            connection, scope.organization_id, calendar, cycles, wanted, reach, per_dollar
        )
        with localcontext(prec=_DIGITS):
            return await asked.answer()

    try:
        return await database.retry(replay, timeout_seconds=SECONDS)
    except asyncpg.QueryCanceledError:
        message = f"The rehearsal takes longer than {SECONDS} s; one of a shorter range may not."
        raise UnavailableError(message) from None


def _check(wanted: Wanted) -> None:
    limit = wanted.limit
    if not 0 <= limit <= GREATEST_LIMIT:
        message = f"limit is {_shown(limit)}; 0 to {plain(GREATEST_LIMIT)} is expected."
        raise BadInputError(message, field=("input", "limit"))
    if decimals(limit) > DECIMALS:
        message = f"limit has {decimals(limit)} decimals; at most {DECIMALS} are kept."
        raise BadInputError(message, field=("input", "limit"))
    if wanted.period == "RUN" and wanted.scope != "RUN":
        message = f"period is RUN; it goes with scope RUN only, and scope is {wanted.scope}."
        raise BadInputError(message, field=("input", "period"))


def _shown(limit: Decimal) -> str:
    text = plain(limit)
    return text if len(text) <= 40 else f"{text[:40]}..."


async def _per_dollar(connection: asyncpg.Connection, scope: Scope, unit: str) -> Decimal:
    """What a dollar is in the unit."""
    if unit == "DOLLARS":
        return Decimal(1)
    rate: Decimal | None = await connection.fetchval(
        sql("rehearsal_credits_per_dollar"), scope.organization_id
    )
    if rate is None:
        message = "unit is CREDITS; DOLLARS is expected, in which the organization pays."
        raise BadInputError(message, field=("input", "unit"))
    return rate


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rehearsal under way."""

    connection: asyncpg.Connection
    organization_id: UUID
    calendar: Calendar
    cycles: BillingCycles
    wanted: Wanted
    reach: _Reach
    per_dollar: Decimal

    async def answer(self) -> CapRehearsal:
        replay = Replay(self.wanted.limit, self._period_at)
        if self.reach.run_ids is not None:
            await self._feed(replay, self.reach.project_ids, await self._months_of_runs())
        else:
            await self._feed(replay, *await self._periods_over())
        for strike in replay.strikes:
            strike.blocked_amount = round(strike.blocked_amount, DECIMALS)
        return CapRehearsal(
            period=self.calendar.between(self.wanted.start, self.wanted.end),
            unit=self.wanted.unit,
            blocked_calls=replay.blocked_calls,
            blocked_amount=round(replay.blocked_amount, DECIMALS),
            unpriced_transactions=await self._unpriced(),
            strikes=replay.strikes,
        )

    def _period_at(self, at: datetime) -> Period:
        calendar, day = self.calendar, self.calendar.local_date(at)
        match self.wanted.period:
            case "DAY":
                return calendar.day(day)
            case "MONTH":
                return calendar.month(day.replace(day=1))
            case "BILLING_CYCLE":
                return self.cycles.at(at, calendar.now)
            case _:
                return calendar.between(self.wanted.start, self.wanted.end)

    async def _periods_over(self) -> tuple[Sequence[UUID], list[Span]]:
        """The projects to look at, and the periods that come to more than the limit.

        Periods that the range cuts are summed as a whole: they may be over, the ledger tells.
        """
        name, subject = self.reach.days
        days = [self.calendar.local_date(at) for at in (self.wanted.start, self.wanted.end)]
        rows = await self.connection.fetch(sql(name), self.organization_id, subject, *days)
        costs: dict[date, Decimal] = {row["local_date"]: row["cost"] for row in rows}

        def period_of(day: date) -> Period:
            return self._period_at(self.calendar.day_start(day))

        over = [
            period
            for period, days_of_it in groupby(costs, period_of)
            if sum(costs[day] for day in days_of_it) * self.per_dollar > self.wanted.limit
        ]
        projects = self.reach.project_ids
        if projects is None:
            projects = list({id for row in rows for id in row["project_ids"]})
        return projects, self._clipped(over)

    async def _months_of_runs(self) -> list[Span]:
        """Runs are summed by the month only: all months in which they spent are looked at."""
        rows = await self.connection.fetch(
            sql("rehearsal_run_months"), self.organization_id, self.reach.run_ids
        )
        return self._clipped([self.calendar.month(row["month"]) for row in rows])

    def _clipped(self, periods: Sequence[Period]) -> list[Span]:
        """The stretches of the range that the periods cover; those that touch are one."""
        spans: list[Span] = []
        for period in periods:
            start = max(period.start, self.wanted.start)
            end = min(period.end, self.wanted.end)
            if start >= end:
                continue
            if spans and spans[-1][1] == start:
                start = spans.pop()[0]
            spans.append((start, end))
        return spans

    async def _feed(
        self, replay: Replay, project_ids: Sequence[UUID] | None, spans: Sequence[Span]
    ) -> None:
        if not spans:
            return
        cursor = await self.connection.cursor(
            sql("rehearsal_calls"),
            self.organization_id,
            project_ids,
            *map(list, zip(*spans, strict=True)),
            *self.reach.dimensions,
            self.per_dollar,
        )
        while calls := await cursor.fetch(_PAGE_CALLS):
            for at, amount in calls:
                replay.call(at, amount)

    async def _unpriced(self) -> int:
        count: int = await self.connection.fetchval(
            sql("rehearsal_unpriced"),
            self.organization_id,
            self.wanted.start,
            self.wanted.end,
            None if self.wanted.scope == "ORGANIZATION" else self.reach.project_ids,
            *self.reach.dimensions,
        )
        return count


# ---- whose calls


async def _of_organization(connection: asyncpg.Connection, scope: Scope, id: UUID) -> _Reach:
    if id != scope.organization_id:
        raise NotFoundError("There is no such organization.")
    scope.require_organization(Role.ADMIN)
    return _Reach(await _projects(connection, scope))


async def _of_group(connection: asyncpg.Connection, scope: Scope, id: UUID) -> _Reach:
    [group] = await directory.load_workspace_groups(connection, scope, [id])
    if group is None:
        raise NotFoundError("There is no such workspace group.")
    scope.require_organization(Role.ADMIN)
    return _Reach(await _projects(connection, scope, group_id=id))


async def _of_workspace(connection: asyncpg.Connection, scope: Scope, id: UUID) -> _Reach:
    await locate_workspace(connection, scope, id, Role.ADMIN)
    return _Reach(await _projects(connection, scope, workspace_id=id))


async def _of_project(connection: asyncpg.Connection, scope: Scope, id: UUID) -> _Reach:
    await locate_project(connection, scope, id, Role.ADMIN)
    return _Reach([id])


async def _of_run(connection: asyncpg.Connection, scope: Scope, id: UUID) -> _Reach:
    [run] = await pipeline.load_runs(connection, scope, [id])
    if run is None:
        raise NotFoundError("There is no such run.")
    await locate_project(connection, scope, run.project_id, Role.ADMIN)
    rows = await connection.fetch(
        sql("rehearsal_runs"), scope.organization_id, run.project_id, run.id
    )
    return _Reach([run.project_id], run_ids=[row["id"] for row in rows])


async def _of_key(connection: asyncpg.Connection, scope: Scope, id: UUID) -> _Reach:
    [key] = await directory.load_api_keys(connection, scope, [id])
    if key is None or (Level(key.workspace_id, key.project_id).role_of(scope) or 0) < Role.ADMIN:
        raise NotFoundError("There is no such API key.")
    return _Reach(api_key_id=id)


async def _of_user(connection: asyncpg.Connection, scope: Scope, id: UUID) -> _Reach:
    [person] = await directory.load_people(connection, scope, [id])
    if person is None or not person.is_member:
        raise NotFoundError("There is no such user.")
    scope.require_organization(Role.ADMIN)
    return _Reach(user_id=id)


_REACH = {
    "ORGANIZATION": _of_organization,
    "WORKSPACE_GROUP": _of_group,
    "WORKSPACE": _of_workspace,
    "PROJECT": _of_project,
    "RUN": _of_run,
    "API_KEY": _of_key,
    "USER": _of_user,
}


async def _projects(
    connection: asyncpg.Connection,
    scope: Scope,
    *,
    workspace_id: UUID | None = None,
    group_id: UUID | None = None,
) -> list[UUID]:
    rows = await connection.fetch(
        sql("rehearsal_projects"), scope.organization_id, workspace_id, group_id
    )
    return [row["id"] for row in rows]
