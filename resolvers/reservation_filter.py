"""Which reservations a list shows, and the list of an organization's reservations."""

from typing import Annotated

import strawberry
from strawberry import UNSET, argument, field

from models import directory, reservation
from models.page import At
from resolvers import node
from resolvers.cap_enums import ReservationStatus
from resolvers.connection import After, First, Listing, paging
from resolvers.context import Context, Info
from resolvers.field import given
from resolvers.permissions import reachable_project, require_acting


@strawberry.input(description="Which reservations. Fields given are all met.")
class ReservationFilter:
    status: ReservationStatus | None = field(default=UNSET, description="Only in this state.")
    project_id: strawberry.ID | None = field(default=UNSET, description="Only for this project.")
    run_id: strawberry.ID | None = field(default=UNSET, description="Only for this run, by our id.")
    key: str | None = field(default=UNSET, description="Only this one, by the caller's key.")


async def list_reservations(
    root: directory.Organization,
    info: Info,
    filter: Annotated[
        ReservationFilter | None, argument(description="Which of them; all when omitted.")
    ] = UNSET,
    first: First = 20,
    after: After = UNSET,
) -> Listing[reservation.Reservation]:
    """A page of the reservations that the caller may see, newest first."""
    require_acting(info.context, root.id)
    context = info.context
    page = paging(At, context.scope, first, after, "organization.reservations", filter)
    asked = await _filter(context, given(filter) or ReservationFilter())
    async with context.database.connection() as connection:
        found = await reservation.list_reservations(
            connection, context.scope, asked, page.size, page.after
        )
    for item in found.items:
        context.loaders.reservation.prime(item.id, item)
    return page.listing(found, lambda item: At(item.created_at, item.id))


async def _filter(context: Context, wanted: ReservationFilter) -> reservation.ReservationFilter:
    """The filter in the domain's terms; raises NotFoundError for what the caller does not see."""
    status, project, run = given(wanted.status), given(wanted.project_id), given(wanted.run_id)
    return reservation.ReservationFilter(
        status=None if status is None else reservation.ReservationStatus(status.name),
        project_id=None if project is None else (await reachable_project(context, project)).id,
        run_id=None if run is None else (await node.find_of(context, node.RUN, run)).id,
        key=given(wanted.key),
    )
