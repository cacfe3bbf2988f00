"""Everything that 002's page shows for one state of its filters, from one reading.

One statement reads the cells of the range once and sums them twice, by day and initiator and by
provider and model; every other figure is a sum of these here, so that no two parts of the page can
differ. Refused: rounding, save for the average per request, and a cost of 0 for what has no price.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.cells import SUBJECT, cells, parameters
from models.money import ZERO, per_unit, share_pct
from models.period import Period
from models.rollup import DAY
from models.stretch import Stretch
from models.usage_sums import SUMMED, Sums

Date = date  # the name `date` is a field below
CHAT_AGENT, TASK_AGENT, HEARTBEAT = "CHAT_AGENT", "TASK_AGENT", "HEARTBEAT"
STATEMENT = f"""
WITH {SUBJECT},
kept AS ({cells(DAY)}),
cell AS MATERIALIZED (
    SELECT local_date, initiator, provider, model, sum(requests) AS requests,
        sum(input + cache_read + cache_write_5m + cache_write_1h) AS input_tokens,
        sum(output + reasoning) AS output_tokens, sum(cost) AS cost, sum(unpriced) AS unpriced
    FROM kept
    GROUP BY local_date, initiator, provider, model
)
SELECT statement_timestamp() AS as_of,
    (
        SELECT local_date FROM rollup_day WHERE organization_id = $1 ORDER BY local_date LIMIT 1
    ) IS NOT NULL AS was_ever_used,
    NULL::date AS local_date, NULL::text AS initiator, NULL::text AS provider, NULL::text AS model,
    0::bigint AS requests, 0::bigint AS input_tokens, 0::bigint AS output_tokens,
    0::numeric AS cost, 0::bigint AS unpriced
UNION ALL
SELECT NULL, NULL, local_date, initiator, NULL, NULL, {SUMMED}
FROM cell
WHERE ($8::text IS NULL OR provider = $8) AND ($9::text IS NULL OR model = $9)
GROUP BY local_date, initiator
UNION ALL
SELECT NULL, NULL, NULL, NULL, provider, model, {SUMMED}
FROM cell
GROUP BY provider, model"""  # noqa: S608 - names of ours


class EmptyState(StrEnum):
    """Why there is nothing to draw."""

    NO_USAGE_YET = "NO_USAGE_YET"
    NO_MATCH = "NO_MATCH"
    NO_DAILY = "NO_DAILY"


class ModelSpendSort(StrEnum):
    """Columns of the breakdown."""

    PROVIDER = "PROVIDER"
    MODEL = "MODEL"
    REQUESTS = "REQUESTS"
    INPUT_TOKENS = "INPUT_TOKENS"
    OUTPUT_TOKENS = "OUTPUT_TOKENS"
    TOTAL_TOKENS = "TOTAL_TOKENS"
    COST = "COST"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One state of the filters. A provider of '' stands for calls whose provider is not known."""

    stretch: Stretch
    provider: str | None = None
    model: str | None = None
    workspace_id: UUID | None = None
    project_id: UUID | None = None


_NOTHING = Sums()


@dataclass(frozen=True, slots=True)
class DayUsage:
    """One local day: in all, and its tokens by who made the request."""

    date: Date
    sums: Sums
    by_initiator: Mapping[str, Sums]

    @property
    def chat_agent(self) -> int:
        """Tokens of chat sessions."""
        return self._tokens(CHAT_AGENT)

    @property
    def task_agent(self) -> int:
        """Tokens of task agents."""
        return self._tokens(TASK_AGENT)

    @property
    def heartbeat(self) -> int:
        """Tokens of the heartbeat."""
        return self._tokens(HEARTBEAT)

    @property
    def unattributed(self) -> int:
        """Tokens that nobody is named for."""
        return self._tokens("")

    def _tokens(self, initiator: str) -> int:
        return self.by_initiator.get(initiator, _NOTHING).total_tokens


