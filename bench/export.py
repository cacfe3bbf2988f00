"""How fast exports leave by HTTP, beside psql's COPY of the same rows in the same run.

    python bench/export.py [--rows 1000000] [--rounds 5] [--json]

Each round exports every API call of the year's largest workspace by both ways, and the executions
of the usage explorer, in a shuffled order: bytes a second, the ratio, and how much more memory the
server took at its peak. Exit status 1 when a ratio is below 0.8 or the memory above 20 MB.
docs/benchmarks.md explains the figures.
"""

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import psutil
from fill import Ledger, Server, have_ledger
from rich.console import Console
from server import Serving, serving
from usage import TIME_ZONE, YEAR

from models.access import Role, Scope
from models.api_call import CallsWanted
from models.api_call_export import ApiCallExport
from models.api_key import create_key
from models.db import Database
from models.export import Export
from models.ids import WORKSPACE, encode
from models.local_time import load_time_zones
from models.period import Calendar
from models.postgres import EmbeddedServer
from models.usage_entry import UsageEntryFilter, sought
from models.usage_export import UsageExport

RATIO_WANTED, MEMORY_WANTED_MB = 0.8, 20
_REPOSITORY = Path(__file__).resolve().parent.parent
_START, _END = (datetime(year, 1, 1, tzinfo=ZoneInfo(TIME_ZONE)) for year in (YEAR, YEAR + 1))
_HOST = "127.0.0.1"


@dataclass
class Subject:
    """One export by both ways, and what each round measured."""

    name: str
    path: str
    statements: list[str]
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"http": [], "psql": []})
    cpu: list[float] = field(default_factory=list)
    grown_mb: list[float] = field(default_factory=list)
    byte_count: int = 0
    row_count: int = 0

    @property
    def ratio(self) -> float:
        """How fast HTTP is, as a part of psql's speed: the median over rounds."""
        pairs = zip(self.seconds["psql"], self.seconds["http"], strict=True)
        return median(psql / http for psql, http in pairs)

    @property
    def is_good(self) -> bool:
        """Whether it is as fast and as small as is wanted."""
        return self.ratio >= RATIO_WANTED and max(self.grown_mb) <= MEMORY_WANTED_MB

    def megabytes_a_second(self, way: str) -> float:
        """By the median round."""
        return self.byte_count / median(self.seconds[way]) / 1e6


