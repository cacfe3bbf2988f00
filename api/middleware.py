"""What happens to every HTTP request: an id, a deadline for its body, a log line, masked errors.

Plain ASGI, for speed and so that bodies stream. `RequestMiddleware` is the outermost, then CORS,
then `ErrorMiddleware`, so that a masked error bears CORS headers and is counted like any answer.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Generator, Iterable
from time import perf_counter
from typing import Any, cast

from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RequestRefusedError, classify, report, rest_response
from api.logging import log_request
from api.metrics import Metrics
from api.request_id import HEADER, RequestInfo, current_id, info_of, start

# What nginx calls a client that hung up before the answer; it is logged, never sent.
CLIENT_GONE = 499
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_ID_HEADER = HEADER.encode()


class RequestMiddleware:
    """Names, measures and logs each request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, receive_seconds: float) -> None:
        self._app = app
        self._metrics = metrics
        self._receive_seconds = receive_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        info = start(scope)
        began = perf_counter()
        status = CLIENT_GONE

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (_ID_HEADER, info.id.encode("ascii")),
                    _NOSNIFF,
                ]
            await send(message)

        before = current_id.set(info.id)
        self._metrics.in_flight += 1
        try:
            await self._app(scope, self._timed(scope, receive), send_named)
        finally:
            self._metrics.in_flight -= 1
            self._finish(scope, info, status, perf_counter() - began)
            current_id.reset(before)

    def _timed(self, scope: Scope, receive: Receive) -> Receive:
        """`receive`, refusing a body that has not arrived in time (uvicorn waits forever)."""
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return receive
        deadline = asyncio.get_running_loop().time() + self._receive_seconds
        complete = False

        async def receive_in_time() -> Message:
            nonlocal complete
            if complete:
                return await receive()
            coming = cast(Coroutine[Any, Any, Message], receive())
            try:
                asked = coming.send(None)
            except StopIteration as there:  # most bodies come with their headers
                message: Message = there.value
            else:
                message = await _before(deadline, _Begun(coming, asked))
            complete = not message.get("more_body", False)
            return message

        return receive_in_time

    def _finish(self, scope: Scope, info: RequestInfo, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.observe(scope["method"], route, status, info, seconds)
        log_request(
            method=scope["method"],
            path=scope["path"],
            status=status,
            duration_ms=round(seconds * 1000, 3),
            request_id=info.id,
            organization=info.organization_id and str(info.organization_id),
            operation=info.operation or None,
            operation_name=info.operation_name,
            errors=info.error_codes or None,
        )


async def _before(deadline: float, coming: Awaitable[Message]) -> Message:
    try:
        async with asyncio.timeout_at(deadline):
            return await coming
    except TimeoutError:
        raise RequestRefusedError(
            408, "The request did not arrive in time.", headers={"connection": "close"}
        ) from None


class _Begun:
    """A coroutine that was begun and waits for something; awaited, it goes on from there."""

    def __init__(self, coroutine: Coroutine[Any, Any, Message], asked: Any) -> None:
        self._coroutine = coroutine
        self._asked = asked

    def __await__(self) -> Generator[Any, Any, Message]:
        asked = self._asked
        try:
            while True:
                try:
                    answer = yield asked
                except BaseException as error:
                    asked = self._coroutine.throw(error)
                else:
                    asked = self._coroutine.send(answer)
        except StopIteration as done:
            return cast(Message, done.value)


class ErrorMiddleware:
    """Renders what a door did not: REST's error body, for domain errors and masked ones alike.

    It goes to the doors of `routes` itself where the path says which; only the rest is looked up by
    Starlette, whose two wrappers and the trying of one route after the other cost as much as
    reading a small body.
    """

    def __init__(self, app: ASGIApp, *, routes: Iterable[BaseRoute] = ()) -> None:
        self._app = app
        self._doors = {
            route.path: route
            for route in routes
            if isinstance(route, Route) and route.app is route.endpoint and "{" not in route.path
        }

    def _door(self, scope: Scope) -> ASGIApp:
        route = self._doors.get(scope["path"])
        if route is None or scope["root_path"]:
            return self._app
        if route.methods is not None and scope["method"] not in route.methods:
            return self._app
        scope["route"] = route
        return route.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._door(scope)(scope, receive, send_noting)
        except ClientDisconnect:
            return
        except Exception as error:
            told = classify(error)
            report(error, told)
            info = info_of(scope)
            info.error_codes = (told.code,)
            if started:
                # Half an answer is out: only cutting the connection tells the client.
                raise
            await rest_response(told, info.id)(scope, receive, send)
