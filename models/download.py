"""Downloads that a browser can make without headers: by an address that works once, for a minute.

The address holds 192 random bits, of which only the hash is kept. What was asked for is fixed with
the reach of who asked: the address opens that file and nothing else, whoever holds it. Refused:
addresses that live longer, and anything that tells a used one from one that never was.
"""

import base64
import binascii
import hashlib
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from models.api_call import CallFilter
from models.db import sql
from models.errors import NotFoundError
from models.ids import uuid7
from models.usage_entry import UsageEntryFilter

LIFE = timedelta(minutes=1)
_SECRET_BYTES = 24


@dataclass(frozen=True, slots=True)
class Download:
    """What was asked for: a workspace's executions or, with a `CallFilter`, its API calls.

    `project_ids` are those within the reach of who asked, None for all; `limit` is None for all.
    """

    organization_id: UUID
    workspace_id: UUID
    start: datetime
    end: datetime
    wanted: UsageEntryFilter | CallFilter
    project_ids: tuple[UUID, ...] | None = None
    limit: int | None = None


async def create_download(connection: asyncpg.Connection, download: Download, now: datetime) -> str:
    """Keeps what may be downloaded; answers the secret of its address."""
    await connection.execute(sql("download_expire"), download.organization_id, now)
    id, secret = uuid7(), os.urandom(_SECRET_BYTES)
    asked = asdict(download) | {"kind": type(download.wanted).__name__}
    await connection.execute(
        sql("download_insert"),
        download.organization_id,
        id,
        hashlib.sha256(secret).digest(),
        orjson.dumps(asked, default=str).decode(),
        now,
        now + LIFE,
    )
    token = download.organization_id.bytes + id.bytes + secret
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


async def take_download(connection: asyncpg.Connection, token: str, now: datetime) -> Download:
    """What an address is for, once; raises NotFoundError for any other."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    text = None
    if len(raw) == 32 + _SECRET_BYTES:
        text = await connection.fetchval(
            sql("download_take"),
            UUID(bytes=raw[:16]),
            UUID(bytes=raw[16:32]),
            hashlib.sha256(raw[32:]).digest(),
            now,
        )
    if text is None:
        raise NotFoundError("There is no such download; an address works once, for a minute.")
    return _download(orjson.loads(text))


def _download(asked: dict[str, Any]) -> Download:
    kinds = {kind.__name__: kind for kind in (UsageEntryFilter, CallFilter)}
    wanted: dict[str, Any] = {
        name: _ids(value) if name.endswith("_ids") else _tuple(value)
        for name, value in asked["wanted"].items()
    }
    return Download(
        UUID(asked["organization_id"]),
        UUID(asked["workspace_id"]),
        datetime.fromisoformat(asked["start"]),
        datetime.fromisoformat(asked["end"]),
        kinds[asked["kind"]](**wanted),
        _ids(asked["project_ids"]),
        asked["limit"],
    )


def _ids(values: list[str] | None) -> tuple[UUID, ...] | None:
    return None if values is None else tuple(map(UUID, values))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
