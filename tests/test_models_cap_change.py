"""Who may set which cap, who sees it, what makes sense, and what is left behind of every change."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from access_world import World, key_with, person_with
from caps import Caps
from tenants import Tenant, make_tenant

from models.access import Role, Scope
from models.admission import Denied
from models.cap import CapFilter, CapPeriod, CapStatus, list_caps, load_caps, may_change, place_of
from models.cap_change import CapSetting, check, remove_cap, set_cap
from models.cap_rule import CapAction, CapScope, SpendUnit, UnpricedPolicy
from models.db import Database
from models.errors import ForbiddenError, NotFoundError, UserErrors
from models.event import RunRef
from models.ids import uuid7
from models.token import ReportedTokens
from models.workspace import create_workspace, create_workspace_group, set_workspace_group

D = Decimal
NOW = datetime.now(UTC)
# Who may set a cap on what; "-" where the thing may not even be known to be there.
MAY = """
               owner  admin  workspace-admin  project-admin  member
ORGANIZATION   yes    no     no               no             no
WORKSPACE_GROUP yes   yes    no               no             no
first          yes    yes    no               no             no
second         yes    yes    -                -              no
near           yes    yes    yes              no             no
far            yes    yes    -                -              no
run            yes    yes    yes              yes            no
key            yes    yes    yes              yes            -
USER           yes    yes    no               no             no
"""


async def targets(connection: asyncpg.Connection, world: World) -> dict[str, tuple[CapScope, UUID]]:
    """Something of every kind; the run and the key are of the project that is near."""
    group_id = await create_workspace_group(connection, world.system, "Group")
    run_id, key_id, now = uuid7(), uuid7(), NOW
    await connection.execute(
        "INSERT INTO pipeline_run (organization_id, id, project_id, workspace_id, key, status,"
        " started_at, created_at) VALUES ($1, $2, $3, $4, 'run', 'RUNNING', $5, $5)",
        world.organization_id, run_id, world.near, world.first, now,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO api_key (organization_id, id, name, prefix, secret_hash, role, project_id,"
        " created_at) VALUES ($1, $2, 'key', 'aic_test', $3, 'MEMBER', $4, $5)",
        world.organization_id, key_id, key_id.bytes * 2, world.near, now,
    )  # fmt: skip
    return {
        "ORGANIZATION": (CapScope.ORGANIZATION, world.organization_id),
        "WORKSPACE_GROUP": (CapScope.WORKSPACE_GROUP, group_id),
        "first": (CapScope.WORKSPACE, world.first),
        "second": (CapScope.WORKSPACE, world.second),
        "near": (CapScope.PROJECT, world.near),
        "far": (CapScope.PROJECT, world.far),
        "run": (CapScope.RUN, run_id),
        "key": (CapScope.API_KEY, key_id),
        "USER": (CapScope.USER, world.owner_id),
    }


async def askers(connection: asyncpg.Connection, world: World) -> dict[str, Scope]:
    return {
        "owner": await person_with(connection, world, Role.OWNER),
        "admin": await person_with(connection, world, Role.ADMIN),
        "workspace-admin": await person_with(
            connection, world, Role.ADMIN, world.level("workspace")
        ),
        "project-admin": await person_with(connection, world, Role.ADMIN, world.level("project")),
        "member": await person_with(connection, world, Role.MEMBER),
    }


async def outcome(connection: asyncpg.Connection, scope: Scope, setting: CapSetting) -> str:
    try:
        async with connection.transaction():
            await set_cap(connection, scope, setting, NOW)
    except ForbiddenError:
        return "no"
    except NotFoundError:
        return "-"
    return "yes"


async def test_a_cap_is_set_by_those_above_what_it_binds(
    connection: asyncpg.Connection, world: World
) -> None:
    things, people = await targets(connection, world), await askers(connection, world)
    _, head, *lines = MAY.rstrip().splitlines()
    for line in lines:
        name, *expected = line.split()
        kind, target_id = things[name]
        setting = CapSetting(kind, target_id, CapPeriod.MONTH, D(10))
        found = [await outcome(connection, people[who], setting) for who in head.split()]
        assert found == expected, name
        cap_id = await set_cap(connection, world.system, setting, NOW)
        for who, may in zip(head.split(), expected, strict=True):
            [cap] = await load_caps(connection, people[who], NOW, [cap_id])
            assert (cap is not None and may_change(people[who], cap)) == (may == "yes")
            if may != "yes":
                with pytest.raises((ForbiddenError, NotFoundError)):
                    await remove_cap(connection, people[who], cap_id)


async def test_nobody_raises_the_cap_that_binds_them(
    connection: asyncpg.Connection, world: World
) -> None:
    admin = await person_with(connection, world, Role.ADMIN)
    assert admin.user_id is not None
    mine = CapSetting(CapScope.USER, admin.user_id, CapPeriod.MONTH, D(10))
    assert await outcome(connection, admin, mine) == "no"
    for role in (Role.ADMIN, Role.OWNER):
        key = await key_with(connection, world, role)
        assert key.api_key_id is not None
        own = CapSetting(CapScope.API_KEY, key.api_key_id, CapPeriod.MONTH, D(10))
        assert await outcome(connection, key, own) == "no"


SEEN = """
               owner  admin  workspace-admin  project-admin  member
