"""Writing tables without their keys and indexes, which are made again afterwards, as they were.

Making an index over rows that are there takes a fraction of keeping it up to date row by row.
Checks and NOT NULL stay in force throughout. Refused: anything that would come back different.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

# Primary and unique keys of the tables, and foreign keys from or to them.
_CONSTRAINTS = """
SELECT conrelid::regclass::text AS relation, quote_ident(conname) AS name,
    pg_get_constraintdef(oid) AS definition, contype = 'f' AS is_foreign
FROM pg_constraint
WHERE conrelid = ANY($1::text[]::regclass[]) AND contype IN ('p', 'u', 'f')
    OR confrelid = ANY($1::text[]::regclass[])
ORDER BY conrelid, conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index
WHERE indrelid = ANY($1::text[]::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
ORDER BY 1
"""


@asynccontextmanager
async def without_keys(owner: asyncpg.Connection, tables: Sequence[str]) -> AsyncIterator[None]:
    """Drops keys and indexes of the tables, and makes them again when the block is done."""
    constraints = await owner.fetch(_CONSTRAINTS, tables)
    indexes = await owner.fetch(_INDEXES, tables)
    foreign = [row for row in constraints if row["is_foreign"]]
    own = [row for row in constraints if not row["is_foreign"]]
    for row in (*foreign, *own):
        await owner.execute(f"ALTER TABLE {row['relation']} DROP CONSTRAINT {row['name']}")
    for row in indexes:
        await owner.execute(f"DROP INDEX {row['name']}")
    yield
    for row in own:
        await _add(owner, row)
    for row in indexes:
        await owner.execute(row["definition"])
    for row in foreign:
        await _add(owner, row)
    if (
        await owner.fetch(_CONSTRAINTS, tables) != constraints
        or await owner.fetch(_INDEXES, tables) != indexes
    ):
        raise RuntimeError("keys and indexes did not come back as they were")


async def _add(owner: asyncpg.Connection, row: asyncpg.Record) -> None:
    await owner.execute(
        f"ALTER TABLE {row['relation']} ADD CONSTRAINT {row['name']} {row['definition']}"
    )
