"""One run of an importer: a log's files are read, brought down to calls, and put on the ledger.

Reading comes first and fills a `CallIndex`, so that each call has its earliest time and first
attribution whatever order the files come in; then the calls are recorded in the order of time,
`BATCH_COUNT` at once. Every call bears its log's own key and cumulative counts: running again, also
after a kill, adds only what is missing or has grown. Counted per run: `read` = `recorded` +
`duplicate` + `quarantined` are calls, `unpriced` of the recorded ones had no price, `unreadable`
are lines (or files). Refused: stopping for a line that cannot be read or a call that the ledger
will not take; the listener is told of each. Reading holds the event loop: this is for commands, not
for servers.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from pathlib import Path
from uuid import UUID

from models.call_index import CallIndex, IndexedCall
from models.db import Database, sql
from models.errors import ConflictError, UserErrors
from models.event import (
    CallOutcome,
    JobRef,
    RunRef,
    RunStatus,
    UsageEvent,
    UsageOutcome,
    UsageStatus,
)
from models.ids import uuid7
from models.ledger import Ledger
from models.token import ReportedTokens, TokenCounts
from models.usage_log import (
    LogFormat,
    LogLine,
    Unreadable,
    UnreadableLineError,
    display_path,
    find_files,
    read_lines,
)

BATCH_COUNT = 1000
_PROGRESS_LINE_COUNT = 1000


class ImportStage(StrEnum):
    """What an import is at. Reading advances in bytes, recording in calls."""

    READING = "READING"
    RECORDING = "RECORDING"


@dataclass(frozen=True, slots=True)
class QuarantinedCall:
    """A call that the ledger did not take, and why."""

    event_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportListener:
    """Who is told as it goes: `on_progress` of the stage, how much is done and of how much."""

    on_progress: Callable[[ImportStage, int, int], None] = lambda stage, done, total: None
    on_unreadable: Callable[[Unreadable], None] = lambda unreadable: None
    on_quarantined: Callable[[QuarantinedCall], None] = lambda quarantined: None


@dataclass(slots=True)
class ImportReport:
    """What an import read and what became of it; `total_cost` is what it added, in dollars."""

    id: UUID = field(default_factory=uuid7)
    files: int = 0
    lines: int = 0
    read: int = 0
    recorded: int = 0
    duplicate: int = 0
    unpriced: int = 0
    quarantined: int = 0
    unreadable: int = 0
    total_cost: Decimal = Decimal(0)

    @property
    def is_clean(self) -> bool:
        """Whether every line was read and every call was taken."""
        return self.unreadable == 0 and self.quarantined == 0


class ImportRun:
    """Imports one path into one organization, once.

    `find_project` gives the id of the project that a log names, making it when new.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        organization_id: UUID,
        log_format: LogFormat,
        find_project: Callable[[str], Awaitable[UUID]],
        listener: ImportListener | None = None,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._organization_id = organization_id
        self._format = log_format
        self._find_project = find_project
        self._listener = listener or ImportListener()
        self._projects: dict[str, UUID | str] = {}
        self.report = ImportReport()

    async def run(self, path: Path) -> ImportReport:
        """Reads a file, or all files of the format below a folder, and records their calls."""
        started_at = datetime.now(UTC)
        with CallIndex() as index:
            self._read(path, index)
            total = index.resolve()
            await self._start(_source(path), started_at)
            calls = index.calls()
            while batch := list(islice(calls, BATCH_COUNT)):
                await self._record(batch)
                self._listener.on_progress(ImportStage.RECORDING, self.report.read, total)
        await self._save(finished_at=datetime.now(UTC))
        return self.report

    def _read(self, path: Path, index: CallIndex) -> None:
        files = list(find_files(path, self._format.suffix, self._tell_unreadable))
        total = sum(_byte_count(file) for file in files)
        done = 0
        for file in files:
            place = display_path(file)
            try:
                with file.open("rb") as opened:
                    self.report.files += 1
                    for line in read_lines(opened):
                        self._read_line(place, line, index)
                        done += line.byte_count
                        if line.number % _PROGRESS_LINE_COUNT == 0:
                            self._listener.on_progress(ImportStage.READING, done, total)
            except OSError as error:
                self._tell_unreadable(Unreadable(place, None, error.strerror or "cannot be read"))
            self._listener.on_progress(ImportStage.READING, done, total)

    def _read_line(self, place: str, line: LogLine, index: CallIndex) -> None:
        self.report.lines += 1
        if line.content is None:
            self._tell_unreadable(Unreadable(place, line.number, "is too long"))
        elif line.content:
            try:
                records = self._format.parse(line.content)
            except UnreadableLineError as error:
                self._tell_unreadable(Unreadable(place, line.number, str(error)))
            else:
                index.add(records)

    def _tell_unreadable(self, unreadable: Unreadable) -> None:
        self.report.unreadable += 1
        self._listener.on_unreadable(unreadable)

    async def _record(self, calls: Sequence[IndexedCall]) -> None:
        events = []
        for call in calls:
            project = await self._project(call.job.agent.project)
            if isinstance(project, UUID):
                events.append(self._event(call, project))
            else:
                self.report.read += 1
                self._quarantine(call.event_key, project)
        for outcome in await self._ledger.record(self._organization_id, events):
            self.report.read += 1
            if outcome.status is UsageStatus.RECORDED:
                self.report.recorded += 1
                self.report.unpriced += outcome.is_unpriced
                self.report.total_cost += outcome.cost or 0
            elif outcome.status is UsageStatus.DUPLICATE:
                self.report.duplicate += 1
            else:
                self._quarantine(outcome.event_key, _reason(outcome))
        await self._save(finished_at=None)

    def _quarantine(self, event_key: str, reason: str) -> None:
        self.report.quarantined += 1
        self._listener.on_quarantined(QuarantinedCall(event_key, reason))

    async def _project(self, name: str) -> UUID | str:
        """The id of the project that a log names, or why there cannot be one of that name."""
        if name not in self._projects:
            try:
                self._projects[name] = await self._find_project(name)
            except UserErrors as refused:
                self._projects[name] = f"project: {refused}"
        return self._projects[name]

    def _event(self, call: IndexedCall, project_id: UUID) -> UsageEvent:
        job = call.job
        return UsageEvent(
            event_key=call.event_key,
            project_id=project_id,
            model=call.model,
            tokens=_reported(call.tokens),
            occurred_at=call.occurred_at,
            provider=self._format.provider,
            outcome=CallOutcome.FAILED if call.is_failed else CallOutcome.SUCCEEDED,
            surface=self._format.surface,
            service_tier=call.service_tier,
            run=RunRef(
                job.agent.run_key,
                workflow=self._format.name,
                trigger=self._format.trigger,
                status=RunStatus.SUCCEEDED,
                started_at=job.run_span.started_at,
                finished_at=job.run_span.finished_at,
            ),
            job=JobRef(
                job.agent.job_key,
                job.agent.agent_type,
                initiator=job.agent.initiator,
                status=RunStatus.SUCCEEDED,
                started_at=job.span.started_at,
                finished_at=job.span.finished_at,
            ),
            is_cumulative=True,
            import_id=self.report.id,
        )

    async def _start(self, source: str, started_at: datetime) -> None:
        names = (self._organization_id, self.report.id, self._format.name, source)
        async with self._database.connection() as connection:
            await connection.execute(sql("import_start"), *names, started_at)

    async def _save(self, finished_at: datetime | None) -> None:
        report = self.report
        counts = (
            report.read,
            report.recorded,
            report.duplicate,
            report.unpriced,
            report.quarantined,
            report.unreadable,
        )
        async with self._database.connection() as connection:
            tag = await connection.execute(
                sql("import_save"), self._organization_id, report.id, *counts, finished_at
            )
        if tag != "UPDATE 1":
            raise ConflictError("This import was taken back while it ran.")


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """An earlier run of an importer, as stored.

    `total_cost` is what stands of what it recorded, in dollars: 0 when it was taken back.
    """

    id: UUID
    format: str
    source: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    read: int
    recorded: int
    duplicate: int
    unpriced: int
    quarantined: int
    unreadable: int
    total_cost: Decimal


async def list_imports(
    database: Database, organization_id: UUID, limit: int = 100
) -> list[ImportRecord]:
    """The latest runs of importers in an organization, the latest first."""
    async with database.connection() as connection:
        rows: Iterable[Iterable[object]] = await connection.fetch(
            sql("import_list"), organization_id, limit
        )
    return [ImportRecord(*row) for row in rows]  # type: ignore[arg-type]


def _source(path: Path) -> str:
    return display_path(path.absolute())


def _byte_count(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _reported(tokens: TokenCounts) -> ReportedTokens:
    return ReportedTokens(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_write_5m_tokens=tokens.cache_write_5m,
        cache_write_1h_tokens=tokens.cache_write_1h,
        reasoning_tokens=tokens.reasoning or None,
        input_includes_cache=False,
        output_includes_reasoning=False if tokens.reasoning else None,
    )


def _reason(outcome: UsageOutcome) -> str:
    if outcome.status is UsageStatus.CONFLICT:
        return "the same key was recorded before with other content, and not as a growing call"
    return "; ".join(error.message for error in outcome.errors) or "was refused"
