"""Who may reach what: every role at every level, by key and by person."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.access import (
    Role,
    Scope,
    locate_project,
    locate_workspace,
    owned_project_ids,
    person_access,
    user_access,
)
from models.api_key import create_key, revoke_key, rotate_key
from models.db import Database
from models.errors import DomainError, ForbiddenError, NotFoundError
from models.ids import uuid7
from models.level import Level
from models.membership import grant_role, take_role
from models.project import set_project_owner

LEVELS = ("organization", "workspace", "project")
MakeScope = Callable[[asyncpg.Connection, World, Role, Level | None], Awaitable[Scope]]


@pytest.mark.parametrize("make_scope", [person_with, key_with])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("role", EVERY_ROLE)
async def test_a_role_holds_at_its_level_and_below_and_nowhere_else(
    connection: asyncpg.Connection, world: World, role: Role, level: str, make_scope: MakeScope
) -> None:
    scope = await make_scope(connection, world, role, world.level(level))

    is_high, is_middle = level == "organization", level in ("organization", "workspace")
    assert scope.organization_role == (role if is_high else None)
    assert scope.sees_all_projects is is_high
    assert scope.sees_figures is (is_high and role >= Role.ADMIN)
    assert scope.role_at_workspace(world.first) == (role if is_middle else None)
    assert scope.role_at_workspace(world.second) == (role if is_high else None)
    assert scope.role_at_project(world.near) == role
    assert scope.role_at_project(world.sibling) == (role if is_middle else None)
    assert scope.role_at_project(world.far) == (role if is_high else None)
    if is_high:
        assert scope.project_ids is None
        assert scope.workspace_ids is None
    else:
        expected = {world.near, world.sibling} if is_middle else {world.near}
        assert set(scope.project_ids or ()) == expected
        assert scope.workspace_ids == [world.first]


@pytest.mark.parametrize("demanded", EVERY_ROLE)
@pytest.mark.parametrize("held", EVERY_ROLE)
async def test_a_higher_role_includes_the_lower_ones(
    connection: asyncpg.Connection, world: World, held: Role, demanded: Role
) -> None:
    scope = await key_with(connection, world, held)

    checks: list[Callable[[], Role]] = [
        lambda: scope.require_organization(demanded),
        lambda: scope.require_workspace(world.first, demanded),
        lambda: scope.require_project(world.near, demanded),
    ]
    for check in checks:
        if held >= demanded:
            assert check() is held
        else:
            with pytest.raises(ForbiddenError, match=demanded.name):
                check()


async def test_the_highest_role_wins(connection: asyncpg.Connection, world: World) -> None:
    person = await make_person(connection)
    await grant_role(connection, world.system, person, Role.VIEWER)
    await grant_role(connection, world.system, person, Role.ADMIN, Level(workspace_id=world.first))
    await grant_role(connection, world.system, person, Role.MEMBER, Level(project_id=world.near))
    await grant_role(connection, world.system, person, Role.MEMBER, Level(project_id=world.far))

    scope = await scope_of(connection, world, person)

    assert scope.role_at_project(world.near) == Role.ADMIN
    assert scope.role_at_project(world.sibling) == Role.ADMIN
    assert scope.role_at_project(world.far) == Role.MEMBER
    assert scope.role_at_project(uuid7(), world.first) == Role.ADMIN
    assert scope.role_at_project(uuid7(), world.second) == Role.VIEWER


async def test_owning_a_project_gives_a_person_owner_there(
    connection: asyncpg.Connection, world: World
) -> None:
    viewer = await person_with(connection, world, Role.VIEWER)
    assert viewer.user_id is not None
    await set_project_owner(connection, world.system, world.far, viewer.user_id)

    scope = await scope_of(connection, world, viewer.user_id)

    assert scope.role_at_project(world.far) == Role.OWNER
    assert scope.role_at_project(world.near) == Role.VIEWER
    assert await owned_project_ids(connection, scope) == [world.far]


@pytest.mark.parametrize(
    ("level", "owned"),
    [("organization", {"near", "far"}), ("workspace", {"near"}), ("project", {"near"})],
)
async def test_a_key_acts_with_its_own_role_also_where_its_person_owns(
    connection: asyncpg.Connection, world: World, level: str, owned: set[str]
) -> None:
    for project_id in (world.near, world.far):
        await set_project_owner(connection, world.system, project_id, world.owner_id)
    made = await create_key(
        connection,
        world.system,
        name="key",
        role=Role.VIEWER,
        level=world.level(level),
        user_id=world.owner_id,
    )

    access = await open_key(connection, made.secret)

    assert access is not None
    assert access.scope.role_at_project(world.near) == Role.VIEWER
    assert access.scope.user_id == world.owner_id
    assert access.scope.api_key_id == made.id
    ids = await owned_project_ids(connection, access.scope)
    assert set(ids) == {getattr(world, name) for name in owned}


async def test_a_key_of_nobody_owns_nothing(connection: asyncpg.Connection, world: World) -> None:
    await set_project_owner(connection, world.system, world.near, world.owner_id)
    scope = await key_with(connection, world, Role.OWNER, Level(workspace_id=world.first))
    assert await owned_project_ids(connection, scope) == []
    assert set(scope.project_ids or ()) == {world.near, world.sibling}


async def test_revoking_and_rotating_work_at_once(
    connection: asyncpg.Connection, world: World
) -> None:
    made = await create_key(connection, world.system, name="key", role=Role.MEMBER)
    assert await open_key(connection, made.secret) is not None

    rotated = await rotate_key(connection, world.system, made.id)
    assert await open_key(connection, made.secret) is None
    assert await open_key(connection, rotated.secret) is not None

    await revoke_key(connection, world.system, made.id)
    assert await open_key(connection, rotated.secret) is None


async def test_a_revoked_key_is_refused_even_while_its_hash_can_be_found(
    connection: asyncpg.Connection, world: World
) -> None:
    made = await create_key(connection, world.system, name="key", role=Role.MEMBER)
    await connection.execute(
        "UPDATE api_key SET revoked_at = now() WHERE organization_id = $1 AND id = $2",
        world.organization_id,
        made.id,
    )
    assert await open_key(connection, made.secret) is None


async def test_an_expired_key_is_refused(connection: asyncpg.Connection, world: World) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    made = await create_key(connection, world.system, name="key", role=Role.MEMBER, expires_at=soon)
    assert await open_key(connection, made.secret) is not None

    await connection.execute(
        "UPDATE api_key SET expires_at = now() WHERE organization_id = $1 AND id = $2",
        world.organization_id,
        made.id,
    )
    assert await open_key(connection, made.secret) is None


async def test_a_key_ends_with_its_persons_membership(
    connection: asyncpg.Connection, world: World
) -> None:
    member = await person_with(connection, world, Role.MEMBER)
    assert member.user_id is not None
    made = await create_key(
        connection, world.system, name="key", role=Role.MEMBER, user_id=member.user_id
    )

    await connection.execute("DELETE FROM user_organization WHERE user_id = $1", member.user_id)

    assert await open_key(connection, made.secret) is None


async def test_a_persons_first_organization_is_the_default(
    connection: asyncpg.Connection,
) -> None:
    """Not the first by name: whoever gives roles in another one could choose that."""
    zebra = await make_world(connection, f"Zebra {uuid7()}")
    aardvark = await make_world(connection, f"Aardvark {uuid7()}")
    foreign = await make_world(connection)
    person = await make_person(connection)
    await connection.execute("UPDATE app_user SET subject = $2 WHERE id = $1", person, str(person))
    for world in (zebra, aardvark):
        await grant_role(connection, world.system, person, Role.MEMBER)
    await connection.execute(
        "UPDATE membership SET created_at = now() - interval '1 second'"
        " WHERE organization_id = $1 AND user_id = $2",
        zebra.organization_id,
        person,
    )

    async def organization(wanted: UUID | None) -> UUID | None:
        access = await person_access(connection, str(person), wanted)
        assert access is not None
        assert access.user_id == person
        return access.scope.organization_id if access.scope else None

    assert await organization(None) == zebra.organization_id
    assert await organization(aardvark.organization_id) == aardvark.organization_id
    assert await organization(foreign.organization_id) is None
    assert await organization(uuid7()) is None
    assert await person_access(connection, "nobody", None) is None
    assert await user_access(connection, person, foreign.organization_id) is None


@pytest.mark.parametrize("role", EVERY_ROLE)
@pytest.mark.parametrize("level", LEVELS)
async def test_foreign_unreachable_and_unknown_things_answer_alike(
    connection: asyncpg.Connection, world: World, level: str, role: Role
) -> None:
    foreign = await make_world(connection)
    scope = await key_with(connection, world, role, world.level(level))
    out_of_reach = [] if level == "organization" else [world.far]

    async def answers(
        locate: Callable[..., Awaitable[Role]], ids: list[UUID]
    ) -> set[tuple[str, str]]:
        told = set()
        for id in ids:
            with pytest.raises(DomainError) as caught:
                await locate(connection, scope, id, Role.OWNER)
            told.add((caught.value.code, caught.value.message))
        return told

    assert await answers(locate_project, [foreign.near, uuid7(), *out_of_reach]) == {
        ("NOT_FOUND", "There is no such project.")
    }
    hidden = [] if level == "organization" else [world.second]
    assert await answers(locate_workspace, [foreign.first, uuid7(), *hidden]) == {
        ("NOT_FOUND", "There is no such workspace.")
    }


async def test_a_shared_project_shows_its_workspace_without_a_role(
    connection: asyncpg.Connection, world: World
) -> None:
    scope = await key_with(connection, world, Role.OWNER, Level(project_id=world.near))
    with pytest.raises(ForbiddenError):
        scope.require_workspace(world.first, Role.VIEWER)
    with pytest.raises(NotFoundError):
        scope.require_workspace(world.second, Role.VIEWER)
    with pytest.raises(ForbiddenError):
        scope.require_organization(Role.VIEWER)


async def test_a_person_whose_roles_are_gone_reaches_nothing(
    connection: asyncpg.Connection, world: World
) -> None:
    member = await person_with(connection, world, Role.MEMBER)
    assert member.user_id is not None
    await take_role(connection, world.system, member.user_id)
    assert await user_access(connection, member.user_id, world.organization_id) is None


async def test_a_scope_takes_one_statement(connection: asyncpg.Connection, world: World) -> None:
    made = await create_key(
        connection, world.system, name="key", role=Role.MEMBER, user_id=world.owner_id
    )
    await connection.execute("UPDATE app_user SET subject = 'o' WHERE id = $1", world.owner_id)
    seen: list[str] = []
    with connection.query_logger(lambda record: seen.append(record.query)):
        await open_key(connection, made.secret)
        await person_access(connection, "o", None)
        await asyncio.sleep(0)  # asyncpg logs in the loop's next turn
    assert len(seen) == 2


grants = st.dictionaries(
    st.sampled_from(["organization", "first", "second", "near", "sibling", "far"]),
    st.sampled_from(EVERY_ROLE),
)


@given(grants=grants, owned=st.sets(st.sampled_from(["near", "sibling", "far"])))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_set_of_grants_gives_what_a_plain_model_says(
    database: Database, grants: dict[str, Role], owned: set[str]
) -> None:
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            world = await make_world(connection)
            person = await make_person(connection)
            await connection.execute(
                "INSERT INTO user_organization VALUES ($1, $2)", person, world.organization_id
            )
            for place, role in grants.items():
                await grant_role(connection, world.system, person, role, _level(world, place))
            for project in owned:
                await set_project_owner(connection, world.system, getattr(world, project), person)
            scope = await scope_of(connection, world, person)
            owned_ids = await owned_project_ids(connection, scope)
        finally:
            await transaction.rollback()

    for project, workspace in (("near", "first"), ("sibling", "first"), ("far", "second")):
        given_roles = [grants[at] for at in ("organization", workspace, project) if at in grants]
        expected = max([*given_roles, *([Role.OWNER] if project in owned else [])], default=None)
        project_id = getattr(world, project)
        assert scope.role_at_project(project_id) == expected
        reachable = scope.project_ids is None or project_id in scope.project_ids
        assert reachable is (expected is not None)
    assert set(owned_ids) == {getattr(world, project) for project in owned}


def _level(world: World, place: str) -> Level:
    if place == "organization":
        return Level()
    if place in ("first", "second"):
        return Level(workspace_id=getattr(world, place))
    return Level(project_id=getattr(world, place))
