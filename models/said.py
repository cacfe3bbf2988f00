"""What a batch says about runs and jobs, gathered by the keys that callers give them.

Most events only repeat the words of the one before, so a run of events that say the same is one
`Said` with its first and last instant. Refused: what is stored (see `run.py`).
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from models.event import JobRef, RunRef, UsageEvent

Key = TypeVar("Key", bound=Hashable)
Ref = TypeVar("Ref", RunRef, JobRef)


class RunKey(NamedTuple):
    """What names a run within an organization."""

    project_id: UUID
    key: str


class JobKey(NamedTuple):
    """What names a job within an organization."""

    run: RunKey
    key: str


@dataclass(slots=True)
class Said(Generic[Ref]):
    """A run or job as named by events between two instants, both included."""

    ref: Ref
    first_at: datetime
    last_at: datetime

    def extend(self, at: datetime) -> None:
        """Takes note that the same words were said at one more instant."""
        if at > self.last_at:
            self.last_at = at
        elif at < self.first_at:
            self.first_at = at


@dataclass(frozen=True, slots=True)
class Named:
    """The runs and jobs that a batch names; a run that is only named as a parent, too."""

    runs: dict[RunKey, list[Said[RunRef]]] = field(default_factory=dict)
    jobs: dict[JobKey, list[Said[JobRef]]] = field(default_factory=dict)


def gather_events(events: Iterable[UsageEvent], now: datetime) -> Named:
    """What events say; one without an instant says it `now`."""
    named = Named()
    for event in events:
        if event.run is None:
            continue
        at = event.occurred_at or now
        run = RunKey(event.project_id, event.run.key)
        _add(named.runs, run, event.run, at)
        if event.job is not None:
            _add(named.jobs, JobKey(run, event.job.key), event.job, at)
    _add_parents(named.runs)
    return named


def gather_run(project_id: UUID, run: RunRef, jobs: Iterable[JobRef], now: datetime) -> Named:
    """What is said about one run and its jobs without any event."""
    key = RunKey(project_id, run.key)
    named = Named({key: [Said(run, now, now)]})
    for job in jobs:
        _add(named.jobs, JobKey(key, job.key), job, now)
    _add_parents(named.runs)
    return named


def _add(said: dict[Key, list[Said[Ref]]], key: Key, ref: Ref, at: datetime) -> None:
    sayings = said.setdefault(key, [])
    if sayings and sayings[-1].ref == ref:
        sayings[-1].extend(at)
    else:
        sayings.append(Said(ref, at, at))


def _add_parents(runs: dict[RunKey, list[Said[RunRef]]]) -> None:
    """Adds runs that are only named as parents: they began no later than their child's event."""
    for key, sayings in list(runs.items()):
        for saying in sayings:
            if saying.ref.parent_key is not None:
                parent = RunKey(key.project_id, saying.ref.parent_key)
                runs.setdefault(
                    parent, [Said(RunRef(parent.key), saying.first_at, saying.first_at)]
                )
