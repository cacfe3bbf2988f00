"""The server on a socket: slow and oversized requests are refused, stopping cuts nobody off."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from door import AUTHORIZATION, FakeDatabase, make_app, make_settings

from api.serve import LimitedProtocol, QuietServer, ServerConfig

ROOT = Path(__file__).resolve().parent.parent
RECEIVE_SECONDS = 0.2


@asynccontextmanager
async def serving(database: FakeDatabase | None = None) -> AsyncIterator[int]:
    """A server in this process, on a free port, impatient with slow requests."""
    limits = {"limit_receive_seconds": RECEIVE_SECONDS, "limit_header_bytes": 65_536}
    app = make_app(database, **limits)
    config = ServerConfig(lambda: app, make_settings(port=0, **limits))
    server = uvicorn.Server(config)
    # Signals are for the processes below; here they belong to pytest.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, gone for good at the end however the server took its own end down."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(port: int, *parts: bytes, pause_seconds: float = 0) -> bytes:
    """Sends some bytes, and reads until the server hangs up."""
    async with connected(port) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause_seconds)
            return await asyncio.wait_for(reader.read(), 5)
    return b""


def request(*headers: str, path: str = "/healthz", body: bytes = b"") -> bytes:
    method = "POST" if body else "GET"
    lines = [f"{method} {path} HTTP/1.1", "host: x", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def test_headers_up_to_the_limit_are_taken_and_larger_ones_refused() -> None:
    async with serving() as port:
        large = await exchange(port, request("x: " + "a" * 60_000, "connection: close"))
        assert large.startswith(b"HTTP/1.1 200 ")
        for headers in (("x: " + "a" * 70_000,), tuple(f"x{n}: a" for n in range(9_000))):
            refused = await exchange(port, request(*headers))
            assert refused.startswith(b"HTTP/1.1 431 ")


async def test_headers_without_an_end_are_refused_at_the_limit() -> None:
    async with serving() as port:
        start = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: "
        # No more than it takes: what a closed connection still gets would reset it.
        refused = await exchange(port, start, *([b"a" * 10_000] * 6), b"a" * 5_600)
        assert refused.startswith(b"HTTP/1.1 431 ")


async def test_a_large_url_is_refused() -> None:
    async with serving() as port:
        refused = await exchange(port, request(path="/healthz?" + "a" * 70_000))
        assert refused.startswith(b"HTTP/1.1 431 ")


async def test_each_request_of_a_connection_has_headers_of_its_own() -> None:
    """Many requests, together far over the limit, singly far below; then one that is too large."""
    limits = httpx.Limits(max_connections=1)
    async with (
        serving() as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits) as client,
    ):
        for _ in range(5):
            assert (await client.get("/healthz", headers={"x": "a" * 20_000})).status_code == 200
        assert (await client.get("/healthz", headers={"x": "a" * 66_000})).status_code == 431


async def test_a_refusal_never_passes_for_an_earlier_answer() -> None:
    body = b'{"query": "{ wait(seconds: 0.1) }"}'
    first = request(
        "content-type: application/json",
        f"content-length: {len(body)}",
        f"authorization: {AUTHORIZATION['authorization']}",
        path="/graphql",
        body=body,
    )
    async with serving() as port:
        assert await exchange(port, first, request("x: " + "a" * 66_000)) == b""


async def test_a_body_is_no_header() -> None:
    body = b'{"query": "{ hello }", "pad": "%b"}' % (b"x" * 200_000)
    async with serving() as port:
        answer = await exchange(
            port,
            request(
                "content-type: application/json",
                f"content-length: {len(body)}",
                f"authorization: {AUTHORIZATION['authorization']}",
                "connection: close",
                path="/graphql",
                body=body,
            ),
        )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"hello world" in answer


@pytest.mark.parametrize("sent", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nhost: x\r\n"])
async def test_slow_headers_are_refused(sent: bytes) -> None:
    async with serving() as port:
        assert (await exchange(port, sent)).startswith(b"HTTP/1.1 408 ")


async def test_dripping_headers_do_not_gain_time() -> None:
    async with serving() as port:
        start = b"GET /healthz HTTP/1.1\r\n"
        drops = [b"x: y\r\n"] * 10
        answer = await exchange(port, start, *drops, pause_seconds=RECEIVE_SECONDS / 5)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
    assert b"200" not in answer


async def test_a_slow_body_is_refused_in_the_doors_own_words() -> None:
    async with serving() as port:
        head = request(
            "content-type: application/json", "content-length: 100", path="/graphql", body=b"{"
        )
        answer = await exchange(port, head)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive in time" in answer
    assert b"connection: close" in answer


async def test_a_client_that_hangs_up_leaves_the_server_well() -> None:
    database = FakeDatabase()
    body = b'{"query": "{ wait(seconds: 0.05) }"}'
    whole = request(
        "content-type: application/json",
        f"content-length: {len(body)}",
        f"authorization: {AUTHORIZATION['authorization']}",
        path="/graphql",
        body=body,
    )
    half = request("content-length: 100", path="/graphql", body=b"{")
    async with serving(database) as port:
        async with connected(port) as (_, writer):
            writer.write(whole)
            await database.arrivals.get()
            writer.transport.abort()
        async with connected(port) as (_, writer):
            writer.write(half)
            await writer.drain()
            writer.transport.abort()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            while database.waiting:
                assert (await client.get("/healthz")).status_code == 200
            metrics = (await client.get("/metrics")).text
    assert 'route="/graphql",status="500"' not in metrics


def test_the_configuration_carries_our_limits() -> None:
    config = ServerConfig("api.assembly:application", make_settings(workers=3, port=8123))
    assert (config.workers, config.port, config.factory) == (3, 8123, True)
    assert config.http is LimitedProtocol
    assert not config.access_log
    assert not config.proxy_headers
    assert config.timeout_graceful_shutdown is not None
    assert config.timeout_graceful_shutdown > make_settings().limit_request_seconds


PROGRAM = """
import sys; sys.path.insert(0, "tests")
import api.serve
from api.settings import Settings
api.serve.APPLICATION = "door:served"
if __name__ == "__main__":
    api.serve.serve(
        Settings.load(_env_file=None),
        "postgresql://nowhere/none",
        announce=lambda port: print(port, flush=True),
    )
    print("stopped cleanly", flush=True)
