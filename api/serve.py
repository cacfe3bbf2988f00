"""Runs the application under uvicorn, with the limits that uvicorn itself lacks.

uvicorn waits forever for a slow request and, with httptools, takes headers of any size; the
protocol class here bounds both. SIGTERM and SIGINT stop listening, let requests finish, then
close the application. Refused: TLS, and trust in forwarding headers; both are a proxy's work.
"""

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.supervisors import Multiprocess

from api.metrics import MULTIPROCESS_VARIABLE
from api.settings import Settings, SettingsError

APPLICATION = "api.assembly:application"
_KEEP_ALIVE_SECONDS = 75
# Longer than any request may take, so that stopping never cuts one off.
_GRACE_SECONDS = 20


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration from ours; carries our own limits to each worker."""

    def __init__(self, app: str | Callable[..., Any], settings: Settings, **overrides: Any) -> None:
        options: dict[str, Any] = {
            "host": settings.host,
            "port": settings.port,
            "workers": settings.workers,
            "factory": True,
            "http": LimitedProtocol,
            "ws": "none",
            "lifespan": "on",
            "log_config": None,
            "access_log": False,
            "server_header": False,
            "proxy_headers": False,
            "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
            "timeout_graceful_shutdown": round(settings.limit_request_seconds) + _GRACE_SECONDS,
        }
        super().__init__(app, **{**options, **overrides})
        self.header_bytes = settings.limit_header_bytes
        self.receive_seconds = settings.limit_receive_seconds


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's fast HTTP protocol, refusing headers that are too large or too slow."""

    config: ServerConfig

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._pending_bytes = 0
        self._in_headers = True
        self._refused = False
        self._deadline: asyncio.TimerHandle | None = None
        # A connection that sends nothing at all is as slow as one that drips.
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_headers:
            self._pending_bytes += len(data)
            if self._deadline is None:
                self._await_headers()
        super().data_received(data)
        if self._in_headers and self._pending_bytes > self.config.header_bytes:
            self._refuse_headers()

    def on_headers_complete(self) -> None:
        self._headers_came()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.config.header_bytes:
            self._refuse_headers()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            super().on_message_complete()
            self._in_headers = True
            self._pending_bytes = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["method"] != "HEAD":  # whose head nothing follows
            cycle.transport = cast(asyncio.Transport, _HeadHolder(cycle, self.transport))
        super()._start_asgi_task(cycle, app)

    def _refuse_headers(self) -> None:
        self._refuse(431, b"The request's headers are too large.")

    def _await_headers(self) -> None:
        self._deadline = self.loop.call_later(
            self.config.receive_seconds,
            self._refuse,
            408,
            b"The request did not arrive in time.",
        )

    def _headers_came(self) -> None:
        self._in_headers = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int, message: bytes) -> None:
        """Answers below the application, which has not seen the request, and hangs up."""
        self._headers_came()
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        # While an earlier request of the connection is being answered, this would pass for it.
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
                + b"content-length: %d\r\n\r\n%b" % (len(message), message)
            )
        self.transport.close()


class _HeadHolder:
    """A cycle's way to its client that sends an answer's head together with what follows it.

    uvicorn writes them one after the other: two system calls, two packets, and a client that is
    woken twice.
    """

    __slots__ = ("_cycle", "_head", "_is_out", "_transport")

    def __init__(self, cycle: RequestResponseCycle, transport: asyncio.Transport) -> None:
        self._cycle = cycle
        self._transport = transport
        self._head = b""
        self._is_out = False

    def write(self, data: bytes) -> None:
        if self._is_out or not self._cycle.response_started:  # or it says 100 Continue
            self._transport.write(data)
        elif self._head:
            self._is_out = True
            self._transport.write(self._head + data)
        else:
            self._head = data

    def close(self) -> None:
        if self._head and not self._is_out:
            self._transport.write(self._head)
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class QuietServer(uvicorn.Server):
    """A server whose `run` returns after a signal, so that the caller can clean up and exit 0."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        # uvicorn would raise the signal again once it has stopped, and so kill the caller.
        self._captured_signals.clear()


def serve(
    settings: Settings, dsn: str, *, announce: Callable[[int], object] = lambda port: None
) -> None:
    """Serves the database at `dsn` until SIGINT or SIGTERM; returns when every request is done.

    `announce` is told the port once it is ours: whoever connects from then on is answered. Raises
    SettingsError when the address cannot be had.
    """
    # The application reads its settings from the environment, here as in each worker.
    os.environ["DATABASE_URL"] = dsn
    config = ServerConfig(APPLICATION, settings)
    listener = _listen(settings, config.backlog)
    announce(listener.getsockname()[1])
    if settings.workers == 1:
        QuietServer(config).run(sockets=[listener])
        return
    with tempfile.TemporaryDirectory(prefix="aicost-metrics-") as directory:
        # Read by prometheus-client when a worker imports it.
        os.environ[MULTIPROCESS_VARIABLE] = directory
        try:
            Multiprocess(config, sockets=[listener]).run()
        finally:
            del os.environ[MULTIPROCESS_VARIABLE]


def _listen(settings: Settings, backlog: int) -> socket.socket:
    """A socket on which connections wait until the application is there to take them."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host, settings.port)
    try:
        listener = socket.create_server(address, family=family, backlog=backlog)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise SettingsError(
            f"AICOST_HOST and AICOST_PORT: {settings.host}:{settings.port} cannot be had"
            f" ({reason}); name another"
        ) from None
    listener.set_inheritable(True)  # for worker processes
    return listener
