"""Kills between reserving and settling: kill -9 of a process that spends under caps.

    python tests/cap_crash.py [--rounds 20] [--seed 1]

Each round lets a process reserve and settle with eight callers, kills it at a random moment, and
looks at what it left: every reservation that was acknowledged is there, every settlement that was
acknowledged is in the ledger once, and every cap says what a recount says, held money included.
Then what was on its way is sent again by another process, and counts once. What nobody comes back
for is let run out: nothing is held any more, and nothing of what was spent is lost. Exit status 1
when that is not so, and when no kill of all landed between a grant and its settlement.

tests/test_models_cap_crash.py plays a few rounds; AICOST_CRASH_ROUNDS says how many.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

from caps import Caps
from tenants import make_tenant

from models.cap import CapPeriod
from models.cap_rule import CapScope
from models.db import Database
from models.expirer import Expirer
from models.migration import migrate
from models.postgres import EmbeddedServer
from models.public_price import adopt_public_prices
from models.reservation import ReservationStatus
from models.token import ReportedTokens

_SPENDER = Path(__file__).with_name("cap_spender.py")
_COST = Decimal("0.00175")
_LIMIT = 1000
_SPENT = """
SELECT r.key, r.status, count(t.id) AS entries, coalesce(sum(t.cost), 0) AS cost
FROM reservation AS r
LEFT JOIN credit_transaction AS t
    ON t.organization_id = r.organization_id AND t.reservation_id = r.id
WHERE r.organization_id = $1
GROUP BY r.key, r.status"""


class CapCrashError(Exception):
    """A promise was broken."""


@dataclass
class Report:
    """What a number of kills came to."""

    rounds: int = 0
    landed: int = 0
    """Kills that left at least one reservation granted and not settled."""
    left_open: int = 0
    granted: int = 0
    settled: int = 0
    again: int = 0
    """Settlements that were on their way at a kill and were sent again."""

    def __str__(self) -> str:
        return (
            f"{self.rounds} kills, {self.landed} landed between a grant and its settlement"
            f" ({self.left_open} reservations left open); {self.granted} grants and"
            f" {self.settled} settlements acknowledged, {self.again} sent again, each there once"
        )


@dataclass
class _Said:
    """What a process said before it was killed, by step."""

    keys: dict[str, set[str]] = field(default_factory=dict)

    def of(self, step: str) -> set[str]:
        return self.keys.setdefault(step, set())


async def crash(caps: Caps, dsn: str, *, rounds: int, seed: int = 1) -> Report:
    """Plays rounds on an organization of their own; raises CapCrashError for a broken promise."""
    report, random = Report(), Random(seed)
    cap_ids = [
        await caps.set(_LIMIT),
        await caps.set(_LIMIT, CapScope.PROJECT, period=CapPeriod.MONTH),
    ]
    expected: set[str] = set()
    for number in range(rounds):
        said = await _killed(caps, dsn, f"{number}", random)
        expected |= await _look(caps, said, report)
        again = sorted(said.of("settling") - said.of("settled"))[:1]
        for key in again:
            settled = await caps.settle(key, ReportedTokens(100, 50))
            report.again += 1
            _require(settled.reservation.settled_cost == _COST, f"{key} counts once")
            expected.add(key)
        await _run_out(caps)
        spent = len(expected) * _COST
        for cap_id in cap_ids:
            found = await caps.figures(cap_id)
            _require(found == (spent, 0), f"{found} is spent and held, not {spent} and 0")
        report.rounds += 1
    _require(report.landed > 0, "no kill landed between a grant and its settlement")
    return report


async def _killed(caps: Caps, dsn: str, prefix: str, random: Random) -> _Said:
    """Lets a process spend, kills it, and answers what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_SPENDER), dsn, str(caps.tenant.id), str(caps.tenant.project_id),
        prefix, str(random.random()), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    lines = []
    while not lines or not lines[-1].startswith(b"settled"):  # it is in full swing
        lines.append(await process.stdout.readline())
    reading = asyncio.create_task(process.stdout.read())
    await asyncio.sleep(random.uniform(0, 0.3))
    process.kill()
    lines += (await reading).splitlines(keepends=True)
    await process.wait()
    said = _Said()
    for line in lines:
        if not line.endswith(b"\n"):  # killed in the midst of it
            continue
        step, _, key = line.decode().strip().partition(" ")
        said.of(step).add(key)
    return said


async def _look(caps: Caps, said: _Said, report: Report) -> set[str]:
    """What the process left, against what it said; answers the keys of what was spent by it."""
    await caps.verify()
    async with caps.database.connection() as connection:
        rows = await connection.fetch(_SPENT, caps.tenant.id)
    found = {row["key"]: row for row in rows if row["key"] in said.of("asked")}
    granted, settled = said.of("granted"), said.of("settled")
    _require(granted <= found.keys(), "every grant that was acknowledged is there")
    for key, row in found.items():
        once = (row["status"], row["entries"], row["cost"])
        whole = (ReservationStatus.SETTLED, 1, _COST)
        _require(once in (whole, (ReservationStatus.OPEN, 0, 0)), f"{key} is {once}")
        _require(key not in settled or once == whole, f"{key} was settled and is {once}")
    left = [row for row in found.values() if row["status"] == ReservationStatus.OPEN]
    report.landed += bool(left)
    report.left_open += len(left)
    report.granted += len(granted)
    report.settled += len(settled)
    return {key for key, row in found.items() if row["entries"]}


async def _run_out(caps: Caps) -> None:
    """Lets the time of everything that is open be over."""
    async with caps.database.connection() as connection:
        await connection.execute(
            "UPDATE reservation SET expires_at = now() - interval '1 second'"
            " WHERE organization_id = $1 AND status = 'OPEN'",
            caps.tenant.id,
        )
    await Expirer(caps.database).look()
    await caps.verify()


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise CapCrashError(what)


async def _played(rounds: int, seed: int, directory: Path) -> Report:
    server = EmbeddedServer(directory)
    address = await asyncio.to_thread(server.start)
    await migrate(address.owner_dsn, app_role="aicost_app")
    database = Database(address.app_dsn, pool_size=4, statement_timeout_seconds=60)
    try:
        await database.start()
        async with database.transaction() as connection:
            await adopt_public_prices(connection, now=datetime.now(UTC))
        caps = Caps(database, await make_tenant(database))
        return await crash(caps, address.app_dsn, rounds=rounds, seed=seed)
    finally:
        await database.close()
        await asyncio.to_thread(server.stop)


def main() -> int:
    """Runs the script; answers its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aicost-cap-crash-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # PostgreSQL runs as another account when root asks for it
        try:
            report = asyncio.run(_played(options.rounds, options.seed, directory / "data"))
        except CapCrashError as broken:
            print(f"broken: {broken}")
            return 1
    print(report)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parent.parent))
    sys.exit(main())
