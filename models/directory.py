"""Reading what there is: organizations, workspaces, projects, people and keys, by id and by name.

Every function takes the caller's `Scope` and pins its organization; things out of reach are left
out, so that to the caller they do not exist. Refused: changes (see each noun), secrets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.billing_cycle import BillingCycles, CycleAnchors
from models.db import sql
from models.local_time import TimeZones
from models.money import BudgetStatus
from models.page import FIRST_NAME, Named, Page, PageKey, page, page_parameters, pages


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant, with the zones in which its days and months begin, and the days of its cycles.

    `viewer_role` is the caller's role at it as a whole; None when only a part was shared.
    """

    id: UUID
    name: str
    billing_mode: str
    plan: str
    anchors: CycleAnchors
    zones: TimeZones
    viewer_role: Role | None

    @property
    def cycles(self) -> BillingCycles:
        """Its billing cycles."""
        return BillingCycles(self.zones, self.anchors)


class WorkspaceGroup(NamedTuple):
    """A set of workspaces."""

    id: UUID
    organization_id: UUID
    name: str


class Workspace(NamedTuple):
    """The level between organization and project."""

    id: UUID
    organization_id: UUID
    name: str
    group_id: UUID | None


class Project(NamedTuple):
    """What money is spent on."""

    id: UUID
    organization_id: UUID
    workspace_id: UUID
    owner_id: UUID | None
    name: str
    created_at: datetime


class Person(NamedTuple):
    """A person; whom the address may be shown to is for the caller to decide.

    `is_member` tells whether they belong to the organization today.
    """

    id: UUID
    name: str
    email: str
    is_member: bool


class ApiKey(NamedTuple):
    """A program's credential, without its secret: it acts with `role` at its level."""

    id: UUID
    organization_id: UUID
    name: str
    prefix: str
    role: str
    user_id: UUID | None
    workspace_id: UUID | None
    project_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class Membership(NamedTuple):
    """A person's role at one level; `name` is the person's."""

    id: UUID
    organization_id: UUID
    user_id: UUID
    workspace_id: UUID | None
    project_id: UUID | None
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class ProjectFilter:
    """Which projects to list: what is given is all met; `budget_status` is that of `month`."""

    month: date
    workspace_id: UUID | None = None
    owner_id: UUID | None = None
    budget_status: BudgetStatus | None = None


Row = TypeVar("Row", Workspace, WorkspaceGroup, Project, Person, ApiKey)


def in_order(ids: Sequence[UUID], found: Iterable[Row]) -> list[Row | None]:
    """For each id what was found, or None."""
    by_id = {thing.id: thing for thing in found}
    return [by_id.get(id) for id in ids]


async def load_organization(connection: asyncpg.Connection, scope: Scope) -> Organization:
    """The organization in which the request acts."""
    row = await connection.fetchrow(sql("organization_show"), scope.organization_id)
    if row is None:
        raise LookupError(f"organization {scope.organization_id} does not exist")
    return _organization(scope.organization_id, row, scope.organization_role)


async def list_organizations(connection: asyncpg.Connection, scope: Scope) -> list[Organization]:
    """The organizations of the person who asks, by name, at most 100; a key's is its own alone."""
    if scope.user_id is None or scope.api_key_id is not None:
        return [await load_organization(connection, scope)]
    rows = await connection.fetch(sql("organization_of_person"), scope.user_id)
    return [
        _organization(row["id"], row, Role[row["role"]] if row["role"] else None) for row in rows
    ]


def _organization(id: UUID, row: asyncpg.Record, viewer_role: Role | None) -> Organization:
    return Organization(
        id=id,
        name=row["organization_name"],
        billing_mode=row["billing_mode"],
        plan=row["plan"],
        anchors=CycleAnchors(row["cycle_anchor_day"], row["anchor_starts"], row["anchor_days"]),
        zones=TimeZones(row["zone_starts"], row["zone_names"]),
        viewer_role=viewer_role,
    )


