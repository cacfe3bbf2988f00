"""Reading pipeline runs and agent jobs: by id, by key, a page at a time, and what they cost.

Totals come from the rollups by month, so that a run of a million calls costs no more to show than
one of ten. Refused: writing (see `run.py`), and anything of a project out of reach.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

import asyncpg

from models.access import Scope
from models.db import sql
from models.money import ZERO
from models.page import NEWEST, OLDEST, Page, PageKey, page_parameters, pages


class PipelineRun(NamedTuple):
    """One execution of a workflow in a project."""

    id: UUID
    organization_id: UUID
    project_id: UUID
    parent_id: UUID | None
    key: str
    workflow: str | None
    trigger: str | None
    status: str
    started_at: datetime
    finished_at: datetime | None


class AgentJob(NamedTuple):
    """One agent's work in a run."""

    id: UUID
    organization_id: UUID
    project_id: UUID
    run_id: UUID
    key: str
    agent_type: str
    initiator: str | None
    status: str
    started_at: datetime
    finished_at: datetime | None


class Totals(NamedTuple):
    """What a run or job cost over its whole life. `job_count` counts a run's completed jobs."""

    cost: Decimal = ZERO
    unpriced: int = 0
    total_tokens: int = 0
    job_count: int = 0


class _InProject(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def project_id(self) -> UUID: ...


Row = TypeVar("Row", bound=_InProject)


def reachable(scope: Scope, ids: Sequence[UUID], found: Iterable[Row]) -> list[Row | None]:
    """For each id what was found in a project within reach, or None."""
    by_id = {row.id: row for row in found if scope.role_at_project(row.project_id)}
    return [by_id.get(id) for id in ids]


async def load_runs(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[PipelineRun | None]:
    """Runs within reach."""
    rows = await connection.fetch(sql("run_show"), scope.organization_id, list(ids))
    return reachable(scope, ids, map(PipelineRun._make, rows))


async def find_run(
    connection: asyncpg.Connection, scope: Scope, project_id: UUID, key: str
) -> PipelineRun | None:
    """The run of a project within reach that its caller named `key`."""
    if scope.role_at_project(project_id) is None:
        return None
    row = await connection.fetchrow(sql("run_by_key"), scope.organization_id, project_id, key)
    return PipelineRun._make(row) if row else None


async def list_runs(
    connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
) -> list[Page[PipelineRun]]:
    """A page of the runs of each project, newest start first."""
    rows = await connection.fetch(
        sql("run_list"), scope.organization_id, *page_parameters(keys, NEWEST)
    )
    return pages(keys, rows, PipelineRun._make)


async def load_jobs(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[AgentJob | None]:
    """Jobs within reach."""
    rows = await connection.fetch(sql("job_show"), scope.organization_id, list(ids))
    return reachable(scope, ids, map(AgentJob._make, rows))


async def list_jobs(
    connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
) -> list[Page[AgentJob]]:
    """A page of the jobs of each run, oldest first."""
    rows = await connection.fetch(
        sql("job_list"), scope.organization_id, *page_parameters(keys, OLDEST)
    )
    return pages(keys, rows, AgentJob._make)


async def load_run_totals(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[Totals]:
    """What runs cost so far; nothing is a total too."""
    rows = await connection.fetch(sql("run_totals"), scope.organization_id, list(ids))
    return _totals(ids, rows)


async def load_job_totals(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[Totals]:
    """What jobs cost so far."""
    rows = await connection.fetch(sql("job_totals"), scope.organization_id, list(ids))
    return _totals(ids, rows)


def _totals(ids: Sequence[UUID], rows: Iterable[asyncpg.Record]) -> list[Totals]:
    found = {id: Totals(*sums) for id, *sums in rows}
    return [found.get(id, Totals()) for id in ids]
