"""`aicost user`: the people of an organization."""

import asyncpg
import typer

from api.commands.output import AsJson, print_json, print_table
from api.commands.session import in_transaction
from api.commands.target import OrganizationName, organization_scope
from models import ids
from models.user import list_users

app = typer.Typer(help="List people.", no_args_is_help=True)


@app.callback()
def user() -> None:
    """List people."""


@app.command("list")
def list_(organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """Show an organization's people by name, with their role at the organization."""

    async def work(connection: asyncpg.Connection) -> list[asyncpg.Record]:
        return await list_users(connection, await organization_scope(connection, organization))

    shown = [
        {
            "id": ids.encode(ids.USER, ids.NIL, row["id"]),
            "name": row["name"],
            "email": row["email"],
            "role": row["role"],
        }
        for row in in_transaction(work)
    ]
    if as_json:
        print_json({"users": shown})
    else:
        print_table(
            ("name", "address", "role", "id"),
            ((it["name"], it["email"], it["role"], it["id"]) for it in shown),
        )
