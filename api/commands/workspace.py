"""`aicost workspace`: the level between organization and project."""

from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from api.commands.output import AsJson, answer, print_json, print_table
from api.commands.session import in_transaction
from api.commands.target import OrganizationName, known_workspace, organization_scope
from models import ids
from models.workspace import create_workspace, list_workspaces, rename_workspace

app = typer.Typer(help="Make, list and rename workspaces.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the workspace.")]


@app.command()
def create(name: Name, organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """Make a workspace."""

    async def work(connection: asyncpg.Connection) -> str:
        scope = await organization_scope(connection, organization)
        made = await create_workspace(connection, scope, name)
        return ids.encode(ids.WORKSPACE, scope.organization_id, made)

    value = {"id": in_transaction(work), "name": name.strip()}
    answer(as_json, value, f"Made the workspace {name.strip()!r}.")


@app.command("list")
def list_(organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """Show workspaces by name."""

    async def work(connection: asyncpg.Connection) -> tuple[UUID, list[asyncpg.Record]]:
        scope = await organization_scope(connection, organization)
        return scope.organization_id, await list_workspaces(connection, scope)

    organization_id, rows = in_transaction(work)
    shown = [
        {
            "id": ids.encode(ids.WORKSPACE, organization_id, row["id"]),
            "name": row["name"],
            "group": row["group_name"],
            "createdAt": row["created_at"],
        }
        for row in rows
    ]
    if as_json:
        print_json({"workspaces": shown})
    else:
        print_table(
            ("name", "group", "made", "id"),
            ((it["name"], it["group"], it["createdAt"], it["id"]) for it in shown),
        )


@app.command()
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="Its new name.")],
    organization: OrganizationName = None,
    as_json: AsJson = False,
) -> None:
    """Give a workspace another name."""

    async def work(connection: asyncpg.Connection) -> str:
        scope = await organization_scope(connection, organization)
        workspace_id = await known_workspace(connection, scope, name)
        await rename_workspace(connection, scope, workspace_id, new_name)
        return ids.encode(ids.WORKSPACE, scope.organization_id, workspace_id)

    value = {"id": in_transaction(work), "name": new_name.strip()}
    answer(as_json, value, f"The workspace is called {new_name.strip()!r}.")
