"""Whether analytics cost what their rollup cells cost, and nothing for what lies below them.

    python bench/analytics.py [--rows 1000000] [--factor 10] [--json]

Fills a ledger, and beside it one with as many cells in which `factor` times as much happened; asks
both the same over HTTP, in shuffled rounds, and compares. Then walks the API calls of a workspace
and compares the first page, the thousandth and the last. Exit status 1 when a limit is exceeded.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import asyncpg
import orjson
from denser import count_cells, have_denser
from fill import Ledger, Server, have_ledger
from measure import Figure
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from server import Client, Serving, graphql_request, serving
from usage import YEAR

from models.access import Role, Scope
from models.api_key import create_key, revoke_key
from models.db import Database
from models.ids import PROJECT, WORKSPACE, encode
from models.postgres import EmbeddedServer

_REPOSITORY = Path(__file__).resolve().parent.parent
_LIMIT = 1.5
_PAGE, _THOUSAND = 100, 1000
_WARM_UP = 10
_DAYS = {"range": {"dates": {"first": f"{YEAR}-10-03", "last": f"{YEAR}-12-31"}}}
_YEAR = {"dates": {"first": f"{YEAR}-01-01", "last": f"{YEAR}-12-31"}}
_TOKENS = """query ($filter: TokenUsageFilter!) { organization { tokenUsage(filter: $filter) {
  id requests requestsPerDay inputTokens outputTokens totalTokens cost costPerRequest
  unpricedTransactions daily { date inputTokens outputTokens cost requests }
  byInitiator { isShown days { date chatAgent taskAgent heartbeat unattributed } }
  breakdown { provider model requests totalTokens cost pctOfTotal }
  totals { requests cost } providers models emptyState } } }"""
_KEYS = """query ($id: ID!, $range: RangeInput) { workspace(id: $id) { apiKeyUsage(range: $range) {
  totals { requests cost totalTokens durationP50Ms durationP95Ms errorShare }
  keys { apiKey { name } requests cost durationP50Ms durationP95Ms lastUsedAt }
  models { provider model requests cost } hours { hour requests cost } } } }"""
_CALLS = """query ($id: ID!, $range: RangeInput, $filter: ApiCallFilter, $after: String,
  $first: Int, $last: Int) { workspace(id: $id) {
  apiCalls(range: $range, filter: $filter, after: $after, first: $first, last: $last) {
    nodes { id occurredAt provider model inputTokens outputTokens cost apiKey { name } }
    pageInfo { endCursor hasNextPage } } } }"""


@dataclass
class Subject:
    """A question to a served ledger, and the latency and processor time of each round, in ms."""

    name: str
    client: Client
    serving: Serving
    request: bytes
    http: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def ask(self) -> Any:
        """The data of the answer."""
        answer = orjson.loads(await self.client.post(self.request))
        if answer.get("errors"):
            raise RuntimeError(f"{self.name}: {answer['errors']}")
        return answer["data"]

    async def measure(self, count: int) -> None:
        """One round."""
        before, times = self.serving.cpu_seconds(), []
        for _ in range(count):
            begun = time.perf_counter()
            await self.client.post(self.request)
            times.append(time.perf_counter() - begun)
        self.http.append(median(times) * 1000)
        self.cpu.append((self.serving.cpu_seconds() - before) / count * 1000)


@dataclass
class Asked:
    """A served ledger that answers a key."""

    ledger: Ledger
    client: Client
    serving: Serving
    secret: str
    workspace_id: str

    def subject(self, name: str, document: str, variables: Mapping[str, Any]) -> Subject:
        """A question to it."""
        body = orjson.dumps({"query": document, "variables": variables})
        return Subject(name, self.client, self.serving, graphql_request(self.secret, body))

    def analytics(self) -> list[Subject]:
        """What is compared between ledgers."""
        project = encode(PROJECT, self.ledger.organization_id, self.ledger.big_project_id)
        workspace = {"id": self.workspace_id, "range": _DAYS["range"]}
        return [
            self.subject("tokenUsage, 90 days", _TOKENS, {"filter": _DAYS}),
            self.subject(
                "tokenUsage, 90 days of a project",
                _TOKENS,
                {"filter": {**_DAYS, "projectId": project}},
            ),
            self.subject("apiKeyUsage, 90 days of a workspace", _KEYS, workspace),
        ]

    async def pages(self) -> list[Subject]:
        """The first page of a workspace's calls in a year, the thousandth and the last."""
        asked = {"id": self.workspace_id, "range": _YEAR, "first": _PAGE}
        first = self.subject("apiCalls, first page", _CALLS, asked)
        cursor, number, page = None, 1, await first.ask()
        while number < _THOUSAND:
            info = page["workspace"]["apiCalls"]["pageInfo"]
            if not info["hasNextPage"]:
                break
            cursor, number = info["endCursor"], number + 1
            page = await self.subject("page", _CALLS, {**asked, "after": cursor}).ask()
        last = {"id": self.workspace_id, "range": _YEAR, "last": _PAGE}
        return [
            first,
            self.subject(f"apiCalls, page {number}", _CALLS, {**asked, "after": cursor}),
            self.subject("apiCalls, last page", _CALLS, last),
        ]


