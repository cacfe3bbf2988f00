"""How many events a second are recorded, beside plain COPY of the same rows.

    python bench/write.py [--rounds 5] [--projects 1] [--batch 1000] [--way ledger ...] [--json]
    python bench/write.py --profile ledger|queue|usage|graphql

Fills a scratch database, serves it by `aicost serve` with one worker, and records the same kind of
calls by every way in every round: COPY, `models.ledger`, `models.write_queue`, `POST /v1/usage` and
GraphQL's `recordUsage`; in batches of 1 (64 callers), 100 and 1,000; into one project and into 200.
In the end the copied rows are taken away and the rollups are verified. Exit status 1 when a figure
is below what is wanted. docs/decisions/0012-write-path.md explains the figures.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import uvloop
from calls import Calls
from fill import Server, create_database, with_database
from measure import Figure
from profiled import print_profile
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from server import Client, Serving, cpu_seconds, serving
from tenancy import write_tenancy
from usage import Spender
from ways import Copy, by_ledger, by_queue, graphql_door, usage_door

from models.access import Role, Scope
from models.api_key import create_key
from models.collector import spare_collector
from models.db import Database
from models.ledger import Ledger
from models.migration import migrate
from models.postgres import EmbeddedServer
from models.public_price import adopt_public_prices
from models.rollup_check import verify
from models.write_queue import WriteQueue

_REPOSITORY = Path(__file__).resolve().parent.parent
_DATABASE = "bench_write"
_OWNER_SETTINGS = {"timezone": "UTC", "jit": "off"}
_CALLERS, _BATCH_CALLERS = 64, 4
_PROJECTS = (1, 200)
_BATCHES = (1, 100, 1000)
_WAYS = ("copy", "ledger", "queue", "usage", "graphql")
_EVENT_COUNTS = {1: 1920, 100: 3000, 1000: 5000}
"""Events in a round, by the size of a batch."""
_JOIN = "INSERT INTO user_organization (user_id, organization_id) SELECT id, $1 FROM app_user"
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
_WIDTH = 140
# By way, projects and batch: the least ratio to COPY, or events a second.
WANTED_RATIO = {("ledger", projects, 1000): 0.4 for projects in _PROJECTS}
WANTED_RATE = {("usage", 1, 1): 3000.0, ("graphql", 1, 1): 700.0}


@dataclass
class Subject:
    """One way with one size of batch into one or many projects, and what its rounds measured."""

    way: str
    projects: int
    batch: int
    rates: list[float] = field(default_factory=list)
    server_micros: list[float] = field(default_factory=list)
    """Processor time of the server's process for an event, over HTTP."""
    cpu_micros: list[float] = field(default_factory=list)
    """The same with PostgreSQL's; by the ledger and COPY, of this process and PostgreSQL."""

    @property
    def key(self) -> tuple[str, int, int]:
        return (self.way, self.projects, self.batch)

    @property
    def event_count(self) -> int:
        return _EVENT_COUNTS[self.batch]

    @property
    def callers(self) -> int:
        """Who calls at once; COPY and the ledger itself are called by one."""
        return _CALLERS if self.batch == 1 else _BATCH_CALLERS


