"""Reading back what the ledger holds under some keys, for `posting.py` to decide on."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

import asyncpg

from models.db import sql
from models.local_time import LocalDay
from models.posting import Attribution, Entry, Posted
from models.token import TokenCounts


async def load_posted(
    connection: asyncpg.Connection, organization_id: UUID, event_keys: Collection[str]
) -> dict[str, Posted]:
    """The parts under each key that has any."""
    rows = await connection.fetch(sql("ledger_posted"), organization_id, set(event_keys))
    return gather_posted(rows)


def gather_posted(rows: Iterable[asyncpg.Record]) -> dict[str, Posted]:
    """The same from rows that were read, whatever else they hold."""
    parts: defaultdict[str, list[Entry]] = defaultdict(list)
    for row in rows:
        parts[row["event_key"]].append(_entry(row))
    return {key: Posted(entries) for key, entries in parts.items()}


def _entry(row: asyncpg.Record) -> Entry:
    attribution = Attribution(
        project_id=row["project_id"],
        workspace_id=row["workspace_id"],
        occurred_at=row["occurred_at"],
        day=LocalDay(row["local_date"], row["utc_offset_seconds"]),
        provider=row["provider"],
        model=row["model"],
        operation=row["operation"],
        outcome=row["outcome"],
        run_id=row["run_id"],
        job_id=row["job_id"],
        agent_type=row["agent_type"],
        initiator=row["initiator"],
        surface=row["surface"],
        service_tier=row["service_tier"],
        api_key_id=row["api_key_id"],
        user_id=row["user_id"],
        reservation_id=row["reservation_id"],
    )
    tokens = TokenCounts(
        row["input"],
        row["cache_read"],
        row["cache_write_5m"],
        row["cache_write_1h"],
        row["output"],
        row["reasoning"],
    )
    return Entry(
        id=row["id"],
        event_key=row["event_key"],
        part=row["part"],
        attribution=attribution,
        tokens=tokens,
        requests=row["requests"],
        unpriced=row["unpriced"],
        content_hash=row["content_hash"],
        kind=row["kind"],
        rate_id=row["rate_id"],
        cost=row["cost"],
        source_cost=row["source_cost"],
        duration_ms=row["duration_ms"],
        report_key=row["report_key"],
        input_includes_cache=row["input_includes_cache"],
        output_includes_reasoning=row["output_includes_reasoning"],
        corrects_id=row["corrects_id"],
        reason=row["reason"],
        import_id=row["import_id"],
    )
