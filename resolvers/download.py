"""Addresses from which a browser downloads an export, once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET, argument, field

from models.access import Role
from models.download import LIFE, Download, create_download
from models.errors import BadInputError
from models.errors import UserError as Problem
from resolvers.call_report import ApiCallFilter, call_filter, call_paging
from resolvers.context import Context, Info
from resolvers.mutation import change
from resolvers.period import RangeInput
from resolvers.ranged import Turn
from resolvers.usage_report import UsageEntryFilter, usage_filter, usage_paging
from resolvers.user_error import UserError
from resolvers.workspace import reachable_workspace

PATH = "/api/billing/download"


@strawberry.input(description="000's CSV.")
class UsageEntriesDownloadInput:
    workspace_id: strawberry.ID = field(description="Which workspace.")
    range: RangeInput = field(description="Which range.")
    filter: UsageEntryFilter | None = field(default=UNSET, description="Which executions.")
    limit: int | None = field(default=10_000, description="Most rows; all when null.")


@strawberry.input(description="001's CSV.")
class ApiCallsDownloadInput:
    workspace_id: strawberry.ID = field(description="Which workspace.")
    range: RangeInput = field(description="Which range.")
    filter: ApiCallFilter | None = field(default=UNSET, description="Which calls.")


@strawberry.input(one_of=True, description="What to download; exactly one.")
class CreateDownloadInput:
    usage_entries: UsageEntriesDownloadInput | None = field(default=UNSET, description="000's CSV.")
    api_calls: ApiCallsDownloadInput | None = field(default=UNSET, description="001's CSV.")


@dataclass(frozen=True, slots=True)
class Created:
    """What `CreateDownloadPayload` is read from."""

    url: str | None
    expires_at: datetime | None
    user_errors: "tuple[Problem, ...]" = ()


@strawberry.type(description="Answer to `createDownload`.")
class CreateDownloadPayload:
    url: str | None = field(description="Path on this server, for one download; null when refused.")
    expires_at: datetime | None = field(
        description="Until when it works, one minute from now; null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


async def create(
    info: Info,
    input: Annotated[CreateDownloadInput, argument(description="What to do.")],
) -> Created:
    """Makes an address for one download."""
    context = info.context
    if input.usage_entries:
        limit = input.usage_entries.limit
        if limit is not None and limit < 1:
            message = f"limit is {limit}; 1 or more is expected, or null for all."
            error = Problem("OUT_OF_RANGE", message, ("usageEntries", "limit"))
            return Created(None, None, (error,))
    elif not input.api_calls:
        raise BadInputError("input is empty; one of its fields is expected.", field=("input",))
    try:
        download = await _wanted(context, input)
    except BadInputError as error:
        if error.field is None:
            raise
        what = "usageEntries" if input.usage_entries else "apiCalls"
        return Created(None, None, (Problem("INVALID", error.message, (what, *error.field)),))
    outcome = await change(
        context, lambda connection: create_download(connection, download, context.now)
    )
    return Created(f"{PATH}?token={outcome.made}", context.now + LIFE)


async def _wanted(context: Context, input: CreateDownloadInput) -> Download:
    if input.usage_entries:
        return await _of_entries(context, input.usage_entries)
    assert input.api_calls  # noqa: S101 - one of the two is there
    return await _of_calls(context, input.api_calls)


async def _of_entries(context: Context, wanted: UsageEntriesDownloadInput) -> Download:
    workspace = await reachable_workspace(context, wanted.workspace_id)
    chosen = await usage_filter(context, wanted.filter)
    paging = await usage_paging(context, workspace.id, wanted.range, chosen, Turn())
    reached, scope = context.scope.project_ids, context.scope
    return Download(
        scope.organization_id,
        workspace.id,
        paging.period.start,
        paging.period.end,
        chosen,
        None if reached is None else tuple(reached),
        wanted.limit,
    )


async def _of_calls(context: Context, wanted: ApiCallsDownloadInput) -> Download:
    workspace = await reachable_workspace(context, wanted.workspace_id)
    context.scope.require_workspace(workspace.id, Role.ADMIN)
    chosen = await call_filter(context, wanted.filter)
    paging = await call_paging(context, workspace.id, wanted.range, chosen, Turn())
    period, organization_id = paging.period, context.scope.organization_id
    return Download(organization_id, workspace.id, period.start, period.end, chosen)