def main() -> int:
    """Runs the benchmark; answers the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rows", type=int, default=1_000_000, help="size of the ledger")
    add("--rounds", type=int, default=5, help="rounds, each of every export both ways")
    add("--data", type=Path, default=_REPOSITORY / ".aicost" / "bench",
        help="directory of the embedded server, which keeps the ledgers")  # fmt: skip
    add("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    console = Console(stderr=True, highlight=False)
    options.data.mkdir(parents=True, exist_ok=True)
    if given := os.environ.get("DATABASE_URL"):
        subjects = asyncio.run(_run(options, Server.given(given), console))
    else:
        with EmbeddedServer(options.data) as address:
            subjects = asyncio.run(_run(options, Server.embedded(address), console))
    _show(subjects, as_json=options.json)
    return 0 if all(subject.is_good for subject in subjects) else 1


async def _run(options: argparse.Namespace, server: Server, console: Console) -> list[Subject]:
    ledger = await have_ledger(server, options.rows, console.print)
    subjects, secret = await _subjects(ledger)
    random = Random(1)
    with serving(ledger.dsn, options.data / "serve_export.log") as served:
        for path in ("usage", "usage/export"):  # what any first request takes is not the exports'
            _get(
                served, f"/api/billing/{path}?{subjects[0].path.partition('?')[2]}&limit=1", secret
            )
        for subject in subjects:  # warm, and held against each other
            first = _over_http(served, subject, secret)
            subject.grown_mb.append(first.grown_mb)  # when most of it is new to the server
            _check(subject, first, _by_psql(ledger, subject))
        for number in range(options.rounds):
            blocks = [(subject, way) for subject in subjects for way in ("http", "psql")]
            random.shuffle(blocks)
            for subject, way in blocks:
                if way == "psql":
                    subject.seconds[way].append(_by_psql(ledger, subject).seconds)
                    continue
                taken = _over_http(served, subject, secret)
                subject.seconds[way].append(taken.seconds)
                subject.cpu.append(taken.cpu)
                subject.grown_mb.append(taken.grown_mb)
            console.print(f"round {number + 1} of {options.rounds}")
    return subjects


async def _subjects(ledger: Ledger) -> tuple[list[Subject], str]:
    """What is exported: the calls and the executions of the big project's workspace."""
    organization_id = ledger.organization_id
    database = Database(ledger.dsn, statement_timeout_seconds=0)
    await database.start()
    try:
        async with database.transaction() as connection:
            workspace_id = await connection.fetchval(
                "SELECT workspace_id FROM project WHERE organization_id = $1 AND id = $2",
                organization_id, ledger.big_project_id,
            )  # fmt: skip
            key = await create_key(
                connection, Scope.system(organization_id), name="export", role=Role.OWNER
            )
            zones = await load_time_zones(connection, organization_id)
            calendar = Calendar(zones, datetime.now(UTC))
            calls = CallsWanted(workspace_id, _START, _END)
            what = sought(
                organization_id, workspace_id, None, zones, _START, _END, UsageEntryFilter()
            )
            query = (
                f"workspaceId={encode(WORKSPACE, organization_id, workspace_id)}"
                f"&from={_START.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
                f"&to={_END.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            )
            exports: list[tuple[str, str, Export]] = [
                (
                    "API calls",
                    f"/api/billing/api-calls/export?{query}",
                    ApiCallExport(organization_id, calendar, calls),
                ),
                (
                    "executions",
                    f"/api/billing/usage/export?{query}&limit=all",
                    UsageExport(what),
                ),
            ]
            subjects = [
                Subject(name, path, [
                    await arguments.written_into(connection, text)
                    async for text, arguments in export.statements(connection)
                ])
                for name, path, export in exports
            ]  # fmt: skip
    finally:
        await database.close()
    return subjects, key.secret


@dataclass(frozen=True)
class _Taken:
    """One export, taken to its end."""

    seconds: float
    digest: str
    byte_count: int
    row_count: int
    cpu: float = 0
    grown_mb: float = 0


def _check(subject: Subject, http: _Taken, psql: _Taken) -> None:
    """Raises unless both ways gave the same bytes, the header apart."""
    if (http.digest, http.byte_count) != (psql.digest, psql.byte_count):
        raise RuntimeError(f"{subject.name}: HTTP and psql differ: {http} against {psql}")
    subject.byte_count, subject.row_count = http.byte_count, http.row_count


def _get(served: Serving, path: str, secret: str) -> None:
    """A small answer, read and dropped."""
    with socket.create_connection((_HOST, served.port)) as connection:
        connection.sendall(_head(path, secret))
        while connection.recv(1 << 16):
            pass


def _head(path: str, secret: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nhost: {_HOST}\r\nauthorization: Bearer {secret}\r\n"
        "connection: close\r\n\r\n"
    ).encode()


def _over_http(served: Serving, subject: Subject, secret: str) -> _Taken:
    """By a socket and as little else as can be, chunked coding taken apart."""
    process = psutil.Process(served.pid)
    before, cpu = process.memory_info().rss, served.cpu_seconds()
    peak, digest, size, rows = before, hashlib.sha256(), 0, 0
    begun = time.perf_counter()
    with socket.create_connection((_HOST, served.port)) as connection:
        connection.sendall(_head(subject.path, secret))
        with connection.makefile("rb", buffering=1 << 18) as stream:
            status = stream.readline()
            while stream.readline().strip():
                pass
            is_first = True
            while length := int(stream.readline(), 16):
                chunk = stream.read(length)
                stream.readline()
                if is_first:  # psql is asked for no header
                    chunk, is_first = chunk[chunk.index(b"\n") + 1 :], False
                digest.update(chunk)
                size += len(chunk)
                rows += chunk.count(b"\n")
                peak = max(peak, process.memory_info().rss)
    seconds = time.perf_counter() - begun
    if b" 200 " not in status:
        raise RuntimeError(f"{subject.name}: {status!r}")
    grown = (peak - before) / 1e6
    return _Taken(
        seconds, digest.hexdigest(), size, rows, served.cpu_seconds() - cpu, max(grown, 0)
    )


def _by_psql(ledger: Ledger, subject: Subject) -> _Taken:
    """The same statements by `psql`, one connection for all, into the same digest."""
    program = shutil.which("psql") or "/usr/lib/postgresql/15/bin/psql"
    commands = "".join(
        f"COPY ({' '.join(text.split())}) TO STDOUT (FORMAT csv);\n" for text in subject.statements
    )
    digest, size, rows = hashlib.sha256(), 0, 0
    begun = time.perf_counter()
    # From a file: a pipe takes no more than some of it while nobody reads what comes back.
    with tempfile.TemporaryFile() as script:
        script.write(commands.encode())
        script.seek(0)
        process = subprocess.Popen(
            [program, "--no-psqlrc", "--quiet", ledger.dsn],
            env={**os.environ, "PGTZ": "UTC", "PGOPTIONS": "-c jit=off"},
            stdin=script, stdout=subprocess.PIPE,
        )  # fmt: skip
    with process:
        assert process.stdout is not None
        while chunk := process.stdout.read(1 << 16):
            digest.update(chunk)
            size += len(chunk)
            rows += chunk.count(b"\n")
    if process.returncode:
        raise RuntimeError(f"psql ended with {process.returncode}")
    return _Taken(time.perf_counter() - begun, digest.hexdigest(), size, rows)


def _show(subjects: list[Subject], *, as_json: bool) -> None:
    told: list[dict[str, Any]] = [
        {
            "export": it.name,
            "rows": it.row_count,
            "megabytes": round(it.byte_count / 1e6, 1),
            "http_mb_per_s": round(it.megabytes_a_second("http"), 1),
            "psql_mb_per_s": round(it.megabytes_a_second("psql"), 1),
            "ratio": round(it.ratio, 3),
            "server_cpu_s": round(median(it.cpu), 2),
            "memory_growth_mb": round(max(it.grown_mb), 1),
            "good": it.is_good,
        }
        for it in subjects
    ]
    if as_json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    for line in told:
        sys.stdout.write(
            f"{line['export']}: {line['rows']:,} rows, {line['megabytes']} MB;"
            f" HTTP {line['http_mb_per_s']} MB/s, psql {line['psql_mb_per_s']} MB/s,"
            f" ratio {line['ratio']} (wanted {RATIO_WANTED}); server CPU {line['server_cpu_s']} s,"
            f" memory +{line['memory_growth_mb']} MB (wanted at most {MEMORY_WANTED_MB}):"
            f" {'PASS' if line['good'] else 'over'}\n"
        )


if __name__ == "__main__":
    sys.exit(main())
