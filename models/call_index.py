"""All reports of a log's calls, brought down to one per call, in a temporary SQLite database.

A call's copies lie about in several files; its counts are the largest of each, its time is the
earliest, and it belongs to the agent that reported it first. None of that depends on the order in
which reports are added. SQLite keeps memory bounded (`_CACHE_KIBIBYTES`) and spills to a private
file in the directory for temporary files, which it deletes itself. Nothing here outlives an import.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import TracebackType

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

_CACHE_KIBIBYTES = 32 * 1024
_BUFFER_COUNT = 1000
_AGENT_COUNT = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{_CACHE_KIBIBYTES};
CREATE TABLE agent (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    run_key TEXT NOT NULL,
    job_key TEXT NOT NULL,
    agent_type TEXT NOT NULL,
    initiator TEXT NOT NULL,
    UNIQUE (run_key, job_key, project, agent_type, initiator)
);
CREATE TABLE spawned_type (spawn_key TEXT PRIMARY KEY, agent_type TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE spawned_job (
    run_key TEXT NOT NULL,
    job_key TEXT NOT NULL,
    spawn_key TEXT NOT NULL,
    PRIMARY KEY (run_key, job_key)
) WITHOUT ROWID;
CREATE TABLE report (
    event_key TEXT NOT NULL,
    agent_id INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    model TEXT NOT NULL,
    service_tier TEXT NOT NULL,
    is_failed INTEGER NOT NULL,
    provider TEXT NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    PRIMARY KEY (event_key, agent_id)
) WITHOUT ROWID;
CREATE TABLE doubt (
    event_key TEXT PRIMARY KEY,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    understood TEXT NOT NULL
) WITHOUT ROWID;
"""

_ADD_AGENT = """
INSERT INTO agent (project, run_key, job_key, agent_type, initiator) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_FIND_AGENT = """
SELECT id FROM agent
WHERE project = ? AND run_key = ? AND job_key = ? AND agent_type = ? AND initiator = ?
"""
# Of several answers the least: any fixed choice keeps the outcome independent of the order.
_ADD_SPAWNED_TYPE = """
INSERT INTO spawned_type VALUES (?, ?)
ON CONFLICT (spawn_key) DO UPDATE SET agent_type = min(agent_type, excluded.agent_type)
"""
_ADD_SPAWNED_JOB = """
INSERT INTO spawned_job VALUES (?, ?, ?)
ON CONFLICT (run_key, job_key) DO UPDATE SET spawn_key = min(spawn_key, excluded.spawn_key)
"""
_ADD_REPORT = """
INSERT INTO report VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (event_key, agent_id) DO UPDATE SET
    (first_at, model, service_tier, is_failed, provider) = (
        SELECT first_at, model, service_tier, is_failed, provider
        UNION ALL
        SELECT excluded.first_at, excluded.model, excluded.service_tier, excluded.is_failed,
            excluded.provider
        ORDER BY 1, 2, 3, 4, 5 LIMIT 1
    ),
    last_at = max(last_at, excluded.last_at),
    input = max(input, excluded.input),
    cache_read = max(cache_read, excluded.cache_read),
    cache_write_5m = max(cache_write_5m, excluded.cache_write_5m),
    cache_write_1h = max(cache_write_1h, excluded.cache_write_1h),
    output = max(output, excluded.output),
    reasoning = max(reasoning, excluded.reasoning)
"""

# A call may be told in several ways, one of them sound: then nothing is in doubt.
_ADD_DOUBT = """
INSERT INTO doubt VALUES (?, ?, ?, ?, ?)
ON CONFLICT (event_key) DO UPDATE SET
    (understood, reason, file, line) = (
        SELECT understood, reason, file, line
        UNION ALL
        SELECT excluded.understood, excluded.reason, excluded.file, excluded.line
        ORDER BY 1, 2, 3, 4 LIMIT 1
    )
"""
_COUNT_DOUBTS = "SELECT count(*) FROM doubt WHERE event_key NOT IN (SELECT event_key FROM report)"
_FIND_DOUBTS = """
SELECT event_key, file, line, reason, understood FROM doubt
WHERE event_key NOT IN (SELECT event_key FROM report) ORDER BY event_key
"""

# A resumed session repeats calls with their times, so that the first report alone does not tell
# whose a call is. It is the session's that began first, and of two that began alike the one's that
# ended first: the other one went on from there.
_RANK_AGENTS = """
CREATE TABLE agent_rank AS
WITH run AS (
    SELECT run_key, min(first_at) AS started_at, max(last_at) AS ended_at
    FROM report JOIN agent ON agent.id = report.agent_id GROUP BY run_key
)
SELECT agent.id AS agent_id, row_number() OVER (
    ORDER BY started_at, ended_at, run_key, job_key, project, agent_type, initiator
) AS place
FROM agent JOIN run USING (run_key)
"""
_INDEX_RANKS = "CREATE UNIQUE INDEX agent_rank_key ON agent_rank (agent_id, place)"
_RESOLVE_CALLS = """
CREATE TABLE call AS
SELECT event_key, agent_id, first_at, last_at, model, service_tier, is_failed, provider,
    most_input, most_cache_read, most_cache_write_5m, most_cache_write_1h, most_output,
    most_reasoning
