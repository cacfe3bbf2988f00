"""Migrations: from empty, twice, at once, after a crash; the result against what is declared."""

import asyncio
import inspect
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from postgres_server import FreshDatabase
from tenants import NOON, Tenant, make_tenant
from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.models import Model

from models.access import Scope
from models.db import APP, MODEL_MODULES, Database, tortoise_config
from models.event import JobRef, RunRef, RunStatus, UsageStatus
from models.ledger import Ledger
from models.migration import DELETED, UPDATED, _Recorder, is_current, migrate, statements
from models.ranking import Spend, Subject, rank
from models.rollup import ON_DEMAND, ROLLUPS
from models.rollup_check import verify
from models.rollup_fill import fill_due
from models.spend_unit import SpendUnit

# Tables that no Tortoise model stands for, and what declares or reads them instead.
WITHOUT_MODEL = {
    "api_key_lookup": "a reference table, written with its key",
    "organization_cycle_anchor": "a composite key that Tortoise cannot express",
    "organization_time_zone": "a composite key that Tortoise cannot express",
    "cap_window": "a composite key that Tortoise cannot express",
    "credit_use_day": "a composite key that Tortoise cannot express",
    "credit_use_hour": "a composite key that Tortoise cannot express",
    "download": "written and taken in models/download.py",
    "due_rollup": "a composite key that Tortoise cannot express",
    "otel_mark": "a composite key that Tortoise cannot express",
    "repricing_line": "a composite key that Tortoise cannot express",
    "reservation_cap": "a composite key that Tortoise cannot express",
    "run_span": "written with a run, in models/run_span.py",
    "tortoise_migrations": "Tortoise's own history",
    "user_organization": "a reference table, written with a membership",
} | {rollup.table: "declared in models/rollup.py" for rollup in (*ROLLUPS, ON_DEMAND)}
TYPES = {
    fields.BigIntField: "bigint",
    fields.BinaryField: "bytea",
    fields.BooleanField: "boolean",
    fields.DateField: "date",
    fields.DatetimeField: "timestamp with time zone",
    fields.DecimalField: "numeric",
    fields.IntField: "integer",
    fields.JSONField: "jsonb",
    fields.SmallIntField: "smallint",
    fields.TextField: "text",
    fields.TimeField: "time without time zone",
    fields.UUIDField: "uuid",
}
NAMES = [
    *("0001_initial", "0002_quarantine", "0003_repricing", "0004_ledger_entry", "0005_cap"),
    *("0006_explorer", "0007_credit", "0008_credit_use", "0009_outside_run"),
    *("0010_cap_index", "0011_download", "0012_organization_rollup", "0013_duration_bucket"),
]
# Prices are kept with the scale that they were adopted with; a check bounds it.
UNBOUNDED = {"public_price", "price", "rate"}


async def columns(connection: asyncpg.Connection) -> dict[str, dict[str, tuple[str, bool]]]:
    rows = await connection.fetch(
        "SELECT c.relname, a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod) AS type"
        " FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
        " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        " AND a.attnum > 0 AND NOT a.attisdropped"
    )
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for row in rows:
        found.setdefault(row["relname"], {})[row["attname"]] = (row["type"], row["attnotnull"])
    return found


def declared(model: type[Model]) -> dict[str, tuple[str, bool]]:
    """Columns that a Tortoise model expects: type and whether they must be there."""
    expected = {}
    for name, field in model._meta.fields_map.items():
        if not field.has_db_field or isinstance(field, fields.relational.RelationalField):
            continue
        kind = TYPES[type(field)]
        if isinstance(field, fields.DecimalField) and model._meta.db_table not in UNBOUNDED:
            kind = f"numeric({field.max_digits},{field.decimal_places})"
        expected[model._meta.fields_db_projection[name]] = (kind, not field.null)
    return expected


async def test_from_empty_and_again(fresh_database: FreshDatabase) -> None:
    seen: list[str] = []
    applied = await migrate(
        fresh_database.owner_dsn, app_role=fresh_database.app_role, progress=seen.append
    )
    assert applied == seen
    assert applied == NAMES
    assert await migrate(fresh_database.owner_dsn, app_role=fresh_database.app_role) == []
    connection = await asyncpg.connect(dsn=fresh_database.app_dsn)
    try:
        assert await is_current(connection)
    finally:
        await connection.close()


async def test_an_empty_database_is_not_current(fresh_database: FreshDatabase) -> None:
    connection = await asyncpg.connect(dsn=fresh_database.owner_dsn)
    try:
        assert not await is_current(connection)
    finally:
        await connection.close()


