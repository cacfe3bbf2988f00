"""The form in which entries reach the ledger, against the table that they go to."""

from datetime import UTC, datetime

from tenants import Tenant

from models.db import Database
from models.ledger_statement import COLUMNS, STATEMENT, append
from models.run import Activity

_FIELDS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relname = $1 AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0
    AND NOT a.attisdropped
ORDER BY a.attnum
"""
# What a batch has in common.
NOT_OF_AN_ENTRY = {"organization_id", "recorded_at"}


async def test_an_entry_on_its_way_has_every_column_of_the_ledger(database: Database) -> None:
    async with database.connection() as connection:
        entry = {
            row["name"]: row["type"] for row in await connection.fetch(_FIELDS, "ledger_entry_v2")
        }
        ledger = await connection.fetch(_FIELDS, "credit_transaction")
    assert tuple(entry) == COLUMNS
    assert entry == {
        row["name"]: row["type"] for row in ledger if row["name"] not in NOT_OF_AN_ENTRY
    }


async def test_the_statement_is_prepared_once_however_long_it_is(
    database: Database, tenant: Tenant
) -> None:
    """asyncpg prepares long statements anew each time, unless it is told otherwise."""
    assert len(STATEMENT) > 15 * 1024
    async with database.connection() as connection:
        for _ in range(2):
            await append(connection, tenant.id, datetime.now(UTC), [], Activity())
        uses = await connection.fetchval(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement = $1",
            STATEMENT,
        )
    assert uses >= 2
