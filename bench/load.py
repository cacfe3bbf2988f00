"""Writing an invented year into a migrated, empty database: by COPY, then the rollups.

Rollups are counted over the whole ledger by their own declarations; `aicost rollup rebuild` goes by
project and month, so that writers can work beside it. Their rows are laid down in the order of time
and mixed within a day or month, as they lie when written while time passes: sorted by key, an
answer would touch fewer pages than in life.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID

import asyncpg
from keys import without_keys
from tenancy import median_project, write_tenancy
from usage import ENTRY_COLUMNS, JOB_COLUMNS, RUN_COLUMNS, Batch, Year

from models.db import sql
from models.local_time import load_time_zones
from models.rollup import ROLLUPS, Rollup

_COLUMNS = {
    "pipeline_run": RUN_COLUMNS,
    "agent_job": JOB_COLUMNS,
    "credit_transaction": ENTRY_COLUMNS,
}
_QUEUED_BATCHES = 2
_WORKER_COUNT = 2
_SETTINGS = {
    "timezone": "UTC",
    "jit": "off",
    "work_mem": "256MB",
    "maintenance_work_mem": "512MB",
    "synchronous_commit": "off",  # what a crash would undo is not marked as good yet
}
_ENTRIES = "(SELECT * FROM credit_transaction AS t WHERE t.organization_id = $1) AS e"
_JOBS = (
    "(SELECT a.*, 1 AS ended, (a.status = 'SUCCEEDED')::integer AS succeeded"
    " FROM agent_job AS a WHERE a.organization_id = $1 AND a.finished_at IS NOT NULL) AS j"
)
_EVER = (date(1970, 1, 1), date(2100, 1, 1))
Say = Callable[[str], object]


@asynccontextmanager
async def connect(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection with memory to sort in, closed in the end."""
    connection = await asyncpg.connect(dsn=dsn, server_settings=_SETTINGS)
    try:
        yield connection
    finally:
        await connection.close()


async def load_year(owner_dsn: str, entry_count: int, say: Say) -> tuple[UUID, UUID, UUID]:
    """Fills the database; answers its organization, the big project and the median one."""
    async with connect(owner_dsn) as owner:
        organization_id, spenders = await write_tenancy(owner)
        zones = await load_time_zones(owner, organization_id)
        year = Year(organization_id, spenders, zones)
        async with without_keys(owner, list(_COLUMNS)):
            await _copy(owner_dsn, year.days(entry_count))
            say(f"{entry_count:,} entries written")
            await count_rollups(owner_dsn, organization_id)
            say(f"{len(ROLLUPS)} rollups counted")
        say("keys and indexes of the ledger made")
        await owner.execute("VACUUM (ANALYZE)")
        for spender in spenders:
            await owner.execute(
                sql("run_span_recount"), organization_id, spender.project_id, *_EVER
            )
        say("vacuumed and analyzed")
    return organization_id, spenders[0].project_id, median_project(spenders)


async def _copy(owner_dsn: str, batches: Iterator[Batch]) -> None:
    """Invents in a thread of its own while what was invented before is on its way."""
    queues = {table: asyncio.Queue[bytes](_QUEUED_BATCHES) for table in _COLUMNS}
    async with asyncio.TaskGroup() as group:
        for table, queue in queues.items():
            group.create_task(_copy_table(owner_dsn, table, queue))
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            for queue, lines in zip(queues.values(), batch[:3], strict=True):
                if lines:
                    await queue.put(lines)
        for queue in queues.values():
            await queue.put(b"")


async def _copy_table(owner_dsn: str, table: str, queue: asyncio.Queue[bytes]) -> None:
    async def lines() -> AsyncIterator[bytes]:
        while text := await queue.get():
            yield text

    # Rows of a table emptied in the same transaction are written frozen: no vacuum comes back.
    async with connect(owner_dsn) as owner, owner.transaction():
        await owner.execute(f"TRUNCATE {table}")
        await owner.copy_to_table(
            table, source=lines(), columns=_COLUMNS[table], format="text", freeze=True
        )


async def count_rollups(owner_dsn: str, organization_id: UUID) -> None:
    """Counts the rollups anew, a few at a time."""
    waiting = list(ROLLUPS)

    async def work() -> None:
        async with connect(owner_dsn) as owner:
            while waiting:
                await _count(owner, waiting.pop(), organization_id)

    async with asyncio.TaskGroup() as group:
        for _ in range(_WORKER_COUNT):
            group.create_task(work())


async def _count(owner: asyncpg.Connection, rollup: Rollup, organization_id: UUID) -> None:
    columns = ", ".join(rollup.columns)
    async with without_keys(owner, [rollup.table]):
        await owner.execute(f"TRUNCATE {rollup.table}")
        await owner.execute(
            f"INSERT INTO {rollup.table} (organization_id, {columns})"
            f" SELECT $1, {columns} FROM ({rollup.recount(_ENTRIES, _JOBS)}) AS counted"
            f" ORDER BY {rollup.date}, random()",
            organization_id,
        )
