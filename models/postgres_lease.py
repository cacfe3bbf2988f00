"""Who uses an embedded server: two lock files that the kernel lets go of with the process.

Owns `server.lock` (exclusive: one process starts or stops the server at a time) and `server.lease`
(shared: held for as long as a process uses the server). Both are `flock` locks, so a process that
is killed leaves none behind, and whoever finds the lease free is the last one out.

Refuses to know what is being started or stopped. The files are never removed: a removed file
would leave two processes with locks on two different files of one name.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE_SECONDS = 0.01


class LeaseTimeoutError(Exception):
    """Another process has been starting or stopping the server for too long."""


class Lease:
    """This process's share in the server whose lock files are in `directory`.

    `owner` is (uid, gid) of the account that owns the data, given when we are root: the files
    are handed over to it, so that it can use the server later without root.
    """

    def __init__(self, directory: Path, owner: tuple[int, int] | None) -> None:
        self._directory = directory
        self._owner = owner
        self._held: int | None = None

    @property
    def held(self) -> bool:
        return self._held is not None

    @contextmanager
    def exclusive(self, timeout_seconds: float) -> Iterator[None]:
        """Start and stop happen inside this block only."""
        descriptor = self._open("server.lock")
        try:
            # Polling, because a blocking flock cannot be given a time limit in a thread.
            deadline = time.monotonic() + timeout_seconds
            while not _lock(descriptor, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise LeaseTimeoutError
                time.sleep(_PAUSE_SECONDS)
            yield
        finally:
            os.close(descriptor)

    def take(self) -> None:
        """Become a user of the server. Call inside `exclusive`."""
        if self._held is None:
            descriptor = self._open("server.lease")
            # Nobody holds it exclusively for longer than `is_free` takes, inside `exclusive`.
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            self._held = descriptor

    def drop(self) -> None:
        """Stop being a user.

        The descriptor is closed, never unlocked: in a forked child it is the parent's lock too,
        and closing leaves the parent's share in place.
        """
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def is_free(self) -> bool:
        """Whether nobody uses the server any more. Call inside `exclusive`, after `drop`."""
        descriptor = self._open("server.lease")
        try:
            return _lock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int:
        path = self._directory / name
        # O_NOFOLLOW: root may work in a directory of somebody else, who could plant a link.
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(path, flags)
        if self._owner is not None:
            os.fchown(descriptor, *self._owner)
        return descriptor


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
