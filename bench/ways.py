"""The ways into the ledger that are compared; each takes events and returns when all are durable.

COPY is the yardstick: rows that `models.ledger` made, under new keys, into the same table with the
same indexes and constraints, a transaction for each batch, by the role that owns it. Every way
raises unless everything that it was given was recorded. Refused: measuring; see write.py.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import orjson
from calls import said
from server import graphql_request, usage_request

from models.checked import Checked, checked
from models.event import UsageEvent, UsageOutcome, UsageStatus
from models.ids import uuid7
from models.ledger import Ledger
from models.write_queue import WriteQueue

COPIED = "copied "
"""How the keys of copied rows begin, so that they can be taken away again."""
RECORD_USAGE = """mutation Record($input: RecordUsageInput!) {
  recordUsage(input: $input) {
    results { eventKey status isUnpriced transactionId cost userErrors { code message field } }
    userErrors { code message field }
  }
}"""
_STEP_COUNT = 50
_ROWS = "SELECT * FROM credit_transaction WHERE organization_id = $1 AND event_key = ANY ($2)"


class Poster(Protocol):
    """One connection to the server."""

    async def post(self, request: bytes) -> bytes:
        """The body of the answer to a request."""


class Copy:
    """`prepare` makes rows of what the ledger holds; `run` copies them, batch by batch."""

    def __init__(self, owner: asyncpg.Connection, organization_id: UUID) -> None:
        self._owner = owner
        self._organization_id = organization_id
        self._rows: list[tuple[Any, ...]] = []
        self._columns: list[str] = []

    async def learn(self, events: Sequence[UsageEvent]) -> None:
        """Takes what the ledger made of these events as the rows to copy, in their order."""
        keys = [event.event_key for event in events]
        found = await self._owner.fetch(_ROWS, self._organization_id, keys)
        rows = {row["event_key"]: row for row in found}
        self._columns = list(found[0].keys())
        self._rows = [tuple(rows[key].values()) for key in keys]

    def prepare(self, number: int) -> list[tuple[Any, ...]]:
        """So many rows under keys and ids that are not there yet."""
        id, key = self._columns.index("id"), self._columns.index("event_key")
        return [self._renewed(row, id, key) for row in self._rows[:number]]

    def _renewed(self, row: tuple[Any, ...], id: int, key: int) -> tuple[Any, ...]:
        values = list(row)
        values[id] = uuid7()
        values[key] = f"{COPIED}{values[id]}"
        return tuple(values)

    async def run(self, rows: Sequence[tuple[Any, ...]], batch: int) -> None:
        """Copies rows in batches, each durable before the next."""
        for part in split(rows, batch):
            await self._owner.copy_records_to_table(
                "credit_transaction", columns=self._columns, records=part
            )

    async def remove(self) -> None:
        """Takes away what was copied, so that the ledger can be verified."""
        await self._owner.execute(
            "DELETE FROM credit_transaction WHERE organization_id = $1 AND event_key ^@ $2",
            self._organization_id,
            COPIED,
        )


async def by_ledger(
    ledger: Ledger, organization_id: UUID, events: Sequence[UsageEvent], batch: int
) -> None:
    """One caller of `models.ledger`, who checks the next batch while the last is written.

    As imports do (`models/import_recorder.py`).
    """
    parts = iter(split(events, batch))
    may_begin = asyncio.Event()
    may_begin.set()
    coming = asyncio.create_task(_check(next(parts, ()), may_begin))
    while said := await coming:
        may_begin = asyncio.Event()
        coming = asyncio.create_task(_check(next(parts, ()), may_begin))
        _require_recorded(await ledger.record(organization_id, said, on_sent=may_begin.set))
        may_begin.set()


async def _check(events: Sequence[UsageEvent], may_begin: asyncio.Event) -> list[Checked]:
    """A few at a time: what is being sent has to get on, too."""
    await may_begin.wait()
    said: list[Checked] = []
    for some in split(events, _STEP_COUNT):
        said += map(checked, some)
        await asyncio.sleep(0)
    return said


async def by_queue(
    queue: WriteQueue, organization_id: UUID, events: Sequence[UsageEvent], callers: int
) -> None:
    """Callers of `models.write_queue` with one event at a time."""
    waiting = iter(events)

    async def call() -> None:
        for event in waiting:
            _require_recorded(await queue.record(organization_id, [event]))

    await _together(call, callers)


@dataclass
class Door:
    """A way over HTTP: how a batch becomes a request, and who sends it."""

    make: Callable[[Sequence[dict[str, Any]]], bytes]
    clients: Sequence[Poster] = ()

    def prepare(
        self, organization_id: UUID, events: Sequence[UsageEvent], batch: int
    ) -> list[bytes]:
        """Every request as it goes over the wire."""
        bodies = list(said(organization_id, events))
        return [self.make(part) for part in split(bodies, batch)]

    async def run(self, requests: Sequence[bytes], batch: int) -> None:
        """Each client sends a request, and the next when it was answered."""
        waiting = iter(requests)

        async def call(client: Poster) -> None:
            for request in waiting:
                body = await client.post(request)
                recorded = body.count(b'"RECORDED"')
                if recorded != batch:
                    raise RuntimeError(
                        f"{recorded} of {batch} events were recorded: {body[:900]!r}"
                    )

        async with asyncio.TaskGroup() as group:
            for client in self.clients:
                group.create_task(call(client))


def usage_door(secret: str) -> Door:
    """`POST /v1/usage`."""
    return Door(lambda events: usage_request(secret, orjson.dumps(events)))


def graphql_door(secret: str) -> Door:
    """The mutation `recordUsage`."""

    def make(events: Sequence[dict[str, Any]]) -> bytes:
        variables = {"input": {"events": events}}
        return graphql_request(
            secret, orjson.dumps({"query": RECORD_USAGE, "variables": variables})
        )

    return Door(make)


def split(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The things in order, so many at a time."""
    for start in range(0, len(things), size):
        yield things[start : start + size]


async def _together(call: Callable[[], Any], callers: int) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(call())


def _require_recorded(outcomes: Sequence[UsageOutcome]) -> None:
    for outcome in outcomes:
        if outcome.status is not UsageStatus.RECORDED:
            raise RuntimeError(f"not recorded: {outcome}")
