"""The admission queue: callers that wait together are admitted together, in one transaction.

One lane an organization in each process, like the write queue. While a batch is being committed the
next callers gather; 64 callers on one cap then lock it once instead of queueing behind 64. The
queue owns the transaction: a caller that hangs up cancels nothing, and a batch that fails is tried
again caller by caller, until one finds that the server is away. Refused: more than a lane can hold.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.admission import Answer, SpendRequest
from models.admission_writer import Admission
from models.db import AWAY
from models.errors import UnavailableError

BATCH_REQUESTS = 256
"""Most requests decided in one transaction."""
LANE_REQUESTS = 10_000
"""Most requests that may wait for one organization; beyond that callers are told to come back."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One caller's request and the future that its answer goes to."""

    request: SpendRequest
    answer: asyncio.Future[Answer]


class _Lane:
    """What waits for one organization, and the task that decides it."""

    __slots__ = ("task", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Waiting] = deque()
        self.task: asyncio.Task[None] | None = None


class AdmissionQueue:
    """Reserves for many callers. `close` waits until everything accepted is answered."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._lanes: dict[UUID, _Lane] = {}

    async def reserve(self, organization_id: UUID, request: SpendRequest) -> Answer:
        """Answers once it is durable; raises what reserving raises.

        A cancelled caller may find its reservation made all the same: sending it again is safe.
        """
        lane = self._lanes.setdefault(organization_id, _Lane())
        if len(lane.waiting) >= LANE_REQUESTS:
            raise UnavailableError("Too many reservations are waiting; send again.")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        lane.waiting.append(_Waiting(request, answer))
        if lane.task is None:
            lane.task = asyncio.create_task(self._drain(organization_id, lane))
        return await answer

    async def close(self) -> None:
        """Waits for what was accepted."""
        while tasks := [lane.task for lane in self._lanes.values() if lane.task is not None]:
            await asyncio.wait(tasks)

    async def _drain(self, organization_id: UUID, lane: _Lane) -> None:
        try:
            while lane.waiting:
                # Whoever is ready in this turn of the loop shares the batch.
                await asyncio.sleep(0)
                count = min(len(lane.waiting), BATCH_REQUESTS)
                batch = [lane.waiting.popleft() for _ in range(count)]
                await self._decide(organization_id, batch)
        finally:
            lane.task = None
            if not lane.waiting:
                self._lanes.pop(organization_id, None)

    async def _decide(self, organization_id: UUID, batch: Sequence[_Waiting]) -> Exception | None:
        """Answers a batch; what a single caller's failed with."""
        requests = [caller.request for caller in batch]
        try:
            answers = await self._admission.reserve(organization_id, requests)
        except Exception as error:
            if len(batch) == 1:
                _fail(batch[0], error)
                return error
            failed: Exception | None = None
            for caller in batch:
                if isinstance(failed, AWAY):
                    _fail(caller, failed)
                else:
                    failed = await self._decide(organization_id, [caller])
            return None
        for caller, answer in zip(batch, answers, strict=True):
            if not caller.answer.done():
                caller.answer.set_result(answer)
        return None


def _fail(caller: _Waiting, error: Exception) -> None:
    if not caller.answer.done():
        caller.answer.set_exception(error)