def main() -> int:
    """Runs the benchmark; answers the exit status."""
    options = _options()
    console = Console(stderr=True, highlight=False)
    if given := os.environ.get("DATABASE_URL"):
        growths = asyncio.run(_run(options, Server.given(given), console))
    else:
        with EmbeddedServer(options.data) as address:
            growths = asyncio.run(_run(options, Server.embedded(address), console))
    if options.json:
        sys.stdout.write(json.dumps([growth.as_json() for growth in growths], indent=2) + "\n")
    else:
        _print(Console(highlight=False, width=140), growths)
    return 0 if all(growth.is_within_limit for growth in growths) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rows", type=int, default=1_000_000, help="entries of the smaller ledger")
    add("--factor", type=int, default=10, help="how many times as many the larger one has")
    add("--rounds", type=int, default=7, help="rounds, each of every question")
    add("--requests", type=int, default=20, help="requests of a question in a round")
    add("--data", type=Path, default=_REPOSITORY / ".aicost" / "bench",
        help="directory of the embedded server, which keeps the ledgers")  # fmt: skip
    add("--json", action="store_true", help="print one JSON object a comparison")
    return parser.parse_args()


@dataclass
class Growth:
    """A question beside the one that it is compared with, in the same rounds."""

    name: str
    base: Subject
    other: Subject

    @property
    def ratio(self) -> Figure:
        """Of the latencies over HTTP."""
        return Figure.ratio(self.other.http, self.base.http)

    @property
    def is_within_limit(self) -> bool:
        """Whether it grew little enough."""
        return self.ratio.median <= _LIMIT

    def as_json(self) -> dict[str, Any]:
        """All that was measured."""
        return {
            "name": self.name,
            "http_ms": [Figure.of(it.http)._asdict() for it in (self.base, self.other)],
            "server_cpu_ms": [Figure.of(it.cpu)._asdict() for it in (self.base, self.other)],
            "ratio": self.ratio._asdict(),
            "within_limit": self.is_within_limit,
        }


async def _run(options: argparse.Namespace, server: Server, console: Console) -> list[Growth]:
    options.data.mkdir(parents=True, exist_ok=True)
    few = await have_ledger(server, options.rows, console.print)
    many = await have_denser(server, few, options.factor, console.print)
    console.print(f"rows of rollup_day and rollup_key_day in both: {await count_cells(few)}")
    async with AsyncExitStack() as stack:
        asked = [
            await stack.enter_async_context(_asked(it, options.data / f"serve_{n}.log"))
            for n, it in enumerate((few, many))
        ]
        # The long walk first: a server hangs up on a connection that says nothing for so long.
        first, *others = await asked[1].pages()
        small, large = (it.analytics() for it in asked)
        for this, that in zip(small, large, strict=True):
            _is_as_much_more(await this.ask(), await that.ask(), options.factor)
        subjects = [*small, *large, first, *others]
        random = Random(1)
        for subject in subjects:
            for _ in range(_WARM_UP):
                await subject.ask()
        for number in range(options.rounds):
            for subject in random.sample(subjects, len(subjects)):
                await subject.measure(options.requests)
            console.print(f"round {number + 1} of {options.rounds}")
    of_ledgers = [
        Growth(f"{this.name}: {few.entry_count:,} to {many.entry_count:,} entries", this, that)
        for this, that in zip(small, large, strict=True)
    ]
    return [*of_ledgers, *(Growth(f"{it.name}, beside the first", first, it) for it in others)]


def _is_as_much_more(few: Any, many: Any, factor: int) -> None:
    """Raises unless the larger ledger says the same of more."""
    sums = [
        (found["totals"]["requests"], Decimal(found["totals"]["cost"]))
        for found in (next(iter(next(iter(data.values())).values())) for data in (few, many))
    ]
    if not sums[0][0] or tuple(factor * it for it in sums[0]) != sums[1]:
        raise RuntimeError(f"{sums[0]} became {sums[1]}, not {factor} times as much")


@asynccontextmanager
async def _asked(ledger: Ledger, log: Path) -> AsyncIterator[Asked]:
    """The ledger served, asked by a key that administers it, of its big project's workspace."""
    database, scope = Database(ledger.dsn), Scope.system(ledger.organization_id)
    await database.start()
    try:
        async with database.transaction() as connection:
            key = await create_key(connection, scope, name=Path(__file__).name, role=Role.ADMIN)
            workspace = await _workspace_of(connection, ledger)
        with serving(ledger.dsn, log) as server:
            client = Client(server)
            yield Asked(ledger, client, server, key.secret, workspace)
            await client.close()
        async with database.transaction() as connection:
            await revoke_key(connection, scope, key.id)
    finally:
        await database.close()


async def _workspace_of(connection: asyncpg.Connection, ledger: Ledger) -> str:
    id = await connection.fetchval(
        "SELECT workspace_id FROM project WHERE organization_id = $1 AND id = $2",
        ledger.organization_id,
        ledger.big_project_id,
    )
    return encode(WORKSPACE, ledger.organization_id, id)


def _print(console: Console, growths: Sequence[Growth]) -> None:
    title = "Medians over rounds (lowest to highest round)"
    table = Table("question", title=title, box=MARKDOWN)
    for heading in ("HTTP ms", "server CPU ms", f"growth (at most {_LIMIT})"):
        table.add_column(heading, justify="right", no_wrap=True)
    for it in growths:
        table.add_row(
            it.name,
            " -> ".join(f"{Figure.of(of.http).median:.2f}" for of in (it.base, it.other)),
            " -> ".join(f"{Figure.of(of.cpu).median:.2f}" for of in (it.base, it.other)),
            f"{it.ratio.median:.2f} ({it.ratio.low:.2f}-{it.ratio.high:.2f})"
            f"  {'PASS' if it.is_within_limit else 'over'}",
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
