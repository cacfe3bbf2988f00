"""The statement that appends to the ledger and adds to every rollup, and its parameters.

One statement, so that entries and sums are there together or not at all. The rollups are fed by
what the INSERT returns, never by the parameters: an entry that lost a race is not summed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from models.posting import Entry
from models.rollup import write_statements
from models.run import JobCount

# Column, its type, and where an entry keeps it.
_COLUMNS: tuple[tuple[str, str, Callable[[Entry], Any]], ...] = (
    ("id", "uuid", lambda e: e.id),
    ("project_id", "uuid", lambda e: e.attribution.project_id),
    ("workspace_id", "uuid", lambda e: e.attribution.workspace_id),
    ("run_id", "uuid", lambda e: e.attribution.run_id),
    ("job_id", "uuid", lambda e: e.attribution.job_id),
    ("occurred_at", "timestamptz", lambda e: e.attribution.occurred_at),
    ("local_date", "date", lambda e: e.attribution.day.date),
    ("utc_offset_seconds", "integer", lambda e: e.attribution.day.utc_offset_seconds),
    ("part", "integer", lambda e: e.part),
    ("requests", "smallint", lambda e: e.requests),
    ("unpriced", "smallint", lambda e: e.unpriced),
    ("kind", "text", lambda e: e.kind),
    ("operation", "text", lambda e: e.attribution.operation),
    ("outcome", "text", lambda e: e.attribution.outcome),
    ("event_key", "text", lambda e: e.event_key),
    ("report_key", "text", lambda e: e.report_key),
    ("agent_type", "text", lambda e: e.attribution.agent_type),
    ("initiator", "text", lambda e: e.attribution.initiator),
    ("surface", "text", lambda e: e.attribution.surface),
    ("provider", "text", lambda e: e.attribution.provider),
    ("model", "text", lambda e: e.attribution.model),
    ("service_tier", "text", lambda e: e.attribution.service_tier),
    ("api_key_id", "uuid", lambda e: e.attribution.api_key_id),
    ("user_id", "uuid", lambda e: e.attribution.user_id),
    ("input", "bigint", lambda e: e.tokens.input),
    ("cache_read", "bigint", lambda e: e.tokens.cache_read),
    ("cache_write_5m", "bigint", lambda e: e.tokens.cache_write_5m),
    ("cache_write_1h", "bigint", lambda e: e.tokens.cache_write_1h),
    ("output", "bigint", lambda e: e.tokens.output),
    ("reasoning", "bigint", lambda e: e.tokens.reasoning),
    ("input_includes_cache", "boolean", lambda e: e.input_includes_cache),
    ("output_includes_reasoning", "boolean", lambda e: e.output_includes_reasoning),
    ("duration_ms", "integer", lambda e: e.duration_ms),
    ("rate_id", "uuid", lambda e: e.rate_id),
    ("cost", "numeric", lambda e: e.cost),
    ("source_cost", "numeric", lambda e: e.source_cost),
    ("content_hash", "bytea", lambda e: e.content_hash),
    ("corrects_id", "uuid", lambda e: e.corrects_id),
    ("reason", "text", lambda e: e.reason),
    ("import_id", "uuid", lambda e: e.import_id),
)
_JOB_COLUMNS = (
    ("project_id", "uuid"),
    ("run_id", "uuid"),
    ("agent_type", "text"),
    ("finished_date", "date"),
    ("ended", "integer"),
    ("succeeded", "integer"),
)


def _statement() -> str:
    names = ", ".join(name for name, _, _ in _COLUMNS)
    arrays = ", ".join(f"${place}::{kind}[]" for place, (_, kind, _) in enumerate(_COLUMNS, 3))
    start = len(_COLUMNS) + 3
    job_arrays = ", ".join(
        f"${place}::{kind}[]" for place, (_, kind) in enumerate(_JOB_COLUMNS, start)
    )
    job_names = ", ".join(name for name, _ in _JOB_COLUMNS)
    return f"""
WITH posted AS (
    INSERT INTO credit_transaction (organization_id, recorded_at, {names})
    SELECT $1, $2, {names} FROM unnest({arrays}) AS n ({names})
    ORDER BY n.event_key, n.part
    ON CONFLICT (organization_id, event_key, part) DO NOTHING
    RETURNING *
),
counted AS (SELECT * FROM unnest({job_arrays}) AS n ({job_names})),
{write_statements("posted AS e", "counted AS j")}
SELECT count(*) FROM posted"""  # noqa: S608 - names of ours


STATEMENT = _statement()


async def append(
    connection: asyncpg.Connection,
    organization_id: UUID,
    recorded_at: datetime,
    entries: Sequence[Entry],
    counts: Sequence[JobCount],
) -> int:
    """Appends entries and adds them and the job counts to the rollups; answers how many it took.

    Fewer than given means that another writer took a part first: roll back and decide anew.
    """
    columns = [[read(entry) for entry in entries] for _, _, read in _COLUMNS]
    job_columns = [list(column) for column in zip(*counts, strict=True)] or [[]] * len(_JOB_COLUMNS)
    taken: int = await connection.fetchval(
        STATEMENT, organization_id, recorded_at, *columns, *job_columns
    )
    return taken
