"""What was measured, as tables for people and as JSON, and whether it keeps the limits.

The limits are those that the project set itself: from the smallest ledger to the largest the pages
touched grow at most 1.2 times and the latency at most 1.5 times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from measure import Figure, Subject
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

BUFFERS_LIMIT = 1.2
LATENCY_LIMIT = 1.5


@dataclass(frozen=True)
class Growth:
    """How much more a question costs in the largest ledger than in the smallest."""

    name: str
    http: Figure
    bare: Figure
    buffers: float

    @property
    def is_within_limits(self) -> bool:
        """Whether both limits are kept."""
        return self.http.median <= LATENCY_LIMIT and self.buffers <= BUFFERS_LIMIT


def growths(subjects: Sequence[Subject]) -> list[Growth]:
    """From the smallest ledger to the largest, by question; nothing of a single ledger."""
    sizes = sorted({subject.entry_count for subject in subjects})
    found = {(subject.question.name, subject.entry_count): subject for subject in subjects}
    if len(sizes) < 2:
        return []
    pairs = [
        (found[name, sizes[0]], found[name, sizes[-1]])
        for name in dict.fromkeys(subject.question.name for subject in subjects)
    ]
    return [
        Growth(
            small.question.name,
            Figure.ratio(large.http, small.http),
            Figure.ratio(large.bare, small.bare),
            sum(large.buffers.values()) / sum(small.buffers.values()),
        )
        for small, large in pairs
    ]


def print_tables(console: Console, subjects: Sequence[Subject], grown: Sequence[Growth]) -> None:
    """Figures by question and ledger, then growth."""
    title = "Medians over rounds (lowest to highest round)"
    table = Table("question", title=title, box=MARKDOWN)
    for heading in ("entries", "HTTP ms", "SQL ms", "HTTP / SQL", "server CPU ms", "buffers"):
        table.add_column(heading, justify="right", no_wrap=True)
    ordered = sorted(subjects, key=lambda it: (it.question.name, it.entry_count))
    for last, subject in zip([None, *ordered], ordered, strict=False):
        is_new = last is None or last.question.name != subject.question.name
        table.add_row(
            subject.question.name if is_new else "",
            f"{subject.entry_count:,}",
            _shown(Figure.of(subject.http)),
            _shown(Figure.of(subject.bare)),
            _shown(Figure.ratio(subject.http, subject.bare)),
            _shown(Figure.of(subject.cpu)),
            f"{sum(subject.buffers.values()):,}",
        )
    console.print(table)
    if not grown:
        return
    sizes = [subject.entry_count for subject in ordered]
    title = f"Growth from {min(sizes):,} to {max(sizes):,} entries"
    growth = Table("question", title=title, box=MARKDOWN)
    for heading in (
        f"HTTP latency (at most {LATENCY_LIMIT})",
        "SQL time",
        f"buffers (at most {BUFFERS_LIMIT})",
    ):
        growth.add_column(heading, justify="right", no_wrap=True)
    for it in grown:
        latency = f"{_shown(it.http)}  {_verdict(it.http.median, LATENCY_LIMIT)}"
        buffers = f"{it.buffers:.2f}  {_verdict(it.buffers, BUFFERS_LIMIT)}"
        growth.add_row(it.name, latency, _shown(it.bare), buffers)
    console.print(growth)


def as_json(subjects: Sequence[Subject], grown: Sequence[Growth]) -> dict[str, Any]:
    """The same, with the buffers of each statement."""
    return {
        "measured": [
            {
                "question": it.question.name,
                "entries": it.entry_count,
                "rows": it.row_count,
                "http_ms": Figure.of(it.http)._asdict(),
                "sql_ms": Figure.of(it.bare)._asdict(),
                "ratio": Figure.ratio(it.http, it.bare)._asdict(),
                "server_cpu_ms": Figure.of(it.cpu)._asdict(),
                "buffers": it.buffers,
            }
            for it in subjects
        ],
        "growth": [
            {
                "question": it.name,
                "http": it.http._asdict(),
                "sql": it.bare._asdict(),
                "buffers": it.buffers,
                "within_limits": it.is_within_limits,
            }
            for it in grown
        ],
    }


def _shown(figure: Figure) -> str:
    return f"{figure.median:.2f} ({figure.low:.2f}-{figure.high:.2f})"


def _verdict(value: float, limit: float) -> str:
    return "PASS" if value <= limit else "over"
