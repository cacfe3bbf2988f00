"""The write queue: shared commits, nobody hurt by another, nothing lost to a cancelled caller."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tenants import Tenant, make_tenant

from models import write_queue
from models.db import Database
from models.errors import UnavailableError
from models.event import UsageOutcome, UsageStatus
from models.ids import uuid7
from models.ledger import Ledger
from models.rollup_check import verify
from models.write_queue import WriteQueue


class CountingLedger(Ledger):
    """Notes the size of every batch."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.sizes: list[int] = []

    async def record(
        self, organization_id: UUID, events: Sequence[Any], **options: Any
    ) -> list[UsageOutcome]:
        self.sizes.append(len(events))
        return await super().record(organization_id, events, **options)


class SlowLedger(CountingLedger):
    """Says when a batch is sent, and writes it when it is told to."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.is_sent = True
        self.begun, self.go_on = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def record(
        self, organization_id: UUID, events: Sequence[Any], **options: Any
    ) -> list[UsageOutcome]:
        self.sizes.append(len(events))
        if self.is_sent:
            options["on_sent"]()
        self.begun.release()
        await self.go_on.acquire()
        return [UsageOutcome(each.event.event_key, UsageStatus.RECORDED) for each in events]


class AwayLedger(CountingLedger):
    """Cannot reach its server."""

    async def record(
        self, organization_id: UUID, events: Sequence[Any], **options: Any
    ) -> list[UsageOutcome]:
        self.sizes.append(len(events))
        raise TimeoutError


async def entry_count(database: Database, tenant: Tenant) -> int:
    async with database.connection() as connection:
        count = await connection.fetchval(
            "SELECT count(*) FROM credit_transaction WHERE organization_id = $1", tenant.id
        )
    assert isinstance(count, int)
    return count


async def test_callers_that_wait_together_are_written_together(
    database: Database, tenant: Tenant
) -> None:
    counting = CountingLedger(database)
    queue = WriteQueue(counting)
    answers = await asyncio.gather(
        *(queue.record(tenant.id, [tenant.event(f"e{number}")]) for number in range(64))
    )
    assert [answer[0].event_key for answer in answers] == [f"e{number}" for number in range(64)]
    assert {answer[0].status for answer in answers} == {"RECORDED"}
    assert len(counting.sizes) <= 2
    assert await entry_count(database, tenant) == 64
    assert (await verify(database, tenant.id)).is_clean


async def test_a_bad_event_harms_nobody_else(database: Database, tenant: Tenant) -> None:
    queue = WriteQueue(Ledger(database))
    # The database, not the checks, refuses an import that is not there.
    broken = tenant.event("broken", import_id=uuid7())
    answers = await asyncio.gather(
        *(queue.record(tenant.id, [tenant.event(f"e{number}")]) for number in range(5)),
        queue.record(tenant.id, [broken]),
        return_exceptions=True,
    )
    assert isinstance(answers[-1], asyncpg.ForeignKeyViolationError)
    assert all(isinstance(answer, list) for answer in answers[:-1])
    assert await entry_count(database, tenant) == 5


async def test_a_server_that_is_away_is_not_asked_for_each_caller(
    database: Database, tenant: Tenant
) -> None:
    """Each would wait until it gives up, and those behind it much longer than that."""
    away = AwayLedger(database)
    queue = WriteQueue(away)
    answers = await asyncio.gather(
        *(queue.record(tenant.id, [tenant.event(f"e{number}")]) for number in range(64)),
        return_exceptions=True,
    )
    assert {type(answer) for answer in answers} == {TimeoutError}
    assert away.sizes == [64, 1]


async def test_organizations_do_not_wait_for_each_other(database: Database) -> None:
    counting = CountingLedger(database)
    queue = WriteQueue(counting)
    tenants = [await make_tenant(database) for _ in range(3)]
    await asyncio.gather(*(queue.record(each.id, [each.event()]) for each in tenants))
    assert counting.sizes == [1, 1, 1]
    for each in tenants:
        assert await entry_count(database, each) == 1


async def test_a_caller_that_hangs_up_cancels_nothing(database: Database, tenant: Tenant) -> None:
    queue = WriteQueue(Ledger(database))
    gone = asyncio.create_task(queue.record(tenant.id, [tenant.event("gone")]))
    stays = asyncio.create_task(queue.record(tenant.id, [tenant.event("stays")]))
    await asyncio.sleep(0)
    gone.cancel()
    [outcome] = await stays
    assert outcome.status == "RECORDED"
    await queue.close()
    assert await entry_count(database, tenant) == 2


async def test_closing_waits_for_what_was_accepted(database: Database, tenant: Tenant) -> None:
    queue = WriteQueue(Ledger(database))
    task = asyncio.create_task(queue.record(tenant.id, [tenant.event()]))
    await asyncio.sleep(0)
    await queue.close()
    assert await entry_count(database, tenant) == 1
    await task


async def test_a_full_lane_tells_callers_to_come_back(
    database: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_queue, "LANE_EVENTS", 2)
    queue = WriteQueue(Ledger(database))
    answers = await asyncio.gather(
        *(queue.record(tenant.id, [tenant.event(f"e{number}")]) for number in range(4)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, UnavailableError)]
    assert len(refused) == 2
    assert await entry_count(database, tenant) == 2


async def test_the_same_key_from_many_callers_counts_once(
    database: Database, tenant: Tenant
) -> None:
    queues = [WriteQueue(Ledger(database)) for _ in range(2)]
    answers = await asyncio.gather(
        *(queues[number % 2].record(tenant.id, [tenant.event()]) for number in range(64))
    )
    statuses = [answer[0].status for answer in answers]
    assert statuses.count("RECORDED") == 1  # type: ignore[arg-type]
    assert statuses.count("DUPLICATE") == 63  # type: ignore[arg-type]
    assert await entry_count(database, tenant) == 1


@pytest.mark.parametrize("is_sent", [True, False])
async def test_callers_are_told_while_the_next_batch_is_written_or_has_to_wait(
    database: Database, tenant: Tenant, is_sent: bool
) -> None:
    slow = SlowLedger(database)
    queue = WriteQueue(slow)
    first = asyncio.create_task(queue.record(tenant.id, [tenant.event("first")]))
    await slow.begun.acquire()
    second = asyncio.create_task(queue.record(tenant.id, [tenant.event("second")]))
    await asyncio.sleep(0)
    slow.is_sent = is_sent
    slow.go_on.release()
    [outcome] = await asyncio.wait_for(first, 5)
    assert outcome.event_key == "first"
    assert slow.sizes == [1, 1]
    assert not second.done()
    slow.go_on.release()
    await second


async def test_half_of_the_callers_are_written_while_the_others_come_back(
    database: Database, tenant: Tenant
) -> None:
    slow = SlowLedger(database)
    queue = WriteQueue(slow)

    async def call_again_and_again(name: str) -> None:
        for number in range(4):
            await queue.record(tenant.id, [tenant.event(f"{name} {number}")])

    async with asyncio.TaskGroup() as group:
        for name in "abcdef":
            group.create_task(call_again_and_again(name))
        await slow.begun.acquire()
        for name in "gh":
            group.create_task(call_again_and_again(name))
        for _ in range(7):
            for _ in range(10):  # time enough to come back
                await asyncio.sleep(0)
            slow.go_on.release()
            await slow.begun.acquire()
        slow.go_on.release()
    assert slow.sizes == [6, 2, 4, 4, 4, 4, 4, 4]


async def test_who_shares_a_batch_with_a_bad_event_is_told_before_it_is_tried_again_for_others(
    database: Database, tenant: Tenant
) -> None:
    queue = WriteQueue(Ledger(database))
    told: asyncio.Queue[str] = asyncio.Queue()

    async def call(key: str, **changes: Any) -> None:
        with suppress(asyncpg.ForeignKeyViolationError):
            await queue.record(tenant.id, [tenant.event(key, **changes)])
        told.put_nowait(key)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(call(f"e{number}"))
        group.create_task(call("broken", import_id=uuid7()))
        assert await told.get() == "e0"
        assert told.empty()
