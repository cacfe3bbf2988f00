"""Importing in tests: one call for it, and what a ledger then holds."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from models.access import Scope
from models.claude_code import FORMAT
from models.db import Database
from models.import_report import ImportListener, ImportReport
from models.import_run import ImportRun
from models.ledger import Ledger
from models.project import get_or_create_project
from models.row_format import RowFormat
from models.row_import import RowImport
from models.usage_log import LogFormat


def project_finder(database: Database, organization_id: UUID) -> Callable[[str], Awaitable[UUID]]:
    """Finds or makes the projects that files name."""

    async def find_project(name: str) -> UUID:
        async with database.transaction() as connection:
            scope = Scope.system(organization_id)
            return (await get_or_create_project(connection, scope, name))[0]

    return find_project


def claude_code_run(
    database: Database,
    ledger: Ledger,
    organization_id: UUID,
    listener: ImportListener | None = None,
    log_format: LogFormat = FORMAT,
) -> ImportRun:
    """An import that makes the projects that logs name."""
    find_project = project_finder(database, organization_id)
    return ImportRun(database, ledger, organization_id, log_format, find_project, listener)


async def import_claude_code(
    database: Database, ledger: Ledger, organization_id: UUID, path: Path
) -> ImportReport:
    """Imports a path and answers the report."""
    return await claude_code_run(database, ledger, organization_id).run(path)


async def import_logs(
    database: Database, ledger: Ledger, organization_id: UUID, log_format: LogFormat, path: Path
) -> ImportReport:
    """Imports logs of a format."""
    run = claude_code_run(database, ledger, organization_id, log_format=log_format)
    return await run.run(path)


async def import_rows(
    database: Database,
    ledger: Ledger,
    organization_id: UUID,
    row_format: RowFormat,
    path: Path,
    **options: Any,
) -> ImportReport:
    """Imports files of rows."""
    find_project = project_finder(database, organization_id)
    rows = RowImport(database, ledger, organization_id, row_format, find_project, **options)
    return await rows.run(path)


def counts(report: ImportReport) -> tuple[int, ...]:
    """Read, recorded, duplicate, quarantined; the first is the sum of the others."""
    assert report.read == report.recorded + report.duplicate + report.quarantined
    return report.read, report.recorded, report.duplicate, report.quarantined


def write_lines(path: Path, values: Sequence[Any]) -> Path:
    """A file with a JSON value on each line."""
    path.write_text("".join(f"{json.dumps(each)}\n" for each in values))
    return path


async def quarantined(database: Database, organization_id: UUID) -> list[dict[str, Any]]:
    """Every quarantined row of an organization, in the order of keeping."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT * FROM quarantined_row WHERE organization_id = $1 ORDER BY id", organization_id
        )
    return [dict(row) for row in rows]


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
