"""Settling a reservation: what the call used is posted, and what was not needed is freed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import UNSET, field

from models import errors, event, settlement
from models.reservation import Reservation as ReservationRow
from resolvers import usage
from resolvers.context import Info
from resolvers.enums import CallOutcome, Operation, Surface
from resolvers.field import given
from resolvers.mutation import WHAT_TO_DO
from resolvers.reservation import Reservation
from resolvers.scalars import BigInt
from resolvers.usage import UsageResult
from resolvers.user_error import UserError


@strawberry.input(
    description=(
        "Usage under a reservation. While a call streams, counts are the call's so far; parts may "
        "come twice and out of order."
    )
)
class SettledUsageInput:
    event_key: str | None = field(
        default=UNSET,
        description=(
            "The caller's own name for the event; the reservation's key when omitted, and needed "
            "while a call streams."
        ),
    )
    occurred_at: datetime | None = field(
        default=UNSET, description="When the call was made; the server's now when omitted."
    )
    provider: str | None = field(
        default=UNSET, description="Who ran the model; as reserved when omitted."
    )
    model: str | None = field(
        default=UNSET, description="The model's exact name; as reserved when omitted."
    )
    operation: Operation = field(
        default=Operation.COMPLETION, description="What the model was asked to do."
    )
    outcome: CallOutcome = field(default=CallOutcome.SUCCEEDED, description="How the call ended.")
    surface: Surface = field(default=Surface.API, description="Where it was asked.")
    input_tokens: BigInt = field(
        default=BigInt(0), description="Input tokens, as the provider counts them."
    )
    output_tokens: BigInt = field(
        default=BigInt(0), description="Output tokens, as the provider counts them."
    )
    cache_read_tokens: BigInt | None = field(
        default=UNSET, description="Input tokens read from a cache."
    )
    cache_write_5m_tokens: BigInt | None = field(
        default=UNSET,
        description="Input tokens written to a 5-minute cache, or to one of unknown life.",
    )
    cache_write_1h_tokens: BigInt | None = field(
        default=UNSET, description="Input tokens written to a 1-hour cache."
    )
    reasoning_tokens: BigInt | None = field(default=UNSET, description="Reasoning tokens.")
    input_includes_cache: bool | None = field(
        default=UNSET,
        description=(
            "Whether `inputTokens` contains the cached ones. Required with any cache count."
        ),
    )
    output_includes_reasoning: bool | None = field(
        default=UNSET,
        description=(
            "Whether `outputTokens` contains the reasoning ones. Required with a reasoning count."
        ),
    )
    duration_ms: int | None = field(default=UNSET, description="How long the call took.")
    source_cost: Decimal | None = field(
        default=UNSET, description="What the source said it cost, in dollars."
    )


@strawberry.input(description="What a reserved call used.")
class SettleReservationInput:
    key: str = field(description="The reservation, by the caller's own name.")
    event: SettledUsageInput = field(
        description=("What was used. Project, run, job, key and user come from the reservation.")
    )
    final: bool = field(
        default=True,
        description="Whether the reservation ends; false while the call streams on.",
    )


@strawberry.type(description="Answer to `settleReservation`.")
class SettleReservationPayload:
    reservation: Reservation | None = field(
        description="The reservation as it is now; null when refused."
    )
    result: UsageResult | None = field(description="What became of the usage; null when refused.")
    overrun: Decimal | None = field(
        description="Dollars posted beyond what was held; 0 when none, null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Settled:
    """What the payload is read from."""

    reservation: ReservationRow | None = None
    result: usage.Result | None = None
    overrun: Decimal | None = None
    user_errors: Sequence[errors.UserError] = ()


async def settle_reservation(
    info: Info, input: Annotated[SettleReservationInput, WHAT_TO_DO]
) -> _Settled:
    """Posts what a call used and, unless more is to come, frees the rest."""
    context, said = info.context, input.event
    try:
        usage.check_instant(given(said.occurred_at), context.now)
        settled = await settlement.settle(
            context.database,
            context.writer,
            context.scope,
            input.key,
            _usage(said),
            is_final=input.final,
        )
    except usage.UnfitError as unfit:
        return _Settled(user_errors=_placed([unfit.error]))
    except errors.UserErrors as refused:
        return _Settled(user_errors=refused.errors)
    context.loaders.forget()
    result = usage.result_of(context.scope, settled.outcome, ("event",))
    if result.user_errors:
        return _Settled(user_errors=result.user_errors)
    held = settled.reservation
    return _Settled(held, result, held.overrun)


def _usage(said: SettledUsageInput) -> settlement.SettledUsage:
    return settlement.SettledUsage(
        event_key=given(said.event_key),
        occurred_at=given(said.occurred_at),
        provider=given(said.provider),
        model=given(said.model),
        operation=event.Operation(said.operation.name),
        outcome=event.CallOutcome(said.outcome.name),
        surface=event.Surface(said.surface.name),
        tokens=usage.tokens_of(said),
        duration_ms=given(said.duration_ms),
        source_cost=given(said.source_cost),
    )


def _placed(refusals: Sequence[errors.UserError]) -> list[errors.UserError]:
    return [
        errors.UserError(error.code, error.message, ("event", *(error.field or ())))
        for error in refusals
    ]