"""


@pytest.mark.parametrize(
    ("workers", "stop"), [(1, signal.SIGTERM), (1, signal.SIGINT), (2, signal.SIGTERM)]
)
async def test_stopping_lets_requests_finish(
    workers: int, stop: signal.Signals, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AICOST_")},
        "AICOST_PORT": "0",
        "AICOST_WORKERS": str(workers),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        # The port that is announced is ours: the first request is answered, however early.
        port = int(await asyncio.wait_for(process.stdout.readline(), 20))
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=AUTHORIZATION, timeout=20
        ) as client:
            slow = asyncio.create_task(
                client.post("/graphql", json={"query": "{ wait(seconds: 1) }"})
            )
            await in_flight(client)
            process.send_signal(stop)
            assert (await slow).json() == {"data": {"wait": "waited"}}
        output, errors = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert output == b"stopped cleanly\n", errors.decode()
    assert process.returncode == 0
    assert b"Traceback" not in errors


async def in_flight(client: httpx.AsyncClient) -> None:
    """Waits until a request other than the one that asks is being answered, by any worker."""
    for _ in range(400):
        text = (await client.get("/metrics")).text
        line = next(x for x in text.splitlines() if x.startswith("aicost_http_requests_in_flight"))
        if float(line.split()[-1]) >= 2:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no request was being answered")


def test_a_signal_does_not_outlive_the_server() -> None:
    server = QuietServer(ServerConfig("api.assembly:application", make_settings()))
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit
    assert not server._captured_signals
