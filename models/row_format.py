"""What an importer of rows says about its format; reading and recording are the same for all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.usage_row import Row

ReadRow = Callable[[Any], Sequence[Row]]
"""A row in columns of ours, in parts where it stands for several; none where it states no usage.

Raises RowError, nothing else."""


class FileKind(StrEnum):
    """How rows stand in a file."""

    CSV = "CSV"
    LINES = "LINES"
    DOCUMENT = "DOCUMENT"


@dataclass(frozen=True, slots=True)
class RowFormat:
    """A kind of file of rows. Files whose names do not tell their kind are of `kind`.

    `start` is called with the columns of each CSV file, and raises FileError where they will not
    do; without columns for files of JSON. `rows` gives the rows of a JSON value. `keep` is what of
    a row may be kept in quarantine: never what people and models said.
    """

    name: str
    suffixes: tuple[str, ...]
    kind: FileKind
    start: Callable[[Sequence[str] | None], ReadRow]
    rows: Callable[[Any], Sequence[Any]] = lambda value: [value]
    keep: Callable[[Any], Any] = lambda row: row
    is_read_by_name: bool = True
