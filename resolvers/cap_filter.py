"""Which caps a list shows, and the list of an organization's caps."""

from typing import Annotated

import strawberry
from strawberry import UNSET, argument, field

from models import cap, cap_rule, directory
from models.page import Named
from resolvers import node
from resolvers.cap_enums import CapScope, CapStatus
from resolvers.connection import After, First, Listing, paging
from resolvers.context import Context, Info
from resolvers.field import given
from resolvers.permissions import reachable_project, require_acting


@strawberry.input(description="Which caps. Fields given are all met.")
class CapFilter:
    scope: CapScope | None = field(default=UNSET, description="Only on this kind of thing.")
    target_id: strawberry.ID | None = field(default=UNSET, description="Only on this thing.")
    applies_to_project_id: strawberry.ID | None = field(
        default=UNSET,
        description=(
            "Only those that apply to spending on this project, from the organization down."
        ),
    )
    status: CapStatus | None = field(default=UNSET, description="Only in this state.")


async def list_caps(
    root: directory.Organization,
    info: Info,
    filter: Annotated[
        CapFilter | None, argument(description="Which of them; all when omitted.")
    ] = UNSET,
    first: First = 20,
    after: After = UNSET,
) -> Listing[cap.Cap]:
    """A page of the caps that the caller may see, by scope and name."""
    require_acting(info.context, root.id)
    context = info.context
    page = paging(Named, context.scope, first, after, "organization.caps", filter)
    asked = await _filter(context, given(filter) or CapFilter())
    async with context.database.connection() as connection:
        found = await cap.list_caps(
            connection, context.scope, context.now, asked, page.size, page.after
        )
    for item in found.items:
        context.loaders.cap.prime(item.id, item)
    return page.listing(found, cap.place_of)


async def _filter(context: Context, wanted: CapFilter) -> cap.CapFilter:
    """The filter in the domain's terms; raises NotFoundError for what the caller does not see."""
    scope, status = given(wanted.scope), given(wanted.status)
    target, project = given(wanted.target_id), given(wanted.applies_to_project_id)
    return cap.CapFilter(
        scope=None if scope is None else cap_rule.CapScope(scope.name),
        target_id=None if target is None else (await node.find_node(context, target)).id,
        applies_to_project_id=(
            None if project is None else (await reachable_project(context, project)).id
        ),
        status=None if status is None else cap.CapStatus(status.name),
    )
