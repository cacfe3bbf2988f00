"""The demo organization's usage: 13 months up to an instant, made up call by call.

Pure and repeatable: the same instant gives the same calls under the same keys, and so does every
project's day by itself. Work follows weekdays and office hours of the organization's zone and grows
by the month; one recent weekend is silent, one recent day far above the others. Each month opens
with a run at its very first instant, so that a running month has spend however young it is. What
would end after the instant is still running. Refused: prices, which the ledger knows.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from models import demo_world as world
from models.demo_world import DemoAgent, DemoModel, DemoProject, DemoWorkflow
from models.event import (
    CallOutcome,
    JobRef,
    Operation,
    RunRef,
    RunStatus,
    Surface,
    UsageEvent,
)
from models.ids import NIL
from models.period import add_months
from models.token import ReportedTokens

MONTH_COUNT = 13
_ZONE = ZoneInfo(world.TIME_ZONE)
_MONTHLY_GROWTH = 0.06
_SPIKE_FACTOR = 7
_WEEKDAY_FACTORS = (1.0, 1.15, 1.2, 1.1, 0.85, 0.15, 0.1)
_OFFICE_HOURS = (7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
_HOUR_WEIGHTS = (1, 3, 8, 10, 10, 5, 7, 10, 10, 9, 6, 3, 2, 1)
_FOLLOW_UP_CHANCE = 0.35
_FAILED_CALL_CHANCE = 0.02
_STATUSES = (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED)
_STATUS_WEIGHTS = (86, 9, 5)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DemoCall:
    """A call with names where the event has ids: whoever writes it fills them in."""

    project: str
    email: str | None
    key: str | None
    event: UsageEvent


@dataclass(frozen=True, slots=True)
class DemoSpan:
    """The days of a plan: its first and last, the silent Saturday, and the day of the spike."""

    first: date
    last: date
    quiet_saturday: date
    spike: date

    @classmethod
    def until(cls, now: datetime) -> "DemoSpan":
        """The span that ends at `now`."""
        today = now.astimezone(_ZONE).date()
        saturday = _last(today - timedelta(days=9), weekday=5)
        while 1 in (saturday.day, (saturday + timedelta(days=1)).day):  # a month opens there
            saturday -= timedelta(weeks=1)
        spike = _last(today - timedelta(days=2), weekday=2)
        first = add_months(today.replace(day=1), 1 - MONTH_COUNT)
        return cls(first, today, saturday, spike)

    def is_quiet(self, day: date) -> bool:
        """Whether nobody and nothing works on that day."""
        return 0 <= (day - self.quiet_saturday).days <= 1

    def days(self) -> Iterator[date]:
        """All days, the first one first."""
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    def busyness(self, day: date, project: str) -> float:
        """How much is done on a day, against a working day at the beginning."""
        months = (day - self.first).days / 30.4
        factor = _WEEKDAY_FACTORS[day.weekday()] * (1 + _MONTHLY_GROWTH * months)
        if day == self.spike and project == world.SPIKING:
            factor *= _SPIKE_FACTOR
        return 0 if self.is_quiet(day) else factor


def plan(now: datetime, *, scale: float = 1.0) -> list[DemoCall]:
    """All calls up to `now` in the order of time; `scale` says how many runs there are."""
    span = DemoSpan.until(now)
    calls = [
        call
        for project in world.PROJECTS
        if project.workflows
        for day in span.days()
        for call in _day_calls(project, day, span.busyness(day, project.name) * scale)
    ]
    calls.extend(_watch(now))
    past = (_as_of(call, now) for call in calls if _occurred_at(call) <= now)
    return sorted(past, key=lambda call: (_occurred_at(call), call.event.event_key))


def _last(day: date, *, weekday: int) -> date:
    return day - timedelta(days=(day.weekday() - weekday) % 7)


def _occurred_at(call: DemoCall) -> datetime:
    assert call.event.occurred_at is not None  # noqa: S101 - every planned call has its instant
    return call.event.occurred_at


def _day_calls(project: DemoProject, day: date, busyness: float) -> Iterator[DemoCall]:
    random = Random(f"{project.name} {day}")  # noqa: S311 - not a secret
    if day.day == 1:
        start = datetime.combine(day, time(), _ZONE)
        yield from _Run(random, project, world.MONTHLY_REVIEW, f"{day} opening", start).calls()
    count = math.floor(project.daily_runs * busyness + random.random())
    names, weights = zip(*(project.workflows or {}).items(), strict=True)
    for number in range(count):
        workflow = world.WORKFLOWS[random.choices(names, weights)[0]]
        run = _Run(random, project, workflow, f"{day} {number}", _start(random, day, workflow))
        yield from run.calls()
        if workflow.follow_up and run.has_succeeded and random.random() < _FOLLOW_UP_CHANCE:
            yield from run.follow_up(world.WORKFLOWS[workflow.follow_up]).calls()


def _start(random: Random, day: date, workflow: DemoWorkflow) -> datetime:
    hour = workflow.hour
    if hour is None:
        hour = random.choices(_OFFICE_HOURS, _HOUR_WEIGHTS)[0]
    second = random.random() * (600 if workflow.hour is not None else 3600)
    return datetime.combine(day, time(hour), _ZONE) + timedelta(seconds=round(second, 3))


def _watch(now: datetime) -> Iterator[DemoCall]:
    """A run that looks after something for hours and is at it now."""
    project = next(each for each in world.PROJECTS if each.name == world.WATCHED)
    random = Random(f"watch {now.date()}")  # noqa: S311 - not a secret
    start = now - 40 * _MINUTE
    run = _Run(random, project, world.WATCH, "watch", start, gap=7 * _MINUTE, call_count=20)
    return run.calls()


class _Run:
    """One run as it comes about: its jobs follow one another, and so do the calls of each.

    A run of which the workflow has no agents is a call by itself.
    """

    def __init__(
        self,
        random: Random,
        project: DemoProject,
        workflow: DemoWorkflow,
        name: str,
        start: datetime,
        *,
        parent_key: str | None = None,
        gap: timedelta = timedelta(seconds=5),
        call_count: int | None = None,
    ) -> None:
        self._random = random
        self._project = project
        self._workflow = workflow
        self._parent_key = parent_key
        self._name = name
        self._key = f"demo {project.name} {name}"
        self._start = self._clock = start.astimezone(UTC)
        self._gap = gap
        self._call_count = call_count
        is_chat = workflow.surface is not Surface.API
        self._email = random.choice(project.people) if is_chat else None
        self._api_key = random.choice(workflow.keys) if workflow.keys else None
        self._status = random.choices(_STATUSES, _STATUS_WEIGHTS)[0]

    @property
    def has_succeeded(self) -> bool:
        """Whether the run came to a good end; only a run with agents has any."""
        return bool(self._workflow.agents) and self._status is RunStatus.SUCCEEDED

    def follow_up(self, workflow: DemoWorkflow) -> "_Run":
        """The run that this one sets off as it ends."""
        return _Run(
            self._random,
            self._project,
            workflow,
            f"{self._name} follow-up",
            self._clock + _MINUTE,
            parent_key=self._key,
        )

    def calls(self) -> Iterator[DemoCall]:
        """The run's calls, which then know when each job and the run as a whole ended."""
        if not self._workflow.agents:
            yield self._call(f"{self._key} call", world.DIRECT)
            return
        agents = list(self._workflow.agents)
        if self._status is not RunStatus.SUCCEEDED:  # it ends with the agent that did not make it
            agents = agents[: self._random.randint(1, len(agents))]
        made = [
            call
            for number, agent in enumerate(agents)
            for call in self._job_calls(agent, is_last=number == len(agents) - 1)
        ]
        run = RunRef(
            self._key,
            parent_key=self._parent_key,
            workflow=self._workflow.name,
            trigger=self._workflow.trigger,
            status=self._status,
            started_at=self._start,
            finished_at=self._clock,
        )
        for call in made:
            yield replace(call, event=replace(call.event, run=run))

    def _job_calls(self, agent: str, *, is_last: bool) -> list[DemoCall]:
        start = self._clock
        status = self._status if is_last else RunStatus.SUCCEEDED
        count = self._call_count or self._random.choices((1, 2, 3, 4, 6), (4, 4, 3, 2, 1))[0]
        key = f"{self._key} {agent}"
        calls = [self._call(f"{key} {n}", world.AGENTS[agent]) for n in range(count)]
        if status is RunStatus.FAILED:
            calls[-1] = replace(calls[-1], event=_failed(calls[-1].event))
        job = JobRef(
            key,
            agent,
            initiator=self._workflow.initiator,
            status=status,
            started_at=start,
            finished_at=self._clock,
        )
        return [replace(call, event=replace(call.event, job=job)) for call in calls]

    def _call(self, key: str, agent: DemoAgent) -> DemoCall:
        """The next call; the first one happens as the run starts."""
        model = self._random.choices(list(agent.models), list(agent.models.values()))[0]
        if self._workflow is world.MONTHLY_REVIEW and self._clock == self._start:
            model = world.OPENING_MODEL
        duration = timedelta(milliseconds=round(1_000 * self._random.lognormvariate(2.6, 0.7)))
        event = UsageEvent(
            event_key=key,
            project_id=NIL,
            model=model.name,
            provider=model.provider,
            tokens=_tokens(self._random, model, agent),
            occurred_at=self._clock,
            operation=model.operation,
            surface=self._workflow.surface,
            duration_ms=round(duration / timedelta(milliseconds=1)),
        )
        if self._random.random() < _FAILED_CALL_CHANCE:
            event = _failed(event)
        self._clock += duration + self._gap
        return DemoCall(self._project.name, self._email, self._api_key, event)


