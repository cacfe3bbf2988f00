"""The real server in a process of its own, and one keep-alive connection to it.

Owns what is measured from outside: latency at the socket, and the processor time of the server's
process. The client is a few lines over a stream so that its own work hardly counts.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

_READY_SECONDS = 60
_STOP_SECONDS = 30
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Serving:
    """A server that accepts connections."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of its process so far."""
        return cpu_seconds(self.pid)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far: /proc/<pid>/stat, but in nanoseconds."""
    return time.clock_gettime(~pid << 3 | 2)


def serving(dsn: str, log: Path) -> AbstractContextManager[Serving]:
    """Runs `aicost serve` with one worker on the database; stops it in the end."""
    port = _free_port()
    ours = {"DATABASE_URL": dsn, "AICOST_HOST": _HOST, "AICOST_PORT": str(port)}
    return _started([sys.executable, "-m", "api.cli", "serve"], port, log, ours)


def bare_serving(statements: Path, dsn: str, log: Path) -> AbstractContextManager[Serving]:
    """Runs `bare.py` on the statements in a file."""
    port = _free_port()
    program = Path(__file__).with_name("bare.py")
    return _started([sys.executable, str(program), str(port), dsn, str(statements)], port, log, {})


@contextmanager
def _started(
    command: Sequence[str], port: int, log: Path, ours: Mapping[str, str]
) -> Iterator[Serving]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("AICOST_")}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            env={**given, **ours},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            _wait_until_listening(process, port, log)
            yield Serving(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection((_HOST, port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{log.read_text()}") from None
            time.sleep(0.05)


class Client:
    """One keep-alive connection that posts requests one after the other."""

    def __init__(self, serving: Serving) -> None:
        self._port = serving.port
        self._connection: _Connection | None = None

    async def post(self, request: bytes) -> bytes:
        """The body of the answer to a request made by a function below; raises unless 200.

        Connects with the first one: the server hangs up on a connection that says nothing.
        """
        if self._connection is None:
            loop = asyncio.get_running_loop()
            _, self._connection = await loop.create_connection(_Connection, _HOST, self._port)
        head, body = await self._connection.exchange(request)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"{head.decode()}{body.decode()}")
        return body

    async def close(self) -> None:
        """Hangs up."""
        if self._connection is not None:
            await self._connection.close()


class _Connection(asyncio.Protocol):
    """Sends a request and waits for its answer, whose length must be stated.

    A third of what asyncio's streams cost, which would count as the server's on a small machine.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            asyncio.Transport, transport
        )  # uvloop's are of no class of asyncio's
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answer: asyncio.Future[tuple[bytes, bytes]] | None = None

    async def exchange(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._received = b""
        self._size = 0
        self._transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if not self._size:
            end = self._received.find(b"\r\n\r\n") + 4
            if end < 4:
                return
            _, _, told = self._received[:end].lower().partition(b"\r\ncontent-length:")
            self._head_size, self._size = end, end + int(told.partition(b"\r\n")[0])
        if len(self._received) >= self._size and self._answer is not None:
            end = self._head_size
            self._answer.set_result((self._received[:end], self._received[end:]))

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set_result(None)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server hung up"))

    async def close(self) -> None:
        """Hangs up and waits until that is done."""
        self._transport.close()
        await self._lost


def graphql_request(secret: str, body: bytes) -> bytes:
    """A POST to /graphql, as it goes over the wire."""
    return _request("/graphql", "application/graphql-response+json", secret, body)


def usage_request(secret: str, body: bytes) -> bytes:
    """A POST to /v1/usage, as it goes over the wire."""
    return _request("/v1/usage", "application/json", secret, body)


def get_request(secret: str, path: str) -> bytes:
    """A GET, as it goes over the wire."""
    head = f"GET {path} HTTP/1.1\r\nhost: {_HOST}\r\nauthorization: Bearer {secret}\r\n"
    return f"{head}accept: */*\r\n\r\n".encode()


def _request(path: str, accept: str, secret: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {_HOST}\r\nauthorization: Bearer {secret}\r\n"
        f"content-type: application/json\r\naccept: {accept}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
