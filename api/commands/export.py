"""`aicost export`: spend as files: FOCUS for cost tools, executions, API calls.

The same rows as the exports over HTTP, all of them, into a file or to standard output.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, NamedTuple

import asyncpg
import typer

from api.commands.output import note
from api.commands.session import open_database
from api.commands.target import OrganizationName, WorkspaceName, known_workspace, organization_scope
from api.commands.when import parse_when
from api.settings import Settings
from models.access import Scope
from models.api_call import CallsWanted
from models.api_call_export import ApiCallExport
from models.directory import Organization, load_organization
from models.errors import BadInputError
from models.export import Export, write_csv
from models.focus import FocusExport, whole_days
from models.focus_parquet import require_pyarrow, write_parquet
from models.period import Calendar
from models.usage_entry import UsageEntryFilter, sought
from models.usage_export import UsageExport

app = typer.Typer(
    help="Write spend into files: FOCUS, executions, API calls.", no_args_is_help=True
)
Start = Annotated[
    str, typer.Option("--from", help="First day, or first instant (2026-01-31T00:00:00Z).")
]
End = Annotated[str, typer.Option("--to", help="The day or instant after the last.")]
Output = Annotated[
    Path | None, typer.Option("--output", help="File to write; standard output when absent.")
]


class Format(StrEnum):
    """Forms of a FOCUS file."""

    CSV = "csv"
    PARQUET = "parquet"


class _Asked(NamedTuple):
    """What every export is about."""

    scope: Scope
    organization: Organization
    calendar: Calendar
    start: datetime
    end: datetime


@app.command()
def focus(
    start: Start,
    end: End,
    organization: OrganizationName = None,
    workspace: WorkspaceName = None,
    form: Annotated[Format, typer.Option("--format", help="Form of the file.")] = Format.CSV,
    output: Output = None,
) -> None:
    """Write FOCUS 1.2: a row for each day, project, model, token class and price."""
    if form is Format.PARQUET:
        require_pyarrow()
        if output is None:
            raise BadInputError("Parquet is not for standard output; name a file by --output.")

    async def work(connection: asyncpg.Connection, file: IO[bytes]) -> None:
        asked = await _asked(connection, organization, start, end)
        place = None
        if workspace is not None:
            place = await known_workspace(connection, asked.scope, workspace)
        export = FocusExport(
            asked.organization.id,
            place,
            None,
            asked.calendar,
            asked.organization.cycles,
            *whole_days(asked.calendar, asked.start, asked.end),
        )
        if form is Format.PARQUET:
            await write_parquet(connection, export, file)
        else:
            await _write(connection, export, file)

    _run(output, work)


@app.command()
def usage(
    start: Start,
    end: End,
    workspace: Annotated[str, typer.Option("--workspace", help="Name of the workspace.")],
    organization: OrganizationName = None,
    output: Output = None,
) -> None:
    """Write executions with what each spent, as CSV."""

    async def work(connection: asyncpg.Connection, file: IO[bytes]) -> None:
        asked = await _asked(connection, organization, start, end)
        place = await known_workspace(connection, asked.scope, workspace)
        what = sought(
            asked.organization.id,
            place,
            None,
            asked.organization.zones,
            asked.start,
            asked.end,
            UsageEntryFilter(),
        )
        await _write(connection, UsageExport(what), file)

    _run(output, work)


@app.command("api-calls")
def api_calls(
    start: Start,
    end: End,
    workspace: Annotated[str, typer.Option("--workspace", help="Name of the workspace.")],
    organization: OrganizationName = None,
    output: Output = None,
) -> None:
    """Write API calls, one a row, as CSV."""

    async def work(connection: asyncpg.Connection, file: IO[bytes]) -> None:
        asked = await _asked(connection, organization, start, end)
        place = await known_workspace(connection, asked.scope, workspace)
        wanted = CallsWanted(place, asked.start, asked.end)
        await _write(connection, ApiCallExport(asked.organization.id, asked.calendar, wanted), file)

    _run(output, work)


async def _asked(
    connection: asyncpg.Connection, organization: str | None, start: str, end: str
) -> _Asked:
    scope = await organization_scope(connection, organization)
    found = await load_organization(connection, scope)
    first, last = (parse_when(text, found.zones) for text in (start, end))
    if last <= first:
        raise BadInputError(f"--to is {end!r}; something after --from is expected.")
    return _Asked(scope, found, Calendar(found.zones, datetime.now(UTC)), first, last)


async def _write(connection: asyncpg.Connection, export: Export, file: IO[bytes]) -> None:
    async def write(chunk: bytes) -> None:
        await asyncio.to_thread(file.write, chunk)

    await write_csv(connection, export, write)


def _run(
    output: Path | None, work: Callable[[asyncpg.Connection, IO[bytes]], Awaitable[None]]
) -> None:
    async def session(file: IO[bytes]) -> None:
        async with (
            open_database(Settings.load()) as database,
            database.connection() as connection,
        ):
            await work(connection, file)

    with _opened(output) as file:
        asyncio.run(session(file))
    if output is not None:
        note(f"Wrote {output}.")


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """A file that takes its name when it is whole: half of one must not pass for it."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
