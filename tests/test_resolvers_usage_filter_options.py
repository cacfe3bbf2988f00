"""What the usage explorer can be filtered by: what occurs in the range, within reach."""

from datetime import timedelta
from typing import Any

import pytest
from graphql_client import MARCH, Asker, CountedDatabase, member, owner
from tenants import PRICED, Tenant

from models.access import Role
from models.db import Database
from models.event import RunRef
from models.ids import WORKSPACE, encode
from models.ledger import Ledger

HOSTILE = "=cmd|' /C calc'!A0"
OPTIONS = """query ($w: ID!, $r: RangeInput!) { workspace(id: $w) { usageFilterOptions(range: $r) {
  projects { name } workflows triggers models } } }"""
WEEK = {"preset": "LAST_7_DAYS"}


@pytest.fixture
async def spent(ledger: Ledger, tenant: Tenant) -> Tenant:
    """Two runs of one workflow, one of another, one long ago, and one that goes on into March."""
    started = MARCH - timedelta(days=40)
    runs = [
        (0, RunRef("a", workflow="build", trigger="push"), MARCH, PRICED),
        (0, RunRef("b", workflow="build", trigger="schedule"), MARCH, "other"),
        (1, RunRef("c", workflow=HOSTILE, trigger="push"), MARCH, PRICED),
        (2, RunRef("d", workflow="old", trigger="old"), started, "old"),
        (2, RunRef("e", workflow="long", started_at=started), MARCH, PRICED),
        (0, None, MARCH, PRICED),
    ]
    events = [
        tenant.event(str(number), project_id=tenant.project_ids[project], run=run,
                     occurred_at=at - timedelta(hours=1), model=model)
        for number, (project, run, at, model) in enumerate(runs)
    ]  # fmt: skip
    await ledger.record(tenant.id, events, now=MARCH)
    return tenant


async def ask(asker: Asker, tenant: Tenant, range: Any = WEEK) -> Any:
    id = encode(WORKSPACE, tenant.id, tenant.workspace_id)
    data = await asker.ask(OPTIONS, w=id, r=range)
    found = data["workspace"]["usageFilterOptions"]
    return found | {"projects": [project["name"] for project in found["projects"]]}


async def test_the_most_used_come_first(database: Database, spent: Tenant) -> None:
    found = await ask(owner(database, spent, MARCH), spent)
    assert found["projects"][0] == "project 0"
    assert sorted(found["projects"]) == ["project 0", "project 1", "project 2"]
    assert found["workflows"][0] == "build"
    assert sorted(found["workflows"]) == sorted(["build", HOSTILE, "long"])
    assert found["triggers"] == ["push", "schedule"]
    assert found["models"] == [PRICED, "other"]


async def test_of_another_range_other_values(database: Database, spent: Tenant) -> None:
    day = f"{MARCH - timedelta(days=40):%Y-%m-%d}"
    asker = owner(database, spent, MARCH)
    assert await ask(asker, spent, {"dates": {"first": day, "last": day}}) == {
        "projects": ["project 2"], "workflows": ["long", "old"], "triggers": ["old"],
        "models": ["old"],
    }  # fmt: skip
    nothing = {"projects": [], "workflows": [], "triggers": [], "models": []}
    assert await ask(asker.at(MARCH + timedelta(days=90)), spent) == nothing


async def test_what_is_out_of_reach_does_not_occur(database: Database, spent: Tenant) -> None:
    guest = member(database, spent, Role.VIEWER, spent.project_ids[1], now=MARCH)
    assert await ask(guest, spent) == {
        "projects": ["project 1"], "workflows": [HOSTILE], "triggers": ["push"],
        "models": [PRICED],
    }  # fmt: skip


async def test_a_range_that_makes_no_sense_is_refused(database: Database, spent: Tenant) -> None:
    asker = owner(database, spent, MARCH)
    id = encode(WORKSPACE, spent.id, spent.workspace_id)
    reversed_ = {"dates": {"first": "2026-03-02", "last": "2026-03-01"}}
    _, errors = await asker.run(OPTIONS, w=id, r=reversed_)
    assert [error.code for error in errors] == ["BAD_USER_INPUT"]


async def test_it_takes_four_statements(database: Database, spent: Tenant) -> None:
    """The workspace, the organization, the values, the projects' names."""
    counted = CountedDatabase(database)
    await ask(owner(counted, spent, MARCH), spent)
    counted.statements.clear()
    await ask(owner(counted, spent, MARCH), spent)
    assert len(counted.asked) == 4