@dataclass(frozen=True, slots=True)
class ModelSpend:
    """One provider's model, as part of `whole`; of all together neither is told."""

    provider: str | None
    model: str | None
    sums: Sums
    whole: Decimal = ZERO

    @classmethod
    def of(cls, row: asyncpg.Record) -> "ModelSpend":
        """That of a row."""
        return cls(row["provider"] or None, row["model"] or None, Sums.of(row))

    @property
    def cost(self) -> Decimal | None:
        """Dollars; None when requests were made and none of them had a price."""
        return self.sums.told_cost

    def share_pct(self) -> float | None:
        """Its share of the cost; None without a cost."""
        return None if self.cost is None else share_pct(self.cost, self.whole)


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """The page. `breakdown` is in no order; see `sort_breakdown`."""

    organization_id: UUID
    wanted: Wanted
    as_of: datetime
    was_ever_used: bool
    sums: Sums
    daily: Sequence[DayUsage]
    breakdown: Sequence[ModelSpend]
    providers: Sequence[str]
    models: Sequence[str]

    @property
    def period(self) -> Period:
        """What it covers."""
        return self.wanted.stretch.period

    @property
    def totals(self) -> ModelSpend:
        """The breakdown's bottom row."""
        return ModelSpend(None, None, self.sums, self.sums.cost)

    @property
    def cost_per_request(self) -> Decimal | None:
        """Dollars by priced requests; None without any."""
        count = self.sums.priced_requests
        return per_unit(self.sums.cost, count) if count > 0 else None

    @property
    def days(self) -> Sequence[DayUsage]:
        """The same days, of the series by initiator."""
        return self.daily

    @property
    def is_shown(self) -> bool:
        """Whether task agents or the heartbeat used tokens."""
        return any(day.task_agent or day.heartbeat for day in self.daily)

    @property
    def empty_state(self) -> EmptyState | None:
        """Why there is nothing to draw; None when there is something."""
        if not self.was_ever_used:
            return EmptyState.NO_USAGE_YET
        if not self.breakdown:
            return EmptyState.NO_MATCH
        is_drawn = any(day.sums.total_tokens for day in self.daily)
        return None if is_drawn else EmptyState.NO_DAILY


async def load_token_usage(
    connection: asyncpg.Connection, scope: Scope, wanted: Wanted
) -> TokenUsage:
    """The page for one state of its filters. ADMIN of the organization."""
    scope.require_organization(Role.ADMIN)
    head, *rows = await connection.fetch(
        STATEMENT,
        *parameters(scope.organization_id, wanted.workspace_id, wanted.project_id, wanted.stretch),
        wanted.provider,
        wanted.model,
    )
    spent = [ModelSpend.of(row) for row in rows if row["local_date"] is None]
    spent = [it for it in spent if it.sums.is_something]
    met = [it for it in spent if _meets(it, wanted)]
    sums = sum((it.sums for it in met), _NOTHING)
    return TokenUsage(
        organization_id=scope.organization_id,
        wanted=wanted,
        as_of=head["as_of"],
        was_ever_used=head["was_ever_used"],
        sums=sums,
        daily=_days(wanted.stretch.days, rows),
        breakdown=[replace(it, whole=sums.cost) for it in met],
        providers=sorted({it.provider for it in spent if it.provider}),
        models=sorted({it.model for it in spent if it.model and _is_of(it, wanted.provider)}),
    )


def _is_of(it: ModelSpend, provider: str | None) -> bool:
    return provider is None or (it.provider or "") == provider


def _meets(it: ModelSpend, wanted: Wanted) -> bool:
    return _is_of(it, wanted.provider) and wanted.model in (None, it.model)


def _days(days: Sequence[date], rows: Iterable[asyncpg.Record]) -> list[DayUsage]:
    """Each day by initiator, and the sum of these."""
    parts: dict[date, dict[str, Sums]] = {day: {} for day in days}
    for row in rows:
        if row["local_date"] is not None:
            parts[row["local_date"]][row["initiator"]] = Sums.of(row)
    return [DayUsage(day, sum(of.values(), _NOTHING), of) for day, of in parts.items()]


def sort_breakdown(
    breakdown: Sequence[ModelSpend], column: ModelSpendSort, *, descending: bool
) -> list[ModelSpend]:
    """By a column; rows that are equal in it by cost, highest first, then by name.

    Rows without a cost come last among those of which cost decides, whichever way it is sorted.
    """
    ordered = sorted(breakdown, key=_by_cost_then_name)
    if column is ModelSpendSort.COST:
        ordered.sort(key=lambda it: it.sums.cost, reverse=descending)
        return sorted(ordered, key=lambda it: it.cost is None)
    return sorted(ordered, key=_COLUMNS[column], reverse=descending)


def _name(it: ModelSpend) -> tuple[str, str]:
    return (it.provider or "", it.model or "")


def _by_cost_then_name(it: ModelSpend) -> tuple[bool, Decimal, bool, tuple[str, str]]:
    return (it.cost is None, -it.sums.cost, it.sums.unpriced > 0, _name(it))


_COLUMNS: dict[ModelSpendSort, Callable[[ModelSpend], Any]] = {
    ModelSpendSort.PROVIDER: _name,
    ModelSpendSort.MODEL: lambda it: it.model or "",
    ModelSpendSort.REQUESTS: lambda it: it.sums.requests,
    ModelSpendSort.INPUT_TOKENS: lambda it: it.sums.input_tokens,
    ModelSpendSort.OUTPUT_TOKENS: lambda it: it.sums.output_tokens,
    ModelSpendSort.TOTAL_TOKENS: lambda it: it.sums.total_tokens,
}
