"""`aicost workspace`: the level between organization and project."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from api.commands.output import AsJson, answer, print_json, print_table
from api.commands.session import in_transaction
from api.commands.target import (
    OrganizationName,
    known_group,
    known_workspace,
    organization_scope,
)
from models import ids
from models.directory import WorkspaceGroup, list_workspace_groups
from models.page import Named, PageKey
from models.workspace import (
    create_workspace,
    create_workspace_group,
    list_workspaces,
    rename_workspace,
    rename_workspace_group,
    set_workspace_group,
)

app = typer.Typer(
    help="Make, list and rename workspaces, and count them in groups.", no_args_is_help=True
)
group_app = typer.Typer(help="Make, list and rename groups of workspaces.", no_args_is_help=True)
app.add_typer(group_app, name="group")
Name = Annotated[str, typer.Argument(help="Name of the workspace.")]
GroupName = Annotated[str, typer.Argument(help="Name of the group.")]


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


@app.command("set-group")
def set_group(
    name: Name, group: GroupName, organization: OrganizationName = None, as_json: AsJson = False
) -> None:
    """Count a workspace in a group, and no longer in the one it was in."""
    value = {"id": in_transaction(_moved(name, group, organization)), "group": group.strip()}
    answer(as_json, value, f"The workspace {name.strip()!r} is in {group.strip()!r}.")


@app.command("unset-group")
def unset_group(name: Name, organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """Count a workspace in no group."""
    value = {"id": in_transaction(_moved(name, None, organization)), "group": None}
    answer(as_json, value, f"The workspace {name.strip()!r} is in no group.")


def _moved(
    name: str, group: str | None, organization: str | None
) -> Callable[[asyncpg.Connection], Awaitable[str]]:
    async def work(connection: asyncpg.Connection) -> str:
        scope = await organization_scope(connection, organization)
        workspace_id = await known_workspace(connection, scope, name)
        group_id = None if group is None else await known_group(connection, scope, group)
        await set_workspace_group(connection, scope, workspace_id, group_id)
        return ids.encode(ids.WORKSPACE, scope.organization_id, workspace_id)

    return work


@group_app.command("create")
def create_group(
    name: GroupName, organization: OrganizationName = None, as_json: AsJson = False
) -> None:
    """Make a group of workspaces."""

    async def work(connection: asyncpg.Connection) -> str:
        scope = await organization_scope(connection, organization)
        made = await create_workspace_group(connection, scope, name)
        return ids.encode(ids.WORKSPACE_GROUP, scope.organization_id, made)

    value = {"id": in_transaction(work), "name": name.strip()}
    answer(as_json, value, f"Made the workspace group {name.strip()!r}.")


@group_app.command("list")
def list_groups(organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """Show groups of workspaces by name."""

    async def work(connection: asyncpg.Connection) -> list[WorkspaceGroup]:
        scope = await organization_scope(connection, organization)
        found: list[WorkspaceGroup] = []
        while True:
            after = Named(found[-1].name, found[-1].id) if found else None
            page = await list_workspace_groups(
                connection, scope, PageKey(scope.organization_id, 100, after)
            )
            found += page.items
            if not page.has_next:
                return found

    shown = [
        {"id": ids.encode(ids.WORKSPACE_GROUP, it.organization_id, it.id), "name": it.name}
        for it in in_transaction(work)
    ]
    if as_json:
        print_json({"workspaceGroups": shown})
    else:
        print_table(("name", "id"), ((it["name"], it["id"]) for it in shown))


@group_app.command("rename")
def rename_group(
    name: GroupName,
    new_name: Annotated[str, typer.Argument(help="Its new name.")],
    organization: OrganizationName = None,
    as_json: AsJson = False,
) -> None:
    """Give a group of workspaces another name."""

    async def work(connection: asyncpg.Connection) -> str:
        scope = await organization_scope(connection, organization)
        group_id = await known_group(connection, scope, name)
        await rename_workspace_group(connection, scope, group_id, new_name)
        return ids.encode(ids.WORKSPACE_GROUP, scope.organization_id, group_id)

    value = {"id": in_transaction(work), "name": new_name.strip()}
    answer(as_json, value, f"The workspace group is called {new_name.strip()!r}.")
