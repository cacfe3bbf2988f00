"""Node for the tests of the TypeScript client: there, installed, and the client compiled.

In CI it must be there; elsewhere tests that need it are skipped with the reason. `make test`
installs what the lock file names.
"""

import asyncio
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CLIENT = Path(__file__).resolve().parent.parent / "clients" / "typescript"
_LEAST_VERSION = 20
_COMPILER = CLIENT / "node_modules" / "typescript" / "bin" / "tsc"


def _missing() -> str | None:
    """Why the client cannot be compiled and run; None when it can."""
    if shutil.which("node") is None:
        return "Node is not installed"
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(told.removeprefix("v").partition(".")[0]) < _LEAST_VERSION:
        return f"Node is {told.strip()}; {_LEAST_VERSION} or newer is needed"
    if not _COMPILER.exists():
        return f"`npm ci` has not been run in {CLIENT}"
    return None


def compile_client() -> Path:
    """The directory of the compiled client; fails when it does not compile."""
    reason = _missing()
    if reason is not None and os.environ.get("CI"):
        pytest.fail(f"{reason}: CI needs it")
    if reason is not None:
        pytest.skip(f"{reason}: the TypeScript client is not tested")
    with (CLIENT / "node_modules" / ".compiling").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several workers of pytest share the directory
        done = subprocess.run(
            ["node", str(_COMPILER), "-p", "."], cwd=CLIENT, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stdout
    return CLIENT / "dist"


async def run(*command: str | Path, **environment: str) -> tuple[int, str]:
    """Exit status and output of a program; what it says goes with it when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, output.decode()