async def test_several_processes_at_once(fresh_database: FreshDatabase) -> None:
    async def process() -> None:
        code = (
            "import asyncio, sys; from models.migration import migrate;"
            "asyncio.run(migrate(sys.argv[1]))"
        )
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, fresh_database.owner_dsn
        )
        assert await started.wait() == 0

    await asyncio.gather(*(process() for _ in range(3)))
    connection = await asyncpg.connect(dsn=fresh_database.owner_dsn)
    try:
        names = await connection.fetch("SELECT name FROM tortoise_migrations")
        assert len(names) == len({row["name"] for row in names})
    finally:
        await connection.close()


async def test_a_migration_that_fails_leaves_nothing(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await asyncpg.connect(dsn=fresh_database.owner_dsn)
    try:
        # The name that the last statement needs is taken: everything before it is rolled back.
        await connection.execute("CREATE TABLE rollup_duration_day (id integer)")
        with pytest.raises(Exception, match="already exists"):
            await migrate(fresh_database.owner_dsn)
        assert set(await columns(connection)) == {"rollup_duration_day", "tortoise_migrations"}
        await connection.execute("DROP TABLE rollup_duration_day")
        assert await migrate(fresh_database.owner_dsn) == NAMES
    finally:
        await connection.close()


async def test_a_later_migration_keeps_the_data(
    fresh_database: FreshDatabase, database: Database, ledger: Ledger
) -> None:
    """A database of the first release, with spending in it, is brought up to date."""
    dsn = fresh_database.owner_dsn
    await migrate_to(dsn, NAMES[0])
    tenant = await make_tenant(database)
    run, job = RunRef("r"), JobRef("j", "research", status=RunStatus.SUCCEEDED)
    later = tenant.event("e2", run=run, occurred_at=NOON + timedelta(days=2))
    outcomes = await ledger.record(tenant.id, [tenant.event(run=run, job=job), later])
    assert {outcome.status for outcome in outcomes} == {UsageStatus.RECORDED}
    connection = await asyncpg.connect(dsn=dsn)
    old = Database(dsn, pool_size=2)
    try:
        assert not await is_current(connection)
        tables = {table: list(names) for table, names in (await columns(connection)).items()}
        del tables["tortoise_migrations"]
        async with database.connection() as new:
            await copy_tenant(new, connection, tenant, tables)
        before = await content(connection, tables)
        assert sum(map(bool, before.values())) > 10
        assert await migrate(dsn, app_role=fresh_database.app_role) == NAMES[1:]
        assert await content(connection, tables) == before
        assert await is_current(connection)
        await old.start()
        assert not (await verify(old, tenant.id)).is_clean
        ranked = await users(old, tenant)
        assert [spend.requests for spend in ranked] == [2], "right before anything is counted"
        assert await fill_due(fresh_database.app_dsn) == 8
        assert await fill_due(fresh_database.app_dsn) == 0
        assert (await verify(old, tenant.id)).is_clean
        assert await users(old, tenant) == ranked
        spans = await connection.fetch("SELECT last_date - first_date FROM run_span")
        assert [tuple(span) for span in spans] == [(2,)]
        again = await Ledger(old).record(tenant.id, [tenant.event(run=run, job=job)])
        assert [outcome.status for outcome in again] == [UsageStatus.DUPLICATE]
    finally:
        await old.close()
        await connection.close()


async def migrate_to(dsn: str, name: str) -> None:
    """Brings an empty database to where a migration left it."""
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(dsn), use_tz=True, timezone="UTC")
        executor = MigrationExecutor(
            get_connection("default"), {APP: tortoise_config(dsn)["apps"][APP]}
        )
        executor.recorder = executor.loader.recorder = _Recorder(executor.connection)
        await executor.migrate([MigrationTarget(APP, name)], direction="forward")


async def users(database: Database, tenant: Tenant) -> Sequence[Spend]:
    """Who spent in the month of the events."""
    first, last = NOON.date().replace(day=1), NOON.date().replace(day=31)
    async with database.connection() as connection:
        scope = Scope.system(tenant.id)
        page = await rank(connection, scope, Subject.USER, SpendUnit.DOLLARS, first, last, size=5)
    return page.items


async def copy_tenant(
    source: asyncpg.Connection,
    target: asyncpg.Connection,
    tenant: Tenant,
    tables: Mapping[str, Sequence[str]],
) -> None:
    """Copies an organization's rows, the columns that the older database knows of."""
    made = await target.fetch(
        "SELECT relname FROM pg_class WHERE relname = ANY ($1::text[]) ORDER BY oid", list(tables)
    )
    own = {"organization": tenant.id, "app_user": tenant.user_id}
    for (table,) in made:
        names = tables[table]
        key = "id" if table in own else "organization_id"
        if key not in names:
            continue
        rows = await source.fetch(
            f"SELECT {', '.join(names)} FROM {table} WHERE {key} = $1", own.get(table, tenant.id)
        )
        await target.copy_records_to_table(table, records=map(tuple, rows), columns=list(names))


