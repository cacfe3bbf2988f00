"""Putting what an import reads on the ledger: projects, batches, outcomes, quarantine, counts.

Every reader hands over candidates (events whose projects are named) and doubts (rows that it does
not trust); whatever the ledger refuses becomes a doubt too. Running again, also after a kill, adds
only what is missing, for events bear keys and quarantined rows digests. Refused: reading files, and
events from the future.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import asyncpg

from models.checked import Checked, checked
from models.db import Database, sql
from models.errors import ConflictError, UserErrors
from models.event import UsageEvent, UsageOutcome, UsageStatus
from models.import_report import ImportListener, ImportReport, QuarantinedCall
from models.ledger import Ledger
from models.quarantine import Doubt, keep, settle

BATCH_COUNT = 1000
"""Rows that are recorded together."""
_STEP_COUNT = 50
"""Rows that are read in one turn of the loop."""
_FURTHEST_AHEAD = timedelta(days=1)
"""Clocks differ, and so do zones that somebody got wrong; what is later has not happened."""
FindProject = Callable[[str], Awaitable[UUID]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event to record, its project by name or id; `doubt` tells it as a row with a reason."""

    project: str | UUID
    event: UsageEvent
    doubt: Callable[[str], Doubt]


@dataclass(slots=True)
class _Batch:
    """What is recorded together: `count` rows, each of which is an event or a doubt."""

    count: int = 0
    candidates: list[Candidate] = field(default_factory=list)
    events: list[Checked] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


class ImportRecorder:
    """Writes one import into one organization.

    `find_project` gives the id of the project that a file names, making it when new.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        organization_id: UUID,
        format: str,
        find_project: FindProject,
        listener: ImportListener,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._organization_id = organization_id
        self._format = format
        self._find_project = find_project
        self._listener = listener
        self._projects: dict[str, UUID | str] = {}
        self._started_at = datetime.now(UTC)
        self.report = ImportReport()

    async def start(self, source: str) -> None:
        """Writes that the import runs."""
        names = (self._organization_id, self.report.id, self._format, source)
        async with self._database.connection() as connection:
            await connection.execute(sql("import_start"), *names, self._started_at)

    async def finish(self) -> None:
        """Writes that it is done."""
        async with self._database.connection() as connection:
            await self._save(connection, finished_at=datetime.now(UTC))

    async def record(
        self, things: Iterator[Candidate | Doubt], on_recorded: Callable[[], None]
    ) -> None:
        """Records candidates and quarantines the rest, a batch at a time; counts everything once.

        The next batch is read and checked while PostgreSQL writes the last one: each takes about as
        long as the other.
        """
        may_begin = asyncio.Event()
        may_begin.set()
        coming = asyncio.create_task(self._read(things, may_begin))
        try:
            while batch := await coming:
                may_begin = asyncio.Event()
                coming = asyncio.create_task(self._read(things, may_begin))
                await self._record(batch, on_sent=may_begin.set)
                may_begin.set()
                on_recorded()
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _read(
        self, things: Iterator[Candidate | Doubt], may_begin: asyncio.Event
    ) -> _Batch | None:
        """The next batch, read a few at a time: what is being sent has to get on, too."""
        await may_begin.wait()
        batch = _Batch()
        while some := list(islice(things, min(_STEP_COUNT, BATCH_COUNT - batch.count))):
            batch.count += len(some)
            for each in some:
                event = each if isinstance(each, Doubt) else await self._event(each)
                if isinstance(event, Doubt):
                    batch.doubts.append(event)
                elif isinstance(each, Candidate):
                    batch.candidates.append(each)
                    batch.events.append(checked(event))
            await asyncio.sleep(0)
        return batch if batch.count else None

    async def _record(self, batch: _Batch, on_sent: Callable[[], None]) -> None:
        recorded, doubts = [], batch.doubts
        outcomes: Sequence[UsageOutcome] = ()
        if batch.events:
            outcomes = await self._ledger.record(
                self._organization_id, batch.events, on_sent=on_sent
            )
        for candidate, outcome in zip(batch.candidates, outcomes, strict=True):
            if outcome.status is UsageStatus.RECORDED:
                recorded.append(outcome)
            elif outcome.status is UsageStatus.DUPLICATE:
                self.report.duplicate += 1
            else:
                doubts.append(candidate.doubt(reason_of(outcome)))
        self.report.read += batch.count
        self.report.recorded += len(recorded)
        self.report.unpriced += sum(outcome.is_unpriced for outcome in recorded)
        self.report.total_cost += sum(outcome.cost or 0 for outcome in recorded)
        async with self._database.transaction() as connection:
            now = datetime.now(UTC)
            keys = [outcome.event_key for outcome in recorded]
            await settle(connection, self._organization_id, keys, now)
            await self._quarantine(connection, doubts, now)
            await self._save(connection, finished_at=None)

    async def _event(self, candidate: Candidate) -> UsageEvent | Doubt:
        if is_ahead(candidate.event, self._started_at):
            return candidate.doubt("occurredAt is in the future")
        project = await self._project(candidate.project)
        if isinstance(project, str):
            return candidate.doubt(project)
        return replace(candidate.event, project_id=project, import_id=self.report.id)

    async def _project(self, named: str | UUID) -> UUID | str:
        """The id of the project that a file names, or why there cannot be one of that name."""
        if isinstance(named, UUID):
            return named
        if named not in self._projects:
            try:
                self._projects[named] = await self._find_project(named)
            except UserErrors as refused:
                self._projects[named] = f"project: {refused}"
        return self._projects[named]

    async def _quarantine(
        self, connection: asyncpg.Connection, doubts: Sequence[Doubt], now: datetime
    ) -> None:
        if not doubts:
            return
        # Some were in doubt when they were read, others only once the ledger had seen them.
        doubts = sorted(doubts, key=lambda doubt: (doubt.file, doubt.line or 0))
        open_ = await keep(
            connection, self._organization_id, self.report.id, self._format, doubts, now
        )
        for doubt, is_open in zip(doubts, open_, strict=True):
            if not is_open:
                self.report.duplicate += 1
                continue
            self.report.quarantined += 1
            self._listener.on_quarantined(
                QuarantinedCall(doubt.event_key, doubt.reason, doubt.file or None, doubt.line)
            )

    async def _save(self, connection: asyncpg.Connection, finished_at: datetime | None) -> None:
        report = self.report
        counts = (
            report.read,
            report.recorded,
            report.duplicate,
            report.unpriced,
            report.quarantined,
            report.unreadable,
        )
        tag = await connection.execute(
            sql("import_save"), self._organization_id, report.id, *counts, finished_at
        )
        if tag != "UPDATE 1":
            raise ConflictError("This import was taken back while it ran.")


def is_ahead(event: UsageEvent, now: datetime) -> bool:
    """Whether an event has not happened yet, however wrong a clock or a zone may be."""
    return event.occurred_at is not None and event.occurred_at > now + _FURTHEST_AHEAD


def reason_of(outcome: UsageOutcome) -> str:
    """Why the ledger did not take an event."""
    if outcome.status is UsageStatus.CONFLICT:
        return "the same key was recorded before with other content, and not as a growing call"
    return "; ".join(error.message for error in outcome.errors) or "was refused"