FROM (
    SELECT report.*,
        row_number() OVER (PARTITION BY event_key ORDER BY first_at, place) AS choice,
        max(input) OVER call_reports AS most_input,
        max(cache_read) OVER call_reports AS most_cache_read,
        max(cache_write_5m) OVER call_reports AS most_cache_write_5m,
        max(cache_write_1h) OVER call_reports AS most_cache_write_1h,
        max(output) OVER call_reports AS most_output,
        max(reasoning) OVER call_reports AS most_reasoning
    FROM report JOIN agent_rank USING (agent_id)
    WINDOW call_reports AS (PARTITION BY event_key)
)
WHERE choice = 1
ORDER BY first_at, event_key
"""
_SPAN_JOBS = """
CREATE TABLE job AS
SELECT agent_id, min(first_at) AS started_at, max(last_at) AS finished_at
FROM call GROUP BY agent_id ORDER BY agent_id
"""
_INDEX_JOBS = "CREATE UNIQUE INDEX job_key ON job (agent_id)"
_SPAN_RUNS = """
CREATE TABLE run AS
SELECT run_key, project, min(started_at) AS started_at, max(finished_at) AS finished_at
FROM job JOIN agent ON agent.id = job.agent_id GROUP BY run_key, project
"""
_INDEX_RUNS = "CREATE UNIQUE INDEX run_key ON run (run_key, project)"
_RESOLUTION = (
    _RANK_AGENTS,
    _INDEX_RANKS,
    _RESOLVE_CALLS,
    _SPAN_JOBS,
    _INDEX_JOBS,
    _SPAN_RUNS,
    _INDEX_RUNS,
)
_FIND_JOB = """
SELECT agent.project, agent.run_key, agent.job_key,
    coalesce(spawned_type.agent_type, agent.agent_type), agent.initiator,
    job.started_at, job.finished_at, run.started_at, run.finished_at
FROM agent
JOIN job ON job.agent_id = agent.id
JOIN run ON run.run_key = agent.run_key AND run.project = agent.project
LEFT JOIN spawned_job
    ON spawned_job.run_key = agent.run_key AND spawned_job.job_key = agent.job_key
LEFT JOIN spawned_type ON spawned_type.spawn_key = spawned_job.spawn_key
WHERE agent.id = ?
"""


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
        self._database.executescript(_SCHEMA)
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
                self._database.execute(_ADD_DOUBT, doubt)
            elif isinstance(record, SpawnedType):
                row = (record.spawn_key, record.agent_type)
                self._database.execute(_ADD_SPAWNED_TYPE, row)
            elif isinstance(record, SpawnedJob):
                names = (record.run_key, record.job_key, record.spawn_key)
                self._database.execute(_ADD_SPAWNED_JOB, names)
        if len(self._reports) >= _BUFFER_COUNT:
            self._flush()

    def resolve(self) -> int:
        """Settles what each call comes to and whose it is; returns the number of all calls."""
        self._flush()
        for statement in _RESOLUTION:
            self._database.execute(statement)
        (count,) = self._database.execute("SELECT count(*) FROM call").fetchone()
        (doubts,) = self._database.execute(_COUNT_DOUBTS).fetchone()
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
        for event_key, file, line, reason, understood in self._database.execute(_FIND_DOUBTS):
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
            self._database.execute(_ADD_AGENT, names)
            (found,) = self._database.execute(_FIND_AGENT, names).fetchone()
            if len(self._agents) >= _AGENT_COUNT:
                self._agents.clear()
            self._agents[agent] = found
        return found

    def _flush(self) -> None:
        self._database.executemany(_ADD_REPORT, self._reports)
        self._reports.clear()

    def _read_job(self, agent_id: int) -> IndexedJob:
        row = self._database.execute(_FIND_JOB, (agent_id,)).fetchone()
        project, run_key, job_key, agent_type, initiator, *instants = row
        started_at, finished_at, run_started_at, run_finished_at = map(_instant, instants)
        return IndexedJob(
            LoggedAgent(project, run_key, job_key, agent_type, Initiator(initiator)),
            Span(started_at, finished_at),
            Span(run_started_at, run_finished_at),
        )


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
