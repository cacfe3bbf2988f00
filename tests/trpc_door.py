"""A tRPC door to test on: procedures on the schema of `door.py`, and what clients of tRPC send."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
from door import FakeDatabase, authenticate, client_of, make_context, make_schema, make_settings
from starlette.applications import Starlette
from starlette.routing import Route

from api.app import create_app
from api.trpc import TrpcDoor
from api.trpc_procedures import Procedure
from api.trpc_wire import ROUTE

PROCEDURES = (
    Procedure("demo.hello", "hello"),
    Procedure("demo.half", "half"),
    Procedure("demo.paint", "paint"),
    Procedure("demo.items", "items"),
    Procedure("demo.wait", "wait"),
    Procedure("demo.fail", "fail"),
    Procedure("demo.requestId", "requestId"),
    Procedure("demo.touch", "touch"),
    Procedure("demo.make", "make"),
)
JSON = "application/json"


def make_trpc_app(database: FakeDatabase | None = None, **settings: Any) -> Starlette:
    """The application with the procedures above; keywords are settings."""
    made, schema, served = make_settings(**settings), make_schema(), database or FakeDatabase()
    door = TrpcDoor(
        schema,
        made,
        database=served,
        authenticate=authenticate,
        context_factory=make_context,
        procedures=PROCEDURES,
    )
    return create_app(
        made,
        schema=schema,
        database=served,
        authenticate=authenticate,
        context_factory=make_context,
        routes=[Route(ROUTE, door)],
    )


@asynccontextmanager
async def trpc_client(database: FakeDatabase | None = None, **settings: Any) -> AsyncIterator[Any]:
    """An HTTP client with the credential, on such an application."""
    async with client_of(make_trpc_app(database, **settings)) as client:
        yield client


def url(path: str, input: Any = ..., *, batch: bool = False) -> str:
    """The URL of a query, as the client makes it."""
    parameters = ["batch=1"] if batch else []
    if input is not ...:
        parameters.append(f"input={quote(json.dumps(input))}")
    return f"/trpc/{path}" + (f"?{'&'.join(parameters)}" if parameters else "")


def told(response: httpx.Response) -> tuple[int, Any]:
    """Status and body, without the request's id."""
    body = response.json()
    for envelope in body if isinstance(body, list) else [body]:
        if "error" in envelope:
            assert envelope["error"]["data"].pop("requestId") == response.headers["x-request-id"]
    return response.status_code, body
