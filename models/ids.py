"""Identifiers: the UUIDv7s that rows bear, and the opaque strings that clients see.

A public id is a four-letter kind, an underscore and base64url of (organization, thing): URL-safe,
unique over all types, and it carries the organization that a query pins. Refused: ids that do not
parse, which raise `ValueError` here and become NOT_FOUND at the doors, like any foreign id.
"""

import base64
import binascii
import os
import time
from dataclasses import dataclass
from threading import Lock
from typing import cast
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as FastUUID  # noqa: N811 - a class

NIL = UUID(int=0)
ALERT = "alrt"
API_KEY = "akey"
BUDGET = "bdgt"
CAP = "capp"
IMPORT = "impt"
JOB = "ajob"
MEMBERSHIP = "mbrs"
ORGANIZATION = "orga"
PRICE = "pric"
PROJECT = "proj"
QUARANTINED_ROW = "qrow"
REPRICING = "rprc"
RESERVATION = "rsrv"
RUN = "prun"
TRANSACTION = "ctxn"
USER = "user"
WORKSPACE = "wksp"
WORKSPACE_GROUP = "wgrp"
# Identities of reports and of the viewer, for caches: nothing is looked up by them.
CREDIT_USAGE = "crus"
CROSS_PROJECT_SUMMARY = "xsum"
MONTHLY_SUMMARY = "msum"
USAGE_ENTRY = "uent"
USAGE_REPORT = "tusg"
KEY_USAGE = "kusg"
API_CALL = "call"
USAGE_BAR = "ubar"
USAGE_SERIES = "useq"
VIEWER = "view"
_KIND_LENGTH = 4


class _Sequence:
    """The numbers of new ids, each above the one before (RFC 9562, version 7).

    48 bits of milliseconds, then 73 that begin anew with every millisecond, anywhere, and are
    counted up within it (6.2, method 2): ids of one process sort as they were made, and those of
    two do not meet.
    """

    _COUNTED = (1 << 61) - 1  # the bit above is room to count

    def __init__(self) -> None:
        self.begin()
        os.register_at_fork(after_in_child=self.begin)

    def begin(self) -> None:
        """Forgets the count: two processes that go on with one would make the same ids."""
        self._lock = Lock()
        self._millisecond = self._number = 0

    def __call__(self) -> int:
        now = time.time_ns() // 1_000_000
        with self._lock:
            if now > self._millisecond:
                self._millisecond = now
                drawn = int.from_bytes(os.urandom(10))
                parts = 0x7 << 76 | (drawn >> 68) << 64 | 0x2 << 62 | drawn & self._COUNTED
                self._number = now << 80 | parts
            self._number += 1
            return self._number


_next = _Sequence()


def uuid7() -> UUID:
    """A new id, above those that this process made before."""
    return fast_uuid(_next().to_bytes(16))


def fast_uuid(raw: bytes) -> UUID:
    """A UUID of the class that asyncpg answers with: one that it need not take apart to send."""
    return cast(UUID, FastUUID(raw))


@dataclass(frozen=True, slots=True)
class PublicId:
    """A parsed public id. `rest` holds what a report adds (a month, say); empty for things."""

    kind: str
    organization_id: UUID
    id: UUID
    rest: str = ""

    def __str__(self) -> str:
        return encode(self.kind, self.organization_id, self.id, self.rest)


def encode(kind: str, organization_id: UUID, id: UUID, rest: str = "") -> str:
    """The public id of a thing. `kind` is one of the four-letter kinds in `resolvers/node.py`."""
    body = organization_id.bytes + id.bytes + rest.encode()
    return f"{kind}_{base64.urlsafe_b64encode(body).rstrip(b'=').decode()}"


def decode(text: str) -> PublicId:
    """Parses a public id; raises ValueError for anything that `encode` cannot have made."""
    kind, separator, body = text[:_KIND_LENGTH], text[_KIND_LENGTH : _KIND_LENGTH + 1], text[5:]
    if separator != "_" or not kind.isalpha() or not kind.islower() or not body.isascii():
        raise ValueError("not an id")
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        rest = raw[32:].decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("not an id") from error
    if len(raw) < 32:
        raise ValueError("not an id")
    parsed = PublicId(kind, fast_uuid(raw[:16]), fast_uuid(raw[16:32]), rest)
    if str(parsed) != text:
        raise ValueError("not an id")
    return parsed
