"""What a range is made of: rows of a rollup for its whole days, and for the hours at its ends the
rows that the ledger's entries come to.

Both halves are made from the same declaration (`rollup.py`), so that an hour at the edge means what
a day does. A report over whole days costs its rollup cells alone; over other hours also the entries
of those hours, of at most two days, found by the ledger's index of project and time. The texts made
here are parts of statements whose first parameters are those of `parameters`.
"""

from typing import Any
from uuid import UUID

from models.rollup import Rollup
from models.stretch import Stretch

SUBJECT = """
subject AS MATERIALIZED (
    SELECT id
    FROM project
    WHERE organization_id = $1
        AND ($2::uuid IS NULL OR workspace_id = $2)
        AND ($3::uuid IS NULL OR id = $3)
)"""
"""The projects that count, as a CTE: of workspace $2, and project $3, where given."""


def parameters(
    organization_id: UUID, workspace_id: UUID | None, project_id: UUID | None, stretch: Stretch
) -> list[Any]:
    """$1 to $7 of statements that read cells."""
    return [
        *(organization_id, workspace_id, project_id, stretch.first, stretch.last),
        [start for start, _ in stretch.edges],
        [end for _, end in stretch.edges],
    ]


def cells(rollup: Rollup) -> str:
    """A query for the cells of the range; needs the CTE `SUBJECT`."""
    columns = ", ".join(rollup.columns)
    arms = _by_project(rollup) if next(iter(rollup.keys)) == "project_id" else _by_day(rollup)
    selected = [f"SELECT {columns} FROM {arm}" for arm in arms]  # noqa: S608 - names of ours
    # Of the types of the table's columns: PostgreSQL reads a union of the same types as one table,
    # and of that only the columns that are asked for.
    counted = ", ".join(_of_its_type(rollup, name) for name in rollup.columns)
    edges = f"SELECT {counted} FROM ({rollup.recount(_EDGE_ENTRIES, '')}) AS recounted"  # noqa: S608
    return " UNION ALL ".join([*selected, edges])


def _of_its_type(rollup: Rollup, name: str) -> str:
    if name not in rollup.sums:
        return name
    kind = "numeric(30, 12)" if name == "cost" else "bigint"
    return f"{name}::{kind} AS {name}"


_EDGE_ENTRIES = """
(
    SELECT entry.*
    FROM unnest($6::timestamptz[], $7::timestamptz[]) AS edge (starts_at, ends_at)
    CROSS JOIN subject
    CROSS JOIN LATERAL (
        SELECT *
        FROM credit_transaction
        WHERE organization_id = $1 AND project_id = subject.id
            AND occurred_at >= edge.starts_at AND occurred_at < edge.ends_at
        OFFSET 0
    ) AS entry
) AS e"""


def _by_project(rollup: Rollup) -> list[str]:
    """Of a rollup whose key begins with the project: one stretch of its index a project."""
    return [
        f"""subject CROSS JOIN LATERAL (
    SELECT *
    FROM {rollup.table} AS kept
    WHERE kept.organization_id = $1 AND kept.project_id = subject.id
        AND kept.{rollup.date} BETWEEN $4 AND $5
    OFFSET 0
) AS cell"""  # noqa: S608 - names of ours
    ]


def _by_day(rollup: Rollup) -> list[str]:
    """Of a rollup whose key begins with the day: all at once, or one look-up a day and project.

    Of the two only one is run: conditions on parameters alone are decided before anything is read.
    """
    return [
        f"""{rollup.table}
WHERE organization_id = $1 AND {rollup.date} BETWEEN $4 AND $5
    AND $2::uuid IS NULL AND $3::uuid IS NULL""",
        f"""generate_series($4::date, $5::date, interval '1 day') AS day (began_at)
CROSS JOIN subject
CROSS JOIN LATERAL (
    SELECT *
    FROM {rollup.table} AS kept
    WHERE kept.organization_id = $1 AND kept.{rollup.date} = day.began_at::date
        AND kept.project_id = subject.id
    OFFSET 0
) AS cell
WHERE $2::uuid IS NOT NULL OR $3::uuid IS NOT NULL""",  # noqa: S608 - names of ours
    ]
