"""`aicost import`: bring usage in from logs, list what was brought in, take it back.

Exit status 1 when a line could not be read or a call was not taken: all the others were recorded
nevertheless, and running again after the cause is gone adds the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.commands.import_view import (
    Troubles,
    listening,
    record_json,
    report_json,
    show_records,
    show_report,
)
from api.commands.output import AsJson, print_json, print_line
from api.commands.session import open_database
from api.commands.target import OrganizationName, organization_scope
from api.settings import Settings
from models.access import Scope
from models.claude_code import FORMAT
from models.db import Database
from models.ids import IMPORT, decode, encode
from models.import_report import ImportListener, ImportRecord, ImportReport, list_imports
from models.import_run import ImportRun
from models.ledger import Ledger
from models.money import plain
from models.organization import get_or_create_organization
from models.project import get_or_create_project
from models.undo import UndoReport, undo_import
from models.usage_log import find_files
from models.workspace import DEFAULT_WORKSPACE

app = typer.Typer(
    help="Bring usage in from logs, list imports, take them back.", no_args_is_help=True
)


@app.command("claude-code")
def claude_code(
    path: Annotated[
        Path,
        typer.Argument(
            exists=True,
            help="A folder with session logs anywhere below it, such as ~/.claude, or one log.",
        ),
    ],
    organization: Annotated[
        str, typer.Option(help="Name of the organization; made when new.", show_default=False)
    ],
    project: Annotated[
        str | None,
        typer.Option(help="Project that all calls go to. Else each working directory is one."),
    ] = None,
    workspace: Annotated[
        str, typer.Option(help="Workspace of the projects; made when new.")
    ] = DEFAULT_WORKSPACE,
    errors: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            writable=True,
            help="File for the lines and calls that were left out, a JSON object each.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import Claude Code's session logs. Importing again adds only what is new.

    A session becomes a run, its main conversation and each subagent a job, an API call a
    transaction. Costs are estimates: the logs note output tokens while an answer streams.
    """
    logs = _logs(path)
    with (
        errors.open("w", encoding="utf-8") if errors else nullcontext() as file,
        listening(troubles := Troubles(file), is_quiet=as_json) as listener,
    ):
        import_id, report = asyncio.run(_import(logs, organization, workspace, project, listener))
    if as_json:
        print_json(report_json(report, import_id))
    else:
        show_report(report, import_id, troubles)
    if not report.is_clean:
        raise typer.Exit(1)


def _logs(path: Path) -> Path:
    """The folder of the tool itself holds its logs in `projects`, among files of other kinds."""
    path = path / "projects" if (path / "projects").is_dir() else path
    if next(find_files(path, FORMAT.suffixes, lambda unreadable: None), None) is None:
        raise typer.BadParameter(f"there is no *{FORMAT.suffixes[0]} below {path}")
    return path


async def _import(
    path: Path,
    organization: str,
    workspace: str,
    project: str | None,
    listener: ImportListener,
) -> tuple[str, ImportReport]:
    async with open_database(Settings.load()) as database:
        async with database.transaction() as connection:
            organization_id, _ = await get_or_create_organization(connection, organization)
        find_project = _project_finder(database, organization_id, workspace, project)
        if project is not None:
            # A name that cannot be is refused before anything is read.
            await find_project(project)
        run = ImportRun(database, Ledger(database), organization_id, FORMAT, find_project, listener)
        report = await run.run(path)
    return encode(IMPORT, organization_id, report.id), report


def _project_finder(
    database: Database, organization_id: UUID, workspace: str, project: str | None
) -> Callable[[str], Awaitable[UUID]]:
    async def find_project(name: str) -> UUID:
        async with database.transaction() as connection:
            project_id, _ = await get_or_create_project(
                connection, Scope.system(organization_id), project or name, workspace=workspace
            )
        return project_id

    return find_project


@app.command("list")
def list_(
    organization: OrganizationName = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, latest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List imports. One that was interrupted stays RUNNING; its cost is what stands of it."""
    records = asyncio.run(_list(organization, limit))
    if as_json:
        print_json({"imports": [record_json(record, id) for id, record in records]})
    else:
        show_records(records)


async def _list(organization: str | None, limit: int) -> list[tuple[str, ImportRecord]]:
    async with open_database(Settings.load()) as database:
        async with database.connection() as connection:
            organization_id = (await organization_scope(connection, organization)).organization_id
        records = await list_imports(database, organization_id, limit)
    return [(encode(IMPORT, organization_id, record.id), record) for record in records]


@app.command()
def undo(
    import_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of the import, as `list` shows it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Take an import back by entries that reverse its own. Nothing is deleted.

    What other imports added to the same calls stays. The same logs can be imported again.
    """
    report = asyncio.run(_undo(import_id))
    if as_json:
        print_json({"entries": report.entries, "cost": plain(report.cost)})
    else:
        print_line(f"{report.entries:,} entries took back ${plain(report.cost)}")


async def _undo(import_id: str) -> UndoReport:
    try:
        parsed = decode(import_id)
    except ValueError:
        parsed = None
    if parsed is None or parsed.kind != IMPORT:
        raise typer.BadParameter(f"{import_id!r} is not the id of an import")
    async with open_database(Settings.load()) as database:
        return await undo_import(database, parsed.organization_id, parsed.id)