@dataclass
class Bench:
    """The scratch database, its ways in, and the calls still to be recorded."""

    organization_id: UUID
    spenders: list[Spender]
    owner: asyncpg.Connection
    database: Database
    copies: dict[int, Copy]
    secret: str
    app_dsn: str
    calls: dict[int, Calls] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.database)
        self.queue = WriteQueue(self.ledger)
        self.doors = {"usage": usage_door(self.secret), "graphql": graphql_door(self.secret)}
        self.calls = {
            number: Calls(self.spenders[:number], f"{number} projects", seed=number)
            for number in _PROJECTS
        }

    async def prepare(self, subject: Subject) -> Callable[[], Awaitable[None]]:
        """Everything but the recording itself; answers what is left to do."""
        id, batch = self.organization_id, subject.batch
        if subject.way == "copy":
            copy = self.copies[subject.projects]
            # 64 callers who wait together are a batch of 64.
            size = batch if batch > 1 else _CALLERS
            rows = copy.prepare(subject.event_count)
            return lambda: copy.run(rows, size)
        events = self.calls[subject.projects].take(subject.event_count)
        if subject.way == "ledger":
            return lambda: by_ledger(self.ledger, id, events, batch)
        if subject.way == "queue":
            return lambda: by_queue(self.queue, id, events, subject.callers)
        door = self.doors[subject.way]
        requests = door.prepare(id, events, batch)
        return lambda: door.run(requests, batch)

    async def measure(self, subject: Subject, serving: Serving) -> None:
        """One round of one subject."""
        door = self.doors.get(subject.way)
        run = await self.prepare(subject)
        clients = [Client(serving) for _ in range(subject.callers if door else 0)]
        if door:
            door.clients = clients
        own = serving.cpu_seconds if door else time.process_time
        backends = await self._backends()
        own_before, begun = own(), time.perf_counter()
        await run()
        elapsed, own_spent = time.perf_counter() - begun, own() - own_before
        for pid, seconds in (await self._backends()).items():
            backends[pid] = seconds - backends.get(pid, 0)
        count = subject.event_count
        subject.rates.append(count / elapsed)
        subject.cpu_micros.append((own_spent + sum(backends.values())) / count * 1e6)
        if door:
            subject.server_micros.append(own_spent / count * 1e6)
        for client in clients:
            await client.close()

    async def _backends(self) -> dict[int, float]:
        """Processor seconds so far of PostgreSQL's processes for this database."""
        rows = await self.owner.fetch(_BACKENDS)
        return {row["pid"]: cpu_seconds(row["pid"]) for row in rows}

    async def warm_up(self) -> None:
        """Writes the rows that are copied afterwards, and wakes what a server does once."""
        for number, copy in self.copies.items():
            events = self.calls[number].take(max(_EVENT_COUNTS.values()))
            await by_ledger(self.ledger, self.organization_id, events, 1000)
            await copy.learn(events)

    async def verify(self) -> int:
        """How many entries agree with their rollups; raises when one does not."""
        for copy in self.copies.values():
            await copy.remove()
        report = await verify(self.database, self.organization_id)
        if not report.is_clean:
            raise RuntimeError(f"what was measured is wrong: {report.shown}")
        return report.entries_checked


