"""The `aicost` command as a process: start-up, and a server with commands beside it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from postgres_process import another
from postgres_server import FreshDatabase

from api.cli import COMMANDS
from models.migration import migrate
from resolvers.schema import sdl

ROOT = Path(__file__).resolve().parent.parent


def run_process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        env=environment(**variables),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without settings of ours, and these."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AICOST_") and name != "DATABASE_URL"
    }
    return {**kept, "NO_COLOR": "1", **variables}


def test_help_names_every_command_and_what_it_does() -> None:
    done = run_process("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert f" {command} " in done.stdout


def test_a_subcommand_imports_nothing_of_the_others() -> None:
    """The command would take a second more to start with the schema in it."""
    script = (
        "import sys; from api.cli import app\n"
        "import typer.main; typer.main.get_command(app).get_command(None, 'key')\n"
        "sys.exit('strawberry' in sys.modules or 'uvicorn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_the_schema_is_printed_and_nothing_else() -> None:
    done = run_process("schema")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == sdl()


@contextmanager
def running(*, port: int, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "run"],
        env=environment(AICOST_PORT=str(port), **variables),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(300):
        assert process.poll() is None, process.communicate()[0]
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not come up")


def test_a_command_works_beside_a_running_server_and_revoking_works_at_once(
    warm_directory: Path,
) -> None:
    directory = {"AICOST_DATA_DIR": str(another(warm_directory, "beside"))}
    port = free_port()
    with running(port=port, **directory) as server:
        wait_for(f"http://127.0.0.1:{port}/readyz", server)

        create = ("key", "create", "--organization", "Acme", "--role", "OWNER", "--name", "k")
        made = json.loads(run_process(*create, "--json", **directory).stdout)
        assert _ask(port, made["secret"]) == (200, {"data": {"viewer": {"user": None}}})
        assert run_process("key", "revoke", made["id"], **directory).returncode == 0
        assert _ask(port, made["secret"])[0] == 401

        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=30)
    assert server.returncode == 0
    assert made["secret"] not in output
    assert "Traceback" not in output


def _ask(port: int, secret: str) -> tuple[int, Any]:
    answer = httpx.post(
        f"http://127.0.0.1:{port}/graphql",
        json={"query": "{ viewer { user { id } } }"},
        headers={
            "authorization": f"Bearer {secret}",
            "accept": "application/graphql-response+json",
        },
    )
    return answer.status_code, answer.json()


async def test_serving_takes_a_migrated_database(fresh_database: FreshDatabase) -> None:
    settings = {
        "DATABASE_URL": fresh_database.app_dsn,
        "AICOST_OWNER_DATABASE_URL": fresh_database.owner_dsn,
    }
    done = await asyncio.to_thread(run_process, "serve", **settings)
    assert done.returncode == 1
    assert "aicost migrate" in done.stderr
    assert done.stderr.count("\n") == 1


async def test_a_role_that_could_change_the_ledger_is_warned_of(
    fresh_database: FreshDatabase,
) -> None:
    await migrate(fresh_database.owner_dsn)
    port = free_port()
    with running(port=port, DATABASE_URL=fresh_database.owner_dsn) as server:
        await asyncio.to_thread(wait_for, f"http://127.0.0.1:{port}/readyz", server)
        server.send_signal(signal.SIGTERM)
        output, _ = await asyncio.to_thread(server.communicate, timeout=30)
    assert "could change the ledger" in output
