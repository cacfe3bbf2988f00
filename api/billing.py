"""`/api/billing/...`: executions as pages of JSON and as CSV (000), for programs and spreadsheets.

The same rows, filters and cursors as `Workspace.usageEntries`. Pages answer Stripe-style; exports
are streamed from PostgreSQL while the client reads, and say by a header when they were cut. What
may be seen is settled as for every request; a workspace out of reach does not exist.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from api.billing_query import RANGE, Query
from api.request_id import info_of
from api.stream import stream
from models import usage_entry as entries
from models.access import Scope
from models.db import Database
from models.errors import BadInputError
from models.export import CHUNK_BYTES, Export, Exports, Write, write_csv
from models.focus import FocusExport, whole_days
from models.focus_parquet import require_pyarrow, write_parquet
from models.ids import PROJECT, RUN, encode
from models.money import plain
from models.usage_entry import within_reach
from models.usage_export import UsageExport, cut
from resolvers.context import Context
from resolvers.period import RangeInput, RangePreset, resolve_range
from resolvers.ranged import BACKWARD, RangedListing, Turn
from resolvers.scalars import print_date_time
from resolvers.usage_report import list_page, sought_entries, usage_filter, usage_paging
from resolvers.workspace import reachable_workspace

PATH = "/api/billing"
EXPORT_LIMIT = 10_000
CSV, PARQUET = "csv", "parquet"
_PAGE_SIZE = 100
_FILTERS = ("projectId", "workflow", "trigger", "model", "type")
_NO_STORE = {"cache-control": "no-store"}
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
            "focus/export": _focus_export,
        }
        return [
            Route(f"{PATH}/{name}", _Door(self, name, answer), methods=["GET"])
            for name, answer in doors.items()
        ]


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
    query = Query(request.query_params, ("workspaceId", *RANGE, "cursor", "limit", *_FILTERS))
    listing = await _listing(context, query)
    body = orjson.dumps(_page(listing))
    response = Response(body, media_type="application/json", headers=_NO_STORE)
    await response(request.scope, request.receive, send)


async def _listing(context: Context, query: Query) -> RangedListing[entries.UsageEntry]:
    size, cursor = query.limit(_PAGE_SIZE, _PAGE_SIZE), query.one("cursor")
    is_backward = cursor is not None and cursor.startswith(BACKWARD)
    turn = Turn(last=size, before=cursor) if is_backward else Turn(first=size, after=cursor)
    workspace = await reachable_workspace(context, query.required("workspaceId"))
    wanted = query.range(context.now, None if cursor else RangePreset.LAST_30_DAYS)
    chosen = await usage_filter(context, query.usage_filter())
    with cursor_by_name():
        paging = await usage_paging(context, workspace.id, wanted, chosen, turn)
    return await list_page(context, workspace.id, paging, chosen)


def _page(listing: RangedListing[entries.UsageEntry]) -> dict[str, Any]:
    info, period = listing.page_info, listing.period
    return {
        "from": print_date_time(period.start),
        "to": print_date_time(period.end),
        "time_zone": period.time_zone,
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
    query = Query(request.query_params, ("workspaceId", *RANGE, "cursor", "limit", *_FILTERS))
    limit, cursor = query.limit(None, EXPORT_LIMIT), query.one("cursor")
    public_id = query.required("workspaceId")
    workspace = await reachable_workspace(context, public_id)
    wanted = query.range(context.now, None if cursor else RangePreset.LAST_30_DAYS)
    chosen = await usage_filter(context, query.usage_filter())
    with cursor_by_name():
        paging = await usage_paging(context, workspace.id, wanted, chosen, Turn(after=cursor))
    what = await sought_entries(context, workspace.id, paging.period, chosen)
    headers, until = {}, None
    if limit is not None:
        async with billing.exports.connection() as connection:
            until = await cut(connection, what, paging.place, limit)
        if until is not None:
            headers = {"x-truncated": "true", "x-next-cursor": paging.cursor(until)}
    name = file_name("usage", public_id, context.now, "csv")
    export = UsageExport(what, paging.place, until)
    await send_csv(billing, export, name, headers, request, send)


async def _focus_export(billing: Billing, context: Context, request: Request, send: Send) -> None:
    query = Query(request.query_params, ("workspaceId", *RANGE, "projectId", "format"))
    ending = (query.one("format") or CSV).lower()
    if ending not in (CSV, PARQUET):
        message = f"format is {ending[:50]!r}; {CSV} or {PARQUET} is expected."
        raise BadInputError(message, field=("format",))
    if ending == PARQUET:
        require_pyarrow()
    public_id = query.required("workspaceId")
    workspace = await reachable_workspace(context, public_id)
    wanted = query.range(context.now, RangePreset.LAST_30_DAYS) or RangeInput()
    chosen = await usage_filter(context, query.usage_filter())
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    span = resolve_range(calendar, organization.cycles, wanted)
    export = FocusExport(
        context.scope.organization_id,
        workspace.id,
        within_reach(context.scope.project_ids, chosen.project_ids),
        calendar,
        organization.cycles,
        *whole_days(calendar, *span),
    )
    name = file_name("focus", public_id, context.now, ending)
    if ending == CSV:
        await send_csv(billing, export, name, {}, request, send)
    else:
        await _send_parquet(billing, export, name, request, send)


async def _send_parquet(
    billing: Billing, export: FocusExport, name: str, request: Request, send: Send
) -> None:
    """Written to a file first: its table of contents comes last, and names what is before."""

    async def produce(write: Write) -> None:
        with TemporaryFile() as file:
            async with billing.exports.connection() as connection:
                await write_parquet(connection, export, file)
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                await write(chunk)

    await stream(request.receive, send, _headers(name, "application/vnd.apache.parquet"), produce)


def _headers(name: str, media_type: str) -> dict[str, str]:
    return {
        "content-type": media_type,
        "content-disposition": f'attachment; filename="{name}"',
        **_NO_STORE,
    }


async def send_csv(
    billing: Billing,
    export: Export,
    name: str,
    headers: Mapping[str, str],
    request: Request,
    send: Send,
) -> None:
    """Streams an export as a file of this name."""

    async def produce(write: Write) -> None:
        if request.method == "HEAD":
            return
        async with billing.exports.connection() as connection:
            await write_csv(connection, export, write)

    sent = {**_headers(name, "text/csv; charset=utf-8; header=present"), **headers}
    await stream(request.receive, send, sent, produce)


def file_name(kind: str, public_id: str, now: datetime, ending: str) -> str:
    """`usage-<workspace>-<day>.csv`: an id that was found holds nothing but letters and signs."""
    return f"{kind}-{public_id}-{now.astimezone(UTC):%Y-%m-%d}.{ending}"


@contextmanager
def cursor_by_name() -> Iterator[None]:
    """Tells what is wrong with a cursor by the name that it has here."""
    try:
        yield
    except BadInputError as error:
        if error.field not in (("after",), ("before",)):
            raise
        message = "cursor" + error.message.removeprefix(error.field[0])
        raise BadInputError(message, field=("cursor",)) from error
