"""Measuring: each question over HTTP and as bare SQL, on each ledger, in shuffled rounds.

What is compared is measured in the same round, so that a noisy neighbour slows both; figures are
medians over rounds, spreads go from the lowest round to the highest. Refused: an answer over HTTP
that is not the one that SQL gave.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import median
from typing import NamedTuple

import asyncpg
import orjson
from questions import Question
from server import Client, Serving
from statements import Statement, buffers_of, rows_by_name

_WARM_UP_COUNT = 30


class Figure(NamedTuple):
    """A median over rounds, with the lowest and the highest of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Figure":
        ordered = sorted(values)
        return cls(median(ordered), ordered[0], ordered[-1])

    @classmethod
    def ratio(cls, these: Sequence[float], those: Sequence[float]) -> "Figure":
        """Of what was measured in the same rounds."""
        return cls.of(this / that for this, that in zip(these, those, strict=True))


@dataclass
class Subject:
    """A question to one ledger by both ways, and what each round measured, in milliseconds."""

    entry_count: int
    question: Question
    request: bytes
    client: Client
    serving: Serving
    connection: asyncpg.Connection
    statements: Sequence[Statement]
    buffers: dict[str, int] = field(default_factory=dict)
    row_count: int = 0
    http: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def ask(self) -> bytes:
        """The answer over HTTP."""
        return await self.client.post(self.request)

    async def query(self) -> list[list[asyncpg.Record]]:
        """What the same statements return on a bare connection, one after the other."""
        fetch = self.connection.fetch
        return [await fetch(it.text, *it.parameters) for it in self.statements]

    async def prepare(self) -> None:
        """Warms both ways up, checks that they agree, and counts the buffers."""
        for _ in range(_WARM_UP_COUNT):
            body, rows = await self.ask(), await self.query()
        answer = orjson.loads(body)
        by_name = rows_by_name(self.statements, rows)
        if answer.get("errors") or not self.question.agree(answer["data"], by_name):
            raise RuntimeError(
                f"{self.question.name}, {self.entry_count:,} entries: HTTP and SQL disagree:"
                f" {body[:2000]!r} against {by_name}"
            )
        self.row_count = sum(map(len, rows))
        for it in self.statements:
            touched = await buffers_of(self.connection, it)
            self.buffers[it.name] = self.buffers.get(it.name, 0) + touched

    async def measure(self, way: str, count: int) -> None:
        """One round of one way."""
        if way == "bare":
            self.bare.append(await _latency(self.query, count))
            return
        before = self.serving.cpu_seconds()
        self.http.append(await _latency(self.ask, count))
        self.cpu.append((self.serving.cpu_seconds() - before) / count * 1000)


async def _latency(run: Callable[[], Awaitable[object]], count: int) -> float:
    """The median of so many runs one after the other, in milliseconds."""
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        await run()
        times.append(time.perf_counter() - begun)
    return median(times) * 1000


async def measure(
    subjects: Sequence[Subject],
    *,
    round_count: int,
    request_count: int,
    progress: Callable[[str], object],
) -> None:
    """Fills the subjects with figures: every one in every round, in an order of its own."""
    for subject in subjects:
        await subject.prepare()
    progress("both ways return the same data for every question")
    random = Random(1)
    for number in range(round_count):
        blocks = [(subject, way) for subject in subjects for way in ("http", "bare")]
        random.shuffle(blocks)
        for subject, way in blocks:
            await subject.measure(way, request_count)
        progress(f"round {number + 1} of {round_count}")
