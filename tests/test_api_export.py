"""`aicost export`: files by the command, whole or not at all."""

import csv
import io
import os
from pathlib import Path
from uuid import UUID

import pyarrow.parquet
import pytest
from access_world import World, make_world
from postgres_server import FreshDatabase
from tenants import NOON, PRICED
from test_api_cli import Aicost, command_on

from models.db import Database
from models.event import RunRef, UsageEvent
from models.ids import uuid7
from models.ledger import Ledger
from models.token import ReportedTokens

MARCH = ("--from", "2026-03-01", "--to", "2026-04-01")


@pytest.fixture
def aicost(migrated: FreshDatabase, database: Database) -> Aicost:
    return command_on(migrated)


@pytest.fixture
async def world(database: Database, ledger: Ledger) -> World:
    async with database.transaction() as connection:
        made = await make_world(connection, f"Acme {uuid7()}")
    await ledger.record(made.organization_id, [_event(made.near, "a"), _event(made.far, "b")])
    return made


def _event(project_id: UUID, key: str) -> UsageEvent:
    return UsageEvent(
        event_key=key,
        project_id=project_id,
        model=PRICED,
        provider="anthropic",
        tokens=ReportedTokens(input_tokens=100, output_tokens=50),
        occurred_at=NOON,
        run=RunRef(key),
    )


async def test_focus_goes_to_standard_output_or_into_a_file(
    aicost: Aicost, world: World, tmp_path: Path
) -> None:
    told = await aicost("export", "focus", "--organization", world.name, *MARCH)
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert [row["x_TokenClass"] for row in rows] == ["INPUT", "OUTPUT"] * 2
    file = tmp_path / "focus.parquet"
    asked = ("--organization", world.name, *MARCH, "--format", "parquet")
    written = await aicost("export", "focus", *asked, "--output", str(file))
    assert (written.out, written.err) == ("", f"Wrote {file}.\n")
    assert pyarrow.parquet.read_table(file).num_rows == 4
    narrowed = await aicost("export", "focus", *asked[:-2], "--workspace", "First")
    assert len(narrowed.out.splitlines()) == 3
    assert "--output" in (await aicost("export", "focus", *asked)).err


async def test_executions_and_calls(aicost: Aicost, world: World) -> None:
    at = ("--organization", world.name, "--workspace", "First", *MARCH)
    usage = await aicost("export", "usage", *at)
    assert usage.out.splitlines()[1:] == [f"2026-03-15T12:00:00.000000Z,a,,,{PRICED},150,0.00175"]
    calls = await aicost("export", "api-calls", *at)
    assert len(calls.out.splitlines()) == 2


async def test_what_fails_leaves_no_file(aicost: Aicost, world: World, tmp_path: Path) -> None:
    file = tmp_path / "focus.csv"
    for asked in (
        ("focus", "--from", "2026-03-01", "--to", "2026-03-01"),
        ("focus", "--from", "2026-03-01T01:00:00Z", "--to", "2026-03-02"),
        ("usage", "--workspace", "Nowhere", *MARCH),
    ):
        outcome = await aicost(
            "export", *asked, "--organization", world.name, "--output", str(file)
        )
        assert (outcome.status, outcome.err.count("\n")) == (1, 1), outcome
    assert os.listdir(tmp_path) == []
