"""The statement that appends to the ledger and adds to every rollup, and its parameters.

One statement, so that entries and sums are there together or not at all. The rollups are fed by
what the INSERT returns, never by the parameters. A key that is there already ends it with an error:
whoever posts has looked up what is posted, so that only a race is lost that way, and leaving such
rows out (ON CONFLICT DO NOTHING) takes a twentieth of the statement's time for every batch.

The runs and jobs that a batch names are written by it, too, before the entries that belong to them:
one that another writer made meanwhile is left alone, and then nothing is posted.

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
from models.rollup import ADDED_COLUMNS, DURATION_DAY, ROLLUPS, condense, write_statements
from models.run import Activity, Run
from models.run_store import JOB_COLUMNS, RUN_COLUMNS, job_rows, run_rows

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
_COUNT_COLUMNS = (
    ("project_id", "uuid"),
    ("run_id", "uuid"),
    ("agent_type", "text"),
    ("finished_date", "date"),
    ("ended", "integer"),
    ("succeeded", "integer"),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """Which runs and jobs were written, and what the organization has to charge its entries to.

    `billing_mode` is None where there is no balance: everything is paid in dollars, and included.
    """

    run_count: int
    job_count: int
    has_caps: bool
    billing_mode: str | None
    credits_per_dollar: Decimal | None
    included_dollars: Decimal | None

    def is_all_of(self, activity: Activity) -> bool:
        """Whether nobody else took a key of these runs and jobs first."""
        run_count = len(activity.new_runs) + len(activity.changed_runs)
        return (self.run_count, self.job_count) == (run_count, len(activity.changed_jobs))

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


def _unnested(columns: Sequence[tuple[str, str]], first: int) -> str:
    """A FROM item `n` of arrays, whose parameters begin with the `first`."""
    arrays = ", ".join(f"${place}::{kind}[]" for place, (_, kind) in enumerate(columns, first))
    return f"unnest({arrays}) AS n ({', '.join(name for name, _ in columns)})"


_FIRST_COUNT = 4
_FIRST_NEW_RUN = _FIRST_COUNT + len(_COUNT_COLUMNS)
_FIRST_RUN = _FIRST_NEW_RUN + len(RUN_COLUMNS)
_FIRST_JOB = _FIRST_RUN + len(RUN_COLUMNS)


@dataclass(frozen=True, slots=True)
class _Put:
    """How rows of a table are written. `fixed` columns are never changed.

    A row whose key somebody else took meanwhile does not return.
    """

    table: str
    columns: Sequence[tuple[str, str]]
    key: str
    fixed: tuple[str, ...]

    def insert(self, first: int, condition: str = "true") -> str:
        """New rows, from parameters that begin with the `first`, in the order of their keys.

        What somebody else has made is not waited for, though he may hold it: he may be waiting for
        what is made here.
        """
        return f"{self._insert(first, condition)} DO NOTHING RETURNING r.id"

    def put(self, first: int, condition: str = "true") -> str:
        """New rows or such as are held, likewise.

        By the unique key rather than by a join: whatever the planner knows of a young table, it
        then looks each one up.
        """
        changed = ", ".join(
            f"{name} = EXCLUDED.{name}" for name, _ in self.columns if name not in self.fixed
        )
        return f"""{self._insert(first, condition)}
    DO UPDATE SET {changed} WHERE r.id = EXCLUDED.id
    RETURNING r.id"""

    def _insert(self, first: int, condition: str) -> str:
        names = [name for name, _ in self.columns]
        return f"""
    INSERT INTO {self.table} AS r (organization_id, {", ".join(names)}, created_at)
    SELECT $1, {", ".join(f"n.{name}" for name in names)}, $2
    FROM {_unnested(self.columns, first)}
    WHERE {condition}
    ORDER BY {self.key}
    ON CONFLICT (organization_id, {self.key})"""  # noqa: S608 - names of ours


_RUN = _Put(
    "pipeline_run", RUN_COLUMNS, "project_id, key", ("id", "project_id", "key", "workspace_id")
)
_JOB = _Put(
    "agent_job", JOB_COLUMNS, "run_id, key", ("id", "project_id", "run_id", "key", "agent_type")
)


def _statement() -> str:
    names = ", ".join(COLUMNS)
    are_runs_made = f"(SELECT count(*) FROM run_made) = cardinality(${_FIRST_NEW_RUN})"  # noqa: S608
    are_jobs_put = f"(SELECT count(*) FROM job_put) = cardinality(${_FIRST_JOB})"  # noqa: S608
    return f"""
