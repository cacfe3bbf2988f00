"""People: found by address or by what their tokens call them, and made when first named.

A person belongs to no organization of themselves; memberships (`membership.py`) do that. Refused:
two people of one address, whatever its case.
"""

import re
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.db import sql
from models.errors import UserError, UserErrors
from models.ids import uuid7
from models.naming import clean_name

_EMAIL_LENGTH = 254
_EMAIL_PATTERN = re.compile(r"[^\s@]+@[^\s@]+")


def clean_email(email: str) -> str:
    """An address as it is kept: trimmed, at most 254 characters, with one @ and no space."""
    cleaned = email.strip()
    if (
        len(cleaned) > _EMAIL_LENGTH
        or not cleaned.isprintable()
        or not _EMAIL_PATTERN.fullmatch(cleaned)
    ):
        message = f"email is {cleaned[:_EMAIL_LENGTH]!r}; an address such as ada@example.com is"
        raise UserErrors([UserError("INVALID", f"{message} expected.", ("email",))])
    return cleaned


async def find_user(connection: asyncpg.Connection, email: str) -> UUID | None:
    """The person of an address, whatever its case."""
    found: UUID | None = await connection.fetchval(sql("user_by_email"), email.strip())
    return found


async def get_or_create_user(
    connection: asyncpg.Connection, email: str, *, name: str | None = None
) -> tuple[UUID, bool]:
    """The person of an address, and whether this call made them, named `name` or by the address."""
    email = clean_email(email)
    shown = clean_name(name) if name is not None else email.partition("@")[0][:200]
    user_id = uuid7()
    made = await connection.fetchval(sql("user_insert_new"), user_id, email, shown)
    if made is not None:
        return user_id, True
    found: UUID = await connection.fetchval(sql("user_by_email"), email)
    return found, False


async def bind_subject(connection: asyncpg.Connection, subject: str, email: str) -> bool:
    """Remembers what tokens call the person of an address; False when no unbound one is found."""
    try:
        bound = await connection.fetchval(sql("user_bind_subject"), subject, email)
    except asyncpg.UniqueViolationError:  # bound by another request meanwhile
        return False
    return bound is not None


async def require_member(
    connection: asyncpg.Connection, scope: Scope, user_id: UUID | None, field: str
) -> None:
    """Raises UserErrors unless `user_id` is nobody or belongs to the organization.

    Nobody leaves the organization before the transaction has ended.
    """
    if user_id is None:
        return
    await connection.execute(sql("organization_lock"), scope.organization_id)
    if not await connection.fetchval(sql("user_belongs"), scope.organization_id, user_id):
        message = "The person does not belong to the organization."
        raise UserErrors([UserError("NOT_FOUND", message, (field,))])


async def list_users(connection: asyncpg.Connection, scope: Scope) -> list[asyncpg.Record]:
    """The organization's people by name: id, name, email, role. ADMIN of the organization.

    `role` is that at the organization; None for those to whom only something below was shared.
    """
    scope.require_organization(Role.ADMIN)
    rows: list[asyncpg.Record] = await connection.fetch(sql("user_list"), scope.organization_id)
    return rows
