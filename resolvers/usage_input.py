"""What callers say about usage, as inputs of the public schema."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import UNSET, field

from resolvers.enums import CallOutcome, Initiator, JobStatus, Operation, RunStatus, Surface
from resolvers.quick_input import quick
from resolvers.scalars import BigInt


@quick
@strawberry.input(
    description=(
        "One report of a call that streams. Reports may come twice and out of order; totals never "
        "fall."
    )
)
class StreamReportInput:
    call_key: str = field(
        description="The caller's own name for the call; each report has its own `eventKey`.",
    )
    final: bool = field(default=False, description="Whether it is the last report.")


@quick
@strawberry.input(description="A run, as the caller knows it. What is omitted stays as it is.")
class RunInput:
    key: str = field(description="The caller's own name for it, unique within the project.")
    parent_key: str | None = field(
        default=UNSET,
        description=(
            "The run that started it, by the caller's own name; its caps bind this one too."
        ),
    )
    workflow: str | None = field(default=UNSET, description="Name of the workflow.")
    trigger: str | None = field(default=UNSET, description="What set it off.")
    status: RunStatus | None = field(default=UNSET, description="How it stands.")
    started_at: datetime | None = field(default=UNSET, description="When it began.")
    finished_at: datetime | None = field(default=UNSET, description="When it ended.")


@quick
@strawberry.input(
    description="An agent job, as the caller knows it. What is omitted stays as it is."
)
class JobInput:
    key: str = field(description="The caller's own name for it, unique within the run.")
    agent_type: str = field(description="Kind of agent; any name, known ones in any spelling.")
    initiator: Initiator | None = field(default=UNSET, description="Who set it to work.")
    status: JobStatus | None = field(default=UNSET, description="How it stands.")
    started_at: datetime | None = field(default=UNSET, description="When it began.")
    finished_at: datetime | None = field(
        default=UNSET,
        description="When it ended; the job is counted in the period of this instant.",
    )


@quick
@strawberry.input(description="One model call, or one report of a streamed one.")
class UsageEventInput:
    event_key: str = field(
        description=(
            "The caller's own name for the event, up to 255 characters: counted once whatever is "
            "sent again."
        ),
    )
    project_id: strawberry.ID = field(description="What the money was spent on.")
    occurred_at: datetime | None = field(
        default=UNSET,
        description="When the call was made; the server's now when omitted.",
    )
    run: RunInput | None = field(
        default=UNSET,
        description="The run, created or updated on the way.",
    )
    job: JobInput | None = field(
        default=UNSET,
        description="The agent job, created or updated on the way; needs `run`.",
    )
    provider: str | None = field(
        default=UNSET,
        description=(
            "Who ran the model; found from the model's name when omitted and unambiguous."
        ),
    )
    model: str = field(description="The model's exact name.")
    operation: Operation = field(
        default=Operation.COMPLETION,
        description="What the model was asked to do.",
    )
    outcome: CallOutcome = field(
        default=CallOutcome.SUCCEEDED,
        description="How the call ended.",
    )
    surface: Surface = field(default=Surface.API, description="Where it was asked.")
    service_tier: str | None = field(
        default=UNSET,
        description="Service tier by which it is billed (`batch`); the standard one when omitted.",
    )
    api_key_id: strawberry.ID | None = field(
        default=UNSET,
        description="The key that called; the one in use when omitted.",
    )
    user_id: strawberry.ID | None = field(
        default=UNSET,
        description="The person it counts for.",
    )
    input_tokens: BigInt = field(
        default=BigInt(0),
        description="Input tokens, as the provider counts them.",
    )
    output_tokens: BigInt = field(
        default=BigInt(0),
        description="Output tokens, as the provider counts them.",
    )
    cache_read_tokens: BigInt | None = field(
        default=UNSET,
        description="Input tokens read from a cache.",
    )
    cache_write_5m_tokens: BigInt | None = field(
        default=UNSET,
        name="cacheWrite5mTokens",
        description="Input tokens written to a 5-minute cache, or to one of unknown life.",
    )
    cache_write_1h_tokens: BigInt | None = field(
        default=UNSET,
        name="cacheWrite1hTokens",
        description="Input tokens written to a 1-hour cache.",
    )
    reasoning_tokens: BigInt | None = field(default=UNSET, description="Reasoning tokens.")
    input_includes_cache: bool | None = field(
        default=UNSET,
        description=(
            "Whether `inputTokens` contains the cached ones (OpenAI: true, Anthropic: false). "
            "Required with any cache count: a wrong guess is a wrong bill."
        ),
    )
    output_includes_reasoning: bool | None = field(
        default=UNSET,
        description=(
            "Whether `outputTokens` contains the reasoning ones (OpenAI: true, Gemini: false). "
            "Required with a reasoning count."
        ),
    )
    duration_ms: int | None = field(default=UNSET, description="How long the call took.")
    source_cost: Decimal | None = field(
        default=UNSET,
        description=(
            "What the source said it cost, in dollars; kept beside our own figure, never used for "
            "it."
        ),
    )
    stream: StreamReportInput | None = field(
        default=UNSET,
        description="For a call that streams: token counts here are then the call's so far.",
    )


@quick
@strawberry.input(description="Events to record.")
class RecordUsageInput:
    events: list[UsageEventInput] = field(description="1 to 1,000.")


@quick
@strawberry.input(description="A run and its jobs, without usage.")
class RecordRunInput:
    project_id: strawberry.ID = field(description="What the run's money is spent on.")
    run: RunInput = field(description="The run.")
    jobs: list[JobInput] = field(default_factory=list, description="Its jobs, up to 100.")
