"""What happens to every HTTP request: an id, a deadline for its body, a log line, masked errors.

Plain ASGI, for speed and so that bodies stream. `RequestMiddleware` is the outermost, then CORS,
then `ErrorMiddleware`, so that a masked error bears CORS headers and is counted like any answer.
"""

import asyncio
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RequestRefusedError, classify, report, rest_response
from api.metrics import Metrics
from api.request_id import HEADER, RequestInfo, info_of, start

log = structlog.get_logger("aicost.request")

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

        tokens = structlog.contextvars.bind_contextvars(request_id=info.id)
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, self._timed(scope, receive), send_named)
        finally:
            self._metrics.in_flight.dec()
            self._finish(scope, info, status, perf_counter() - began)
            structlog.contextvars.reset_contextvars(**tokens)

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
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise RequestRefusedError(
                    408, "The request did not arrive in time.", headers={"connection": "close"}
                ) from None
            complete = not message.get("more_body", False)
            return message

        return receive_in_time

    def _finish(self, scope: Scope, info: RequestInfo, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.observe(scope["method"], route, status, info, seconds)
        log.info(
            "request",
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


class ErrorMiddleware:
    """Renders what a door did not: REST's error body, for domain errors and masked ones alike."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
            await self._app(scope, receive, send_noting)
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
