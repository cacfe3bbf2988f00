"""The `aicost` command: what each subcommand does, prints and answers to the shell.

They run in this process, in a thread of their own. What hangs on being a process (start-up, a
server beside a command) is in test_api_cli_process.py.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from access_world import make_world, open_key
from caps import Caps
from postgres_server import FreshDatabase
from tenants import NOON, PRICED, Tenant
from typer.testing import CliRunner

from api.cli import app
from models.access import Role
from models.db import Database
from models.event import UsageEvent
from models.ids import ORGANIZATION, encode, uuid7
from models.ledger import Ledger
from models.project import get_or_create_project
from models.token import ReportedTokens

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        assert self.status == 0, self.err
        assert self.out.count("\n") == 1
        return json.loads(self.out)


Aicost = Callable[..., Awaitable[Outcome]]


def command_on(dsn: FreshDatabase) -> Aicost:
    """Runs commands on a database in this process, away from its event loop."""
    environment = {
        "DATABASE_URL": dsn.app_dsn,
        "AICOST_OWNER_DATABASE_URL": dsn.owner_dsn,
        "NO_COLOR": "1",
    }

    async def run(*arguments: str, **variables: str) -> Outcome:
        result = await asyncio.to_thread(
            CliRunner().invoke, app, arguments, env={**environment, **variables}
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def aicost(migrated: FreshDatabase, database: Database) -> Aicost:
    """The command on the migrated database, beside this worker's own pool."""
    return command_on(migrated)


@pytest.fixture
def name() -> str:
    """An organization's name of the test's own."""
    return f"Acme {uuid7()}"


async def make_key(aicost: Aicost, name: str, **options: str) -> dict[str, str]:
    asked = {"organization": name, "role": "OWNER", "name": "key", **options}
    arguments = [part for option, value in asked.items() for part in (f"--{option}", value)]
    made: dict[str, str] = (await aicost("key", "create", *arguments, "--json")).json
    return made


# ---- keys


async def test_the_first_key_makes_organization_and_person(
    aicost: Aicost, database: Database, name: str
) -> None:
    email = f"ada-{uuid7()}@example.com"
    made = await make_key(aicost, name, user=email)

    assert set(made) == {"id", "secret"}
    async with database.connection() as connection:
        access = await open_key(connection, made["secret"])
    assert access is not None
    assert access.scope.organization_role is Role.OWNER
    assert access.scope.user_id is not None
    memberships = (await aicost("membership", "list", "--organization", name, "--json")).json
    assert [(row["email"], row["role"]) for row in memberships["memberships"]] == [(email, "OWNER")]


async def test_a_second_key_changes_nothing_but_keys(
    aicost: Aicost, database: Database, name: str
) -> None:
    email = f"ada-{uuid7()}@example.com"
    await make_key(aicost, name, user=email, role="viewer")
    second = await make_key(aicost, f" {name} ", user=email.upper(), role="OWNER")

    memberships = (await aicost("membership", "list", "--organization", name, "--json")).json
    assert [row["role"] for row in memberships["memberships"]] == ["VIEWER"]
    async with database.connection() as connection:
        access = await open_key(connection, second["secret"])
    assert access is not None
    assert access.scope.organization_role is Role.OWNER


async def test_a_key_of_a_project_reaches_that_project_alone(
    aicost: Aicost, database: Database, name: str
) -> None:
    await make_key(aicost, name)
    made = await make_key(aicost, name, role="MEMBER", project="site", user=f"{uuid7()}@x.org")
    other = await make_key(aicost, name, role="MEMBER", workspace="Lab")
    again = await make_key(aicost, name, role="ADMIN", project="site")

    projects = (await aicost("project", "list", "--organization", name, "--json")).json["projects"]
    assert [(row["name"], row["workspace"]) for row in projects] == [("site", "Default")]
    async with database.connection() as connection:
        scopes = []
        for key in (made, again, other):
            access = await open_key(connection, key["secret"])
            assert access is not None
            assert access.scope.organization_role is None
            scopes.append(access.scope)
    assert scopes[0].project_ids == scopes[1].project_ids != []
    assert scopes[2].project_ids == []


