"""Runs and jobs by the callers' keys: found, made when first named, merged with what is said anew.

Merging does not depend on the order in which things are said: a start moves back only, an end moves
forward only, an ended thing never runs again, and of two ends the later one decides the status.
What finishes, or finishes elsewhere in time than it did, comes back as `JobCount`s for the rollups.
Refused: deciding who may write (doors) and committing (the ledger's transaction).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

import asyncpg

from models.agent_type import canonical
from models.db import sql
from models.errors import ConflictError
from models.event import JobRef, RunRef, RunStatus
from models.ids import uuid7
from models.local_time import TimeZones
from models.run_span import RunSpan, note_spans, span_of

# Of two ends at the same instant the worse one is shown.
_SEVERITY = {
    RunStatus.RUNNING: 0,
    RunStatus.SUCCEEDED: 1,
    RunStatus.CANCELLED: 2,
    RunStatus.FAILED: 3,
}


class RunKey(NamedTuple):
    """What names a run within an organization."""

    project_id: UUID
    key: str


class JobKey(NamedTuple):
    """What names a job within an organization."""

    run: RunKey
    key: str


Ref = TypeVar("Ref", RunRef, JobRef)


@dataclass(frozen=True, slots=True)
class Said(Generic[Ref]):
    """A run or job as named by events between two instants, both included."""

    ref: Ref
    first_at: datetime
    last_at: datetime

    def extended(self, at: datetime) -> "Said[Ref]":
        """The same words, said at one more instant."""
        if self.first_at <= at <= self.last_at:
            return self
        return Said(self.ref, min(self.first_at, at), max(self.last_at, at))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run or job stands, apart from its names."""

    status: RunStatus
    started_at: datetime
    finished_at: datetime | None

    def merged(self, other: "Standing") -> "Standing":
        """Both together, whichever was said first."""
        last = max(self, other, key=Standing._rank)
        return Standing(last.status, min(self.started_at, other.started_at), last.finished_at)

    def _rank(self) -> tuple[bool, float, int]:
        end = self.finished_at.timestamp() if self.finished_at else 0.0
        return (self.finished_at is not None, end, _SEVERITY[self.status])


