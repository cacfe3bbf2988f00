"""Eight callers that record usage over HTTP without a pause, and their books: what each batch
holds, whether it was acknowledged, and how a refusal looked.

A writer whose batch was not acknowledged waits until it may go on, and sends the same batch again,
as a caller should. Refused: any answer that a caller could not act on, such as a 500.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import httpx

from models.ids import decode

WRITER_COUNT = 8
LARGEST_BATCH = 60
_SHARED_RUN_COUNT = 3
_PAUSE_SECONDS = 0.05
_AGENT_TYPES = ("implementation", "testing", "research", "release")
_MODELS = (
    ("anthropic", "claude-opus-4-5-20251101"),
    ("openai", "gpt-4o-2024-08-06"),
    ("hooli", "a-model-without-a-price"),
)
# Done either way: a batch that is sent again was written the first time, or now.
_DONE = {"RECORDED", "DUPLICATE"}


class CrashError(Exception):
    """A promise was broken; the message says which and by what."""


@dataclass(frozen=True)
class Acknowledged:
    """One event's answer: its entry and its cost (None when unpriced)."""

    transaction_id: UUID
    cost: Decimal | None
    tokens: int


@dataclass
class Batch:
    """Events of one call and what came of sending them."""

    events: list[dict[str, Any]]
    attempts: int = 0

    @property
    def keys(self) -> list[str]:
        return [event["eventKey"] for event in self.events]


@dataclass
class Writer:
    """One caller: never more than one batch on its way."""

    number: int
    project_ids: list[str]
    random: Random
    books: dict[str, Acknowledged] = field(default_factory=dict)
    acknowledged_batches: int = 0
    pending: Batch | None = None
    is_sending: bool = False
    failures: list[str] = field(default_factory=list)
    _made: int = 0

    async def write(
        self, client: httpx.AsyncClient, may_go_on: asyncio.Event, ended: asyncio.Event
    ) -> None:
        """Sends batch after batch until `ended`, and the last one until it is acknowledged."""
        while self.pending is not None or not ended.is_set():
            self.pending = self.pending or self._batch()
            if not await self._send(client, self.pending):
                await asyncio.sleep(_PAUSE_SECONDS)
                await may_go_on.wait()

    async def _send(self, client: httpx.AsyncClient, batch: Batch) -> bool:
        batch.attempts += 1
        self.is_sending = True
        try:
            response = await client.post("/v1/usage", json=batch.events)
        except httpx.TransportError as error:
            self.failures.append(type(error).__name__)
            return False
        finally:
            self.is_sending = False
        if response.status_code == 503 and "retry-after" in response.headers:
            self.failures.append("503")
            return False
        if response.status_code != 200:
            raise CrashError(f"answer {response.status_code}: {response.text[:500]}")
        self._acknowledge(batch, response.json()["results"])
        return True

    def _acknowledge(self, batch: Batch, results: list[dict[str, Any]]) -> None:
        said = {result["status"] for result in results}
        if len(results) != len(batch.events) or not said <= _DONE:
            raise CrashError(f"events were refused: {results[:3]}")
        if len(said) > 1 or (said == {"DUPLICATE"} and batch.attempts == 1):
            raise CrashError(f"half a batch was written before: {said} of {batch.keys}")
        for event, result in zip(batch.events, results, strict=True):
            cost = result["cost"]
            self.books[event["eventKey"]] = Acknowledged(
                decode(result["transactionId"]).id,
                Decimal(cost) if cost is not None else None,
                event["inputTokens"] + event["outputTokens"],
            )
        self.acknowledged_batches += 1
        self.pending = None

    def _batch(self) -> Batch:
        """Calls of a run of the writer's own, or of one that several write to at once."""
        random = self.random
        count = random.randint(1, LARGEST_BATCH)
        project = random.choice(self.project_ids)
        run = f"run {self.number}-{self._made}"
        if random.random() < 0.3:
            run = f"shared {random.randrange(_SHARED_RUN_COUNT)}"
        return Batch([self._event(project, run, place) for place in range(count)])

    def _event(self, project_id: str, run: str, place: int) -> dict[str, Any]:
        random = self.random
        self._made += 1
        provider, model = random.choice(_MODELS)
        at = datetime.now(UTC) - timedelta(seconds=random.randrange(40 * 86_400))
        return {
            "eventKey": f"{self.number}-{self._made}",
            "projectId": project_id,
            "provider": provider,
            "model": model,
            "occurredAt": at.isoformat(),
            "inputTokens": random.randrange(50_000),
            "outputTokens": random.randrange(5_000),
            "durationMs": random.randrange(60_000),
            "run": {"key": run, "workflow": "crash", "status": "SUCCEEDED"},
            "job": {
                "key": f"job {place % 4}",
                "agentType": _AGENT_TYPES[place % 4],
                "status": "SUCCEEDED",
            },
        }


def make_writers(project_ids: list[str], random: Random) -> list[Writer]:
    """Writers whose batches follow from the seed alone."""
    return [Writer(number, project_ids, Random(random.random())) for number in range(WRITER_COUNT)]


def books_of(writers: list[Writer]) -> dict[str, Acknowledged]:
    """Everything that was acknowledged to anybody."""
    return {key: said for writer in writers for key, said in writer.books.items()}


def unacknowledged(writers: list[Writer]) -> Iterator[Batch]:
    """Batches that were sent and not answered."""
    for writer in writers:
        if writer.pending is not None and writer.pending.attempts:
            yield writer.pending
