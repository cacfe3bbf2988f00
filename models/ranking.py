"""Who used most: workspaces, workspace groups and people by what they used, a page at a time.

In dollars by when calls were made, in credits by when they were taken, on whole local days, from
the rollups. What everybody used is summed by the same statement that ranks them, so that shares and
totals are of one moment. Calendar months are read as months, which are fewer rows. Refused: the
ledger, and callers who may not see the organization's figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.ids import NIL
from models.money import kept, share_pct
from models.page import Named, Page, page
from models.period import add_months
from models.spend_unit import SpendUnit

_DAY = timedelta(days=1)
_SEPARATOR = "\x01"


class Subject(StrEnum):
    """What is ranked."""

    WORKSPACE = "WORKSPACE"
    WORKSPACE_GROUP = "WORKSPACE_GROUP"
    USER = "USER"


@dataclass(frozen=True, slots=True)
class Spend:
    """One subject's use. `id` is None for what is in no group or counts for nobody."""

    id: UUID | None
    name: str
    requests: int
    exact_amount: Decimal
    unpriced_transactions: int
    pct_of_total: float

    @property
    def amount(self) -> Decimal:
        """What was used."""
        return kept(self.exact_amount)

    @property
    def place(self) -> Named:
        """Where it stands in the ranking."""
        return Named(f"{self.exact_amount:f}{_SEPARATOR}{self.name}", self.id or NIL)


async def rank(
    connection: asyncpg.Connection,
    scope: Scope,
    subject: Subject,
    unit: SpendUnit,
    first: date,
    last: date,
    *,
    size: int,
    after: Named | None = None,
) -> Page[Spend]:
    """A page of those with use on these local days, most first, then by name. ADMIN."""
    scope.require_organization(Role.ADMIN)
    place: tuple[Any, ...] = (None, None, None)
    if after is not None:
        amount, _, name = after.name.partition(_SEPARATOR)
        place = (Decimal(amount), name, after.id)
    days: tuple[Any, ...] = (first, last)
    if (subject, unit) in _BY_MONTH:
        text, days = _BY_MONTH[subject, unit], _months_and_days(first, last)
    else:
        text = _BY_DAY[subject, unit]
    rows = await connection.fetch(text, scope.organization_id, *place, size + 1, *days)
    return page([_spend(row) for row in rows], size)


def _spend(row: asyncpg.Record) -> Spend:
    id, name, requests, amount, unpriced, total = row
    return Spend(
        None if id == NIL else id,
        name,
        int(requests),
        amount,
        int(unpriced),
        share_pct(amount, total),
    )


def _months_and_days(first: date, last: date) -> tuple[list[date], list[date], list[date]]:
    """The calendar months that lie wholly in the days from `first` to `last`; then the first and
    the last of each stretch of days beside them.
    """
    opening = first if first.day == 1 else add_months(first.replace(day=1), 1)
    closing = (last + _DAY).replace(day=1)  # the first month that is not whole
    if closing <= opening:
        return [], [first], [last]
    months = []
    month = opening
    while month < closing:
        months.append(month)
        month = add_months(month, 1)
    sides = [(first, opening - _DAY), (closing, last)]
    sides = [side for side in sides if side[0] <= side[1]]
    return months, [side[0] for side in sides], [side[1] for side in sides]


# ---- the statements: $1 organization, $2 to $4 place (amount, name, id), $5 how many; then days

_MONTHS_OF_PROJECTS = """
    SELECT p.id AS project_id, s.requests, s.amount, s.unpriced
    FROM project AS p
    CROSS JOIN LATERAL (
        SELECT sum(requests) AS requests, sum(cost) AS amount, sum(unpriced) AS unpriced
        FROM (
            SELECT requests, cost, unpriced
            FROM rollup_month
            WHERE organization_id = $1 AND project_id = p.id AND month = ANY ($6::date[])
            UNION ALL
            SELECT d.requests, d.cost, d.unpriced
            FROM unnest($7::date[], $8::date[]) AS days (first_date, last_date)
            JOIN rollup_project_day AS d
                ON d.organization_id = $1 AND d.project_id = p.id
                AND d.local_date BETWEEN days.first_date AND days.last_date
        ) AS parts
    ) AS s
    WHERE p.organization_id = $1 AND s.requests IS NOT NULL"""