@dataclass(frozen=True, slots=True)
class Run:
    """A run as stored."""

    id: UUID
    key: RunKey
    standing: Standing
    parent_id: UUID | None = None
    workflow: str | None = None
    trigger: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as stored. `finished_date` is the local day of its end."""

    id: UUID
    project_id: UUID
    run_id: UUID
    key: str
    agent_type: str
    initiator: str | None
    standing: Standing
    finished_date: date | None = None


class JobCount(NamedTuple):
    """A change of how many jobs ended on a day: 1 and -1 when an end moved."""

    project_id: UUID
    run_id: UUID
    agent_type: str
    finished_date: date
    ended: int
    succeeded: int


@dataclass(frozen=True, slots=True)
class Activity:
    """What a batch names, as stored, and the job counts that it changed.

    `adopted` are runs of which only now is said which run started them.
    """

    runs: Mapping[RunKey, Run]
    jobs: Mapping[JobKey, Job]
    counts: Sequence[JobCount]
    adopted: Sequence[UUID] = ()


def standing(said: Said[RunRef] | Said[JobRef]) -> Standing:
    """How the thing stands by what was said: an end without a time is at the last event."""
    ref = said.ref
    status, finished_at = ref.status, ref.finished_at
    if status is None:
        status = RunStatus.SUCCEEDED if finished_at else RunStatus.RUNNING
    elif status is RunStatus.RUNNING:
        finished_at = None
    elif finished_at is None:
        finished_at = said.last_at
    begun = said.first_at if ref.started_at is None else min(ref.started_at, said.first_at)
    return Standing(status, begun, finished_at)


class ActivityWriter:
    """Finds, makes and merges the runs and jobs of one batch inside the caller's transaction."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        organization_id: UUID,
        workspace_ids: Mapping[UUID, UUID],
        zones: TimeZones,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._organization_id = organization_id
        self._workspace_ids = workspace_ids
        self._zones = zones
        self._now = now
        self._counts: list[JobCount] = []
        self._adopted: list[UUID] = []

    async def write(
        self,
        runs: Mapping[RunKey, Sequence[Said[RunRef]]],
        jobs: Mapping[JobKey, Sequence[Said[JobRef]]],
    ) -> Activity:
        """Brings everything named up to date; the caller's transaction then holds its locks."""
        stored_runs = await self._write_runs(_with_parents(runs))
        stored_jobs = await self._write_jobs(jobs, stored_runs)
        return Activity(stored_runs, stored_jobs, self._counts, self._adopted)

    async def _write_runs(self, said: Mapping[RunKey, Sequence[Said[RunRef]]]) -> dict[RunKey, Run]:
        if not said:
            return {}
        stored = await self._find_runs(list(said))
        old = set(stored)
        if any(saying.ref.parent_key for sayings in said.values() for saying in sayings):
            # Whoever is named as a parent has to be there before its children are.
            new = [_new_run(key, said[key]) for key in said if key not in stored]
            made = await self._put_runs(new)
            stored |= {run.key: run for run in new if run.id in made}
            stored |= await self._find_runs([key for key in said if key not in stored])
        merged: dict[RunKey, Run] = {}
        waiting: Collection[RunKey] = said
        while waiting:
            for key in waiting:
                known = stored.get(key)
                merged[key] = (
                    _merge_run(known, said[key], stored) if known else _new_run(key, said[key])
                )
            changed = [merged[key] for key in waiting if merged[key] != stored.get(key)]
            self._adopted += [
                run.id
                for run in changed
                if run.key in old and run.parent_id != stored[run.key].parent_id
            ]
            made = await self._put_runs(changed)
            waiting = [run.key for run in changed if run.id not in made]
            stored |= await self._find_runs(waiting)  # somebody else was quicker
        await note_spans(
            self._connection,
            self._organization_id,
            self._spans(said, stored, merged),
        )
        return merged

    def _spans(
        self,
        said: Mapping[RunKey, Sequence[Said[RunRef]]],
        stored: Mapping[RunKey, Run],
        merged: Mapping[RunKey, Run],
    ) -> list[RunSpan]:
        """Of the runs that go on past the day of their beginning. What was known lasted a day."""
        found = (
            span_of(
                run.id,
                self._workspace_ids[key.project_id],
                run.standing.started_at,
                max(
                    stored.get(key, run).standing.started_at,
                    *(each.last_at for each in said[key]),
                ),
            )
            for key, run in merged.items()
        )
        return [span for span in found if span is not None]

    async def _write_jobs(
        self, said: Mapping[JobKey, Sequence[Said[JobRef]]], runs: Mapping[RunKey, Run]
    ) -> dict[JobKey, Job]:
        if not said:
            return {}
        places = {(runs[key.run].id, key.key): key for key in said}
        stored = await self._find_jobs(places)
        merged: dict[JobKey, Job] = {}
        waiting = places
        while waiting:
            for key in waiting.values():
                job = stored.get(key) or _first_job(key, runs[key.run], said[key])
                merged[key] = self._merge_job(job, said[key])
            changed = {
                place: merged[key]
                for place, key in waiting.items()
                if merged[key] != stored.get(key)
            }
            made = await self._put_jobs(list(changed.values()))
            for place, job in changed.items():
                if job.id in made:
                    self._count_change(stored.get(places[place]), job)
            waiting = {place: places[place] for place, job in changed.items() if job.id not in made}
            stored |= await self._find_jobs(waiting)  # somebody else was quicker
        return merged

    async def _find_runs(self, keys: Sequence[RunKey]) -> dict[RunKey, Run]:
        if not keys:
            return {}
        rows = await self._connection.fetch(
            sql("run_find"),
            self._organization_id,
            [key.project_id for key in keys],
            [key.key for key in keys],
        )
        return {run.key: run for run in map(_run_from_row, rows)}

    async def _put_runs(self, runs: Sequence[Run]) -> set[UUID]:
        """Writes runs, new ones and others, and answers which: not where another has the key."""
        columns = zip(
            *(
                (
                    run.id,
                    run.key.project_id,
                    self._workspace_ids[run.key.project_id],
                    run.parent_id,
                    run.key.key,
                    run.workflow,
                    run.trigger,
                    run.standing.status,
                    run.standing.started_at,
                    run.standing.finished_at,
                )
                for run in runs
            ),
            strict=True,
        )
        if not runs:
            return set()
        rows = await self._connection.fetch(
            sql("run_put"), self._organization_id, self._now, *columns
        )
        return {row["id"] for row in rows}

    async def _find_jobs(self, places: Mapping[tuple[UUID, str], JobKey]) -> dict[JobKey, Job]:
        if not places:
            return {}
        rows = await self._connection.fetch(
            sql("job_find"),
            self._organization_id,
            [run_id for run_id, _ in places],
            [key for _, key in places],
        )
        return {places[job.run_id, job.key]: job for job in map(_job_from_row, rows)}

    async def _put_jobs(self, jobs: Sequence[Job]) -> set[UUID]:
        """The same of jobs."""
        columns = zip(
            *(
                (
                    job.id,
                    job.project_id,
                    job.run_id,
                    job.key,
                    job.agent_type,
                    job.initiator,
                    job.standing.status,
                    job.standing.started_at,
                    job.standing.finished_at,
                    job.finished_date,
                )
                for job in jobs
            ),
            strict=True,
        )
        if not jobs:
            return set()
        rows = await self._connection.fetch(
            sql("job_put"), self._organization_id, self._now, *columns
        )
        return {row["id"] for row in rows}

    def _merge_job(self, job: Job, said: Sequence[Said[JobRef]]) -> Job:
        """The job with what was said; its kind stays what it was first called."""
        merged, initiator = job.standing, job.initiator
        for saying in said:
            merged = merged.merged(standing(saying))
            initiator = initiator or saying.ref.initiator
        finished = merged.finished_at
        day = self._zones.day(finished).date if finished else None
        if finished is not None and finished == job.standing.finished_at:
            day = job.finished_date or day
        return replace(job, standing=merged, initiator=initiator, finished_date=day)

    def _count_change(self, old: Job | None, new: Job) -> None:
        before, after = job_counts(old, -1) if old else [], job_counts(new, 1)
        if [_uncounted(count) for count in before] != [_uncounted(count) for count in after]:
            self._counts.extend([*before, *after])


