"""Pipeline runs and the agent jobs in them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET, argument, field

from models import pipeline
from models.page import At
from resolvers import node
from resolvers.agent_type import color, label
from resolvers.connection import After, First, Listing, PageInfo, by_start, paging
from resolvers.context import Context, Info
from resolvers.enums import Initiator, JobStatus, RunStatus
from resolvers.field import computed
from resolvers.node import Node, public_id, shows
from resolvers.permissions import reachable_project
from resolvers.project import Project, project_of
from resolvers.scalars import BigInt


async def _parent(root: pipeline.PipelineRun, info: Info) -> pipeline.PipelineRun | None:
    return await info.context.loaders.run.load(root.parent_id) if root.parent_id else None


async def _cost(root: pipeline.PipelineRun, info: Info) -> Decimal:
    return (await info.context.loaders.run_totals.load(root.id)).cost


async def _unpriced(root: pipeline.PipelineRun, info: Info) -> int:
    return (await info.context.loaders.run_totals.load(root.id)).unpriced


async def _total_tokens(root: pipeline.PipelineRun, info: Info) -> int:
    return (await info.context.loaders.run_totals.load(root.id)).total_tokens


async def _job_count(root: pipeline.PipelineRun, info: Info) -> int:
    return (await info.context.loaders.run_totals.load(root.id)).job_count


async def _jobs(
    root: pipeline.PipelineRun, info: Info, first: First = 20, after: After = UNSET
) -> Listing[pipeline.AgentJob]:
    context = info.context
    page = paging(At, context.scope, first, after, "run.jobs", root.id)
    found = await context.loaders.jobs_of_run.load(page.key(root.id))
    return page.listing(found, by_start)


async def _run(root: pipeline.AgentJob, info: Info) -> pipeline.PipelineRun | None:
    return await info.context.loaders.run.load(root.run_id)


async def _job_cost(root: pipeline.AgentJob, info: Info) -> Decimal:
    return (await info.context.loaders.job_totals.load(root.id)).cost


async def _job_unpriced(root: pipeline.AgentJob, info: Info) -> int:
    return (await info.context.loaders.job_totals.load(root.id)).unpriced


async def _job_total_tokens(root: pipeline.AgentJob, info: Info) -> int:
    return (await info.context.loaders.job_totals.load(root.id)).total_tokens


@strawberry.type(description="One execution of a workflow: 000's execution, 003's pipeline run.")
class PipelineRun(Node):
    is_type_of = shows(pipeline.PipelineRun)

    id: strawberry.ID = computed(public_id(node.RUN), description="Opaque id.")
    key: str = field(description="The caller's own name for it, unique within the project.")
    project: Project = computed(project_of, description="What its money was spent on.")
    parent: "PipelineRun | None" = computed(
        _parent,
        description="The run that started it; null when it started by itself.",
    )
    workflow: str | None = field(description="Name of the workflow.")
    trigger: str | None = field(
        description="What set it off, in the caller's words (`schedule`, `manual`).",
    )
    status: RunStatus = field(description="How it stands.")
    started_at: datetime = field(
        description="When it began: as stated, else the first event's time.",
    )
    finished_at: datetime | None = field(description="When it ended; null while running.")
    cost: Decimal = computed(
        _cost,
        description="Dollars over its whole life, unpriced calls left out.",
    )
    unpriced_transactions: BigInt = computed(
        _unpriced,
        description="Transactions without a known price, left out of `cost`.",
    )
    total_tokens: BigInt = computed(
        _total_tokens,
        description="All tokens over its whole life.",
    )
    job_count: int = computed(_job_count, description="Completed agent jobs.")
    jobs: "AgentJobConnection | None" = computed(
        _jobs,
        description="Its agents' work, oldest first.",
    )


@strawberry.type(description="One agent's work in a run.")
class AgentJob(Node):
    is_type_of = shows(pipeline.AgentJob)

    id: strawberry.ID = computed(public_id(node.JOB), description="Opaque id.")
    key: str = field(description="The caller's own name for it, unique within the run.")
    run: PipelineRun = computed(_run, description="The run it belongs to.")
    agent_type: str = field(description="Canonical name of the kind of agent.")
    label: str = computed(label, description="Name of the kind of agent to show.")
    color: str = computed(color, description="Its colour, `#rrggbb`.")
    initiator: Initiator | None = field(description="Who set it to work; null when not attributed.")
    status: JobStatus = field(description="How it stands.")
    started_at: datetime = field(description="When it began.")
    finished_at: datetime | None = field(
        description="When it ended; the job is counted in the period of this instant.",
    )
    cost: Decimal = computed(
        _job_cost,
        description="Dollars so far, unpriced calls left out.",
    )
    unpriced_transactions: BigInt = computed(
        _job_unpriced,
        description="Transactions without a known price, left out of `cost`.",
    )
    total_tokens: BigInt = computed(_job_total_tokens, description="All tokens so far.")


@strawberry.type(description="One entry of a page of pipeline runs.")
class PipelineRunEdge:
    cursor: str = field(description="Where it stands.")
    node: PipelineRun = field(description="The run.")


@strawberry.type(description="Pipeline runs, a page at a time.")
class PipelineRunConnection:
    edges: list[PipelineRunEdge] = field(description="Entries with their cursors.")
    nodes: list[PipelineRun] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.type(description="One entry of a page of agent jobs.")
class AgentJobEdge:
    cursor: str = field(description="Where it stands.")
    node: AgentJob = field(description="The job.")


@strawberry.type(description="Agent jobs, a page at a time.")
class AgentJobConnection:
    edges: list[AgentJobEdge] = field(description="Entries with their cursors.")
    nodes: list[AgentJob] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


async def get_pipeline_run(
    info: Info,
    project_id: Annotated[strawberry.ID, argument(description="Which project.")],
    key: Annotated[str, argument(description="The caller's own name for the run.")],
) -> pipeline.PipelineRun:
    """A run by the caller's own key."""
    context = info.context
    project = await reachable_project(context, project_id)
    async with context.database.connection() as connection:
        found = await pipeline.find_run(connection, context.scope, project.id, key)
    if found is None:
        raise node.not_found(node.RUN)
    return found


async def _find_run(context: Context, id: UUID) -> pipeline.PipelineRun | None:
    return await context.loaders.run.load(id)


async def _find_job(context: Context, id: UUID) -> pipeline.AgentJob | None:
    return await context.loaders.job.load(id)


node.finds(node.RUN, _find_run)
node.finds(node.JOB, _find_job)