def _days(table: str, key: str, amount: str) -> str:
    return f"""
    SELECT {key}, sum(requests) AS requests, sum({amount}) AS amount, sum(unpriced) AS unpriced
    FROM {table}
    WHERE organization_id = $1 AND local_date BETWEEN $6 AND $7
    GROUP BY {key}"""  # noqa: S608 - names of ours


# While the organization's own sums are still to be counted, those of its projects are added up.
_IS_DUE = """EXISTS (SELECT FROM due_rollup AS due WHERE due.organization_id = $1
                AND due.rollup = 'rollup_organization_user_day')"""
_DAYS_OF_USERS = f"""
    SELECT d.user_id, sum(d.requests) AS requests, sum(d.cost) AS amount,
        sum(d.unpriced) AS unpriced
    FROM (
        SELECT r.user_id, r.requests, r.cost, r.unpriced
        FROM rollup_organization_user_day AS r
        WHERE r.organization_id = $1 AND r.local_date BETWEEN $6 AND $7
            AND NOT {_IS_DUE}
        UNION ALL
        SELECT r.user_id, r.requests, r.cost, r.unpriced
        FROM rollup_user_day AS r
        WHERE r.organization_id = $1 AND r.local_date BETWEEN $6 AND $7
            AND {_IS_DUE}
    ) AS d
    GROUP BY d.user_id"""  # noqa: S608 - names of ours
_TOTALS = "sum(s.requests) AS requests, sum(s.amount) AS amount, sum(s.unpriced) AS unpriced"
_WORKSPACE = "w.organization_id = $1 AND w.id = p.workspace_id"
_PROJECT = "p.organization_id = $1 AND p.id = s.project_id"
_OF_SUBJECT = {
    Subject.WORKSPACE: f"""
    SELECT w.id, w.name, {_TOTALS}
    FROM spent AS s
    JOIN project AS p ON {_PROJECT}
    JOIN workspace AS w ON {_WORKSPACE}
    GROUP BY w.id, w.name""",  # noqa: S608
    Subject.WORKSPACE_GROUP: f"""
    SELECT coalesce(w.group_id, '{NIL}') AS id, coalesce(g.name, '') AS name, {_TOTALS}
    FROM spent AS s
    JOIN project AS p ON {_PROJECT}
    JOIN workspace AS w ON {_WORKSPACE}
    LEFT JOIN workspace_group AS g ON g.organization_id = $1 AND g.id = w.group_id
    GROUP BY w.group_id, g.name""",  # noqa: S608
    Subject.USER: f"""
    SELECT s.user_id AS id, coalesce(u.name, '') AS name, {_TOTALS}
    FROM spent AS s
    LEFT JOIN app_user AS u ON u.id = s.user_id
    GROUP BY s.user_id, u.name""",  # noqa: S608
}


def _statement(subject: Subject, spent: str) -> str:
    return f"""
WITH spent AS ({spent}
),
summed AS ({_OF_SUBJECT[subject]}
),
ranked AS (
    SELECT id, name, requests, amount, unpriced, sum(amount) OVER () AS total
    FROM summed
    WHERE requests <> 0 OR amount <> 0 OR unpriced <> 0
)
SELECT id, name, requests, amount, unpriced, total
FROM ranked
WHERE $2::numeric IS NULL
    OR amount < $2
    OR amount = $2 AND (name, id) > ($3::text, $4::uuid)
ORDER BY amount DESC, name, id
LIMIT $5"""  # noqa: S608 - names of ours


_PLACES: Sequence[Subject] = (Subject.WORKSPACE, Subject.WORKSPACE_GROUP)
_BY_MONTH = {
    (subject, SpendUnit.DOLLARS): _statement(subject, _MONTHS_OF_PROJECTS) for subject in _PLACES
}
_BY_DAY = {
    (subject, SpendUnit.CREDITS): _statement(
        subject, _days("credit_use_day", "project_id", "credits")
    )
    for subject in _PLACES
} | {
    (Subject.USER, SpendUnit.DOLLARS): _statement(Subject.USER, _DAYS_OF_USERS),
    (Subject.USER, SpendUnit.CREDITS): _statement(
        Subject.USER, _days("credit_use_day", "user_id", "credits")
    ),
}
