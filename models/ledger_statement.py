"""The statement that appends to the ledger and adds to every rollup, and its parameters.

One statement, so that entries and sums are there together or not at all. The rollups are fed by
what the INSERT returns, never by the parameters: an entry that lost a race is not summed.

Entries go as one array of the composite type `ledger_entry_v2`: an array for each column costs
twice the time to make (asyncpg asks of every element whether it is an array itself) and to take
apart; see docs/decisions/0012-write-path.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from models.posting import Entry
from models.rollup import DURATION_DAY, ROLLUPS, condense, write_statements
from models.run import JobCount

COLUMNS = (
    *("id", "project_id", "workspace_id", "run_id", "job_id", "occurred_at", "local_date"),
    *("utc_offset_seconds", "part", "requests", "unpriced", "kind", "operation", "outcome"),
    *("event_key", "report_key", "agent_type", "initiator", "surface", "provider", "model"),
    *("service_tier", "api_key_id", "user_id", "input", "cache_read", "cache_write_5m"),
    *("cache_write_1h", "output", "reasoning", "input_includes_cache"),
    *("output_includes_reasoning", "duration_ms", "rate_id", "cost", "source_cost"),
    *("content_hash", "corrects_id", "reason", "import_id", "reservation_id"),
)
"""The fields of `ledger_entry_v2`, in its order: columns of the ledger."""
_JOB_COLUMNS = (
    ("project_id", "uuid"),
    ("run_id", "uuid"),
    ("agent_type", "text"),
    ("finished_date", "date"),
    ("ended", "integer"),
    ("succeeded", "integer"),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """How many entries were appended, and what the organization has to charge them to.

    `billing_mode` is None where there is no balance: everything is paid in dollars, and included.
    """

    count: int
    has_caps: bool
    billing_mode: str | None
    credits_per_dollar: Decimal | None
    included_dollars: Decimal | None

    @property
    def is_charged(self) -> bool:
        """Whether entries may take credits or count towards a limit."""
        return self.billing_mode == "CREDITS" or self.included_dollars is not None


def _row(entry: Entry) -> tuple[Any, ...]:
    """An entry in the order of `COLUMNS`."""
    of, tokens = entry.attribution, entry.tokens
    return (
        *(entry.id, of.project_id, of.workspace_id, of.run_id, of.job_id, of.occurred_at),
        *(of.day.date, of.day.utc_offset_seconds, entry.part, entry.requests, entry.unpriced),
        *(entry.kind, of.operation, of.outcome, entry.event_key, entry.report_key),
        *(of.agent_type, of.initiator, of.surface, of.provider, of.model, of.service_tier),
        *(of.api_key_id, of.user_id, *tokens.as_tuple(), entry.input_includes_cache),
        *(entry.output_includes_reasoning, entry.duration_ms, entry.rate_id, entry.cost),
        *(entry.source_cost, entry.content_hash, entry.corrects_id, entry.reason, entry.import_id),
        of.reservation_id,
    )


*_FROM_CONDENSED, _LAST = ROLLUPS
if _LAST is not DURATION_DAY:
    raise AssertionError("rollups are written in the order in which all writers lock them")


def _statement() -> str:
    names = ", ".join(COLUMNS)
    job_arrays = ", ".join(f"${place}::{kind}[]" for place, (_, kind) in enumerate(_JOB_COLUMNS, 4))
    job_names = ", ".join(name for name, _ in _JOB_COLUMNS)
    return f"""
WITH posted AS (
    INSERT INTO credit_transaction (organization_id, recorded_at, {names})
    SELECT $1, $2, {names} FROM unnest($3::ledger_entry_v2[]) AS n
    ORDER BY n.event_key, n.part
    ON CONFLICT (organization_id, event_key, part) DO NOTHING
    RETURNING *
),
counted AS (SELECT * FROM unnest({job_arrays}) AS n ({job_names})),
condensed AS ({condense("posted AS e")}),
{write_statements("condensed AS e", "counted AS j", _FROM_CONDENSED)},
{write_statements("posted AS e", "counted AS j", [_LAST])}
SELECT
    taken.count,
    EXISTS (SELECT FROM cap AS c WHERE c.organization_id = $1 AND c.removed_at IS NULL) AS has_caps,
    b.billing_mode, b.credits_per_dollar, b.included_dollars
FROM (SELECT count(*) AS count FROM posted) AS taken
LEFT JOIN credit_balance AS b ON b.organization_id = $1"""  # noqa: S608 - names of ours


STATEMENT = _statement()


async def append(
    connection: asyncpg.Connection,
    organization_id: UUID,
    recorded_at: datetime,
    entries: Sequence[Entry],
    counts: Sequence[JobCount],
) -> Taken:
    """Appends entries and adds them and the job counts to the rollups; answers what it took.

    Fewer than given means that another writer took a part first: roll back and decide anew.
    """
    rows = [_row(entry) for entry in entries]
    job_columns = [list(column) for column in zip(*counts, strict=True)] or [[]] * len(_JOB_COLUMNS)
    [row] = await connection.fetch(STATEMENT, organization_id, recorded_at, rows, *job_columns)
    return Taken(*row)
