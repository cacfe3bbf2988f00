"""Workspaces and projects: who may make, rename and give them away."""

import asyncio

import asyncpg
import pytest
from access_world import (
    EVERY_ROLE,
    World,
    key_with,
    make_person,
    make_world,
    open_key,
    person_with,
    scope_of,
)

from models.access import Role, Scope
from models.api_key import create_key
from models.db import Database
from models.errors import ForbiddenError, NotFoundError, UserErrors
from models.ids import uuid7
from models.level import Level
from models.membership import grant_role
from models.organization import create_organization
from models.project import (
    create_project,
    find_projects,
    get_or_create_project,
    list_projects,
    rename_project,
    set_project_owner,
)
from models.workspace import (
    create_workspace,
    create_workspace_group,
    find_workspace,
    get_or_create_workspace,
    list_workspaces,
    rename_workspace,
    rename_workspace_group,
    set_workspace_group,
)


@pytest.mark.parametrize("level", ["organization", "workspace", "project"])
@pytest.mark.parametrize("role", EVERY_ROLE)
async def test_each_act_takes_an_admin_of_its_level(
    connection: asyncpg.Connection, world: World, role: Role, level: str
) -> None:
    group_id = await create_workspace_group(connection, world.system, "Group")
    scope = await key_with(connection, world, role, world.level(level))
    is_admin = role >= Role.ADMIN
    acts = [
        (create_workspace(connection, scope, "W"), level == "organization"),
        (create_workspace_group(connection, scope, "G"), level == "organization"),
        (rename_workspace_group(connection, scope, group_id, "H"), level == "organization"),
        (
            set_workspace_group(connection, scope, world.first, group_id),
            level == "organization",
        ),
        (rename_workspace(connection, scope, world.first, "X"), level != "project"),
        (create_project(connection, scope, "P", world.first), level != "project"),
        (rename_project(connection, scope, world.near, "Q"), True),
    ]
    for act, is_theirs in acts:
        if is_admin and is_theirs:
            await act
        else:
            with pytest.raises(ForbiddenError):
                await act


@pytest.mark.parametrize("level", ["workspace", "project"])
async def test_what_is_elsewhere_is_not_there(
    connection: asyncpg.Connection, world: World, level: str
) -> None:
    foreign = await make_world(connection)
    scope = await key_with(connection, world, Role.OWNER, world.level(level))
    told = set()
    for project_id in (world.far, foreign.near, uuid7()):
        with pytest.raises(NotFoundError) as caught:
            await rename_project(connection, scope, project_id, "Q")
        told.add(caught.value.message)
    for workspace_id in (world.second, foreign.first, uuid7()):
        with pytest.raises(NotFoundError) as caught:
            await rename_workspace(connection, scope, workspace_id, "Q")
        told.add(caught.value.message)
    assert told == {"There is no such project.", "There is no such workspace."}
    assert await find_workspace(connection, scope, "Second") is None
    assert await find_projects(connection, scope, "Far") == []
    assert {row["name"] for row in await list_projects(connection, scope)} <= {"Near", "Sibling"}
    assert [row["name"] for row in await list_workspaces(connection, scope)] == ["First"]


async def test_a_foreign_group_is_not_there(connection: asyncpg.Connection, world: World) -> None:
    foreign = await make_world(connection)
    group_id = await create_workspace_group(connection, foreign.system, "Theirs")
    with pytest.raises(NotFoundError):
        await rename_workspace_group(connection, world.system, group_id, "Ours")
    with pytest.raises(NotFoundError):
        await set_workspace_group(connection, world.system, world.first, group_id)


@pytest.mark.parametrize(
    ("kind", "act"),
    [
        ("workspace", lambda c, w: create_workspace(c, w.system, " Second ")),
        ("workspace", lambda c, w: rename_workspace(c, w.system, w.first, "Second")),
        ("project", lambda c, w: create_project(c, w.system, "Near", w.first)),
        ("project", lambda c, w: rename_project(c, w.system, w.sibling, "Near")),
    ],
)
async def test_a_name_is_taken_once_at_a_level(
    connection: asyncpg.Connection, world: World, kind: str, act: object
) -> None:
    with pytest.raises(UserErrors) as caught:
        await act(connection, world)  # type: ignore[operator]
    assert caught.value.errors[0].code == "CONFLICT"
    assert kind in caught.value.errors[0].message


