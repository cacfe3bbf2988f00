"""Which PostgreSQL programs are taken, and that they fit the data and the account."""

import os
import shutil
from pathlib import Path

import pytest
from postgres_process import (
    MAJORS,
    as_root,
    fetch,
)

from models import postgres_binaries
from models.postgres import EmbeddedServer, EmbeddedServerError, find_binaries
from models.postgres_binaries import within_reach
from models.postgres_place import find_place


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


@as_root
async def test_root_copies_binaries_that_the_account_cannot_reach(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = open_directory / "copies"
    monkeypatch.setattr(postgres_binaries, "SYSTEM_DIRECTORY", system)
    private = open_directory / "venv"
    private.mkdir(mode=0o700)
    found = find_binaries()
    package = found.directory.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, private / part.name)
    hidden = private / package.name / found.directory.parent.name / "bin"

    with EmbeddedServer(open_directory / "copied", binaries=hidden) as address:
        assert await fetch(address.app_dsn, "SELECT 1") == 1
    assert len(list(system.iterdir())) == 1
    account = find_place(open_directory / "copied").account
    reached = within_reach(find_binaries(hidden), account)
    assert reached.directory.is_relative_to(system)
    assert len(list(system.iterdir())) == 1


@pytest.mark.skipif(len(MAJORS) < 2, reason="needs binaries of two major versions")
async def test_data_are_opened_by_their_own_major_version_only(open_directory: Path) -> None:
    older, newest = MAJORS[0], MAJORS[-1]
    directory = open_directory / "older"
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
