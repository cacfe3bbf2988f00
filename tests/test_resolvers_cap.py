"""Caps over GraphQL: what a page sees, who may set what, and what is refused."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from access_world import World, key_with, make_person, make_world, person_with, scope_of
from graphql_client import MARCH, Asker, owner
from tenants import Tenant

from models.access import Role, Scope
from models.db import Database
from models.event import RunRef
from models.ids import encode, uuid7
from models.ledger import Ledger
from models.level import Level
from models.membership import grant_role
from models.token import ReportedTokens
from models.workspace import create_workspace_group, set_workspace_group
from resolvers import node

SET = """mutation ($input: SetCapInput!) { setCap(input: $input) {
  cap { id scope target { __typename ... on Node { id } } period unit limit spent held remaining
    usedPct status action unpricedPolicy assumedInputPrice assumedOutputPrice resetsAt
    currentPeriod { firstDate lastDate } allowanceOf { id } unpricedTransactions
    updatedBy { name } viewerCanChange }
  userErrors { code message field } } }"""
REMOVE = """mutation ($id: ID!) { removeCap(input: {capId: $id}) {
  removedCapId userErrors { code field } } }"""
LIST = """query ($filter: CapFilter, $first: Int, $after: String) { organization {
  caps(filter: $filter, first: $first, after: $after) {
    nodes { id scope limit status target { ... on Project { name } } }
    pageInfo { hasNextPage endCursor } } } }"""
SHOW = "query ($id: ID!) { node(id: $id) { ... on Cap { spent held status usedPct remaining } } }"


def dollars(tenant: Tenant, key: str, amount: str, **changes: Any) -> Any:
    """A call at 5 dollars for a million tokens."""
    tokens = ReportedTokens(input_tokens=int(Decimal(amount) * 200_000), output_tokens=0)
    return tenant.event(key, tokens=tokens, **changes)


def daily(id: str, limit: Any = "10", scope: str = "PROJECT", **more: Any) -> dict[str, Any]:
    return {"scope": scope, "scopeId": id, "period": "DAY", "limit": limit, **more}


@pytest.fixture
def asker(database: Database, tenant: Tenant) -> Asker:
    return owner(database, tenant, datetime(2026, 3, 15, 18, tzinfo=UTC))


@pytest.fixture
def project(tenant: Tenant) -> str:
    return encode(node.PROJECT, tenant.id, tenant.project_id)


async def set_cap(asker: Asker, **wanted: Any) -> Any:
    payload = (await asker.ask(SET, input=wanted))["setCap"]
    assert payload["userErrors"] == []
    return payload["cap"]


async def test_what_is_set_is_shown(
    asker: Asker, tenant: Tenant, ledger: Ledger, project: str
) -> None:
    await ledger.record(tenant.id, [dollars(tenant, "before", "1")])
    cap = await set_cap(asker, **daily(project))
    id = cap.pop("id")
    assert cap == {
        "scope": "PROJECT",
        "target": {"__typename": "Project", "id": project},
        "period": "DAY",
        "unit": "DOLLARS",
        "limit": "10",
        "spent": "1",
        "held": "0",
        "remaining": "9",
        "usedPct": 10.0,
        "status": "OK",
        "action": "BLOCK",
        "unpricedPolicy": "BLOCK",
        "assumedInputPrice": None,
        "assumedOutputPrice": None,
        "resetsAt": "2026-03-16T00:00:00Z",
        "currentPeriod": {"firstDate": "2026-03-15", "lastDate": "2026-03-15"},
        "allowanceOf": None,
        "unpricedTransactions": 0,
        "updatedBy": {"name": "Owner"},
        "viewerCanChange": True,
    }
    again = await set_cap(asker, **daily(project, "20", unpricedPolicy="ALLOW"))
    assert (again["id"], again["limit"], again["unpricedPolicy"]) == (id, "20", "ALLOW")
    warning = await set_cap(asker, **daily(project, "5", action="WARN"))
    assert warning["id"] != id
    assumed = {"unpricedPolicy": "ASSUME", "assumedInputPrice": "3", "assumedOutputPrice": "15"}
    monthly = await set_cap(asker, **daily(project, "0") | {"period": "MONTH"} | assumed)
    assert (monthly["usedPct"], monthly["status"], monthly["remaining"]) == (None, "REACHED", "0")
    assert (monthly["assumedInputPrice"], monthly["assumedOutputPrice"]) == ("3", "15")


async def test_it_stands_by_exact_decimals(
    asker: Asker, tenant: Tenant, ledger: Ledger, project: str
) -> None:
    cap = await set_cap(asker, **daily(project, "0.1"))
    spent = Decimal(0)
    steps = (
        ("0.079995", "OK"),
        ("0.000005", "NEAR"),
        ("0.019995", "NEAR"),
        ("0.000005", "REACHED"),
    )
    for number, (amount, status) in enumerate((*steps, ("1", "REACHED"))):
        await ledger.record(tenant.id, [dollars(tenant, f"e{number}", amount)])
        spent += Decimal(amount)
        shown = (await asker.ask(SHOW, id=cap["id"]))["node"]
        assert (Decimal(shown["spent"]), shown["status"]) == (spent, status)
    assert shown["remaining"] == "0"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"limit": "-1"}, "OUT_OF_RANGE", "limit"),
        ({"limit": "1000000000.1"}, "OUT_OF_RANGE", "limit"),
        ({"limit": "0.0000000000001"}, "TOO_PRECISE", "limit"),
        ({"period": "RUN"}, "INVALID", "period"),
        ({"unpricedPolicy": "ASSUME"}, "REQUIRED", "assumedInputPrice"),
        ({"assumedInputPrice": "1"}, "INVALID", "assumedInputPrice"),
        ({"unit": "CREDITS"}, "INVALID", "unit"),
    ],
)
async def test_what_can_be_put_right_names_the_field(
    asker: Asker, project: str, changes: dict[str, Any], code: str, field: str
) -> None:
    payload = (await asker.ask(SET, input=daily(project) | changes))["setCap"]
    assert payload["cap"] is None
    assert (payload["userErrors"][0]["code"], payload["userErrors"][0]["field"]) == (code, [field])


async def test_things_of_another_kind_are_not_there(
    asker: Asker, tenant: Tenant, project: str
) -> None:
    for id in (
        encode(node.WORKSPACE, tenant.id, tenant.workspace_id),
        encode(node.PROJECT, tenant.id, uuid7()),
        encode(node.PROJECT, uuid7(), tenant.project_id),
    ):
        refused = await asker.refused(SET, input=daily(id))
        assert (refused.code, refused.message) == ("NOT_FOUND", "There is no such project.")
    unknown = encode(node.CAP, tenant.id, uuid7())
    assert (await asker.refused(REMOVE, id=unknown)).message == "There is no such cap."


async def test_a_cap_is_taken_away(asker: Asker, project: str) -> None:
    cap = await set_cap(asker, **daily(project))
    payload = (await asker.ask(REMOVE, id=cap["id"]))["removeCap"]
    assert payload == {"removedCapId": cap["id"], "userErrors": []}
    assert (await asker.refused(SHOW, id=cap["id"])).code == "NOT_FOUND"
    assert (await asker.refused(REMOVE, id=cap["id"])).code == "NOT_FOUND"
    assert (await asker.ask(LIST))["organization"]["caps"]["nodes"] == []
    assert (await set_cap(asker, **daily(project)))["id"] != cap["id"]


async def test_lists_are_filtered_and_paged(
    asker: Asker, tenant: Tenant, ledger: Ledger, project: str
) -> None:
    projects = [encode(node.PROJECT, tenant.id, id) for id in tenant.project_ids]
    for place, each in enumerate(projects):
        await set_cap(asker, **daily(each, str(place)))
    organization = encode(node.ORGANIZATION, tenant.id, tenant.id)
    await set_cap(asker, **daily(organization, "100", "ORGANIZATION"))
    await ledger.record(tenant.id, [dollars(tenant, "e", "0.85", project_id=tenant.project_ids[1])])

    async def limits(**filter: Any) -> list[str]:
        found = (await asker.ask(LIST, filter=filter))["organization"]["caps"]["nodes"]
        return [cap["limit"] for cap in found]

    assert await limits() == ["100", "0", "1", "2"]
    assert await limits(scope="PROJECT") == ["0", "1", "2"]
    assert await limits(targetId=projects[2]) == ["2"]
    assert await limits(appliesToProjectId=projects[1]) == ["100", "1"]
    assert await limits(status="NEAR") == ["1"]
    assert await limits(scope="ORGANIZATION", targetId=projects[2]) == []
    seen, after = [], None
    while True:
        page = (await asker.ask(LIST, first=1, after=after))["organization"]["caps"]
        seen += [cap["limit"] for cap in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == await limits()
    for filter in ({"targetId": "x"}, {"appliesToProjectId": projects[0][:-1]}):
        data, (refused,) = await asker.run(LIST, filter=filter)
        assert (data["organization"]["caps"], refused.code) == (None, "NOT_FOUND")


# ---- who may what

Standings = dict[str, tuple[Scope, str]]


async def things(database: Database, world: World, ledger: Ledger) -> dict[str, tuple[str, str]]:
    """One thing of every scope: the project `near` and what is above and below it."""
    async with database.transaction() as connection:
        group = await create_workspace_group(connection, world.system, "Group")
        await set_workspace_group(connection, world.system, world.first, group)
        person = await make_person(connection)
        await grant_role(connection, world.system, person, Role.MEMBER)
        key = await key_with(connection, world, Role.MEMBER, Level(project_id=world.near))
    tenant = Tenant(world.organization_id, world.first, [world.near], person, uuid7())
    [outcome] = await ledger.record(tenant.id, [dollars(tenant, "e", "1", run=RunRef("run"))])
    async with database.connection() as connection:
        run = await connection.fetchval(
            "SELECT id FROM pipeline_run WHERE organization_id = $1", tenant.id
        )
    assert outcome.cost == 1
    of = world.organization_id
    return {
        "ORGANIZATION": ("ORGANIZATION", encode(node.ORGANIZATION, of, of)),
        "WORKSPACE_GROUP": ("WORKSPACE_GROUP", encode(node.WORKSPACE_GROUP, of, group)),
        "WORKSPACE": ("WORKSPACE", encode(node.WORKSPACE, of, world.first)),
        "PROJECT": ("PROJECT", encode(node.PROJECT, of, world.near)),
        "RUN": ("RUN", encode(node.RUN, of, run)),
        "API_KEY": ("API_KEY", encode(node.API_KEY, of, key.api_key_id or uuid7())),
        "USER": ("USER", node.user_id(person)),
    }


Y, F, N = "ALLOWED", "FORBIDDEN", "NOT_FOUND"
# Who sets a cap on: organization, group, workspace, project, run, key (of the project), user.
TABLE = {
    ("OWNER", "organization"): [Y, Y, Y, Y, Y, Y, Y],
    ("ADMIN", "organization"): [F, Y, Y, Y, Y, Y, Y],
    ("MEMBER", "organization"): [F, F, F, F, F, N, F],
    ("OWNER", "workspace"): [F, F, F, Y, Y, Y, F],
    ("ADMIN", "workspace"): [F, F, F, Y, Y, Y, F],
    ("MEMBER", "workspace"): [F, F, F, F, F, N, F],
    ("OWNER", "project"): [F, F, F, F, Y, Y, F],
    ("ADMIN", "project"): [F, F, F, F, Y, Y, F],
    ("VIEWER", "project"): [F, F, F, F, F, N, F],
}


async def test_a_cap_is_set_from_above(database: Database, ledger: Ledger) -> None:
    async with database.transaction() as connection:
        world = await make_world(connection)
    targets = await things(database, world, ledger)
    found: dict[tuple[str, str], list[str]] = {}
    for role, level in TABLE:
        async with database.transaction() as connection:
            scope = await person_with(connection, world, Role[role], world.level(level))
        found[role, level] = [
            await _outcome(Asker(database, scope, MARCH), daily(id, "7", kind))
            for kind, id in targets.values()
        ]
    assert found == TABLE


async def _outcome(asker: Asker, wanted: dict[str, Any]) -> str:
    data, errors = await asker.run(SET, input=wanted)
    if errors:
        assert data == {"setCap": None}
        return errors[0].code
    assert data["setCap"]["cap"]["viewerCanChange"]
    return "ALLOWED"


async def test_who_sees_a_thing_or_its_figures_sees_its_cap(
    database: Database, ledger: Ledger
) -> None:
    """And whether they may change it."""
    async with database.transaction() as connection:
        world = await make_world(connection)
    targets = await things(database, world, ledger)
    system = Asker(database, world.system, MARCH)
    for kind, id in targets.values():
        await set_cap(system, **daily(id, "7", kind))
    query = "{ organization { caps(first: 100) { nodes { scope viewerCanChange } } } }"

    async def seen(scope: Scope) -> dict[str, bool]:
        found = (await Asker(database, scope, MARCH).ask(query))["organization"]["caps"]["nodes"]
        return {cap["scope"]: cap["viewerCanChange"] for cap in found}

    async with database.transaction() as connection:
        admin = await person_with(connection, world, Role.ADMIN)
        member = await person_with(connection, world, Role.MEMBER)
        manager = await person_with(connection, world, Role.ADMIN, world.level("workspace"))
        viewer = await person_with(connection, world, Role.VIEWER, world.level("project"))
        far = await person_with(connection, world, Role.OWNER, Level(project_id=world.far))
    everything: Sequence[str] = tuple(targets)
    assert await seen(admin) == {kind: kind != "ORGANIZATION" for kind in everything}
    assert await seen(manager) == {
        "WORKSPACE": False, "PROJECT": True, "RUN": True, "API_KEY": True,
    }  # fmt: skip
    assert await seen(viewer) == {"PROJECT": False, "RUN": False}
    assert await seen(member) == {"PROJECT": False, "RUN": False}
    assert await seen(far) == {}


async def test_nobody_changes_the_cap_that_binds_them(database: Database, ledger: Ledger) -> None:
    async with database.transaction() as connection:
        world = await make_world(connection)
        admin = await person_with(connection, world, Role.ADMIN)
        key = await key_with(connection, world, Role.OWNER)
    assert admin.user_id is not None
    assert key.api_key_id is not None
    mine = daily(node.user_id(admin.user_id), "7", "USER")
    its = daily(encode(node.API_KEY, world.organization_id, key.api_key_id), "7", "API_KEY")
    async with database.transaction() as connection:
        chief = await scope_of(connection, world, world.owner_id)
    for scope, wanted in ((admin, mine), (key, its)):
        assert await _outcome(Asker(database, scope, MARCH), wanted) == "FORBIDDEN"
        assert await _outcome(Asker(database, chief, MARCH), wanted) == "ALLOWED"
