"""Bringing a database up to date: Tortoise's executor, made safe to run from several processes.

Tables are hand-written SQL in `migrations/sql/`, one statement at a time (composite keys, checks
and Citus's rules are beyond what Tortoise generates); a test compares the result with the models.
Owns the advisory lock, the history row inside the migration's own transaction, and what the
serving role may do. Refused: going backward, and UPDATE or DELETE on append-only tables.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources

import asyncpg
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.operations import RunSQL
from tortoise.migrations.recorder import MigrationRecorder

from models.db import APP, tortoise_config

_LOCK_KEY = 0x61696373  # "aics": any number of ours, the same in every process
_HISTORY = "tortoise_migrations"

# What the serving role may change or delete. Everything else it may only read and append to: the
# ledger, deductions, rates, prices and the audit tables above all.
UPDATED = (
    "agent_job",
    "api_key",
    "app_user",
    "billing_setting",
    "cap",
    "cap_window",
    "credit_balance",
    "credit_use_day",
    "credit_use_hour",
    "membership",
    "organization",
    "otel_mark",
    "pipeline_run",
    "project",
    "quarantined_row",
    "repricing",
    "repricing_line",
    "reservation",
    "reservation_cap",
    "run_span",
    "usage_import",
    "workspace",
    "workspace_group",
)
DELETED = (
    "api_key_lookup",
    "billing_setting",
    "download",
    "due_rollup",
    "membership",
    "otel_mark",
    "user_organization",
)
ROLLUPS = "rollup_%"


def statements(name: str) -> list[RunSQL]:
    """The statements of `migrations/sql/<name>.sql`; each ends with `;` before a blank line."""
    text = resources.files("migrations").joinpath("sql", f"{name}.sql").read_text()
    parts = (part.strip().rstrip(";") for part in f"{text}\n".split(";\n\n"))
    return [RunSQL(part) for part in parts if part]


def record(name: str) -> RunSQL:
    """Writes the history row in the migration's transaction: a crash leaves both or neither."""
    return RunSQL(
        f"INSERT INTO {_HISTORY} (app, name, applied_at) "  # noqa: S608 - names of ours
        f"VALUES ('{APP}', '{name}', now())"
    )


class _Recorder(MigrationRecorder):
    """Leaves the writing to `record`, which each migration ends with."""

    async def record_applied(self, app: str, name: str) -> None:
        if all(key.name != name for key in await self.applied_migrations()):
            raise RuntimeError(f"migration {name} does not end with record({name!r})")


async def migrate(
    dsn: str, *, app_role: str | None = None, progress: Callable[[str], object] | None = None
) -> list[str]:
    """Applies what is missing as the owner that `dsn` names, and answers the names applied.

    Waits for other processes that migrate the same database. `app_role`, when it is not the owner
    itself, is then granted what serving needs.
    """
    applied: list[str] = []

    def note(event: str, _app: str, name: str) -> None:
        if event == "apply_start" and progress is not None:
            progress(name)
        if event == "apply_done":
            applied.append(name)

    async with _exclusive(dsn) as connection, TortoiseContext() as context:
        await context.init(config=tortoise_config(dsn), use_tz=True, timezone="UTC")
        executor = MigrationExecutor(
            get_connection("default"), {APP: tortoise_config(dsn)["apps"][APP]}
        )
        executor.recorder = executor.loader.recorder = _Recorder(executor.connection)
        await executor.migrate(direction="forward", progress=note)
        if app_role is not None and app_role != await connection.fetchval("SELECT current_user"):
            await _grant(connection, app_role)
    return applied


async def is_current(connection: asyncpg.Connection) -> bool:
    """Whether every migration that this code knows has been applied."""
    known = {
        entry.name.removesuffix(".py")
        for entry in resources.files("migrations").iterdir()
        if entry.name[0].isdigit() and entry.name.endswith(".py")
    }
    if await connection.fetchval("SELECT to_regclass($1)", _HISTORY) is None:
        return False
    rows = await connection.fetch(
        f"SELECT name FROM {_HISTORY} WHERE app = $1",  # noqa: S608 - a name of ours
        APP,
    )
    return known <= {row["name"] for row in rows}


@asynccontextmanager
async def _exclusive(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn=dsn, server_settings={"application_name": APP})
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK_KEY)
        yield connection
    finally:
        await connection.close()


async def _grant(connection: asyncpg.Connection, role: str) -> None:
    """Rights are set anew after each migration, so that new tables are covered."""
    name = await connection.fetchval("SELECT quote_ident($1)", role)
    rollups = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE $1"
        " AND relnamespace = current_schema()::regnamespace",
        ROLLUPS,
    )
    rolled_up = tuple(row["relname"] for row in rollups)
    async with connection.transaction():
        await connection.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        await connection.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {name}")
        await connection.execute(f"REVOKE INSERT ON {_HISTORY} FROM {name}")
        await connection.execute(f"GRANT UPDATE ON {', '.join(UPDATED + rolled_up)} TO {name}")
        await connection.execute(f"GRANT DELETE ON {', '.join(DELETED + rolled_up)} TO {name}")