WITH run_made AS ({_RUN.insert(_FIRST_NEW_RUN)}
),
run_put AS ({_RUN.put(_FIRST_RUN, are_runs_made)}
),
job_put AS ({_JOB.put(_FIRST_JOB, are_runs_made)}
),
posted AS (
    INSERT INTO credit_transaction (organization_id, recorded_at, {names})
    SELECT $1, $2, {names} FROM unnest($3::ledger_entry_v2[]) AS n
    WHERE {are_runs_made} AND {are_jobs_put}
    RETURNING {", ".join(ADDED_COLUMNS)}
),
counted AS (SELECT * FROM {_unnested(_COUNT_COLUMNS, _FIRST_COUNT)}),
condensed AS ({condense("posted AS e")}),
{write_statements("condensed AS e", "counted AS j", _FROM_CONDENSED)},
{write_statements("posted AS e", "counted AS j", [_LAST])}
SELECT
    (SELECT count(*) FROM run_made) + (SELECT count(*) FROM run_put) AS run_count,
    (SELECT count(*) FROM job_put) AS job_count,
    EXISTS (SELECT FROM cap AS c WHERE c.organization_id = $1 AND c.removed_at IS NULL) AS has_caps,
    b.billing_mode, b.credits_per_dollar, b.included_dollars
FROM (VALUES ($1)) AS asked (organization_id)
LEFT JOIN credit_balance AS b USING (organization_id)"""  # noqa: S608 - names of ours


STATEMENT = _statement()
_BEGIN_RUNS = _RUN.insert(3)


async def begin_runs(
    connection: asyncpg.Connection,
    organization_id: UUID,
    recorded_at: datetime,
    runs: Sequence[Run],
) -> bool:
    """Writes runs ahead of those that name them as parents; False when one was taken first."""
    if not runs:
        return True
    columns = _columns(run_rows(runs), len(RUN_COLUMNS))
    put = await connection.fetch(_BEGIN_RUNS, organization_id, recorded_at, *columns)
    return len(put) == len(runs)


async def append(
    connection: asyncpg.Connection,
    organization_id: UUID,
    recorded_at: datetime,
    entries: Sequence[Entry],
    activity: Activity,
) -> Taken | None:
    """Writes runs and jobs, appends entries, adds both to the rollups.

    None when another writer took an entry's key first, and less than given when it was a run's or a
    job's: roll back and decide anew.
    """
    # In the order in which everybody takes the keys: PostgreSQL would sort whole rows for it.
    ordered = sorted(entries, key=lambda entry: (entry.event_key, entry.part))
    try:
        [row] = await connection.fetch(
            STATEMENT,
            organization_id,
            recorded_at,
            [_row(entry) for entry in ordered],
            *_columns(activity.counts, len(_COUNT_COLUMNS)),
            *_columns(run_rows(activity.new_runs), len(RUN_COLUMNS)),
            *_columns(run_rows(activity.changed_runs), len(RUN_COLUMNS)),
            *_columns(job_rows(activity.changed_jobs), len(JOB_COLUMNS)),
        )
    except asyncpg.UniqueViolationError:
        # Of an entry: runs, jobs and rollups leave a key alone that is there. Names of constraints
        # are not the same on every server.
        return None
    return Taken(*row)


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[]] * width
