"""Entries of the ledger, as lists."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import strawberry
from strawberry import field

from models import directory, entry, pipeline
from models.ids import encode
from resolvers import node
from resolvers.agent_type import color, label
from resolvers.api_key import ApiKey
from resolvers.connection import PageInfo
from resolvers.context import Context, Info
from resolvers.enums import (
    CallOutcome,
    EntryType,
    Initiator,
    Operation,
    Surface,
    TransactionKind,
)
from resolvers.field import computed
from resolvers.node import Node, public_id, shows
from resolvers.project import Project, project_of
from resolvers.run import AgentJob, PipelineRun
from resolvers.scalars import BigInt
from resolvers.user import User


def _credits(root: entry.CreditTransaction) -> "CreditSplit | None":
    monthly, bonus, overage = root.monthly_credits, root.bonus_credits, root.overage_credits
    if monthly is None or bonus is None or overage is None:
        return None
    return CreditSplit(monthly=monthly, bonus=bonus, overage=overage)


def _run_id(root: entry.CreditTransaction) -> strawberry.ID | None:
    return _optional_id(node.RUN, root.organization_id, root.run_id)


def _job_id(root: entry.CreditTransaction) -> strawberry.ID | None:
    return _optional_id(node.JOB, root.organization_id, root.job_id)


def _optional_id(kind: str, organization_id: UUID, id: UUID | None) -> strawberry.ID | None:
    return strawberry.ID(encode(kind, organization_id, id)) if id else None


async def _run(root: entry.CreditTransaction, info: Info) -> pipeline.PipelineRun | None:
    return await info.context.loaders.run.load(root.run_id) if root.run_id else None


async def _job(root: entry.CreditTransaction, info: Info) -> pipeline.AgentJob | None:
    return await info.context.loaders.job.load(root.job_id) if root.job_id else None


async def _api_key(root: entry.CreditTransaction, info: Info) -> directory.ApiKey | None:
    return await info.context.loaders.api_key.load(root.api_key_id) if root.api_key_id else None


async def _user(root: entry.CreditTransaction, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.user_id) if root.user_id else None


def _tokens(root: entry.CreditTransaction) -> entry.CreditTransaction:
    """The same row: its token classes are fields of it."""
    return root


async def _corrects(root: entry.CreditTransaction, info: Info) -> entry.CreditTransaction | None:
    return await info.context.loaders.entry.load(root.corrects_id) if root.corrects_id else None


@strawberry.type(description="Tokens of one call, in classes that do not overlap.")
class TokenCounts:
    input: BigInt = field(description="Input tokens read afresh.")
    cache_read: BigInt = field(description="Input tokens read from a cache.")
    cache_write_5m: BigInt = field(description="Input tokens written to a 5-minute cache.")
    cache_write_1h: BigInt = field(description="Input tokens written to a 1-hour cache.")
    output: BigInt = field(description="Output tokens without reasoning.")
    reasoning: BigInt = field(description="Reasoning tokens.")


@strawberry.type(description="From which bucket a deduction was taken.")
class CreditSplit:
    monthly: Decimal = field(description="Credits of the plan.")
    bonus: Decimal = field(description="Bonus credits.")
    overage: Decimal = field(
        description="Credits beyond both buckets: usage that happened though none were left."
    )


@strawberry.type(description="One entry of the ledger. Never edited.")
class CreditTransaction(Node):
    is_type_of = shows(entry.CreditTransaction)

    id: strawberry.ID = computed(public_id(node.TRANSACTION), description="Opaque id.")
    kind: TransactionKind = field(description="What it is.")
    occurred_at: datetime = field(description="When the call was made.")
    recorded_at: datetime = field(description="When it was written.")
    cost: Decimal | None = field(
        description=(
            "Dollars; null when no price was known, negative when an adjustment gives back."
        ),
    )
    source_cost: Decimal | None = field(description="What the source said it cost, when it did.")
    entry_type: EntryType = field(description="Within or beyond the monthly limit.")
    on_demand_cost: Decimal | None = field(
        description="The part of `cost` beyond the limit; null when unpriced.",
    )
    credits: CreditSplit | None = computed(
        _credits,
        description="Credits taken, by bucket; null where the organization pays in dollars.",
    )
    project: Project = computed(project_of, description="What the money was spent on.")
    run_id: strawberry.ID | None = computed(
        _run_id,
        description="Same as `run.id` (003's name); null outside any run.",
    )
    run: PipelineRun | None = computed(_run, description="The run; null outside any.")
    job_id: strawberry.ID | None = computed(
        _job_id,
        description="Same as `job.id`; null outside any job.",
    )
    job: AgentJob | None = computed(_job, description="The agent job; null outside any.")
    agent_type: str = field(
        description="Canonical name of the kind of agent; `unattributed` outside any job.",
    )
    label: str = computed(label, description="Name of the kind of agent to show.")
    color: str = computed(color, description="Its colour, `#rrggbb`.")
    initiator: Initiator | None = field(
        description="Who set the agent to work; null when not attributed.",
    )
    surface: Surface | None = field(description="Where it was asked; null when not known.")
    api_key: ApiKey | None = computed(
        _api_key,
        description="The key that called; null when none.",
    )
    user: User | None = computed(
        _user,
        description="The person it counts for; null when none.",
    )
    provider: str | None = field(
        description=(
            "Who ran the model; null when the source did not say and it could not be found out."
        ),
    )
    model: str | None = field(
        description="The model's exact name; null for adjustments over several.",
    )
    operation: Operation = field(description="What the model was asked to do.")
    outcome: CallOutcome = field(description="How the call ended.")
    input_tokens: BigInt = field(description="Input tokens, cached ones included.")
    output_tokens: BigInt = field(
        description="Output tokens, reasoning included; 0 for embeddings.",
    )
    total_tokens: BigInt = field(description="Sum of the two.")
    tokens: TokenCounts = computed(_tokens, description="The same by class.")
    input_price: Decimal | None = field(
        description="Dollars per million input tokens that applied; null when unpriced.",
    )
    output_price: Decimal | None = field(
        description=(
            "Dollars per million output tokens that applied; null when unpriced or for embeddings."
        ),
    )
    duration_ms: int | None = field(description="How long the call took.")
    event_key: str = field(
        description="The caller's name for the event, once only in the organization.",
    )
    call_key: str = field(
        description=(
            "The call this is a part of: entries of one streamed call share it; else the same as "
            "`eventKey`."
        ),
    )
    reason: str | None = field(description="Why it was posted, for adjustments.")
    corrects: "CreditTransaction | None" = computed(
        _corrects,
        description="The entry it corrects; null for usage and for adjustments over several.",
    )


@strawberry.type(description="One entry of a page of the ledger.")
class CreditTransactionEdge:
    cursor: str = field(description="Where it stands.")
    node: CreditTransaction = field(description="The transaction.")


@strawberry.type(description="Entries of the ledger, a page at a time.")
class CreditTransactionConnection:
    edges: list[CreditTransactionEdge] = field(description="Entries with their cursors.")
    nodes: list[CreditTransaction] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


async def _find(context: Context, id: UUID) -> entry.CreditTransaction | None:
    return await context.loaders.entry.load(id)


node.finds(node.TRANSACTION, _find)
