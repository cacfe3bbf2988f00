"""`/api/billing/...`: executions as pages of JSON and as CSV (000), for programs and spreadsheets.

The same rows, filters and cursors as `Workspace.usageEntries`. Pages answer Stripe-style; exports
are streamed from PostgreSQL while the client reads, and say by a header when they were cut. What
may be seen is settled as for every request; a workspace out of reach does not exist.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from api.billing_file import (
    NO_STORE,
    File,
    calls_file,
    file_name,
    send_csv,
    send_parquet,
    usage_file,
)
from api.billing_query import CALL_FILTERS, RANGE, Query
from api.errors import RequestRefusedError
from api.request_id import info_of
from models import usage_entry as entries
from models.access import Principal, Role, Scope
from models.api_call import CallFilter
from models.db import Database
from models.download import Download, take_download
from models.errors import BadInputError
from models.export import Exports
from models.focus import FocusExport, whole_days
from models.focus_parquet import require_pyarrow
from models.ids import PROJECT, RUN, encode
from models.money import plain
from models.usage_entry import within_reach
from resolvers.call_report import call_filter, call_paging
from resolvers.context import Context
from resolvers.download import PATH as DOWNLOAD
from resolvers.period import InstantRangeInput, RangeInput, RangePreset, resolve_range
from resolvers.ranged import BACKWARD, RangedListing, RangedPaging, Turn
from resolvers.scalars import print_date_time
from resolvers.usage_report import list_page, usage_filter, usage_paging
from resolvers.workspace import reachable_workspace

PATH = "/api/billing"
EXPORT_LIMIT = 10_000
CSV, PARQUET = "csv", "parquet"
_PAGE_SIZE = 100
FILTERS = ("projectId", "workflow", "trigger", "model", "type")
ContextFactory = Callable[[Database, Scope, str], Context]
Authenticate = Callable[[Headers], Awaitable[Scope]]


@dataclass(frozen=True, slots=True)
class Billing:
    """What the doors below `/api/billing` share."""

    database: Database
    exports: Exports
    authenticate: Authenticate
    context_factory: ContextFactory

    def routes(self) -> Sequence[BaseRoute]:
        """Every door."""
        doors = {
            "usage": _usage,
            "usage/export": _usage_export,
            "api-calls/export": _calls_export,
            "focus/export": _focus_export,
        }
        asked = [
            Route(f"{PATH}/{name}", _Door(self, name, answer), methods=["GET"])
            for name, answer in doors.items()
        ]
        return [*asked, Route(DOWNLOAD, _DownloadDoor(self), methods=["GET"])]


class _Door:
    """One path: who asks is settled, then it is answered."""

    def __init__(self, billing: Billing, name: str, answer: Callable[..., Awaitable[None]]) -> None:
        self._billing = billing
        self._name = name
        self._answer = answer

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request, info = Request(scope, receive), info_of(scope)
        billing = self._billing
        reach = await billing.authenticate(request.headers)
        info.organization_id = reach.organization_id
        info.operation = self._name
        context = billing.context_factory(billing.database, reach, info.id)
        await self._answer(billing, context, request, send)


async def _usage(billing: Billing, context: Context, request: Request, send: Send) -> None:
    query = Query(request.query_params, ("workspaceId", *RANGE, "cursor", "limit", *FILTERS))
    listing = await _listing(context, query)
    body = orjson.dumps(_page(listing))
    response = Response(body, media_type="application/json", headers=NO_STORE)
    await response(request.scope, request.receive, send)


async def _listing(context: Context, query: Query) -> RangedListing[entries.UsageEntry]:
    size, cursor = query.limit(_PAGE_SIZE, _PAGE_SIZE), query.one("cursor")
    is_backward = cursor is not None and cursor.startswith(BACKWARD)
    turn = Turn(last=size, before=cursor) if is_backward else Turn(first=size, after=cursor)
    workspace = await reachable_workspace(context, query.required("workspaceId"))
    chosen = await usage_filter(context, query.usage_filter())
    paging = await _paging(context, query, workspace.id, chosen, turn)
    return await list_page(context, workspace.id, paging, chosen)


async def _paging(
    context: Context,
    query: Query,
    workspace_id: UUID,
    chosen: entries.UsageEntryFilter,
    turn: Turn,
) -> RangedPaging:
    """The page asked for. Beside a cursor, a range without an end ends where it did at first."""
    has_cursor = turn.after is not None or turn.before is not None
    wanted = query.range(context.now, None if has_cursor else RangePreset.LAST_30_DAYS)
    begin = query.open_begin() if has_cursor else None
    with _cursor_by_name():
        paging = await usage_paging(
            context, workspace_id, wanted if begin is None else None, chosen, turn
        )
    if begin not in (None, paging.period.start):
        raise BadInputError(
            "cursor is a cursor that was given for another range.", field=("cursor",)
        )
    return paging


def _page(listing: RangedListing[entries.UsageEntry]) -> dict[str, Any]:
    info, period = listing.page_info, listing.period
    return {
        "from": print_date_time(period.start),
        "to": print_date_time(period.end),
        "timeZone": period.time_zone,
        "data": [_row(entry) for entry in listing.nodes],
        "has_more": info.has_next_page,
        "next_cursor": info.end_cursor if info.has_next_page else None,
        "previous_cursor": BACKWARD + info.start_cursor
        if info.has_previous_page and info.start_cursor
        else None,
    }


def _row(entry: entries.UsageEntry) -> dict[str, Any]:
    """A row as JSON; `shown` are 000's words for its cells."""
    run, cost = entry.run, plain(entry.cost)
    shown_cost = cost if entry.on_demand_cost else "Included"
    if entry.unpriced_transactions and not entry.cost:
        shown_cost = "unpriced"
    models = list(entry.models)
    return {
        "date": print_date_time(entry.started_at),
        "execution": run.key if run is not None else None,
        "executionId": encode(RUN, entry.organization_id, run.id) if run is not None else None,
        "projectId": encode(PROJECT, entry.organization_id, entry.project_id),
        "type": "On-Demand" if entry.on_demand_cost else "Included",
        "workflow": entry.workflow,
        "trigger": entry.trigger,
        "models": models,
        "tokens": entry.total_tokens,
        "cost": cost,
        "onDemandCost": plain(entry.on_demand_cost),
        "unpricedTransactions": entry.unpriced_transactions,
        "shown": {
            "model": models[0] if len(models) == 1 else f"{len(models)} models",
            "cost": shown_cost,
        },
    }


