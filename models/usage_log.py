"""Usage logs as importers see them: where the files are, their lines, and what a line may state.

A format (`claude_code.FORMAT`) says how a line is parsed; walking, reading and bounding are the
same for all. Refused: lines longer than `MAX_LINE_BYTES`, files that cannot be opened; each is
told with its place and reason, and none stops a reader.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from models.event import Initiator, Surface
from models.token import TokenCounts

MAX_LINE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LoggedAgent:
    """Whose work a line is: the project's name, the run's key and the job's key in the run."""

    project: str
    run_key: str
    job_key: str
    agent_type: str
    initiator: Initiator


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One report of a model call; a log may hold several, each with the counts so far."""

    event_key: str
    occurred_at: datetime
    agent: LoggedAgent
    model: str
    tokens: TokenCounts
    service_tier: str = ""
    is_failed: bool = False
    provider: str = ""
    """Who ran the model, where the log says so; else the format's provider."""


@dataclass(frozen=True, slots=True)
class LoggedDoubt:
    """A report of a call that cannot be trusted: why, and its counts and names as they were read.

    `understood` has columns of `usage_row`; what people and models said is never among them.
    """

    event_key: str
    reason: str
    understood: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SpawnedType:
    """The agent type that was asked for by a spawning tool call."""

    spawn_key: str
    agent_type: str


@dataclass(frozen=True, slots=True)
class SpawnedJob:
    """Which spawning tool call made a job of a run."""

    run_key: str
    job_key: str
    spawn_key: str


LogRecord = LoggedCall | LoggedDoubt | SpawnedType | SpawnedJob
ParseLine = Callable[[bytes], list[LogRecord]]
"""Takes the next line of a file; raises `UnreadableLineError`, nothing else."""


class UnreadableLineError(ValueError):
    """A line states no usable call; the message says why, and repeats none of its content."""


@dataclass(frozen=True, slots=True)
class LogFormat:
    """A kind of log. `start` is called for each file and answers what takes its lines, in order.

    A file whose name ends with one of `document_suffixes` is one line, whatever it holds.
    """

    name: str
    provider: str
    trigger: str
    surface: Surface
    suffixes: tuple[str, ...]
    start: Callable[[], ParseLine]
    document_suffixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that could not be read, or (line None) a file or folder."""

    file: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a file, without its end; None where it was too long to take in."""

    number: int
    byte_count: int
    content: bytes | None


def display_path(path: Path) -> str:
    """The path as text that can be printed and encoded, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


def find_files(
    path: Path, suffix: str | tuple[str, ...], on_unreadable: Callable[[Unreadable], None]
) -> Iterator[Path]:
    """Files below a folder whose names end so, in a fixed order; or the one file that it is.

    Links to folders are not followed, so that nothing is read twice or without end.
    """
    if not path.is_dir():
        yield path
        return

    def report(error: OSError) -> None:
        place = display_path(Path(os.fsdecode(error.filename or path)))
        on_unreadable(Unreadable(place, None, error.strerror or "cannot be listed"))

    for folder, folders, names in os.walk(path, onerror=report):
        folders.sort()
        for name in sorted(names):
            if name.endswith(suffix):
                yield Path(folder, name)


def read_lines(file: BinaryIO) -> Iterator[LogLine]:
    """The lines of a file, one in memory at a time."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES):
        number += 1
        if line.endswith(b"\n") or len(line) < MAX_LINE_BYTES:
            yield LogLine(number, len(line), line.strip())
            continue
        byte_count = len(line)
        while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            byte_count += len(rest)
        yield LogLine(number, byte_count + len(rest), None)


def read_document(file: BinaryIO) -> Iterator[LogLine]:
    """The whole of a file as its one line."""
    content = file.read(MAX_LINE_BYTES + 1)
    is_whole = len(content) <= MAX_LINE_BYTES
    yield LogLine(1, len(content), content.strip() if is_whole else None)
