"""Who may ask what: each root field with each role, and nothing of another organization, ever.

Foreign and unknown ids answer byte for byte the same. A root field without a line in QUESTIONS or
CHANGES fails the build.
"""

from typing import Any
from uuid import UUID

import pytest
from graphql_client import MARCH, Asker, Refusal, member, owner
from tenants import Tenant, make_tenant

from models.access import Principal, Role, Scope
from models.db import Database
from models.event import JobRef, RunRef
from models.ids import NIL, decode, encode, uuid7
from models.ledger import Ledger
from resolvers import node
from resolvers.schema import Mutation, Query

# Questions about one thing: the field with the id, and the kind of id.
QUESTIONS = {
    "node": ("node(id: $id) { id }", node.PROJECT),
    "organization": ("organization(id: $id) { id }", node.ORGANIZATION),
    "workspace": ("workspace(id: $id) { id }", node.WORKSPACE),
    "project": ("project(id: $id) { id }", node.PROJECT),
    "pipelineRun": ('pipelineRun(projectId: $id, key: "r") { id }', node.PROJECT),
    "monthlySummary": ("monthlySummary(projectId: $id) { totalCost }", node.PROJECT),
    "monthlyTrend": ("monthlyTrend(projectId: $id) { cost }", node.PROJECT),
    "recentTransactions": ("recentTransactions(projectId: $id) { cost }", node.PROJECT),
    "dailySpend": ("dailySpend(projectId: $id) { cost }", node.PROJECT),
}
# Questions about whatever the caller may see.
OWN = {
    "viewer": "viewer { id organization { id } organizations { id } }",
    "projects": "projects { nodes { id } }",
    "agentTypes": "agentTypes { agentType }",
    "crossProjectSummary": "crossProjectSummary { projectCount projects { project { id } } }",
}
SINGLE = "{ userErrors { code message field } }"
BULK = "{ results { userErrors { code message field } } userErrors { code } }"
# Changes: the field with the id of the thing that is changed, the kind of that id (None: the
# organization itself), and the least role that it takes. In bulk each result has errors.
CHANGES: dict[str, tuple[str, str | None, Role]] = {
    "setBudgetLimit": (
        f"setBudgetLimit(input: {{projectId: $id, limitDollars: 1}}) {SINGLE}",
        node.PROJECT,
        Role.ADMIN,
    ),
    "removeBudgetLimit": (
        f"removeBudgetLimit(input: {{projectId: $id}}) {SINGLE}",
        node.PROJECT,
        Role.ADMIN,
    ),
    "setBudgetLimits": (
        f"setBudgetLimits(input: {{limits: [{{projectId: $id, limitDollars: 1}}]}}) {BULK}",
        node.PROJECT,
        Role.ADMIN,
    ),
    "recordUsage": (
        'recordUsage(input: {events: [{eventKey: "e", projectId: $id, model: "m"}]}) ' + BULK,
        node.PROJECT,
        Role.MEMBER,
    ),
    "recordRun": (
        f'recordRun(input: {{projectId: $id, run: {{key: "k"}}}}) {SINGLE}',
        node.PROJECT,
        Role.MEMBER,
    ),
    "renameProject": (
        f'renameProject(input: {{projectId: $id, name: "n"}}) {SINGLE}',
        node.PROJECT,
        Role.ADMIN,
    ),
    "setProjectOwner": (
        f'setProjectOwner(input: {{projectId: $id, ownerId: "USER"}}) {SINGLE}',
        node.PROJECT,
        Role.OWNER,
    ),
    "createProject": (
        f'createProject(input: {{workspaceId: $id, name: "n"}}) {SINGLE}',
        node.WORKSPACE,
        Role.ADMIN,
    ),
    "renameWorkspace": (
        f'renameWorkspace(input: {{workspaceId: $id, name: "n"}}) {SINGLE}',
        node.WORKSPACE,
        Role.ADMIN,
    ),
    "renameApiKey": (
        f'renameApiKey(input: {{apiKeyId: $id, name: "n"}}) {SINGLE}',
        node.API_KEY,
        Role.OWNER,
    ),
    "rotateApiKey": (f"rotateApiKey(input: {{apiKeyId: $id}}) {SINGLE}", node.API_KEY, Role.OWNER),
    "revokeApiKey": (f"revokeApiKey(input: {{apiKeyId: $id}}) {SINGLE}", node.API_KEY, Role.OWNER),
    "setPrice": (
        'setPrice(input: {provider: "p", model: "m", startsAt: "2026-03-01T00:00:00Z",'
        " rates: [{tokenClass: INPUT, dollarsPerMillion: 1},"
        f" {{tokenClass: OUTPUT, dollarsPerMillion: 1}}]}}) {SINGLE}",
        None,
        Role.ADMIN,
    ),
    "repriceUsage": (
        f"repriceUsage(input: {{range: {{preset: TODAY}}, dryRun: true}}) {SINGLE}",
        None,
        Role.ADMIN,
    ),
    "updateOrganization": (
        f'updateOrganization(input: {{timeZone: "Asia/Kathmandu"}}) {SINGLE}',
        None,
        Role.ADMIN,
    ),
    "updateBilling": (f'updateBilling(input: {{plan: "team"}}) {SINGLE}', None, Role.OWNER),
    "grantCredits": (
        f'grantCredits(input: {{credits: "5", reason: "r"}}) {SINGLE}',
        None,
        Role.OWNER,
    ),
    "createWorkspace": (f'createWorkspace(input: {{name: "n"}}) {SINGLE}', None, Role.ADMIN),
    "createWorkspaceGroup": (
        f'createWorkspaceGroup(input: {{name: "n"}}) {SINGLE}',
        None,
        Role.ADMIN,
    ),
    "unsetWorkspaceGroup": (
        f"unsetWorkspaceGroup(input: {{workspaceId: $id}}) {SINGLE}",
        node.WORKSPACE,
        Role.ADMIN,
    ),
    "createApiKey": (
        f'createApiKey(input: {{name: "n", role: VIEWER}}) {SINGLE}',
        None,
        Role.ADMIN,
    ),
    "grantMembership": (
        f'grantMembership(input: {{email: "new@example.com", role: VIEWER}}) {SINGLE}',
        None,
        Role.ADMIN,
    ),
    "revokeMembership": (
        f'revokeMembership(input: {{userId: "USER"}}) {SINGLE}',
        None,
        Role.OWNER,
    ),
}
# What names a thing that these tenants do not have, or several: rows of the tenant matrix instead.
ELSEWHERE = {
    *("renameWorkspaceGroup", "setWorkspaceGroup", "createDownload", "reservation", "rehearseCap"),
    *("setCap", "removeCap", "reserveSpend", "settleReservation", "releaseReservation"),
    "extendReservation",
}
OF_THINGS = [name for name, (_, kind, _) in CHANGES.items() if kind is not None]
KINDS = [
    node.ORGANIZATION, node.WORKSPACE, node.WORKSPACE_GROUP, node.PROJECT, node.USER, node.API_KEY,
    node.RUN, node.JOB, node.TRANSACTION, node.BUDGET,
]  # fmt: skip


