"""Servers and processes for the tests of the embedded server, which start real ones.

As root, the ordinary user's side runs in a process that became `nobody`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from models.postgres import EmbeddedServer, EmbeddedServerError, find_binaries
from models.postgres_cluster import Cluster
from models.postgres_place import find_place

REPOSITORY = Path(__file__).resolve().parent.parent
IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root has this case")
# Each account that a server may be run for: ours and, as root, an ordinary user's.
ACCOUNTS = ["", "nobody"] if IS_ROOT else [""]

# Another process that uses a server. It imports before it becomes an ordinary user, who may not
# be able to read the interpreter's directory.
USER = """
import os, pwd, sys
from pathlib import Path
from models.postgres import EmbeddedServer
directory, binaries, account, ending = sys.argv[1:]
if account:
    entry = pwd.getpwnam(account)
    os.setgroups([]); os.setgid(entry.pw_gid); os.setuid(entry.pw_uid)
server = EmbeddedServer(Path(directory), binaries=Path(binaries) if binaries else None)
print(server.start().app_dsn, flush=True)
if ending == "fork":
    child = os.fork()
    if child == 0:
        server.stop()
        os._exit(0)
    os.waitpid(child, 0)
    print("forked", flush=True)
sys.stdin.readline()
if ending != "exit":
    server.stop()
"""


def majors() -> list[int]:
    """The major versions that are on this machine."""
    found = []
    for major in (15, 16, 17, 18):
        try:
            find_binaries(major=major)
        except EmbeddedServerError:
            continue
        found.append(major)
    return found


MAJORS = majors()


@pytest.fixture(scope="session")
def open_directory() -> Iterator[Path]:
    """A directory that every account can enter, which pytest's own is not."""
    directory = Path(tempfile.mkdtemp(prefix="aicost-test-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    running = [str(path) for path in directory.rglob("postmaster.pid")]
    shutil.rmtree(directory)
    assert running == []


@pytest.fixture(scope="session")
def warm_directory(open_directory: Path) -> Path:
    """A data directory that exists; each test finds its server stopped, and leaves it so."""
    directory = open_directory / "warm"
    with EmbeddedServer(directory):
        pass
    return directory


def another(warm_directory: Path, name: str, account: str = "") -> Path:
    """A data directory of the test's own; a copy, for initdb would take a second."""
    directory = warm_directory.parent / name
    directory.mkdir()
    place = find_place(warm_directory)
    copied = directory / "postgres"
    shutil.copytree(place.data, copied, symlinks=True)
    if IS_ROOT:
        owner = pwd.getpwnam(account) if account else None
        uid, gid = (owner.pw_uid, owner.pw_gid) if owner else (place.account.uid, place.account.gid)
        for path in (copied, *copied.rglob("*")):
            os.chown(path, uid, gid, follow_symlinks=False)
        if account:
            os.chown(directory, uid, gid)
    return directory


@contextmanager
def user(
    directory: Path, *, account: str = "", ending: str = "stop"
) -> Iterator["subprocess.Popen[str]"]:
    """Another process that uses the directory's server until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(directory), "", account, ending],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])},
    )
    with process:
        assert process.stdout is not None
        process.app_dsn = process.stdout.readline().strip()  # type: ignore[attr-defined]
        yield process
        if process.poll() is None:
            process.communicate("", timeout=60)


async def fetch(dsn: str, statement: str, *arguments: object) -> object:
    connection = await asyncpg.connect(dsn=dsn)
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close()


def postmaster(directory: Path) -> int | None:
    try:
        return int((find_place(directory).data / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return None


def cluster(directory: Path) -> Cluster:
    return Cluster(find_place(directory), find_binaries())


@contextmanager
def stranger(directory: Path, *, working_directory: Path = Path("/")) -> Iterator[int]:
    """A process of the server's own account that has nothing to do with PostgreSQL."""
    account = find_place(directory).account
    process = subprocess.Popen(
        ["sleep", "600"],
        cwd=working_directory,
        user=account.uid if account.dropped else None,
        group=account.gid if account.dropped else None,
    )
    try:
        yield process.pid
        assert process.poll() is None, "an unrelated process was stopped"
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def kill_postmaster(directory: Path) -> None:
    pid = postmaster(directory)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not cluster(directory).answers())
