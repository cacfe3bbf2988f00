"""Where the data and sockets go, and who runs the server, as root and as an ordinary user."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from postgres_process import (
    another,
    as_root,
    fetch,
    user,
)

from models import postgres_place
from models.postgres import EmbeddedServer, EmbeddedServerError
from models.postgres_lease import Lease
from models.postgres_place import Account, find_place


@pytest.mark.parametrize("name", ["x" * 120, "with space", "comma, 'quote' & ümlaut"])
async def test_a_path_that_no_socket_can_have(warm_directory: Path, name: str) -> None:
    directory = another(warm_directory, name)
    with EmbeddedServer(directory) as address:
        assert await fetch(address.app_dsn, "SELECT 1") == 1
        sockets = find_place(directory).sockets
        assert len(str(sockets)) < 60
    assert not sockets.exists()


def test_a_socket_directory_of_somebody_else_is_refused(warm_directory: Path) -> None:
    directory = another(warm_directory, "y" * 120)
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
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = open_directory / "system"
    monkeypatch.setattr(postgres_place, "SYSTEM_DIRECTORY", system)
    private = open_directory / "private"
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
def test_an_ordinary_user_is_told_whose_data_they_are(warm_directory: Path) -> None:
    with user(warm_directory), user(warm_directory, account="nobody") as process:
        assert process.app_dsn == ""
        assert process.wait() == 1


@as_root
def test_root_never_runs_the_server(open_directory: Path) -> None:
    place = find_place(open_directory / "account")
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
