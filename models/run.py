"""Runs and jobs by the callers' keys: as they stand, merged with what is said of them anew.

Merging does not depend on the order in which things are said: a start moves back only, an end moves
forward only, an ended thing never runs again, and of two ends the later one decides the status.
What finishes, or finishes elsewhere in time than it did, comes back as `JobCount`s for the rollups.
Refused: reading and writing (see `run_store.py`), and deciding who may write (doors).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from models.agent_type import canonical
from models.errors import ConflictError
from models.event import JobRef, RunRef, RunStatus
from models.ids import uuid7
from models.local_time import TimeZones
from models.run_span import RunSpan, span_of
from models.said import JobKey, Named, RunKey, Said

# Of two ends at the same instant the worse one is shown.
_SEVERITY = {
    RunStatus.RUNNING: 0,
    RunStatus.SUCCEEDED: 1,
    RunStatus.CANCELLED: 2,
    RunStatus.FAILED: 3,
}


# Tuples are made and compared several times faster than frozen classes, and these are made and
# compared for everything that a batch names.
class Standing(NamedTuple):
    """How a run or job stands, apart from its names."""

    status: RunStatus
    started_at: datetime
    finished_at: datetime | None

    def merged(self, other: "Standing") -> "Standing":
        """Both together, whichever was said first."""
        last = other if other._rank() > self._rank() else self
        return Standing(last.status, min(self.started_at, other.started_at), last.finished_at)

    def _rank(self) -> tuple[bool, float, int]:
        end = self.finished_at.timestamp() if self.finished_at else 0.0
        return (self.finished_at is not None, end, _SEVERITY[self.status])


class Run(NamedTuple):
    """A run as stored."""

    id: UUID
    key: RunKey
    workspace_id: UUID
    standing: Standing
    parent_id: UUID | None = None
    workflow: str | None = None
    trigger: str | None = None


class Job(NamedTuple):
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
class Stored:
    """What is stored under the keys of a batch, held against other writers."""

    runs: Mapping[RunKey, Run]
    jobs: Mapping[JobKey, Job]


@dataclass(frozen=True, slots=True)
class Activity:
    """How everything that a batch names is to stand, and what has to be written for that.

    `changed_runs` and `changed_jobs` differ from what is stored, and jobs may be new; `counts` are
    the job counts that change with them. Where a new run is another's parent all new ones are
    `begun` ahead of the rest, and then changed. `adopted` are runs of which only now is said which
    run started them, `spans` the days of runs that last longer than one.
    """

    runs: Mapping[RunKey, Run] = field(default_factory=dict)
    jobs: Mapping[JobKey, Job] = field(default_factory=dict)
    begun: Sequence[Run] = ()
    new_runs: Sequence[Run] = ()
    changed_runs: Sequence[Run] = ()
    changed_jobs: Sequence[Job] = ()
    counts: Sequence[JobCount] = ()
    adopted: Sequence[UUID] = ()
    spans: Sequence[RunSpan] = ()

    @property
    def is_written(self) -> bool:
        """Whether anything has to be written for it."""
        return bool(
            self.new_runs or self.changed_runs or self.changed_jobs or self.counts or self.spans
        )


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


def merge(
    named: Named, stored: Stored, workspace_ids: Mapping[UUID, UUID], zones: TimeZones
) -> Activity:
    """Brings together what is said and what is stored.

    `workspace_ids` are those of the projects, `zones` tell on which local day a job ended.
    """
    # Whoever is named as a parent has an id before its children are merged.
    bases = {
        key: stored.runs.get(key) or _first_run(key, workspace_ids[key.project_id], said)
        for key, said in named.runs.items()
    }
    runs = {key: _merge_run(bases[key], said, bases) for key, said in named.runs.items()}
    jobs: dict[JobKey, Job] = {}
    counts: list[JobCount] = []
    for key, said in named.jobs.items():
        old = stored.jobs.get(key)
        job = _merge_job(old or _first_job(key, runs[key.run], said), said, zones)
        jobs[key] = job
        if job != old:
            counts.extend(_change(old, job))
    begun = _begun(bases, runs, stored.runs)
    known = {**stored.runs, **{run.key: run for run in begun}}
    return Activity(
        runs,
        jobs,
        begun,
        [run for key, run in runs.items() if key not in known],
        [run for key, run in runs.items() if run != known.get(key, run)],
        [job for key, job in jobs.items() if job != stored.jobs.get(key)],
        counts,
        _adopted(runs, stored.runs),
        list(_spans(named.runs, runs, stored.runs)),
    )


def _begun(
    bases: Mapping[RunKey, Run], runs: Mapping[RunKey, Run], stored: Mapping[RunKey, Run]
) -> list[Run]:
    """All new runs, if one of them is another's parent: all, since they are taken in order."""
    parent_ids = {run.parent_id for run in runs.values()}
    if parent_ids == {None}:
        return []
    new = [run for key, run in bases.items() if key not in stored]
    return new if any(run.id in parent_ids for run in new) else []


def _adopted(runs: Mapping[RunKey, Run], stored: Mapping[RunKey, Run]) -> list[UUID]:
    return [
        run.id
        for key, run in runs.items()
        if key in stored and run.parent_id != stored[key].parent_id
    ]


def _spans(
    said: Mapping[RunKey, Sequence[Said[RunRef]]],
    runs: Mapping[RunKey, Run],
    stored: Mapping[RunKey, Run],
) -> Iterator[RunSpan]:
    """Of the runs that go on past the day of their beginning. What was known lasted a day."""
    for key, run in runs.items():
        known_at = stored.get(key, run).standing.started_at
        last_at = max(known_at, *(each.last_at for each in said[key]))
        span = span_of(run.id, run.workspace_id, run.standing.started_at, last_at)
        if span is not None:
            yield span


def _merge_job(job: Job, said: Sequence[Said[JobRef]], zones: TimeZones) -> Job:
    """The job with what was said; its kind stays what it was first called."""
    merged, initiator = job.standing, job.initiator
    for saying in said:
        merged = merged.merged(standing(saying))
        initiator = initiator or saying.ref.initiator
    finished = merged.finished_at
    day = zones.day(finished).date if finished else None
    if finished is not None and finished == job.standing.finished_at:
        day = job.finished_date or day
    return job._replace(standing=merged, initiator=initiator, finished_date=day)


def _change(old: Job | None, new: Job) -> list[JobCount]:
    """What becomes of the counts when a job stands as `new`."""
    before, after = job_counts(old, -1) if old else [], job_counts(new, 1)
    if [_uncounted(count) for count in before] == [_uncounted(count) for count in after]:
        return []
    return [*before, *after]


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


def _first_job(key: JobKey, run: Run, said: Sequence[Said[JobRef]]) -> Job:
    """The job as first named, before what was said is merged into it."""
    kind = canonical(said[0].ref.agent_type)
    return Job(uuid7(), key.run.project_id, run.id, key.key, kind, None, standing(said[0]))


def _first_run(key: RunKey, workspace_id: UUID, said: Sequence[Said[RunRef]]) -> Run:
    """The run as first named, before what was said is merged into it."""
    return Run(uuid7(), key, workspace_id, standing(said[0]))


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
    return Run(run.id, run.key, run.workspace_id, merged, parent_id, workflow, trigger)
