"""`aicost caps`: what limits there are and where they stand, and the proof of every figure."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
import typer
from rich.console import Console

from api.commands.output import AsJson, answer, print_json, print_line, print_table
from api.commands.session import in_transaction, open_database
from api.commands.target import OrganizationName, organization_scope
from api.settings import Settings
from models.cap import Cap, CapFilter, list_caps, place_of
from models.cap_check import recount_caps, verify_caps
from models.db import Database
from models.money import plain
from models.page import Named

app = typer.Typer(help="List caps, and prove what counts under them.", no_args_is_help=True)
Answer = TypeVar("Answer")
_PAGE_SIZE = 500


@app.command("list")
def list_(organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """List an organization's caps, widest first, with what is spent and held under them."""

    async def work(connection: asyncpg.Connection) -> list[Cap]:
        scope, now = await organization_scope(connection, organization), datetime.now(UTC)
        found: list[Cap] = []
        after: Named | None = None
        while True:
            page = await list_caps(connection, scope, now, CapFilter(), _PAGE_SIZE, after)
            found.extend(page.items)
            if not page.has_next:
                return found
            after = place_of(page.items[-1])

    caps = in_transaction(work)
    if as_json:
        print_json({"caps": [_told(cap) for cap in caps]})
        return
    names = ("scope", "target", "period", "action", "unit", "limit", "spent", "held", "status")
    print_table(names, ([_told(cap)[name] for name in names] for cap in caps))


def _told(cap: Cap) -> dict[str, str]:
    return {
        "id": str(cap.id),
        "scope": cap.scope,
        "target": cap.target_name,
        "period": cap.period,
        "action": cap.action,
        "unit": cap.unit,
        "limit": plain(cap.limit),
        "spent": plain(cap.spent),
        "held": plain(cap.held),
        "unpriced": str(cap.unpriced),
        "status": cap.status,
    }


OrganizationOption = Annotated[
    str | None, typer.Option("--organization", help="Only this one, by name; all if absent.")
]


@app.command()
def verify(organization: OrganizationOption = None, as_json: AsJson = False) -> None:
    """Recount every cap from the ledger and open reservations. Exits with 1 if any differs."""
    report = _with_database("Verifying", organization, verify_caps)
    shown = [
        {
            "organization_id": str(it.organization_id),
            "cap_id": str(it.cap_id),
            "first_date": it.first_date.isoformat(),
            "stored": [str(value) for value in it.stored],
            "recounted": [str(value) for value in it.recounted],
        }
        for it in report.shown
    ]
    if as_json:
        print_json(
            {
                "caps_checked": report.caps_checked,
                "windows_checked": report.windows_checked,
                "reservations_open": report.reservations_open,
                "differences": report.differences,
                "wrong_holds": report.wrong_holds,
                "credits_difference": plain(report.credits_difference),
                "shown": shown,
            }
        )
    else:
        for it in shown:
            print_line(str(it))
        print_line(
            f"{report.caps_checked} caps in {report.windows_checked} windows and"
            f" {report.reservations_open} open reservations checked: {report.differences} windows"
            f" and {report.wrong_holds} holds differ."
        )
    if not report.is_clean:
        raise typer.Exit(1)


@app.command()
def recount(organization: OrganizationOption = None, as_json: AsJson = False) -> None:
    """Make every cap say what the ledger and open reservations do, whatever it said before."""
    changed = _with_database("Counting", organization, recount_caps)
    answer(as_json, {"windows_changed": changed}, f"{changed} windows were changed.")


def _with_database(
    doing: str,
    organization: str | None,
    work: Callable[[Database, UUID | None], Awaitable[Answer]],
) -> Answer:
    """Does `work` for one organization or all, saying so on a terminal."""
    console = Console(stderr=True)

    async def session() -> Answer:
        async with open_database(Settings.load()) as database:
            id = None
            if organization is not None:
                async with database.connection() as connection:
                    id = (await organization_scope(connection, organization)).organization_id
            with console.status(f"{doing} ...") if console.is_terminal else nullcontext():
                return await work(database, id)

    return asyncio.run(session())
