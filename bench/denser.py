"""A ledger in which more happened in the same places: as many rollup cells, each with more in it.

Made of a filled one: its database is copied and each of its calls repeated, a microsecond apart, so
that days, hours, models, keys and runs are those of the original. Rollups are counted anew. Kept
between runs like its original. Refused: a copy whose cells are not as many as the original's.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import asyncpg
from fill import Ledger, Server, create_database, with_database
from keys import without_keys
from load import connect, count_rollups
from usage import ENTRY_COLUMNS

from models.rollup import DAY, KEY_DAY, Rollup

_MADE_BY = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
Say = Callable[[str], object]
CELLS: Sequence[Rollup] = (DAY, KEY_DAY)
"""Rollups whose rows must be as many in both."""
_OWN = {
    "id": "gen_random_uuid()",
    "event_key": "event_key || '/' || copy.number",
    "occurred_at": "occurred_at + copy.number * interval '1 microsecond'",
}


async def have_denser(server: Server, ledger: Ledger, factor: int, say: Say) -> Ledger:
    """The same with every call `factor` times, made now unless it is there."""
    original = Path(ledger.dsn.partition("?")[0]).name
    name = f"{original}_{factor}_times"
    denser = replace(
        ledger, entry_count=ledger.entry_count * factor, dsn=with_database(ledger.dsn, name)
    )
    mark = f"{factor} times {ledger.organization_id} by {_MADE_BY}"
    admin = await asyncpg.connect(dsn=server.admin_dsn)
    try:
        known = await admin.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", name
        )
        if known != mark:
            say(f"Repeating a ledger of {ledger.entry_count:,} entries {factor} times")
            await create_database(admin, name, server, original)
            await _repeat(with_database(server.owner_dsn, name), ledger, factor, say)
            await _have_as_many_cells(ledger, denser)
            await admin.execute(f"COMMENT ON DATABASE {name} IS '{mark}'")
    finally:
        await admin.close()
    return denser


async def _repeat(owner_dsn: str, ledger: Ledger, factor: int, say: Say) -> None:
    began = time.monotonic()
    columns = ", ".join(ENTRY_COLUMNS)
    values = ", ".join(_OWN.get(column, column) for column in ENTRY_COLUMNS)
    async with connect(owner_dsn) as owner:
        async with without_keys(owner, ["credit_transaction"]):
            await owner.execute(
                f"INSERT INTO credit_transaction ({columns}) SELECT {values}"
                " FROM credit_transaction"
                " CROSS JOIN generate_series(2, $1::integer) AS copy (number)",
                factor,
            )
            say(f"  {time.monotonic() - began:6.1f} s  entries repeated")
            await count_rollups(owner_dsn, ledger.organization_id)
            say(f"  {time.monotonic() - began:6.1f} s  rollups counted")
        await owner.execute("VACUUM (ANALYZE)")
    say(f"  {time.monotonic() - began:6.1f} s  keys, indexes and statistics made")


async def _have_as_many_cells(ledger: Ledger, denser: Ledger) -> None:
    counts = [await count_cells(it) for it in (ledger, denser)]
    if counts[0] != counts[1]:
        raise RuntimeError(f"cells are {counts[0]}, and {counts[1]} where more happened")


async def count_cells(ledger: Ledger) -> list[int]:
    """How many rows the rollups of `CELLS` have."""
    connection = await asyncpg.connect(dsn=ledger.dsn)
    try:
        return [
            await connection.fetchval(f"SELECT count(*) FROM {rollup.table}") for rollup in CELLS
        ]
    finally:
        await connection.close()
