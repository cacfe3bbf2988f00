"""API calls one by one: a row a call, parts of a streamed one summed, corrections folded in (001).

A call is the entries under one key that bear the same project, instant, key, provider, model,
operation and outcome. It stands in the list where its first part does, for good: later parts and
corrections change what it shows, never its place. What was taken back is not shown. Pages walk the
ledger by its index of project and time; which days hold calls that meet a filter is read from a
rollup first, so that a rare model costs no walk over everything else. Refused: sums over calls.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.page import NEWEST, OLDEST, At, Page
from models.period import Calendar

_LONGEST_WALK = 2_000
# An entry's local day, whatever its zone, lies between these distances from that day in UTC.
_BEFORE_DAY, _AFTER_DAY = "interval '15 hours'", "interval '37 hours'"
_SAME = " AND ".join(
    f"{{left}}.{name} IS NOT DISTINCT FROM {{right}}.{name}"
    for name in (
        *("project_id", "occurred_at", "api_key_id", "provider", "model", "operation", "outcome"),
    )
)
IS_FIRST = f"""(c.part = 0 OR NOT EXISTS (
    SELECT FROM credit_transaction AS earlier
    WHERE earlier.organization_id = $1 AND earlier.event_key = c.event_key
        AND earlier.part < c.part AND {_SAME.format(left="earlier", right="c")}
))"""
"""Whether entry `c` is the first part of its call."""
MEETS = """($7::uuid[] IS NULL OR {0}.api_key_id = ANY($7))
    AND ($8::text[] IS NULL OR coalesce({0}.provider, '') = ANY($8))
    AND ($9::text[] IS NULL OR {0}.model = ANY($9))
    AND ($10::text IS NULL OR {0}.operation = $10)
    AND ($11::text IS NULL OR {0}.outcome = $11)"""
"""Whether a row meets the filter, $7 to $11."""
CALL = f"""
SELECT walked.occurred_at, walked.id, walked.project_id, walked.api_key_id, walked.provider,
    walked.model, walked.operation, walked.outcome, parts.run_id,
    parts.input, parts.cache_read, parts.cache_write_5m, parts.cache_write_1h, parts.output,
    parts.reasoning, CASE WHEN parts.stated > 0 THEN parts.duration_ms END AS duration_ms,
    rate.input AS input_price, rate.output AS output_price,
    CASE WHEN parts.rate_id IS NOT NULL THEN parts.cost END AS cost,
    (parts.requests <> 0 OR parts.cost <> 0 OR parts.input <> 0 OR parts.cache_read <> 0
        OR parts.cache_write_5m <> 0 OR parts.cache_write_1h <> 0 OR parts.output <> 0
        OR parts.reasoning <> 0) AS stands
FROM walked
CROSS JOIN LATERAL (
    SELECT sum(part.requests) AS requests, coalesce(sum(part.cost), 0) AS cost,
        sum(part.input)::bigint AS input, sum(part.cache_read)::bigint AS cache_read,
        sum(part.cache_write_5m)::bigint AS cache_write_5m,
        sum(part.cache_write_1h)::bigint AS cache_write_1h,
        sum(part.output)::bigint AS output, sum(part.reasoning)::bigint AS reasoning,
        (array_agg(part.rate_id ORDER BY part.part DESC) FILTER (WHERE part.requests > 0))[1]
            AS rate_id,
        (array_agg(part.run_id ORDER BY part.part DESC) FILTER (WHERE part.requests > 0))[1]
            AS run_id,
        (array_agg(part.duration_ms ORDER BY part.part DESC)
            FILTER (WHERE part.duration_ms IS NOT NULL))[1] AS duration_ms,
        sum(CASE part.kind WHEN 'USAGE' THEN 1 ELSE -1 END)
            FILTER (WHERE part.duration_ms IS NOT NULL) AS stated
    FROM credit_transaction AS part
    WHERE part.organization_id = $1 AND part.event_key = walked.event_key
        AND part.part >= walked.part AND {_SAME.format(left="part", right="walked")}
) AS parts
LEFT JOIN rate ON rate.organization_id = $1 AND rate.id = parts.rate_id"""  # noqa: S608
"""The calls whose first parts are the rows of `walked`."""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls: what is given is all met, a list by any of its values.

    A provider of '' stands for calls whose provider is not known.
    """

    api_key_ids: tuple[UUID, ...] | None = None
    providers: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    operation: str | None = None
    outcome: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every call meets it."""
        return self == CallFilter()


@dataclass(frozen=True, slots=True)
class CallsWanted:
    """A list of calls: of a workspace, from `start` up to `end`, that meet a filter."""

    workspace_id: UUID
    start: datetime
    end: datetime
    filter: CallFilter = CallFilter()


class ApiCall(NamedTuple):
    """One call, in the order of the columns of `CALL`; `id` is that of its first entry."""

    occurred_at: datetime
    id: UUID
    project_id: UUID
    api_key_id: UUID | None
    provider: str | None
    model: str
    operation: str
    outcome: str
    run_id: UUID | None
    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    duration_ms: int | None
    input_price: Decimal | None
    rate_output: Decimal | None
    cost: Decimal | None

    @property
    def place(self) -> At:
        """Where it stands in the list."""
        return At(self.occurred_at, self.id)

    @property
    def is_embedding(self) -> bool:
        """Whether it has no output."""
        return self.operation == "EMBEDDING"

    @property
    def input_tokens(self) -> int:
        """Input tokens, cached ones included."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def output_tokens(self) -> int | None:
        """Output tokens, reasoning included; None for embeddings."""
        return None if self.is_embedding else self.output + self.reasoning

    @property
    def output_price(self) -> Decimal | None:
        """Dollars per million output tokens; None when unpriced or for embeddings."""
        return None if self.is_embedding else self.rate_output