ORGANIZATION   yes    yes    no               no             no
WORKSPACE_GROUP yes   yes    no               no             no
first          yes    yes    yes              no             no
second         yes    yes    no               no             no
near           yes    yes    yes              yes            yes
far            yes    yes    no               no             yes
run            yes    yes    yes              yes            yes
key            yes    yes    yes              yes            no
USER           yes    yes    no               no             no
"""


async def test_caps_are_listed_and_shown_to_those_who_may_see_them(
    connection: asyncpg.Connection, world: World
) -> None:
    things, people = await targets(connection, world), await askers(connection, world)
    ids = {
        name: await set_cap(
            connection, world.system, CapSetting(*thing, CapPeriod.MONTH, D(10)), NOW
        )
        for name, thing in things.items()
    }
    _, head, *lines = SEEN.rstrip().splitlines()
    expected: dict[str, set[UUID]] = {who: set() for who in head.split()}
    for line in lines:
        name, *seen = line.split()
        for who, is_seen in zip(head.split(), seen, strict=True):
            if is_seen == "yes":
                expected[who].add(ids[name])
    for who, scope in people.items():
        page = await list_caps(connection, scope, NOW, CapFilter(), 100)
        assert {cap.id for cap in page.items} == expected[who], who
        shown = await load_caps(connection, scope, NOW, list(ids.values()))
        assert {cap.id for cap in shown if cap is not None} == expected[who], who
    listed: list[UUID] = []
    after = None
    while True:
        page = await list_caps(connection, world.system, NOW, CapFilter(), 2, after)
        listed += [cap.id for cap in page.items]
        if not page.has_next:
            break
        after = place_of(page.items[-1])
    order = ("ORGANIZATION", "WORKSPACE_GROUP", "first", "second", "far", "near", "USER", "key",
             "run")  # fmt: skip
    assert listed == [ids[name] for name in order]


async def test_caps_are_filtered(connection: asyncpg.Connection, world: World) -> None:
    things = await targets(connection, world)
    ids = {
        name: await set_cap(
            connection, world.system, CapSetting(*thing, CapPeriod.MONTH, D(number)), NOW
        )
        for number, (name, thing) in enumerate(things.items())
    }
    await set_workspace_group(connection, world.system, world.first, things["WORKSPACE_GROUP"][1])

    async def found(**wanted: Any) -> set[str]:
        page = await list_caps(connection, world.system, NOW, CapFilter(**wanted), 100)
        names = {id: name for name, id in ids.items()}
        return {names[cap.id] for cap in page.items}

    assert await found(scope=CapScope.PROJECT) == {"near", "far"}
    assert await found(target_id=world.far) == {"far"}
    assert await found(applies_to_project_id=world.near) == {
        "ORGANIZATION", "WORKSPACE_GROUP", "first", "near"
    }  # fmt: skip
    assert await found(status=CapStatus.REACHED) == {"ORGANIZATION"}
    assert await found(status=CapStatus.NEAR) == set()


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"limit": D("-1")}, "limit", "OUT_OF_RANGE"),
    ({"limit": D("1000000000.01")}, "limit", "OUT_OF_RANGE"),
    ({"limit": D("NaN")}, "limit", "OUT_OF_RANGE"),
    ({"limit": D("0.0000000000001")}, "limit", "TOO_PRECISE"),
    ({"period": CapPeriod.RUN}, "period", "INVALID"),
    ({"unpriced_policy": UnpricedPolicy.ASSUME, "assumed_input_price": D(1)},
     "assumedOutputPrice", "REQUIRED"),
    ({"assumed_input_price": D(1)}, "assumedInputPrice", "INVALID"),
    ({"unpriced_policy": UnpricedPolicy.ASSUME, "assumed_input_price": D("0.0000001"),
      "assumed_output_price": D(1)}, "assumedInputPrice", "TOO_PRECISE"),
    ({"allowance_of_id": uuid7()}, "allowanceOfCapId", "INVALID"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "field", "code"), WRONG)
def test_what_makes_no_sense_is_said(changes: dict[str, Any], field: str, code: str) -> None:
    values: dict[str, Any] = {"limit": D(1), "period": CapPeriod.MONTH} | changes
    setting = CapSetting(CapScope.PROJECT, uuid7(), **values)
    assert [(error.field, error.code) for error in check(setting)] == [((field,), code)]


async def test_credits_are_for_those_who_pay_in_them(database: Database, tenant: Tenant) -> None:
    caps = Caps(database, tenant)
    with pytest.raises(UserErrors, match="pays in dollars"):
        await caps.set(1, unit=SpendUnit.CREDITS)


async def test_every_change_is_audited_with_old_and_new(database: Database, tenant: Tenant) -> None:
    caps = Caps(database, tenant)
    cap_id = await caps.set("10")
    assert await caps.set("10.00") == cap_id
    assert await caps.set("20") == cap_id
    assert await caps.set("5", action=CapAction.WARN) != cap_id
    async with database.transaction() as connection:
        await remove_cap(connection, caps.scope, cap_id)
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT action, old_value, new_value FROM audit_event WHERE organization_id = $1"
            " AND subject_id = $2 ORDER BY occurred_at, id",
            tenant.id,
            cap_id,
        )

    def limit(value: str | None) -> str | None:
        return None if value is None else json.loads(value)["limit"]

    assert [(row["action"], limit(row["old_value"]), limit(row["new_value"])) for row in rows] == [
        ("cap.set", None, "10"),
        ("cap.change", "10", "20"),
        ("cap.remove", "20", None),
    ]


async def test_a_group_counts_the_workspaces_that_are_in_it(
    database: Database, tenant: Tenant
) -> None:
    caps = Caps(database, tenant)
    async with database.transaction() as connection:
        group_id = await create_workspace_group(connection, caps.scope, "Group")
        await create_workspace(connection, caps.scope, "Other", group_id=group_id)
    cap_id = await caps.set(10, CapScope.WORKSPACE_GROUP, group_id)
    await caps.record(tenant.event("e1", occurred_at=NOW))
    assert await caps.figures(cap_id) == (0, 0)

    async def move(to: UUID | None) -> None:
        async with database.transaction() as connection:
            await set_workspace_group(connection, caps.scope, tenant.workspace_id, to)

    await move(group_id)
    assert await caps.figures(cap_id) == (D("0.00175"), 0)
    await caps.granted("held", 3)
    await move(None)
    assert await caps.figures(cap_id) == (0, 3)
    await caps.record(tenant.event("e2", occurred_at=NOW))
    assert await caps.figures(cap_id) == (0, 3)
    await caps.verify()
    await caps.release("held")
    assert await caps.figures(cap_id) == (0, 0)
    await caps.verify()


async def test_a_group_holds_what_is_held_in_a_workspace_that_comes(
    database: Database, tenant: Tenant
) -> None:
    caps = Caps(database, tenant)
    async with database.transaction() as connection:
        group_id = await create_workspace_group(connection, caps.scope, "Group")
    cap_id = await caps.set(10, CapScope.WORKSPACE_GROUP, group_id)
    await caps.granted("held", 8)
    for to in (group_id, None, group_id):
        async with database.transaction() as connection:
            await set_workspace_group(connection, caps.scope, tenant.workspace_id, to)
        assert await caps.figures(cap_id) == (0, 8)
    assert isinstance(await caps.reserve("more", 3), Denied)
    await caps.verify()
    await caps.settle("held", ReportedTokens(100, 50))
    assert await caps.figures(cap_id) == (D("0.00175"), 0)
    await caps.verify()


async def test_the_cap_of_somebody_who_has_left_can_be_removed(
    database: Database, tenant: Tenant
) -> None:
    caps = Caps(database, tenant)
    cap_id = await caps.set(10, CapScope.USER)
    async with database.transaction() as connection:
        await connection.execute(
            "DELETE FROM user_organization WHERE organization_id = $1 AND user_id = $2",
            tenant.id,
            tenant.user_id,
        )
        await remove_cap(connection, caps.scope, cap_id)
        assert await load_caps(connection, caps.scope, NOW, [cap_id]) == [None]
        with pytest.raises(NotFoundError):
            await remove_cap(connection, caps.scope, cap_id)


async def test_windows_follow_local_days(database: Database) -> None:
    tenant = await make_tenant(database, time_zone="Asia/Kathmandu")
    caps = Caps(database, tenant)
    midnight = datetime(2026, 3, 31, 18, 15, tzinfo=UTC)
    second = timedelta(seconds=1)
    ids = [await caps.set(10, period=period, now=midnight - second)
           for period in (CapPeriod.DAY, CapPeriod.MONTH, CapPeriod.BILLING_CYCLE)]  # fmt: skip
    await caps.record(
        tenant.event("before", occurred_at=midnight - timedelta(microseconds=1)),
        tenant.event("after", occurred_at=midnight),
    )
    for cap_id in ids:
        before = await caps.show(cap_id, midnight - second)
        assert (before.spent, before.resets_at) == (D("0.00175"), midnight)
        after = await caps.show(cap_id, midnight)
        assert after.spent == D("0.00175")
        assert after.window is not None
        assert after.window.start == midnight
    await caps.verify()


async def test_an_allowance_is_held_under_the_parents_cap(
    database: Database, tenant: Tenant
) -> None:
    caps = Caps(database, tenant)
    cost = D("0.00175")
    run = RunRef("child", parent_key="parent")
    await caps.record(tenant.event("e0", run=run, occurred_at=NOW))
    async with database.connection() as connection:
        runs = {row["key"]: row["id"] for row in await connection.fetch(
            "SELECT key, id FROM pipeline_run WHERE organization_id = $1", tenant.id)}  # fmt: skip
    parent = await caps.set(10 * cost, CapScope.RUN, runs["parent"], CapPeriod.RUN)
    with pytest.raises(UserErrors, match=r"has 0\.01575 left"):
        await caps.set(11 * cost, CapScope.RUN, runs["child"], CapPeriod.RUN,
                       allowance_of_id=parent)  # fmt: skip
    child = await caps.set(4 * cost, CapScope.RUN, runs["child"], CapPeriod.RUN,
                           allowance_of_id=parent)  # fmt: skip
    # One was spent before: three of the four are left to be held.
    assert await caps.figures(parent) == (cost, 3 * cost)
    await caps.granted("r1", str(2 * cost), run_key="child")
    assert await caps.figures(child) == (cost, 2 * cost)
    assert await caps.figures(parent) == (cost, 3 * cost)
    assert isinstance(await caps.reserve("r2", str(2 * cost), run_key="child"), Denied)
    await caps.settle("r1", ReportedTokens(100, 50))
    assert await caps.figures(child) == (2 * cost, 0)
    assert await caps.figures(parent) == (2 * cost, 2 * cost)
    await caps.verify()
    await caps.record(tenant.event("e1", run=run, tokens=ReportedTokens(300, 150)))
    assert await caps.figures(parent) == (5 * cost, 0)
    await caps.verify()
    assert await caps.set(8 * cost, CapScope.RUN, runs["child"], CapPeriod.RUN,
                          allowance_of_id=parent) == child  # fmt: skip
    await caps.granted("r3", str(cost), run_key="child")
    assert await caps.figures(parent) == (5 * cost, 3 * cost)
    async with database.transaction() as connection:
        await remove_cap(connection, caps.scope, child)
    assert await caps.figures(parent) == (5 * cost, cost)
    await caps.verify()
    await caps.release("r3")
    assert await caps.figures(parent) == (5 * cost, 0)
    await caps.verify()