def graphql_names(root: type) -> set[str]:
    definition = root.__strawberry_definition__  # type: ignore[attr-defined]
    words = [field.name.split("_") for field in definition.fields]
    return {first + "".join(word.capitalize() for word in rest) for first, *rest in words}


def test_every_root_field_has_its_line() -> None:
    assert graphql_names(Query) - ELSEWHERE == set(QUESTIONS) | set(OWN)
    assert graphql_names(Mutation) - ELSEWHERE == set(CHANGES)


@pytest.fixture
async def theirs(database: Database, ledger: Ledger) -> dict[str, str]:
    """One id of every kind in an organization of somebody else."""
    other = await make_tenant(database)
    event = other.event(run=RunRef("r"), job=JobRef("j", "x"))
    (outcome,) = await ledger.record(other.organization_id, [event], now=MARCH)
    group = uuid7()
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO workspace_group (organization_id, id, name, created_at)"
            " VALUES ($1, $2, 'Group', now())",
            other.organization_id,
            group,
        )
        found = await connection.fetchrow(
            "SELECT id, run_id, job_id FROM credit_transaction WHERE organization_id = $1",
            other.organization_id,
        )
    things = [
        other.organization_id, other.workspace_id, group, other.project_id, other.user_id,
        other.api_key_id, found["run_id"], found["job_id"], outcome.transaction_id,
        other.project_id,
    ]  # fmt: skip
    owner_of = {node.USER: NIL}
    return {
        kind: encode(kind, owner_of.get(kind, other.organization_id), thing)
        for kind, thing in zip(KINDS, things, strict=True)
    }


