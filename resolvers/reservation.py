"""Reservations: money held before a call, shown, given back and kept longer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import argument, field

from models import cap, errors, hold, pipeline, reservation
from resolvers import node
from resolvers.cap import Cap
from resolvers.cap_enums import ReservationStatus
from resolvers.connection import PageInfo
from resolvers.context import Context, Info
from resolvers.field import computed
from resolvers.mutation import WHAT_TO_DO, Outcome, change
from resolvers.node import Node, public_id, shows
from resolvers.project import Project, project_of
from resolvers.run import PipelineRun
from resolvers.user_error import UserError


async def _run(root: reservation.Reservation, info: Info) -> pipeline.PipelineRun | None:
    return await info.context.loaders.run.load(root.run_id) if root.run_id else None


def _expires_in_seconds(root: reservation.Reservation) -> int:
    return root.seconds_left


async def _caps(root: reservation.Reservation, info: Info) -> Sequence[cap.Cap]:
    ids = await info.context.loaders.reservation_caps.load(root.id)
    return await visible_caps(info.context, ids)


async def visible_caps(context: Context, ids: Sequence[UUID]) -> Sequence[cap.Cap]:
    """Those of the caps that the caller may see, in the order given."""
    found = await context.loaders.cap.load_many(list(ids))
    return [each for each in found if each is not None]


@strawberry.type(description="Money held before a call.")
class Reservation(Node):
    is_type_of = shows(reservation.Reservation)

    id: strawberry.ID = computed(public_id(node.RESERVATION), description="Opaque id.")
    key: str = field(description="The caller's own name for it, unique within the organization.")
    status: ReservationStatus = field(description="How it stands.")
    project: Project = computed(project_of, description="What the money is for.")
    run: PipelineRun | None = computed(_run, description="The run; null outside any.")
    amount: Decimal = field(description="Dollars held when it was granted.")
    settled_cost: Decimal = field(description="Dollars posted to the ledger so far.")
    held: Decimal = field(description="Dollars still held; 0 once it has ended.")
    overrun: Decimal = field(description="Dollars posted beyond `amount`; 0 when none.")
    created_at: datetime = field(description="When it was granted.")
    expires_at: datetime = field(description="When it ends by itself.")
    expires_in_seconds: int = computed(
        _expires_in_seconds,
        description="Seconds until then by the server's clock; 0 once it has ended.",
    )
    ended_at: datetime | None = field(description="When it ended; null while open.")
    caps: list[Cap] = computed(_caps, description="The caps that hold it.")


@strawberry.type(description="One entry of a page of reservations.")
class ReservationEdge:
    cursor: str = field(description="Where it stands.")
    node: Reservation = field(description="The reservation.")


@strawberry.type(description="Reservations, a page at a time.")
class ReservationConnection:
    edges: list[ReservationEdge] = field(description="Entries with their cursors.")
    nodes: list[Reservation] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.input(description="A reservation to give back.")
class ReleaseReservationInput:
    key: str = field(description="By the caller's own name.")


@strawberry.input(description="A reservation to keep longer.")
class ExtendReservationInput:
    key: str = field(description="By the caller's own name.")
    ttl_seconds: int = field(description="Seconds from now, 1 to 86,400.")


@strawberry.type(description="Answer to `releaseReservation` and `extendReservation`.")
class ReservationPayload:
    reservation: Reservation | None = field(
        description="The reservation as it is now; null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the payload is read from."""

    reservation: reservation.Reservation | None
    user_errors: Sequence[errors.UserError]


def _answer(outcome: Outcome[reservation.Reservation]) -> _Answer:
    return _Answer(outcome.made, outcome.user_errors)


async def release_reservation(
    info: Info, input: Annotated[ReleaseReservationInput, WHAT_TO_DO]
) -> _Answer:
    """Frees a reservation that was not needed."""
    context = info.context
    return _answer(
        await change(context, lambda connection: hold.release(connection, context.scope, input.key))
    )


async def extend_reservation(
    info: Info, input: Annotated[ExtendReservationInput, WHAT_TO_DO]
) -> _Answer:
    """Gives a reservation more time."""
    context, key, seconds = info.context, input.key, input.ttl_seconds
    return _answer(
        await change(
            context, lambda connection: hold.extend(connection, context.scope, key, seconds)
        )
    )


async def get_reservation(
    info: Info,
    key: Annotated[str, argument(description="The caller's own name for the reservation.")],
) -> reservation.Reservation:
    """A reservation by the caller's own key."""
    context = info.context
    async with context.database.connection() as connection:
        found = await reservation.find_reservation(connection, context.scope, key)
    if found is None:
        raise node.not_found(node.RESERVATION)
    return found


async def _find(context: Context, id: UUID) -> reservation.Reservation | None:
    return await context.loaders.reservation.load(id)


node.finds(node.RESERVATION, _find)
