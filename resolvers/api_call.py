"""API calls one by one (001)."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import field

from models import api_call, directory, pipeline
from models.ids import API_CALL, encode
from resolvers.api_key import ApiKey
from resolvers.connection import PageInfo
from resolvers.context import Info
from resolvers.enums import CallOutcome, Operation
from resolvers.field import computed
from resolvers.period import Period
from resolvers.project import Project, project_of
from resolvers.run import PipelineRun
from resolvers.scalars import BigInt
from resolvers.transaction import TokenCounts


def _id(root: api_call.ApiCall, info: Info) -> strawberry.ID:
    return strawberry.ID(encode(API_CALL, info.context.scope.organization_id, root.id))


async def _api_key(root: api_call.ApiCall, info: Info) -> directory.ApiKey | None:
    return await info.context.loaders.api_key.load(root.api_key_id) if root.api_key_id else None


async def _run(root: api_call.ApiCall, info: Info) -> pipeline.PipelineRun | None:
    return await info.context.loaders.run.load(root.run_id) if root.run_id else None


def _tokens(root: api_call.ApiCall) -> api_call.ApiCall:
    """The same row: its token classes are fields of it."""
    return root


@strawberry.type(
    description=("One model call through an API key (001). Parts of a streamed call are one row.")
)
class ApiCall:
    id: strawberry.ID = computed(_id, description="Identity of the call.")
    occurred_at: datetime = field(description="When: 001's Date.")
    api_key: ApiKey | None = computed(
        _api_key, description="The key; null when it was made without one."
    )
    provider: str | None = field(description="Who ran the model.")
    model: str = field(description="The model's exact name.")
    operation: Operation = field(description="What the model was asked to do.")
    outcome: CallOutcome = field(description="How it ended.")
    input_tokens: BigInt = field(description="Input tokens, cached ones included.")
    output_tokens: BigInt | None = field(
        description="Output tokens, reasoning included; null for embeddings."
    )
    tokens: TokenCounts = computed(_tokens, description="The same by class.")
    duration_ms: int | None = field(description="Completion time.")
    input_price: Decimal | None = field(
        description="Dollars per million input tokens; null when unpriced."
    )
    output_price: Decimal | None = field(
        description="Dollars per million output tokens; null when unpriced or for embeddings."
    )
    cost: Decimal | None = field(description="Dollars; null when unpriced.")
    project: Project = computed(project_of, description="What the money was spent on.")
    run: PipelineRun | None = computed(_run, description="The run; null outside any.")


@strawberry.type(description="One entry of a page of API calls.")
class ApiCallEdge:
    cursor: str = field(description="Where it stands.")
    node: ApiCall = field(description="The call.")


@strawberry.type(description="API calls, a page at a time, stable while rows arrive.")
class ApiCallConnection:
    period: Period = field(description="The range, resolved.")
    edges: list[ApiCallEdge] = field(description="Entries with their cursors.")
    nodes: list[ApiCall] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")
