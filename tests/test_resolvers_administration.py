"""Administration over GraphQL: what is made shows at once, secrets once, and lists are bounded."""

from typing import Any

import pytest
from graphql_client import MARCH, Asker, owner
from tenants import Tenant

from models.access import Principal, Role, Scope, key_access
from models.api_key import hash_secret
from models.db import Database
from models.ids import encode
from resolvers import node


@pytest.fixture
def asker(database: Database, tenant: Tenant) -> Asker:
    return owner(database, tenant, MARCH)


async def change(asker: Asker, field: str, answer: str, **variables: Any) -> Any:
    """The payload of a change that is not refused."""
    declared = ", ".join(f"${name}: ID!" for name in variables)
    head = f"mutation ({declared})" if declared else "mutation"
    text = f"{head} {{ change: {field} {{ {answer} userErrors {{ code message field }} }} }}"
    payload = (await asker.ask(text, **variables))["change"]
    assert payload["userErrors"] == []
    return payload


async def test_workspaces_are_counted_in_groups(asker: Asker, tenant: Tenant) -> None:
    made = await change(
        asker, 'createWorkspaceGroup(input: {name: " Team "})', "workspaceGroup { id name }"
    )
    assert made["workspaceGroup"]["name"] == "Team"
    ids = {
        "w": encode(node.WORKSPACE, tenant.id, tenant.workspace_id),
        "g": made["workspaceGroup"]["id"],
    }
    where = "workspace { name group { id name } }"
    moved = "setWorkspaceGroup(input: {workspaceId: $w, workspaceGroupId: $g})"
    found = await change(asker, moved, where, **ids)
    assert found["workspace"]["group"] == made["workspaceGroup"]
    renamed = await change(
        asker,
        'renameWorkspaceGroup(input: {workspaceGroupId: $g, name: "Crew"})',
        "workspaceGroup { name }",
        g=ids["g"],
    )
    assert renamed["workspaceGroup"] == {"name": "Crew"}
    await change(asker, 'createWorkspaceGroup(input: {name: "Art"})', "workspaceGroup { id }")
    listed = "{ organization { workspaceGroups(first: %d) { nodes { name } pageInfo {"
    listed += " hasNextPage endCursor } } } }"
    page = (await asker.ask(listed % 1))["organization"]["workspaceGroups"]
    assert (page["nodes"], page["pageInfo"]["hasNextPage"]) == ([{"name": "Art"}], True)
    every = (await asker.ask(listed % 9))["organization"]["workspaceGroups"]["nodes"]
    assert every == [{"name": "Art"}, {"name": "Crew"}]
    found = await change(asker, "unsetWorkspaceGroup(input: {workspaceId: $w})", where, w=ids["w"])
    assert found["workspace"]["group"] is None
    payload = (
        await asker.ask(
            'mutation { it: createWorkspaceGroup(input: {name: "Art"}) { workspaceGroup { id }'
            " userErrors { code field } } }"
        )
    )["it"]
    assert payload == {
        "workspaceGroup": None,
        "userErrors": [{"code": "CONFLICT", "field": ["name"]}],
    }


async def test_a_workspace_and_a_project_are_made_and_renamed(asker: Asker) -> None:
    made = await change(
        asker, 'createWorkspace(input: {name: " Platform "})', "workspace { id name }"
    )
    assert made["workspace"]["name"] == "Platform"
    workspace = made["workspace"]["id"]
    made = await change(
        asker,
        'createProject(input: {workspaceId: $w, name: "Search"})',
        "project { id name viewerRole owner { name } workspace { name } budget { limit }"
        " monthlySummary { totalCost } }",
        w=workspace,
    )
    project = made["project"].pop("id")
    assert made["project"] == {
        "name": "Search",
        "viewerRole": "OWNER",
        "owner": {"name": "Owner"},
        "workspace": {"name": "Platform"},
        "budget": {"limit": None},
        "monthlySummary": {"totalCost": "0"},
    }
    await change(
        asker,
        'renameWorkspace(input: {workspaceId: $w, name: "Core"})',
        "workspace { name }",
        w=workspace,
    )
    renamed = await change(
        asker,
        'renameProject(input: {projectId: $p, name: "Find"})',
        "project { name workspace { name } }",
        p=project,
    )
    assert renamed["project"] == {"name": "Find", "workspace": {"name": "Core"}}


