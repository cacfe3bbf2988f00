"""Admission of all requests that wait together, in one transaction: locked, decided, held.

Locks go in the order of the design: new runs; the windows of caps, leaf to root; the organization's
credits. Holds that are due are ended first, in a transaction before, so that nothing is denied for
money that nobody holds any more. A key is granted once, whatever process it is sent to; the same
key and content answers the same open reservation, and a denial is not remembered. Refused: checking
who may spend on a project (doors).
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg

from models.admission import (
    GREATEST_AMOUNT,
    Answer,
    Ask,
    CallEstimate,
    CreditRoom,
    Granted,
    Hold,
    Rejected,
    Room,
    SpendRequest,
    check,
    content_hash,
    decide,
    denial,
    most_expensive,
)
from models.cap_rule import Applying, CapRule, Credits, load_applying
from models.cap_window import LIFE, Window
from models.credit_balance import add_held, exact, lock_balance
from models.db import Database, sql
from models.errors import ConflictError, UserError
from models.gate import enter
from models.hold import EXPIRED_AT_ONCE, expire_due
from models.ids import uuid7
from models.ledger import Ledger
from models.local_time import TimeZones
from models.money import plain
from models.period import Calendar
from models.price import PriceBook
from models.run_store import make_runs
from models.said import RunKey

_RACE_COUNT = 10
_ATTEMPTS_A_SECOND = 100


class _RacedError(Exception):
    """Another writer took a key first; nothing of this batch was kept."""


class _DueError(Exception):
    """Holds are due; nothing was done."""


class _UnbegunError(Exception):
    """Caps have no windows yet: `columns` of `cap_window_insert.sql`. Nothing was kept."""

    def __init__(self, *columns: Sequence[Any]) -> None:
        super().__init__()
        self.columns = columns


@dataclass(slots=True)
class _Asked:
    """A request with what the organization says about it. `answer` once there is one."""

    request: SpendRequest
    digest: bytes = b""
    answer: Answer | None = None
    workspace_id: UUID | None = None
    run_id: UUID | None = None
    job_id: UUID | None = None
    ask: Ask | None = None
    reservation_id: UUID | None = None

    @property
    def run(self) -> RunKey | None:
        """The run's name."""
        key = self.request.run_key
        return RunKey(self.request.project_id, key) if key is not None else None

    def reject(self, code: str, message: str, *path: str) -> None:
        """Answers with one thing to put right, unless there is an answer."""
        if self.answer is None:
            self.answer = Rejected((UserError(code, message, path),))


