"""The application: which path leads to which door, and what every request passes on the way.

Read this first. The parts that know the domain are given, by `assembly.py`: the schema, the
database, who asks. One request goes RequestMiddleware (id, log, metrics) -> CORS ->
ErrorMiddleware -> its door.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import strawberry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.auth import ORGANIZATION_HEADER
from api.errors import RequestRefusedError, rest_response
from api.graphql import Authenticate, ContextFactory, GraphQLDoor
from api.health import Health
from api.metrics import MULTIPROCESS_VARIABLE, Metrics
from api.middleware import ErrorMiddleware, RequestMiddleware
from api.request_id import HEADER, info_of
from api.settings import Settings
from api.trpc_wire import ACCEPT_HEADER as TRPC_ACCEPT
from models.errors import DomainError, NotFoundError
from models.otel_project import HEADER as PROJECT_HEADER

_REFRESH_SECONDS = 5
_FILE = "content-disposition"


class DatabaseLike(Protocol):
    """What the doors themselves ask of `models.db.Database`."""

    version: str | None

    async def start(self) -> None:
        """Makes the pool."""

    async def close(self) -> None:
        """Closes the pool."""

    async def ping(self) -> None:
        """Raises when PostgreSQL does not answer."""


def create_app(
    settings: Settings,
    *,
    schema: strawberry.Schema,
    database: DatabaseLike,
    authenticate: Authenticate,
    context_factory: ContextFactory,
    routes: Sequence[BaseRoute] = (),
    after_start: Callable[[], Awaitable[None]] | None = None,
    before_close: Callable[[], Awaitable[None]] | None = None,
) -> Starlette:
    """The ASGI application of the parts given.

    `routes` are the doors beside GraphQL; `after_start` and `before_close` are awaited while the
    database is there.
    """
    metrics = Metrics(database)
    health = Health(database)
    graphql = GraphQLDoor(
        schema,
        settings,
        database=database,
        authenticate=authenticate,
        context_factory=context_factory,
    )
    every_route = [
        Route("/graphql", graphql),
        Route("/healthz", health.live),
        Route("/readyz", health.ready),
        Route("/metrics", metrics.endpoint),
        *routes,
    ]
    return Starlette(
        routes=every_route,
        middleware=[
            Middleware(
                RequestMiddleware, metrics=metrics, receive_seconds=settings.limit_receive_seconds
            ),
            *_cors(settings),
            Middleware(ErrorMiddleware, routes=every_route),
        ],
        exception_handlers={HTTPException: _render_http_exception},
        lifespan=lambda _app: _running(database, metrics, after_start, before_close),
    )


def _cors(settings: Settings) -> list[Middleware]:
    """Answers preflights and names the origins that may read answers; no cookies, ever."""
    if not settings.cors_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=(
                "authorization",
                "content-encoding",
                "content-type",
                ORGANIZATION_HEADER,
                PROJECT_HEADER,
                TRPC_ACCEPT,
                HEADER,
            ),
            expose_headers=(HEADER, "retry-after", "x-truncated", "x-next-cursor", _FILE),
            allow_credentials=False,
        )
    ]


@asynccontextmanager
async def _running(
    database: DatabaseLike,
    metrics: Metrics,
    after_start: Callable[[], Awaitable[None]] | None,
    before_close: Callable[[], Awaitable[None]] | None,
) -> AsyncIterator[None]:
    await database.start()
    # Liveness tells the server's version; that PostgreSQL is away is for readiness to tell.
    with suppress(Exception):
        await database.ping()
    watcher = None
    if MULTIPROCESS_VARIABLE in os.environ:
        watcher = asyncio.create_task(_watch(metrics))
    if after_start is not None:
        await after_start()
    try:
        yield
    finally:
        if watcher is not None:
            watcher.cancel()
        if before_close is not None:
            await before_close()
        await database.close()


async def _watch(metrics: Metrics) -> None:
    """Keeps this worker's pool gauges fresh for the worker that is asked for all of them."""
    while True:
        metrics.watch()
        await asyncio.sleep(_REFRESH_SECONDS)


async def _render_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no such path, no such method) in our error format."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    told: DomainError = RequestRefusedError(error.status_code, error.detail, headers=error.headers)
    if error.status_code == 405:
        taken = " or ".join(sorted((error.headers or {})["Allow"].split(", ")))
        message = f"{request.method} is not taken here; {taken} is expected."
        told = RequestRefusedError(405, message, headers=error.headers)
    if error.status_code == 404:
        told = NotFoundError("There is nothing at this path.")
    info: Any = info_of(request.scope)
    info.error_codes = (told.code,)
    return rest_response(told, info.id)
