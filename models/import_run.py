"""One run of an importer of logs: files are read, brought down to calls, and put on the ledger.

Reading comes first and fills a `CallIndex`, so that each call has its earliest time and first
attribution whatever order the files come in; then the calls are recorded in the order of time.
Every call bears its log's own key and cumulative counts: running again, also after a kill, adds
only what is missing or has grown. Refused: stopping for a line that cannot be read or a call that
cannot be trusted; the listener is told of each. Reading holds the event loop: this is for commands,
not for servers.
"""

import json
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from uuid import UUID

from models.call_index import CallIndex, IndexedCall
from models.db import Database
from models.event import CallOutcome, JobRef, RunRef, RunStatus, UsageEvent
from models.ids import NIL
from models.import_recorder import Candidate, FindProject, ImportRecorder
from models.import_report import ImportListener, ImportReport, ImportStage
from models.ledger import Ledger
from models.quarantine import Doubt
from models.token import ReportedTokens, TokenCounts
from models.usage_log import (
    LogFormat,
    LogLine,
    ParseLine,
    Unreadable,
    UnreadableLineError,
    display_path,
    find_files,
    read_document,
    read_lines,
)
from models.usage_row import write_event

_PROGRESS_LINE_COUNT = 1000


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
        find_project: FindProject,
        listener: ImportListener | None = None,
    ) -> None:
        self._format = log_format
        self._listener = listener or ImportListener()
        self._recorder = ImportRecorder(
            database, ledger, organization_id, log_format.name, find_project, self._listener
        )

    @property
    def report(self) -> ImportReport:
        """What was read so far and what became of it."""
        return self._recorder.report

    async def run(self, path: Path) -> ImportReport:
        """Reads a file, or all files of the format below a folder, and records their calls."""
        with CallIndex() as index:
            self._read(path, index)
            total = index.resolve()
            await self._recorder.start(source(path))
            calls: Iterator[Candidate | Doubt] = map(self._candidate, index.calls())
            await self._recorder.record(
                chain(calls, index.doubts()),
                lambda: self._listener.on_progress(ImportStage.RECORDING, self.report.read, total),
            )
        await self._recorder.finish()
        return self.report

    def _read(self, path: Path, index: CallIndex) -> None:
        files = list(find_files(path, self._format.suffixes, self._tell_unreadable))
        total = sum(byte_count(file) for file in files)
        done = 0
        for file in files:
            place, parse = display_path(file), self._format.start()
            is_document = file.name.endswith(self._format.document_suffixes)
            read = read_document if is_document else read_lines
            try:
                with file.open("rb") as opened:
                    self.report.files += 1
                    for line in read(opened):
                        self._read_line(place, line, parse, index)
                        done += line.byte_count
                        if line.number % _PROGRESS_LINE_COUNT == 0:
                            self._listener.on_progress(ImportStage.READING, done, total)
            except OSError as error:
                self._tell_unreadable(Unreadable(place, None, error.strerror or "cannot be read"))
            self._listener.on_progress(ImportStage.READING, done, total)

    def _read_line(self, place: str, line: LogLine, parse: ParseLine, index: CallIndex) -> None:
        self.report.lines += 1
        if line.content is None:
            self._tell_unreadable(Unreadable(place, line.number, "is too long"))
        elif line.content:
            try:
                records = parse(line.content)
            except UnreadableLineError as error:
                self._tell_unreadable(Unreadable(place, line.number, str(error)))
            else:
                index.add(records, place, line.number)

    def _tell_unreadable(self, unreadable: Unreadable) -> None:
        self.report.unreadable += 1
        self._listener.on_unreadable(unreadable)

    def _candidate(self, call: IndexedCall) -> Candidate:
        project, event = call.job.agent.project, self._event(call)
        return Candidate(project, event, partial(_doubt, project, event))

    def _event(self, call: IndexedCall) -> UsageEvent:
        job = call.job
        return UsageEvent(
            event_key=call.event_key,
            project_id=NIL,
            model=call.model,
            tokens=_reported(call.tokens),
            occurred_at=call.occurred_at,
            provider=call.provider or self._format.provider,
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
        )


def _doubt(project: str, event: UsageEvent, reason: str) -> Doubt:
    """A call comes from many lines in many files; what they come to stands for them."""
    understood = write_event(event, project)
    return Doubt("", None, event.event_key, reason, json.dumps(understood), understood)


def source(path: Path) -> str:
    """A path as the list of imports names it."""
    return display_path(path.absolute())


def byte_count(file: Path) -> int:
    """How long a file is; 0 when it cannot be told."""
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
