"""Runs and jobs as they are stored: from rows, and into the statement that writes the ledger.

Who writes them holds them first (`ledger_context.sql`, `job_lock.sql`). Refused: merging what is
said of them (see `run.py`).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from models.db import sql
from models.event import RunStatus
from models.ids import uuid7
from models.run import Activity, Job, Run, Standing, Stored, job_counts
from models.said import JobKey, RunKey

RUN_COLUMNS = (
    *(("id", "uuid"), ("project_id", "uuid"), ("key", "text"), ("workspace_id", "uuid")),
    *(("parent_id", "uuid"), ("workflow", "text"), ("trigger", "text"), ("status", "text")),
    *(("started_at", "timestamptz"), ("finished_at", "timestamptz")),
)
"""The columns of `pipeline_run`, in the order of all statements, with their types."""
JOB_COLUMNS = (
    *(("id", "uuid"), ("project_id", "uuid"), ("run_id", "uuid"), ("key", "text")),
    *(("agent_type", "text"), ("initiator", "text"), ("status", "text")),
    *(("started_at", "timestamptz"), ("finished_at", "timestamptz"), ("finished_date", "date")),
)
"""The same of `agent_job`."""


def stored(run_rows: Iterable[Sequence[Any]], job_rows: Iterable[Sequence[Any]]) -> Stored:
    """What was found; the jobs are of the runs."""
    runs = {run.key: run for run in map(_run, run_rows)}
    keys = {run.id: key for key, run in runs.items()}
    jobs = map(_job, job_rows)
    return Stored(runs, {JobKey(keys[job.run_id], job.key): job for job in jobs})


def run_rows(runs: Iterable[Run]) -> list[tuple[Any, ...]]:
    """Rows of `RUN_COLUMNS`."""
    return [
        (
            *(run.id, run.key.project_id, run.key.key, run.workspace_id, run.parent_id),
            *(run.workflow, run.trigger, run.standing.status, run.standing.started_at),
            run.standing.finished_at,
        )
        for run in runs
    ]


def job_rows(jobs: Iterable[Job]) -> list[tuple[Any, ...]]:
    """Rows of `JOB_COLUMNS`."""
    return [
        (
            *(job.id, job.project_id, job.run_id, job.key, job.agent_type, job.initiator),
            *(job.standing.status, job.standing.started_at, job.standing.finished_at),
            job.finished_date,
        )
        for job in jobs
    ]


async def make_runs(
    connection: asyncpg.Connection,
    organization_id: UUID,
    keys: Sequence[RunKey],
    workspace_ids: Sequence[UUID],
    now: datetime,
) -> dict[RunKey, UUID]:
    """Ids of runs that begin `now`, or of those that others began meanwhile."""
    projects, names = [key.project_id for key in keys], [key.key for key in keys]
    ids = [uuid7() for _ in keys]
    rows = await connection.fetch(
        sql("run_make"), organization_id, ids, projects, workspace_ids, names, now
    )
    if len(rows) < len(keys):
        # A statement of its own: only its snapshot holds what others began.
        rows = await connection.fetch(sql("run_ids"), organization_id, projects, names)
    return {RunKey(row["project_id"], row["key"]): row["id"] for row in rows}


async def cancel_jobs(
    connection: asyncpg.Connection, organization_id: UUID, ids: Collection[UUID]
) -> Activity:
    """Takes the end from jobs that should not count, and what they added from the counts.

    They are held, and not written yet. A job that ends again later counts again.
    """
    rows = await connection.fetch(sql("job_lock"), organization_id, ids)
    jobs = [_job(tuple(row)) for row in rows]
    cancelled = [
        job._replace(
            standing=Standing(RunStatus.CANCELLED, job.standing.started_at, None),
            finished_date=None,
        )
        for job in jobs
    ]
    counts = [count for job in jobs for count in job_counts(job, -1)]
    return Activity(changed_jobs=cancelled, counts=counts)


def _run(row: Sequence[Any]) -> Run:
    id, project_id, key, workspace_id, parent_id, workflow, trigger, status, *instants = row
    standing = Standing(RunStatus(status), *instants)
    run_key = RunKey(project_id, key)
    return Run(id, run_key, workspace_id, standing, parent_id, workflow, trigger)


def _job(row: Sequence[Any]) -> Job:
    id, project_id, run_id, key, agent_type, initiator, status, *instants, finished_date = row
    standing = Standing(RunStatus(status), *instants)
    return Job(id, project_id, run_id, key, agent_type, initiator, standing, finished_date)
