"""Two transactions that meet at one point: the second waits and finds what the first has done."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from caps import Caps
from tenants import Tenant, make_tenant

from models import expirer as expiring
from models.admission import Granted
from models.cap import CapPeriod
from models.cap_rule import CapScope
from models.cap_window import DAY, Windows
from models.db import Database, sql
from models.expirer import Expirer
from models.gate import enter
from models.hold import end, expire_due, lock_holds, release
from models.reservation import ReservationStatus

D = Decimal


@pytest.fixture
def caps(database: Database, tenant: Tenant) -> Caps:
    return Caps(database, tenant)


async def until_blocked(connection: asyncpg.Connection, task: asyncio.Task[Any]) -> None:
    """Comes back once the task waits for a lock of this connection, or is done."""
    blocked = (
        "SELECT count(*) FROM pg_locks"
        " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    )
    # Each question gives the task its turn.
    while not task.done():
        if await connection.fetchval(blocked):
            return


async def test_a_hold_that_somebody_is_ending_is_waited_for(caps: Caps) -> None:
    """Another process has found it due and not freed it yet: what comes then fits."""
    cap_id = await caps.set(10)
    await caps.granted("old", 10)
    reservation = await caps.reservation("old")
    await caps.run_out("old")
    async with caps.database.transaction() as other:
        await enter(other, caps.tenant.id)
        settlements = await lock_holds(other, caps.tenant.id, [reservation.id])
        asking = asyncio.create_task(caps.reserve("new", 10))
        await until_blocked(other, asking)
        await end(other, caps.tenant.id, settlements, ReservationStatus.EXPIRED)
    assert isinstance(await asking, Granted)
    assert await caps.figures(cap_id) == (0, 10)
    await caps.verify()


async def test_a_hold_that_was_extended_in_time_does_not_expire(caps: Caps) -> None:
    """Its new time is committed after the expirer has looked, and before it has the lock."""
    await caps.set(10)
    await caps.granted("r", 10)
    expire = "UPDATE reservation SET expires_at = now() + $2 WHERE organization_id = $1"
    await caps.run_out("r")
    async with caps.database.transaction() as other:
        await other.execute(expire, caps.tenant.id, timedelta(minutes=1))
        expiry = asyncio.create_task(
            caps.database.retry(lambda connection: expire_due(connection, caps.tenant.id))
        )
        await until_blocked(other, expiry)
    assert await expiry == 0
    assert (await caps.reservation("r")).status == ReservationStatus.OPEN


async def test_a_release_that_waited_for_another_answers_what_stands(caps: Caps) -> None:
    await caps.set(10)
    await caps.granted("r", 10)
    async with caps.database.transaction() as other:
        await release(other, caps.scope, "r")
        releasing = asyncio.create_task(caps.release("r"))
        await until_blocked(other, releasing)
    answer = await releasing
    assert (answer.status, answer.held) == (ReservationStatus.RELEASED, 0)


async def test_windows_begin_before_wider_ones_are_locked(caps: Caps) -> None:
    """Whoever posts begins a project's day, then adds to the organization's; nobody deadlocks."""
    tenant, now = caps.tenant, datetime.now(UTC)
    wide = await caps.set(10, period=CapPeriod.DAY)
    narrow = await caps.set(10, CapScope.PROJECT, period=CapPeriod.DAY, now=now - timedelta(days=1))
    today = Windows().of(DAY, (await caps.show(wide)).window.first_date)  # type: ignore[union-attr]
    async with caps.database.transaction() as other:
        await enter(other, tenant.id)
        first, last = [today.first], [today.last]
        await other.execute(sql("cap_window_insert"), tenant.id, [narrow], first, last)
        asking = asyncio.create_task(caps.reserve("r"))
        await until_blocked(other, asking)
        await other.execute("SET LOCAL lock_timeout = '50ms'")
        await other.fetch(sql("cap_window_lock"), tenant.id, [wide], first)
    assert isinstance(await asking, Granted)
    assert await caps.figures(wide) == await caps.figures(narrow) == (0, 1)
    await caps.verify()


async def test_an_organization_that_fails_holds_up_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [Caps(database, await make_tenant(database, project_count=1)) for _ in range(2)]
    for caps in both:
        await caps.set(10)
        await caps.granted("r", 10)
        await caps.run_out("r")
    ended = expiring.expire_all
    for failing, other in (both, both[::-1]):

        async def expire_all(of: Database, id: Any, failing: Caps = failing) -> int:
            if id == failing.tenant.id:
                raise asyncpg.QueryCanceledError("too slow")
            return await ended(of, id)

        monkeypatch.setattr(expiring, "expire_all", expire_all)
        await Expirer(database).look()
        async with database.connection() as connection:
            status = await connection.fetchval(
                "SELECT status FROM reservation WHERE organization_id = $1", other.tenant.id
            )
        assert status == ReservationStatus.EXPIRED