async def cancel_jobs(
    connection: asyncpg.Connection, organization_id: UUID, ids: Collection[UUID]
) -> list[JobCount]:
    """Takes the end from jobs that should not count, and answers what that takes from the counts.

    A job that ends again later counts again.
    """
    rows = await connection.fetch(sql("job_lock"), organization_id, ids)
    jobs = [_job_from_row(row) for row in rows]
    cancelled = [
        replace(
            job,
            standing=Standing(RunStatus.CANCELLED, job.standing.started_at, None),
            finished_date=None,
        )
        for job in jobs
    ]
    await _update_jobs(connection, organization_id, cancelled)
    return [count for job in jobs for count in job_counts(job, -1)]


async def _update_jobs(
    connection: asyncpg.Connection, organization_id: UUID, jobs: Sequence[Job]
) -> None:
    columns = zip(
        *(
            (
                job.id,
                job.initiator,
                job.standing.status,
                job.standing.started_at,
                job.standing.finished_at,
                job.finished_date,
            )
            for job in jobs
        ),
        strict=True,
    )
    if jobs:
        await connection.execute(sql("job_update"), organization_id, *columns)


def job_counts(job: Job, sign: int) -> list[JobCount]:
    """What the job adds to (1) or takes from (-1) the counts of ended jobs; nothing while open."""
    if job.finished_date is None:
        return []
    succeeded = sign if job.standing.status is RunStatus.SUCCEEDED else 0
    return [
        JobCount(job.project_id, job.run_id, job.agent_type, job.finished_date, sign, succeeded)
    ]


def _uncounted(count: JobCount) -> tuple[date, bool]:
    return (count.finished_date, count.succeeded != 0)


def _with_parents(
    runs: Mapping[RunKey, Sequence[Said[RunRef]]],
) -> dict[RunKey, Sequence[Said[RunRef]]]:
    """Adds runs that are only named as parents: they began no later than their child's event."""
    complete: dict[RunKey, Sequence[Said[RunRef]]] = dict(runs)
    for key, sayings in runs.items():
        for saying in sayings:
            parent = saying.ref.parent_key
            if parent is not None:
                named = RunKey(key.project_id, parent)
                complete.setdefault(named, [Said(RunRef(parent), saying.first_at, saying.first_at)])
    return complete


def _first_job(key: JobKey, run: Run, said: Sequence[Said[JobRef]]) -> Job:
    """The job as first named, before what was said is merged into it."""
    kind = canonical(said[0].ref.agent_type)
    return Job(uuid7(), key.run.project_id, run.id, key.key, kind, None, standing(said[0]))


def _new_run(key: RunKey, said: Sequence[Said[RunRef]]) -> Run:
    return _merge_run(Run(uuid7(), key, standing(said[0])), said, {})


def _merge_run(run: Run, said: Sequence[Said[RunRef]], others: Mapping[RunKey, Run]) -> Run:
    """The run with what was said; names said later replace earlier ones, a parent stays."""
    merged, parent_id, workflow, trigger = run.standing, run.parent_id, run.workflow, run.trigger
    for saying in said:
        ref = saying.ref
        merged = merged.merged(standing(saying))
        workflow, trigger = ref.workflow or workflow, ref.trigger or trigger
        if ref.parent_key is not None and parent_id is None:
            parent = others.get(RunKey(run.key.project_id, ref.parent_key))
            parent_id = parent.id if parent is not None else None
    if parent_id == run.id:
        raise ConflictError(f"run {run.key.key!r} cannot be its own parent")
    return replace(run, standing=merged, parent_id=parent_id, workflow=workflow, trigger=trigger)


def _run_from_row(row: asyncpg.Record) -> Run:
    return Run(
        row["id"],
        RunKey(row["project_id"], row["key"]),
        Standing(RunStatus(row["status"]), row["started_at"], row["finished_at"]),
        row["parent_id"],
        row["workflow"],
        row["trigger"],
    )


def _job_from_row(row: asyncpg.Record) -> Job:
    return Job(
        row["id"],
        row["project_id"],
        row["run_id"],
        row["key"],
        row["agent_type"],
        row["initiator"],
        Standing(RunStatus(row["status"]), row["started_at"], row["finished_at"]),
        row["finished_date"],
    )
