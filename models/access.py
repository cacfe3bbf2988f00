"""Who asks, and what they may reach: settled once per request, in one statement.

A `Scope` is the only way to tenant tables: every statement takes its organization and projects
from it. Decisions behind it are in docs/decisions/0005-who-may-see-what.md. Refused: caching a
scope beyond its request (a revoked key must fail at once), and any answer that tells a foreign
thing from one that does not exist.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from uuid import UUID

import asyncpg

from models.db import sql
from models.errors import ForbiddenError, NotFoundError


class Role(IntEnum):
    """What someone may do at an organization, workspace or project; a higher one includes lower."""

    VIEWER = 1
    MEMBER = 2
    ADMIN = 3
    OWNER = 4


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a program by its key, a person by a token, or, with neither, the command line."""

    organization_id: UUID
    user_id: UUID | None
    api_key_id: UUID | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a principal may reach in the one organization in which its request acts.

    `organization_role` is None when only a workspace or project below was shared. `project_roles`
    has the highest role that was given below the organization, by project, and
    `project_workspaces` the workspace of each of them; both are empty where the role at the
    organization cannot be surpassed.
    """

    principal: Principal
    organization_role: Role | None = None
    workspace_roles: Mapping[UUID, Role] = field(default_factory=dict)
    project_roles: Mapping[UUID, Role] = field(default_factory=dict)
    project_workspaces: Mapping[UUID, UUID] = field(default_factory=dict)

    @classmethod
    def system(cls, organization_id: UUID) -> "Scope":
        """The command line's scope: whoever can open the database may do everything in it."""
        return cls(Principal(organization_id, None, None), Role.OWNER)

    @property
    def organization_id(self) -> UUID:
        """The organization to which every statement of the request is pinned."""
        return self.principal.organization_id

    @property
    def user_id(self) -> UUID | None:
        """The person who asks, or to whom the asking key belongs."""
        return self.principal.user_id

    @property
    def api_key_id(self) -> UUID | None:
        """The key in use; None with a token."""
        return self.principal.api_key_id

    @property
    def is_system(self) -> bool:
        """Whether the command line asks: nobody's key and nobody's token."""
        return self.user_id is None and self.api_key_id is None

    @property
    def sees_all_projects(self) -> bool:
        """Whether the organization as a whole is within reach, so that no list is needed."""
        return self.organization_role is not None

    @property
    def project_ids(self) -> list[UUID] | None:
        """For statements: the reachable projects, or None for all of the organization's."""
        return None if self.sees_all_projects else list(self.project_roles)

    @property
    def workspace_ids(self) -> list[UUID] | None:
        """For statements: the visible workspaces, or None for all of the organization's."""
        if self.sees_all_projects:
            return None
        return list({*self.workspace_roles, *self.project_workspaces.values()})

    @property
    def sees_figures(self) -> bool:
        """Whether figures of the organization as a whole may be seen."""
        return self.organization_role is not None and self.organization_role >= Role.ADMIN

    def role_at_workspace(self, workspace_id: UUID) -> Role | None:
        """The highest role at a workspace of this organization; None without any."""
        return _highest(self.organization_role, self.workspace_roles.get(workspace_id))

    def role_at_project(self, project_id: UUID, workspace_id: UUID | None = None) -> Role | None:
        """The highest role at a project of this organization; None when it is not reachable.

        `workspace_id` matters only for a project made after the scope was settled.
        """
        above = self.role_at_workspace(workspace_id) if workspace_id else self.organization_role
        return _highest(above, self.project_roles.get(project_id))

    def require_organization(self, role: Role) -> Role:
        """The role held. ForbiddenError below `role`: the organization is no secret to its own."""
        held = self.organization_role
        if held is None or held < role:
            raise ForbiddenError(f"This takes {role.name} of the organization.")
        return held

    def require_workspace(self, workspace_id: UUID, role: Role) -> Role:
        """The role held. NotFoundError for a workspace out of reach, ForbiddenError below `role`.

        Whether the workspace exists in this organization is for the statement that follows, or
        for `locate_workspace`.
        """
        held = self.role_at_workspace(workspace_id)
        if held is None and workspace_id not in self.project_workspaces.values():
            raise NotFoundError("There is no such workspace.")
        if held is None or held < role:
            raise ForbiddenError(f"This takes {role.name} of the workspace.")
        return held

    def require_project(
        self, project_id: UUID, role: Role, workspace_id: UUID | None = None
    ) -> Role:
        """The role held. NotFoundError for a project out of reach, ForbiddenError below `role`.

        To a caller who sees the whole organization every id looks reachable: for an id that came
        from outside use `locate_project`, which asks whether it exists first.
        """
        held = self.role_at_project(project_id, workspace_id)
        if held is None:
            raise NotFoundError("There is no such project.")
        if held < role:
            raise ForbiddenError(f"This takes {role.name} of the project.")
        return held


