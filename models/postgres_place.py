"""Where an embedded server keeps its data and sockets, and which account runs it.

Owns the answer to "the caller asked for this directory: which directories and which user is that
on this machine?". An ordinary user: the directory itself, and that user. Root: PostgreSQL refuses
to run as root, so an unprivileged account that exists already runs it (none is created), and where
that account cannot enter the directory (a home of mode 0700) the data live in `/var/lib/aicost`,
with a pointer file left in the directory that was asked for.

Refuses to widen the rights of any directory that it did not make.
"""

import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SYSTEM_DIRECTORY = Path("/var/lib/aicost")
POINTER = "postgres.location"

# `aicost` lets an administrator decide by creating it; `postgres` exists for this purpose;
# `daemon` is the customary owner of an unprivileged daemon's files. `nobody` comes last: it is
# meant to own nothing, and NFS maps strangers to it.
_ACCOUNTS = ("aicost", "postgres", "daemon", "nobody")

# sun_path holds 104 bytes on macOS and 108 on Linux, the closing NUL among them.
_SOCKET_PATH_BYTES = 103
_SOCKET_NAME = ".s.PGSQL.5432"


class EmbeddedServerError(Exception):
    """The embedded server cannot be had; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's user that runs the server. `dropped`: we are root and become it."""

    uid: int
    gid: int
    name: str
    dropped: bool

    @property
    def owner(self) -> tuple[int, int] | None:
        """Who files that we create must be handed to; None when they are ours as they are."""
        return (self.uid, self.gid) if self.dropped else None

    def run(
        self, arguments: Sequence[str | Path], *, text: str = "", timeout_seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, in a session of its own, with nothing of our settings.

        A session of its own, since Ctrl-C goes to every process of the terminal's foreground
        group. No PG* variables: they would reach the server's own programs.
        """
        kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        return subprocess.run(  # noqa: S603 - the callers' programs and arguments are ours
            [str(argument) for argument in arguments],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
            cwd="/",
            env={**environment, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            umask=0o077,
            user=self.uid if self.dropped else None,
            group=self.gid if self.dropped else None,
            extra_groups=[] if self.dropped else None,
        )

    def can_enter(self, directory: Path) -> bool:
        return self.run(["/bin/sh", "-c", 'cd -- "$0"', directory]).returncode == 0

    def make_directory(self, path: Path) -> None:
        """Create a private directory of this account's, or check that an existing one is that."""
        try:
            path.mkdir(mode=0o700)
            if self.dropped:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)
        except FileExistsError:
            if not self.has_to_itself(path):
                raise EmbeddedServerError(
                    f"{path} must be a directory of user {self.name} with mode 0700, but is not; "
                    "remove it and start again."
                ) from None

    def has_to_itself(self, path: Path) -> bool:
        """Whether that is a directory, no link, of this account's that nobody else may enter."""
        try:
            found = path.lstat()
        except FileNotFoundError:
            return False
        private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
        return private and found.st_uid == self.uid

    def write(self, path: Path, text: str) -> None:
        """Replace a private file of this account's as a whole; a link in its place is not
        followed."""
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            if self.dropped:
                os.fchown(file.fileno(), self.uid, self.gid)
        os.replace(temporary, path)


@dataclass(frozen=True, slots=True)
class Place:
    """`home` holds the lock files and `data`; the sockets are in it too unless its path is too
    long."""

    home: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def sockets(self) -> Path:
        """One directory for one home, so that an address outlives a restart of the server.

        Beside the data it is as private and as lasting as they are. Elsewhere when the path is
        too long for a socket, or has a character that a list of socket directories or a DSN
        would take for a separator.
        """
        beside = self.home / "socket"
        length = len(os.fsencode(beside / _SOCKET_NAME))
        if length <= _SOCKET_PATH_BYTES and re.fullmatch(r"[\w./-]+", str(beside), re.ASCII):
            return beside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        # Any user can write there, so `make_directory` checks whose it is.
        return Path("/tmp") / f"aicost-{self.account.uid}-{digest}"  # noqa: S108


def find_place(requested: Path) -> Place:
    """Settle where the server for the directory `requested` lives; creates that directory."""
    requested = requested.expanduser().resolve()
    requested.mkdir(parents=True, exist_ok=True)
    home = _follow_pointer(requested)
    account = _account_for(home or requested)
    if home is None:
        settled = (requested / "postgres").exists() or account.can_enter(requested)
        home = requested if settled or not account.dropped else _move_away(requested, account)
    return Place(home, account)


def _account_for(directory: Path) -> Account:
    """Whoever owns the data or the directory keeps it; else, for root, an unprivileged account."""
    data = directory / "postgres"
    found = (data if data.exists() else directory).stat()
    owner = _name(found.st_uid)
    if os.geteuid() != 0:
        if data.exists() and found.st_uid != os.geteuid():
            raise EmbeddedServerError(
                f"The data in {data} belong to user {owner}; start as that user or as root."
            )
        return Account(os.geteuid(), os.getegid(), _name(os.geteuid()), dropped=False)
    if data.exists() and found.st_uid != 0:
        return Account(found.st_uid, found.st_gid, owner, dropped=True)
    for name in (owner, *_ACCOUNTS):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, name, dropped=True)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and none of the users "
        f"{', '.join(_ACCOUNTS)} exists to run it; create one, start as an ordinary user, "
        "or set DATABASE_URL."
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _follow_pointer(requested: Path) -> Path | None:
    pointer = requested / POINTER
    try:
        home = Path(pointer.read_text().strip())
    except FileNotFoundError:
        return None
    if not (home.is_absolute() and home.is_dir() and os.access(home, os.R_OK | os.X_OK)):
        # Starting empty instead would look like the loss of everything.
        raise EmbeddedServerError(
            f"{pointer} says that the data are in {home}, which is not there or not ours to "
            f"read; restore it, or remove {pointer} to start with empty data."
        )
    return home


def _move_away(requested: Path, account: Account) -> Path:
    """Make a home under /var/lib for data that cannot be in `requested`, and point to it.

    The name is new each time: whoever removes the directory that they asked for starts afresh.
    """
    if not SYSTEM_DIRECTORY.is_dir():
        SYSTEM_DIRECTORY.mkdir(parents=True, exist_ok=True)
        SYSTEM_DIRECTORY.chmod(0o755)
    digest = hashlib.sha256(os.fsencode(requested)).hexdigest()[:8]
    home = Path(tempfile.mkdtemp(dir=SYSTEM_DIRECTORY, prefix=f"{digest}-"))
    (home / "requested-by").write_text(f"{requested}\n")
    os.chown(home, account.uid, account.gid)
    draft = requested / f".{POINTER}.{home.name}"
    draft.write_text(f"{home}\n")
    try:
        os.link(draft, requested / POINTER)  # fails if another process pointed elsewhere first
    except FileExistsError:
        shutil.rmtree(home)
        return _follow_pointer(requested) or home
    finally:
        draft.unlink()
    return home