async def test_a_name_that_is_taken_can_be_put_right(asker: Asker, tenant: Tenant) -> None:
    workspace = encode(node.WORKSPACE, tenant.organization_id, tenant.workspace_id)
    data = await asker.ask(
        """mutation ($w: ID!) {
          taken: createProject(input: {workspaceId: $w, name: "project 0"}) {
            project { id } userErrors { code field } }
          blank: createProject(input: {workspaceId: $w, name: "  "}) {
            project { id } userErrors { code field } }
          fine: createProject(input: {workspaceId: $w, name: "project 9"}) {
            project { name } userErrors { code field } } }""",
        w=workspace,
    )
    assert data["taken"] == {
        "project": None,
        "userErrors": [{"code": "CONFLICT", "field": ["name"]}],
    }
    assert data["blank"]["userErrors"] == [{"code": "OUT_OF_RANGE", "field": ["name"]}]
    assert data["fine"] == {"project": {"name": "project 9"}, "userErrors": []}


async def test_a_zone_comes_into_force_with_the_next_cycle(asker: Asker) -> None:
    payload = await change(
        asker,
        'updateOrganization(input: {name: "Acme", timeZone: "Asia/Kathmandu"})',
        "organization { name timeZone today } timeZoneFrom",
    )
    assert payload["organization"] == {"name": "Acme", "timeZone": "UTC", "today": "2026-03-20"}
    assert payload["timeZoneFrom"] == "2026-04-01T00:00:00Z"
    later = asker.at(MARCH.replace(month=4))
    data = await later.ask("{ organization { timeZone } }")
    assert data["organization"]["timeZone"] == "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ("{}", "REQUIRED", None),
        ("{name: null}", "REQUIRED", None),
        ('{timeZone: "Mars/Olympus"}', "INVALID", ["timeZone"]),
        ('{name: ""}', "OUT_OF_RANGE", ["name"]),
    ],
)
async def test_an_organization_is_not_changed_by_nonsense(
    asker: Asker, input: str, code: str, field: list[str] | None
) -> None:
    data = await asker.ask(
        f"mutation {{ updateOrganization(input: {input}) {{ organization {{ id }}"
        " userErrors { code field } } }"
    )
    assert data["updateOrganization"] == {
        "organization": None,
        "userErrors": [{"code": code, "field": field}],
    }


async def opens(database: Database, secret: str) -> Scope | None:
    async with database.connection() as connection:
        access = await key_access(connection, hash_secret(secret))
    return access.scope if access else None


async def test_a_key_lives_through_its_secrets(
    database: Database, tenant: Tenant, asker: Asker
) -> None:
    project = encode(node.PROJECT, tenant.organization_id, tenant.project_id)
    made = await change(
        asker,
        'createApiKey(input: {name: "ci", role: MEMBER, projectId: $p, isPersonal: true,'
        ' expiresAt: "2999-01-01T00:00:00Z"})',
        "secret apiKey { id name prefix role user { name } project { name } workspace { name }"
        " createdAt expiresAt revokedAt lastUsedAt }",
        p=project,
    )
    secret, key = made["secret"], made["apiKey"]
    assert secret.startswith(key["prefix"])
    assert (key["role"], key["user"], key["project"], key["workspace"]) == (
        "MEMBER",
        {"name": "Owner"},
        {"name": "project 0"},
        None,
    )
    scope = await opens(database, secret)
    assert scope is not None
    assert scope.role_at_project(tenant.project_id) is Role.MEMBER
    assert scope.user_id == tenant.user_id

    renamed = await change(
        asker, 'renameApiKey(input: {apiKeyId: $k, name: "cd"})', "apiKey { name }", k=key["id"]
    )
    assert renamed["apiKey"]["name"] == "cd"
    rotated = await change(
        asker, "rotateApiKey(input: {apiKeyId: $k})", "secret apiKey { id }", k=key["id"]
    )
    assert rotated["apiKey"]["id"] == key["id"]
    assert rotated["secret"] != secret
    assert await opens(database, secret) is None
    assert await opens(database, rotated["secret"]) is not None
    for _ in range(2):
        revoked = await change(
            asker, "revokeApiKey(input: {apiKeyId: $k})", "apiKey { revokedAt }", k=key["id"]
        )
        assert revoked["apiKey"]["revokedAt"]
    assert await opens(database, rotated["secret"]) is None


async def test_a_key_is_for_one_level(asker: Asker, tenant: Tenant) -> None:
    project = encode(node.PROJECT, tenant.organization_id, tenant.project_id)
    workspace = encode(node.WORKSPACE, tenant.organization_id, tenant.workspace_id)
    data = await asker.ask(
        """mutation ($p: ID!, $w: ID!) {
          createApiKey(input: {name: "x", role: VIEWER, projectId: $p, workspaceId: $w}) {
            secret apiKey { id } userErrors { code field } } }""",
        p=project,
        w=workspace,
    )
    assert data["createApiKey"] == {
        "secret": None,
        "apiKey": None,
        "userErrors": [{"code": "INVALID", "field": ["projectId"]}],
    }