def variants(tenant: Tenant, kind: str, foreign: str) -> list[str]:
    """A foreign id, an unknown one, the foreign thing under one's own organization, and junk."""
    inside = encode(kind, tenant.organization_id, decode_id(foreign))
    unknown = encode(kind, NIL if kind == node.USER else tenant.organization_id, uuid7())
    elsewhere = encode(kind, uuid7(), uuid7())
    return [foreign, unknown, inside, elsewhere, "", "x", f"{kind}_", foreign[:-1], foreign + "A",
            foreign.replace(kind, "zzzz"), "' OR 1=1 --", "proj_" + "A" * 5000]  # fmt: skip


def decode_id(public: str) -> UUID:
    return decode(public).id


def refusals(payload: Any, errors: list[Refusal]) -> tuple[tuple[str, str], ...]:
    """What was refused, as (code, message), beside the request or in a result of a bulk."""
    if payload is None:
        return tuple((error.code, error.message) for error in errors)
    results = payload.get("results", [payload])
    return tuple(
        (error["code"], error["message"]) for result in results for error in result["userErrors"]
    )


async def answers(asker: Asker, query: str, ids: list[str]) -> set[Refusal]:
    return {await asker.refused(f"query ($id: ID!) {{ {query} }}", id=id) for id in ids}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_foreign_and_unknown_answer_alike(
    database: Database, tenant: Tenant, theirs: dict[str, str], name: str
) -> None:
    query, kind = QUESTIONS[name]
    ids = variants(tenant, kind, theirs[kind])
    told = await answers(owner(database, tenant, MARCH), query, ids)
    assert len(told) == 1
    (refusal,) = told
    assert refusal.code == "NOT_FOUND"


@pytest.mark.parametrize("kind", KINDS)
async def test_no_node_of_another_organization_is_found(
    database: Database, tenant: Tenant, theirs: dict[str, str], kind: str
) -> None:
    asker = owner(database, tenant, MARCH)
    told = await answers(asker, "node(id: $id) { id }", variants(tenant, kind, theirs[kind]))
    assert {refusal.code for refusal in told} == {"NOT_FOUND"}
    assert len(told) == 1


def mutation(name: str, tenant: Tenant) -> str:
    query, kind, _ = CHANGES[name]
    declared = "" if kind is None else " ($id: ID!)"
    return f"mutation{declared} {{ {query} }}".replace("USER", node.user_id(tenant.user_id))


@pytest.mark.parametrize("name", OF_THINGS)
async def test_nothing_of_another_organization_is_changed(
    database: Database, tenant: Tenant, theirs: dict[str, str], name: str
) -> None:
    asker = owner(database, tenant, MARCH)
    kind = CHANGES[name][1]
    assert kind is not None
    told = set()
    for id in variants(tenant, kind, theirs[kind]):
        data, errors = await asker.run(mutation(name, tenant), id=id)
        told.add(refusals(data[name], errors))
    assert len(told) == 1
    ((code, _),) = told.pop()
    assert code == "NOT_FOUND"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", CHANGES)
