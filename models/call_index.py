"""All reports of a log's calls, brought down to one per call, in a temporary SQLite database.

A call's copies lie about in several files; its counts are the largest of each, its time is the
earliest, and it belongs to the agent that reported it first. None of that depends on the order in
which reports are added. SQLite keeps memory bounded and spills to a private file in the directory
for temporary files, which it deletes itself. Nothing here outlives an import.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import TracebackType

from models.call_statement import (
    ADD_AGENT,
    ADD_DOUBT,
    ADD_REPORT,
    ADD_SPAWNED_JOB,
    ADD_SPAWNED_TYPE,
    COUNT_DOUBTS,
    FIND_AGENT,
    FIND_DOUBTS,
    FIND_JOB,
    RESOLUTION,
    SCHEMA,
)
from models.event import Initiator
from models.quarantine import Doubt
from models.token import TokenCounts
from models.usage_log import (
    LoggedAgent,
    LoggedCall,
    LoggedDoubt,
    LogRecord,
    SpawnedJob,
    SpawnedType,
)

_BUFFER_COUNT = 1000
_AGENT_COUNT = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last report of what belongs to a run or job."""

    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class IndexedJob:
    """Whose work a call was, with its agent type found out, and when it went on."""

    agent: LoggedAgent
    span: Span
    run_span: Span


@dataclass(frozen=True, slots=True)
class IndexedCall:
    """One model call, all its reports taken together."""

    event_key: str
    occurred_at: datetime
    job: IndexedJob
    model: str
    service_tier: str
    is_failed: bool
    provider: str
    tokens: TokenCounts


class CallIndex:
    """Takes records in any order; after `resolve` it tells the calls in the order of time."""

    def __init__(self) -> None:
        # An empty name is a private database on disk that is deleted when closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(SCHEMA)
        self._agents: dict[LoggedAgent, int] = {}
        self._reports: list[tuple[object, ...]] = []
        self._find_job = lru_cache(maxsize=_AGENT_COUNT)(self._read_job)

    def __enter__(self) -> "CallIndex":
        self._database.execute("BEGIN")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._find_job.cache_clear()
        self._database.close()

    def add(self, records: Iterable[LogRecord], file: str = "", line: int = 1) -> None:
        """Takes in what a line states."""
        for record in records:
            if isinstance(record, LoggedCall):
                self._reports.append(self._report(record))
            elif isinstance(record, LoggedDoubt):
                understood = json.dumps(record.understood, sort_keys=True)
                doubt = (record.event_key, file, line, record.reason, understood)
                self._database.execute(ADD_DOUBT, doubt)
            elif isinstance(record, SpawnedType):
                row = (record.spawn_key, record.agent_type)
                self._database.execute(ADD_SPAWNED_TYPE, row)
            elif isinstance(record, SpawnedJob):
                names = (record.run_key, record.job_key, record.spawn_key)
                self._database.execute(ADD_SPAWNED_JOB, names)
        if len(self._reports) >= _BUFFER_COUNT:
            self._flush()

    def resolve(self) -> int:
        """Settles what each call comes to and whose it is; returns the number of all calls."""
        self._flush()
        for statement in RESOLUTION:
            self._database.execute(statement)
        (count,) = self._database.execute("SELECT count(*) FROM call").fetchone()
        (doubts,) = self._database.execute(COUNT_DOUBTS).fetchone()
        return int(count) + int(doubts)

    def calls(self) -> Iterator[IndexedCall]:
        """The calls, the earliest first; they were stored in that order."""
        for row in self._database.execute("SELECT * FROM call ORDER BY rowid"):
            event_key, agent_id, first_at, _, model, service_tier, is_failed = row[:7]
            provider, *counts = row[7:]
            yield IndexedCall(
                event_key=event_key,
                occurred_at=_instant(first_at),
                job=self._find_job(agent_id),
                model=model,
                service_tier=service_tier,
                is_failed=bool(is_failed),
                provider=provider,
                tokens=TokenCounts(*counts),
            )

    def doubts(self) -> Iterator[Doubt]:
        """The calls that cannot be trusted; what was read of one is its original."""
        for event_key, file, line, reason, understood in self._database.execute(FIND_DOUBTS):
            yield Doubt(file, line, event_key, reason, understood, json.loads(understood))

    def _report(self, call: LoggedCall) -> tuple[object, ...]:
        at = (call.occurred_at - _EPOCH) // _MICROSECOND
        described = (call.model, call.service_tier, call.is_failed, call.provider)
        counts = call.tokens.as_tuple()
        return (call.event_key, self._agent_id(call.agent), at, at, *described, *counts)

    def _agent_id(self, agent: LoggedAgent) -> int:
        found = self._agents.get(agent)
        if found is None:
            names = (agent.project, agent.run_key, agent.job_key, agent.agent_type, agent.initiator)
            self._database.execute(ADD_AGENT, names)
            (found,) = self._database.execute(FIND_AGENT, names).fetchone()
            if len(self._agents) >= _AGENT_COUNT:
                self._agents.clear()
            self._agents[agent] = found
        return found

    def _flush(self) -> None:
        self._database.executemany(ADD_REPORT, self._reports)
        self._reports.clear()

    def _read_job(self, agent_id: int) -> IndexedJob:
        row = self._database.execute(FIND_JOB, (agent_id,)).fetchone()
        project, run_key, job_key, agent_type, initiator, *instants = row
        started_at, finished_at, run_started_at, run_finished_at = map(_instant, instants)
        return IndexedJob(
            LoggedAgent(project, run_key, job_key, agent_type, Initiator(initiator)),
            Span(started_at, finished_at),
            Span(run_started_at, run_finished_at),
        )


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
