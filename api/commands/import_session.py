"""What every `aicost import` does around its reader: bar, organization, project, summary."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol
from uuid import UUID

import typer

from api.commands.import_view import Troubles, listening, report_json, show_report
from api.commands.output import print_json
from api.commands.session import open_database
from api.settings import Settings
from models.access import Scope
from models.collector import spare_collector
from models.db import Database
from models.ids import IMPORT, encode
from models.import_report import ImportListener, ImportReport
from models.ledger import Ledger
from models.organization import get_or_create_organization
from models.project import get_or_create_project
from models.workspace import DEFAULT_WORKSPACE

FindProject = Callable[[str], Awaitable[UUID]]
IntoOrganization = Annotated[
    str,
    typer.Option(
        "--organization", help="Name of the organization; made when new.", show_default=False
    ),
]
IntoWorkspace = Annotated[
    str, typer.Option("--workspace", help="Workspace of the projects; made when new.")
]
ErrorsFile = Annotated[
    Path | None,
    typer.Option(
        "--errors",
        dir_okay=False,
        writable=True,
        help="File for the lines and calls that were left out, a JSON object each.",
    ),
]


class Reader(Protocol):
    """An import that is ready to run."""

    async def run(self, path: Path) -> ImportReport:
        """Imports a path."""


MakeReader = Callable[[Database, Ledger, UUID, FindProject, ImportListener], Reader]


@dataclass(frozen=True, slots=True)
class Target:
    """Where an import goes. With a project everything goes there."""

    organization: str
    workspace: str = DEFAULT_WORKSPACE
    project: str | None = None


def run_import(
    path: Path,
    target: Target,
    make: MakeReader,
    *,
    errors: Path | None,
    as_json: bool,
    remark: str | None = None,
) -> None:
    """Runs an import and shows what became of it; exits with 1 when something was left out."""
    with (
        errors.open("w", encoding="utf-8") if errors else nullcontext() as file,
        listening(troubles := Troubles(file), is_quiet=as_json) as listener,
    ):
        import_id, report = asyncio.run(_run(path, target, make, listener))
    if as_json:
        print_json(report_json(report, import_id))
    else:
        show_report(report, import_id, troubles, remark)
    if not report.is_clean:
        raise typer.Exit(1)


async def _run(
    path: Path, target: Target, make: MakeReader, listener: ImportListener
) -> tuple[str, ImportReport]:
    async with open_database(Settings.load()) as database:
        async with database.transaction() as connection:
            organization_id, _ = await get_or_create_organization(connection, target.organization)
        find_project = project_finder(database, organization_id, target.workspace, target.project)
        if target.project is not None:
            # A name that cannot be is refused before anything is read.
            await find_project(target.project)
        reader = make(database, Ledger(database), organization_id, find_project, listener)
        spare_collector()
        report = await reader.run(path)
    return encode(IMPORT, organization_id, report.id), report


def project_finder(
    database: Database, organization_id: UUID, workspace: str, project: str | None = None
) -> FindProject:
    """Finds or makes the projects that files name, or always the one that is given."""

    async def find_project(name: str) -> UUID:
        async with database.transaction() as connection:
            project_id, _ = await get_or_create_project(
                connection, Scope.system(organization_id), project or name, workspace=workspace
            )
        return project_id

    return find_project
