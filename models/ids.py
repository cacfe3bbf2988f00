"""Identifiers: the UUIDv7s that rows bear, and the opaque strings that clients see.

A public id is a four-letter kind, an underscore and base64url of (organization, thing): URL-safe,
unique over all types, and it carries the organization that a query pins. Refused: ids that do not
parse, which raise `ValueError` here and become NOT_FOUND at the doors, like any foreign id.
"""

import base64
import binascii
import io
import os
import time
from dataclasses import dataclass
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


def uuid7() -> UUID:
    """A new time-ordered UUID (RFC 9562, version 7): 48 bits of milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(_random(10))
    value = value & ~(0xF << 76) | (0x7 << 76)
    return fast_uuid((value & ~(0x3 << 62) | (0x2 << 62)).to_bytes(16))


def fast_uuid(raw: bytes) -> UUID:
    """A UUID of the class that asyncpg answers with: one that it need not take apart to send."""
    return cast(UUID, FastUUID(raw))


class _Random:
    """Random bytes of the system's, fetched many at a time."""

    _SIZE = 4096

    def __init__(self) -> None:
        self.forget()
        os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """Two processes that draw from one supply would make the same ids."""
        self._supply = io.BytesIO()

    def __call__(self, size: int) -> bytes:
        drawn = self._supply.read(size)
        if len(drawn) < size:
            self._supply = io.BytesIO(os.urandom(self._SIZE))
            drawn = self._supply.read(size)
        return drawn


_random = _Random()


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
