"""`aicost membership`: roles of people, given and taken."""

from typing import Annotated

import asyncpg
import typer

from api.commands.output import AsJson, answer, note, print_json, print_table
from api.commands.session import in_transaction
from api.commands.target import (
    OrganizationName,
    ProjectName,
    RoleName,
    WorkspaceName,
    known_level,
    known_user,
    organization_scope,
)
from models.membership import grant_role, list_memberships, take_role
from models.user import get_or_create_user

app = typer.Typer(help="Give people roles, list and take them.", no_args_is_help=True)
Email = Annotated[str, typer.Argument(help="Address of the person.")]


@app.command()
def grant(
    email: Email,
    role: Annotated[RoleName, typer.Argument(help="What they may do.", case_sensitive=False)],
    organization: OrganizationName = None,
    workspace: WorkspaceName = None,
    project: ProjectName = None,
    as_json: AsJson = False,
) -> None:
    """Give a person a role at the organization, a workspace or a project, in place of the last."""

    async def work(connection: asyncpg.Connection) -> bool:
        scope = await organization_scope(connection, organization)
        level = await known_level(connection, scope, workspace, project)
        user_id, is_new = await get_or_create_user(connection, email)
        await grant_role(connection, scope, user_id, role.role, level)
        return is_new

    if in_transaction(work):
        note(f"Made the person {email.strip()}.")
    value = {"email": email.strip(), "role": role.value}
    answer(as_json, value, f"{email.strip()} is {role.value}.")


@app.command("list")
def list_(organization: OrganizationName = None, as_json: AsJson = False) -> None:
    """Show who has which role where."""

    async def work(connection: asyncpg.Connection) -> list[asyncpg.Record]:
        scope = await organization_scope(connection, organization)
        return await list_memberships(connection, scope)

    shown = [
        {
            "email": row["email"],
            "name": row["name"],
            "role": row["role"],
            "workspace": row["workspace_name"],
            "project": row["project_name"],
        }
        for row in in_transaction(work)
    ]
    if as_json:
        print_json({"memberships": shown})
    else:
        print_table(
            ("address", "name", "role", "workspace", "project"),
            (tuple(it.values()) for it in shown),
        )


@app.command()
def revoke(
    email: Email,
    organization: OrganizationName = None,
    workspace: WorkspaceName = None,
    project: ProjectName = None,
    as_json: AsJson = False,
) -> None:
    """Take a person's role away, and with it the keys that are stronger than what remains."""

    async def work(connection: asyncpg.Connection) -> None:
        scope = await organization_scope(connection, organization)
        level = await known_level(connection, scope, workspace, project)
        user_id = await known_user(connection, email)
        await take_role(connection, scope, user_id, level)

    in_transaction(work)
    value = {"email": email.strip(), "revoked": True}
    answer(as_json, value, f"{email.strip()} has no role there any more.")
