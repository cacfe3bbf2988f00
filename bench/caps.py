"""How many reservations a second are granted, beside pgbench doing the same one by one.

    python bench/caps.py [--rounds 5] [--seconds 2] [--way queue ...] [--json]

Fills a scratch database with an organization of 200 projects, and lets 64 callers reserve at once:
by the admission queue (`queue`), by GraphQL's `reserveSpend` over HTTP with one worker (`http`),
and by pgbench with 64 clients (`pgbench`), which does the same guarded updates, leaf to root, and
the same inserts, each in a transaction of its own. On one hot cap, and on five nested caps (run,
project, workspace, group, organization) with the project drawn anew for each reservation. Ways are
measured in every round, in shuffled order; ratios are of one round. In the end every cap is
recounted. Exit status 1 when a figure is below what is wanted.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import orjson
from cap_script import Plan, script
from fill import Server, create_database, with_database
from measure import Figure
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from server import Client, Serving, graphql_request, serving
from tenancy import write_tenancy

from models.access import Role, Scope
from models.admission import Granted, SpendRequest
from models.admission_queue import AdmissionQueue
from models.admission_writer import Admission
from models.api_key import create_key
from models.cap import CapPeriod
from models.cap_change import CapSetting, set_cap
from models.cap_check import verify_caps
from models.cap_rule import CapScope
from models.collector import spare_collector
from models.db import Database
from models.event import RunRef
from models.ids import PROJECT, encode
from models.ledger import Ledger
from models.migration import migrate
from models.organization import create_organization
from models.postgres import EmbeddedServer
from models.postgres_binaries import find_binaries
from models.project import get_or_create_project
from models.public_price import adopt_public_prices
from models.workspace import create_workspace_group, set_workspace_group

_REPOSITORY = Path(__file__).resolve().parent.parent
_DATABASE = "bench_caps"
_CALLERS = 64
_LIMIT = Decimal(1_000_000_000)
_AMOUNT = Decimal("0.01")
_WAYS = ("pgbench", "queue", "http")
_SUBJECTS = ("hot", "nested")
_MUTATION = """mutation($input: ReserveSpendInput!) {
  reserveSpend(input: $input) { __typename ... on SpendGranted { reservation { id } } } }"""
WANTED = {("hot", "queue"): 2, ("nested", "queue"): 1}
"""The least ratio to pgbench."""


@dataclass
class Measured:
    """One way on one or on five caps, and what its rounds came to."""

    subject: str
    way: str
    rates: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    def note(self, latencies: list[float], elapsed: float) -> None:
        """Adds a round: seconds that each reservation took, and that all of them did."""
        ordered = sorted(latencies)
        self.rates.append(len(ordered) / elapsed)
        self.p50_ms.append(ordered[len(ordered) // 2] * 1000)
        self.p99_ms.append(ordered[len(ordered) * 99 // 100] * 1000)


@dataclass(frozen=True)
class Place:
    """Where is reserved: an organization, its projects, and pgbench's twins of their caps.

    With `run_key` every reservation is for that run of its project.
    """

    organization_id: UUID
    secret: str
    project_ids: list[UUID]
    plan: Plan
    run_key: str | None = None


@dataclass
class Scene:
    """The scratch database and what reserves in it, by subject."""

    database: Database
    app_dsn: str
    places: dict[str, Place]
    pgbench: Path
    numbers: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.queue = AdmissionQueue(Admission(Ledger(self.database)))

    async def measure(self, it: Measured, seconds: float, serving: Serving) -> None:
        """One round of one way."""
        if it.way == "pgbench":
            it.note(*await asyncio.to_thread(self._pgbench, it.subject, seconds))
        elif it.way == "queue":
            it.note(*await self._callers(it.subject, seconds, partial(self._reserve, it.subject)))
        else:
            clients = {number: Client(serving) for number in range(_CALLERS)}
            try:
                it.note(
                    *await self._callers(
                        it.subject,
                        seconds,
                        lambda caller, request: self._post(it.subject, clients[caller], request),
                    )
                )
            finally:
                for client in clients.values():
                    await client.close()

    async def _callers(
        self,
        subject: str,
        seconds: float,
        reserve: Callable[[int, SpendRequest], Awaitable[None]],
    ) -> tuple[list[float], float]:
        """64 callers, each with one reservation after the other."""
        latencies: list[float] = []
        begun = time.perf_counter()

        async def caller(number: int) -> None:
            random = Random(f"{subject} {number} {begun}")
            while time.perf_counter() - begun < seconds:
                request = self._request(subject, random)
                asked = time.perf_counter()
                await reserve(number, request)
                latencies.append(time.perf_counter() - asked)

        await asyncio.gather(*map(caller, range(_CALLERS)))
        return latencies, time.perf_counter() - begun

    def _request(self, subject: str, random: Random) -> SpendRequest:
        place = self.places[subject]
        project_id = random.choice(place.project_ids)
        return SpendRequest(f"r{next(self.numbers)}", project_id, place.run_key, amount=_AMOUNT)

    async def _reserve(self, subject: str, _caller: int, request: SpendRequest) -> None:
        answer = await self.queue.reserve(self.places[subject].organization_id, request)
        if not isinstance(answer, Granted):
            raise RuntimeError(f"not granted: {answer}")

    async def _post(self, subject: str, client: Client, request: SpendRequest) -> None:
        place = self.places[subject]
        asked = {
            "key": request.key,
            "projectId": encode(PROJECT, place.organization_id, request.project_id),
            "amount": str(request.amount),
        }
        if request.run_key is not None:
            asked["runKey"] = request.run_key
        body = orjson.dumps({"query": _MUTATION, "variables": {"input": asked}})
        answer = await client.post(graphql_request(place.secret, body))
        if b"SpendGranted" not in answer:
            raise RuntimeError(f"not granted: {answer!r}")

    def _pgbench(self, subject: str, seconds: float) -> tuple[list[float], float]:
        """Runs pgbench and reads the latency of each transaction from its logs."""
        with tempfile.TemporaryDirectory(prefix="aicost-pgbench-") as name:
            text = Path(name) / "reserve.sql"
            place = self.places[subject]
            text.write_text(script(place.plan, place.organization_id, _AMOUNT))
            begun = time.perf_counter()
            subprocess.run(
                [
                    *(self.pgbench, "-n", "-M", "prepared", "-c", str(_CALLERS), "-j", "2"),
                    *("-T", str(max(1, round(seconds))), "-f", text, "-l", "--max-tries", "10"),
                    self.app_dsn,
                ],
                cwd=name,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            elapsed = time.perf_counter() - begun
            latencies = [
                int(line.split()[2]) / 1e6
                for log in Path(name).glob("pgbench_log.*")
                for line in log.read_text().splitlines()
            ]
        return latencies, min(elapsed, max(1, round(seconds)))


@asynccontextmanager
async def _scene(server: Server) -> AsyncIterator[Scene]:
    """A new scratch database: an organization with one cap, one with five above each project."""
    admin = await asyncpg.connect(dsn=server.admin_dsn)
    await create_database(admin, _DATABASE, server)
    await admin.close()
    owner_dsn = with_database(server.owner_dsn, _DATABASE)
    app_dsn = with_database(server.app_dsn, _DATABASE)
    await migrate(owner_dsn, app_role="aicost_app" if server.has_roles else None)
    owner = await asyncpg.connect(dsn=owner_dsn)
    database = Database(app_dsn, statement_timeout_seconds=60, has_generic_plans=True)
    await database.start()
    try:
        async with database.transaction() as connection:
            await adopt_public_prices(connection, now=datetime.now(UTC))
        places = {"hot": await _hot(database), "nested": await _nested(database, owner)}
        for place in places.values():
            await place.plan.write(owner, place.organization_id)
        await owner.execute("VACUUM (ANALYZE)")
        yield Scene(database, app_dsn, places, find_binaries().program("pgbench"))
    finally:
        await database.close()
        await owner.close()


async def _hot(database: Database) -> Place:
    """One project under one cap."""
    async with database.transaction() as connection:
        scope = Scope.system(await create_organization(connection, "Hot"))
        project_id, _ = await get_or_create_project(connection, scope, "Hot")
    await _set_caps(database, scope, [(CapScope.PROJECT, project_id)])
    plan = Plan(1, [project_id], [(1,)])
    return Place(scope.organization_id, await _key(database, scope), [project_id], plan)


async def _nested(database: Database, owner: asyncpg.Connection) -> Place:
    """200 projects, each with a run, under caps at five levels."""
    organization_id, spenders = await write_tenancy(owner)
    projects = {it.project_id: it.workspace_id for it in spenders}
    scope, ledger = Scope.system(organization_id), Ledger(database)
    workspaces = sorted(set(projects.values()))
    async with database.transaction() as connection:
        groups = [await create_workspace_group(connection, scope, f"Group {n}") for n in range(2)]
        for number, id in enumerate(workspaces):
            await set_workspace_group(connection, scope, id, groups[number % 2])
    runs = [await ledger.record_run(organization_id, id, RunRef("run")) for id in projects]
    targets = [(CapScope.RUN, id) for id in runs]
    targets += [(CapScope.PROJECT, id) for id in projects]
    targets += [(CapScope.WORKSPACE, id) for id in workspaces]
    targets += [(CapScope.WORKSPACE_GROUP, id) for id in groups]
    await _set_caps(database, scope, [*targets, (CapScope.ORGANIZATION, organization_id)])
    places = [workspaces.index(id) for id in projects.values()]
    chains = [
        (1000 + number, 2000 + number, 3000 + place, 4000 + place % 2, 5000)
        for number, place in enumerate(places)
    ]
    plan = Plan(2, list(projects), chains)
    return Place(organization_id, await _key(database, scope), list(projects), plan, "run")


async def _set_caps(database: Database, scope: Scope, targets: list[tuple[CapScope, UUID]]) -> None:
    now = datetime.now(UTC)
    for kind, target_id in targets:
        period = CapPeriod.RUN if kind is CapScope.RUN else CapPeriod.BILLING_CYCLE
        async with database.transaction() as connection:
            await set_cap(connection, scope, CapSetting(kind, target_id, period, _LIMIT), now)


async def _key(database: Database, scope: Scope) -> str:
    async with database.transaction() as connection:
        made = await create_key(connection, scope, name="bench/caps.py", role=Role.MEMBER)
    return made.secret


async def _run(options: argparse.Namespace, server: Server, console: Console) -> list[Measured]:
    options.data.mkdir(parents=True, exist_ok=True)
    measured = [
        Measured(subject, way)
        for subject in _SUBJECTS
        for way in _WAYS
        if way in {"pgbench", *(options.way or _WAYS)}
    ]
    async with _scene(server) as scene:
        spare_collector()  # as a server does
        with serving(scene.app_dsn, options.data / "serve_caps.log") as served:
            random = Random(1)
            for number in range(options.rounds + 1):
                random.shuffle(measured)
                for it in measured:
                    await scene.measure(it, options.seconds, served)
                console.print(f"round {number} of {options.rounds}" if number else "warm")
        for it in measured:  # the first round woke everything
            del it.rates[0], it.p50_ms[0], it.p99_ms[0]
        report = await verify_caps(scene.database)
        if not report.is_clean:
            raise RuntimeError(f"what was measured is wrong: {report.shown}")
        console.print(
            f"{report.caps_checked} caps and {report.reservations_open:,} reservations verified"
        )
    return sorted(measured, key=lambda it: (it.subject, _WAYS.index(it.way)))


def _ratio(it: Measured, measured: list[Measured]) -> Figure:
    [peer] = [each for each in measured if (each.subject, each.way) == (it.subject, "pgbench")]
    return Figure.ratio(it.rates, peer.rates)


def _verdict(it: Measured, measured: list[Measured]) -> str:
    wanted = WANTED.get((it.subject, it.way))
    if wanted is None:
        return ""
    return "PASS" if _ratio(it, measured).median >= wanted else "below"


def _print_table(console: Console, measured: list[Measured]) -> None:
    title = f"Reservations a second, {_CALLERS} callers: medians over rounds (lowest to highest)"
    table = Table("caps", "way", title=title, box=MARKDOWN)
    for heading in ("a second", "of pgbench", "p50 ms", "p99 ms", "wanted", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for it in measured:
        wanted = WANTED.get((it.subject, it.way))
        table.add_row(
            it.subject,
            it.way,
            _spread(Figure.of(it.rates), ",.0f"),
            _spread(_ratio(it, measured), ".2f"),
            _spread(Figure.of(it.p50_ms), ".1f"),
            _spread(Figure.of(it.p99_ms), ".1f"),
            f"{wanted} of pgbench" if wanted else "",
            _verdict(it, measured),
        )
    console.print(table)


def _spread(figure: Figure, form: str) -> str:
    return f"{figure.median:{form}} ({figure.low:{form}}-{figure.high:{form}})"


def _as_json(measured: list[Measured]) -> dict[str, object]:
    return {
        "measured": [
            {
                "caps": it.subject,
                "way": it.way,
                "reservations_per_second": Figure.of(it.rates)._asdict(),
                "ratio_to_pgbench": _ratio(it, measured)._asdict(),
                "p50_ms": Figure.of(it.p50_ms)._asdict(),
                "p99_ms": Figure.of(it.p99_ms)._asdict(),
                "verdict": _verdict(it, measured) or None,
            }
            for it in measured
        ]
    }


def main() -> int:
    """Runs the benchmark; answers the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="rounds, each of every way")
    add("--seconds", type=float, default=2, help="how long each way reserves in a round")
    add("--way", choices=_WAYS, action="append", help="pgbench is always among them")
    add("--data", type=Path, default=_REPOSITORY / ".aicost" / "bench",
        help="directory of the embedded server")  # fmt: skip
    add("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    console = Console(stderr=True, highlight=False)
    if given := os.environ.get("DATABASE_URL"):
        measured = asyncio.run(_run(options, Server.given(given), console))
    else:
        with EmbeddedServer(options.data) as address:
            measured = asyncio.run(_run(options, Server.embedded(address), console))
    if options.json:
        sys.stdout.write(json.dumps(_as_json(measured), indent=2) + "\n")
    else:
        _print_table(Console(highlight=False, width=140), measured)
    return 0 if all(_verdict(it, measured) != "below" for it in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
