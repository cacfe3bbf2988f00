"""Asking the schema in tests: as somebody, at some instant, counting the statements it takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
from graphql import GraphQLError
from tenants import Tenant

from models.access import Principal, Role, Scope
from models.db import Database
from models.errors import DomainError
from resolvers.context import create_context
from resolvers.schema import schema


@dataclass
class CountedDatabase:
    """A database that writes down the statements run through it."""

    database: Database
    statements: list[str] = field(default_factory=list)

    def _note(self, record: asyncpg.connection.LoggedQuery) -> None:
        self.statements.append(record.query)

    @property
    def asked(self) -> list[str]:
        """The statements, without those by which asyncpg learns types on a new connection."""
        return [text for text in self.statements if "pg_catalog" not in text]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        async with self.database.connection() as connection:
            with connection.query_logger(self._note):
                yield connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)


@dataclass(frozen=True)
class Refusal:
    """One entry of `errors`, as a test compares it."""

    code: str
    message: str
    path: tuple[str | int, ...]


@dataclass(frozen=True)
class Asker:
    """Somebody who asks."""

    database: Any
    scope: Scope
    now: datetime | None = None

    def at(self, now: datetime) -> "Asker":
        """The same at another instant."""
        return replace(self, now=now)

    async def run(self, query: str, **variables: Any) -> tuple[Any, list[Refusal]]:
        """Data and errors."""
        context = create_context(self.database, self.scope, "request", now=self.now)
        result = await schema.execute(query, variable_values=variables, context_value=context)
        return result.data, [_refusal(error) for error in result.errors or ()]

    async def ask(self, query: str, **variables: Any) -> Any:
        """Data; fails on any error."""
        data, errors = await self.run(query, **variables)
        assert not errors
        return data

    async def refused(self, query: str, **variables: Any) -> Refusal:
        """The one error; fails when there is none, or more."""
        data, errors = await self.run(query, **variables)
        assert data is None or set(data.values()) == {None}
        (error,) = errors
        return error


def _refusal(error: Any) -> Refusal:
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return Refusal("BAD_USER_INPUT", error.message, tuple(error.path or ()))
    if not isinstance(cause, DomainError):
        raise cause
    return Refusal(cause.code, cause.message, tuple(error.path or ()))


def owner(database: Any, tenant: Tenant, now: datetime | None = None) -> Asker:
    """The tenant's owner, who owns its projects too."""
    principal = Principal(tenant.organization_id, tenant.user_id, None)
    return Asker(database, Scope(principal, Role.OWNER), now)


def member(
    database: Any, tenant: Tenant, role: Role, *projects: Any, now: datetime | None = None
) -> Asker:
    """Somebody with a role at some projects only, who owns none."""
    principal = Principal(tenant.organization_id, None, tenant.api_key_id)
    scope = Scope(
        principal,
        project_roles=dict.fromkeys(projects, role),
        project_workspaces=dict.fromkeys(projects, tenant.workspace_id),
    )
    return Asker(database, scope, now)


MARCH = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
