"""Putting what an import reads on the ledger: projects, batches, outcomes, quarantine, counts.

Every reader hands over candidates (events whose projects are named) and doubts (rows that it does
not trust); whatever the ledger refuses becomes a doubt too. Running again, also after a kill, adds
only what is missing, for events bear keys and quarantined rows digests. Refused: reading files, and
events from the future.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from models.db import Database, sql
from models.errors import ConflictError, UserErrors
from models.event import UsageEvent, UsageOutcome, UsageStatus
from models.import_report import ImportListener, ImportReport, QuarantinedCall
from models.ledger import Ledger
from models.quarantine import Doubt, keep, settle

BATCH_COUNT = 1000
"""Rows that are recorded together."""
_FURTHEST_AHEAD = timedelta(days=1)
"""Clocks differ, and so do zones that somebody got wrong; what is later has not happened."""
FindProject = Callable[[str], Awaitable[UUID]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event to record, its project by name or id; `doubt` tells it as a row with a reason."""

    project: str | UUID
    event: UsageEvent
    doubt: Callable[[str], Doubt]


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

    async def record(self, batch: Sequence[Candidate | Doubt]) -> None:
        """Records candidates and quarantines the rest; counts everything once."""
        candidates: list[Candidate] = []
        events: list[UsageEvent] = []
        doubts = [each for each in batch if isinstance(each, Doubt)]
        for each in batch:
            if isinstance(each, Doubt):
                continue
            event = await self._event(each)
            if isinstance(event, Doubt):
                doubts.append(event)
            else:
                candidates.append(each)
                events.append(event)
        recorded = []
        outcomes = await self._ledger.record(self._organization_id, events) if events else []
        for candidate, outcome in zip(candidates, outcomes, strict=True):
            if outcome.status is UsageStatus.RECORDED:
                recorded.append(outcome)
            elif outcome.status is UsageStatus.DUPLICATE:
                self.report.duplicate += 1
            else:
                doubts.append(candidate.doubt(reason_of(outcome)))
        self.report.read += len(batch)
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