async def test_keys_are_listed_by_those_who_administer_them(
    database: Database, tenant: Tenant, asker: Asker
) -> None:
    workspace = encode(node.WORKSPACE, tenant.organization_id, tenant.workspace_id)
    project = encode(node.PROJECT, tenant.organization_id, tenant.project_id)
    for name, level in (("a", "workspaceId: $t"), ("b", "projectId: $t")):
        await change(
            asker,
            f'createApiKey(input: {{name: "{name}", role: VIEWER, {level}}})',
            "apiKey { id }",
            t=workspace if name == "a" else project,
        )
    data = await asker.ask(
        """query ($w: ID!) { workspace(id: $w) { apiKeys { nodes { name } } }
          organization { apiKeys(first: 2) { nodes { id name } pageInfo { endCursor hasNextPage }
        } } }""",
        w=workspace,
    )
    assert [it["name"] for it in data["workspace"]["apiKeys"]["nodes"]] == ["a", "b"]
    page = data["organization"]["apiKeys"]
    assert [it["name"] for it in page["nodes"]] == ["a", "b"]
    assert page["pageInfo"]["hasNextPage"]
    rest = await asker.ask(
        "query ($c: String) { organization { apiKeys(after: $c) { nodes { name } } } }",
        c=page["pageInfo"]["endCursor"],
    )
    assert [it["name"] for it in rest["organization"]["apiKeys"]["nodes"]] == ["key"]

    stranger = Asker(database, Scope(Principal(tenant.id, None, None), Role.MEMBER), MARCH)
    data, errors = await stranger.run(
        """query ($w: ID!) { workspace(id: $w) { apiKeys { nodes { name } } }
          organization { apiKeys { nodes { name } } members { nodes { role } } } }""",
        w=workspace,
    )
    assert {error.code for error in errors} == {"FORBIDDEN"}
    assert len(errors) == 3
    key = page["nodes"][0]["id"]
    hidden = await stranger.refused("query ($k: ID!) { node(id: $k) { id } }", k=key)
    assert hidden.code == "NOT_FOUND"


async def test_people_are_given_roles_and_lose_them(
    database: Database, tenant: Tenant, asker: Asker
) -> None:
    project = encode(node.PROJECT, tenant.organization_id, tenant.project_id)
    email = f"new-{tenant.user_id}@example.com"
    made = await change(
        asker,
        f'grantMembership(input: {{email: "{email}", name: "Ann", role: MEMBER, projectId: $p}})',
        "membership { id role user { id name email } project { name } workspace { name } }",
        p=project,
    )
    user = made["membership"]["user"]
    assert (made["membership"]["role"], user["name"], user["email"]) == ("MEMBER", "Ann", email)
    assert made["membership"]["project"] == {"name": "project 0"}
    again = await change(
        asker,
        f'grantMembership(input: {{email: "{email}", role: ADMIN, projectId: $p}})',
        "membership { id role }",
        p=project,
    )
    assert again["membership"] == {"id": made["membership"]["id"], "role": "ADMIN"}
    listed = """{ organization { members(first: 10) { nodes { role user { name }
      project { name } } } } }"""
    data = await asker.ask(listed)
    assert data["organization"]["members"]["nodes"] == [
        {"role": "ADMIN", "user": {"name": "Ann"}, "project": {"name": "project 0"}},
        {"role": "OWNER", "user": {"name": "Owner"}, "project": None},
    ]
    given = await change(
        asker,
        "setProjectOwner(input: {projectId: $p, ownerId: $u})",
        "project { owner { name } }",
        p=project,
        u=user["id"],
    )
    assert given["project"]["owner"] == {"name": "Ann"}
    taken = await change(
        asker,
        "revokeMembership(input: {userId: $u, projectId: $p})",
        "user { name email }",
        u=user["id"],
        p=project,
    )
    # Ann has left: her address is no longer this organization's to see, nor is she an owner.
    assert taken["user"] == {"name": "Ann", "email": None}
    data = await asker.ask("query ($p: ID!) { project(id: $p) { owner { name } } }", p=project)
    assert data["project"]["owner"] is None
    assert len((await asker.ask(listed))["organization"]["members"]["nodes"]) == 1
