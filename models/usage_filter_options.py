"""What there is to choose from in the usage explorer's filters (000): values that occur in a range.

Projects and models come from the rollup by key and day, workflows and triggers from the runs
themselves, so that none is asked of the ledger. A range is taken by the local days that it touches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from uuid import UUID

import asyncpg

from models.access import Scope
from models.db import sql
from models.period import Period
from models.usage_entry_statement import span_nodes


@dataclass(frozen=True, slots=True)
class UsageFilterOptions:
    """Values that occur, most used first; at most 1,000 each."""

    project_ids: Sequence[UUID]
    workflows: Sequence[str]
    triggers: Sequence[str]
    models: Sequence[str]


async def load_usage_filter_options(
    connection: asyncpg.Connection, scope: Scope, workspace_id: UUID, period: Period
) -> UsageFilterOptions:
    """Those of a workspace that the caller sees, of the projects within reach."""
    start = period.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    [row] = await connection.fetch(
        sql("usage_filter_options"),
        *(scope.organization_id, workspace_id, scope.project_ids),
        *(period.first_date, period.last_date, start, period.end),
        *(span_nodes(start.date()), start.date()),
    )
    return UsageFilterOptions(row["project_ids"], row["workflows"], row["triggers"], row["models"])
