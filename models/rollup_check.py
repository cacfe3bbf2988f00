"""Proving the rollups: compare each with a recount of the ledger, or make it anew from there.

Both go by project and month: a snapshot over everything would stop PostgreSQL from pruning the rows
that are written all the time. `verify` changes nothing; `rebuild` holds writers off for the moment
that one project's month takes. Rollups of the whole organization come after those by project, and
are compared with them, or made anew from them: they are proved when both are.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from models.db import Database, sql
from models.rollup import ON_DEMAND, ROLLUPS, RUN_HOUR, Rollup, write_statements

_SHOWN_PER_ROLLUP = 5
_ENTRIES = (
    "(SELECT * FROM credit_transaction AS t WHERE t.organization_id = $1 AND t.project_id = $2"
    " AND t.occurred_at >= $3::date - interval '2 days'"
    " AND t.occurred_at < $4::date + interval '2 days'"
    " AND t.local_date >= $3 AND t.local_date < $4) AS e"
)
# The same with the part that was deducted as on demand, which the ledger itself does not imply.
_DEDUCTED = (
    f"(SELECT e.*, d.on_demand_cost FROM {_ENTRIES} JOIN credit_deduction AS d"  # noqa: S608
    " ON d.organization_id = $1 AND d.transaction_id = e.id) AS e"
)
_CHECKED = (*ROLLUPS, ON_DEMAND)
# Rows of a rollup in a slice: a project's have its id, the organization's are in a slice without.
_OF_PROJECT = "r.organization_id = $1 AND r.project_id = $2"
_OF_ORGANIZATION = "r.organization_id = $1 AND $2::uuid IS NULL"
_JOBS = (
    "(SELECT a.project_id, a.run_id, a.agent_type, a.finished_date, 1 AS ended,"
    " (a.status = 'SUCCEEDED')::integer AS succeeded FROM agent_job AS a"
    " WHERE a.organization_id = $1 AND a.project_id = $2"
    " AND a.finished_date >= $3 AND a.finished_date < $4) AS j"
)


class Slice(NamedTuple):
    """One project's month: what is compared or made anew at a time. `end` is not in it.

    Without a project it is the whole organization's, for the rollups that add projects up.
    """

    organization_id: UUID
    project_id: UUID | None
    month: date
    end: date


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the ledger implies; an absent row counts as zeros."""

    rollup: str
    organization_id: UUID
    key: dict[str, Any]
    stored: dict[str, Any]
    recounted: dict[str, Any]


@dataclass(slots=True)
class RollupReport:
    """What `verify` or `rebuild` went through. `cost_difference` sums |stored - recounted|."""

    rows_checked: int = 0
    rows_written: int = 0
    differences: int = 0
    entries_checked: int = 0
    entries_wrong: int = 0
    cost_difference: Decimal = Decimal(0)
    elapsed_seconds: float = 0.0
    shown: list[Difference] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether everything agrees to the last digit."""
        return not self.differences and not self.entries_wrong


Progress = Callable[[Slice], object]


async def verify(
    database: Database,
    organization_id: UUID | None = None,
    *,
    project_id: UUID | None = None,
    progress: Progress | None = None,
) -> RollupReport:
    """Recomputes every rollup from the ledger, and every entry's cost from its rate.

    Covers one organization or all. Safe beside writers: each comparison is one statement and sees
    ledger and rollup as of one instant.
    """
    report, begun = RollupReport(), time.monotonic()
    async for part in _slices(database, organization_id, project_id):
        async with database.connection() as connection:
            for rollup in _of_slice(_CHECKED, part):
                await _compare(connection, rollup, part, report)
            if part.project_id is not None:
                await _prove(connection, part, report)
        if progress is not None:
            progress(part)
    report.elapsed_seconds = time.monotonic() - begun
    return report


async def rebuild(
    database: Database,
    organization_id: UUID | None = None,
    *,
    project_id: UUID | None = None,
    rollups: Sequence[Rollup] = _CHECKED,
    progress: Progress | None = None,
) -> RollupReport:
    """Makes rollups anew from the ledger, one project's month in a transaction of its own."""
    report, begun = RollupReport(), time.monotonic()
    async for part in _slices(database, organization_id, project_id):
        if chosen := _of_slice(rollups, part):
            report.rows_written += await database.retry(
                lambda connection, part=part, chosen=chosen: _rebuild(connection, part, chosen)  # type: ignore[misc]
            )
        if progress is not None:
            progress(part)
    report.elapsed_seconds = time.monotonic() - begun
    return report


def _of_slice(rollups: Sequence[Rollup], part: Slice) -> list[Rollup]:
    is_whole = part.project_id is None
    return [rollup for rollup in rollups if (rollup.by_project is not None) == is_whole]