async def list_calls(
    connection: asyncpg.Connection,
    scope: Scope,
    calendar: Calendar,
    wanted: CallsWanted,
    *,
    size: int,
    place: At | None = None,
    is_backward: bool = False,
) -> Page[ApiCall]:
    """A page of calls, newest first: the `size` ones after a place, or backward before it.

    ADMIN of the workspace. `has_next` tells whether there are more on the side that is walked to.
    """
    scope.require_workspace(wanted.workspace_id, Role.ADMIN)
    at, limit = place or (OLDEST if is_backward else NEWEST), size + 1
    found: list[ApiCall] = []
    while True:
        rows = await connection.fetch(
            _BACKWARD if is_backward else _FORWARD,
            *_parameters(scope, calendar, wanted, at, limit),
        )
        calls = [ApiCall._make(tuple(row)[:-1]) for row in rows]
        found += [call for call, row in zip(calls, rows, strict=True) if row["stands"]]
        if len(found) > size or len(rows) < limit:
            break
        # Some of those walked over were taken back: on from the last of them, in longer steps.
        at, limit = calls[-1].place, min(2 * limit, _LONGEST_WALK)
    items = found[:size]
    return Page(items[::-1] if is_backward else items, len(found) > size)


def _parameters(
    scope: Scope, calendar: Calendar, wanted: CallsWanted, at: At, limit: int
) -> Sequence[Any]:
    first, last = calendar.local_date(wanted.start), calendar.local_date(wanted.end)
    instant = min(max(at.instant, wanted.start), wanted.end)
    return (
        *(scope.organization_id, wanted.workspace_id, wanted.start, wanted.end, *at),
        *astuple(wanted.filter),
        *(limit, not wanted.filter.is_empty, first, last, calendar.local_date(instant)),
    )


def _statement(*, is_backward: bool) -> str:
    """Walks each project, or of a filter each project's days that meet it, and merges.

    Of the days as many are walked as hold a page. What the rollup counts on the days at the ends of
    the range, and on the day of the place, may lie outside, and so is not counted on.
    """
    way, beyond = ("ASC", ">") if is_backward else ("DESC", "<")
    return f"""
WITH subject AS MATERIALIZED (
    SELECT id FROM project WHERE organization_id = $1 AND workspace_id = $2
),
day AS (
    SELECT kept.project_id, kept.local_date, sum(kept.requests) AS requests
    FROM subject
    JOIN rollup_key_day AS kept
        ON kept.organization_id = $1 AND kept.project_id = subject.id
        AND kept.local_date BETWEEN $14 AND $15
    WHERE $13 AND kept.local_date {beyond}= $16 AND {MEETS.format("kept")}
    GROUP BY kept.project_id, kept.local_date
),
date AS (
    SELECT local_date, coalesce(sum(
        CASE WHEN local_date > $14 AND local_date < $15 AND local_date <> $16 THEN requests END
    ), 0) AS sure
    FROM day
    GROUP BY local_date
),
counted AS MATERIALIZED (
    SELECT local_date, sum(sure) OVER (ORDER BY local_date {way}) - sure AS passed
    FROM date
),
stretch AS (
    SELECT id AS project_id, NULL::date AS local_date, $3::timestamptz AS since,
        $4::timestamptz AS until
    FROM subject
    WHERE NOT $13
    UNION ALL
    SELECT day.project_id, local_date,
        greatest($3, local_date::timestamp AT TIME ZONE 'UTC' - {_BEFORE_DAY}),
        least($4, local_date::timestamp AT TIME ZONE 'UTC' + {_AFTER_DAY})
    FROM day
    JOIN counted USING (local_date)
    WHERE counted.passed < $12
),
walked AS (
    SELECT entry.*
    FROM stretch
    CROSS JOIN LATERAL (
        SELECT *
        FROM credit_transaction AS c
        WHERE c.organization_id = $1 AND c.project_id = stretch.project_id
            AND c.occurred_at >= stretch.since AND c.occurred_at < stretch.until
            AND (c.occurred_at, c.id) {beyond} ($5, $6)
            AND (stretch.local_date IS NULL OR c.local_date = stretch.local_date)
            AND {MEETS.format("c")}
            AND {IS_FIRST}
        ORDER BY c.occurred_at {way}, c.id {way}
        LIMIT $12
    ) AS entry
    ORDER BY entry.occurred_at {way}, entry.id {way}
    LIMIT $12
)
{CALL}
ORDER BY walked.occurred_at {way}, walked.id {way}"""  # noqa: S608 - names of ours


_FORWARD, _BACKWARD = _statement(is_backward=False), _statement(is_backward=True)
