"""Where the time of one way into the ledger goes, function by function.

What is profiled runs in this process: over HTTP that is the whole application under its ASGI
interface, without uvicorn and the socket. `poll` is the waiting for PostgreSQL. cProfile makes
calls dearer than they are: read shares, not seconds.
"""

import cProfile
import os
import pstats
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette

from api.assembly import application

if TYPE_CHECKING:
    from write import Bench, Subject

_SHOWN = 45


async def print_profile(bench: "Bench", subject: "Subject") -> None:
    """Runs the subject once to warm up, once for time, once profiled; prints a table."""
    async with _in_process(bench, subject.callers):
        await (await bench.prepare(subject))()
        run = await bench.prepare(subject)
        begun, cpu = time.perf_counter(), time.process_time()
        await run()
        elapsed, cpu = time.perf_counter() - begun, time.process_time() - cpu
        count = subject.event_count
        print(
            f"{subject.way}, batches of {subject.batch}, {subject.projects} projects:"
            f" {count / elapsed:,.0f} events a second,"
            f" {elapsed / count * 1e6:,.0f} us an event, {cpu / count * 1e6:,.0f} us of them CPU"
        )
        run = await bench.prepare(subject)
        profile = cProfile.Profile()
        profile.enable()
        await run()
        profile.disable()
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(_SHOWN)


@asynccontextmanager
async def _in_process(bench: "Bench", callers: int) -> AsyncIterator[None]:
    """The doors of the bench lead to an application in this process."""
    os.environ["DATABASE_URL"] = bench.app_dsn
    os.environ["AICOST_LOG_LEVEL"] = "warning"
    app = application()
    async with app.router.lifespan_context(app):
        for door in bench.doors.values():
            door.clients = [_Caller(app)] * callers
        yield


class _Caller:
    """Calls an application as uvicorn would, with requests as they go over the wire."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    async def post(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, path, _ = first.decode().split(" ")
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": b"", "http_version": "1.1", "scheme": "http", "root_path": "",
            "headers": [tuple(line.split(b": ", 1)) for line in lines],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        answered: list[bytes] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            answered.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return b"".join(answered)
