"""`aicost import`: bring usage in from logs and files, list what was brought in, take it back."""

import asyncio
from typing import Annotated

import typer

from api.commands.import_logs import claude_code, codex, gemini_cli
from api.commands.import_rows import csv, jsonl, litellm, openai_usage
from api.commands.import_view import record_json, show_records
from api.commands.output import AsJson, print_json, print_line
from api.commands.session import open_database
from api.commands.target import OrganizationName, organization_scope
from api.settings import Settings
from models.ids import IMPORT, decode, encode
from models.import_report import ImportRecord, list_imports
from models.money import plain
from models.undo import UndoReport, undo_import

app = typer.Typer(
    help="Bring usage in from logs and files, list imports, take them back.", no_args_is_help=True
)


app.command("claude-code")(claude_code)
app.command("codex")(codex)
app.command("gemini-cli")(gemini_cli)
app.command("csv")(csv)
app.command("jsonl")(jsonl)
app.command("litellm")(litellm)
app.command("openai-usage")(openai_usage)


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