async def test_changes_take_the_role_that_they_name(
    database: Database, tenant: Tenant, name: str, role: Role
) -> None:
    """At the organization; that a role at a project is enough is tested beside this."""
    principal = Principal(tenant.organization_id, None, tenant.api_key_id)
    asker = Asker(database, Scope(principal, role), MARCH)
    _, kind, least = CHANGES[name]
    things = {
        node.PROJECT: tenant.project_id,
        node.WORKSPACE: tenant.workspace_id,
        node.API_KEY: tenant.api_key_id,
    }
    variables = {"id": encode(kind, tenant.organization_id, things[kind])} if kind else {}
    data, errors = await asker.run(mutation(name, tenant), **variables)
    codes = [code for code, _ in refusals(data[name], errors)]
    if role < least:
        assert codes == ["FORBIDDEN"]
    elif name == "revokeMembership":
        assert codes == ["INVALID"]  # the last OWNER stays
    else:
        assert codes == []


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", [it for it in OF_THINGS if CHANGES[it][1] == node.PROJECT])
async def test_a_role_at_a_project_is_enough_for_its_changes(
    database: Database, tenant: Tenant, name: str, role: Role
) -> None:
    asker = member(database, tenant, role, tenant.project_id, now=MARCH)
    project = encode(node.PROJECT, tenant.organization_id, tenant.project_id)
    data, errors = await asker.run(mutation(name, tenant), id=project)
    codes = [code for code, _ in refusals(data[name], errors)]
    assert codes == ([] if role >= CHANGES[name][2] else ["FORBIDDEN"])


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", QUESTIONS)
async def test_every_role_at_a_project_may_read_it_and_nothing_beside_it(
    database: Database, tenant: Tenant, ledger: Ledger, name: str, role: Role
) -> None:
    query, kind = QUESTIONS[name]
    for project in tenant.project_ids[:2]:
        event = tenant.event(str(project), project_id=project, run=RunRef("r"))
        await ledger.record(tenant.organization_id, [event], now=MARCH)
    asker = member(database, tenant, role, tenant.project_id, now=MARCH)
    own = {
        node.PROJECT: tenant.project_id,
        node.ORGANIZATION: tenant.organization_id,
        node.WORKSPACE: tenant.workspace_id,
    }[kind]
    await asker.ask(f"query ($id: ID!) {{ {query} }}", id=encode(kind, tenant.organization_id, own))
    if kind == node.PROJECT:
        hidden, unknown = tenant.project_ids[1], uuid7()
        ids = [encode(kind, tenant.organization_id, id) for id in (hidden, unknown)]
        (refusal,) = await answers(asker, query, ids)
        assert refusal.code == "NOT_FOUND"


async def test_lists_hold_what_is_within_reach(
    database: Database, tenant: Tenant, theirs: dict[str, str]
) -> None:
    shown = tenant.project_ids[1]
    asker = member(database, tenant, Role.VIEWER, shown, now=MARCH)
    data = await asker.ask(
        """{ projects { nodes { id viewerRole viewerCanSetBudget } }
          crossProjectSummary { projectCount projects { project { id } } }
          owned: crossProjectSummary(scope: OWNED) { projectCount }
          organization { viewerRole viewerCanSeeFigures workspaces { nodes { name viewerRole
            projects { nodes { id } } } } } }"""
    )
    id = encode(node.PROJECT, tenant.organization_id, shown)
    assert data["projects"]["nodes"] == [
        {"id": id, "viewerRole": "VIEWER", "viewerCanSetBudget": False}
    ]
    assert data["crossProjectSummary"] == {
        "projectCount": 1,
        "projects": [{"project": {"id": id}}],
    }
    assert data["owned"]["projectCount"] == 0
    assert data["organization"] == {
        "viewerRole": None,
        "viewerCanSeeFigures": False,
        "workspaces": {
            "nodes": [{"name": "Default", "viewerRole": None, "projects": {"nodes": [{"id": id}]}}]
        },
    }


