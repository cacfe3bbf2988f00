"""A data directory: its roles, its settings, and what a crash may leave in it."""

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest
from postgres_process import (
    MAJORS,
    another,
    fetch,
    kill_postmaster,
    postmaster,
    stranger,
)

from models.postgres import EmbeddedServer, EmbeddedServerError, find_binaries
from models.postgres_lease import Lease
from models.postgres_place import find_place


async def test_the_roles_have_no_more_than_they_need(warm_directory: Path) -> None:
    with EmbeddedServer(warm_directory) as address:
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


async def test_the_owner_can_migrate(warm_directory: Path) -> None:
    with EmbeddedServer(warm_directory) as address:
        await fetch(address.owner_dsn, "CREATE TABLE migrated (a int)")
        await fetch(address.owner_dsn, "CREATE SCHEMA extra")
        await fetch(address.owner_dsn, "GRANT SELECT ON migrated TO aicost_app")
        assert await fetch(address.app_dsn, "SELECT count(*) FROM migrated") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(address.app_dsn, "DELETE FROM migrated")


@pytest.mark.parametrize("major", MAJORS)
async def test_every_version_runs_with_our_settings(open_directory: Path, major: int) -> None:
    binaries = find_binaries(major=major)
    with EmbeddedServer(
        open_directory / f"version-{major}", binaries=binaries.directory
    ) as address:
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


async def test_what_a_killed_first_start_left_is_done_anew(open_directory: Path) -> None:
    directory = open_directory / "half"
    (directory / "postgres.new").mkdir(parents=True)
    (directory / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(directory) as address:
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert not (directory / "postgres.new").exists()


async def test_backends_that_outlive_their_postmaster_are_waited_for(warm_directory: Path) -> None:
    with EmbeddedServer(warm_directory) as address:
        connection = await asyncpg.connect(dsn=address.admin_dsn)
        # Busy in SQL, it does not look whether the postmaster lives.
        busy = asyncio.ensure_future(
            connection.execute("SELECT count(*) FROM generate_series(1, 8000000)")
        )
        await asyncio.sleep(0.1)
        kill_postmaster(warm_directory)
        server = EmbeddedServer(warm_directory)
        again = await asyncio.to_thread(server.start)
        assert await fetch(again.app_dsn, "SELECT 1") == 1
        server.stop()
        await asyncio.wait([busy])
        assert busy.done()
        if not busy.cancelled():
            busy.exception()
        connection.terminate()


async def test_a_number_that_a_stranger_got_is_neither_trusted_nor_signalled(
    warm_directory: Path,
) -> None:
    place = find_place(warm_directory)
    with EmbeddedServer(warm_directory):
        kept = (place.data / "postmaster.pid").read_text().partition("\n")[2]
        kill_postmaster(warm_directory)
    with stranger(warm_directory) as pid:
        place.account.write(place.data / "postmaster.pid", f"{pid}\n{kept}")
        place.account.make_directory(place.sockets)
        place.account.write(place.sockets / ".s.PGSQL.5432.lock", f"{pid}\n{kept}")
        with EmbeddedServer(warm_directory) as address:
            assert await fetch(address.app_dsn, "SELECT 1") == 1
            assert postmaster(warm_directory) != pid
            # Stopping must not trust the file either.
            kill_postmaster(warm_directory)
            place.account.write(place.data / "postmaster.pid", f"{pid}\n{kept}")
    (place.data / "postmaster.pid").unlink()


async def test_a_server_whose_socket_was_removed_is_replaced(warm_directory: Path) -> None:
    server = EmbeddedServer(warm_directory)
    server.start()
    pid = postmaster(warm_directory)
    (find_place(warm_directory).sockets / ".s.PGSQL.5432").unlink()
    address = server.start()
    assert postmaster(warm_directory) != pid
    assert await fetch(address.app_dsn, "SELECT 1") == 1
    server.stop()


async def test_the_server_s_own_words_tell_why_it_does_not_start(warm_directory: Path) -> None:
    directory = another(warm_directory, "broken")
    place = find_place(directory)
    overrides = place.data / "postgresql.auto.conf"
    kept = overrides.read_text()
    overrides.write_text("shared_buffers = nonsense\n")
    server = EmbeddedServer(directory)
    with pytest.raises(EmbeddedServerError, match="nonsense"):
        server.start()
    assert Lease(place.home, None).is_free()
    overrides.write_text(kept)
    address = server.start()
    assert await fetch(address.app_dsn, "SELECT 1") == 1
    server.stop()


def test_old_logs_are_removed(warm_directory: Path) -> None:
    old = find_place(warm_directory).data / "log" / "postgresql-Old.log"
    old.write_text("old")
    os.utime(old, (0, 0))
    with EmbeddedServer(warm_directory):
        assert not old.exists()


def test_a_stranger_in_the_data_directory_is_no_postmaster(warm_directory: Path) -> None:
    place = find_place(warm_directory)
    with stranger(warm_directory, working_directory=place.data) as pid:
        place.account.write(place.data / "postmaster.pid", f"{pid}\n")
        with EmbeddedServer(warm_directory):
            assert postmaster(warm_directory) != pid
