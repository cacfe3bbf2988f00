"""How an import is shown: a bar while it runs, then a summary, or one JSON object for programs.

Progress goes to standard error and only to a terminal, so that standard output is the result alone.
Lines that could not be read are kept to the first `SHOWN_COUNT` in memory; all of them go to the
file of `--errors` as they come. Refused: text from logs as markup.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeft

from api.commands.output import print_line, print_table
from models.import_report import (
    ImportListener,
    ImportRecord,
    ImportReport,
    ImportStage,
    QuarantinedCall,
)
from models.money import plain
from models.usage_log import Unreadable

SHOWN_COUNT = 20
_STAGES = {
    ImportStage.READING: "Reading the logs",
    ImportStage.RECORDING: "Recording the calls",
}


@dataclass
class Troubles:
    """What could not be read or was not taken: all to the file, the first ones to the screen."""

    file: IO[str] | None = None
    unreadable: list[Unreadable] = field(default_factory=list)
    quarantined: list[QuarantinedCall] = field(default_factory=list)

    def add_unreadable(self, trouble: Unreadable) -> None:
        """Notes a line."""
        if len(self.unreadable) < SHOWN_COUNT:
            self.unreadable.append(trouble)
        self._write(file=trouble.file, line=trouble.line, reason=trouble.reason)

    def add_quarantined(self, trouble: QuarantinedCall) -> None:
        """Notes a call."""
        if len(self.quarantined) < SHOWN_COUNT:
            self.quarantined.append(trouble)
        place = {} if trouble.file is None else {"file": trouble.file, "line": trouble.line}
        self._write(**place, event_key=trouble.event_key, reason=trouble.reason)

    def _write(self, **values: object) -> None:
        if self.file is not None:
            self.file.write(json.dumps(values, ensure_ascii=False) + "\n")


@contextmanager
def listening(troubles: Troubles, *, is_quiet: bool) -> Iterator[ImportListener]:
    """A listener that collects troubles and moves a bar, if somebody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeLeft())
    tasks: dict[ImportStage, TaskID] = {}
    is_hidden = is_quiet or not console.is_terminal
    with Progress(*columns, console=console, disable=is_hidden) as progress:

        def advance(stage: ImportStage, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(_STAGES[stage])
            progress.update(tasks[stage], completed=done, total=total)

        yield ImportListener(advance, troubles.add_unreadable, troubles.add_quarantined)


def report_json(report: ImportReport, import_id: str) -> dict[str, Any]:
    """The result for programs; read = recorded + duplicate + quarantined."""
    return {
        "import_id": import_id,
        "files": report.files,
        "lines": report.lines,
        "read": report.read,
        "recorded": report.recorded,
        "duplicate": report.duplicate,
        "unpriced": report.unpriced,
        "quarantined": report.quarantined,
        "unreadable": report.unreadable,
        "total_cost": plain(report.total_cost),
    }


def show_report(
    report: ImportReport, import_id: str, troubles: Troubles, remark: str | None = None
) -> None:
    """The result for people."""
    lines = [(_place(each), each.reason) for each in troubles.unreadable]
    _show_troubles("Lines that could not be read", "line", lines, report.unreadable)
    calls = [(_row_place(each), each.event_key, each.reason) for each in troubles.quarantined]
    _show_troubles("Quarantined", "row", calls, report.quarantined)
    # Rows read = recorded + there already + quarantined.
    for name, value in (
        ("files", f"{report.files:,}"),
        ("lines", f"{report.lines:,}"),
        ("  that could not be read", f"{report.unreadable:,}"),
        ("calls read", f"{report.read:,}"),
        ("  recorded", f"{report.recorded:,}"),
        ("    of them unpriced", f"{report.unpriced:,}"),
        ("  there already", f"{report.duplicate:,}"),
        ("  quarantined", f"{report.quarantined:,}"),
        ("cost added", f"${plain(report.total_cost)}"),
    ):
        print_line(f"{name:<26}{value:>16}")
    if remark is not None:
        print_line(remark)
    if report.quarantined:
        print_line("To decide on the quarantined: aicost quarantine list, retry, drop")
    print_line(f"To take it back: aicost import undo {import_id}")


def _place(trouble: Unreadable) -> str:
    return trouble.file if trouble.line is None else f"{trouble.file}:{trouble.line}"


def _row_place(trouble: QuarantinedCall) -> str:
    if trouble.file is None:
        return "-"
    return trouble.file if trouble.line is None else f"{trouble.file}:{trouble.line}"


def _show_troubles(title: str, noun: str, rows: Sequence[Sequence[str]], count: int) -> None:
    if not rows:
        return
    print_line(f"{title}:")
    headings = (noun, "reason") if len(rows[0]) == 2 else (noun, "key", "reason")
    print_table(headings, rows)
    if count > len(rows):
        print_line(f"and {count - len(rows):,} more; --errors FILE keeps all")
    print_line("")


def record_json(record: ImportRecord, import_id: str) -> dict[str, Any]:
    """An earlier import for programs."""
    return {
        "import_id": import_id,
        "format": record.format,
        "source": record.source,
        "status": record.status,
        "started_at": record.started_at.isoformat(),
        "finished_at": record.finished_at.isoformat() if record.finished_at else None,
        "undone_at": record.undone_at.isoformat() if record.undone_at else None,
        "read": record.read,
        "recorded": record.recorded,
        "duplicate": record.duplicate,
        "unpriced": record.unpriced,
        "quarantined": record.quarantined,
        "unreadable": record.unreadable,
        "total_cost": plain(record.total_cost),
    }


def show_records(records: Sequence[tuple[str, ImportRecord]]) -> None:
    """Earlier imports for people. One that was interrupted stays RUNNING."""
    headings = ("started", "status", "source", "recorded", "unpriced", "cost", "id")
    rows = [
        (
            record.started_at,
            record.status,
            record.source,
            f"{record.recorded:,}",
            f"{record.unpriced:,}",
            f"${plain(record.total_cost)}",
            import_id,
        )
        for import_id, record in records
    ]
    print_table(headings, rows)
