"""Files of rows: CSV, JSON lines and JSON documents, plain or gzipped, one row in memory at a time.

A row that cannot be told apart from its neighbours (bad quoting, a wrong number of cells, no JSON)
comes with its text and the reason, and the next one is read. Refused: files without a usable
header, documents above `MAX_LINE_BYTES`, `.zst` files, which Python cannot unpack by itself.
"""

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from models.usage_log import MAX_LINE_BYTES, read_lines

CELL_LENGTH = 1024 * 1024
"""Characters of the longest cell, and of the part of a broken row that is kept."""
_DELIMITERS = ",;\t|"
CSV_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
LINE_SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
DOCUMENT_SUFFIXES = (".json", ".json.gz")


class FileError(Exception):
    """A file as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row as it stands in a file: its value, or its text and why it has none."""

    line: int
    value: Any
    text: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RowFile:
    """An open file; `position` tells the bytes of it that were taken in so far."""

    binary: BinaryIO
    position: Callable[[], int]


@contextmanager
def open_file(path: Path) -> Iterator[RowFile]:
    """The file, unpacked on the way when its name ends with `.gz`."""
    if path.name.endswith(".zst"):
        raise FileError("is packed by zstd; unpack it first (`zstd -d FILE`)")
    with path.open("rb") as packed:
        if path.name.endswith(".gz"):
            with gzip.GzipFile(fileobj=packed) as unpacked:
                yield RowFile(cast(BinaryIO, unpacked), packed.tell)
        else:
            yield RowFile(packed, packed.tell)


def csv_rows(
    file: BinaryIO, check_header: Callable[[list[str]], object], delimiter: str | None = None
) -> Iterator[FileRow]:
    """The rows of a CSV file as mappings from heading to cell; the header is checked first."""
    lines = _Lines(file)
    header_line = next(lines, "")
    separator = delimiter or max(_DELIMITERS, key=header_line.count)
    header = _header(header_line, separator)
    check_header(header)
    csv.field_size_limit(CELL_LENGTH)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = lines.number + 1
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield FileRow(line, None, lines.taken_text(), f"is not CSV: {error}")
            continue
        if not cells:
            continue
        if len(cells) != len(header):
            reason = f"has {len(cells)} cells; the header has {len(header)}"
            yield FileRow(line, None, lines.taken_text(), reason)
            continue
        yield FileRow(line, dict(zip(header, cells, strict=True)))


def json_lines(file: BinaryIO) -> Iterator[FileRow]:
    """The values of a file that has one on each line."""
    for line in read_lines(file):
        if line.content is None:
            yield FileRow(line.number, None, "", f"is longer than {MAX_LINE_BYTES} bytes")
        elif line.content:
            yield _json_row(line.number, line.content)


def json_document(file: BinaryIO) -> Iterator[FileRow]:
    """The one value of a file."""
    content = file.read(MAX_LINE_BYTES + 1)
    if len(content) > MAX_LINE_BYTES:
        raise FileError(
            f"is a JSON document of more than {MAX_LINE_BYTES} bytes; one value a line is read"
            " without a limit (`jq -c '.[]'`)"
        )
    yield _json_row(1, content)


def _json_row(line: int, content: bytes) -> FileRow:
    try:
        return FileRow(line, orjson.loads(content))
    except orjson.JSONDecodeError as error:
        text = content[:CELL_LENGTH].decode("utf-8", "backslashreplace")
        return FileRow(line, None, text, f"is not JSON: {error.msg}")


def _header(line: str, delimiter: str) -> list[str]:
    try:
        header = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error as error:
        raise FileError(f"has a header that is not CSV: {error}") from error
    if not any(header):
        raise FileError("has no header")
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise FileError(f"has several columns named {', '.join(map(repr, doubled))}")
    return header


class _Lines(Iterator[str]):
    """Lines of text, bounded, with those kept that were taken since the last row."""

    def __init__(self, file: BinaryIO) -> None:
        # Bytes that are no UTF-8 stay visible, and the same each time, as `\xff`.
        self._text = io.TextIOWrapper(
            file, encoding="utf-8-sig", errors="backslashreplace", newline=""
        )
        self._has_ended = False
        self.number = 0
        self.taken: list[str] = []

    def __next__(self) -> str:
        line = "" if self._has_ended else self._text.readline(CELL_LENGTH)
        if not line:
            if not self._has_ended:
                # The wrapper would close the file below it, whose position is still asked for.
                self._text.detach()
            self._has_ended = True
            raise StopIteration
        if line.endswith(("\n", "\r")) or len(line) < CELL_LENGTH:
            self.number += 1
        if sum(map(len, self.taken)) < CELL_LENGTH:
            self.taken.append(line)
        return line

    def taken_text(self) -> str:
        """What was taken since, without the end of its last line."""
        return "".join(self.taken)[:CELL_LENGTH].rstrip("\r\n")
