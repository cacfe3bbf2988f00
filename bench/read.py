"""How fast the answers of 003 and 004 are, and whether they stay so while the ledger grows.

    python bench/read.py [--rows 100000 --rows 1000000 ...] [--json]

Fills a ledger of each size (kept for the next time), serves each by `aicost serve`, and compares
each question over HTTP with its SQL on a bare connection; on the smallest one also what a question
costs over tRPC, over GraphQL and by a bare route. Exit status 1 when a limit is exceeded.
docs/benchmarks.md explains the figures.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from doors import Way, doors_as_json, is_cheap_enough, measured_ways, print_doors
from fill import Ledger, Server, have_ledger
from measure import Subject, measure
from questions import questions
from rich.console import Console
from server import Client, Serving, graphql_request, serving
from statements import bare_connection, statements_of
from table import as_json, growths, print_tables

from models.access import Role, Scope
from models.api_key import create_key, revoke_key
from models.db import Database
from models.postgres import EmbeddedServer

_REPOSITORY = Path(__file__).resolve().parent.parent
_DEFAULT_SIZES = (100_000, 1_000_000)
_WIDTH = 140  # of the tables, whatever the terminal's: figures that are cut off tell nothing


def main() -> int:
    """Runs the benchmark; answers the exit status."""
    options = _options()
    console = Console(stderr=True, highlight=False)
    if given := os.environ.get("DATABASE_URL"):
        subjects, doors = asyncio.run(_run(options, Server.given(given), console))
    else:
        with EmbeddedServer(options.data) as address:
            subjects, doors = asyncio.run(_run(options, Server.embedded(address), console))
    grown = growths(subjects)
    if options.json:
        measured = {**as_json(subjects, grown), "doors": doors_as_json(doors)}
        sys.stdout.write(json.dumps(measured, indent=2) + "\n")
    else:
        tables = Console(highlight=False, width=_WIDTH)
        print_tables(tables, subjects, grown)
        print_doors(tables, doors)
    is_within_limits = all(growth.is_within_limits for growth in grown)
    return 0 if is_within_limits and is_cheap_enough(doors) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rows", type=int, action="append", help="size of a ledger; several may be given")
    add("--rounds", type=int, default=7, help="rounds, each of every question both ways")
    add("--requests", type=int, default=50, help="requests of a question in a round")
    add("--data", type=Path, default=_REPOSITORY / ".aicost" / "bench",
        help="directory of the embedded server, which keeps the ledgers")  # fmt: skip
    add("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    options.rows = sorted(set(options.rows or _DEFAULT_SIZES))
    if options.rows[0] < _DEFAULT_SIZES[0]:
        parser.error("a ledger of fewer than 100000 entries has too few runs a project and month")
    if options.rounds < 5:
        parser.error("medians of fewer than five rounds tell little")
    return options


async def _run(
    options: argparse.Namespace, server: Server, console: Console
) -> tuple[list[Subject], Sequence[Way]]:
    options.data.mkdir(parents=True, exist_ok=True)
    counts = {"round_count": options.rounds, "request_count": options.requests}
    async with AsyncExitStack() as stack:
        subjects: list[Subject] = []
        doors: Sequence[Way] = ()
        for entry_count in options.rows:
            ledger = await have_ledger(server, entry_count, console.print)
            log = options.data / f"serve_{entry_count}.log"
            secret = await stack.enter_async_context(_key(ledger))
            served = stack.enter_context(serving(ledger.dsn, log))
            subjects += await stack.enter_async_context(_asked(ledger, served, secret))
            if not doors:
                doors = await measured_ways(ledger, served, secret, options.data, **counts)
        with console.status("measuring"):
            await measure(subjects, **counts, progress=console.print)
    return subjects, doors


@asynccontextmanager
async def _asked(ledger: Ledger, served: Serving, secret: str) -> AsyncIterator[Sequence[Subject]]:
    """The questions to a ledger that is served, by a key that sees the organization."""
    client, connection = Client(served), await bare_connection(ledger.dsn)
    ids = (ledger.organization_id, ledger.big_project_id, ledger.median_project_id)
    yield [
        Subject(
            entry_count=ledger.entry_count,
            question=question,
            request=graphql_request(secret, question.body),
            client=client,
            serving=served,
            connection=connection,
            statements=await statements_of(ledger.dsn, secret, question),
        )
        for question in questions(*ids)
    ]
    await client.close()
    await connection.close()


@asynccontextmanager
async def _key(ledger: Ledger) -> AsyncIterator[str]:
    """The secret of a key that reads everything, revoked in the end."""
    database, scope = Database(ledger.dsn), Scope.system(ledger.organization_id)
    await database.start()
    try:
        async with database.transaction() as connection:
            key = await create_key(connection, scope, name="bench/read.py", role=Role.ADMIN)
        yield key.secret
        async with database.transaction() as connection:
            await revoke_key(connection, scope, key.id)
    finally:
        await database.close()


if __name__ == "__main__":
    sys.exit(main())