class Admission:
    """Reserves for any organization."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def database(self) -> Database:
        """Where it reserves."""
        return self._ledger.database

    async def reserve(
        self, organization_id: UUID, requests: Sequence[SpendRequest]
    ) -> list[Answer]:
        """Answers each request, in order of arrival; holds nothing when asyncpg raises."""
        looks_for_due = True
        for attempt in range(_RACE_COUNT):
            try:
                return await self.database.retry(
                    partial(
                        self._reserve,
                        organization_id=organization_id,
                        requests=requests,
                        looks_for_due=looks_for_due,
                    )
                )
            except _DueError:
                looks_for_due = False
                await expire_all(self.database, organization_id)
            except _UnbegunError as unbegun:
                await self._begin(organization_id, unbegun)
            except _RacedError:
                await asyncio.sleep(attempt / _ATTEMPTS_A_SECOND)
        raise ConflictError("The same keys are being reserved by too many callers; send again.")

    async def _begin(self, organization_id: UUID, unbegun: _UnbegunError) -> None:
        """Begins windows by themselves: under the locks on wider ones it would be out of order."""

        async def work(connection: asyncpg.Connection) -> None:
            await enter(connection, organization_id)
            await connection.execute(sql("cap_window_insert"), organization_id, *unbegun.columns)

        await self.database.retry(work)

    async def _reserve(
        self,
        connection: asyncpg.Connection,
        *,
        organization_id: UUID,
        requests: Sequence[SpendRequest],
        looks_for_due: bool,
    ) -> list[Answer]:
        asked = [_Asked(request) for request in requests]
        for each in asked:
            if errors := check(each.request):
                each.answer = Rejected(tuple(errors))
            else:
                each.digest = content_hash(each.request)
        sound = [each for each in asked if each.answer is None]
        if not sound:
            return [each.answer for each in asked if each.answer is not None]
        context = await _look_up(connection, organization_id, sound)
        if looks_for_due and context["has_due"]:
            raise _DueError
        opened = [each for each in sound if each.answer is None]
        if opened:
            await self._admit(connection, organization_id, opened, context)
        return [each.answer for each in asked if each.answer is not None]

    async def _admit(
        self,
        connection: asyncpg.Connection,
        organization_id: UUID,
        opened: Sequence[_Asked],
        context: asyncpg.Record,
    ) -> None:
        """Decides about requests that nothing is wrong with, and holds what is granted."""
        now: datetime = context["now"]
        zones = TimeZones(context["zone_starts"], context["zone_names"])
        await _make_runs(connection, organization_id, opened, now)
        applying = await _load_applying(connection, organization_id, opened)
        book = await self._ledger.price_book(connection, organization_id, context["has_prices"])
        rooms = await _lock_rooms(
            connection, organization_id, _rules(opened, organization_id, applying), applying,
            zones.day(now).date,
        )  # fmt: skip
        credits = None
        if context["pays_in_credits"]:
            credits = await _lock_credits(connection, organization_id, now)
        if credits is not None:
            # Credits have a rate also where no cap has told it.
            applying.credits = credits.rate
        first: dict[str, _Asked] = {}
        deciding: list[_Asked] = []
        for each in opened:
            if each.request.key in first:
                continue
            _price(each, organization_id, applying, rooms, book, now)
            if each.ask is not None:
                first[each.request.key] = each
                deciding.append(each)
        granted = _answer(deciding, credits, Calendar(zones, now))
        await _hold(connection, organization_id, granted, rooms, credits, now)
        await self._answer_again(connection, organization_id, opened, first)

    async def _answer_again(
        self,
        connection: asyncpg.Connection,
        organization_id: UUID,
        opened: Sequence[_Asked],
        first: Mapping[str, _Asked],
    ) -> None:
        """Requests that bear the key of one before them: the same content is answered alike."""
        for each in opened:
            if each.answer is None:
                before = first[each.request.key]
                if before.digest == each.digest:
                    each.answer = before.answer
                else:
                    _conflict(each)


def _conflict(each: _Asked) -> None:
    message = f"Key {each.request.key!r} was used before for another reservation."
    each.reject("CONFLICT", message, "key")


async def expire_all(database: Database, organization_id: UUID) -> int:
    """Ends every reservation of an organization that is due, some at a time; tells how many.

    What somebody else is ending has ended then as well.
    """
    count = 0
    while True:
        ended = await database.retry(lambda connection: expire_due(connection, organization_id))
        count += ended
        if ended < EXPIRED_AT_ONCE:
            return count


async def _look_up(
    connection: asyncpg.Connection, organization_id: UUID, sound: Sequence[_Asked]
) -> asyncpg.Record:
    """Finds everything that requests name, and answers those that name what is not there."""
    requests = [each.request for each in sound]
    [row] = await connection.fetch(
        sql("admission_context"),
        organization_id,
        [request.key for request in requests],
        [request.project_id for request in requests],
        [request.run_key for request in requests],
        [request.job_key for request in requests],
        [request.api_key_id for request in requests],
        [request.user_id for request in requests],
    )
    if not row["zone_names"]:
        raise LookupError(f"organization {organization_id} does not exist")
    for place, each in enumerate(sound):
        request = each.request
        each.workspace_id = row["workspace_ids"][place]
        each.run_id, each.job_id = row["run_ids"][place], row["job_ids"][place]
        if each.workspace_id is None:
            each.reject("NOT_FOUND", "There is no such project.", "projectId")
        if request.api_key_id is not None and row["api_key_ids"][place] is None:
            each.reject("NOT_FOUND", "There is no such API key.", "apiKeyId")
        if request.user_id is not None and row["user_ids"][place] is None:
            each.reject("NOT_FOUND", "There is no such user.", "userId")
        if request.job_key is not None and each.job_id is None:
            message = "There is no such job in the run; record it first."
            each.reject("NOT_FOUND", message, "jobKey")
        if (reservation_id := row["reservation_ids"][place]) is not None and each.answer is None:
            if row["content_hashes"][place] != each.digest:
                _conflict(each)
            elif row["are_open"][place]:
                each.answer = Granted(reservation_id)
            else:
                message = f"Reservation {request.key!r} has ended; take another key."
                each.reject("RESERVATION_ENDED", message, "key")
    return row


async def _make_runs(
    connection: asyncpg.Connection,
    organization_id: UUID,
    opened: Sequence[_Asked],
    now: datetime,
) -> None:
    """Runs that are named for the first time; what spends in them finds them."""
    missing = {
        each.run: each.workspace_id
        for each in opened
        if each.run_id is None and each.run is not None and each.workspace_id is not None
    }
    if not missing:
        return
    made = await make_runs(connection, organization_id, list(missing), list(missing.values()), now)
    for each in opened:
        if each.run is not None and each.run_id is None:
            each.run_id = made[each.run]


async def _load_applying(
    connection: asyncpg.Connection, organization_id: UUID, opened: Sequence[_Asked]
) -> Applying:
    others = {
        id
        for each in opened
        for id in (each.request.api_key_id, each.request.user_id, each.request.project_id)
        if id is not None
    }
    return await load_applying(
        connection,
        organization_id,
        run_ids={each.run_id for each in opened if each.run_id is not None},
        workspace_ids={each.workspace_id for each in opened if each.workspace_id is not None},
        other_ids=others,
    )


def _leaves(each: _Asked, organization_id: UUID) -> tuple[UUID | None, ...]:
    request = each.request
    return (
        each.run_id,
        request.api_key_id,
        request.user_id,
        request.project_id,
        each.workspace_id,
        organization_id,
    )


def _rules(opened: Sequence[_Asked], organization_id: UUID, applying: Applying) -> list[CapRule]:
    """Every cap that applies to any request, in the order of locks."""
    named = {leaf for each in opened for leaf in _leaves(each, organization_id)}
    found = {rule.id: rule for rule in applying.to(named)}
    return sorted(found.values(), key=lambda rule: rule.place)


async def _lock_rooms(
    connection: asyncpg.Connection,
    organization_id: UUID,
    rules: Sequence[CapRule],
    applying: Applying,
    day: date,
) -> dict[UUID, Room]:
    """The running window of each cap, locked in order; raises _UnbegunError where one has none."""
    windows = {rule.id: applying.window(rule, day) for rule in rules}
    wanted = (list(windows), [window.first for window in windows.values()])
    if not rules:
        return {}
    rows = await connection.fetch(sql("cap_window_lock"), organization_id, *wanted)
    if len(rows) < len(rules):
        raise _UnbegunError(*wanted, [window.last for window in windows.values()])
    standing = {row["cap_id"]: row for row in rows}
    return {
        rule.id: Room(rule, windows[rule.id], standing[rule.id]["spent"], standing[rule.id]["held"])
        for rule in rules
    }


async def _lock_credits(
    connection: asyncpg.Connection, organization_id: UUID, now: datetime
) -> CreditRoom | None:
    balance = await lock_balance(connection, organization_id, now)
    if balance is None:
        return None
    with exact():
        return CreditRoom(
            allotted=balance.monthly_granted + balance.bonus_granted,
            used=balance.monthly_used + balance.bonus_used,
            held=balance.held,
            resets_at=balance.cycle_end,
            rate=Credits(balance.credits_per_dollar, balance.credits_from),
        )


def _price(
    each: _Asked,
    organization_id: UUID,
    applying: Applying,
    rooms: Mapping[UUID, Room],
    book: PriceBook,
    now: datetime,
) -> None:
    """Makes the ask of a request; answers one whose price is out of all bounds."""
    dollars, call = each.request.amount, each.request.call
    rules = applying.to(_leaves(each, organization_id))
    if call is not None:
        rate = book.resolve(call.provider, call.model, now, input_tokens=call.input_tokens)
        dollars = most_expensive(rate, call) if rate is not None else None
        taken = [dollars] if dollars is not None else _assumed(rules, call)
        if any(cost > GREATEST_AMOUNT for cost in taken):
            message = f"The call may cost more than {plain(GREATEST_AMOUNT)} dollars."
            each.reject("OUT_OF_RANGE", message, "call", "inputTokens")
            return
    within = [rooms[rule.id] for rule in rules]
    each.ask = Ask(each.request, dollars, within, applying.credits, now)


def _assumed(rules: Iterable[CapRule], call: CallEstimate) -> list[Decimal]:
    """What caps take a call without a known price to cost, in dollars."""
    return [
        rule.assumed_cost(call.input_tokens, call.max_output_tokens)
        for rule in rules
        if rule.assumes
    ]


def _answer(
    deciding: Sequence[_Asked], credits: CreditRoom | None, calendar: Calendar
) -> list[tuple[_Asked, Hold]]:
    """Answers every request that is decided, and tells which hold what."""

    def end(window: Window) -> datetime | None:
        return None if window == LIFE else calendar.days(*window).end

    granted: list[tuple[_Asked, Hold]] = []
    asks = [each.ask for each in deciding if each.ask is not None]
    for each, ask, verdict in zip(deciding, asks, decide(asks, credits), strict=True):
        if verdict.hold is None:
            each.answer = denial(ask, verdict, credits, end)
        else:
            each.reservation_id = uuid7()
            each.answer = Granted(each.reservation_id, verdict.hold.warnings)
            granted.append((each, verdict.hold))
    return granted


async def _hold(
    connection: asyncpg.Connection,
    organization_id: UUID,
    granted: Sequence[tuple[_Asked, Hold]],
    rooms: Mapping[UUID, Room],
    credits: CreditRoom | None,
    now: datetime,
) -> None:
    """Writes what is granted."""
    if not granted:
        return
    added = [room for room in rooms.values() if room.added]
    reservations = zip(*(_row(each, hold) for each, hold in granted), strict=True)
    holds = [
        (each.reservation_id, room.rule.id, room.window.first, amount)
        for each, hold in granted
        for room, amount in hold.under
    ]
    made = await connection.fetchval(
        sql("reservation_insert"),
        organization_id,
        now,
        [room.rule.id for room in added],
        [room.window.first for room in added],
        [room.added for room in added],
        *reservations,
        *(zip(*holds, strict=True) if holds else [[]] * 4),
    )
    if made < len(granted):
        raise _RacedError
    if credits is not None and credits.added:
        await add_held(connection, organization_id, credits.added)


def _row(each: _Asked, hold: Hold) -> tuple[Any, ...]:
    """A reservation in the order of `reservation_insert.sql`."""
    request, call = each.request, each.request.call
    return (
        each.reservation_id,
        request.key,
        each.digest,
        request.project_id,
        each.run_id,
        each.job_id,
        request.api_key_id,
        request.user_id,
        call.provider if call is not None else None,
        call.model if call is not None else None,
        hold.dollars,
        hold.credits,
        hold.is_unpriced,
        request.ttl_seconds,
    )
