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
from rich.table import Table
from rich.text import Text

from models.import_run import (
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
ESTIMATE = (
    "Claude Code notes output tokens while an answer streams, so these figures are an estimate, "
    "a little below the bill."
)


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
        self._write(event_key=trouble.event_key, reason=trouble.reason)

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


def show_report(console: Console, report: ImportReport, import_id: str, troubles: Troubles) -> None:
    """The result for people."""
    _show_troubles(console, report, troubles)
    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_column(justify="right")
    for name, value in (
        ("files", f"{report.files:,}"),
        ("lines", f"{report.lines:,}"),
        ("lines not read", f"{report.unreadable:,}"),
        ("calls", f"{report.read:,}"),
        ("  recorded", f"{report.recorded:,}"),
        ("    of them unpriced", f"{report.unpriced:,}"),
        ("  there already", f"{report.duplicate:,}"),
        ("  not taken", f"{report.quarantined:,}"),
        ("cost added", f"${plain(report.total_cost)}"),
    ):
        table.add_row(name, value)
    console.print(table)
    console.print(Text(ESTIMATE, style="dim"))
    console.print(Text(f"To take it back: aicost import undo {import_id}"), soft_wrap=True)


def _show_troubles(console: Console, report: ImportReport, troubles: Troubles) -> None:
    lines = [(f"{each.file}:{each.line or ''}", each.reason) for each in troubles.unreadable]
    _show_table(console, "Lines that could not be read", "line", lines, report.unreadable)
    calls = [(each.event_key, each.reason) for each in troubles.quarantined]
    _show_table(console, "Calls that were not taken", "call", calls, report.quarantined)


def _show_table(
    console: Console, title: str, noun: str, rows: Sequence[tuple[str, str]], count: int
) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", box=None)
    table.add_column(noun, overflow="fold")
    table.add_column("reason", overflow="fold")
    for place, reason in rows:
        table.add_row(Text(place), Text(reason))
    if count > len(rows):
        table.caption = f"and {count - len(rows):,} more; --errors FILE keeps all"
    console.print(table)


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


def show_records(console: Console, records: Sequence[tuple[str, ImportRecord]]) -> None:
    """Earlier imports for people. One that was interrupted stays RUNNING."""
    table = Table(box=None)
    for name in ("started (UTC)", "status", "source"):
        table.add_column(name)
    for name in ("recorded", "unpriced", "cost"):
        table.add_column(name, justify="right")
    table.add_column("id", no_wrap=True)
    for import_id, record in records:
        table.add_row(
            f"{record.started_at:%Y-%m-%d %H:%M}",
            record.status,
            Text(record.source),
            f"{record.recorded:,}",
            f"{record.unpriced:,}",
            f"${plain(record.total_cost)}",
            import_id,
        )
    console.print(table)