async def _usage_export(billing: Billing, context: Context, request: Request, send: Send) -> None:
    query = Query(request.query_params, ("workspaceId", *RANGE, "cursor", "limit", *FILTERS))
    limit, cursor = query.limit(None, EXPORT_LIMIT), query.one("cursor")
    workspace = await reachable_workspace(context, query.required("workspaceId"))
    chosen = await usage_filter(context, query.usage_filter())
    paging = await _paging(context, query, workspace.id, chosen, Turn(after=cursor))
    file = await usage_file(
        billing.exports, context, workspace.id, context.scope.project_ids, paging, chosen, limit
    )
    await send_csv(billing.exports, file, request, send)


async def _calls_export(billing: Billing, context: Context, request: Request, send: Send) -> None:
    query = Query(request.query_params, ("workspaceId", *RANGE, *CALL_FILTERS))
    workspace = await reachable_workspace(context, query.required("workspaceId"))
    context.scope.require_workspace(workspace.id, Role.ADMIN)
    wanted = query.range(context.now, RangePreset.LAST_30_DAYS)
    chosen = await call_filter(context, query.call_filter())
    paging = await call_paging(context, workspace.id, wanted, chosen, Turn())
    file = await calls_file(context, workspace.id, paging.period, chosen)
    await send_csv(billing.exports, file, request, send)


async def _focus_export(billing: Billing, context: Context, request: Request, send: Send) -> None:
    query = Query(request.query_params, ("workspaceId", *RANGE, "projectId", "format"))
    ending = (query.one("format") or CSV).lower()
    if ending not in (CSV, PARQUET):
        message = f"format is {ending[:50]!r}; {CSV} or {PARQUET} is expected."
        raise BadInputError(message, field=("format",))
    if ending == PARQUET:
        require_pyarrow()
    workspace = await reachable_workspace(context, query.required("workspaceId"))
    wanted = query.range(context.now, RangePreset.LAST_30_DAYS) or RangeInput()
    chosen = await usage_filter(context, query.usage_filter())
    organization, calendar = await context.loaders.organization(), await context.loaders.calendar()
    span = resolve_range(calendar, organization.cycles, wanted)
    export = FocusExport(
        organization.id,
        workspace.id,
        within_reach(context.scope.project_ids, chosen.project_ids),
        calendar,
        organization.cycles,
        *whole_days(calendar, *span),
    )
    name = file_name("focus", context, workspace.id, ending)
    if ending == CSV:
        await send_csv(billing.exports, File(name, export), request, send)
    else:
        await send_parquet(billing.exports, name, export, request, send)


class _DownloadDoor:
    """A file for whoever holds its address: asked for before, by somebody who may see it."""

    def __init__(self, billing: Billing) -> None:
        self._billing = billing

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request, info, billing = Request(scope, receive), info_of(scope), self._billing
        info.operation = "download"
        if request.method != "GET":  # looking must not use an address up
            raise RequestRefusedError(405, "A download is made by GET.", headers={"allow": "GET"})
        token = Query(request.query_params, ("token",)).required("token")
        async with billing.database.connection() as connection:
            download = await take_download(connection, token, datetime.now(UTC))
        info.organization_id = download.organization_id
        reach = Scope(Principal(download.organization_id, None, None))
        context = billing.context_factory(billing.database, reach, info.id)
        await send_csv(billing.exports, await self._file(context, download), request, send)

    async def _file(self, context: Context, download: Download) -> File:
        instants = InstantRangeInput(start=download.start, end=download.end)
        wanted, workspace_id = RangeInput(instants=instants), download.workspace_id
        if isinstance(download.wanted, CallFilter):
            calls = await call_paging(context, workspace_id, wanted, download.wanted, Turn())
            return await calls_file(context, workspace_id, calls.period, download.wanted)
        paging = await usage_paging(context, workspace_id, wanted, download.wanted, Turn())
        return await usage_file(
            self._billing.exports,
            context,
            workspace_id,
            download.project_ids,
            paging,
            download.wanted,
            download.limit,
        )


@contextmanager
def _cursor_by_name() -> Iterator[None]:
    """Tells what is wrong with a cursor by the name that it has here."""
    try:
        yield
    except BadInputError as error:
        if error.field not in (("after",), ("before",)):
            raise
        message = "cursor" + error.message.removeprefix(error.field[0])
        raise BadInputError(message, field=("cursor",)) from error
