"""Answers worked out the long way: from the ledger joined to jobs and runs, row by row in Python.

003 says that every question joins creditTransactions, agentJobs and pipelineRuns; the product reads
rollups instead. Tests compare the two. Days and months are taken from the instants by zoneinfo, not
from the dates that the ledger stored.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tenants import Tenant

from models.activity import AgentJob
from models.event import UNATTRIBUTED
from models.transaction import CreditTransaction


@dataclass
class Sums:
    """What rows come to."""

    cost: Decimal = Decimal(0)
    input_tokens: int = 0
    output_tokens: int = 0
    unpriced: int = 0
    jobs: int = 0
    succeeded: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass
class Recount:
    """Every transaction and every completed job of a tenant, each with its local day."""

    transactions: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)

    def by(
        self, key: Callable[[dict[str, Any]], Any], keep: Callable[[dict[str, Any]], bool]
    ) -> dict[Any, Sums]:
        """The sums of the rows to keep, grouped."""
        found: dict[Any, Sums] = defaultdict(Sums)
        for row in filter(keep, self.transactions):
            sums = found[key(row)]
            sums.cost += row["cost"] or 0
            sums.unpriced += row["unpriced"]
            sums.input_tokens += sum(
                row[name] for name in ("input", "cache_read", "cache_write_5m", "cache_write_1h")
            )
            sums.output_tokens += row["output"] + row["reasoning"]
        for row in filter(keep, self.jobs):
            found[key(row)].jobs += 1
            found[key(row)].succeeded += row["status"] == "SUCCEEDED"
        return found


async def recount(tenant: Tenant) -> Recount:
    """Reads the three joined tables."""
    zone = ZoneInfo(tenant.time_zone)
    transactions = await CreditTransaction.filter(organization_id=tenant.organization_id).values(
        "occurred_at", "cost", "unpriced", "input", "cache_read", "cache_write_5m",
        "cache_write_1h", "output", "reasoning", "project_id",
        agent_type="job__agent_type", run="job__run_id", run_project="job__run__project_id",
    )  # fmt: skip
    jobs = await AgentJob.filter(
        organization_id=tenant.organization_id, finished_at__isnull=False
    ).values("finished_at", "status", "agent_type", run="run_id", run_project="run__project_id")
    return Recount(
        list(_placed(transactions, "occurred_at", zone)), list(_placed(jobs, "finished_at", zone))
    )


def _placed(
    rows: Iterable[dict[str, Any]], instant: str, zone: ZoneInfo
) -> Iterable[dict[str, Any]]:
    for row in rows:
        at: datetime = row[instant]
        project: UUID = row["run_project"] or row["project_id"]
        day: date = at.astimezone(zone).date()
        yield row | {
            "project": project,
            "day": day,
            "month": day.replace(day=1),
            "agent_type": row["agent_type"] or UNATTRIBUTED,
        }
