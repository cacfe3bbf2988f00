"""Counting rollups that are younger than what was spent: the second half of their migration.

The migration notes what is due; this counts it from the ledger, a project's month at a time, so
that nobody waits for long, and can be broken off and begun again. From the migration on, the
statement that writes the ledger keeps the rollup as well.
"""

from collections.abc import Callable

from tortoise.context import TortoiseContext

from models.db import Database, sql
from models.rollup import ROLLUPS
from models.rollup_check import rebuild

_BY_TABLE = {rollup.table: rollup for rollup in ROLLUPS}


async def fill_due(dsn: str, *, progress: Callable[[str], object] | None = None) -> int:
    """Counts every rollup that is due, as the role that serves; answers how many rows it wrote."""
    # In a context of its own, so that Tortoise's models do not take this database for theirs.
    async with TortoiseContext():
        database = Database(dsn, pool_size=2, statement_timeout_seconds=0)
        await database.start()
        try:
            return await _fill(database, progress)
        finally:
            await database.close()


async def _fill(database: Database, progress: Callable[[str], object] | None) -> int:
    async with database.connection() as connection:
        due = await connection.fetch(sql("due_rollup_list"))
    written = 0
    for organization_id, name in due:
        if progress is not None:
            progress(name)
        report = await rebuild(database, organization_id, rollups=[_BY_TABLE[name]])
        written += report.rows_written
        async with database.connection() as connection:
            await connection.execute(sql("due_rollup_done"), organization_id, name)
    return written