async def _slices(
    database: Database, organization_id: UUID | None, project_id: UUID | None
) -> AsyncIterator[Slice]:
    """Months of projects, or of the one; after an organization's projects, its own months."""
    async with database.connection() as connection:
        if organization_id is not None:
            ids = [organization_id]
        else:
            ids = [row["id"] for row in await connection.fetch(sql("organization_ids"))]
        spans: list[tuple[UUID, UUID | None, date, date]] = []
        for each in ids:
            rows = await connection.fetch(sql("rollup_months"), each, project_id)
            spans += [(each, *row) for row in rows]
            if project_id is None:
                rows = await connection.fetch(sql("rollup_organization_months"), each)
            spans += [(each, None, row["first"], row["last"]) for row in rows if row["first"]]
    for each, project, month, last in spans:
        while month <= last:
            end = date(month.year + month.month // 12, month.month % 12 + 1, 1)
            yield Slice(each, project, month, end)
            month = end


async def _prove(connection: asyncpg.Connection, part: Slice, report: RollupReport) -> None:
    report.differences += await connection.fetchval(sql("run_span_missing"), *part)
    [proof] = await connection.fetch(sql("ledger_unproved"), *part)
    report.entries_checked += proof["checked"]
    report.entries_wrong += proof["wrong"]


async def _compare(
    connection: asyncpg.Connection, rollup: Rollup, part: Slice, report: RollupReport
) -> None:
    [row] = await connection.fetch(_comparison(rollup), *part)
    report.rows_checked += row["checked"]
    report.cost_difference += row["cost_difference"]
    if row["different"]:
        report.differences += row["different"]
        report.shown.extend(await _differences(connection, rollup, part))


def _sides(rollup: Rollup) -> str:
    """Stored and recounted rows side by side; a column of either is NULL where it has no row."""
    keys = ", ".join(rollup.keys)
    return (
        f"({_implied(rollup)}) AS want FULL JOIN"  # noqa: S608 - names of ours
        f" (SELECT * FROM {_stored(rollup)}) AS have USING ({keys})"
    )


def _stored(rollup: Rollup) -> str:
    """The rows of a slice: a FROM item named r, and its condition."""
    return f"{rollup.table} AS r WHERE {_place(rollup)} AND {_dated(rollup)}"


def _place(rollup: Rollup) -> str:
    return _OF_PROJECT if rollup.by_project is None else _OF_ORGANIZATION


def _dated(rollup: Rollup) -> str:
    return f"r.{rollup.date} >= $3 AND r.{rollup.date} < $4"


def _implied(rollup: Rollup) -> str:
    """A query for the rows of a slice that should be there."""
    if rollup.by_project is None:
        return rollup.recount(_DEDUCTED if rollup is ON_DEMAND else _ENTRIES, _JOBS)
    projects = rollup.by_project
    return rollup.sum_up(
        f"(SELECT * FROM {projects.table} AS r"  # noqa: S608 - names of ours
        f" WHERE {_OF_ORGANIZATION} AND {_dated(projects)}) AS r"
    )


def _differs(rollup: Rollup) -> str:
    sums = (name for name in rollup.columns if name not in {*rollup.keys, *rollup.attributes})
    return " OR ".join(
        f"want.{name} IS DISTINCT FROM have.{name}"
        if name in rollup.latest
        else f"coalesce(want.{name}, 0) <> coalesce(have.{name}, 0)"
        for name in sums
    )


def _comparison(rollup: Rollup) -> str:
    cost = "0"
    if "cost" in rollup.sums:
        cost = "coalesce(sum(abs(coalesce(want.cost, 0) - coalesce(have.cost, 0))), 0)"
    return (
        f"SELECT count(*) AS checked, count(*) FILTER (WHERE {_differs(rollup)}) AS different,"  # noqa: S608
        f" {cost}::numeric AS cost_difference FROM {_sides(rollup)}"
    )


async def _differences(
    connection: asyncpg.Connection, rollup: Rollup, part: Slice
) -> list[Difference]:
    keys = list(rollup.keys)
    values = [name for name in rollup.columns if name not in keys and name != "project_id"]
    columns = ", ".join(
        [
            *keys,
            *(f"{side}.{name} AS {side}_{name}" for name in values for side in ("want", "have")),
        ]
    )
    rows = await connection.fetch(
        f"SELECT {columns} FROM {_sides(rollup)} WHERE {_differs(rollup)}"  # noqa: S608
        f" ORDER BY {', '.join(keys)} LIMIT {_SHOWN_PER_ROLLUP}",
        *part,
    )
    return [
        Difference(
            rollup.table,
            part.organization_id,
            {name: row[name] for name in keys},
            {name: row[f"have_{name}"] for name in values},
            {name: row[f"want_{name}"] for name in values},
        )
        for row in rows
    ]


async def _rebuild(connection: asyncpg.Connection, part: Slice, rollups: Sequence[Rollup]) -> int:
    tables = ", ".join(rollup.table for rollup in rollups)
    # Writers add to rollups in one statement with the ledger: once they are held off, what is
    # committed there is all that counts.
    await connection.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
    for rollup in rollups:
        await connection.execute(
            f"DELETE FROM {_stored(rollup)}",  # noqa: S608 - names of ours
            *part,
        )
    of_ledger = [rollup for rollup in rollups if _is_of_ledger(rollup)]
    if of_ledger:
        await connection.execute(_rewrite(of_ledger), *part)
    for rollup in rollups:
        if rollup not in of_ledger:
            await connection.execute(rollup.add(_implied(rollup)), *part)
    if RUN_HOUR in rollups:
        await connection.execute(sql("run_span_recount"), *part)
    written = 0
    for rollup in rollups:
        written += await connection.fetchval(
            f"SELECT count(*) FROM {_stored(rollup)}",  # noqa: S608 - names of ours
            *part,
        )
    return written


def _is_of_ledger(rollup: Rollup) -> bool:
    return rollup is not ON_DEMAND and rollup.by_project is None


def _rewrite(rollups: Sequence[Rollup]) -> str:
    return f"""
WITH entry AS MATERIALIZED (SELECT e.* FROM {_ENTRIES}),
ended AS MATERIALIZED (SELECT j.* FROM {_JOBS}),
{write_statements("entry AS e", "ended AS j", rollups)}
SELECT 1"""  # noqa: S608 - names of ours
