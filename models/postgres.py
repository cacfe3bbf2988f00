"""The embedded PostgreSQL server: one for each data directory, shared by the processes that use it.

Owns its life: the first process to come starts it, those that come later use it, the last one to
leave stops it, and whoever is killed is out of the count at once (postgres_lease.py). A server
whose last user was killed runs on, with its data safe, until the next user comes and leaves; see
docs/decisions/0001-embedded-postgresql.md. Parts: postgres_place.py (directories, account),
postgres_binaries.py (programs), postgres_cluster.py (the data directory and its postmaster).

Refuses everything about what is in the database beyond the two roles: migrations do that.
All of it blocks; coroutines call it through `asyncio.to_thread`.
"""

import atexit
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from models.postgres_binaries import Binaries, find_binaries, within_reach
from models.postgres_cluster import ADMIN_ROLE, PORT, Cluster
from models.postgres_lease import Lease, LeaseTimeoutError
from models.postgres_place import EmbeddedServerError, Place, find_place

__all__ = ["Address", "Binaries", "EmbeddedServer", "EmbeddedServerError", "find_binaries"]

# Longer than the longest step of another process: recovery after a crash.
_LOCK_SECONDS = 360
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """How to connect, as each role; the same for as long as the data directory stays in place."""

    owner_dsn: str
    """`aicost_owner`: owns the database `aicost` and migrates it."""
    app_dsn: str
    """`aicost_app`: serves; owns nothing, and has the rights that migrations granted."""
    admin_dsn: str
    """The superuser, in the database `postgres`: for tests and repairs."""


class EmbeddedServer:
    """A share in the server of `data_directory`, which is created when it is not there.

    `binaries` names a bin directory; without it the wheel or the system's PostgreSQL is used.
    """

    def __init__(self, data_directory: Path, *, binaries: Path | None = None) -> None:
        self._requested = data_directory
        self._explicit = binaries
        self._guard = threading.RLock()
        self._place: Place | None = None
        self._lease: Lease | None = None
        self._cluster: Cluster | None = None
        self._process: int | None = None

    def start(self) -> Address:
        """Have a running server and a share in it. Calling again repairs: a server that died
        is started, and its address stays the same."""
        with self._guard:
            try:
                return self._start()
            except LeaseTimeoutError:
                raise EmbeddedServerError(
                    f"Another process has been starting or stopping the server of "
                    f"{self._requested} for {_LOCK_SECONDS} seconds."
                ) from None
            except OSError as error:
                raise EmbeddedServerError(
                    f"No embedded server in {self._requested}: {error}"
                ) from error

    def stop(self) -> None:
        """Give up the share; the last one out stops the server. Calling again does nothing."""
        with self._guard:
            lease = self._lease
            if lease is None or not lease.held:
                return
            atexit.unregister(self.stop)
            if self._process != os.getpid():
                lease.drop()  # forked from the process that has the share, which keeps it
                return
            try:
                with lease.exclusive(_LOCK_SECONDS):
                    self._leave(lease)
            except LeaseTimeoutError:
                lease.drop()

    @contextmanager
    def watched(self, every_seconds: float = 1.0) -> Iterator[None]:
        """Restarts the server whenever it is found dead, for as long as the block lasts.

        For processes that serve: pools reconnect by themselves, at the same address.
        """
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(ended, every_seconds), daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()

    def _watch(self, ended: threading.Event, every_seconds: float) -> None:
        while not ended.wait(every_seconds):
            if self._cluster is not None and self._cluster.answers():
                continue
            try:
                self.start()
            except EmbeddedServerError:
                _log.exception("The embedded PostgreSQL died and does not start.")
            else:
                _log.warning("The embedded PostgreSQL had died and was started again.")

    def __enter__(self) -> Address:
        return self.start()

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self) -> Address:
        place = self._place or find_place(self._requested)
        lease = self._lease
        if lease is None or self._process != os.getpid():
            lease = Lease(place.home, place.account.owner)
        self._place, self._lease, self._process = place, lease, os.getpid()
        with lease.exclusive(_LOCK_SECONDS):
            had_share = lease.held
            lease.take()
            try:
                self._have_running_server(place)
            except BaseException:
                if not had_share:
                    self._leave(lease)
                raise
        atexit.unregister(self.stop)
        atexit.register(self.stop)
        return _address(place)

    def _have_running_server(self, place: Place) -> None:
        if self._cluster is None:
            binaries = within_reach(self._fitting_binaries(place), place.account)
            self._cluster = Cluster(place, binaries)
        if not place.data.exists():
            self._cluster.create()
        self._cluster.ensure_running()

    def _leave(self, lease: Lease) -> None:
        lease.drop()
        if self._cluster is not None and lease.is_free():
            self._cluster.halt()

    def _fitting_binaries(self, place: Place) -> Binaries:
        if not place.data.exists():
            return find_binaries(self._explicit)
        made_by = (place.data / "PG_VERSION").read_text().strip()
        try:
            return find_binaries(self._explicit, major=int(made_by))
        except EmbeddedServerError as error:
            raise EmbeddedServerError(
                f"The data in {place.data} were made by PostgreSQL {made_by} and can be read by "
                f"that major version only. {error} To move to another major version, dump with "
                "the old one and restore into an empty data directory."
            ) from error


def _address(place: Place) -> Address:
    def dsn(role: str, database: str) -> str:
        # The port is stated because PGPORT in the environment would be taken otherwise.
        host = quote(str(place.sockets))
        return f"postgresql:///{database}?host={host}&port={PORT}&user={role}"

    return Address(
        owner_dsn=dsn("aicost_owner", "aicost"),
        app_dsn=dsn("aicost_app", "aicost"),
        admin_dsn=dsn(ADMIN_ROLE, "postgres"),
    )