def main() -> int:
    """Runs the benchmark; answers the exit status."""
    options = _options()
    console = Console(stderr=True, highlight=False)
    if given := os.environ.get("DATABASE_URL"):
        subjects = uvloop.run(_run(options, Server.given(given), console))
    else:
        with EmbeddedServer(options.data) as address:
            subjects = uvloop.run(_run(options, Server.embedded(address), console))
    if options.json:
        sys.stdout.write(json.dumps(_as_json(subjects), indent=2) + "\n")
    elif subjects:
        _print_table(Console(highlight=False, width=_WIDTH), subjects)
    return 0 if all(_verdict(it, subjects) != "below" for it in subjects) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="rounds, each of every way")
    add("--projects", type=int, choices=_PROJECTS, action="append", help="into one, or into all")
    add("--batch", type=int, choices=_BATCHES, action="append", help="events in a call")
    add("--way", choices=_WAYS, action="append", help="COPY is always among them")
    add("--profile", choices=_WAYS[1:], help="print where the time of one way goes, and stop")
    add("--data", type=Path, default=_REPOSITORY / ".aicost" / "bench",
        help="directory of the embedded server")  # fmt: skip
    add("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.rounds < 5 and not options.profile:
        parser.error("medians of fewer than five rounds tell little")
    return options


async def _run(options: argparse.Namespace, server: Server, console: Console) -> list[Subject]:
    options.data.mkdir(parents=True, exist_ok=True)
    subjects = _subjects(options)
    async with _bench(server) as bench:
        await bench.warm_up()
        spare_collector()  # as a server does
        if options.profile:
            await _profile(bench, options)
            return []
        with serving(bench.app_dsn, options.data / "serve_write.log") as served:
            random = Random(1)
            for number in range(options.rounds + 1):
                random.shuffle(subjects)
                for subject in subjects:
                    await bench.measure(subject, served)
                console.print(f"round {number} of {options.rounds}" if number else "warm")
        for subject in subjects:  # the first round woke everything
            for figures in (subject.rates, subject.server_micros, subject.cpu_micros):
                del figures[0:1]
        console.print(f"{await bench.verify():,} entries verified, none differs from its rollups")
    return sorted(subjects, key=lambda it: (it.projects, it.batch, _WAYS.index(it.way)))


def _subjects(options: argparse.Namespace) -> list[Subject]:
    ways = {"copy", *(options.way or _WAYS)}
    fitting = {"ledger": _BATCHES[1:], "queue": _BATCHES[:1]}
    return [
        Subject(way, projects, batch)
        for projects in options.projects or _PROJECTS
        for batch in options.batch or _BATCHES
        for way in _WAYS
        if way in ways and batch in fitting.get(way, _BATCHES)
    ]


@asynccontextmanager
async def _bench(server: Server) -> AsyncIterator[Bench]:
    """A new scratch database, dropped with the next run: it can be looked at afterwards."""
    admin = await asyncpg.connect(dsn=server.admin_dsn)
    await create_database(admin, _DATABASE, server)
    await admin.close()
    owner_dsn = with_database(server.owner_dsn, _DATABASE)
    await migrate(owner_dsn, app_role="aicost_app" if server.has_roles else None)
    owner = await asyncpg.connect(dsn=owner_dsn, server_settings=_OWNER_SETTINGS)
    app_dsn = with_database(server.app_dsn, _DATABASE)
    database = Database(app_dsn, statement_timeout_seconds=60, has_generic_plans=True)
    await database.start()
    try:
        organization_id, spenders = await write_tenancy(owner)
        await owner.execute(_JOIN, organization_id)
        async with database.transaction() as connection:
            await adopt_public_prices(connection, now=datetime.now(UTC))
            scope = Scope.system(organization_id)
            key = await create_key(connection, scope, name="bench/write.py", role=Role.MEMBER)
        copies = {number: Copy(owner, organization_id) for number in _PROJECTS}
        yield Bench(organization_id, spenders, owner, database, copies, key.secret, app_dsn)
    finally:
        await database.close()
        await owner.close()


async def _profile(bench: Bench, options: argparse.Namespace) -> None:
    """Where one way spends its time, in this process: the server's without its socket."""
    projects = (options.projects or _PROJECTS)[0]
    batch = (options.batch or [1000 if options.profile == "ledger" else 1])[0]
    await print_profile(bench, Subject(options.profile, projects, batch))


def _copy(subject: Subject, subjects: list[Subject]) -> Subject:
    """COPY of batches of the same size into as many projects."""
    [copy] = [it for it in subjects if it.key == ("copy", subject.projects, subject.batch)]
    return copy


def _ratio(subject: Subject, subjects: list[Subject]) -> Figure:
    """Of COPY's events a second."""
    return Figure.ratio(subject.rates, _copy(subject, subjects).rates)


def _cpu_ratio(subject: Subject, subjects: list[Subject]) -> Figure:
    """The same by processor time, which what else runs on the machine changes less."""
    return Figure.ratio(_copy(subject, subjects).cpu_micros, subject.cpu_micros)


def _verdict(subject: Subject, subjects: list[Subject]) -> str:
    if wanted := WANTED_RATIO.get(subject.key):
        return "PASS" if _ratio(subject, subjects).median >= wanted else "below"
    if wanted := WANTED_RATE.get(subject.key):
        return "PASS" if Figure.of(subject.rates).median >= wanted else "below"
    return ""


def _wanted(subject: Subject) -> str:
    if ratio := WANTED_RATIO.get(subject.key):
        return f"{ratio:g} of COPY"
    if rate := WANTED_RATE.get(subject.key):
        return f"{rate:,.0f} a second"
    return ""


def _print_table(console: Console, subjects: list[Subject]) -> None:
    title = "Events a second: medians over rounds (lowest to highest round)"
    table = Table("projects", "batch", "way", title=title, box=MARKDOWN)
    for heading in ("events a second", "of COPY", "by CPU", "CPU us", "server us", "wanted", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for it in subjects:
        table.add_row(
            str(it.projects),
            f"{it.batch:,}",
            it.way,
            _spread(Figure.of(it.rates), ",.0f"),
            _spread(_ratio(it, subjects), ".2f"),
            _spread(_cpu_ratio(it, subjects), ".2f"),
            f"{Figure.of(it.cpu_micros).median:,.0f}",
            f"{Figure.of(it.server_micros).median:,.0f}" if it.server_micros else "",
            _wanted(it),
            _verdict(it, subjects),
        )
    console.print(table)


def _spread(figure: Figure, form: str) -> str:
    return f"{figure.median:{form}} ({figure.low:{form}}-{figure.high:{form}})"


def _as_json(subjects: list[Subject]) -> dict[str, object]:
    found = defaultdict(list)
    for it in subjects:
        found["measured"].append(
            {
                "way": it.way,
                "projects": it.projects,
                "batch": it.batch,
                "events_per_second": Figure.of(it.rates)._asdict(),
                "ratio_to_copy": _ratio(it, subjects)._asdict(),
                "cpu_ratio_to_copy": _cpu_ratio(it, subjects)._asdict(),
                "cpu_micros": Figure.of(it.cpu_micros)._asdict(),
                "server_cpu_micros": (
                    Figure.of(it.server_micros)._asdict() if it.server_micros else None
                ),
                "wanted": _wanted(it) or None,
                "verdict": _verdict(it, subjects) or None,
            }
        )
    return dict(found)


if __name__ == "__main__":
    sys.exit(main())
