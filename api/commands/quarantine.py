"""`aicost quarantine`: rows that imports did not trust; look at them, try them again, drop them.

Exit status 1 when a row that was tried again is not trusted still.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from api.commands.import_session import IntoWorkspace, project_finder
from api.commands.output import AsJson, print_json, print_line, print_table
from api.commands.session import open_database
from api.commands.target import OrganizationName, organization_scope
from api.settings import Settings
from models.access import Scope
from models.column_map import load_map, parse_pairs
from models.db import Database
from models.errors import BadInputError
from models.ids import IMPORT, QUARANTINED_ROW, decode, encode
from models.ledger import Ledger
from models.money import plain
from models.quarantine import OpenRow, Selection, drop, list_open
from models.quarantine_retry import Corrections, Retry, RetryReport
from models.workspace import DEFAULT_WORKSPACE

SHOWN_COUNT = 20
Answer = TypeVar("Answer")
app = typer.Typer(
    help="Rows of imports that cannot be trusted: list, retry, drop.", no_args_is_help=True
)
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of rows, as `list` shows them.")
]
OfImport = Annotated[
    str | None, typer.Option("--import", metavar="ID", help="Only rows of this import.")
]
All = Annotated[bool, typer.Option("--all", help="All open rows, or all of the import.")]


@app.command("list")
def list_(
    organization: OrganizationName = None,
    import_id: OfImport = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, first come.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List open rows with their reasons; --json also tells originals and what was understood."""
    selection = Selection(import_id=_id(import_id, IMPORT) if import_id else None)

    async def work(database: Database, scope: Scope) -> tuple[list[OpenRow], int]:
        return await list_open(database, scope.organization_id, selection, limit)

    scope, (rows, count) = asyncio.run(_session(organization, work))
    if as_json:
        print_json({"count": count, "rows": [_row_json(scope, row) for row in rows]})
        return
    shown = [
        (
            _place(row),
            row.event_key,
            row.reason,
            encode(QUARANTINED_ROW, scope.organization_id, row.id),
        )
        for row in rows
    ]
    print_table(("row", "key", "reason", "id"), shown)
    print_line(
        f"{count:,} open" + (f", the first {len(rows):,} shown" if count > len(rows) else "")
    )


@app.command()
def retry(
    ids: Ids = None,
    organization: OrganizationName = None,
    import_id: OfImport = None,
    is_all: All = False,
    constants: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Replaces what was understood; empty takes it away."
        ),
    ] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NAME=COLUMN|FILE", help="Read originals anew by this map."),
    ] = None,
    workspace: IntoWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Try rows again, with corrections such as --set inputIncludesCache=false."""
    selection = _selection(ids, import_id, is_all)
    column_map = load_map(maps) if maps else None
    corrections = Corrections(parse_pairs(constants or [], "--set"), column_map)

    async def work(database: Database, scope: Scope) -> RetryReport:
        find_project = project_finder(database, scope.organization_id, workspace)
        attempt = Retry(database, Ledger(database), scope, corrections, find_project)
        return await attempt.run(selection)

    scope, report = asyncio.run(_session(organization, work))
    still = [
        {"id": encode(QUARANTINED_ROW, scope.organization_id, id), "reason": reason}
        for id, reason in report.still
    ]
    if as_json:
        print_json(
            {
                "recorded": report.recorded,
                "duplicate": report.duplicate,
                "quarantined": len(still),
                "total_cost": plain(report.total_cost),
                "still": still,
            }
        )
    else:
        if still:
            print_table(
                ("still not trusted", "reason"),
                [tuple(each.values()) for each in still[:SHOWN_COUNT]],
            )
        print_line(f"{'recorded':<18}{report.recorded:>16,}")
        print_line(f"{'there already':<18}{report.duplicate:>16,}")
        print_line(f"{'still open':<18}{len(still):>16,}")
        print_line(f"{'cost added':<18}{'$' + plain(report.total_cost):>16}")
    if still:
        raise typer.Exit(1)


@app.command("drop")
def drop_(
    ids: Ids = None,
    organization: OrganizationName = None,
    import_id: OfImport = None,
    is_all: All = False,
    as_json: AsJson = False,
) -> None:
    """Decide that rows never count. They stay on record; importing them again changes nothing."""
    selection = _selection(ids, import_id, is_all)

    async def work(database: Database, scope: Scope) -> int:
        return await drop(database, scope, selection, datetime.now(UTC))

    _, dropped = asyncio.run(_session(organization, work))
    if as_json:
        print_json({"dropped": dropped})
    else:
        print_line(f"{dropped:,} dropped")


async def _session(
    organization: str | None, work: Callable[[Database, Scope], Awaitable[Answer]]
) -> tuple[Scope, Answer]:
    async with open_database(Settings.load()) as database:
        async with database.connection() as connection:
            scope = await organization_scope(connection, organization)
        return scope, await work(database, scope)


def _selection(ids: list[str] | None, import_id: str | None, is_all: bool) -> Selection:
    if bool(ids) == (is_all or import_id is not None):
        raise BadInputError("Name rows by their ids, or all of them by --all or --import.")
    return Selection(
        ids=[_id(each, QUARANTINED_ROW) for each in ids] if ids else None,
        import_id=_id(import_id, IMPORT) if import_id is not None else None,
    )


def _id(text: str, kind: str) -> UUID:
    try:
        parsed = decode(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.kind != kind:
        noun = "an import" if kind == IMPORT else "a quarantined row"
        raise BadInputError(f"{text!r} is not the id of {noun}.")
    return parsed.id


def _place(row: OpenRow) -> str:
    return row.file if row.line is None else f"{row.file}:{row.line}"


def _row_json(scope: Scope, row: OpenRow) -> dict[str, Any]:
    return {
        "id": encode(QUARANTINED_ROW, scope.organization_id, row.id),
        "import_id": encode(IMPORT, scope.organization_id, row.import_id),
        "format": row.format,
        "file": row.file,
        "line": row.line,
        "event_key": row.event_key,
        "reason": row.reason,
        "original": row.original,
        "understood": row.understood,
        "created_at": row.created_at.isoformat(),
    }
