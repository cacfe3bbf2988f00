"""Files below `/api/billing`: what is in one, what it is called, and what its headers say.

Made alike for who asks with headers and for who comes with the address of a download.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from tempfile import TemporaryFile
from uuid import UUID

from starlette.requests import Request
from starlette.types import Send

from api.stream import stream
from models.api_call import CallFilter, CallsWanted
from models.api_call_export import ApiCallExport
from models.export import CHUNK_BYTES, Export, Exports, Write, write_csv
from models.focus import FocusExport
from models.focus_parquet import write_parquet
from models.ids import WORKSPACE, encode
from models.period import Period
from models.usage_entry import UsageEntryFilter, sought
from models.usage_export import UsageExport, cut
from resolvers.context import Context
from resolvers.ranged import RangedPaging

NO_STORE = {"cache-control": "no-store"}
_CSV = "text/csv; charset=utf-8; header=present"
_PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class File:
    """A CSV file about to be sent."""

    name: str
    export: Export
    headers: Mapping[str, str] = field(default_factory=dict)


def file_name(kind: str, context: Context, workspace_id: UUID, ending: str) -> str:
    """`usage-<workspace>-<day>.csv`: of an id that we made and a day, so nothing gets in."""
    public_id = encode(WORKSPACE, context.scope.organization_id, workspace_id)
    return f"{kind}-{public_id}-{context.now.astimezone(UTC):%Y-%m-%d}.{ending}"


async def usage_file(
    exports: Exports,
    context: Context,
    workspace_id: UUID,
    project_ids: Sequence[UUID] | None,
    paging: RangedPaging,
    wanted: UsageEntryFilter,
    limit: int | None,
) -> File:
    """Executions from the place of the page on; a file that is cut says so, and where to go on."""
    organization = await context.loaders.organization()
    period = paging.period
    what = sought(
        organization.id,
        workspace_id,
        project_ids,
        organization.zones,
        period.start,
        period.end,
        wanted,
    )
    until = None
    if limit is not None:
        async with exports.connection() as connection:
            until = await cut(connection, what, paging.place, limit)
    headers = {}
    if until is not None:
        headers = {"x-truncated": "true", "x-next-cursor": paging.cursor(until)}
    name = file_name("usage", context, workspace_id, "csv")
    return File(name, UsageExport(what, paging.place, until), headers)


async def calls_file(
    context: Context, workspace_id: UUID, period: Period, wanted: CallFilter
) -> File:
    """API calls, all of them."""
    calls = CallsWanted(workspace_id, period.start, period.end, wanted)
    calendar = await context.loaders.calendar()
    export = ApiCallExport(context.scope.organization_id, calendar, calls)
    return File(file_name("api-calls", context, workspace_id, "csv"), export)


async def send_csv(exports: Exports, file: File, request: Request, send: Send) -> None:
    """Streams a file from PostgreSQL while it is read."""

    async def produce(write: Write) -> None:
        if request.method == "HEAD":
            return
        async with exports.connection() as connection:
            await write_csv(connection, file.export, write)

    headers = {**_headers(file.name, _CSV), **file.headers}
    await stream(request.receive, send, headers, produce)


async def send_parquet(
    exports: Exports, name: str, export: FocusExport, request: Request, send: Send
) -> None:
    """Written to a file first: its table of contents comes last, and names what is before."""

    async def produce(write: Write) -> None:
        with TemporaryFile() as file:
            async with exports.connection() as connection:
                await write_parquet(connection, export, file)
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                await write(chunk)

    await stream(request.receive, send, _headers(name, _PARQUET), produce)


def _headers(name: str, media_type: str) -> dict[str, str]:
    return {
        "content-type": media_type,
        "content-disposition": f'attachment; filename="{name}"',
        **NO_STORE,
    }
