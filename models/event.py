"""A usage event as a door hands it to the ledger, and what became of it.

Ids are resolved and the caller's right to the project is settled before an event is made. Token
counts are as the provider counts them: `ledger.record` normalises, prices and deduplicates.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from models.errors import UserError
from models.token import ReportedTokens

UNATTRIBUTED = "unattributed"
KEY_LENGTH = 255
STREAM = "\x1f"
"""Stands before the key of a call that streams where it is kept with the keys of events."""


class RunStatus(StrEnum):
    """How a pipeline run or an agent job stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Initiator(StrEnum):
    """Who set an agent to work."""

    CHAT_AGENT = "CHAT_AGENT"
    TASK_AGENT = "TASK_AGENT"
    HEARTBEAT = "HEARTBEAT"


class Surface(StrEnum):
    """Where it was asked."""

    WEB = "WEB"
    CLI = "CLI"
    API = "API"


class Operation(StrEnum):
    """What a model was asked to do."""

    COMPLETION = "COMPLETION"
    EMBEDDING = "EMBEDDING"


class CallOutcome(StrEnum):
    """How a model call ended."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


# These are not frozen, though nobody changes them: freezing triples what making one costs, and
# there are several for every event.
@dataclass(slots=True, unsafe_hash=True)
class RunRef:
    """A run by the caller's key; what is None stays as it is, or gets its default when new."""

    key: str
    parent_key: str | None = None
    workflow: str | None = None
    trigger: str | None = None
    status: RunStatus | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(slots=True, unsafe_hash=True)
class JobRef:
    """A job of the event's run by the caller's key; `agent_type` in any spelling."""

    key: str
    agent_type: str
    initiator: Initiator | None = None
    status: RunStatus | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(slots=True, unsafe_hash=True)
class UsageEvent:
    """One model call, or the counts of a growing one so far (`is_cumulative`).

    With a `call_key` it is one report of a call that streams: cumulative, and counted under that
    key, so that reports may come twice and out of order. `reservation_id` is that of the hold under
    which it was spent, which `ends_reservation` frees.
    """

    event_key: str
    project_id: UUID
    model: str
    tokens: ReportedTokens
    occurred_at: datetime | None = None
    provider: str | None = None
    operation: Operation = Operation.COMPLETION
    outcome: CallOutcome = CallOutcome.SUCCEEDED
    surface: Surface | None = None
    service_tier: str = ""
    run: RunRef | None = None
    job: JobRef | None = None
    api_key_id: UUID | None = None
    user_id: UUID | None = None
    duration_ms: int | None = None
    source_cost: Decimal | None = None
    call_key: str | None = None
    is_cumulative: bool = False
    import_id: UUID | None = None
    reservation_id: UUID | None = None
    ends_reservation: bool = False

    @property
    def is_growing(self) -> bool:
        """Whether the counts are the call's so far, of which the difference is posted."""
        return self.is_cumulative or self.call_key is not None

    @property
    def counted_key(self) -> str:
        """What counts once: the event, or the call of which it reports."""
        return self.event_key if self.call_key is None else STREAM + self.call_key

    @property
    def report_key(self) -> str | None:
        """The report's own name, where it is not what counts."""
        return None if self.call_key is None else self.event_key


class UsageStatus(StrEnum):
    """What became of an event."""

    RECORDED = "RECORDED"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"


@dataclass(slots=True, unsafe_hash=True)
class UsageOutcome:
    """What became of one event.

    `cost` is what this event added, in dollars: None when unpriced, rejected or in conflict, and 0
    when a cumulative report added nothing. A duplicate repeats the first answer.
    """

    event_key: str
    status: UsageStatus
    is_unpriced: bool = False
    transaction_id: UUID | None = None
    cost: Decimal | None = None
    errors: tuple[UserError, ...] = field(default=())
