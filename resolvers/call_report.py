"""Asking for API calls: the filter and page of 001's list checked, and its rows read.

Shared by `Workspace.apiCalls` and what is downloaded of it.
"""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET, argument, field

from models import api_call, directory
from models.access import Role
from models.api_call import CallFilter, CallsWanted
from resolvers import node
from resolvers.api_key_usage import LAST_30_DAYS
from resolvers.context import Context
from resolvers.enums import CallOutcome, Operation
from resolvers.field import given
from resolvers.period import RangeInput
from resolvers.ranged import RangedListing, RangedPaging, Turn, ranged_paging


@strawberry.input(
    description=("Which API calls. Fields given are all met; a list is met by any of its values.")
)
class ApiCallFilter:
    api_key_ids: list[strawberry.ID] | None = field(default=UNSET, description="Keys, by id.")
    providers: list[str] | None = field(
        default=UNSET, description="Providers; empty for calls whose provider is not known."
    )
    models: list[str] | None = field(default=UNSET, description="Models.")
    operation: Operation | None = field(default=UNSET, description="Completions or embeddings.")
    outcome: CallOutcome | None = field(default=UNSET, description="Answered or failed.")


WhichCalls = Annotated[ApiCallFilter | None, argument(description="Which keys, providers, models.")]


async def call_filter(context: Context, wanted: ApiCallFilter | None) -> CallFilter:
    """The filter in the domain's terms; raises NotFoundError for a key of nobody here."""
    wanted = given(wanted)
    if wanted is None:
        return CallFilter()
    keys = given(wanted.api_key_ids)
    operation, outcome = given(wanted.operation), given(wanted.outcome)
    return CallFilter(
        api_key_ids=None if keys is None else _set([await _key_id(context, id) for id in keys]),
        providers=_set(given(wanted.providers)),
        models=_set(given(wanted.models)),
        operation=operation.name if operation else None,
        outcome=outcome.name if outcome else None,
    )


async def _key_id(context: Context, public_id: str) -> UUID:
    id = node.parse_id(context.scope, node.API_KEY, public_id)
    if await context.loaders.api_key.load(id) is None:
        raise node.not_found(node.API_KEY)
    return id


def _set(values: Iterable[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(sorted(set(values)))


async def call_paging(
    context: Context, workspace_id: UUID, range: RangeInput | None, wanted: CallFilter, turn: Turn
) -> RangedPaging:
    """The page asked for; of the last 30 days when neither range nor cursor is given."""
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    return ranged_paging(
        calendar,
        organization.cycles,
        context.scope,
        given(range) or LAST_30_DAYS,
        turn,
        "workspace.apiCalls",
        workspace_id,
        wanted,
    )


async def list_api_calls(
    context: Context,
    workspace: directory.Workspace,
    range: RangeInput | None,
    wanted: ApiCallFilter | None,
    turn: Turn,
) -> RangedListing[api_call.ApiCall]:
    """A page of a workspace's API calls. ADMIN of the workspace."""
    context.scope.require_workspace(workspace.id, Role.ADMIN)
    chosen = await call_filter(context, wanted)
    paging = await call_paging(context, workspace.id, range, chosen, turn)
    period = paging.period
    calls = CallsWanted(workspace.id, period.start, period.end, chosen)
    calendar = await context.loaders.calendar()
    async with context.database.connection() as connection:
        page = await api_call.list_calls(
            connection,
            context.scope,
            calendar,
            calls,
            size=paging.size,
            place=paging.place,
            is_backward=paging.is_backward,
        )
    return paging.listing(page, lambda call: call.place)
