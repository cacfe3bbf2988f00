"""Reading entries of the ledger: the only lists that come from it, by its project-time index.

Each bears what a page shows beside it: the unit prices that applied and how it was paid for. An
entry without a deduction was wholly included and took no credits. Refused: sums (see `summary.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Scope
from models.db import sql
from models.event import STREAM
from models.ids import NIL
from models.money import ZERO
from models.page import FIRST_INSTANT, NEWEST, At, Page, PageKey, page_parameters, pages
from models.pipeline import reachable


class CreditTransaction(NamedTuple):
    """One entry of the ledger, in the order of the columns of `entry_list.sql`."""

    id: UUID
    organization_id: UUID
    project_id: UUID
    run_id: UUID | None
    job_id: UUID | None
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    cost: Decimal | None
    source_cost: Decimal | None
    agent_type: str
    initiator: str | None
    surface: str | None
    api_key_id: UUID | None
    user_id: UUID | None
    provider: str | None
    model: str | None
    operation: str
    outcome: str
    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    duration_ms: int | None
    counted_key: str
    report_key: str | None
    reason: str | None
    corrects_id: UUID | None
    rate_input: Decimal | None
    rate_output: Decimal | None
    deducted_on_demand: Decimal | None
    monthly_credits: Decimal | None
    bonus_credits: Decimal | None
    overage_credits: Decimal | None

    @property
    def input_tokens(self) -> int:
        """Input tokens, cached ones included."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def output_tokens(self) -> int:
        """Output tokens, reasoning included."""
        return self.output + self.reasoning

    @property
    def total_tokens(self) -> int:
        """Sum of the two."""
        return self.input_tokens + self.output_tokens

    @property
    def event_key(self) -> str:
        """The caller's name for the event, or for the report that added this part."""
        return self.report_key or self.call_key

    @property
    def call_key(self) -> str:
        """The call this is a part of; the same as the event's key when it does not stream."""
        return self.counted_key.removeprefix(STREAM)

    @property
    def entry_type(self) -> str:
        """`ON_DEMAND` when any of it is beyond the limit, else `INCLUDED`."""
        return "ON_DEMAND" if self.deducted_on_demand else "INCLUDED"

    @property
    def on_demand_cost(self) -> Decimal | None:
        """The part of the cost beyond the limit; None when unpriced."""
        return None if self.cost is None else self.deducted_on_demand or ZERO

    @property
    def input_price(self) -> Decimal | None:
        """Dollars per million input tokens; None when unpriced."""
        return None if self.cost is None else self.rate_input

    @property
    def output_price(self) -> Decimal | None:
        """Dollars per million output tokens; None when unpriced or for embeddings."""
        return None if self.cost is None or self.operation == "EMBEDDING" else self.rate_output


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries: what is given is all met; instants are half-open."""

    kinds: tuple[str, ...] | None = None
    agent_types: tuple[str, ...] | None = None
    run_id: UUID | None = None
    model: str | None = None
    is_unpriced: bool | None = None
    start: datetime | None = None
    end: datetime | None = None


async def list_entries(
    connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey], wanted: EntryFilter
) -> list[Page[CreditTransaction]]:
    """A page of the ledger of each project, newest first."""
    top = At(wanted.end, NIL) if wanted.end else NEWEST
    rows = await connection.fetch(
        sql("entry_list"),
        scope.organization_id,
        *page_parameters(keys, top),
        wanted.start or FIRST_INSTANT,
        wanted.kinds,
        wanted.agent_types,
        wanted.run_id,
        wanted.model,
        wanted.is_unpriced,
    )
    return pages(keys, rows, CreditTransaction._make)


async def load_entries(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[CreditTransaction | None]:
    """Entries within reach."""
    rows = await connection.fetch(sql("entry_show"), scope.organization_id, list(ids))
    return reachable(scope, ids, map(CreditTransaction._make, rows))
