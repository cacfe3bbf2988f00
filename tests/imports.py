"""Importing in tests: one call for it, and what a ledger then holds."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from models.access import Scope
from models.claude_code import FORMAT
from models.db import Database
from models.import_report import ImportListener, ImportReport
from models.import_run import ImportRun
from models.ledger import Ledger
from models.project import get_or_create_project


def claude_code_run(
    database: Database,
    ledger: Ledger,
    organization_id: UUID,
    listener: ImportListener | None = None,
) -> ImportRun:
    """An import that makes the projects that logs name."""

    async def find_project(name: str) -> UUID:
        async with database.transaction() as connection:
            scope = Scope.system(organization_id)
            return (await get_or_create_project(connection, scope, name))[0]

    return ImportRun(database, ledger, organization_id, FORMAT, find_project, listener)


async def import_claude_code(
    database: Database, ledger: Ledger, organization_id: UUID, path: Path
) -> ImportReport:
    """Imports a path and answers the report."""
    return await claude_code_run(database, ledger, organization_id).run(path)


@dataclass(frozen=True)
class Totals:
    """Sums over all entries of an organization."""

    cost: Decimal
    requests: int
    unpriced: int
    tokens: tuple[int, ...]


async def ledger_totals(database: Database, organization_id: UUID) -> Totals:
    """What the organization's ledger adds up to."""
    async with database.connection() as connection:
        cost, requests, unpriced, *tokens = await connection.fetchrow(
            "SELECT coalesce(sum(cost), 0), coalesce(sum(requests), 0), coalesce(sum(unpriced), 0),"
            " coalesce(sum(input), 0), coalesce(sum(cache_read), 0),"
            " coalesce(sum(cache_write_5m), 0), coalesce(sum(cache_write_1h), 0),"
            " coalesce(sum(output), 0), coalesce(sum(reasoning), 0)"
            " FROM credit_transaction WHERE organization_id = $1",
            organization_id,
        )
    return Totals(cost, requests, unpriced, tuple(map(int, tokens)))


async def cost_by(database: Database, organization_id: UUID, expression: str) -> dict[str, Decimal]:
    """Dollars on the ledger `t`, by an expression over an entry and its project `p`."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"SELECT {expression} AS name, sum(t.cost) FROM credit_transaction AS t"
            " JOIN project AS p ON p.organization_id = t.organization_id AND p.id = t.project_id"
            " WHERE t.organization_id = $1 GROUP BY 1 HAVING sum(t.cost) IS NOT NULL",
            organization_id,
        )
    return dict(rows)
