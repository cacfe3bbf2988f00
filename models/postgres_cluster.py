"""One PostgreSQL data directory: made, configured, started, recognised and stopped.

Owns the server's settings, its first roles and database, and the question whether a process is
really this directory's postmaster. Refuses to decide when: callers hold the lease's exclusive
lock around every method (see postgres.py).
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from models.postgres_binaries import Binaries
from models.postgres_place import Account, EmbeddedServerError, Place

ADMIN_ROLE = "postgres"
PORT = 5432  # only the socket's name; nothing listens on TCP

ROLE_ATTRIBUTES = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

# Run once, before the server can be reached: a data directory without them never exists.
_FIRST_STATEMENTS = (
    f"CREATE ROLE aicost_owner {ROLE_ATTRIBUTES}",
    f"CREATE ROLE aicost_app {ROLE_ATTRIBUTES}",
    "CREATE DATABASE aicost OWNER aicost_owner",
    "REVOKE ALL ON DATABASE aicost, postgres, template1 FROM PUBLIC",
    "GRANT CONNECT, TEMPORARY ON DATABASE aicost TO aicost_app",
)

# Whoever can reach the socket is let in as the role that it names. What protects it is the
# kernel: the socket (0700) in its directory (0700) lets in the server's user and root, who could
# read the data files anyway.
_HOST_BASED_AUTHENTICATION = "local all all trust\n"

# Read after initdb's own postgresql.conf and before what ALTER SYSTEM set. Written anew at every
# start; sized for a machine of one or two gigabytes.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "cluster_name": "aicost",
    # An acknowledged transaction survives a power cut.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    # Compiling costs more than it saves on statements that take a millisecond.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A file for each day of the week, written over a week later. Neither statements nor the
    # values in a DETAIL line are logged: they are the tenants' data.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}

_PAUSE_SECONDS = 0.02
_SETTLE_SECONDS = 90  # a postmaster that lost its pid file notices within 60
_START_SECONDS = 300  # recovery after a crash may have to read max_wal_size
_STOP_SECONDS = 60
_INTERLOCK_SECONDS = 15
_LOG_KEPT_SECONDS = 7 * 24 * 3600
_LOG_KEPT_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class PidFile:
    """What postmaster.pid says: the process, and `ready`, `starting` or `stopping`."""

    pid: int
    status: str


class Cluster:
    """The server of one `Place`, run with one set of binaries."""

    def __init__(self, place: Place, binaries: Binaries) -> None:
        self._account: Account = place.account
        self._data = place.data
        self._sockets = place.sockets
        self._binaries = binaries

    def create(self) -> None:
        """Make the data directory with its roles and database: whole, or not there at all."""
        draft = self._data.with_name(f"{self._data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed while at it
        self._account.make_directory(draft)
        self._initialise(draft)
        self._account.write(draft / "pg_hba.conf", _HOST_BASED_AUTHENTICATION)
        with (draft / "postgresql.conf").open("a") as file:
            file.write("\ninclude_if_exists 'aicost.conf'\n")
        script = "".join(f"{statement};\n\n" for statement in _FIRST_STATEMENTS)
        # -j: a statement ends with a semicolon and an empty line.
        single = ("--single", "-j", "-D", draft, "-c", "exit_on_error=on", "postgres")
        self._run("postgres", *single, text=script)
        self._run("initdb", "--sync-only", "-D", draft)
        draft.rename(self._data)
        _sync_directory(self._data.parent)

    def ensure_running(self) -> None:
        """Use the server that runs, or start it."""
        deadline = time.monotonic() + _INTERLOCK_SECONDS
        while not self._adopt():
            self._clear_remains()
            failure = self._launch()
            if failure is None:
                return
            # Backends outlive a killed postmaster until they notice; PostgreSQL refuses to start
            # beside them, and rightly so.
            if "shared memory block" not in failure or time.monotonic() > deadline:
                raise EmbeddedServerError(f"PostgreSQL did not start in {self._data}:\n{failure}")
            time.sleep(10 * _PAUSE_SECONDS)

    def answers(self) -> bool:
        """Whether a server accepts connections on our private socket."""
        return self._listener() is not None

    def halt(self) -> None:
        """Stop the server if it runs: transactions are rolled back, the data files are synced."""
        found = self._read_pid_file()
        if found is not None and self._is_postmaster(found.pid):
            os.kill(found.pid, signal.SIGINT)  # PostgreSQL's "fast shutdown"
            self._await_end(found.pid)
        if not self.answers() and self._account.has_to_itself(self._sockets):
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _await_end(self, pid: int) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        while self._read_pid_file() is not None and self._is_postmaster(pid):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"The server in {self._data} (process {pid}) did not stop within "
                    f"{_STOP_SECONDS} seconds."
                )
            time.sleep(_PAUSE_SECONDS)

    def _initialise(self, draft: Path) -> None:
        arguments: list[str | Path | int] = [
            "-D", draft, "-U", ADMIN_ROLE, "--encoding=UTF8", "--auth=trust",
            "--data-checksums", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        # Sorting by code point, the same on every machine and after every upgrade of its libc.
        if self._binaries.major >= 17:
            builtin = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
            self._run("initdb", *arguments, *builtin)
            return
        try:
            self._run("initdb", *arguments, "--locale=C.UTF-8")
        except EmbeddedServerError as error:
            if "locale" not in str(error):
                raise
            self._run("initdb", *arguments, "--locale=C")

    def _adopt(self) -> bool:
        """Wait for a server that is on its way up or down; True when one is up.

        Such a server was started by a process that was killed before it was done.
        """
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            found = self._read_pid_file()
            reachable = self.answers()
            if found is not None and found.status == "ready" and reachable:
                return True
            ours = found is not None and self._is_postmaster(found.pid)
            if not reachable and not ours:
                return False
            if found is not None and found.status == "ready" and ours:
                self.halt()  # its socket was removed: nobody can ever reach it
                return False
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"The server in {self._data} neither starts nor stops.")
            time.sleep(_PAUSE_SECONDS)

    def _is_postmaster(self, pid: int) -> bool:
        """Whether that process is this directory's postmaster, not one that got its number.

        The kernel tells who listens on our private socket, without any right to look into that
        process; where the socket is gone, a postmaster is known by its name and working directory.
        """
        if self._listener() == pid:
            return True
        process = Path(f"/proc/{pid}")
        try:
            named = (process / "comm").read_text().strip() == "postgres"
            return named and (process / "cwd").samefile(self._data)
        except OSError:
            return False

    def _listener(self) -> int | None:
        """The pid of the process that listens on our socket; 0 when the kernel does not tell."""
        if not self._account.has_to_itself(self._sockets):
            return None  # whoever made it could pass for our server
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            try:
                client.connect(str(self._sockets / f".s.PGSQL.{PORT}"))
                if sys.platform == "linux":
                    return _first_int(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
                return _first_int(client.getsockopt(0, 2, 4))  # SOL_LOCAL, LOCAL_PEERPID: macOS
            except OSError:
                return None

    def _clear_remains(self) -> None:
        """Take away what a killed postmaster left and the next one would trip over."""
        self._account.make_directory(self._sockets)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self._sockets / name).unlink(missing_ok=True)
        found = self._read_pid_file()
        if found is not None and _exists(found.pid):
            # The number belongs to a stranger now, whom PostgreSQL would take for a postmaster.
            # The file itself must stay: it names the shared memory by which PostgreSQL finds
            # backends that still run. PostgreSQL disregards its own ancestors, and pg_ctl
            # tells it that we are one.
            pid_file = self._data / "postmaster.pid"
            rest = pid_file.read_text().partition("\n")[2]
            self._account.write(pid_file, f"{os.getpid()}\n{rest}")

    def _launch(self) -> str | None:
        """Start the server; what it said when it did not start."""
        settings = {**_SETTINGS, "unix_socket_directories": str(self._sockets)}
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        header = "# Written by aicost at every start. Change settings with ALTER SYSTEM instead.\n"
        self._account.write(self._data / "aicost.conf", header + "".join(lines))
        self._prune_logs()
        log = self._data / "start.log"
        log.unlink(missing_ok=True)
        # pg_ctl gives the server a session of its own, so that Ctrl-C in our terminal does not
        # stop it before our last requests are answered.
        try:
            self._run("pg_ctl", "start", "-s", "-w", "-t", _START_SECONDS, "-l", log,
                      "-D", self._data)  # fmt: skip
        except EmbeddedServerError as error:
            logs = [log, *sorted((self._data / "log").glob("*.log"), key=_modified)[-1:]]
            return "\n".join([str(error), *(_tail(path) for path in logs if path.exists())])
        return None

    def _prune_logs(self) -> None:
        """The server writes over a week's file only while it runs; short runs would add up."""
        for path in (self._data / "log").glob("*.log"):
            found = path.stat()
            if found.st_mtime < time.time() - _LOG_KEPT_SECONDS or found.st_size > _LOG_KEPT_BYTES:
                path.unlink()

    def _read_pid_file(self) -> PidFile | None:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return PidFile(int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting")
        except (FileNotFoundError, ValueError, IndexError):
            return None

    def _run(self, program: str, *arguments: str | Path | int, text: str = "") -> None:
        command = [str(part) for part in (self._binaries.program(program), *arguments)]
        try:
            done = self._account.run(command, text=text, timeout_seconds=_START_SECONDS + 30)
        except subprocess.TimeoutExpired as error:
            raise EmbeddedServerError(f"{program} did not end: {error}") from error
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()[-2000:]
            raise EmbeddedServerError(f"{program} ended with status {done.returncode}: {said}")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _first_int(packed: bytes) -> int:
    return int(struct.unpack_from("i", packed)[0])


def _modified(path: Path) -> float:
    return path.stat().st_mtime


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-2000:]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
