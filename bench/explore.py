"""How fast pages of the usage explorer are, wherever they lie in a long list.

    python bench/explore.py [--rows 1000000] [--rounds 7] [--requests 30] [--json]

Asks `GET /api/billing/usage` for pages of 100 executions of a whole year: the first, one in the
middle (the thousandth, where there are so many) and the last, in shuffled rounds. Exit status 1
when a page takes more than 1.5 times as long as the first. docs/benchmarks.md explains the figures.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from urllib.parse import quote
from zoneinfo import ZoneInfo

import asyncpg
import orjson
from fill import Ledger, Server, have_ledger
from measure import Figure
from rich.console import Console
from server import Client, Serving, get_request, serving
from usage import TIME_ZONE, YEAR

from models.access import Role, Scope
from models.api_key import create_key
from models.db import Database
from models.ids import WORKSPACE, encode
from models.page import At
from models.postgres import EmbeddedServer
from models.usage_entry import UsageEntryFilter
from resolvers.context import create_context
from resolvers.period import InstantRangeInput, RangeInput
from resolvers.ranged import BACKWARD, RangedPaging, Turn
from resolvers.usage_report import usage_paging

GROWTH_WANTED = 1.5
_PAGE = 100
_REPOSITORY = Path(__file__).resolve().parent.parent
_START, _END = (datetime(year, 1, 1, tzinfo=ZoneInfo(TIME_ZONE)) for year in (YEAR, YEAR + 1))


@dataclass
class Page:
    """One page, and what each round measured, in milliseconds."""

    name: str
    request: bytes
    latency: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    row_count: int = 0

    async def measure(self, client: Client, served: Serving, count: int) -> None:
        """One round."""
        times, cpu = [], served.cpu_seconds()
        for _ in range(count):
            begun = time.perf_counter()
            body = await client.post(self.request)
            times.append(time.perf_counter() - begun)
        self.row_count = len(orjson.loads(body)["data"])
        self.latency.append(median(times) * 1000)
        self.cpu.append((served.cpu_seconds() - cpu) / count * 1000)


def main() -> int:
    """Runs the benchmark; answers the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rows", type=int, default=1_000_000, help="size of the ledger")
    add("--rounds", type=int, default=7, help="rounds, each of every page")
    add("--requests", type=int, default=30, help="requests of a page in a round")
    add("--data", type=Path, default=_REPOSITORY / ".aicost" / "bench",
        help="directory of the embedded server, which keeps the ledgers")  # fmt: skip
    add("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    console = Console(stderr=True, highlight=False)
    options.data.mkdir(parents=True, exist_ok=True)
    if given := os.environ.get("DATABASE_URL"):
        pages = asyncio.run(_run(options, Server.given(given), console))
    else:
        with EmbeddedServer(options.data) as address:
            pages = asyncio.run(_run(options, Server.embedded(address), console))
    return _show(pages, as_json=options.json)


async def _run(options: argparse.Namespace, server: Server, console: Console) -> list[Page]:
    ledger = await have_ledger(server, options.rows, console.print)
    pages = await _pages(ledger)
    random = Random(1)
    with serving(ledger.dsn, options.data / "serve_explore.log") as served:
        client = Client(served)
        for number in range(options.rounds + 1):
            for page in random.sample(pages, len(pages)):
                await page.measure(client, served, options.requests)
            if number:
                console.print(f"round {number} of {options.rounds}")
                continue
            for page in pages:  # the first one warmed up
                page.latency.clear()
                page.cpu.clear()
        await client.close()
    return pages


async def _pages(ledger: Ledger) -> list[Page]:
    """The pages that are asked for, in the workspace of the big project."""
    database = Database(ledger.dsn, statement_timeout_seconds=0)
    await database.start()
    try:
        async with database.transaction() as connection:
            workspace_id = await connection.fetchval(
                "SELECT workspace_id FROM project WHERE organization_id = $1 AND id = $2",
                ledger.organization_id, ledger.big_project_id,
            )  # fmt: skip
            scope = Scope.system(ledger.organization_id)
            key = await create_key(connection, scope, name="explore", role=Role.OWNER)
            places = await _places(connection, ledger, workspace_id)
        context = create_context(database, scope, "bench")
        wanted = RangeInput(instants=InstantRangeInput(start=_START, end=_END))
        paging = await usage_paging(context, workspace_id, wanted, UsageEntryFilter(), Turn())
    finally:
        await database.close()
    public_id = encode(WORKSPACE, ledger.organization_id, workspace_id)
    return [
        Page(name, get_request(key.secret, _path(public_id, paging, place, sign)))
        for name, place, sign in places
    ]


async def _places(
    connection: asyncpg.Connection, ledger: Ledger, workspace_id: object
) -> list[tuple[str, At | None, str]]:
    """After which place each page begins; the last page is full, and holds what no run holds."""
    count = await connection.fetchval(
        "SELECT count(*) FROM pipeline_run WHERE organization_id = $1 AND workspace_id = $2"
        " AND started_at >= $3 AND started_at < $4",
        ledger.organization_id, workspace_id, _START, _END,
    )  # fmt: skip
    projects = await connection.fetchval(
        "SELECT count(*) FROM project WHERE organization_id = $1 AND workspace_id = $2",
        ledger.organization_id, workspace_id,
    )  # fmt: skip
    thousandth = 999 * _PAGE
    middle = thousandth if count > thousandth + _PAGE else count // 2
    name = "thousandth" if middle == thousandth else f"number {middle // _PAGE + 1}"
    places: list[tuple[str, At | None, str]] = [("first", None, "")]
    for page, offset in ((name, middle - 1), ("last", count - (_PAGE - projects) - 1)):
        row = await connection.fetchrow(
            "SELECT started_at, id FROM pipeline_run WHERE organization_id = $1"
            " AND workspace_id = $2 AND started_at >= $3 AND started_at < $4"
            " ORDER BY started_at DESC, id DESC OFFSET $5 LIMIT 1",
            ledger.organization_id, workspace_id, _START, _END, offset,
        )  # fmt: skip
        places += [(page, At(*row), ""), (f"before the {page}", At(*row), BACKWARD)]
    return places


def _path(public_id: str, paging: RangedPaging, place: At | None, sign: str) -> str:
    path = f"/api/billing/usage?workspaceId={public_id}&limit={_PAGE}"
    if place is not None:
        return f"{path}&cursor={quote(sign + paging.cursor(place))}"
    start, end = (f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for at in (_START, _END))
    return f"{path}&from={start}&to={end}"


def _show(pages: Sequence[Page], *, as_json: bool) -> int:
    first = pages[0]
    told = [
        {
            "page": page.name,
            "rows": page.row_count,
            "http_ms": Figure.of(page.latency)._asdict(),
            "server_cpu_ms": Figure.of(page.cpu)._asdict(),
            "growth": Figure.ratio(page.latency, first.latency)._asdict(),
        }
        for page in pages
    ]
    is_good = all(line["growth"]["median"] <= GROWTH_WANTED for line in told)  # type: ignore[index]
    if as_json:
        sys.stdout.write(json.dumps({"pages": told, "good": is_good}, indent=2) + "\n")
        return 0 if is_good else 1
    for page in pages:
        growth, latency = Figure.ratio(page.latency, first.latency), Figure.of(page.latency)
        sys.stdout.write(
            f"{page.name} page: {page.row_count} rows, {latency.median:.2f} ms"
            f" ({latency.low:.2f}-{latency.high:.2f}), server CPU {median(page.cpu):.2f} ms,"
            f" {growth.median:.2f} times the first (wanted at most {GROWTH_WANTED}):"
            f" {'PASS' if growth.median <= GROWTH_WANTED else 'over'}\n"
        )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
