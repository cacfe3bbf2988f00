"""Taking a mistaken import back: adjustments that bring what it added to nothing. Nothing is
deleted.

Each key gets one adjustment at the rate at which its tokens stand, so that entries go on proving
themselves; what other imports or reports added to the same calls stays. Jobs and runs for which
nothing is counted any more are no longer counted either. Importing the same files again afterwards
records again. Goes by batches that are atomic each; a second attempt continues.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from models.db import Database, sql
from models.errors import ConflictError, NotFoundError
from models.gate import enter
from models.ids import uuid7
from models.ledger_write import write
from models.posted import load_posted
from models.posting import ADJUSTMENT, Entry, Posted
from models.price import Rate
from models.rate import load_rates
from models.run_store import cancel_jobs
from models.token import TokenCounts

_BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class UndoReport:
    """How many adjustments were posted, and the dollars that they took away (not below 0)."""

    entries: int
    cost: Decimal


async def undo_import(
    database: Database,
    organization_id: UUID,
    import_id: UUID,
    *,
    progress: Callable[[int], object] | None = None,
) -> UndoReport:
    """Takes an import back; `progress` is told the adjustments posted so far.

    Raises NotFoundError for an import that is not the organization's, ConflictError for one that
    was taken back before.
    """
    entries, cost = 0, Decimal(0)
    while True:
        batch = await database.retry(
            lambda connection: _undo_batch(connection, organization_id, import_id)
        )
        if not batch:
            break
        entries += len(batch)
        cost -= sum((entry.cost for entry in batch if entry.cost is not None), Decimal(0))
        if progress is not None:
            progress(entries)
    await database.retry(lambda connection: _finish(connection, organization_id, import_id))
    return UndoReport(entries, cost)


async def _undo_batch(
    connection: asyncpg.Connection, organization_id: UUID, import_id: UUID
) -> list[Entry]:
    await enter(connection, organization_id)
    status = await connection.fetchval(sql("undo_lock"), organization_id, import_id)
    if status is None:
        raise NotFoundError("There is no such import.")
    if status == "UNDONE":
        raise ConflictError("This import was taken back before.")
    rows = await connection.fetch(sql("undo_keys"), organization_id, import_id, _BATCH_SIZE)
    posted = await load_posted(connection, organization_id, [row["event_key"] for row in rows])
    rate_ids = {parts.head.rate_id for parts in posted.values()}
    rates = await load_rates(connection, organization_id, rate_ids)
    reason = f"import {import_id} was taken back"
    adjustments = [
        _adjustment(key, parts, import_id, rates, reason) for key, parts in sorted(posted.items())
    ]
    if not await write(connection, organization_id, datetime.now(UTC), adjustments):
        raise asyncpg.SerializationError("another writer took a part first")
    return adjustments


def _adjustment(
    key: str, posted: Posted, import_id: UUID, rates: Mapping[UUID, Rate], reason: str
) -> Entry:
    """The opposite of what the import's own parts come to, at the rate at which the call stands."""
    added = Posted(entry for entry in posted.parts if entry.import_id == import_id)
    head = posted.head
    rate = rates[head.rate_id] if head.rate_id is not None else None
    tokens = TokenCounts() - added.tokens
    requests = -added.requests
    return Entry(
        id=uuid7(),
        event_key=key,
        part=posted.next_part,
        attribution=head.attribution,
        tokens=tokens,
        requests=requests,
        unpriced=requests if rate is None else 0,
        content_hash=head.content_hash,
        kind=ADJUSTMENT,
        rate_id=head.rate_id,
        cost=rate.cost(tokens, requests) if rate is not None else None,
        duration_ms=posted.duration_ms if requests else None,
        corrects_id=head.id,
        reason=reason,
        import_id=import_id,
    )


async def _finish(connection: asyncpg.Connection, organization_id: UUID, import_id: UUID) -> None:
    rows = await connection.fetch(sql("undo_idle_jobs"), organization_id, import_id)
    cancelled = await cancel_jobs(connection, organization_id, [row["id"] for row in rows])
    now = datetime.now(UTC)
    await write(connection, organization_id, now, [], cancelled)
    await connection.execute(sql("undo_idle_runs"), organization_id, import_id)
    await connection.execute(sql("undo_quarantine"), organization_id, import_id, now)
    await connection.execute(sql("undo_finish"), organization_id, import_id, now)
