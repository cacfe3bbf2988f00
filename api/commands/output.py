"""How commands speak: tables for people or one JSON object for programs, on standard output.

What is said on the way goes to standard error, so that output can be piped.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import orjson
import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def print_json(value: object) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(orjson.dumps(value).decode() + "\n")


def print_line(line: str) -> None:
    """A line of the answer, as it is."""
    sys.stdout.write(f"{line}\n")


def answer(as_json: bool, value: object, line: str) -> None:
    """The outcome of an act, for programs or for people."""
    if as_json:
        print_json(value)
    else:
        print_line(line)


def note(line: str) -> None:
    """A line beside the answer."""
    sys.stderr.write(f"{line}\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table, its cells taken literally and never cut short where output is not a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=10_000)
    console.print(table)


def _shown(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}Z"
    return str(cell)
