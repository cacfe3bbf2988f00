"""Known answers on real usage, which is not part of this repository.

It is looked for in AICOST_SHARED_DATA, else beside the repository; without it these tests skip.
"""

import os
import tarfile
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard
from imports import cost_by, import_claude_code, ledger_totals
from tenants import Tenant

from models.db import Database
from models.ledger import Ledger
from models.rollup_check import verify

BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SHARED = Path(os.environ.get("AICOST_SHARED_DATA") or BESIDE)
CLAUDE_CODE = SHARED / "claude_code"
DEVELOPER = "split_part(p.name, '/', 3)"
MONTH = "to_char(t.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM')"

pytestmark = pytest.mark.skipif(
    not CLAUDE_CODE.is_dir(), reason=f"no shared data: {CLAUDE_CODE} is not there"
)


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full set of session logs, unpacked."""
    folder = tmp_path_factory.mktemp("claude_code")
    archive = CLAUDE_CODE / "projects.tar.zst"
    with (
        archive.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|") as tar,
    ):
        for member in tar:
            if content := tar.extractfile(member):
                file = folder / Path(member.name).relative_to(".")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.read())
    return folder


async def test_the_small_set_of_sessions(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    report = await import_claude_code(database, ledger, tenant.id, CLAUDE_CODE / "fixtures_small")
    assert (report.read, report.recorded, report.unpriced, report.unreadable) == (47, 47, 0, 0)
    assert report.total_cost == Decimal("2.61505960")


async def test_the_full_set_of_sessions(
    database: Database, ledger: Ledger, tenant: Tenant, projects: Path
) -> None:
    report = await import_claude_code(database, ledger, tenant.id, projects)
    assert (report.files, report.lines, report.unreadable) == (174, 24156, 0)
    assert (report.read, report.recorded, report.unpriced) == (11941, 11941, 16)
    assert report.total_cost == Decimal("898.60204290")
    assert await cost_by(database, tenant.id, MONTH) == {
        "2026-01": Decimal("257.87639775"),
        "2026-02": Decimal("640.72564515"),
    }
    assert await cost_by(database, tenant.id, DEVELOPER) == {
        "dev-01": Decimal("613.28769725"),
        "dev-02": Decimal("165.60516930"),
        "dev-04": Decimal("72.64532885"),
        "dev-05": Decimal("0.8387530"),
        "dev-06": Decimal("39.34759600"),
        "dev-07": Decimal("4.7726020"),
        "dev-08": Decimal("2.10489650"),
    }
    assert await cost_by(database, tenant.id, "t.model") == {
        "claude-opus-4-6": Decimal("426.3004365"),
        "claude-haiku-4-5-20251001": Decimal("10.69849265"),
        "claude-opus-4-5-20251101": Decimal("453.37522075"),
        "claude-sonnet-4-5-20250929": Decimal("8.22789300"),
    }
    async with database.connection() as connection:
        runs, jobs = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM pipeline_run WHERE organization_id = $1),"
            " (SELECT count(*) FROM agent_job WHERE organization_id = $1)",
            tenant.id,
        )
    # 171 sessions, three of them in two folders each; their main agents and 127 subagents.
    assert (runs, jobs) == (174, 301)

    before = await ledger_totals(database, tenant.id)
    again = await import_claude_code(database, ledger, tenant.id, projects)
    assert (again.read, again.recorded, again.duplicate) == (11941, 0, 11941)
    assert await ledger_totals(database, tenant.id) == before
    assert (await verify(database, tenant.id)).is_clean