def _failed(event: UsageEvent) -> UsageEvent:
    """The same call broken off before it answered: what went in is charged all the same."""
    tokens = replace(
        event.tokens,
        output_tokens=0,
        reasoning_tokens=None,
        output_includes_reasoning=None,
    )
    return replace(event, outcome=CallOutcome.FAILED, tokens=tokens)


def _tokens(random: Random, model: DemoModel, agent: DemoAgent) -> ReportedTokens:
    """Counts in the provider's own convention."""
    size = round(agent.input_tokens * random.lognormvariate(0, 0.55))
    if model.operation is Operation.EMBEDDING:
        return ReportedTokens(input_tokens=size)
    answer = round(agent.output_tokens * random.lognormvariate(0, 0.6))
    read = write = write_long = None
    fresh = size
    if model.input_includes_cache is not None:
        read = round(size * random.uniform(0.2, 0.75))
        fresh -= read
    if model.writes_cache:
        written = round(fresh * random.uniform(0.5, 0.8))
        write, write_long = (0, written) if random.random() < 0.15 else (written, 0)
        fresh -= written
    reasoning = None
    if model.output_includes_reasoning is not None:
        reasoning = round(answer * random.uniform(0.3, 1.2))
        answer += reasoning if model.output_includes_reasoning else 0
    return ReportedTokens(
        input_tokens=size if model.input_includes_cache else fresh,
        output_tokens=answer,
        cache_read_tokens=read,
        cache_write_5m_tokens=write,
        cache_write_1h_tokens=write_long,
        reasoning_tokens=reasoning,
        input_includes_cache=model.input_includes_cache,
        output_includes_reasoning=model.output_includes_reasoning,
    )


def _as_of(call: DemoCall, now: datetime) -> DemoCall:
    """The call as known at `now`: what ends later is running."""
    run, job = call.event.run, call.event.job
    if run is None or job is None or run.finished_at is None or run.finished_at <= now:
        return call
    run = replace(run, status=RunStatus.RUNNING, finished_at=None)
    if job.finished_at is not None and job.finished_at > now:
        job = replace(job, status=RunStatus.RUNNING, finished_at=None)
    return replace(call, event=replace(call.event, run=run, job=job))