async def test_keys_are_listed_renamed_rotated_and_revoked(
    aicost: Aicost, database: Database, name: str
) -> None:
    made = await make_key(aicost, name)

    renamed = (await aicost("key", "rename", made["id"], " ci ", "--json")).json
    assert renamed == {"id": made["id"], "name": "ci"}
    rotated = (await aicost("key", "rotate", made["id"], "--json")).json
    assert rotated["id"] == made["id"]
    async with database.connection() as connection:
        assert await open_key(connection, made["secret"]) is None
        assert await open_key(connection, rotated["secret"]) is not None

    [listed] = (await aicost("key", "list", "--organization", name, "--json")).json["keys"]
    assert (listed["name"], listed["role"], listed["state"]) == ("ci", "OWNER", "works")
    assert rotated["secret"].startswith(listed["prefix"])

    assert (await aicost("key", "revoke", made["id"], "--json")).json["revoked"] is True
    async with database.connection() as connection:
        assert await open_key(connection, rotated["secret"]) is None
    table = await aicost("key", "list", "--organization", name)
    assert table.status == 0
    assert "revoked" in table.out
    assert rotated["secret"] not in table.out


async def test_people_get_the_secret_alone_on_standard_output(aicost: Aicost, name: str) -> None:
    outcome = await aicost("key", "create", "--organization", name, "--name", "k")
    assert outcome.status == 0
    assert outcome.out.startswith("aic_")
    assert outcome.out.count("\n") == 1
    assert "aic_" not in outcome.err


# ---- what is refused


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["key"],
        ["nonsense"],
        ["key", "create"],
        ["key", "create", "--organization", "A", "--name", "k", "--role", "KING"],
        ["key", "create", "--organization", "A", "--name", "k", "--valid-days", "0"],
        ["key", "revoke"],
        ["membership", "grant", "a@b", "KING"],
        ["rollup", "verify", "--nonsense"],
    ],
    ids=" ".join,
)
async def test_wrong_usage_answers_2(aicost: Aicost, arguments: list[str]) -> None:
    assert (await aicost(*arguments)).status == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["key", "revoke", "nonsense"], "no such API key"),
        (["key", "rename", "proj_AAAA", "x"], "no such API key"),
        (["key", "list", "--organization", "Nobody"], "no organization named 'Nobody'"),
        (["key", "create", "--organization", " ", "--name", "k"], "name has 0 characters"),
        (
            ["key", "create", "--organization", "New", "--name", "k", "--time-zone", "Mars"],
            "timeZone is 'Mars'",
        ),
        (["key", "create", "--organization", "New", "--name", "k", "--user", "x"], "email is 'x'"),
        (["organization", "set-zone", "Nobody", "UTC"], "no organization named"),
        (["membership", "grant", "a@b", "VIEWER", "--organization", "Nobody"], "no organization"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_a_refusal_is_one_line_and_answers_1(
    aicost: Aicost, arguments: list[str], said: str
) -> None:
    outcome = await aicost(*arguments)
    assert outcome.status == 1
    assert outcome.out == ""
    assert said in outcome.err
    assert outcome.err.startswith("aicost: ")
    assert outcome.err.count("\n") == 1


async def test_a_refused_key_leaves_nothing_behind(aicost: Aicost, name: str) -> None:
    outcome = await aicost("key", "create", "--organization", name, "--name", "k" * 201)
    assert outcome.status == 1
    assert name not in (await aicost("organization", "list")).out


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DATABASE_URL": "mysql://secret@host"}, "DATABASE_URL: should begin with"),
        ({"AICOST_PORT": "x"}, "AICOST_PORT is 'x'"),
        ({"DATABASE_URL": "postgresql:///a?host=/nonexistent"}, "cannot be reached"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/a"}, "cannot be reached"),
    ],
)
async def test_settings_and_servers_that_cannot_be_used_are_a_line(
    aicost: Aicost, variables: dict[str, str], said: str
) -> None:
    outcome = await aicost("organization", "list", **variables)
    assert outcome.status == 1
    assert said in outcome.err
    assert "secret" not in outcome.err
    assert outcome.err.count("\n") == 1


