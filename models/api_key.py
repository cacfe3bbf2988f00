"""API keys: made, listed, renamed, rotated and revoked; and the form of their secrets.

A secret is `aic_`, 33 random characters of 62 (196 bits, 160 of them never shown again) and a
checksum, so that a mistyped one is recognised without asking anybody. Only its SHA-256 is kept: a
slow hash would add nothing to that much chance, and be paid on every request. Refused: showing a
secret twice, a key stronger than its maker, and a key in another person's name (but for the
command line).
"""

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from models.access import Role, Scope, user_access
from models.audit import record_act
from models.db import sql
from models.errors import ForbiddenError, NotFoundError, UserError, UserErrors
from models.ids import uuid7
from models.level import Level, require_at
from models.naming import clean_name
from models.user import require_member

SECRET_START = "aic_"  # noqa: S105 - how every secret begins, not one of them
PREFIX_LENGTH = len(SECRET_START) + 6
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 33
_CHECKSUM_LENGTH = 6  # 62**6 > 2**32
SECRET_LENGTH = len(SECRET_START) + _RANDOM_LENGTH + _CHECKSUM_LENGTH


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A key's id and the secret that was just made for it: the only time that it is to be had."""

    id: UUID
    prefix: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyDetails:
    """What may be told about a key. `user_email` is the person's to whom it belongs."""

    id: UUID
    name: str
    prefix: str
    role: Role
    level: Level
    workspace_name: str | None
    project_name: str | None
    user_id: UUID | None
    user_email: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def make_secret() -> str:
    """A new secret."""
    body = SECRET_START + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return body + _checksum(body)


def is_well_formed(text: str) -> bool:
    """Whether `text` can be a secret of ours: its length, its alphabet and its checksum."""
    if len(text) != SECRET_LENGTH or not text.startswith(SECRET_START) or not text.isascii():
        return False
    return text[-_CHECKSUM_LENGTH:] == _checksum(text[:-_CHECKSUM_LENGTH])


def _checksum(body: str) -> str:
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


