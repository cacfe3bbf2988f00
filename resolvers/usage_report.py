"""Asking for executions: the filter and page of the usage explorer checked, and its rows read.

Shared by `Workspace.usageEntries`, `GET /api/billing/usage` and what is downloaded of it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry
from strawberry import UNSET, field

from models import directory
from models import period as periods
from models import usage_entry as entries
from models.usage_entry import UsageEntryFilter as Filter
from models.usage_entry_statement import Sought
from resolvers.context import Context
from resolvers.enums import EntryType
from resolvers.field import given
from resolvers.period import RangeInput
from resolvers.permissions import reachable_project
from resolvers.ranged import RangedListing, RangedPaging, Turn, ranged_paging


@strawberry.input(
    description=(
        "Which executions to show. Fields given are all met; a list is met by any of its values."
    )
)
class UsageEntryFilter:
    project_ids: list[strawberry.ID] | None = field(default=UNSET, description="Projects, by id.")
    workflows: list[str] | None = field(default=UNSET, description="Workflows, by exact name.")
    triggers: list[str] | None = field(default=UNSET, description="Triggers, by exact name.")
    models: list[str] | None = field(
        default=UNSET, description="Executions that used any of these models."
    )
    entry_type: EntryType | None = field(default=UNSET, description="Included or On-Demand.")


async def usage_filter(context: Context, wanted: UsageEntryFilter | None) -> Filter:
    """The filter in the domain's terms; raises NotFoundError for a project out of reach."""
    wanted = given(wanted)
    if wanted is None:
        return Filter()
    entry_type, projects = given(wanted.entry_type), given(wanted.project_ids)
    project_ids = None
    if projects is not None:
        project_ids = [(await reachable_project(context, id)).id for id in projects]
    return Filter(
        project_ids=_set(project_ids),
        workflows=_set(given(wanted.workflows)),
        triggers=_set(given(wanted.triggers)),
        models=_set(given(wanted.models)),
        is_on_demand=None if entry_type is None else entry_type is EntryType.ON_DEMAND,
    )


def _set(values: Sequence[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(sorted(set(values)))


async def usage_paging(
    context: Context,
    workspace_id: UUID,
    range: RangeInput | None,
    wanted: Filter,
    turn: Turn,
) -> RangedPaging:
    """The page asked for; cursors of every door are the same."""
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    return ranged_paging(
        calendar,
        organization.cycles,
        context.scope,
        range,
        turn,
        "workspace.usageEntries",
        workspace_id,
        wanted,
    )


async def list_usage_entries(
    context: Context,
    workspace: directory.Workspace,
    range: RangeInput | None,
    wanted: UsageEntryFilter | None,
    turn: Turn,
) -> RangedListing[entries.UsageEntry]:
    """A page of the executions of a workspace that the caller sees."""
    chosen = await usage_filter(context, wanted)
    paging = await usage_paging(context, workspace.id, range, chosen, turn)
    return await list_page(context, workspace.id, paging, chosen)


async def list_page(
    context: Context, workspace_id: UUID, paging: RangedPaging, wanted: Filter
) -> RangedListing[entries.UsageEntry]:
    """The page asked for."""
    what = await sought_entries(context, workspace_id, paging.period, wanted)
    async with context.database.connection() as connection:
        page = await entries.list_usage_entries(
            connection, what, paging.size, paging.place, is_backward=paging.is_backward
        )
    return paging.listing(page, lambda entry: entry.place)


async def sought_entries(
    context: Context, workspace_id: UUID, period: periods.Period, wanted: Filter
) -> Sought:
    """What a list is asked for, within the caller's reach."""
    organization = await context.loaders.organization()
    scope = context.scope
    return entries.sought(
        scope.organization_id,
        workspace_id,
        scope.project_ids,
        organization.zones,
        period.start,
        period.end,
        wanted,
    )