# ---- organizations down to projects, people


async def test_organizations_are_made_listed_renamed_and_moved(aicost: Aicost, name: str) -> None:
    made = (await aicost("organization", "create", name, "--json")).json
    assert (await aicost("organization", "create", name)).status == 1
    await aicost("organization", "rename", name, f"{name} two")
    moved = (await aicost("organization", "set-zone", f"{name} two", "Asia/Tokyo", "--json")).json
    assert moved["timeZone"] == "Asia/Tokyo"
    listed = (await aicost("organization", "list", "--json")).json["organizations"]
    [ours] = [row for row in listed if row["id"] == made["id"]]
    assert (ours["name"], ours["timeZone"]) == (f"{name} two", "UTC")


async def test_workspaces_and_projects_are_made_listed_and_renamed(
    aicost: Aicost, name: str
) -> None:
    await make_key(aicost, name, user=f"{uuid7()}@example.com")
    at = ("--organization", name)
    for workspace in ("Lab", "Shop"):
        assert (await aicost("workspace", "create", workspace, *at)).status == 0
        project = ("project", "create", "site", "--workspace", workspace, *at)
        assert (await aicost(*project)).status == 0
    assert (await aicost("workspace", "create", "Lab", *at)).status == 1

    ambiguous = await aicost("project", "rename", "site", "shop", *at)
    assert (ambiguous.status, "add --workspace" in ambiguous.err) == (1, True)
    renamed = ("project", "rename", "site", "shop", "--workspace", "Shop", *at)
    assert (await aicost(*renamed)).status == 0
    assert (await aicost("workspace", "rename", "Shop", "Store", *at)).status == 0
    assert (await aicost("project", "set-owner", "shop", "no@one", *at)).status == 1

    projects = (await aicost("project", "list", *at, "--json")).json["projects"]
    assert [(row["name"], row["workspace"]) for row in projects] == [
        ("shop", "Store"),
        ("site", "Lab"),
    ]
    workspaces = (await aicost("workspace", "list", *at, "--json")).json["workspaces"]
    assert [row["name"] for row in workspaces] == ["Lab", "Store"]


async def test_workspaces_are_counted_in_groups(aicost: Aicost, name: str) -> None:
    await make_key(aicost, name, user=f"{uuid7()}@example.com")
    at = ("--organization", name)
    assert (await aicost("workspace", "create", "Lab", *at)).status == 0
    for group in ("Team", "Product"):
        assert (await aicost("workspace", "group", "create", group, *at)).status == 0
    assert (await aicost("workspace", "group", "create", "Team", *at)).status == 1
    assert (await aicost("workspace", "set-group", "Lab", "Nobody", *at)).status == 1
    assert (await aicost("workspace", "set-group", "Lab", "Team", *at)).status == 0
    assert (await aicost("workspace", "group", "rename", "Team", "Crew", *at)).status == 0
    [row] = (await aicost("workspace", "list", *at, "--json")).json["workspaces"]
    assert row["group"] == "Crew"
    assert (await aicost("workspace", "unset-group", "Lab", *at)).status == 0
    [row] = (await aicost("workspace", "list", *at, "--json")).json["workspaces"]
    assert row["group"] is None
    groups = (await aicost("workspace", "group", "list", *at, "--json")).json["workspaceGroups"]
    assert [row["name"] for row in groups] == ["Crew", "Product"]


