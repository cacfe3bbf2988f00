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
    """One keep-alive connection that posts GraphQL requests one after the other."""

    def __init__(self, serving: Serving) -> None:
        self._port = serving.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: bytes) -> bytes:
        """The body of the answer to a request made by a function below; raises unless 200.

        Connects with the first one: the server hangs up on a connection that says nothing.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection(_HOST, self._port, limit=1 << 20)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"http/1.1 200 "):
            raise RuntimeError(f"{head.decode()}{body.decode()}")
        return body

    async def close(self) -> None:
        """Hangs up."""
        if self._streams is not None:
            _, writer = self._streams
            writer.close()
            await writer.wait_closed()


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