async def test_nobody_sees_nothing(database: Database, tenant: Tenant) -> None:
    """A member of an organization without anything shared in it."""
    asker = member(database, tenant, Role.VIEWER, now=MARCH)
    data = await asker.ask(
        "{ projects { nodes { id } } crossProjectSummary { projectCount totalCost }"
        " organization { workspaces { nodes { id } } } }"
    )
    assert data["projects"]["nodes"] == []
    assert data["crossProjectSummary"] == {"projectCount": 0, "totalCost": "0"}
    assert data["organization"]["workspaces"]["nodes"] == []


async def test_the_three_scopes_of_a_portfolio(database: Database, tenant: Tenant) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE project SET owner_id = NULL WHERE organization_id = $1 AND id = $2",
            tenant.organization_id,
            tenant.project_ids[2],
        )
    data = await owner(database, tenant, MARCH).ask(
        """{ owned: crossProjectSummary(scope: OWNED) { id projectCount }
          reachable: crossProjectSummary { id projectCount }
          mine: projects(filter: {ownedByViewer: true}) { nodes { name } } }"""
    )
    assert data["owned"]["projectCount"] == 2
    assert data["reachable"]["projectCount"] == 3
    assert data["owned"]["id"] != data["reachable"]["id"]
    assert [it["name"] for it in data["mine"]["nodes"]] == ["project 0", "project 1"]


async def test_addresses_are_shown_to_their_owners_and_administrators(
    database: Database, tenant: Tenant
) -> None:
    query = "{ projects(first: 1) { nodes { owner { name email } } } }"

    async def email(scope: Scope) -> object:
        data = await Asker(database, scope, MARCH).ask(query)
        return data["projects"]["nodes"][0]["owner"]["email"]

    own = Principal(tenant.organization_id, tenant.user_id, None)
    other = Principal(tenant.organization_id, None, tenant.api_key_id)
    assert await email(Scope(own, Role.VIEWER))
    assert await email(Scope(other, Role.ADMIN))
    assert await email(Scope(other, Role.MEMBER)) is None


async def test_a_cursor_of_another_organization_is_no_cursor(
    database: Database, tenant: Tenant
) -> None:
    other = await make_tenant(database)
    query = (
        "query ($after: String) { projects(first: 1, after: $after) { pageInfo { endCursor } } }"
    )
    page = await owner(database, other, MARCH).ask(query)
    refusal = await owner(database, tenant, MARCH).refused(
        query, after=page["projects"]["pageInfo"]["endCursor"]
    )
    assert refusal.code == "BAD_USER_INPUT"
    assert refusal.message == "after is not a cursor that was given for this list."


async def test_a_foreign_run_is_no_filter_for_ones_own_ledger(
    database: Database, tenant: Tenant, theirs: dict[str, str]
) -> None:
    project = encode(node.PROJECT, tenant.organization_id, tenant.project_id)
    query = """query ($p: ID!, $r: ID!) { project(id: $p) {
      transactions(filter: {runId: $r}) { nodes { id } } } }"""
    _, errors = await owner(database, tenant, MARCH).run(query, p=project, r=theirs[node.RUN])
    assert [error.code for error in errors] == ["NOT_FOUND"]


async def test_of_other_organizations_only_the_name_is_told(
    database: Database, tenant: Tenant
) -> None:
    other = await make_tenant(database)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO user_organization VALUES ($1, $2)",
            tenant.user_id,
            other.organization_id,
        )
    asker = owner(database, tenant, MARCH)
    data = await asker.ask("{ viewer { organizations { id name viewerRole today } } }")
    roles = [it["viewerRole"] for it in data["viewer"]["organizations"]]
    assert sorted(roles, key=str) == [None, "OWNER"]
    for field in ("workspaces { nodes { id } }", "crossProjectSummary { totalCost }"):
        data, errors = await asker.run(f"{{ viewer {{ organizations {{ name {field} }} }} }}")
        assert [error.code for error in errors] == ["FORBIDDEN"]
        assert len(data["viewer"]["organizations"]) == 2
