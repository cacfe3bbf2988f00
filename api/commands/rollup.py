"""`aicost rollup`: prove the rollups against the ledger, or make them anew from it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from api.commands.output import AsJson, print_json, print_line
from api.commands.session import open_database
from api.commands.target import organization_scope
from api.settings import Settings
from models.db import Database
from models.money import plain
from models.rollup_check import Difference, Progress, RollupReport, rebuild, verify

app = typer.Typer(
    help="Verify the sums kept beside the ledger, or rebuild them.", no_args_is_help=True
)
OrganizationOption = Annotated[
    str | None, typer.Option("--organization", help="Only this one, by name; all if absent.")
]
Work = Callable[[Database, UUID | None, Progress], Awaitable[RollupReport]]


@app.command("verify")
def verify_(organization: OrganizationOption = None, as_json: AsJson = False) -> None:
    """Recompute every rollup from the ledger and print the difference. Exits with 1 if there is."""
    report = _go_through(
        "Verifying",
        organization,
        lambda database, id, progress: verify(database, id, progress=progress),
    )
    if as_json:
        print_json(
            {
                "rows_checked": report.rows_checked,
                "differences": report.differences,
                "cost_difference": plain(report.cost_difference),
                "entries_checked": report.entries_checked,
                "entries_wrong": report.entries_wrong,
                "elapsed_seconds": round(report.elapsed_seconds, 3),
                "shown": [_described(difference) for difference in report.shown],
            }
        )
    else:
        for difference in report.shown:
            print_line(str(_described(difference)))
        print_line(
            f"{report.rows_checked} rows and {report.entries_checked} entries checked in"
            f" {report.elapsed_seconds:.1f} s: {report.differences} rows differ, by"
            f" {plain(report.cost_difference)} dollars; {report.entries_wrong} entries are wrong."
        )
    if not report.is_clean:
        raise typer.Exit(1)


@app.command("rebuild")
def rebuild_(organization: OrganizationOption = None, as_json: AsJson = False) -> None:
    """Make every rollup anew from the ledger."""
    report = _go_through(
        "Rebuilding",
        organization,
        lambda database, id, progress: rebuild(database, id, progress=progress),
    )
    if as_json:
        print_json(
            {
                "rows_written": report.rows_written,
                "elapsed_seconds": round(report.elapsed_seconds, 3),
            }
        )
    else:
        print_line(f"{report.rows_written} rows written in {report.elapsed_seconds:.1f} s.")


def _go_through(doing: str, organization: str | None, work: Work) -> RollupReport:
    """Runs `work` over one organization or all, saying on a terminal how far it is."""
    console = Console(stderr=True)

    async def session() -> RollupReport:
        async with open_database(Settings.load()) as database:
            organization_id = None
            if organization is not None:
                async with database.connection() as connection:
                    scope = await organization_scope(connection, organization)
                organization_id = scope.organization_id
            status = console.status(f"{doing} ...") if console.is_terminal else None
            with status or nullcontext():
                count = 0

                def progress(part: object) -> None:
                    nonlocal count
                    count += 1
                    if status is not None:
                        status.update(f"{doing}: {count} months of projects")

                return await work(database, organization_id, progress)

    return asyncio.run(session())


def _described(difference: Difference) -> dict[str, object]:
    def written(values: dict[str, object]) -> dict[str, str]:
        return {name: str(value) for name, value in values.items()}

    return {
        "rollup": difference.rollup,
        "organization_id": str(difference.organization_id),
        "key": written(difference.key),
        "stored": written(difference.stored),
        "recounted": written(difference.recounted),
    }
