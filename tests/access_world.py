"""Organizations, people and keys for tests of who may what, made by the functions under test."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from models.access import KeyAccess, Role, Scope, key_access, user_access
from models.api_key import create_key, hash_secret
from models.ids import uuid7
from models.level import Level
from models.membership import grant_role
from models.organization import create_organization
from models.project import create_project
from models.user import get_or_create_user
from models.workspace import create_workspace

EVERY_ROLE = tuple(Role)


@dataclass(frozen=True)
class World:
    """An organization: two projects in its first workspace, one in its second, one OWNER."""

    organization_id: UUID
    name: str
    first: UUID
    second: UUID
    near: UUID
    sibling: UUID
    far: UUID
    owner_id: UUID
    system: Scope

    def level(self, kind: str) -> Level:
        """The organization, its first workspace, or a project in it."""
        return {
            "organization": Level(),
            "workspace": Level(workspace_id=self.first),
            "project": Level(project_id=self.near),
        }[kind]


async def make_world(connection: asyncpg.Connection, name: str | None = None) -> World:
    name = name or f"World {uuid7()}"
    organization_id = await create_organization(connection, name)
    system = Scope.system(organization_id)
    owner_id = await make_person(connection)
    await grant_role(connection, system, owner_id, Role.OWNER)
    first = await create_workspace(connection, system, "First")
    second = await create_workspace(connection, system, "Second")
    projects = [
        await create_project(connection, system, project, workspace)
        for project, workspace in (("Near", first), ("Sibling", first), ("Far", second))
    ]
    return World(organization_id, name, first, second, *projects, owner_id, system)


async def make_person(connection: asyncpg.Connection) -> UUID:
    """A person of a name and address of their own, who belongs nowhere yet."""
    user_id, _ = await get_or_create_user(connection, f"{uuid7()}@example.com")
    return user_id


async def person_with(
    connection: asyncpg.Connection, world: World, role: Role, level: Level | None = None
) -> Scope:
    """The scope of a new person with one role."""
    user_id = await make_person(connection)
    await grant_role(connection, world.system, user_id, role, level or Level())
    return await scope_of(connection, world, user_id)


async def scope_of(connection: asyncpg.Connection, world: World, user_id: UUID) -> Scope:
    scope = await user_access(connection, user_id, world.organization_id)
    assert scope is not None
    return scope


async def key_with(
    connection: asyncpg.Connection, world: World, role: Role, level: Level | None = None
) -> Scope:
    """The scope of a new key that belongs to nobody."""
    made = await create_key(connection, world.system, name="key", role=role, level=level or Level())
    access = await open_key(connection, made.secret)
    assert access is not None
    return access.scope


async def open_key(connection: asyncpg.Connection, secret: str) -> KeyAccess | None:
    return await key_access(connection, hash_secret(secret))
