"""`aicost key`: API keys, by the one who may open the database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from api.commands.output import AsJson, answer, note, print_json, print_line, print_table
from api.commands.session import in_transaction
from api.commands.target import (
    OrganizationName,
    RoleName,
    WorkspaceName,
    known_level,
    level_made,
    organization_scope,
)
from models import ids
from models.access import Scope, user_access
from models.api_key import (
    KeyDetails,
    NewSecret,
    create_key,
    list_keys,
    rename_key,
    revoke_key,
    rotate_key,
)
from models.errors import NotFoundError
from models.membership import grant_role
from models.organization import get_or_create_organization
from models.user import get_or_create_user

app = typer.Typer(help="Make, list, rename, rotate and revoke API keys.", no_args_is_help=True)
KeyId = Annotated[str, typer.Argument(help="Id of the key, as `aicost key list` shows it.")]


@dataclass(frozen=True)
class _Wish:
    """The options of `create`."""

    organization: str
    user: str | None
    role: RoleName
    name: str
    workspace: str | None
    project: str | None
    time_zone: str
    expires_at: datetime | None


@app.command()
def create(
    organization: Annotated[str, typer.Option(help="Name of the organization; made when new.")],
    name: Annotated[str, typer.Option(help="What the key is called.")],
    role: Annotated[
        RoleName, typer.Option(help="What it may do.", case_sensitive=False)
    ] = RoleName.MEMBER,
    user: Annotated[
        str | None, typer.Option(help="Address of the person whose key it is; made when new.")
    ] = None,
    workspace: Annotated[
        str | None, typer.Option(help="Only this workspace, by name; made when new.")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Only this project, by name; made when new.")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Zone of the organization when new.")] = "UTC",
    valid_days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Days until it expires; never if absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show its secret, once."""
    expires_at = datetime.now(UTC) + timedelta(days=valid_days) if valid_days else None
    wish = _Wish(organization, user, role, name, workspace, project, time_zone, expires_at)
    organization_id, made, notes = in_transaction(lambda connection: _create(connection, wish))
    for line in notes:
        note(line)
    _show_secret(organization_id, made, as_json)


async def _create(connection: asyncpg.Connection, wish: _Wish) -> tuple[UUID, NewSecret, list[str]]:
    """The organization, the key in it, and what else had to be made."""
    notes = []
    organization_id, is_new = await get_or_create_organization(
        connection, wish.organization, wish.time_zone
    )
    if is_new:
        notes.append(f"Made the organization {wish.organization.strip()!r}.")
    scope, user_id = Scope.system(organization_id), None
    if wish.user is not None:
        user_id, is_new = await get_or_create_user(connection, wish.user)
        if is_new:
            notes.append(f"Made the person {wish.user.strip()}.")
    level = await level_made(connection, scope, wish.workspace, wish.project)
    if user_id is not None and await user_access(connection, user_id, organization_id) is None:
        await grant_role(connection, scope, user_id, wish.role.role, level)
    made = await create_key(
        connection,
        scope,
        name=wish.name,
        role=wish.role.role,
        level=level,
        user_id=user_id,
        expires_at=wish.expires_at,
    )
    return organization_id, made, notes


@app.command("list")
def list_(
    organization: OrganizationName = None, workspace: WorkspaceName = None, as_json: AsJson = False
) -> None:
    """Show keys by name, without their secrets."""

    async def work(connection: asyncpg.Connection) -> tuple[UUID, list[KeyDetails]]:
        scope = await organization_scope(connection, organization)
        level = await known_level(connection, scope, workspace, None)
        keys = await list_keys(connection, scope, workspace_id=level.workspace_id)
        return scope.organization_id, keys

    organization_id, keys = in_transaction(work)
    if as_json:
        print_json({"keys": [_described(organization_id, key) for key in keys]})
        return
    print_table(
        ("name", "prefix", "role", "at", "person", "last used", "state", "id"),
        (
            (
                key.name,
                key.prefix,
                key.role.name,
                key.project_name or key.workspace_name or "organization",
                key.user_email,
                key.last_used_at,
                _state(key),
                ids.encode(ids.API_KEY, organization_id, key.id),
            )
            for key in keys
        ),
    )


def _described(organization_id: UUID, key: KeyDetails) -> dict[str, object]:
    return {
        "id": ids.encode(ids.API_KEY, organization_id, key.id),
        "name": key.name,
        "prefix": key.prefix,
        "role": key.role.name,
        "workspace": key.workspace_name,
        "project": key.project_name,
        "user": key.user_email,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "lastUsedAt": key.last_used_at,
        "state": _state(key),
    }


def _state(key: KeyDetails) -> str:
    if key.revoked_at is not None:
        return "revoked"
    is_over = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
    return "expired" if is_over else "works"


@app.command()
def rename(
    key: KeyId, name: Annotated[str, typer.Argument(help="Its new name.")], as_json: AsJson = False
) -> None:
    """Give a key another name."""
    scope, key_id = _key(key)
    in_transaction(lambda connection: rename_key(connection, scope, key_id, name))
    answer(as_json, {"id": key, "name": name.strip()}, f"The key is called {name.strip()!r}.")


@app.command()
def rotate(key: KeyId, as_json: AsJson = False) -> None:
    """Replace a key's secret; the old one stops working at once."""
    scope, key_id = _key(key)
    made = in_transaction(lambda connection: rotate_key(connection, scope, key_id))
    _show_secret(scope.organization_id, made, as_json)


@app.command()
def revoke(key: KeyId, as_json: AsJson = False) -> None:
    """End a key; it stops working at once."""
    scope, key_id = _key(key)
    in_transaction(lambda connection: revoke_key(connection, scope, key_id))
    answer(as_json, {"id": key, "revoked": True}, "The key works no more.")


def _key(text: str) -> tuple[Scope, UUID]:
    try:
        parsed = ids.decode(text)
    except ValueError:
        raise NotFoundError("There is no such API key.") from None
    if parsed.kind != ids.API_KEY:
        raise NotFoundError("There is no such API key.")
    return Scope.system(parsed.organization_id), parsed.id


def _show_secret(organization_id: UUID, made: NewSecret, as_json: bool) -> None:
    key_id = ids.encode(ids.API_KEY, organization_id, made.id)
    if as_json:
        print_json({"id": key_id, "secret": made.secret})
        return
    note(f"Key {key_id}. Its secret is shown this once:")
    print_line(made.secret)
