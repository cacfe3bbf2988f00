"""A door to test on: the application with a schema, a database and a credential of the tests' own.

The domain has nothing to do with how a request is read and answered, so none of it is here.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import strawberry
import structlog
from starlette.applications import Starlette
from starlette.datastructures import Headers

from api.app import create_app
from api.settings import Settings
from models.access import Principal, Role, Scope
from models.errors import BadInputError, NotFoundError, UnauthenticatedError, UnavailableError

# Logs are for the tests that ask for them.
structlog.configure(logger_factory=structlog.ReturnLoggerFactory())

SECRET = "a-key-that-tests-know"
AUTHORIZATION = {"authorization": f"Bearer {SECRET}"}
GRAPHQL_JSON = "application/graphql-response+json"
ORGANIZATION_ID = UUID(int=7)


@strawberry.enum
class Colour(Enum):
    RED = "RED"
    GREEN = "GREEN"


@strawberry.input
class Point:
    across: int
    up: int = 0


@strawberry.type
class Item:
    name: str
    colour: Colour = Colour.RED

    @strawberry.field
    def items(self, first: int = 20) -> "ItemConnection":
        return ItemConnection(nodes=[])

    @strawberry.field
    def parts(self) -> "list[Item]":
        return []


@strawberry.type
class ItemConnection:
    nodes: list[Item]


_FAILURES: dict[str, BaseException] = {
    "bug": RuntimeError("postgresql://user:hunter2@host and other secrets"),
    "missing": NotFoundError("There is no such item."),
    "bad": BadInputError("`first` is 0; it should be 1 or more."),
    "down": ConnectionRefusedError("nobody listens at 10.0.0.1"),
    "slow": asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
    "busy": UnavailableError("Busy.", retry_after_seconds=3),
    "nul": asyncpg.CharacterNotInRepertoireError("invalid byte sequence: 0x00"),
}


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def items(self, first: int = 20, last: int | None = None) -> ItemConnection:
        return ItemConnection(nodes=[Item(name=str(n)) for n in range(min(first, 3))])

    @strawberry.field
    def recent(self, limit: int = 50) -> list[Item]:
        return []

    @strawberry.field
    def trend(self, months: int = 6) -> list[Item]:
        return []

    @strawberry.field
    def half(self, number: float) -> float:
        return number / 2

    @strawberry.field
    def paint(self, colour: Colour, at: Point | None = None) -> str:
        return colour.value

    @strawberry.field
    async def fail(self, how: str) -> str | None:
        raise _FAILURES[how]

    @strawberry.field
    async def fail_hard(self, how: str) -> str:
        raise _FAILURES[how]

    @strawberry.field
    async def wait(self, info: strawberry.Info[Any, None], seconds: float) -> str | None:
        info.context.database.waiting += 1
        info.context.database.arrivals.put_nowait(None)
        try:
            await asyncio.sleep(seconds)
        finally:
            info.context.database.waiting -= 1
        return "waited"

    @strawberry.field
    def huge(self) -> list[float]:
        return [float("inf")]

    @strawberry.field
    def request_id(self, info: strawberry.Info[Any, None]) -> str:
        return str(info.context.request_id)


@strawberry.type
class Made:
    name: str

    @strawberry.field
    async def part(self, how: str = "bug") -> str | None:
        raise _FAILURES[how]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def make(self, info: strawberry.Info[Any, None], name: str) -> Made | None:
        info.context.database.touched += 1
        return Made(name=name)

    @strawberry.mutation
    def touch(self, info: strawberry.Info[Any, None]) -> str:
        info.context.database.touched += 1
        return "touched"

    @strawberry.mutation
    async def fail(self, how: str) -> str | None:
        raise _FAILURES[how]


def make_schema() -> strawberry.Schema:
    """A schema of its own for each application."""
    return strawberry.Schema(query=Query, mutation=Mutation)


class FakePool:
    """Three connections, one of them idle."""

    def get_size(self) -> int:
        return 3

    def get_idle_size(self) -> int:
        return 1


@dataclass
class FakeDatabase:
    """A database that is there or not, as a test says."""

    version: str | None = None
    failure: BaseException | None = None
    ping_seconds: float = 0
    touched: int = 0
    waiting: int = 0
    events: list[str] = field(default_factory=list)
    arrivals: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    pool: Any = field(default_factory=FakePool)

    async def start(self) -> None:
        self.events.append("start")

    async def close(self) -> None:
        self.events.append("close")

    async def ping(self) -> None:
        await asyncio.sleep(self.ping_seconds)
        if self.failure is not None:
            raise self.failure
        self.version = "18.4"


def scope() -> Scope:
    """Whoever has the secret, in the one organization of these tests."""
    return Scope(Principal(ORGANIZATION_ID, None, None), Role.OWNER)


async def authenticate(headers: Headers) -> Scope:
    """Lets the one secret in."""
    if headers.get("authorization") != f"Bearer {SECRET}":
        raise UnauthenticatedError("Send a valid API key.")
    return scope()


def make_context(database: Any, reach: Scope, request_id: str) -> Any:
    """What resolvers of the test schema see."""
    return SimpleNamespace(database=database, scope=reach, request_id=request_id)


def make_settings(**values: Any) -> Settings:
    """Settings from their defaults and `values`, whatever the environment holds."""
    kept = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    try:
        return Settings.load(_env_file=None, **values)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _is_ours(name: str) -> bool:
    return name.startswith("AICOST_") or name == "DATABASE_URL"


def make_app(database: FakeDatabase | None = None, **settings: Any) -> Starlette:
    """The application; keywords are settings."""
    return create_app(
        make_settings(**settings),
        schema=make_schema(),
        database=database or FakeDatabase(),
        authenticate=authenticate,
        context_factory=make_context,
    )


@asynccontextmanager
async def client_of(app: Starlette, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that speaks to an application without a socket, with the credential."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://door", headers={**AUTHORIZATION, **headers}
    ) as client:
        yield client


def served() -> Starlette:
    """For servers of their own process: the application from the environment's settings."""
    settings = Settings.load(_env_file=None)
    return create_app(
        settings,
        schema=make_schema(),
        database=FakeDatabase(),
        authenticate=authenticate,
        context_factory=make_context,
    )
