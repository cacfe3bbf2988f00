"""`aicost organization`: tenants, by the one who may open the database."""

from datetime import UTC, datetime
from typing import Annotated

import asyncpg
import typer

from api.commands.output import AsJson, answer, print_json, print_table
from api.commands.session import in_transaction
from api.commands.target import organization_scope
from models import ids
from models.organization import (
    create_organization,
    list_organizations,
    rename_organization,
    set_time_zone,
)

app = typer.Typer(help="Make, list and rename organizations.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the organization.")]


@app.command()
def create(
    name: Name,
    time_zone: Annotated[
        str, typer.Option(help="Zone in which its days and months begin.")
    ] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Make an organization."""
    made = in_transaction(lambda connection: create_organization(connection, name, time_zone))
    value = {"id": ids.encode(ids.ORGANIZATION, made, made), "name": name.strip()}
    answer(as_json, value, f"Made the organization {name.strip()!r}.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show all organizations by name."""
    rows = in_transaction(list_organizations)
    shown = [
        {
            "id": ids.encode(ids.ORGANIZATION, row["id"], row["id"]),
            "name": row["name"],
            "timeZone": row["time_zone"],
            "createdAt": row["created_at"],
        }
        for row in rows
    ]
    if as_json:
        print_json({"organizations": shown})
    else:
        print_table(
            ("name", "time zone", "made", "id"),
            ((it["name"], it["timeZone"], it["createdAt"], it["id"]) for it in shown),
        )


@app.command()
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="Its new name.")],
    as_json: AsJson = False,
) -> None:
    """Give an organization another name."""

    async def work(connection: asyncpg.Connection) -> None:
        scope = await organization_scope(connection, name)
        await rename_organization(connection, scope, new_name)

    in_transaction(work)
    value = {"name": new_name.strip()}
    answer(as_json, value, f"The organization is called {new_name.strip()!r}.")


@app.command("set-zone")
def set_zone(
    name: Name,
    time_zone: Annotated[str, typer.Argument(help="IANA name, such as Europe/Berlin.")],
    as_json: AsJson = False,
) -> None:
    """Change the time zone from the next billing cycle on; the past stays as it was counted."""

    async def work(connection: asyncpg.Connection) -> datetime:
        scope = await organization_scope(connection, name)
        return await set_time_zone(connection, scope, time_zone, now=datetime.now(UTC))

    starts_at = in_transaction(work)
    value = {"timeZone": time_zone, "startsAt": starts_at}
    answer(as_json, value, f"{time_zone} is in force from {starts_at:%Y-%m-%d %H:%M} UTC on.")