async def test_roles_are_given_listed_and_taken(aicost: Aicost, name: str) -> None:
    owner, member = f"o-{uuid7()}@example.com", f"m-{uuid7()}@example.com"
    await make_key(aicost, name, user=owner)
    at = ("--organization", name)
    assert (await aicost("workspace", "create", "Lab", *at)).status == 0

    granted = ("membership", "grant", member, "admin", "--workspace", "Lab", *at, "--json")
    assert (await aicost(*granted)).json == {"email": member, "role": "ADMIN"}
    listed = (await aicost("membership", "list", *at, "--json")).json["memberships"]
    assert {(row["email"], row["role"], row["workspace"]) for row in listed} == {
        (owner, "OWNER", None),
        (member, "ADMIN", "Lab"),
    }
    people = (await aicost("user", "list", *at, "--json")).json["users"]
    assert {(row["email"], row["role"]) for row in people} == {(owner, "OWNER"), (member, None)}

    revoked = ("membership", "revoke", member, "--workspace", "Lab", *at)
    assert (await aicost(*revoked)).status == 0
    assert (await aicost(*revoked)).status == 1
    last = await aicost("membership", "revoke", owner, *at)
    assert (last.status, "without an OWNER" in last.err) == (1, True)


async def test_names_are_never_read_as_markup_or_cut_short(aicost: Aicost, name: str) -> None:
    odd = f"[red]{name}[/red] " + "x" * 120
    assert (await aicost("organization", "create", odd)).status == 0
    assert odd in (await aicost("organization", "list")).out


# ---- a database of one's own


async def test_an_empty_database_is_migrated_and_its_only_organization_needs_no_name(
    fresh_database: FreshDatabase, database: Database
) -> None:
    aicost = command_on(fresh_database)
    assert "name one" in (await aicost("key", "list")).err
    await make_key(aicost, "Only")
    assert len((await aicost("key", "list", "--json")).json["keys"]) == 1
    done = (await aicost("migrate", "--json")).json
    assert done == {"migrations": [], "prices": 0}


async def test_rollups_are_verified_and_rebuilt(
    aicost: Aicost, database: Database, ledger: Ledger, name: str
) -> None:
    async with database.transaction() as connection:
        world = await make_world(connection, name)
        project_id, _ = await get_or_create_project(connection, world.system, "spent")
    event = UsageEvent(
        event_key="e",
        project_id=project_id,
        model=PRICED,
        provider="anthropic",
        tokens=ReportedTokens(input_tokens=100, output_tokens=50),
        occurred_at=NOON,
    )
    await ledger.record(world.organization_id, [event])
    at = ("--organization", name, "--json")

    clean = (await aicost("rollup", "verify", *at)).json
    assert clean["rows_checked"] > 0
    assert (clean["differences"], clean["cost_difference"]) == (0, "0")

    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE rollup_month SET cost = cost + 1 WHERE organization_id = $1",
            world.organization_id,
        )
    damaged = await aicost("rollup", "verify", *at)
    assert damaged.status == 1
    assert json.loads(damaged.out)["differences"] == 1

    assert (await aicost("rollup", "rebuild", *at)).json["rows_written"] > 0
    assert (await aicost("rollup", "verify", *at)).json["differences"] == 0


async def test_caps_are_listed_and_proved(
    aicost: Aicost, database: Database, tenant: Tenant
) -> None:
    caps = Caps(database, tenant)
    cap_id = await caps.set("12.50")
    await caps.granted("r1", 3)
    organization = encode(ORGANIZATION, tenant.id, tenant.id)
    [listed] = (await aicost("caps", "list", "--organization", organization, "--json")).json["caps"]
    assert (listed["id"], listed["limit"], listed["held"]) == (str(cap_id), "12.5", "3")
    verify = ("caps", "verify", "--organization", organization)
    proved = (await aicost(*verify, "--json")).json
    assert (proved["caps_checked"], proved["reservations_open"]) == (1, 1)
    assert (proved["differences"], proved["wrong_holds"]) == (0, 0)
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE cap_window SET held = held + 1 WHERE organization_id = $1", tenant.id
        )
    damaged = await aicost(*verify)
    assert damaged.status == 1
    assert "1 windows and 0 holds differ" in damaged.out
    mended = (await aicost("caps", "recount", "--organization", organization, "--json")).json
    assert mended == {"windows_changed": 1}
    assert (await aicost(*verify)).status == 0
