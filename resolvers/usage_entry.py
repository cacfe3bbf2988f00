"""The usage explorer (000): executions with their cost in a range."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import field

from models import pipeline
from models import usage_entry as entries
from models.ids import USAGE_ENTRY, encode
from resolvers.connection import PageInfo
from resolvers.enums import EntryType
from resolvers.field import computed
from resolvers.period import Period
from resolvers.project import Project, project_of
from resolvers.run import PipelineRun
from resolvers.scalars import BigInt


def _id(root: entries.UsageEntry) -> strawberry.ID:
    about = root.run.id if root.run is not None else root.project_id
    rest = f"{root.start.timestamp():.6f}-{root.end.timestamp():.6f}"
    return strawberry.ID(encode(USAGE_ENTRY, root.organization_id, about, rest))


def _run(root: entries.UsageEntry) -> pipeline.PipelineRun | None:
    return root.run


@strawberry.type(description="One execution and what it cost in the range (000).")
class UsageEntry:
    id: strawberry.ID = computed(_id, description="Identity of (run, range), for caches.")
    run: PipelineRun | None = computed(
        _run,
        description=(
            "The execution; null in the last entries of a list, which hold what each project spent "
            "outside any run."
        ),
    )
    project: Project = computed(project_of, description="What the money was spent on.")
    started_at: datetime = field(
        description=(
            "When it began: 000's Date. May lie before the range when the run goes on into it. "
            "Outside any run, where the range begins."
        ),
    )
    entry_type: EntryType = field(description="ON_DEMAND when any of its cost is.")
    workflow: str | None = field(description="Name of the workflow.")
    trigger: str | None = field(description="What set it off.")
    models: list[str] = field(
        description=(
            "Models used, most tokens first; show the name of one, the number of several."
        ),
    )
    total_tokens: BigInt = field(description="Input and output tokens in the range.")
    cost: Decimal = field(description="Dollars in the range, unpriced transactions left out.")
    on_demand_cost: Decimal = field(
        description="The part of `cost` beyond the monthly limit; show Included when 0.",
    )
    unpriced_transactions: BigInt = field(
        description="Transactions without a known price, left out of `cost`.",
    )


@strawberry.type(description="One entry of a page of executions.")
class UsageEntryEdge:
    cursor: str = field(
        description="Where it stands; the same cursor continues `GET /api/billing/usage`.",
    )
    node: UsageEntry = field(description="The execution.")


@strawberry.type(description="Executions, a page at a time, stable while rows arrive.")
class UsageEntryConnection:
    period: Period = field(description="The range, resolved.")
    edges: list[UsageEntryEdge] = field(description="Entries with their cursors.")
    nodes: list[UsageEntry] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")
