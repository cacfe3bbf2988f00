"""The embedded server: its life among processes that come, leave and are killed.

Every test starts real servers. As root, the ordinary user's side runs in a process that became
`nobody`; what root alone has to solve is tested when root runs the tests.
"""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from models import postgres_binaries, postgres_place
from models.postgres import Address, EmbeddedServer, EmbeddedServerError, find_binaries
from models.postgres_binaries import within_reach
from models.postgres_cluster import Cluster
from models.postgres_lease import Lease, LeaseTimeoutError
from models.postgres_place import Account, find_place

REPOSITORY = Path(__file__).resolve().parent.parent
IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root has this case")
# Each account that a server may be run for: ours and, as root, an ordinary user's.
ACCOUNTS = ["", "nobody"] if IS_ROOT else [""]

# Another process that uses a server. It imports before it becomes an ordinary user, who may not
# be able to read the interpreter's directory.
USER = """
import os, pwd, sys, tempfile
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


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A directory that every account can enter, which pytest's own is not."""
    directory = Path(tempfile.mkdtemp(prefix="aicost-test-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    running = [str(path) for path in directory.rglob("postmaster.pid")]
    shutil.rmtree(directory)
    assert running == []


@pytest.fixture(scope="module")
def warm(base: Path) -> Path:
    """A data directory that exists; each test finds its server stopped, and leaves it so."""
    directory = base / "warm"
    with EmbeddedServer(directory):
        pass
    return directory


def another(warm: Path, name: str, account: str = "") -> Path:
    """A data directory of the test's own; a copy, for initdb would take a second."""
    directory = warm.parent / name
    directory.mkdir()
    place = find_place(warm)
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
def stranger(directory: Path) -> Iterator[int]:
    """A process of the server's own account that has nothing to do with PostgreSQL."""
    account = find_place(directory).account
    process = subprocess.Popen(
        ["sleep", "600"],
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


# First start


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_an_empty_directory_becomes_a_server(base: Path, account: str) -> None:
    directory = base / f"cold-{account}"
    directory.mkdir()
    if account:
        os.chown(directory, pwd.getpwnam(account).pw_uid, -1)
    with user(directory, account=account) as process:
        assert await fetch(process.app_dsn, "SELECT current_user") == "aicost_app"
        owner = find_place(directory).data.stat().st_uid
        assert owner != 0
        assert not account or owner == pwd.getpwnam(account).pw_uid
    assert postmaster(directory) is None
    # What an ordinary user made, root may use without taking it away from that user.
    with EmbeddedServer(directory) as address:
        assert await fetch(address.owner_dsn, "SELECT current_database()") == "aicost"
    assert find_place(directory).data.stat().st_uid == owner
    with user(directory, account=account) as process:
        assert await fetch(process.app_dsn, "SELECT 1") == 1


async def test_the_roles_have_no_more_than_they_need(warm: Path) -> None:
    with EmbeddedServer(warm) as address:
        might = (
            "SELECT bool_or(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication"
            " OR rolbypassrls) FROM pg_roles WHERE rolname IN ('aicost_owner', 'aicost_app')"
        )
        assert await fetch(address.admin_dsn, might) is False
        member = "SELECT count(*) FROM pg_auth_members WHERE member = 'aicost_app'::regrole"
        assert await fetch(address.admin_dsn, member) == 0
        owned = (
            "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'aicost_app'::regrole"
            " AND deptype = 'o'"
        )
        assert await fetch(address.admin_dsn, owned) == 0
        owns = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'aicost'"
        assert await fetch(address.admin_dsn, owns) == "aicost_owner"
        for statement in (
            "CREATE TABLE intruder ()",
            "CREATE SCHEMA intruder",
            "SET ROLE aicost_owner",
            "COPY pg_class TO PROGRAM 'cat'",
            "CREATE DATABASE intruder",
            "ALTER SYSTEM SET fsync = off",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await fetch(address.app_dsn, statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(address.app_dsn.replace("/aicost?", "/postgres?"), "SELECT 1")


async def test_the_owner_can_migrate(warm: Path) -> None:
    with EmbeddedServer(warm) as address:
        await fetch(address.owner_dsn, "CREATE TABLE migrated (a int)")
        await fetch(address.owner_dsn, "CREATE SCHEMA extra")
        await fetch(address.owner_dsn, "GRANT SELECT ON migrated TO aicost_app")
        assert await fetch(address.app_dsn, "SELECT count(*) FROM migrated") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(address.app_dsn, "DELETE FROM migrated")


@pytest.mark.parametrize("major", MAJORS)
async def test_every_version_runs_with_our_settings(base: Path, major: int) -> None:
    binaries = find_binaries(major=major)
    with EmbeddedServer(base / f"version-{major}", binaries=binaries.directory) as address:
        assert str(await fetch(address.app_dsn, "SHOW server_version")).startswith(str(major))
        for name, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "jit": "off",
            "timezone": "UTC",
            "server_encoding": "UTF8",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "log_min_error_statement": "panic",
        }.items():
            assert await fetch(address.admin_dsn, f"SHOW {name}") == value, name
        sorted_by_code_point = "SELECT string_agg(a, '' ORDER BY a) FROM unnest($1::text[]) a"
        letters = await fetch(address.app_dsn, sorted_by_code_point, ["a", "B", "é", "Z"])
        assert letters == "BZaé"
        # C of the C library alone would leave letters beyond ASCII as they are.
        assert await fetch(address.app_dsn, "SELECT upper('é')") == "É"


async def test_only_the_server_s_account_reaches_the_socket(warm: Path) -> None:
    place = find_place(warm)
    with EmbeddedServer(warm):
        for path in (place.data, place.sockets):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
            assert path.stat().st_uid == place.account.uid
    assert not place.sockets.exists()


async def test_what_a_killed_first_start_left_is_done_anew(base: Path) -> None:
    directory = base / "half"
    (directory / "postgres.new").mkdir(parents=True)
    (directory / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(directory) as address:
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert not (directory / "postgres.new").exists()


# Restart


async def test_data_outlive_a_restart(warm: Path) -> None:
    with EmbeddedServer(warm) as first:
        await fetch(first.owner_dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert postmaster(warm) is None
    with EmbeddedServer(warm) as second:
        assert await fetch(second.owner_dsn, "SELECT answer FROM kept") == 42
    assert first == second


async def test_start_and_stop_may_be_called_again(warm: Path) -> None:
    server = EmbeddedServer(warm)
    server.stop()
    first = server.start()
    pid = postmaster(warm)
    assert server.start() == first
    assert postmaster(warm) == pid
    server.stop()
    server.stop()
    assert postmaster(warm) is None
    assert server.start() == first
    server.stop()


async def test_the_environment_s_postgresql_settings_do_not_reach_it(
    warm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGUSER": "x", "PGHOST": "/x", "PGDATA": "/x"}.items():
        monkeypatch.setenv(name, value)
    with EmbeddedServer(warm) as address:
        assert await fetch(address.app_dsn, "SELECT current_user") == "aicost_app"


# Killed


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_killed_user_leaves_a_server_that_the_next_one_takes_over(
    warm: Path, account: str
) -> None:
    directory = another(warm, f"killed-{account}", account)
    with user(directory, account=account) as process:
        pid = postmaster(directory)
        process.kill()
        process.wait()
    assert postmaster(directory) == pid
    with EmbeddedServer(directory) as address:
        assert postmaster(directory) == pid
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert postmaster(directory) is None


async def test_a_killed_postmaster_is_started_again(warm: Path) -> None:
    with EmbeddedServer(warm) as address:
        await fetch(address.owner_dsn, "CREATE TABLE survivor AS SELECT 1 AS a")
        kill_postmaster(warm)
    with EmbeddedServer(warm) as address:
        assert await fetch(address.owner_dsn, "SELECT a FROM survivor") == 1


async def test_start_repairs_at_the_same_address(warm: Path) -> None:
    server = EmbeddedServer(warm)
    address = server.start()
    kill_postmaster(warm)
    assert server.start() == address
    assert await fetch(address.app_dsn, "SELECT 1") == 1
    server.stop()
    assert postmaster(warm) is None


async def test_backends_that_outlive_their_postmaster_are_waited_for(warm: Path) -> None:
    with EmbeddedServer(warm) as address:
        connection = await asyncpg.connect(dsn=address.admin_dsn)
        # Busy in SQL, it does not look whether the postmaster lives.
        busy = asyncio.ensure_future(
            connection.execute("SELECT count(*) FROM generate_series(1, 8000000)")
        )
        await asyncio.sleep(0.1)
        kill_postmaster(warm)
        server = EmbeddedServer(warm)
        again = await asyncio.to_thread(server.start)
        assert await fetch(again.app_dsn, "SELECT 1") == 1
        server.stop()
        await asyncio.wait([busy])
        assert busy.done()
        if not busy.cancelled():
            busy.exception()
        connection.terminate()


async def test_a_number_that_a_stranger_got_is_neither_trusted_nor_signalled(warm: Path) -> None:
    place = find_place(warm)
    with EmbeddedServer(warm):
        kept = (place.data / "postmaster.pid").read_text().partition("\n")[2]
        kill_postmaster(warm)
    with stranger(warm) as pid:
        place.account.write(place.data / "postmaster.pid", f"{pid}\n{kept}")
        place.account.make_directory(place.sockets)
        place.account.write(place.sockets / ".s.PGSQL.5432.lock", f"{pid}\n{kept}")
        with EmbeddedServer(warm) as address:
            assert await fetch(address.app_dsn, "SELECT 1") == 1
            assert postmaster(warm) != pid
            # Stopping must not trust the file either.
            kill_postmaster(warm)
            place.account.write(place.data / "postmaster.pid", f"{pid}\n{kept}")
    (place.data / "postmaster.pid").unlink()


async def test_a_server_whose_socket_was_removed_is_replaced(warm: Path) -> None:
    server = EmbeddedServer(warm)
    server.start()
    pid = postmaster(warm)
    (find_place(warm).sockets / ".s.PGSQL.5432").unlink()
    address = server.start()
    assert postmaster(warm) != pid
    assert await fetch(address.app_dsn, "SELECT 1") == 1
    server.stop()


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(warm: Path) -> None:
    with EmbeddedServer(warm):
        pid = postmaster(warm)
        assert pid is not None
        assert os.getsid(pid) != os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)


# Several processes


async def test_the_last_one_out_stops_the_server(warm: Path) -> None:
    with user(warm) as first:
        pid = postmaster(warm)
        with user(warm) as second:
            assert second.app_dsn == first.app_dsn
            assert postmaster(warm) == pid
            first.communicate("", timeout=60)
            assert postmaster(warm) == pid
            assert await fetch(second.app_dsn, "SELECT 1") == 1
    assert postmaster(warm) is None


async def test_two_shares_of_one_process_count_as_two(warm: Path) -> None:
    with EmbeddedServer(warm) as address:
        with EmbeddedServer(warm):
            pass
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert postmaster(warm) is None


async def test_many_first_starts_at_once_make_one_server(base: Path) -> None:
    directory = base / "crowd"
    users = [EmbeddedServer(directory) for _ in range(8)]
    addresses = await asyncio.gather(*(asyncio.to_thread(each.start) for each in users))
    assert len(set(addresses)) == 1
    assert await fetch(addresses[0].app_dsn, "SELECT 1") == 1
    await asyncio.gather(*(asyncio.to_thread(each.stop) for each in users))
    assert postmaster(directory) is None


async def test_starts_and_stops_of_processes_may_cross(warm: Path) -> None:
    async def come_and_go() -> None:
        for _ in range(3):
            server = EmbeddedServer(warm)
            address = await asyncio.to_thread(server.start)
            assert await fetch(address.app_dsn, "SELECT 1") == 1
            await asyncio.to_thread(server.stop)

    with user(warm) as one, user(warm) as other:
        work = asyncio.gather(come_and_go(), come_and_go(), come_and_go())
        one.communicate("", timeout=60)
        other.communicate("", timeout=60)
        await work
    assert postmaster(warm) is None


def test_a_process_that_ends_without_stop_leaves_too(warm: Path) -> None:
    with user(warm, ending="exit"):
        assert postmaster(warm) is not None
    assert postmaster(warm) is None


async def test_a_forked_child_does_not_give_up_its_parent_s_share(warm: Path) -> None:
    with user(warm, ending="fork") as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "forked"
        with EmbeddedServer(warm):
            pass
        assert await fetch(process.app_dsn, "SELECT 1") == 1
    assert postmaster(warm) is None


def test_waiting_for_another_process_has_an_end(tmp_path: Path) -> None:
    lease = Lease(tmp_path, None)
    with lease.exclusive(1):
        with pytest.raises(LeaseTimeoutError), Lease(tmp_path, None).exclusive(0.05):
            pass
        lease.take()
        assert not Lease(tmp_path, None).is_free()
        lease.drop()
        assert lease.is_free()


# Directories and accounts


@pytest.mark.parametrize("name", ["x" * 120, "with space", "comma, 'quote' & ümlaut"])
async def test_a_path_that_no_socket_can_have(warm: Path, name: str) -> None:
    directory = another(warm, name)
    with EmbeddedServer(directory) as address:
        assert await fetch(address.app_dsn, "SELECT 1") == 1
        sockets = find_place(directory).sockets
        assert len(str(sockets)) < 60
    assert not sockets.exists()


def test_a_socket_directory_of_somebody_else_is_refused(warm: Path) -> None:
    directory = another(warm, "y" * 120)
    sockets = find_place(directory).sockets
    sockets.mkdir(mode=0o755)
    sockets.chmod(0o755)
    try:
        with pytest.raises(EmbeddedServerError, match="mode 0700"):
            EmbeddedServer(directory).start()
    finally:
        sockets.rmdir()


@as_root
async def test_root_keeps_data_elsewhere_when_the_account_cannot_enter(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = base / "system"
    monkeypatch.setattr(postgres_place, "SYSTEM_DIRECTORY", system)
    private = base / "private"
    private.mkdir(mode=0o700)
    directory = private / "data"

    users = [EmbeddedServer(directory) for _ in range(4)]
    addresses = await asyncio.gather(*(asyncio.to_thread(each.start) for each in users))
    assert len(set(addresses)) == 1
    await fetch(addresses[0].owner_dsn, "CREATE TABLE kept ()")
    for each in users:
        each.stop()
    (home,) = system.iterdir()
    assert (directory / "postgres.location").read_text() == f"{home}\n"
    assert private.stat().st_mode & 0o777 == 0o700
    with EmbeddedServer(directory) as address:
        assert await fetch(address.owner_dsn, "SELECT count(*) FROM kept") == 0

    # Whoever removes the directory that they named starts afresh.
    shutil.rmtree(directory)
    with EmbeddedServer(directory) as address:
        assert await fetch(address.owner_dsn, "SELECT to_regclass('kept')") is None

    # But data that are gone are never silently replaced by an empty database.
    shutil.rmtree(system)
    with pytest.raises(EmbeddedServerError, match="which is not there"):
        EmbeddedServer(directory).start()


@as_root
async def test_root_copies_binaries_that_the_account_cannot_reach(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = base / "copies"
    monkeypatch.setattr(postgres_binaries, "SYSTEM_DIRECTORY", system)
    private = base / "venv"
    private.mkdir(mode=0o700)
    found = find_binaries()
    package = found.directory.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, private / part.name)
    hidden = private / package.name / found.directory.parent.name / "bin"

    with EmbeddedServer(base / "copied", binaries=hidden) as address:
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert len(list(system.iterdir())) == 1
    account = find_place(base / "copied").account
    reached = within_reach(find_binaries(hidden), account)
    assert reached.directory.is_relative_to(system)
    assert len(list(system.iterdir())) == 1


@as_root
def test_an_ordinary_user_is_told_whose_data_they_are(warm: Path) -> None:
    with user(warm), user(warm, account="nobody") as process:
        assert process.app_dsn == ""
        assert process.wait() == 1


@as_root
def test_root_never_runs_the_server(base: Path) -> None:
    place = find_place(base / "account")
    assert place.account.dropped
    assert place.account.uid != 0


def test_a_private_file_replaces_a_planted_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "aicost.conf").symlink_to(victim)
    account = Account(os.geteuid(), os.getegid(), "us", dropped=False)
    account.write(tmp_path / "aicost.conf", "ours")
    assert victim.read_text() == "untouched"
    assert (tmp_path / "aicost.conf").read_text() == "ours"
    (tmp_path / "server.lease").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"):
        Lease(tmp_path, None).take()


# Binaries


def fake_binaries(directory: Path, version: str) -> Path:
    directory.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres"):
        program = directory / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return directory


def test_binaries_are_looked_up_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = [fake_binaries(tmp_path / f"pginstall{n}" / "bin", f"{n}.1") for n in (16, 18)]
    monkeypatch.setattr(postgres_binaries, "_wheel_directories", lambda: wheel)
    explicit = fake_binaries(tmp_path / "explicit", "17.0 (Debian 17.0-1)")
    monkeypatch.setenv("PATH", str(fake_binaries(tmp_path / "path", "99.3")), prepend=os.pathsep)

    assert find_binaries(explicit).version == "17.0"
    assert find_binaries().version == "18.1"
    assert find_binaries(major=16).version == "16.1"
    assert find_binaries(major=99).version == "99.3"
    assert find_binaries(explicit, major=17).major == 17


@pytest.mark.parametrize("version", ["14.9", "9.6.24"])
def test_old_binaries_are_refused(tmp_path: Path, version: str) -> None:
    old = fake_binaries(tmp_path / "old", version)
    with pytest.raises(EmbeddedServerError, match=rf"PostgreSQL {version}.*AICOST_PG_BIN"):
        find_binaries(old)


def test_an_explicit_directory_without_programs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="has no initdb, pg_ctl, postgres"):
        find_binaries(tmp_path)


def test_a_beta_has_a_major_version(tmp_path: Path) -> None:
    assert find_binaries(fake_binaries(tmp_path / "beta", "19beta1")).major == 19


@pytest.mark.skipif(len(MAJORS) < 2, reason="needs binaries of two major versions")
async def test_data_are_opened_by_their_own_major_version_only(base: Path) -> None:
    older, newest = MAJORS[0], MAJORS[-1]
    directory = base / "older"
    with EmbeddedServer(directory, binaries=find_binaries(major=older).directory):
        pass
    # Without a named directory, the binaries that fit are found.
    with EmbeddedServer(directory) as address:
        assert str(await fetch(address.app_dsn, "SHOW server_version")).startswith(str(older))
    named = find_binaries(major=newest)
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(directory, binaries=named.directory).start()
    assert f"made by PostgreSQL {older}" in str(caught.value)
    assert f"PostgreSQL {named.version}" in str(caught.value)


# When it does not start


async def test_the_server_s_own_words_tell_why_it_does_not_start(warm: Path) -> None:
    directory = another(warm, "broken")
    place = find_place(directory)
    overrides = place.data / "postgresql.auto.conf"
    kept = overrides.read_text()
    overrides.write_text("shared_buffers = nonsense\n")
    server = EmbeddedServer(directory)
    with pytest.raises(EmbeddedServerError, match="nonsense"):
        server.start()
    assert Lease(place.home, None).is_free()
    overrides.write_text(kept)
    address: Address = server.start()
    assert await fetch(address.app_dsn, "SELECT 1") == 1
    server.stop()


def test_old_logs_are_removed(warm: Path) -> None:
    old = find_place(warm).data / "log" / "postgresql-Old.log"
    old.write_text("old")
    os.utime(old, (0, 0))
    with EmbeddedServer(warm):
        assert not old.exists()
