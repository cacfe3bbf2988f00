"""Asking for money before a call: granted, denied, or refused as making no sense."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET, field

from models import admission, cap, reservation
from models.access import Role, Scope
from models.errors import NotFoundError
from models.errors import UserError as UserErrorRow
from resolvers import node
from resolvers.cap import Cap, shown
from resolvers.cap_enums import DenialReason
from resolvers.context import Info
from resolvers.enums import SpendUnit
from resolvers.field import computed, given
from resolvers.mutation import WHAT_TO_DO
from resolvers.node import parse_id, shows
from resolvers.reservation import Reservation, visible_caps
from resolvers.scalars import BigInt
from resolvers.user_error import UserError

Answer = admission.Granted | admission.Denied | admission.Rejected


async def _reservation(root: admission.Granted, info: Info) -> reservation.Reservation | None:
    return await info.context.loaders.reservation.load(root.reservation_id)


async def _warnings(root: admission.Granted, info: Info) -> list[cap.Cap]:
    return list(await visible_caps(info.context, root.warning_cap_ids))


async def _cap(root: admission.Denied, info: Info) -> cap.Cap | None:
    return await info.context.loaders.cap.load(root.cap_id) if root.cap_id else None


async def _sees(root: admission.Denied, info: Info) -> bool:
    """Whether the figures are for the caller.

    What is denied without a cap is for want of credits: figures of the organization.
    """
    if root.cap_id is None:
        return info.context.scope.sees_figures
    return await _cap(root, info) is not None


async def _message(root: admission.Denied, info: Info) -> str:
    return root.message(may_see=await _sees(root, info))


def _figure(name: str) -> Any:
    async def resolve(root: admission.Denied, info: Info) -> Decimal | None:
        return shown(getattr(root, name)) if await _sees(root, info) else None

    return resolve


def _requested(root: admission.Denied) -> Decimal | None:
    return shown(root.requested)


@strawberry.type(description="The money is held: make the call.")
class SpendGranted:
    is_type_of = shows(admission.Granted)

    reservation: Reservation = computed(
        _reservation,
        description=(
            "The hold; always OPEN. A key whose reservation has ended is rejected with "
            "RESERVATION_ENDED instead."
        ),
    )
    warnings: list[Cap] = computed(
        _warnings, description="Caps with action WARN that this exceeds."
    )


@strawberry.type(description="It does not fit: do not make the call.")
class SpendDenied:
    is_type_of = shows(admission.Denied)

    reason: DenialReason = field(description="For programs.")
    message: str = computed(
        _message,
        description="For people: which limit, what was asked, what is left, when it resets.",
    )
    cap: Cap | None = computed(
        _cap,
        description=(
            "The cap that refused, the widest one of several; null when the caller may not see it."
        ),
    )
    unit: SpendUnit = field(description="What that cap's amounts are measured in.")
    limit: Decimal | None = computed(
        _figure("limit"), description="The cap's limit; null when the caller may not see it."
    )
    spent: Decimal | None = computed(
        _figure("spent"),
        description="What was spent under it; null when the caller may not see it.",
    )
    held: Decimal | None = computed(
        _figure("held"), description="What is held under it; null when the caller may not see it."
    )
    requested: Decimal | None = computed(
        _requested,
        description="What was asked for, in that unit; null when it could not be priced.",
    )
    resets_at: datetime | None = field(
        description="When that cap begins at 0 again; null for a whole run."
    )
    is_retryable: bool = field(
        description="Whether the room is only held, not spent: trying again soon can help."
    )


@strawberry.type(description="The request made no sense; nothing was looked at.")
class SpendRejected:
    is_type_of = shows(admission.Rejected)

    user_errors: list[UserError] = computed(
        lambda root: root.errors, description="What to put right, at least one."
    )


ReserveSpendResult = Annotated[
    SpendGranted | SpendDenied | SpendRejected,
    strawberry.union("ReserveSpendResult", description="Whether the money is held."),
]


@strawberry.input(description="A call that is about to be made.")
class CallEstimateInput:
    provider: str | None = field(
        default=UNSET,
        description=(
            "Who runs the model; found from the model's name when omitted and unambiguous."
        ),
    )
    model: str = field(description="The model's exact name.")
    input_tokens: BigInt = field(description="Input tokens, counted as if none were cached.")
    max_output_tokens: BigInt = field(
        description="Most output tokens the call may return, reasoning included."
    )


@strawberry.input(
    description=(
        "A request to hold money: an amount, or a call for us to price; exactly one of the two."
    )
)
class ReserveSpendInput:
    key: str = field(
        description="The caller's own name for the reservation, unique within the organization."
    )
    project_id: strawberry.ID = field(description="What the money is for.")
    run_key: str | None = field(
        default=UNSET, description="The run, by the caller's own name; created when new."
    )
    job_key: str | None = field(
        default=UNSET, description="The agent job, by the caller's own name; needs `runKey`."
    )
    api_key_id: strawberry.ID | None = field(
        default=UNSET, description="The key that will call; the one in use when omitted."
    )
    user_id: strawberry.ID | None = field(default=UNSET, description="The person it counts for.")
    amount: Decimal | None = field(default=UNSET, description="Dollars, above 0.")
    call: CallEstimateInput | None = field(
        default=UNSET, description="The call, to be priced at its most expensive."
    )
    ttl_seconds: int = field(
        default=600,
        description="Seconds until it ends by itself, 1 to 86,400 (settle or extend before).",
    )


async def reserve_spend(info: Info, input: Annotated[ReserveSpendInput, WHAT_TO_DO]) -> Answer:
    """Holds money under every cap that applies, or under none."""
    context = info.context
    try:
        request = _request(context.scope, input)
    except _UnknownError as unknown:
        return admission.Rejected((unknown.error,))
    answer = await context.admission.reserve(context.scope.organization_id, request)
    context.loaders.forget()
    return answer


class _UnknownError(Exception):
    """An id that names nothing within reach."""

    def __init__(self, error: UserErrorRow) -> None:
        super().__init__(error.message)
        self.error = error


def _request(scope: Scope, input: ReserveSpendInput) -> admission.SpendRequest:
    project_id = _id(scope, node.PROJECT, input.project_id, "projectId")
    try:
        scope.require_project(project_id, Role.MEMBER)
    except NotFoundError as error:
        raise _unknown(error, "projectId") from None
    api_key, user, call = given(input.api_key_id), given(input.user_id), given(input.call)
    return admission.SpendRequest(
        key=input.key,
        project_id=project_id,
        run_key=given(input.run_key),
        job_key=given(input.job_key),
        api_key_id=(
            scope.api_key_id if api_key is None else _id(scope, node.API_KEY, api_key, "apiKeyId")
        ),
        user_id=None if user is None else _id(scope, node.USER, user, "userId"),
        amount=given(input.amount),
        call=None if call is None else _estimate(call),
        ttl_seconds=input.ttl_seconds,
    )


def _estimate(call: CallEstimateInput) -> admission.CallEstimate:
    return admission.CallEstimate(
        model=call.model,
        input_tokens=call.input_tokens,
        max_output_tokens=call.max_output_tokens,
        provider=given(call.provider),
    )


def _id(scope: Scope, kind: str, text: str, name: str) -> UUID:
    try:
        return parse_id(scope, kind, text)
    except NotFoundError as error:
        raise _unknown(error, name) from None


def _unknown(error: NotFoundError, name: str) -> _UnknownError:
    return _UnknownError(UserErrorRow(error.code, error.message, (name,)))
