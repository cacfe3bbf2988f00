"""Caps: what counts under them, in which window, from when on, and who may set them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from caps import Caps
from tenants import Tenant

from models.cap import CapPeriod
from models.cap_change import remove_cap
from models.cap_rule import CapScope, UnpricedPolicy
from models.db import Database
from models.event import RunRef
from models.ids import uuid7
from models.token import ReportedTokens

D = Decimal
NOW = datetime.now(UTC)
# 100 input and 50 output tokens of the priced model.
COST = D("0.00175")


@pytest.fixture
def caps(database: Database, tenant: Tenant) -> Caps:
    return Caps(database, tenant)


async def test_what_is_recorded_counts_under_every_cap_that_applies(caps: Caps) -> None:
    tenant = caps.tenant
    ids = [
        await caps.set(10),
        await caps.set(10, CapScope.WORKSPACE),
        await caps.set(10, CapScope.PROJECT, period=CapPeriod.DAY),
        await caps.set(10, CapScope.API_KEY, period=CapPeriod.MONTH),
        await caps.set(10, CapScope.USER),
    ]
    other = await caps.set(10, CapScope.PROJECT, tenant.project_ids[1])
    run = RunRef("child", parent_key="parent")
    outcomes = await caps.record(
        tenant.event(occurred_at=NOW, run=run, api_key_id=tenant.api_key_id, user_id=tenant.user_id)
    )
    assert outcomes[0].cost == COST
    for cap_id in ids:
        assert await caps.figures(cap_id) == (COST, 0)
    assert await caps.figures(other) == (0, 0)
    await caps.verify()


async def test_a_cap_knows_what_was_spent_before_it_was_set(caps: Caps) -> None:
    tenant = caps.tenant
    run = RunRef("child", parent_key="parent")
    spent = {"occurred_at": NOW, "api_key_id": tenant.api_key_id, "user_id": tenant.user_id}
    await caps.record(
        tenant.event("e1", run=run, **spent),
        tenant.event("e2", run=RunRef("parent"), model="no-such", provider=None, **spent),
        tenant.event("old", occurred_at=NOW - timedelta(days=70), run=run),
    )
    async with caps.database.connection() as connection:
        parent_id = await connection.fetchval(
            "SELECT id FROM pipeline_run WHERE organization_id = $1 AND key = 'parent'", tenant.id
        )
    for scope in (CapScope.ORGANIZATION, CapScope.WORKSPACE, CapScope.PROJECT, CapScope.API_KEY,
                  CapScope.USER):  # fmt: skip
        for period in (CapPeriod.DAY, CapPeriod.MONTH, CapPeriod.BILLING_CYCLE):
            cap = await caps.show(await caps.set(10, scope, period=period))
            assert (cap.spent, cap.unpriced) == (COST, 1), (scope, period)
    cap = await caps.show(await caps.set(10, CapScope.RUN, parent_id, CapPeriod.RUN))
    assert (cap.spent, cap.unpriced, cap.window) == (COST * 2, 1, None)
    assumed = await caps.set(
        10,
        CapScope.RUN,
        parent_id,
        CapPeriod.DAY,
        unpriced_policy=UnpricedPolicy.ASSUME,
        assumed_input_price=D(10),
        assumed_output_price=D(100),
    )
    cap = await caps.show(assumed)
    assert (cap.spent, cap.unpriced) == (COST + D("0.006"), 0)
    await caps.verify()


async def test_a_removed_cap_is_gone(caps: Caps) -> None:
    cap_id = await caps.set(10)
    await caps.granted("r1")
    async with caps.database.transaction() as connection:
        await remove_cap(connection, caps.scope, cap_id)
    await caps.verify()
    again = await caps.set(5)
    assert again != cap_id
    # What is held already is held under the new one too.
    assert await caps.figures(again) == (0, 1)
    await caps.settle("r1", ReportedTokens(100, 50))
    assert await caps.figures(again) == (COST, 0)
    await caps.verify()


async def test_unknown_targets_are_not_found(caps: Caps) -> None:
    for scope in CapScope:
        with pytest.raises(Exception, match="There is no such"):
            await caps.set(1, scope, uuid7())


async def test_a_run_that_is_adopted_late_counts_under_its_parents_cap(caps: Caps) -> None:
    tenant = caps.tenant
    await caps.record(
        tenant.event("e1", run=RunRef("parent")),
        tenant.event("e2", run=RunRef("child")),
        tenant.event("e3", run=RunRef("grandchild", parent_key="child")),
    )
    async with caps.database.connection() as connection:
        parent_id = await connection.fetchval(
            "SELECT id FROM pipeline_run WHERE organization_id = $1 AND key = 'parent'", tenant.id
        )
    cap_id = await caps.set(10, CapScope.RUN, parent_id, CapPeriod.RUN)
    assert await caps.figures(cap_id) == (COST, 0)
    await caps.record(tenant.event("e4", run=RunRef("child", parent_key="parent")))
    assert await caps.figures(cap_id) == (4 * COST, 0)
    await caps.record(tenant.event("e5", run=RunRef("other")))
    await caps.ledger.record_run(
        tenant.id, tenant.project_id, RunRef("other", parent_key="grandchild")
    )
    assert await caps.figures(cap_id) == (5 * COST, 0)
    await caps.verify()


async def run_ids(caps: Caps) -> dict[str, UUID]:
    async with caps.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT key, id FROM pipeline_run WHERE organization_id = $1", caps.tenant.id
        )
    return {row["key"]: row["id"] for row in rows}


async def test_an_allowance_pays_for_a_run_that_is_adopted_late(caps: Caps) -> None:
    tenant = caps.tenant
    await caps.record(
        tenant.event("e1", run=RunRef("child", parent_key="parent")),
        tenant.event("e2", run=RunRef("other")),
    )
    runs = await run_ids(caps)
    parent = await caps.set(10, CapScope.RUN, runs["parent"], CapPeriod.RUN)
    child = await caps.set(5, CapScope.RUN, runs["child"], CapPeriod.RUN, allowance_of_id=parent)
    assert await caps.figures(parent) == (COST, 5 - COST)
    await caps.ledger.record_run(tenant.id, tenant.project_id, RunRef("other", parent_key="child"))
    assert await caps.figures(child) == (2 * COST, 0)
    assert await caps.figures(parent) == (2 * COST, 5 - 2 * COST)
    await caps.verify()
    async with caps.database.transaction() as connection:
        await remove_cap(connection, caps.scope, child)
    assert await caps.figures(parent) == (2 * COST, 0)


async def test_what_is_held_in_a_run_that_is_adopted_is_held_above_it(caps: Caps) -> None:
    tenant = caps.tenant
    await caps.record(
        tenant.event("e1", run=RunRef("child", parent_key="parent"), tokens=ReportedTokens(0, 0))
    )
    runs = await run_ids(caps)
    parent = await caps.set(20, CapScope.RUN, runs["parent"], CapPeriod.RUN)
    today = await caps.set(20, CapScope.RUN, runs["parent"], CapPeriod.DAY)
    child = await caps.set(9, CapScope.RUN, runs["child"], CapPeriod.RUN, allowance_of_id=parent)
    await caps.granted("first", 4, run_key="child")
    await caps.granted("r1", 3, run_key="one")
    await caps.granted("r2", 2, run_key="two")
    for key, above in (("one", "child"), ("two", "parent")):
        ref = RunRef(key, parent_key=above)
        await caps.ledger.record_run(tenant.id, tenant.project_id, ref)
    # The allowance holds for the one that its run started.
    assert await caps.figures(child) == (0, 4 + 3)
    assert await caps.figures(parent) == (0, 9 + 2)
    assert await caps.figures(today) == (0, 4 + 3 + 2)
    await caps.verify()
    await caps.settle("r1", ReportedTokens(100, 50))
    await caps.release("r2")
    await caps.release("first")
    assert await caps.figures(child) == (COST, 0)
    assert await caps.figures(parent) == (COST, 9 - COST)
    assert await caps.figures(today) == (COST, 0)
    await caps.verify()


async def test_what_an_allowance_of_an_allowance_holds_stays_held_when_that_goes(
    caps: Caps,
) -> None:
    tenant = caps.tenant
    await caps.record(
        tenant.event("e1", run=RunRef("middle", parent_key="root"), tokens=ReportedTokens(0, 0)),
        tenant.event("e2", run=RunRef("leaf", parent_key="middle"), tokens=ReportedTokens(0, 0)),
    )
    runs = await run_ids(caps)
    root = await caps.set(10, CapScope.RUN, runs["root"], CapPeriod.RUN)
    middle = await caps.set(6, CapScope.RUN, runs["middle"], CapPeriod.RUN, allowance_of_id=root)
    await caps.set(4, CapScope.RUN, runs["leaf"], CapPeriod.RUN, allowance_of_id=middle)
    await caps.granted("r", 3, run_key="leaf")
    assert await caps.figures(root) == (0, 6)
    async with caps.database.transaction() as connection:
        await remove_cap(connection, caps.scope, middle)
    assert await caps.figures(root) == (0, 3)
    await caps.verify()
    await caps.settle("r", ReportedTokens(100, 50))
    assert await caps.figures(root) == (COST, 0)
    await caps.verify()


async def test_a_cap_begins_with_what_is_held(caps: Caps) -> None:
    tenant = caps.tenant
    named = {"api_key_id": tenant.api_key_id, "user_id": tenant.user_id, "run_key": "run"}
    await caps.granted("here", 3, **named)
    await caps.granted("there", 4, project_id=tenant.project_ids[1])
    async with caps.database.connection() as connection:
        run_id = await connection.fetchval(
            "SELECT id FROM pipeline_run WHERE organization_id = $1", tenant.id
        )
    targets = {
        CapScope.ORGANIZATION: (tenant.id, 7), CapScope.WORKSPACE: (tenant.workspace_id, 7),
        CapScope.PROJECT: (tenant.project_id, 3), CapScope.API_KEY: (tenant.api_key_id, 3),
        CapScope.USER: (tenant.user_id, 3), CapScope.RUN: (run_id, 3),
    }  # fmt: skip
    ids = [await caps.set(5, scope, target_id) for scope, (target_id, _) in targets.items()]
    assert [await caps.figures(id) for id in ids] == [(0, held) for _, held in targets.values()]
    await caps.verify()
    await caps.settle("here", ReportedTokens(100, 50))
    await caps.release("there")
    spent = [await caps.figures(id) for id in ids]
    assert spent == [(COST, 0)] * len(ids)
    await caps.verify()
