"""Memberships: who may give and take which role, and what goes with a role that was taken."""

import asyncio
import json

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

from models.access import Role, user_access
from models.api_key import create_key
from models.db import Database
from models.errors import ForbiddenError, NotFoundError, UserErrors
from models.ids import uuid7
from models.level import Level
from models.membership import grant_role, list_memberships, take_role
from models.project import set_project_owner
from models.user import clean_email, find_user, get_or_create_user, list_users

LEVELS = ("organization", "workspace", "project")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("given_role", EVERY_ROLE)
@pytest.mark.parametrize("held", EVERY_ROLE)
async def test_roles_are_given_and_taken_by_admins_and_owner_by_owners(
    connection: asyncpg.Connection, world: World, held: Role, given_role: Role, level: str
) -> None:
    at = world.level(level)
    scope = await key_with(connection, world, held, at)
    person = await make_person(connection)
    is_allowed = held >= (Role.OWNER if given_role is Role.OWNER else Role.ADMIN)

    if is_allowed:
        await grant_role(connection, scope, person, given_role, at)
        assert at.role_of(await scope_of(connection, world, person)) is given_role
        await take_role(connection, scope, person, at)
        assert await user_access(connection, person, world.organization_id) is None
    else:
        with pytest.raises(ForbiddenError):
            await grant_role(connection, scope, person, given_role, at)
        await grant_role(connection, world.system, person, given_role, at)
        with pytest.raises(ForbiddenError):
            await take_role(connection, scope, person, at)


async def test_an_admin_does_not_change_an_owner(
    connection: asyncpg.Connection, world: World
) -> None:
    admin = await person_with(connection, world, Role.ADMIN)
    second = await person_with(connection, world, Role.OWNER)
    assert second.user_id is not None
    with pytest.raises(ForbiddenError):
        await grant_role(connection, admin, second.user_id, Role.VIEWER)


async def test_foreign_and_unknown_levels_answer_alike(
    connection: asyncpg.Connection, world: World
) -> None:
    foreign = await make_world(connection)
    person = await make_person(connection)
    told = set()
    for project_id in (foreign.near, uuid7()):
        with pytest.raises(NotFoundError) as caught:
            await grant_role(
                connection, world.system, person, Role.VIEWER, Level(project_id=project_id)
            )
        told.add(caught.value.message)
    assert len(told) == 1


async def test_the_last_owner_stays(connection: asyncpg.Connection, world: World) -> None:
    with pytest.raises(UserErrors, match="without an OWNER"):
        await _undone(connection, take_role(connection, world.system, world.owner_id))
    with pytest.raises(UserErrors, match="without an OWNER"):
        await _undone(connection, grant_role(connection, world.system, world.owner_id, Role.ADMIN))

    await person_with(connection, world, Role.OWNER)
    await take_role(connection, world.system, world.owner_id)
    assert await user_access(connection, world.owner_id, world.organization_id) is None


async def _undone(connection: asyncpg.Connection, act: object) -> None:
    async with connection.transaction():
        await act  # type: ignore[misc]


async def test_two_owners_cannot_take_each_others_role_at_once(database: Database) -> None:
    async with database.transaction() as connection:
        world = await make_world(connection)
        second = await person_with(connection, world, Role.OWNER)
    assert second.user_id is not None
    owners = (world.owner_id, second.user_id)

    async def take(user_id: object) -> str:
        try:
            async with database.transaction() as connection:
                await take_role(connection, world.system, user_id)  # type: ignore[arg-type]
        except UserErrors:
            return "refused"
        return "taken"

    assert sorted(await asyncio.gather(*map(take, owners))) == ["refused", "taken"]


