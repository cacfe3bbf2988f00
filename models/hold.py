"""Holds: locked, shrunk by what is posted under them, and ended once: settled, released, expired.

The lock on a reservation comes after runs and jobs and before the ledger's keys; what it held is
freed under the caps with the posting that ends it, in one transaction. Time is the database's
clock. Refused: making a reservation (see `admission.py`), and ending one twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.cap_posting import HeldUnder, Settlement, charge_caps, held_after
from models.credit_balance import add_held, exact
from models.db import sql
from models.errors import UserError, UserErrors
from models.event import UsageEvent, UsageOutcome, UsageStatus
from models.gate import enter
from models.money import ZERO
from models.posting import Entry, content_hash
from models.reservation import Reservation, ReservationStatus, find_reservation

LONGEST_SECONDS = 86_400
EXPIRED_AT_ONCE = 200
"""Most reservations that one transaction ends because they are due."""
OPEN = ReservationStatus.OPEN


async def lock_holds(
    connection: asyncpg.Connection, organization_id: UUID, ids: Collection[UUID]
) -> list[Settlement]:
    """Reservations, locked in order, with what they hold. One that is due has expired."""
    rows = await connection.fetch(sql("reservation_lock"), organization_id, sorted(ids))
    return await _with_holds(connection, organization_id, rows)


async def _with_holds(
    connection: asyncpg.Connection, organization_id: UUID, rows: Sequence[asyncpg.Record]
) -> list[Settlement]:
    if not rows:
        return []
    holds: defaultdict[UUID, list[HeldUnder]] = defaultdict(list)
    # A statement of its own: only its snapshot holds what others did before the lock was had.
    for hold in await connection.fetch(
        sql("reservation_holds"), organization_id, [row["id"] for row in rows]
    ):
        holds[hold["reservation_id"]].append(HeldUnder(*hold))
    return [
        Settlement(
            reservation_id=row["id"],
            status=row["status"],
            held=row["held"],
            credits_held=row["credits_held"],
            expires_at=row["expires_at"],
            seen_at=row["seen_at"],
            holds=holds[row["id"]],
        )
        for row in rows
    ]


def is_due(settled: Settlement) -> bool:
    """Whether an open reservation has run out of time."""
    return settled.status == OPEN and settled.expires_at <= settled.seen_at


async def save_settlements(
    connection: asyncpg.Connection,
    organization_id: UUID,
    settlements: Sequence[Settlement],
    costs: Mapping[UUID, Decimal] | None = None,
    *,
    ending: ReservationStatus = ReservationStatus.SETTLED,
) -> Decimal:
    """Writes down what open reservations hold after `costs` were posted, and which have ended.

    One that was due when it was locked ends as expired, whatever was meant for it. Answers the
    credits that are no longer held.
    """
    opened = [settled for settled in settlements if settled.status == OPEN]
    if not opened:
        return ZERO
    with exact():
        rows = [_row_after(settled, (costs or {}).get(settled.reservation_id, ZERO), ending)
                for settled in opened]  # fmt: skip
        caps = [
            (hold.reservation_id, hold.cap_id, held_after(hold, settled))
            for settled in opened
            for hold in settled.holds
            if hold.held
        ]
        freed = sum((settled.credits_held for settled in opened), ZERO) - sum(
            row[3] for row in rows
        )
    await connection.execute(sql("reservation_save"), organization_id, *zip(*rows, strict=True))
    if caps:
        await connection.execute(
            sql("reservation_cap_save"), organization_id, *zip(*caps, strict=True)
        )
    return freed


def _row_after(
    settled: Settlement, cost: Decimal, ending: ReservationStatus
) -> tuple[UUID, str, Decimal, Decimal, datetime | None, str | None, bytes | None]:
    if not settled.ends:
        held = settled.held - max(ZERO, min(cost, settled.held))
        # Both shrink alike, so that the quotient stays the rate at which they were held: exact.
        rate = settled.credits_held / settled.held if settled.held else ZERO
        return (settled.reservation_id, OPEN, held, held * rate, None, None, None)
    due = is_due(settled)
    return (
        settled.reservation_id,
        ReservationStatus.EXPIRED if due else ending,
        ZERO,
        ZERO,
        settled.expires_at if due else settled.seen_at,
        settled.final_key,
        settled.final_hash,
    )


async def lock_settlements(
    connection: asyncpg.Connection,
    organization_id: UUID,
    events: Sequence[UsageEvent],
    outcomes: Sequence[UsageOutcome],
) -> list[Settlement]:
    """The reservations under which events were spent, locked; none for those that were refused."""
    spent = [
        event
        for event, outcome in zip(events, outcomes, strict=True)
        if event.reservation_id is not None
        and outcome.status in (UsageStatus.RECORDED, UsageStatus.DUPLICATE)
    ]
    ids = {event.reservation_id for event in spent if event.reservation_id is not None}
    if not ids:
        return []
    found = {
        each.reservation_id: each for each in await lock_holds(connection, organization_id, ids)
    }
    for event in spent:
        settled = found[event.reservation_id] if event.reservation_id is not None else None
        if settled is not None and event.ends_reservation and not settled.ends:
            settled.ends = True
            settled.final_key, settled.final_hash = event.event_key, content_hash(event)
    for settled in found.values():
        settled.ends = settled.ends or is_due(settled)
    return list(found.values())


def costs_under(entries: Iterable[Entry]) -> dict[UUID, Decimal]:
    """Dollars that entries add under each reservation."""
    found: dict[UUID, Decimal] = {}
    with exact():
        for entry in entries:
            id = entry.attribution.reservation_id
            if id is not None and entry.cost is not None:
                found[id] = found.get(id, ZERO) + entry.cost
    return found


async def release(connection: asyncpg.Connection, scope: Scope, key: str) -> Reservation:
    """Frees a reservation that was not needed; one that was released before is answered again.

    MEMBER of its project. The caller's transaction has done nothing yet.
    """
    await enter(connection, scope.organization_id)
    reservation = await _to_change(connection, scope, key)
    [settled] = await lock_holds(connection, scope.organization_id, [reservation.id])
    if settled.status == ReservationStatus.RELEASED:
        # Somebody may have released it while the lock was waited for.
        return await _found(connection, scope, key)
    _require_open(settled, key)
    await end(connection, scope.organization_id, [settled], ReservationStatus.RELEASED)
    return await _found(connection, scope, key)


async def extend(
    connection: asyncpg.Connection, scope: Scope, key: str, ttl_seconds: int
) -> Reservation:
    """Gives a reservation until `ttl_seconds` from now, if that is longer than it has.

    MEMBER of its project. The caller's transaction has done nothing yet.
    """
    check_ttl(ttl_seconds)
    await enter(connection, scope.organization_id)
    reservation = await _to_change(connection, scope, key)
    [settled] = await lock_holds(connection, scope.organization_id, [reservation.id])
    _require_open(settled, key)
    await connection.execute(
        sql("reservation_extend"), scope.organization_id, reservation.id, ttl_seconds
    )
    return await _found(connection, scope, key)


def check_ttl(ttl_seconds: int) -> None:
    """Raises UserErrors for a time to live that is none."""
    if not 1 <= ttl_seconds <= LONGEST_SECONDS:
        message = f"ttlSeconds is {ttl_seconds}; 1 to {LONGEST_SECONDS} is expected."
        raise UserErrors([UserError("OUT_OF_RANGE", message, ("ttlSeconds",))])


async def _to_change(connection: asyncpg.Connection, scope: Scope, key: str) -> Reservation:
    reservation = await _found(connection, scope, key)
    scope.require_project(reservation.project_id, Role.MEMBER, reservation.workspace_id)
    return reservation


async def _found(connection: asyncpg.Connection, scope: Scope, key: str) -> Reservation:
    reservation = await find_reservation(connection, scope, key)
    if reservation is None:
        raise UserErrors([UserError("NOT_FOUND", "There is no such reservation.", ("key",))])
    return reservation


def _require_open(settled: Settlement, key: str) -> None:
    status = ReservationStatus.EXPIRED if is_due(settled) else settled.status
    if status != OPEN:
        message = f"Reservation {key!r} has ended: it is {status}."
        raise UserErrors([UserError("RESERVATION_ENDED", message, ("key",))])


async def end(
    connection: asyncpg.Connection,
    organization_id: UUID,
    settlements: Sequence[Settlement],
    ending: ReservationStatus,
) -> None:
    """Ends open reservations, which are locked, without any posting."""
    ended = [replace(each, ends=True) for each in settlements if each.status == OPEN]
    await charge_caps(connection, organization_id, [], ended)
    freed = await save_settlements(connection, organization_id, ended, ending=ending)
    if freed:
        await add_held(connection, organization_id, -freed)


async def expire_due(connection: asyncpg.Connection, organization_id: UUID) -> int:
    """Ends some of the reservations that are due, once nobody else is ending them; tells how many.

    A transaction of its own, in which nothing was done yet.
    """
    await enter(connection, organization_id)
    rows = await connection.fetch(sql("reservation_due"), organization_id, EXPIRED_AT_ONCE)
    settlements = await _with_holds(connection, organization_id, rows)
    if settlements:
        await end(connection, organization_id, settlements, ReservationStatus.EXPIRED)
    return len(settlements)
