"""Calls as agents make them, as events for the ledger and as the bodies that callers send.

Sessions run side by side; each is a run of a few jobs, each job a dozen calls one after the other,
as in the logs of coding agents (median 12 calls a job). A batch is what the sessions did next, in
the order of time: that is the locality that rollups live from. Instants lie in the last days, so
that a server takes them. Refused: I/O.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from usage import Spender

from models.event import Initiator, JobRef, RunRef, RunStatus, Surface, UsageEvent
from models.ids import encode
from models.token import ReportedTokens
from resolvers import node

_SESSIONS = {1: 8, 200: 60}
"""How many sessions run at any time, by the number of projects."""
_JOBS_A_RUN = (1, 2, 2, 3)
_CALLS_A_JOB = (4, 20)
_PAUSE_SECONDS = (3.0, 30.0)
_BEGUN_DAYS_AGO = 20
# Models that have public prices, and one that nobody has priced.
_MODELS = (
    ("anthropic", "claude-opus-4-5-20251101"),
    ("anthropic", "claude-sonnet-4-5-20250929"),
    ("openai", "gpt-4o-2024-08-06"),
    ("google", "gemini-2.5-pro"),
    ("hooli", "hooli-preview"),
)
_MODEL_WEIGHTS = (40, 30, 15, 14, 1)


@dataclass
class _Session:
    """A run that is going on: what is left of it, and when its next call ends."""

    spender: Spender
    run: RunRef
    api_key_id: UUID | None
    user_id: UUID | None
    model: tuple[str, str]
    jobs: list[JobRef]
    calls_left: int


class Calls:
    """Endless calls of one project, or of all; equal arguments tell the same calls."""

    def __init__(self, spenders: Sequence[Spender], name: str, seed: int = 1) -> None:
        self._spenders = spenders
        self._weights = [spender.share for spender in spenders]
        self._name = name
        self._random = Random(seed)
        self._numbers = count(1)
        self._ties = count()
        self._queue: list[tuple[datetime, int, _Session]] = []
        begun = datetime.now(UTC) - timedelta(days=_BEGUN_DAYS_AGO)
        for _ in range(_SESSIONS[1 if len(spenders) == 1 else 200]):
            self._begin(begun + timedelta(seconds=self._random.uniform(0, _PAUSE_SECONDS[1])))

    def take(self, number: int) -> list[UsageEvent]:
        """The next calls, in the order of time."""
        return [self._next() for _ in range(number)]

    def _begin(self, at: datetime) -> None:
        random = self._random
        (spender,) = random.choices(self._spenders, self._weights)
        jobs = [
            JobRef(
                f"job {place}",
                random.choice(spender.agent_types),
                Initiator.TASK_AGENT,
                RunStatus.SUCCEEDED,
            )
            for place in range(random.choice(_JOBS_A_RUN))
        ]
        run = RunRef(
            f"{self._name} run {next(self._numbers)}", None, "review", "push", RunStatus.SUCCEEDED
        )
        (model,) = random.choices(_MODELS, _MODEL_WEIGHTS)
        session = _Session(
            spender,
            run,
            random.choice(spender.api_key_ids),
            random.choice(spender.user_ids),
            model,
            jobs,
            random.randint(*_CALLS_A_JOB),
        )
        heapq.heappush(self._queue, (at, next(self._ties), session))

    def _next(self) -> UsageEvent:
        random = self._random
        at, tie, session = heapq.heappop(self._queue)
        event = self._event(session, at)
        later = at + timedelta(seconds=random.uniform(*_PAUSE_SECONDS))
        session.calls_left -= 1
        if session.calls_left == 0:
            session.jobs.pop(0)
            session.calls_left = random.randint(*_CALLS_A_JOB)
        if session.jobs:
            heapq.heappush(self._queue, (later, tie, session))
        else:
            self._begin(later)
        return event

    def _event(self, session: _Session, at: datetime) -> UsageEvent:
        random, (provider, model) = self._random, session.model
        return UsageEvent(
            event_key=f"req_{random.getrandbits(96):024x}{next(self._numbers)}",
            project_id=session.spender.project_id,
            model=model,
            tokens=ReportedTokens(
                input_tokens=20 + int(random.random() ** 3 * 12_000),
                output_tokens=1 + int(random.random() ** 3 * 4_000),
                cache_read_tokens=int(random.random() * 90_000),
                cache_write_5m_tokens=int(random.random() ** 2 * 9_000),
                input_includes_cache=False,
            ),
            occurred_at=at,
            provider=provider,
            surface=Surface.API,
            run=session.run,
            job=session.jobs[0],
            api_key_id=session.api_key_id,
            user_id=session.user_id,
            duration_ms=150 + int(random.random() ** 4 * 20_000),
        )


def said(organization_id: UUID, events: Sequence[UsageEvent]) -> Iterator[dict[str, Any]]:
    """The events in the words of `UsageEventInput`."""
    for event in events:
        run, job, tokens = event.run, event.job, event.tokens
        assert run is not None
        assert job is not None
        assert event.occurred_at is not None
        body = {
            "eventKey": event.event_key,
            "projectId": encode(node.PROJECT, organization_id, event.project_id),
            "model": event.model,
            "provider": event.provider,
            "occurredAt": event.occurred_at.isoformat().replace("+00:00", "Z"),
            "surface": "API",
            "run": {"key": run.key, "workflow": run.workflow, "trigger": run.trigger,
                    "status": "SUCCEEDED"},
            "job": {"key": job.key, "agentType": job.agent_type, "initiator": "TASK_AGENT",
                    "status": "SUCCEEDED"},
            "inputTokens": tokens.input_tokens,
            "outputTokens": tokens.output_tokens,
            "cacheReadTokens": tokens.cache_read_tokens,
            "cacheWrite5mTokens": tokens.cache_write_5m_tokens,
            "inputIncludesCache": False,
            "durationMs": event.duration_ms,
        }  # fmt: skip
        if event.api_key_id is not None:
            body["apiKeyId"] = encode(node.API_KEY, organization_id, event.api_key_id)
        if event.user_id is not None:
            body["userId"] = node.user_id(event.user_id)
        yield body