async def test_two_workspaces_may_have_projects_of_one_name(
    connection: asyncpg.Connection, world: World
) -> None:
    other = await create_project(connection, world.system, "Near", world.second)
    assert set(await find_projects(connection, world.system, "Near")) == {world.near, other}
    assert await find_projects(connection, world.system, "Near", workspace="Second") == [other]


async def test_what_an_import_names_is_made_once_and_has_an_owner(database: Database) -> None:
    async with database.transaction() as connection:
        organization_id = await create_organization(connection, f"Import {uuid7()}")
        scope = Scope.system(organization_id)
        owner_id = await make_person(connection)
        await grant_role(connection, scope, owner_id, Role.OWNER)

    async def make() -> tuple[object, bool]:
        async with database.transaction() as connection:
            return await get_or_create_project(connection, scope, "/home/ada/site")

    made = await asyncio.gather(*(make() for _ in range(6)))

    assert len({project_id for project_id, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1
    async with database.connection() as connection:
        rows = await list_projects(connection, scope)
        owner = await connection.fetchval("SELECT email FROM app_user WHERE id = $1", owner_id)
    assert [(row["workspace_name"], row["owner_email"]) for row in rows] == [("Default", owner)]


async def test_a_maker_owns_what_they_make_and_gives_it_away_only_as_owner(
    connection: asyncpg.Connection, world: World
) -> None:
    admin = await person_with(connection, world, Role.ADMIN)
    member = await person_with(connection, world, Role.MEMBER)
    assert admin.user_id is not None
    assert member.user_id is not None

    project_id = await create_project(connection, admin, "Mine", world.first)
    with pytest.raises(ForbiddenError):
        await create_project(connection, admin, "P", world.first, owner_id=member.user_id)
    with pytest.raises(ForbiddenError):
        await set_project_owner(connection, admin, world.near, admin.user_id)

    owning = await scope_of(connection, world, admin.user_id)
    assert owning.role_at_project(project_id) == Role.OWNER
    await set_project_owner(connection, owning, project_id, member.user_id)
    after = await scope_of(connection, world, admin.user_id)
    assert after.role_at_project(project_id) == Role.ADMIN


async def test_an_owner_belongs_to_the_organization(
    connection: asyncpg.Connection, world: World
) -> None:
    stranger = await make_person(connection)
    for act in (
        set_project_owner(connection, world.system, world.near, stranger),
        create_project(connection, world.system, "P", world.first, owner_id=stranger),
        get_or_create_project(connection, world.system, "P", owner_id=stranger),
    ):
        with pytest.raises(UserErrors) as caught:
            await act
        assert caught.value.errors[0].field == ("ownerId",)


async def test_a_former_owner_loses_the_keys_that_owning_allowed(
    connection: asyncpg.Connection, world: World
) -> None:
    member = await person_with(connection, world, Role.MEMBER)
    await set_project_owner(connection, world.system, world.near, member.user_id)
    strong = await create_key(
        connection,
        world.system,
        name="strong",
        role=Role.OWNER,
        level=Level(project_id=world.near),
        user_id=member.user_id,
    )
    weak = await create_key(
        connection, world.system, name="weak", role=Role.MEMBER, user_id=member.user_id
    )

    await set_project_owner(connection, world.system, world.near, None)

    assert await open_key(connection, strong.secret) is None
    assert await open_key(connection, weak.secret) is not None


async def test_workspaces_are_found_or_made(connection: asyncpg.Connection, world: World) -> None:
    assert await get_or_create_workspace(connection, world.system, "First") == world.first
    made = await get_or_create_workspace(connection, world.system, "Third")
    assert await find_workspace(connection, world.system, "Third") == made
    group_id = await create_workspace_group(connection, world.system, "Team")
    await set_workspace_group(connection, world.system, made, group_id)
    groups = {
        row["name"]: row["group_name"] for row in await list_workspaces(connection, world.system)
    }
    assert groups == {"First": None, "Second": None, "Third": "Team"}
