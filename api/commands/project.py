"""`aicost project`: what money is spent on."""

from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from api.commands.output import AsJson, answer, print_json, print_table
from api.commands.session import in_transaction
from api.commands.target import (
    OrganizationName,
    WorkspaceName,
    known_project,
    known_user,
    organization_scope,
)
from models import ids
from models.project import create_project, list_projects, rename_project, set_project_owner
from models.workspace import DEFAULT_WORKSPACE, get_or_create_workspace

app = typer.Typer(
    help="Make, list and rename projects, and give them owners.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="Name of the project.")]


@app.command()
def create(
    name: Name,
    organization: OrganizationName = None,
    workspace: Annotated[
        str, typer.Option(help="Name of its workspace; made when new.")
    ] = DEFAULT_WORKSPACE,
    owner: Annotated[str | None, typer.Option(help="Address of its owner.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a project."""

    async def work(connection: asyncpg.Connection) -> str:
        scope = await organization_scope(connection, organization)
        workspace_id = await get_or_create_workspace(connection, scope, workspace)
        owner_id = await known_user(connection, owner) if owner is not None else None
        made = await create_project(connection, scope, name, workspace_id, owner_id=owner_id)
        return ids.encode(ids.PROJECT, scope.organization_id, made)

    value = {"id": in_transaction(work), "name": name.strip()}
    answer(as_json, value, f"Made the project {name.strip()!r}.")


@app.command("list")
def list_(organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """Show projects by name."""

    async def work(connection: asyncpg.Connection) -> tuple[UUID, list[asyncpg.Record]]:
        scope = await organization_scope(connection, organization)
        return scope.organization_id, await list_projects(connection, scope)

    organization_id, rows = in_transaction(work)
    shown = [
        {
            "id": ids.encode(ids.PROJECT, organization_id, row["id"]),
            "name": row["name"],
            "workspace": row["workspace_name"],
            "owner": row["owner_email"],
            "createdAt": row["created_at"],
        }
        for row in rows
    ]
    if as_json:
        print_json({"projects": shown})
    else:
        print_table(
            ("name", "workspace", "owner", "id"),
            ((it["name"], it["workspace"], it["owner"], it["id"]) for it in shown),
        )


@app.command()
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="Its new name.")],
    organization: OrganizationName = None,
    workspace: WorkspaceName = None,
    as_json: AsJson = False,
) -> None:
    """Give a project another name."""

    async def work(connection: asyncpg.Connection) -> str:
        scope = await organization_scope(connection, organization)
        project_id = await known_project(connection, scope, workspace, name)
        await rename_project(connection, scope, project_id, new_name)
        return ids.encode(ids.PROJECT, scope.organization_id, project_id)

    value = {"id": in_transaction(work), "name": new_name.strip()}
    answer(as_json, value, f"The project is called {new_name.strip()!r}.")


@app.command("set-owner")
def set_owner(
    name: Name,
    email: Annotated[str, typer.Argument(help="Address of its new owner.")],
    organization: OrganizationName = None,
    workspace: WorkspaceName = None,
    as_json: AsJson = False,
) -> None:
    """Give a project to another person."""

    async def work(connection: asyncpg.Connection) -> str:
        scope = await organization_scope(connection, organization)
        project_id = await known_project(connection, scope, workspace, name)
        owner_id = await known_user(connection, email)
        await set_project_owner(connection, scope, project_id, owner_id)
        return ids.encode(ids.PROJECT, scope.organization_id, project_id)

    value = {"id": in_transaction(work), "owner": email.strip()}
    answer(as_json, value, f"{email.strip()} owns the project {name!r}.")
