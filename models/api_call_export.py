"""API calls as CSV (001): the ten documented columns, then cached tokens and what a call cost.

The rows of `api_call.py`, newest first, some instants at a time. All parts of a call bear the same
instant, so calls are put together within a stretch of time by grouping, without looking each one
up. Days are cut where the rollups say that more than a batch lies in them. Refused: anything about
a person; a call's cost as 0 when it had no price.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from models.api_call import CallsWanted
from models.arguments import Arguments
from models.db import sql
from models.export import BATCH_SIZE, Statement, instant_cell, number_cell, text_cell
from models.ids import API_KEY
from models.period import Calendar

HEADER = (
    "Date",
    "API Key ID",
    "API Key Name",
    "Provider",
    "Model",
    "Input Tokens",
    "Output Tokens",
    "Completion Time (ms)",
    "Input Token Price (USD/1M tokens)",
    "Output Token Price (USD/1M tokens)",
    "Cache Read Tokens",
    "Cache Write Tokens (5 min)",
    "Cache Write Tokens (1 h)",
    "Reasoning Tokens",
    "Cost (USD)",
)
_DAY = timedelta(days=1)
_COMPLETION_ONLY = "CASE WHEN call.operation <> 'EMBEDDING' THEN {} END"
_PUBLIC_KEY_ID = (
    f"'{API_KEY}_' || translate(rtrim(encode(uuid_send(api_key.organization_id)"
    " || uuid_send(api_key.id), 'base64'), '='), '+/', '-_')"
)
_CELLS = (
    instant_cell("call.occurred_at"),
    _PUBLIC_KEY_ID,
    *(text_cell(name) for name in ("api_key.name", "call.provider", "call.model")),
    "call.input + call.cache_read + call.cache_write_5m + call.cache_write_1h",
    _COMPLETION_ONLY.format("call.output + call.reasoning"),
    "CASE WHEN call.stated > 0 THEN call.duration_ms END",
    number_cell("rate.input"),
    _COMPLETION_ONLY.format(number_cell("rate.output")),
    *(f"call.{name}" for name in ("cache_read", "cache_write_5m", "cache_write_1h")),
    _COMPLETION_ONLY.format("call.reasoning"),
    f"CASE WHEN call.rate_id IS NULL THEN 'unpriced' ELSE {number_cell('call.cost')}::text END",
)
_GROUP = (
    *("event_key", "project_id", "occurred_at", "api_key_id", "provider", "model", "operation"),
    "outcome",
)
_TOKENS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")


class ApiCallExport:
    """The calls of a list, all of them. The caller has settled that they may be seen."""

    header: Sequence[str] = HEADER

    def __init__(self, organization_id: UUID, calendar: Calendar, wanted: CallsWanted) -> None:
        self._organization_id = organization_id
        self._calendar = calendar
        self._wanted = wanted

    async def statements(self, connection: asyncpg.Connection) -> AsyncIterator[Statement]:
        """Newest first; the rows of each statement lie before those of the one that follows."""
        async for start, end in self._windows(connection):
            yield self._statement(start, end)

    async def _windows(
        self, connection: asyncpg.Connection
    ) -> AsyncIterator[tuple[datetime, datetime]]:
        """Days together as long as a batch holds them; a day that is longer in parts."""
        wanted, calendar = self._wanted, self._calendar
        first, last = (calendar.local_date(at) for at in (wanted.start, wanted.end))
        days = await connection.fetch(
            sql("api_call_days"), self._organization_id, wanted.workspace_id, first, last
        )
        end, count = wanted.end, 0
        for day, day_count in days:
            if count and count + day_count > BATCH_SIZE:
                begin = min(max(calendar.day_start(day + _DAY), wanted.start), end)
                async for window in self._parts(connection, begin, end, count):
                    yield window
                end, count = begin, 0
            count += day_count
        async for window in self._parts(connection, wanted.start, end, count):
            yield window

    async def _parts(
        self, connection: asyncpg.Connection, start: datetime, end: datetime, count: int
    ) -> AsyncIterator[tuple[datetime, datetime]]:
        """A window, or when a batch does not hold it, its parts; an instant is never parted."""
        while count > BATCH_SIZE:
            begin = await connection.fetchval(
                sql("api_call_batch"),
                *(self._organization_id, self._wanted.workspace_id, start, end, BATCH_SIZE),
            )
            if begin is None:
                break
            yield begin, end
            end = begin
        if start < end:
            yield start, end

    def _statement(self, start: datetime, end: datetime) -> Statement:
        """The calls of a stretch of time, put together from its entries."""
        give = Arguments()
        organization, wanted = give(self._organization_id, "uuid"), self._wanted
        workspace = give(wanted.workspace_id, "uuid")
        since, until = give(start, "timestamptz"), give(end, "timestamptz")
        grouped = ", ".join(f"entry.{name}" for name in _GROUP)
        sums = ", ".join(f"sum(entry.{name})::bigint AS {name}" for name in _TOKENS)
        text = f"""
SELECT {", ".join(_CELLS)}
FROM (
    SELECT {grouped}, {sums},
        (array_agg(entry.id ORDER BY entry.part))[1] AS id,
        (array_agg(entry.rate_id ORDER BY entry.part DESC) FILTER (WHERE entry.requests > 0))[1]
            AS rate_id,
        (array_agg(entry.duration_ms ORDER BY entry.part DESC)
            FILTER (WHERE entry.duration_ms IS NOT NULL))[1] AS duration_ms,
        sum(CASE entry.kind WHEN 'USAGE' THEN 1 ELSE -1 END)
            FILTER (WHERE entry.duration_ms IS NOT NULL) AS stated,
        coalesce(sum(entry.cost), 0) AS cost, sum(entry.requests) AS requests
    FROM project
    CROSS JOIN LATERAL (
        SELECT *
        FROM credit_transaction AS c
        WHERE c.organization_id = {organization} AND c.project_id = project.id
            AND c.occurred_at >= {since} AND c.occurred_at < {until}{self._met(give)}
        OFFSET 0
    ) AS entry
    WHERE project.organization_id = {organization} AND project.workspace_id = {workspace}
    GROUP BY {grouped}
) AS call
LEFT JOIN rate ON rate.organization_id = {organization} AND rate.id = call.rate_id
LEFT JOIN api_key
    ON api_key.organization_id = {organization} AND api_key.id = call.api_key_id
WHERE call.requests <> 0 OR call.cost <> 0 OR {" OR ".join(f"call.{it} <> 0" for it in _TOKENS)}
ORDER BY call.occurred_at DESC, call.id DESC"""  # noqa: S608 - names of ours
        return text, give

    def _met(self, give: Arguments) -> str:
        """What the filter adds to the conditions of an entry."""
        wanted = self._wanted.filter
        lists = (
            ("c.api_key_id", wanted.api_key_ids, "uuid[]"),
            ("coalesce(c.provider, '')", wanted.providers, "text[]"),
            ("c.model", wanted.models, "text[]"),
        )
        met = [f"{name} = ANY({give(values, kind)})" for name, values, kind in lists
               if values is not None]  # fmt: skip
        words = (("operation", wanted.operation), ("outcome", wanted.outcome))
        met += [f"c.{name} = {give(word, 'text')}" for name, word in words if word is not None]
        return "".join(f" AND {condition}" for condition in met)