def _highest(*roles: Role | None) -> Role | None:
    return max((role for role in roles if role is not None), default=None)


async def locate_workspace(
    connection: asyncpg.Connection, scope: Scope, workspace_id: UUID, role: Role = Role.VIEWER
) -> Role:
    """The role held at a workspace.

    Raises NotFoundError alike for a foreign, unreachable and unknown one, ForbiddenError below
    `role`.
    """
    if not await connection.fetchval(sql("workspace_exists"), scope.organization_id, workspace_id):
        raise NotFoundError("There is no such workspace.")
    return scope.require_workspace(workspace_id, role)


async def locate_project(
    connection: asyncpg.Connection, scope: Scope, project_id: UUID, role: Role = Role.VIEWER
) -> Role:
    """The role held at a project.

    Raises NotFoundError alike for a foreign, unreachable and unknown one, ForbiddenError below
    `role`.
    """
    workspace_id: UUID | None = await connection.fetchval(
        sql("project_workspace"), scope.organization_id, project_id
    )
    if workspace_id is None:
        raise NotFoundError("There is no such project.")
    return scope.require_project(project_id, role, workspace_id)


async def owned_project_ids(connection: asyncpg.Connection, scope: Scope) -> list[UUID]:
    """The reachable projects that the principal's person owns: what 003 calls a portfolio."""
    if scope.user_id is None:
        return []
    rows = await connection.fetch(
        sql("project_owned"), scope.organization_id, scope.user_id, scope.project_ids
    )
    return [row["id"] for row in rows]


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """What a key's secret opened. `touch_due`: its last use was noted over a minute ago."""

    scope: Scope
    touch_due: bool


async def key_access(connection: asyncpg.Connection, secret_hash: bytes) -> KeyAccess | None:
    """The scope of the key with this SHA-256; None when unknown, revoked, expired or orphaned."""
    return (await key_accesses(connection, [secret_hash])).get(secret_hash)


async def key_accesses(
    connection: asyncpg.Connection, secret_hashes: Sequence[bytes]
) -> dict[bytes, KeyAccess]:
    """The same of several keys, in one statement; those that open nothing are left out."""
    rows = await connection.fetch(sql("access_key"), secret_hashes)
    found = ((secret_hashes[row["place"] - 1], row) for row in rows)
    return {
        secret_hash: KeyAccess(_scope(row), row["touch_due"])
        for secret_hash, row in found
        if hmac.compare_digest(row["secret_hash"], secret_hash)
    }


@dataclass(frozen=True, slots=True)
class PersonAccess:
    """A known person. `scope` is None when the organization asked for is not one of theirs."""

    user_id: UUID
    scope: Scope | None


async def person_access(
    connection: asyncpg.Connection, subject: str, organization_id: UUID | None
) -> PersonAccess | None:
    """The scope of the person whom tokens call `subject`; None for nobody of ours.

    It is that of `organization_id`, or when None of the one that the person belongs to longest.
    """
    row = await connection.fetchrow(sql("access_person"), subject, organization_id, None)
    if row is None:
        return None
    if row["organization_id"] is None:
        return PersonAccess(row["user_id"], None)
    return PersonAccess(row["user_id"], _scope(row))


async def user_access(
    connection: asyncpg.Connection, user_id: UUID, organization_id: UUID
) -> Scope | None:
    """The scope that a person has in an organization, whatever they ask with; None if none."""
    row = await connection.fetchrow(sql("access_person"), None, organization_id, user_id)
    if row is None or row["organization_id"] is None:
        return None
    return _scope(row)


def _scope(row: asyncpg.Record) -> Scope:
    """Folds grants and projects into the highest role at each level."""
    organization_role: Role | None = None
    workspace_roles: dict[UUID, Role] = {}
    direct_roles: dict[UUID, Role] = {}
    for name, workspace_id, project_id in zip(
        row["roles"], row["role_workspace_ids"], row["role_project_ids"], strict=True
    ):
        role = Role[name]
        if workspace_id is not None:
            workspace_roles[workspace_id] = role
        elif project_id is not None:
            direct_roles[project_id] = role
        else:
            organization_role = role
    project_roles: dict[UUID, Role] = {}
    owned = set(row["owned_project_ids"])
    project_workspaces = dict(zip(row["project_ids"], row["project_workspace_ids"], strict=True))
    for project_id, workspace_id in project_workspaces.items():
        if project_id in owned:
            project_roles[project_id] = Role.OWNER
        elif project_id not in direct_roles:
            project_roles[project_id] = workspace_roles[workspace_id]
        else:
            direct = direct_roles[project_id]
            project_roles[project_id] = max(direct, workspace_roles.get(workspace_id, direct))
    return Scope(
        Principal(row["organization_id"], row["user_id"], row["api_key_id"]),
        organization_role,
        workspace_roles,
        project_roles,
        project_workspaces,
    )
