"""The write queue: callers that wait together are written together, one statement for all.

One lane an organization in each process. While a batch is being committed the next callers gather;
64 callers with one event each then share a commit instead of queueing behind 64. The queue owns the
transaction: a caller that hangs up cancels nothing, and a batch that fails is tried again caller by
caller, so that nobody pays for another's bad event, until one finds that the server is away.

Callers are told while the next batch is with PostgreSQL: this process then has nothing to do for
that one, and answering them, and reading what they send next, takes as long as it takes to write.
Refused: more than a lane can hold.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from models.checked import Checked, checked
from models.db import AWAY
from models.errors import UnavailableError
from models.event import UsageEvent, UsageOutcome
from models.ledger import Ledger

BATCH_EVENTS = 1000
"""Most events written by one statement, unless one caller brings more."""
LANE_EVENTS = 20_000
"""Most events that may wait for one organization; beyond that callers are told to come back."""
ANSWER_SECONDS = 0.005
"""Longest that a batch's callers wait for the next batch to be with PostgreSQL."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One caller's events and the future that its answers go to."""

    events: Sequence[Checked]
    answer: asyncio.Future[list[UsageOutcome]]


class _Lane:
    """What waits for one organization, and the task that writes it."""

    __slots__ = ("size", "task", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Waiting] = deque()
        self.size = 0
        self.task: asyncio.Task[None] | None = None

    def take(self, untold: int) -> list[_Waiting]:
        """The callers of the next batch, in order of arrival; at least one.

        Half of all when others are still to be told: one half comes back while the other is
        written. Else one batch would be of nearly all, with nothing to do meanwhile, and the next
        one, which costs hardly less, of the rest.
        """
        batch: list[_Waiting] = []
        count = 0
        most = (untold + len(self.waiting) + 1) // 2 if untold else len(self.waiting)
        while self.waiting and len(batch) < most:
            size = len(self.waiting[0].events)
            if batch and count + size > BATCH_EVENTS:
                break
            batch.append(self.waiting.popleft())
            count += size
        self.size -= count
        return batch


class WriteQueue:
    """Records usage for many callers. `close` waits until everything accepted is written."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._lanes: dict[UUID, _Lane] = {}

    async def record(
        self, organization_id: UUID, events: Sequence[UsageEvent]
    ) -> list[UsageOutcome]:
        """Answers each event once it is durable; raises what recording raises.

        A cancelled caller may find its events written all the same: sending them again is safe.
        """
        lane = self._lanes.setdefault(organization_id, _Lane())
        if lane.size + len(events) > LANE_EVENTS and lane.size:
            raise UnavailableError("Too many events are waiting to be written; send them again.")
        answer: asyncio.Future[list[UsageOutcome]] = asyncio.get_running_loop().create_future()
        lane.waiting.append(_Waiting([checked(event) for event in events], answer))
        lane.size += len(events)
        if lane.task is None:
            lane.task = asyncio.create_task(self._drain(organization_id, lane))
        return await answer

    async def close(self) -> None:
        """Waits for what was accepted."""
        while tasks := [lane.task for lane in self._lanes.values() if lane.task is not None]:
            await asyncio.wait(tasks)

    async def _drain(self, organization_id: UUID, lane: _Lane) -> None:
        written = _Answers()
        try:
            while True:
                # Whoever is ready in this turn of the loop shares the batch.
                await asyncio.sleep(0)
                if not lane.waiting:
                    break
                before, written = written, _Answers()
                batch = lane.take(len(before))
                try:
                    before.give_soon()
                    await self._write(organization_id, batch, before.give, written)
                finally:
                    before.give()
        finally:
            written.give()
            lane.task = None
            if not lane.waiting:
                self._lanes.pop(organization_id, None)

    async def _write(
        self,
        organization_id: UUID,
        batch: Sequence[_Waiting],
        on_sent: Callable[[], None],
        answers: "_Answers",
    ) -> Exception | None:
        """Writes a batch and notes its answers; what a single caller's failed with."""
        events = [event for caller in batch for event in caller.events]
        try:
            outcomes = await self.ledger.record(organization_id, events, on_sent=on_sent)
        except Exception as error:
            if len(batch) == 1:
                answers.fail(batch[0], error)
                return error
            failed: Exception | None = None
            for caller in batch:
                if isinstance(failed, AWAY):
                    answers.fail(caller, failed)
                else:
                    failed = await self._write(organization_id, [caller], on_sent, answers)
                answers.give()
            return None
        taken = 0
        for caller in batch:
            answers.note(caller, outcomes[taken : taken + len(caller.events)])
            taken += len(caller.events)
        return None


class _Answers:
    """What became of a batch's callers, until they are told: once, and all together."""

    def __init__(self) -> None:
        self._noted: list[tuple[_Waiting, list[UsageOutcome] | Exception]] = []
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, caller: _Waiting, outcomes: list[UsageOutcome]) -> None:
        self._noted.append((caller, outcomes))

    def fail(self, caller: _Waiting, error: Exception) -> None:
        self._noted.append((caller, error))

    def give_soon(self) -> None:
        """Gives them in a moment, however long the next batch has to wait."""
        if self._noted:
            self._timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self.give)

    def give(self) -> None:
        """Tells every caller that still waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        noted, self._noted = self._noted, []
        for caller, said in noted:
            if caller.answer.done():
                continue
            if isinstance(said, Exception):
                caller.answer.set_exception(said)
            else:
                caller.answer.set_result(said)
