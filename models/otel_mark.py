"""Marks of spans on their way through several documents, kept for as long as a trace may take.

Reading the marks, deciding and writing are one transaction. Two documents of one trace that meet
insert the same key, so the second waits for the first and then decides anew. Refused: keeping
spans; a mark is three ids and a word, and goes after `_KEPT`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from models.db import Database, sql
from models.errors import ConflictError
from models.otel_span import Span
from models.otel_tree import Mark, Settlement, SpanKey, Tree, settle

_KEPT = timedelta(days=7)
_RACE_COUNT = 10


class _RacedError(Exception):
    """Another document marked one of the spans first; nothing was written."""


async def settle_spans(
    database: Database,
    organization_id: UUID,
    tree: Tree,
    spans: Sequence[Span],
    is_call: Sequence[bool],
    covers: Sequence[bool],
    now: datetime,
) -> list[bool]:
    """Which of the calls are billed, in order; remembers it for the documents to come."""
    keys = tree.keys

    async def decide(connection: asyncpg.Connection) -> Settlement:
        known = await _load(connection, organization_id, keys)
        settlement = settle(tree, spans, is_call, covers, known)
        await _save(connection, organization_id, settlement.new_marks, now)
        return settlement

    for _ in range(_RACE_COUNT):
        try:
            return (await database.retry(decide)).is_billed
        except _RacedError:
            continue
    raise ConflictError("The same trace is being written by too many callers; send it again.")


async def _load(
    connection: asyncpg.Connection, organization_id: UUID, keys: set[SpanKey]
) -> dict[SpanKey, Mark]:
    if not keys:
        return {}
    rows = await connection.fetch(sql("otel_mark_find"), organization_id, *_columns(keys))
    return {(row["trace_id"].hex(), row["span_id"].hex()): Mark(row["mark"]) for row in rows}


async def _save(
    connection: asyncpg.Connection,
    organization_id: UUID,
    marks: dict[SpanKey, Mark],
    now: datetime,
) -> None:
    if not marks:
        return
    rows = await connection.fetch(
        sql("otel_mark_insert"), organization_id, now, *_columns(marks), list(marks.values())
    )
    if len(rows) != len(marks):
        raise _RacedError
    await connection.execute(sql("otel_mark_expire"), organization_id, now - _KEPT)


def _columns(keys: set[SpanKey] | dict[SpanKey, Mark]) -> tuple[list[bytes], list[bytes]]:
    return [bytes.fromhex(trace) for trace, _ in keys], [bytes.fromhex(span) for _, span in keys]
