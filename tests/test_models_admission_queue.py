"""The admission queue: who waits together is admitted together, and nobody pays for another."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import pytest

from models.admission import Answer, Granted, SpendRequest
from models.admission_queue import AdmissionQueue
from models.admission_writer import Admission
from models.errors import ConflictError
from models.ids import uuid7

ORGANIZATION = uuid7()


class Counted(Admission):
    """Grants everything, and notes what came together; fails for a batch with a bad key."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.pause = asyncio.Event()
        self.pause.set()

    async def reserve(
        self, organization_id: UUID, requests: Sequence[SpendRequest]
    ) -> list[Answer]:
        await self.pause.wait()
        keys = [request.key for request in requests]
        self.batches.append(keys)
        if "bad" in keys:
            raise ConflictError("bad")
        return [Granted(uuid7()) for _ in requests]


class Away(Counted):
    """Cannot reach its server."""

    async def reserve(
        self, organization_id: UUID, requests: Sequence[SpendRequest]
    ) -> list[Answer]:
        await super().reserve(organization_id, requests)
        raise TimeoutError


def asked(key: str) -> SpendRequest:
    return SpendRequest(key, uuid7(), amount=Decimal(1))


async def test_callers_that_wait_together_are_one_batch() -> None:
    admission = Counted()
    queue = AdmissionQueue(admission)
    answers = await asyncio.gather(
        *(queue.reserve(ORGANIZATION, asked(f"r{number}")) for number in range(64))
    )
    assert len(answers) == 64
    assert [len(batch) for batch in admission.batches] == [64]


async def test_a_bad_request_harms_nobody_else() -> None:
    admission = Counted()
    queue = AdmissionQueue(admission)
    answers = await asyncio.gather(
        *(queue.reserve(ORGANIZATION, asked(key)) for key in ("a", "bad", "b")),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Granted, ConflictError, Granted]
    assert admission.batches == [["a", "bad", "b"], ["a"], ["bad"], ["b"]]


async def test_a_server_that_is_away_is_not_asked_for_each_caller() -> None:
    """Each would wait until it gives up, and those behind it much longer than that."""
    admission = Away()
    queue = AdmissionQueue(admission)
    answers = await asyncio.gather(
        *(queue.reserve(ORGANIZATION, asked(f"r{number}")) for number in range(64)),
        return_exceptions=True,
    )
    assert {type(answer) for answer in answers} == {TimeoutError}
    assert [len(batch) for batch in admission.batches] == [64, 1]


async def test_a_caller_that_hangs_up_cancels_nothing_and_closing_waits() -> None:
    admission = Counted()
    admission.pause.clear()
    queue = AdmissionQueue(admission)
    first, second = (
        asyncio.create_task(queue.reserve(ORGANIZATION, asked(key))) for key in ("a", "b")
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    closing = asyncio.create_task(queue.close())
    admission.pause.set()
    await closing
    assert isinstance(await second, Granted)
    assert sorted(key for batch in admission.batches for key in batch) == ["a", "b"]