async def load_workspaces(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[Workspace | None]:
    """Workspaces within reach."""
    reach = scope.workspace_ids
    wanted = list(ids) if reach is None else [id for id in ids if id in set(reach)]
    rows = await connection.fetch(sql("workspace_show"), scope.organization_id, wanted)
    return in_order(ids, map(Workspace._make, rows))


async def load_workspace_groups(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[WorkspaceGroup | None]:
    """Groups of workspaces: their names are no secret within the organization."""
    rows = await connection.fetch(sql("workspace_group_show"), scope.organization_id, list(ids))
    return in_order(ids, map(WorkspaceGroup._make, rows))


async def load_projects(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> tuple[list[Project | None], Organization | None]:
    """Projects within reach, and the organization, which comes along when any was found."""
    rows = await connection.fetch(sql("project_show"), scope.organization_id, list(ids))
    found = [Project._make(tuple(row)[: len(Project._fields)]) for row in rows]
    reached = (it for it in found if scope.role_at_project(it.id, it.workspace_id))
    organization = (
        _organization(scope.organization_id, rows[0], scope.organization_role) if rows else None
    )
    return in_order(ids, reached), organization


async def load_people(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[Person | None]:
    """People whom rows within reach name; of ids from outside only members may be shown."""
    rows = await connection.fetch(sql("person_show"), scope.organization_id, list(ids))
    return in_order(ids, map(Person._make, rows))


async def load_api_keys(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[ApiKey | None]:
    """Keys of the organization."""
    rows = await connection.fetch(sql("api_key_show"), scope.organization_id, list(ids))
    return in_order(ids, map(ApiKey._make, rows))


async def list_api_keys(
    connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
) -> list[Page[ApiKey]]:
    """A page of the keys of each workspace and its projects, by name.

    The organization's own id stands for all of its keys.
    """
    rows = await connection.fetch(
        sql("api_key_list"), scope.organization_id, *page_parameters(keys, FIRST_NAME)
    )
    return pages(keys, rows, ApiKey._make)


async def list_memberships(
    connection: asyncpg.Connection, scope: Scope, key: PageKey
) -> Page[Membership]:
    """Memberships, by the person's name."""
    place = key.after or FIRST_NAME
    rows = await connection.fetch(
        sql("membership_page"), scope.organization_id, *place, key.size + 1
    )
    return page([Membership._make(row) for row in rows], key.size)


async def load_membership(
    connection: asyncpg.Connection, scope: Scope, membership_id: UUID
) -> Membership | None:
    """A membership by id."""
    row = await connection.fetchrow(sql("membership_show"), scope.organization_id, membership_id)
    return Membership._make(row) if row else None


async def list_workspaces(
    connection: asyncpg.Connection, scope: Scope, key: PageKey
) -> Page[Workspace]:
    """Workspaces within reach, by name."""
    rows = await connection.fetch(
        sql("workspace_list"),
        scope.organization_id,
        scope.workspace_ids,
        *(key.after or FIRST_NAME),
        key.size + 1,
    )
    return page([Workspace._make(row) for row in rows], key.size)


async def list_workspace_groups(
    connection: asyncpg.Connection, scope: Scope, key: PageKey
) -> Page[WorkspaceGroup]:
    """Workspace groups, by name."""
    place = key.after or FIRST_NAME
    rows = await connection.fetch(
        sql("workspace_group_list"), scope.organization_id, *place, key.size + 1
    )
    return page([WorkspaceGroup._make(row) for row in rows], key.size)


async def list_projects(
    connection: asyncpg.Connection,
    scope: Scope,
    wanted: ProjectFilter,
    size: int,
    after: Named | None,
) -> Page[Project]:
    """Projects within reach, by name."""
    rows = await connection.fetch(
        sql("project_list"),
        scope.organization_id,
        scope.project_ids,
        wanted.workspace_id,
        wanted.owner_id,
        wanted.budget_status,
        wanted.month,
        *(after or FIRST_NAME),
        size + 1,
    )
    return page([Project._make(row) for row in rows], size)


async def list_projects_of_workspaces(
    connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
) -> list[Page[Project]]:
    """A page of the projects within reach of each workspace, by name."""
    rows = await connection.fetch(
        sql("project_list_by_workspace"),
        scope.organization_id,
        scope.project_ids,
        *page_parameters(keys, FIRST_NAME),
    )
    return pages(keys, rows, Project._make)
