"""Rows that an import did not trust, kept with reason and original until somebody decides.

Owns the table: keeping a row once however often it is read, listing, and marking as resolved. A
row is open, or RECORDED (it is on the ledger now), or DROPPED (it never will be). Refused: deciding
what is trustworthy (readers and the ledger do), and reading a row again (`quarantine_retry`).
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from tortoise import fields
from tortoise.models import Model

from models.access import Scope
from models.audit import record_act
from models.db import Database, sql
from models.event import KEY_LENGTH
from models.ids import uuid7

if TYPE_CHECKING:
    from models.tenancy import Organization

ORIGINAL_LENGTH = 256 * 1024
"""Characters that are kept of an original; a longer one is cut."""
BATCH_COUNT = 1000
_REASON_LENGTH = 1000


class Resolution(StrEnum):
    """What became of a quarantined row."""

    RECORDED = "RECORDED"
    DROPPED = "DROPPED"


class QuarantinedRow(Model):
    """A row as read, what was understood of it, and why it was not trusted."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    import_id = fields.UUIDField()
    format = fields.TextField()
    file = fields.TextField()
    line = fields.BigIntField(null=True)
    event_key = fields.TextField()
    reason = fields.TextField()
    original = fields.TextField()
    understood: Any = fields.JSONField(null=True)
    digest = fields.BinaryField(null=True)
    created_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)
    resolution = fields.TextField(null=True)

    class Meta:
        table = "quarantined_row"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row that is not trusted. `understood` is what was read of it, by `usage_row`'s names."""

    file: str
    line: int | None
    event_key: str
    reason: str
    original: str
    understood: Mapping[str, Any] | None = None

    def digest(self, format: str) -> bytes:
        """What makes it the same row when it is read again, whatever the reason is then."""
        parts = "\0".join((format, _storable(self.event_key), _storable(self.original)))
        return hashlib.blake2b(parts.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class OpenRow:
    """An undecided row, as stored."""

    id: UUID
    import_id: UUID
    format: str
    file: str
    line: int | None
    event_key: str
    reason: str
    original: str
    understood: Mapping[str, Any] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """Which open rows are meant: those of `ids`, else all, or all of one import."""

    ids: Collection[UUID] | None = None
    import_id: UUID | None = None


async def keep(
    connection: asyncpg.Connection,
    organization_id: UUID,
    import_id: UUID,
    format: str,
    doubts: Sequence[Doubt],
    now: datetime,
) -> list[bool]:
    """Keeps rows that are not there yet, and answers of each whether it is open.

    The others were recorded or dropped by somebody's decision: nothing is left to do for them.
    """
    digests = [doubt.digest(format) for doubt in doubts]
    columns = (
        # In the order of reading: ids of one millisecond come in none.
        sorted(uuid7() for _ in doubts),
        [_storable(doubt.file) for doubt in doubts],
        [doubt.line for doubt in doubts],
        [_storable(doubt.event_key)[:KEY_LENGTH] for doubt in doubts],
        [_storable(doubt.reason)[:_REASON_LENGTH] for doubt in doubts],
        [_storable(doubt.original)[:ORIGINAL_LENGTH] for doubt in doubts],
        [_json(doubt.understood) for doubt in doubts],
        digests,
    )
    await connection.execute(
        sql("quarantine_insert"), organization_id, import_id, format, now, *columns
    )
    rows = await connection.fetch(sql("quarantine_decided"), organization_id, digests)
    decided = {row["digest"] for row in rows}
    return [digest not in decided for digest in digests]


async def settle(
    connection: asyncpg.Connection, organization_id: UUID, event_keys: Iterable[str], now: datetime
) -> None:
    """Marks open rows whose events an import has recorded meanwhile, read rightly this time."""
    await connection.execute(sql("quarantine_settle"), organization_id, list(event_keys), now)


async def list_open(
    database: Database, organization_id: UUID, selection: Selection, limit: int
) -> tuple[list[OpenRow], int]:
    """The first open rows in the order in which they were kept, and how many there are."""
    async with database.connection() as connection:
        rows = await open_rows(connection, organization_id, selection, limit=limit)
        count = await connection.fetchval(
            sql("quarantine_count"), organization_id, *_chosen(selection)
        )
    return rows, int(count)


async def open_rows(
    connection: asyncpg.Connection,
    organization_id: UUID,
    selection: Selection,
    *,
    after: UUID | None = None,
    limit: int = BATCH_COUNT,
) -> list[OpenRow]:
    """Open rows behind a certain one."""
    rows = await connection.fetch(
        sql("quarantine_open"), organization_id, *_chosen(selection), after, limit
    )
    return [_open_row(row) for row in rows]


async def resolve(
    connection: asyncpg.Connection,
    scope: Scope,
    action: str,
    rows: Sequence[OpenRow],
    resolution: Resolution,
    now: datetime,
    said: Mapping[str, object] | None = None,
) -> int:
    """Marks rows that are open still, with an audit event for each import that they are of."""
    ids = [row.id for row in rows]
    marked = await connection.fetch(
        sql("quarantine_resolve"), scope.organization_id, ids, resolution, now
    )
    by_import: dict[UUID, list[UUID]] = {}
    for row in marked:
        by_import.setdefault(row["import_id"], []).append(row["id"])
    for import_id, resolved in sorted(by_import.items()):
        new = {"resolution": resolution, "rows": [str(id) for id in sorted(resolved)]}
        await record_act(
            connection, scope, action, ("usage_import", import_id), new=new | dict(said or {})
        )
    return len(marked)


async def drop(database: Database, scope: Scope, selection: Selection, now: datetime) -> int:
    """Decides that rows never go on the ledger; answers how many. They stay in the table."""
    dropped = 0
    while True:
        async with database.transaction() as connection:
            rows = await open_rows(connection, scope.organization_id, selection)
            dropped += await resolve(
                connection, scope, "quarantine.drop", rows, Resolution.DROPPED, now
            )
        if len(rows) < BATCH_COUNT:
            return dropped


def _chosen(selection: Selection) -> tuple[list[UUID] | None, UUID | None]:
    ids = list(selection.ids) if selection.ids is not None else None
    return ids, selection.import_id


def _open_row(row: asyncpg.Record) -> OpenRow:
    values = dict(row)
    if row["understood"] is not None:
        values["understood"] = json.loads(row["understood"])
    return OpenRow(**values)


def _json(understood: Mapping[str, Any] | None) -> str | None:
    if understood is None:
        return None
    storable = {
        name: _storable(value) if isinstance(value, str) else value
        for name, value in understood.items()
    }
    return json.dumps(storable)


def _storable(text: str) -> str:
    """The text without what PostgreSQL cannot keep: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