async def content(
    connection: asyncpg.Connection, tables: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Every row of some tables, the columns given, as text."""
    found = {}
    for table, names in tables.items():
        rows = await connection.fetch(
            f"SELECT ROW({', '.join(names)})::text AS row FROM {table} ORDER BY 1"
        )
        found[table] = [row["row"] for row in rows]
    return found


async def test_tables_are_what_the_models_declare(migrated: FreshDatabase) -> None:
    connection = await asyncpg.connect(dsn=migrated.owner_dsn)
    try:
        stored = await columns(connection)
    finally:
        await connection.close()
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(migrated.owner_dsn))
        assert context.apps is not None
        models = {model._meta.db_table: model for model in context.apps[APP].values()}
        assert set(models) | set(WITHOUT_MODEL) == set(stored)
        for table, model in models.items():
            assert declared(model) == stored[table], table
    assert len(MODEL_MODULES) == len(set(MODEL_MODULES))


async def test_rollup_tables_are_what_rollup_declares(migrated: FreshDatabase) -> None:
    connection = await asyncpg.connect(dsn=migrated.owner_dsn)
    try:
        stored = await columns(connection)
        for rollup in ROLLUPS:
            assert list(stored[rollup.table]) == ["organization_id", *rollup.columns] or set(
                stored[rollup.table]
            ) == {"organization_id", *rollup.columns}
            key = await connection.fetchval(
                "SELECT array_agg(a.attname::text) FROM pg_index AS i JOIN pg_attribute AS a"
                " ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
                " WHERE i.indisprimary AND i.indrelid = $1::regclass",
                rollup.table,
            )
            assert set(key) == {"organization_id", *rollup.keys}
    finally:
        await connection.close()


async def test_keys_of_tenant_tables_hold_the_organization(migrated: FreshDatabase) -> None:
    """sql-rules: primary, unique and foreign keys name the organization, in the same place."""
    connection = await asyncpg.connect(dsn=migrated.owner_dsn)
    try:
        rows = await connection.fetch(
            "SELECT c.relname, k.contype::text AS kind, k.conname, k.confrelid::regclass::text AS"
            " target, (SELECT array_agg(a.attname::text ORDER BY x.place) FROM unnest(k.conkey)"
            " WITH ORDINALITY AS x (number, place) JOIN pg_attribute AS a"
            " ON a.attrelid = k.conrelid AND a.attnum = x.number) AS columns"
            " FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid"
            " WHERE k.contype IN ('p', 'u', 'f') AND c.relnamespace = 'public'::regnamespace"
        )
        tenant = {
            table
            for table, found in (await columns(connection)).items()
            if "organization_id" in found and table not in {"user_organization", "api_key_lookup"}
        }
    finally:
        await connection.close()
    assert len(tenant) > 20
    for row in rows:
        if row["relname"] not in tenant or row["target"] == "app_user":
            continue
        assert row["columns"][0] == "organization_id", row["conname"]


async def test_the_serving_role_owns_nothing_and_changes_only_what_it_must(
    migrated: FreshDatabase,
) -> None:
    if migrated.app_role is None:
        pytest.skip("the server's user may not make roles, so one role does everything")
    connection = await asyncpg.connect(dsn=migrated.owner_dsn)
    try:
        rows = await connection.fetch(
            "SELECT relname, has_table_privilege($1, oid, 'UPDATE') AS updates,"
            " has_table_privilege($1, oid, 'DELETE') AS deletes,"
            " has_table_privilege($1, oid, 'TRUNCATE') AS truncates,"
            " pg_get_userbyid(relowner) = $1 AS owns FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
            migrated.app_role,
        )
    finally:
        await connection.close()
    rolled_up = {rollup.table for rollup in (*ROLLUPS, ON_DEMAND)}
    assert {row["relname"] for row in rows if row["updates"]} == {*UPDATED, *rolled_up}
    assert {row["relname"] for row in rows if row["deletes"]} == {*DELETED, *rolled_up}
    assert not [row["relname"] for row in rows if row["owns"] or row["truncates"]]


def test_statements_are_one_each() -> None:
    files = [
        each.stem
        for each in Path(__file__).parent.parent.joinpath("migrations", "sql").glob("*.sql")
    ]
    assert len(files) > 3
    for name in files:
        for operation in statements(name):
            assert isinstance(operation.sql, str)
            body = "\n".join(
                line for line in operation.sql.splitlines() if not line.startswith("--")
            )
            assert ";" not in body, body


def test_the_history_is_written_by_each_migration_itself() -> None:
    import importlib

    for name in NAMES:
        last = importlib.import_module(f"migrations.{name}").Migration.operations[-1]
        assert name in inspect.cleandoc(last.sql)


async def test_reading_works_for_the_serving_role(database: Database) -> None:
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) >= 0 FROM organization")
