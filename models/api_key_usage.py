"""Spend and speed of API calls over a range: by key, model, provider and hour of the day (001).

Everything comes from the rollups by key and by duration, read once for all three groupings, and by
hour for the fourth. Sums are exact. Percentiles are those of buckets: exact below 32 ms, and within
3.2 % of the duration that an exact one would tell (see `duration_bucket` in the migrations). The
last use is that of the day's last call, a call that was taken back since included. Refused: failed
calls and percentiles by hour, which no rollup holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.cells import SUBJECT, cells, parameters
from models.ids import NIL
from models.money import share_pct
from models.period import Calendar, Period
from models.rollup import DURATION_DAY, HOUR, KEY_DAY
from models.stretch import Stretch
from models.usage_sums import SUMMED, Sums

MOST_ROWS = 1_000
HOURS_A_DAY = 24
_EXACT_BELOW = 16
_KEY, _MODEL, _PROVIDER, _ALL = 3, 4, 5, 7  # what grouping() says of the three columns
_SPEND = f"""
WITH {SUBJECT},
kept AS ({cells(KEY_DAY)}),
timed AS ({cells(DURATION_DAY)}),
spend AS (
    SELECT grouping(api_key_id, provider, model) AS grouped, api_key_id, provider, model, {SUMMED},
        coalesce(sum(requests) FILTER (WHERE outcome = 'FAILED'), 0)::bigint AS failed,
        max(last_at) FILTER (WHERE requests <> 0) AS last_at
    FROM kept
    GROUP BY GROUPING SETS ((api_key_id), (provider, model), (provider), ())
),
bucketed AS (
    SELECT grouping(api_key_id, provider, model) AS grouped, api_key_id, provider, model, bucket,
        sum(calls) AS calls
    FROM timed
    GROUP BY GROUPING SETS (
        (api_key_id, bucket), (provider, model, bucket), (provider, bucket), (bucket)
    )
    HAVING sum(calls) > 0
),
reached AS (
    SELECT *, sum(calls) OVER (
            PARTITION BY grouped, api_key_id, provider, model ORDER BY bucket
        ) AS reached,
        sum(calls) OVER (PARTITION BY grouped, api_key_id, provider, model) AS total
    FROM bucketed
),
percentile AS (
    SELECT grouped, api_key_id, provider, model,
        min(bucket) FILTER (WHERE reached * 2 >= total) AS p50,
        min(bucket) FILTER (WHERE reached * 100 >= total * 95) AS p95
    FROM reached
    GROUP BY grouped, api_key_id, provider, model
)
SELECT spend.*, percentile.p50, percentile.p95
FROM spend
LEFT JOIN percentile
    ON percentile.grouped = spend.grouped
    AND percentile.api_key_id IS NOT DISTINCT FROM spend.api_key_id
    AND percentile.provider IS NOT DISTINCT FROM spend.provider
    AND percentile.model IS NOT DISTINCT FROM spend.model"""  # noqa: S608 - names of ours
_HOURS = f"""
WITH {SUBJECT},
kept AS ({cells(HOUR)})
SELECT hour_start, {SUMMED}
FROM kept
GROUP BY hour_start"""  # noqa: S608 - names of ours


@dataclass(frozen=True, slots=True)
class Usage:
    """What a key, a model, a provider or all of them used. Of all of them none is named."""

    api_key_id: UUID | None
    provider: str | None
    model: str | None
    sums: Sums
    whole: Decimal
    failed: int
    duration_p50_ms: int | None
    duration_p95_ms: int | None
    last_used_at: datetime | None

    def share_pct(self) -> float:
        """Its share of the cost."""
        return share_pct(self.sums.cost, self.whole)


@dataclass(frozen=True, slots=True)
class HourUsage:
    """What was used in one hour of the day, over all days."""

    hour: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class ApiKeyUsage:
    """A workspace's calls over a range."""

    organization_id: UUID
    workspace_id: UUID
    stretch: Stretch
    keys: Sequence[Usage]
    models: Sequence[Usage]
    providers: Sequence[Usage]
    totals: Usage

    @property
    def period(self) -> Period:
        """What it covers."""
        return self.stretch.period


def bucket_middle_ms(bucket: int) -> int:
    """The duration in the middle of a bucket."""
    if bucket < _EXACT_BELOW:
        return bucket
    doubling, place = divmod(bucket, 16)
    width = 1 << (doubling - 1)
    return (16 + place) * width + (width - 1) // 2


async def load_api_key_usage(
    connection: asyncpg.Connection, scope: Scope, workspace_id: UUID, stretch: Stretch
) -> ApiKeyUsage:
    """By key, model and provider, highest cost first. ADMIN of the workspace."""
    scope.require_workspace(workspace_id, Role.ADMIN)
    rows = await connection.fetch(
        _SPEND, *parameters(scope.organization_id, workspace_id, None, stretch)
    )
    [total] = (row for row in rows if row["grouped"] == _ALL)
    whole = total["cost"]
    by = {grouped: _ordered(rows, grouped, whole) for grouped in (_KEY, _MODEL, _PROVIDER)}
    return ApiKeyUsage(
        scope.organization_id,
        workspace_id,
        stretch,
        *(by[_KEY], by[_MODEL], by[_PROVIDER]),
        _usage(total, whole),
    )


def _ordered(rows: Iterable[asyncpg.Record], grouped: int, whole: Decimal) -> list[Usage]:
    used = [_usage(row, whole) for row in rows if row["grouped"] == grouped]
    used = [it for it in used if it.sums.is_something]
    return sorted(used, key=_by_cost)[:MOST_ROWS]


def _by_cost(it: Usage) -> tuple[Decimal, bool, str, str, str]:
    names = (it.provider or "", it.model or "", str(it.api_key_id or ""))
    return (-it.sums.cost, it.sums.unpriced > 0, *names)


def _usage(row: asyncpg.Record, whole: Decimal) -> Usage:
    key = row["api_key_id"]
    return Usage(
        api_key_id=None if key == NIL else key,
        provider=row["provider"] or None,
        model=row["model"] or None,
        sums=Sums.of(row),
        whole=whole,
        failed=row["failed"],
        duration_p50_ms=_middle_ms(row["p50"]),
        duration_p95_ms=_middle_ms(row["p95"]),
        last_used_at=row["last_at"],
    )


def _middle_ms(bucket: int | None) -> int | None:
    return None if bucket is None else bucket_middle_ms(bucket)


async def load_hours(
    connection: asyncpg.Connection,
    scope: Scope,
    calendar: Calendar,
    workspace_id: UUID,
    stretch: Stretch,
) -> list[HourUsage]:
    """The 24 local hours of the day, empty ones included. ADMIN of the workspace."""
    scope.require_workspace(workspace_id, Role.ADMIN)
    rows = await connection.fetch(
        _HOURS, *parameters(scope.organization_id, workspace_id, None, stretch)
    )
    hours = [Sums() for _ in range(HOURS_A_DAY)]
    for row in rows:
        hours[calendar.hour_of_day(row["hour_start"])] += Sums.of(row)
    return [HourUsage(hour, sums) for hour, sums in enumerate(hours)]
