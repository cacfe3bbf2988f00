"""Kills in the midst of recording: kill -9 of the server process, or of PostgreSQL under it.

    python tests/crash.py [--rounds 20] [--victim server|postgres] [--seed 1]

Each round lets eight writers record over HTTP, kills at a random moment, waits for the server to
be ready again, lets the writers send again what was not acknowledged, and then checks the ledger:
every acknowledged event there once as it was answered, nothing else, no batch by half, each
charged to the organization's credits once, and `aicost rollup verify` and `aicost credits verify`
without a difference. Exit status 1 when a promise is broken, and when no
kill landed on an unacknowledged batch: such a run has shown nothing.

The server is `aicost run` on a data directory of its own with its embedded PostgreSQL.
tests/test_api_crash.py runs a few rounds; AICOST_CRASH_ROUNDS says how many.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import httpx
from crash_writers import CrashError, Writer, books_of, make_writers, unacknowledged
from tenants import make_tenant

from models.access import Role, Scope
from models.api_key import create_key
from models.billing import BillingChange, set_billing
from models.db import Database
from models.ids import encode
from models.postgres import Address, EmbeddedServer
from models.postgres_place import find_place
from resolvers import node

REPOSITORY = Path(__file__).resolve().parent.parent
HEALTHY_AGAIN_SECONDS = 10
"""What reliability promises after PostgreSQL has returned; here counted from the kill."""
_PATIENCE_SECONDS = 60
_LONGEST_RUN_SECONDS = 1.0
IN_CREDITS = BillingChange(
    billing_mode="CREDITS", credits_per_dollar=Decimal(100), included_dollars=Decimal(1)
)
_ENTRIES = """
SELECT event_key, id, cost,
    (input + cache_read + cache_write_5m + cache_write_1h + output + reasoning)::bigint AS tokens