async def test_giving_the_same_role_again_changes_nothing(
    connection: asyncpg.Connection, world: World
) -> None:
    person = await make_person(connection)
    first = await grant_role(connection, world.system, person, Role.MEMBER)
    again = await grant_role(connection, world.system, person, Role.MEMBER)
    other = await grant_role(connection, world.system, person, Role.VIEWER)
    assert first == again == other
    acts = await connection.fetch(
        "SELECT old_value, new_value FROM audit_event WHERE subject_id = $1 ORDER BY id", first
    )
    roles = [tuple(json.loads(value)["role"] if value else None for value in act) for act in acts]
    assert roles == [(None, "MEMBER"), ("MEMBER", "VIEWER")]


async def test_lowering_a_person_ends_the_keys_that_are_stronger_than_what_remains(
    connection: asyncpg.Connection, world: World
) -> None:
    admin = await person_with(connection, world, Role.ADMIN)
    person = admin.user_id
    assert person is not None
    here = Level(workspace_id=world.first)
    await grant_role(connection, world.system, person, Role.MEMBER, here)
    keys = {
        (role, level): await create_key(
            connection, world.system, name="key", role=role, level=level, user_id=person
        )
        for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER)
        for level in (Level(), here, Level(project_id=world.far))
    }

    await grant_role(connection, world.system, person, Role.VIEWER)

    for (role, level), made in keys.items():
        limit = Role.MEMBER if level == here else Role.VIEWER
        works = await open_key(connection, made.secret) is not None
        assert works is (role <= limit), (role, level)


async def test_leaving_takes_keys_and_ownership_along(
    connection: asyncpg.Connection, world: World
) -> None:
    member = await person_with(connection, world, Role.MEMBER)
    person = member.user_id
    assert person is not None
    await set_project_owner(connection, world.system, world.near, person)
    made = await create_key(connection, world.system, name="key", role=Role.VIEWER, user_id=person)

    await take_role(connection, world.system, person)

    assert await open_key(connection, made.secret) is None
    assert await user_access(connection, person, world.organization_id) is None
    owner = await connection.fetchval("SELECT owner_id FROM project WHERE id = $1", world.near)
    assert owner is None
    with pytest.raises(UserErrors) as caught:
        await take_role(connection, world.system, person)
    assert caught.value.errors[0].code == "NOT_FOUND"


async def test_leaving_one_organization_leaves_the_others_alone(
    connection: asyncpg.Connection, world: World
) -> None:
    other = await make_world(connection)
    member = await person_with(connection, world, Role.MEMBER)
    assert member.user_id is not None
    await grant_role(connection, other.system, member.user_id, Role.MEMBER)
    made = await create_key(
        connection, other.system, name="key", role=Role.MEMBER, user_id=member.user_id
    )

    await take_role(connection, world.system, member.user_id)

    assert await open_key(connection, made.secret) is not None
    assert await user_access(connection, member.user_id, other.organization_id) is not None


async def test_people_are_listed_to_admins_alone(
    connection: asyncpg.Connection, world: World
) -> None:
    await person_with(connection, world, Role.VIEWER, Level(project_id=world.near))
    member = await key_with(connection, world, Role.MEMBER)

    people = await list_users(connection, world.system)
    memberships = await list_memberships(connection, world.system)

    assert sorted(str(row["role"]) for row in people) == ["None", "OWNER"]
    assert {(row["role"], row["workspace_name"], row["project_name"]) for row in memberships} == {
        ("OWNER", None, None),
        ("VIEWER", "First", "Near"),
    }
    for reading in (list_users, list_memberships):
        with pytest.raises(ForbiddenError):
            await reading(connection, member)


async def test_addresses_are_one_whatever_their_case(connection: asyncpg.Connection) -> None:
    address = f"Ada.{uuid7()}@Example.com"
    user_id, is_new = await get_or_create_user(connection, f" {address} ")
    assert is_new
    assert await get_or_create_user(connection, address.lower()) == (user_id, False)
    assert await find_user(connection, address.upper()) == user_id


@pytest.mark.parametrize(
    "email", ["", "ada", "@", "a@", "@b", "a b@c", "a@b@c", "a\0@b", "a" * 250 + "@b.cd"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(UserErrors) as caught:
        clean_email(email)
    assert caught.value.errors[0].field == ("email",)