async def create_key(
    connection: asyncpg.Connection,
    scope: Scope,
    *,
    name: str,
    role: Role,
    level: Level = Level(),  # noqa: B008 - frozen
    user_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> NewSecret:
    """Makes a key for `user_id`, or for nobody. ADMIN of the level, and no more than one's own."""
    held = await require_at(connection, scope, level, Role.ADMIN)
    if role > held:
        raise ForbiddenError("A key cannot be stronger than the one who makes it.")
    _require_own_name(scope, user_id)
    name = clean_name(name)
    await require_member(connection, scope, user_id, "userId")
    await _require_to_come(connection, expires_at)
    made = _new_secret(uuid7())
    await connection.execute(
        sql("api_key_insert"),
        scope.organization_id,
        made.id,
        name,
        made.prefix,
        hash_secret(made.secret),
        role.name,
        user_id,
        level.workspace_id,
        level.project_id,
        expires_at,
    )
    await _open_lookup(connection, scope, made)
    new = {
        "name": name,
        "prefix": made.prefix,
        "role": role.name,
        "userId": user_id,
        "workspaceId": level.workspace_id,
        "projectId": level.project_id,
        "expiresAt": expires_at,
    }
    await record_act(connection, scope, "api_key.create", ("api_key", made.id), new=new)
    return made


def _require_own_name(scope: Scope, user_id: UUID | None) -> None:
    if user_id not in (None, scope.user_id) and not scope.is_system:
        raise ForbiddenError("A key in a person's name is made by that person.")


async def _require_to_come(connection: asyncpg.Connection, expires_at: datetime | None) -> None:
    if expires_at is not None and await connection.fetchval(sql("instant_is_past"), expires_at):
        message = f"expiresAt is {expires_at.isoformat()}; an instant to come is expected."
        raise UserErrors([UserError("OUT_OF_RANGE", message, ("expiresAt",))])


def _new_secret(key_id: UUID) -> NewSecret:
    secret = make_secret()
    return NewSecret(key_id, secret[:PREFIX_LENGTH], secret)


async def _open_lookup(connection: asyncpg.Connection, scope: Scope, made: NewSecret) -> None:
    await connection.execute(
        sql("api_key_lookup_insert"), hash_secret(made.secret), scope.organization_id, made.id
    )


async def list_keys(
    connection: asyncpg.Connection, scope: Scope, *, workspace_id: UUID | None = None
) -> list[KeyDetails]:
    """Keys by name, revoked ones included.

    Those of a workspace and its projects (ADMIN of the workspace), or all (ADMIN of the
    organization).
    """
    await require_at(connection, scope, Level(workspace_id), Role.ADMIN)
    rows = await connection.fetch(sql("api_key_administered"), scope.organization_id, workspace_id)
    return [_details(row) for row in rows]


def _details(row: asyncpg.Record) -> KeyDetails:
    values = dict(row)
    level = Level(values.pop("workspace_id"), values.pop("project_id"))
    return KeyDetails(level=level, role=Role[values.pop("role")], **values)


async def rename_key(connection: asyncpg.Connection, scope: Scope, key_id: UUID, name: str) -> None:
    """Gives a key another name. ADMIN of its level, and at least as strong as the key."""
    name = clean_name(name)
    key = await _key_to_change(connection, scope, key_id)
    await connection.execute(sql("api_key_rename"), scope.organization_id, key_id, name)
    await record_act(
        connection,
        scope,
        "api_key.rename",
        ("api_key", key_id),
        old={"name": key["name"]},
        new={"name": name},
    )


async def rotate_key(connection: asyncpg.Connection, scope: Scope, key_id: UUID) -> NewSecret:
    """Replaces a key's secret; the old one stops working as this commits.

    ADMIN of its level, and at least as strong as the key; a person's key by that person alone.
    """
    key = await _key_to_change(connection, scope, key_id)
    if key["revoked_at"] is not None:
        raise UserErrors([UserError("INVALID", "The key was revoked; make a new one.")])
    _require_own_name(scope, key["user_id"])
    made = _new_secret(key_id)
    await connection.execute(sql("api_key_lookup_delete"), key["secret_hash"])
    await connection.execute(
        sql("api_key_set_secret"),
        scope.organization_id,
        key_id,
        made.prefix,
        hash_secret(made.secret),
    )
    await _open_lookup(connection, scope, made)
    await record_act(
        connection,
        scope,
        "api_key.rotate",
        ("api_key", key_id),
        old={"prefix": key["prefix"]},
        new={"prefix": made.prefix},
    )
    return made


async def revoke_key(connection: asyncpg.Connection, scope: Scope, key_id: UUID) -> None:
    """Ends a key as this commits; ending it again changes nothing.

    ADMIN of its level, and at least as strong as the key.
    """
    key = await _key_to_change(connection, scope, key_id)
    if key["revoked_at"] is None:
        await _revoke(connection, scope, key, "asked")


async def revoke_excess_keys(connection: asyncpg.Connection, scope: Scope, user_id: UUID) -> None:
    """Ends every key of a person that can do more than the person now can.

    Whoever takes a right from a person calls this in the same transaction.
    """
    keys = await connection.fetch(sql("api_key_of_user"), scope.organization_id, user_id)
    person = await user_access(connection, user_id, scope.organization_id) if keys else None
    for key in keys:
        level = Level(key["workspace_id"], key["project_id"])
        held = level.role_of(person) if person is not None else None
        if held is None or Role[key["role"]] > held:
            await _revoke(connection, scope, key, "stronger than its person")


async def _revoke(
    connection: asyncpg.Connection, scope: Scope, key: asyncpg.Record, reason: str
) -> None:
    await connection.execute(sql("api_key_lookup_delete"), key["secret_hash"])
    await connection.execute(sql("api_key_revoke"), scope.organization_id, key["id"])
    await record_act(
        connection, scope, "api_key.revoke", ("api_key", key["id"]), new={"reason": reason}
    )


async def _key_to_change(
    connection: asyncpg.Connection, scope: Scope, key_id: UUID
) -> asyncpg.Record:
    """The key, locked. Who changes it must be able to make it: a new secret is all its power."""
    key = await connection.fetchrow(sql("api_key_lock"), scope.organization_id, key_id)
    if key is None:
        raise NotFoundError("There is no such API key.")
    level = Level(key["workspace_id"], key["project_id"])
    try:
        await require_at(connection, scope, level, max(Role.ADMIN, Role[key["role"]]))
    except NotFoundError:
        raise NotFoundError("There is no such API key.") from None
    return key


async def touch_key(connection: asyncpg.Connection, organization_id: UUID, key_id: UUID) -> None:
    """Notes that a key was used now, unless a use within the last minute was noted."""
    await connection.execute(sql("api_key_touch"), organization_id, key_id)