FROM credit_transaction WHERE organization_id = $1"""
_WRITTEN = """
SELECT count(*) FROM credit_transaction WHERE organization_id = $1 AND event_key = ANY ($2::text[])
"""


@dataclass
class Report:
    """What a number of kills came to."""

    victim: str
    rounds: int = 0
    landed: int = 0
    """Kills that hit at least one batch on its way, which then stayed unacknowledged."""
    lost_batches: int = 0
    """Batches that were on their way at a kill and not acknowledged."""
    written_batches: int = 0
    """Those of them that were in the ledger all the same, as a whole."""
    acknowledged_events: int = 0
    differences: int = 0
    healthy_seconds: list[float] = field(default_factory=list)

    def require_landed(self) -> None:
        """Raises unless some kill met a batch on its way: else nothing was put to the test."""
        if not self.landed:
            raise CrashError(f"no kill of {self.rounds} landed on an unacknowledged batch")

    def __str__(self) -> str:
        slowest = max(self.healthy_seconds, default=0)
        return (
            f"{self.victim}: {self.rounds} kills, {self.landed} landed on unacknowledged batches"
            f" ({self.lost_batches} batches, {self.written_batches} of them written all the same);"
            f" {self.acknowledged_events} events acknowledged, each there once;"
            f" {self.differences} differences; ready again after {slowest:.1f} s at most"
        )


class Command:
    """`aicost run` as a process of its own, and its embedded PostgreSQL, both to be killed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self._environment = {
            **{name: value for name, value in kept.items() if not name.startswith("AICOST_")},
            "AICOST_DATA_DIR": str(directory),
            "AICOST_PORT": str(self.port),
        }

    @property
    def log(self) -> Path:
        return self.directory / "crash.log"

    def start(self) -> None:
        """Starts the server, as its users do."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.cli", "run"],
                env=self._environment,
                cwd=REPOSITORY,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """kill -9 of the server's process."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def kill_postgres(self) -> None:
        """kill -9 of the postmaster and of every process that it had."""
        lines = (find_place(self.directory).data / "postmaster.pid").read_text().split()
        postmaster = int(lines[0])
        for pid in (postmaster, *_children(postmaster)):
            with _gone_is_fine():
                os.kill(pid, signal.SIGKILL)

    async def be_ready(self) -> None:
        """Returns once the server says that it can be used."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            while time.monotonic() < deadline:
                assert self._process is not None
                if self._process.poll() is not None:
                    raise CrashError(f"the server stopped:\n{self.log.read_text()[-4000:]}")
                try:
                    if (await client.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        raise CrashError(f"not ready again:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """Lets the server end its requests and leave."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def run(self, *arguments: str) -> str:
        """What another command of aicost prints, beside the server."""
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments],
            env=self._environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise CrashError(f"aicost {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout


def _children(parent: int) -> Iterator[int]:
    """The processes that a process started."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with _gone_is_fine():
            # The name, in parentheses, may hold anything.
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                yield int(stat.parent.name)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, ProcessLookupError):
        return


@dataclass
class Scene:
    """A running server, an organization in it, and its writers."""

    command: Command
    database: Database
    organization_id: object
    writers: list[Writer]
    client: httpx.AsyncClient
    random: Random
    report: Report


@asynccontextmanager
async def scene(directory: Path, victim: str, seed: int) -> AsyncIterator[Scene]:
    """Everything that rounds take, on a data directory that no other process uses."""
    command, random = Command(directory), Random(f"{victim} {seed}")
    server = EmbeddedServer(directory)
    address: Address = await asyncio.to_thread(server.start)
    database = Database(address.app_dsn, pool_size=2, statement_timeout_seconds=60)
    try:
        command.start()
        await command.be_ready()
        await database.start()
        tenant = await make_tenant(database)
        async with database.transaction() as connection:
            scope = Scope.system(tenant.id)
            key = await create_key(connection, scope, name="writers", role=Role.MEMBER)
        async with database.transaction() as connection:
            long_ago = datetime.now(UTC) - timedelta(days=500)
            await set_billing(connection, scope, IN_CREDITS, now=long_ago)
        projects = [encode(node.PROJECT, tenant.id, id) for id in tenant.project_ids]
        headers = {"authorization": f"Bearer {key.secret}"}
        async with httpx.AsyncClient(base_url=command.url, headers=headers, timeout=30) as client:
            writers = make_writers(projects, random)
            yield Scene(command, database, tenant.id, writers, client, random, Report(victim))
    finally:
        await database.close()
        await asyncio.to_thread(command.stop)
        await asyncio.to_thread(server.stop)


async def play(scene: Scene) -> None:
    """One round: write, kill, come back, send again, check."""
    may_go_on, ended = asyncio.Event(), asyncio.Event()
    may_go_on.set()
    try:
        async with asyncio.TaskGroup() as group:
            for writer in scene.writers:
                group.create_task(writer.write(scene.client, may_go_on, ended))
            await asyncio.sleep(scene.random.uniform(0.05, _LONGEST_RUN_SECONDS))
            await _kill(scene, may_go_on)
            ended.set()
    except ExceptionGroup as broken:
        raise broken.exceptions[0] from None
    await _check(scene)


async def _kill(scene: Scene, may_go_on: asyncio.Event) -> None:
    """Kills, has the server back, looks at what was on its way, and lets the writers go on."""
    command, report = scene.command, scene.report
    on_their_way = [
        (writer, writer.pending, writer.acknowledged_batches)
        for writer in scene.writers
        if writer.is_sending
    ]
    may_go_on.clear()
    killed_at = time.monotonic()
    if report.victim == "server":
        await asyncio.to_thread(command.kill)
        command.start()
    else:
        command.kill_postgres()
    await command.be_ready()
    report.healthy_seconds.append(time.monotonic() - killed_at)
    report.rounds += 1
    lost = [
        batch
        for writer, batch, count in on_their_way
        if batch is not None and writer.pending is batch and writer.acknowledged_batches == count
    ]
    report.landed += bool(lost)
    report.lost_batches += len(lost)
    for batch in unacknowledged(scene.writers):
        async with scene.database.connection() as connection:
            written = await connection.fetchval(_WRITTEN, scene.organization_id, batch.keys)
        if written not in (0, len(batch.keys)):
            raise CrashError(f"{written} of a batch of {len(batch.keys)} are in the ledger")
        report.written_batches += bool(written) and batch in lost
    may_go_on.set()


async def _check(scene: Scene) -> None:
    """The ledger holds what was acknowledged and nothing else; rollups agree with it."""
    books = books_of(scene.writers)
    async with scene.database.connection() as connection:
        rows = await connection.fetch(_ENTRIES, scene.organization_id)
    found = {row["event_key"]: row for row in rows}
    if len(found) != len(rows):
        raise CrashError(f"{len(rows) - len(found)} events are in the ledger more than once")
    if missing := books.keys() - found.keys():
        raise CrashError(f"acknowledged, and not in the ledger: {sorted(missing)[:5]}")
    if strange := found.keys() - books.keys():
        raise CrashError(f"in the ledger, and never acknowledged: {sorted(strange)[:5]}")
    for key, said in books.items():
        row = found[key]
        if (row["id"], row["cost"], row["tokens"]) != (said.transaction_id, said.cost, said.tokens):
            raise CrashError(f"event {key} was answered {said}, and is {dict(row)}")
    verified = json.loads(await asyncio.to_thread(scene.command.run, "rollup", "verify", "--json"))
    charged = json.loads(await asyncio.to_thread(scene.command.run, "credits", "verify", "--json"))
    priced = sum(row["cost"] is not None for row in rows)
    if charged["deductions_checked"] != priced or charged["differences"]:
        raise CrashError(f"{priced} entries have a cost, and credits are: {charged}")
    scene.report.differences += verified["differences"]
    scene.report.acknowledged_events = len(books)
    if verified["differences"] or Decimal(verified.get("cost_difference", 0)):
        raise CrashError(f"rollups differ from the ledger: {verified}")


async def crash(
    directory: Path,
    victim: str,
    *,
    rounds: int,
    seed: int = 1,
    progress: Callable[[Report], object] = lambda report: None,
) -> Report:
    """Plays rounds on a data directory of their own; raises CrashError for a broken promise."""
    async with scene(directory, victim, seed) as played:
        for _ in range(rounds):
            await play(played)
            progress(played.report)
    played.report.require_landed()
    return played.report


def main() -> int:
    """Runs the script; answers its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--victim", choices=("server", "postgres"), action="append")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    reports = [_played(victim, options) for victim in options.victim or ("server", "postgres")]
    return 0 if all(reports) else 1


def _played(victim: str, options: argparse.Namespace) -> bool:
    """Plays all rounds with one victim and tells what they came to; answers whether all held."""

    def tell(report: Report) -> None:
        print(f"round {report.rounds} of {options.rounds}: {report}", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="aicost-crash-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # PostgreSQL runs as another account when root asks for it
        playing = crash(
            directory / "data", victim, rounds=options.rounds, seed=options.seed, progress=tell
        )
        try:
            report = asyncio.run(playing)
        except CrashError as broken:
            print(f"{victim}: {broken}")
            return False
    print(report)
    return max(report.healthy_seconds) <= HEALTHY_AGAIN_SECONDS


if __name__ == "__main__":
    sys.exit(main())
