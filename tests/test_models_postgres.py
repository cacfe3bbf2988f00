"""The embedded server's life among processes that come, leave and are killed."""

import asyncio
import os
import pwd
import stat
from pathlib import Path

import pytest
from postgres_process import (
    ACCOUNTS,
    another,
    fetch,
    kill_postmaster,
    postmaster,
    user,
    wait_until,
)

from models.postgres import EmbeddedServer
from models.postgres_place import find_place


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_an_empty_directory_becomes_a_server(open_directory: Path, account: str) -> None:
    directory = open_directory / f"cold-{account}"
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


async def test_only_the_server_s_account_reaches_the_socket(warm_directory: Path) -> None:
    place = find_place(warm_directory)
    with EmbeddedServer(warm_directory):
        for path in (place.data, place.sockets):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
            assert path.stat().st_uid == place.account.uid
    assert not place.sockets.exists()


async def test_data_outlive_a_restart(warm_directory: Path) -> None:
    with EmbeddedServer(warm_directory) as first:
        await fetch(first.owner_dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert postmaster(warm_directory) is None
    with EmbeddedServer(warm_directory) as second:
        assert await fetch(second.owner_dsn, "SELECT answer FROM kept") == 42
    assert first == second


async def test_start_and_stop_may_be_called_again(warm_directory: Path) -> None:
    server = EmbeddedServer(warm_directory)
    server.stop()
    first = server.start()
    pid = postmaster(warm_directory)
    assert server.start() == first
    assert postmaster(warm_directory) == pid
    server.stop()
    server.stop()
    assert postmaster(warm_directory) is None
    assert server.start() == first
    server.stop()


async def test_the_environment_s_postgresql_settings_do_not_reach_it(
    warm_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGUSER": "x", "PGHOST": "/x", "PGDATA": "/x"}.items():
        monkeypatch.setenv(name, value)
    with EmbeddedServer(warm_directory) as address:
        assert await fetch(address.app_dsn, "SELECT current_user") == "aicost_app"


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_killed_user_leaves_a_server_that_the_next_one_takes_over(
    warm_directory: Path, account: str
) -> None:
    directory = another(warm_directory, f"killed-{account}", account)
    with user(directory, account=account) as process:
        pid = postmaster(directory)
        process.kill()
        process.wait()
    assert postmaster(directory) == pid
    with EmbeddedServer(directory) as address:
        assert postmaster(directory) == pid
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert postmaster(directory) is None


async def test_a_killed_postmaster_is_started_again(warm_directory: Path) -> None:
    with EmbeddedServer(warm_directory) as address:
        await fetch(address.owner_dsn, "CREATE TABLE survivor AS SELECT 1 AS a")
        kill_postmaster(warm_directory)
    with EmbeddedServer(warm_directory) as address:
        assert await fetch(address.owner_dsn, "SELECT a FROM survivor") == 1


async def test_start_repairs_at_the_same_address(warm_directory: Path) -> None:
    server = EmbeddedServer(warm_directory)
    address = server.start()
    kill_postmaster(warm_directory)
    assert server.start() == address
    assert await fetch(address.app_dsn, "SELECT 1") == 1
    server.stop()
    assert postmaster(warm_directory) is None


async def test_a_watched_server_is_started_again(warm_directory: Path) -> None:
    server = EmbeddedServer(warm_directory)
    with server as address, server.watched(every_seconds=0.05):
        killed = postmaster(warm_directory)
        kill_postmaster(warm_directory)
        wait_until(lambda: postmaster(warm_directory) not in (None, killed))
        await asyncio.to_thread(server.start)
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert postmaster(warm_directory) is None


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(warm_directory: Path) -> None:
    with EmbeddedServer(warm_directory):
        pid = postmaster(warm_directory)
        assert pid is not None
        assert os.getsid(pid) != os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)


async def test_the_last_one_out_stops_the_server(warm_directory: Path) -> None:
    with user(warm_directory) as first:
        pid = postmaster(warm_directory)
        with user(warm_directory) as second:
            assert second.app_dsn == first.app_dsn
            assert postmaster(warm_directory) == pid
            first.communicate("", timeout=60)
            assert postmaster(warm_directory) == pid
            assert await fetch(second.app_dsn, "SELECT 1") == 1
    assert postmaster(warm_directory) is None


async def test_two_shares_of_one_process_count_as_two(warm_directory: Path) -> None:
    with EmbeddedServer(warm_directory) as address:
        with EmbeddedServer(warm_directory):
            pass
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert postmaster(warm_directory) is None


async def test_many_first_starts_at_once_make_one_server(open_directory: Path) -> None:
    directory = open_directory / "crowd"
    users = [EmbeddedServer(directory) for _ in range(8)]
    addresses = await asyncio.gather(*(asyncio.to_thread(each.start) for each in users))
    assert len(set(addresses)) == 1
    assert await fetch(addresses[0].app_dsn, "SELECT 1") == 1
    await asyncio.gather(*(asyncio.to_thread(each.stop) for each in users))
    assert postmaster(directory) is None


async def test_starts_and_stops_of_processes_may_cross(warm_directory: Path) -> None:
    async def come_and_go() -> None:
        for _ in range(3):
            server = EmbeddedServer(warm_directory)
            address = await asyncio.to_thread(server.start)
            assert await fetch(address.app_dsn, "SELECT 1") == 1
            await asyncio.to_thread(server.stop)

    with user(warm_directory) as one, user(warm_directory) as other:
        work = asyncio.gather(come_and_go(), come_and_go(), come_and_go())
        one.communicate("", timeout=60)
        other.communicate("", timeout=60)
        await work
    assert postmaster(warm_directory) is None


def test_a_process_that_ends_without_stop_leaves_too(warm_directory: Path) -> None:
    with user(warm_directory, ending="exit"):
        assert postmaster(warm_directory) is not None
    assert postmaster(warm_directory) is None


async def test_a_forked_child_does_not_give_up_its_parent_s_share(warm_directory: Path) -> None:
    with user(warm_directory, ending="fork") as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "forked"
        with EmbeddedServer(warm_directory):
            pass
        assert await fetch(process.app_dsn, "SELECT 1") == 1
    assert postmaster(warm_directory) is None
