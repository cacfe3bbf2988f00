"""The shared CSVs by the maps of docs/import.md, with nothing lost.

They are no part of this project: they are looked for in AICOST_SHARED_DATA, else beside the
repository, and without them these tests skip.
"""

import os
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard
from imports import counts, import_rows, ledger_totals, project_finder, quarantined
from tenants import Tenant

from models.access import Scope
from models.column_map import ColumnMap, parse_map
from models.db import Database
from models.import_csv import csv_format
from models.ledger import Ledger
from models.quarantine import Selection
from models.quarantine_retry import Corrections, Retry
from models.rollup_check import verify

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("AICOST_SHARED_DATA") or ROOT.parent / "shared" / "data")
TAU2 = SHARED / "tau2"

pytestmark = pytest.mark.skipif(not TAU2.is_dir(), reason=f"no shared data: {TAU2} is not there")


def documented(name: str) -> ColumnMap:
    """The map of that name in docs/import.md, as people will copy it."""
    text = (ROOT / "docs" / "import.md").read_text()
    found = re.search(rf"^```toml\n# {re.escape(name)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return parse_map(tomllib.loads(found[1]), name)


@pytest.fixture(scope="module")
def tau2_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tau2") / "tau2_calls.csv"
    packed = (TAU2 / "tau2_calls.csv.zst").read_bytes()
    path.write_bytes(zstandard.ZstdDecompressor().stream_reader(packed).read())
    return path


async def test_tau2_calls(
    database: Database, ledger: Ledger, tenant: Tenant, tau2_calls: Path
) -> None:
    row_format = csv_format(documented("tau2.toml"), has_project=False)
    report = await import_rows(database, ledger, tenant.id, row_format, tau2_calls)
    assert counts(report) == (14077, 13601, 0, 476)
    assert (report.lines, report.unreadable) == (14077, 0)
    # Those of the fine-tuned model, of which the source knew no price either: not priced at zero.
    assert report.unpriced == 2421
    assert report.total_cost == Decimal("131.607220374")
    kept = await quarantined(database, tenant.id)
    assert all(re.match(r"\d+ cached tokens cannot be among \d+", row["reason"]) for row in kept)
    async with database.connection() as connection:
        source_cost, unknown, runs, agents = await connection.fetchrow(
            "SELECT sum(source_cost), count(*) FILTER (WHERE source_cost = 0 AND unpriced = 1),"
            " count(DISTINCT run_id), count(DISTINCT agent_type)"
            " FROM credit_transaction WHERE organization_id = $1",
            tenant.id,
        )
    assert source_cost == Decimal("87.732563468")
    assert (unknown, runs, agents) == (2421, 802, 2)
    again = await import_rows(database, ledger, tenant.id, row_format, tau2_calls)
    assert counts(again) == (14077, 0, 13601, 476)

    # What they are in fact: Anthropic's, which leave the cached tokens out.
    corrections = Corrections({"inputIncludesCache": "false"})
    scope, find_project = Scope.system(tenant.id), project_finder(database, tenant.id)
    put_right = await Retry(database, ledger, scope, corrections, find_project).run(Selection())
    assert (put_right.recorded, put_right.still) == (476, [])
    assert put_right.total_cost == Decimal("4.3983207")
    again = await import_rows(database, ledger, tenant.id, row_format, tau2_calls)
    assert counts(again) == (14077, 0, 14077, 0)
    assert (await verify(database, tenant.id)).is_clean


async def test_azure_llm(database: Database, ledger: Ledger, tenant: Tenant) -> None:
    column_map = documented("azure_llm.toml").with_constants(
        {"model": "gpt-4o", "provider": "azure"}
    )
    row_format = csv_format(column_map, has_project=True)
    report = await import_rows(
        database, ledger, tenant.id, row_format, SHARED / "azure_llm", project="azure"
    )
    assert counts(report) == (28185, 28185, 0, 0)
    totals = await ledger_totals(database, tenant.id)
    # Columns added up apart from the importer; gpt-4o costs 2.5 and 10 a million.
    assert totals.tokens == (40421844, 0, 0, 0, 4334561, 0)
    assert report.total_cost == Decimal(40421844 * 25 + 4334561 * 100).scaleb(-7)
    # The smaller one of its files, whose rows bear no keys either.
    code = SHARED / "azure_llm" / "AzureLLMInferenceTrace_code.csv"
    again = await import_rows(database, ledger, tenant.id, row_format, code, project="azure")
    assert counts(again) == (8819, 0, 8819, 0)


async def test_mooncake(database: Database, ledger: Ledger, tenant: Tenant) -> None:
    row_format = csv_format(documented("mooncake.toml"), has_project=True)
    path = SHARED / "mooncake" / "conversation_trace.csv"
    report = await import_rows(database, ledger, tenant.id, row_format, path, project="chat")
    assert counts(report) == (12031, 12031, 0, 0)
    totals = await ledger_totals(database, tenant.id)
    assert totals.tokens == (144793823, 0, 0, 0, 4122048, 0)
    again = await import_rows(database, ledger, tenant.id, row_format, path, project="chat")
    assert counts(again) == (12031, 0, 12031, 0)
