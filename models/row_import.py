"""One run of an importer of rows: a file is read row after row, and recorded in batches.

Rows come with keys of their own or get them from what they say (`row_key`), so that reading again,
also after a kill, adds only what is missing. Counted is every row: recorded, there already, or
quarantined with its original. Memory does not grow with files. Refused: stopping for a row.
Reading holds the event loop: this is for commands, not for servers.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from models.db import Database
from models.import_recorder import Candidate, FindProject, ImportRecorder
from models.import_report import ImportListener, ImportReport, ImportStage
from models.import_run import byte_count, source
from models.ledger import Ledger
from models.quarantine import Doubt
from models.row_file import (
    CSV_SUFFIXES,
    DOCUMENT_SUFFIXES,
    LINE_SUFFIXES,
    FileError,
    FileRow,
    csv_rows,
    json_document,
    json_lines,
    open_file,
)
from models.row_format import FileKind, ReadRow, RowFormat
from models.row_key import RowKeys
from models.usage_log import Unreadable, display_path, find_files
from models.usage_row import Row, read_event
from models.usage_value import RowError

_KINDS = {
    CSV_SUFFIXES: FileKind.CSV,
    LINE_SUFFIXES: FileKind.LINES,
    DOCUMENT_SUFFIXES: FileKind.DOCUMENT,
}


class RowImport:
    """Imports one path into one organization, once.

    With a `project` all rows go there, whatever they say. `key_prefix` stands in keys that are made
    of what a row says; it tells sources apart that may hold equal rows.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        organization_id: UUID,
        row_format: RowFormat,
        find_project: FindProject,
        listener: ImportListener | None = None,
        *,
        project: str | None = None,
        key_prefix: str = "",
        delimiter: str | None = None,
    ) -> None:
        self._format = row_format
        self._listener = listener or ImportListener()
        self._project = project
        self._key_prefix = f"{row_format.name}:{key_prefix}" if key_prefix else row_format.name
        self._delimiter = delimiter
        self._recorder = ImportRecorder(
            database, ledger, organization_id, row_format.name, find_project, self._listener
        )

    @property
    def report(self) -> ImportReport:
        """What was read so far and what became of it."""
        return self._recorder.report

    async def run(self, path: Path) -> ImportReport:
        """Reads a file, or all files below a folder whose names fit, and records their rows."""
        files = list(find_files(path, self._format.suffixes, self._tell_unreadable))
        total = sum(byte_count(file) for file in files)
        done = 0
        await self._recorder.start(source(path))
        for file in files:
            try:
                await self._read_file(file, done, total)
            except (OSError, EOFError, FileError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                self._tell_unreadable(Unreadable(display_path(file), None, reason))
            done += byte_count(file)
            self._listener.on_progress(ImportStage.READING, done, total)
        await self._recorder.finish()
        return self.report

    async def _read_file(self, path: Path, done: int, total: int) -> None:
        place = display_path(path)
        with open_file(path) as opened, RowKeys(self._key_prefix) as keys:
            self.report.files += 1
            events = self._events(path, opened.binary, place, keys)
            await self._recorder.record(
                events,
                lambda: self._listener.on_progress(
                    ImportStage.READING, done + opened.position(), total
                ),
            )

    def _events(
        self, path: Path, file: BinaryIO, place: str, keys: RowKeys
    ) -> Iterator[Candidate | Doubt]:
        kind = _kind(path, self._format)
        read: ReadRow | None = None

        def start(columns: Sequence[str] | None) -> None:
            nonlocal read
            read = self._format.start(columns)

        if kind is FileKind.CSV:
            rows = csv_rows(file, start, self._delimiter)
        else:
            start(None)
            rows = json_lines(file) if kind is FileKind.LINES else json_document(file)
        for each in rows:
            self.report.lines += 1
            if each.reason is not None or read is None:
                key, reason = keys.key(each.text), each.reason or ""
                yield Doubt(place, each.line, key, reason, each.text)
                continue
            # A row of CSV is one already.
            values = [each.value] if kind is FileKind.CSV else self._format.rows(each.value)
            for value in values:
                yield from self._row(read, FileRow(each.line, value), place, keys)

    def _row(
        self, read: ReadRow, row: FileRow, place: str, keys: RowKeys
    ) -> Iterator[Candidate | Doubt]:
        try:
            parts = read(row.value)
        except RowError as error:
            understood = self._completed(error.row or {}, row, keys)
            yield self._doubt(row, place, understood, str(error))
            return
        for part in parts:
            understood = self._completed(part, row, keys)
            doubt = partial(self._doubt, row, place, understood)
            try:
                stated = read_event(understood)
            except RowError as error:
                yield doubt(str(error))
            else:
                yield Candidate(stated.project, stated.event, doubt)

    def _completed(self, part: Row, row: FileRow, keys: RowKeys) -> dict[str, Any]:
        completed = dict(part)
        if not completed.get("eventKey"):
            completed["eventKey"] = keys.key(row.value)
        if self._project is not None:
            completed.pop("projectId", None)
            completed["project"] = self._project
        return completed

    def _doubt(self, row: FileRow, place: str, understood: Row, reason: str) -> Doubt:
        original = json.dumps(self._format.keep(row.value), ensure_ascii=False)
        return Doubt(place, row.line, str(understood["eventKey"]), reason, original, understood)

    def _tell_unreadable(self, unreadable: Unreadable) -> None:
        self.report.unreadable += 1
        self._listener.on_unreadable(unreadable)


def _kind(path: Path, row_format: RowFormat) -> FileKind:
    if row_format.is_read_by_name:
        for suffixes, kind in _KINDS.items():
            if path.name.endswith(suffixes):
                return kind
    return row_format.kind
