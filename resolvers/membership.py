"""Memberships: who has which role at which level; given and taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import asyncpg
import strawberry
from strawberry import UNSET, field

from models import access, directory, errors
from models.level import Level
from models.membership import grant_role, take_role
from models.user import get_or_create_user
from resolvers import node
from resolvers.connection import PageInfo
from resolvers.context import Context, Info
from resolvers.enums import Role
from resolvers.field import computed, given
from resolvers.mutation import WHAT_TO_DO, change
from resolvers.node import parse_id, public_id
from resolvers.project import Project
from resolvers.user import User
from resolvers.user_error import UserError
from resolvers.workspace import Workspace


async def _user(root: directory.Membership, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.user_id)


async def _workspace(root: directory.Membership, info: Info) -> directory.Workspace | None:
    if root.workspace_id is None:
        return None
    return await info.context.loaders.workspace.load(root.workspace_id)


async def _project(root: directory.Membership, info: Info) -> directory.Project | None:
    return await info.context.loaders.project.load(root.project_id) if root.project_id else None


@strawberry.type(
    description="A person's role at the organization as a whole, at a workspace or at a project."
)
class Membership:
    id: strawberry.ID = computed(public_id(node.MEMBERSHIP), description="Identity, for caches.")
    user: User = computed(_user, description="Who has the role.")
    role: Role = field(description="The role.")
    workspace: Workspace | None = computed(
        _workspace, description="Where, for a role at a workspace; null otherwise."
    )
    project: Project | None = computed(
        _project, description="Where, for a role at a project; null otherwise."
    )


@strawberry.type(description="One entry of a page of memberships.")
class MembershipEdge:
    cursor: str = field(description="Where it stands.")
    node: Membership = field(description="The membership.")


@strawberry.type(description="Memberships, a page at a time.")
class MembershipConnection:
    edges: list[MembershipEdge] = field(description="Entries with their cursors.")
    nodes: list[Membership] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.input(
    description="A role to give, in place of the one that the person has at the same level."
)
class GrantMembershipInput:
    email: str = field(
        description="Address of the person; somebody new is written down and may sign in with it."
    )
    name: str | None = field(
        default=UNSET, description="Name to show, for somebody new; from the address when omitted."
    )
    role: Role = field(description="The role; OWNER takes OWNER to give.")
    workspace_id: strawberry.ID | None = field(
        default=UNSET, description="At this workspace; at the organization with neither id."
    )
    project_id: strawberry.ID | None = field(
        default=UNSET, description="At this project; at the organization with neither id."
    )


@strawberry.input(description="A role to take away.")
class RevokeMembershipInput:
    user_id: strawberry.ID = field(description="Whose.")
    workspace_id: strawberry.ID | None = field(
        default=UNSET, description="At this workspace; at the organization with neither id."
    )
    project_id: strawberry.ID | None = field(
        default=UNSET, description="At this project; at the organization with neither id."
    )


@strawberry.type(description="Answer to `grantMembership`.")
class GrantMembershipPayload:
    membership: Membership | None = field(
        description="The membership as it is now; null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@strawberry.type(description="Answer to `revokeMembership`.")
class RevokeMembershipPayload:
    user: User | None = field(description="Whose role was taken away; null when refused.")
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Granted:
    membership: directory.Membership | None
    user_errors: Sequence[errors.UserError]


@dataclass(frozen=True, slots=True)
class _Revoked:
    user: directory.Person | None
    user_errors: Sequence[errors.UserError]


def level_of(
    context: Context, workspace_id: strawberry.ID | None, project_id: strawberry.ID | None
) -> Level:
    """The level that two optional ids name; raises UserErrors when both are given."""
    workspace, project = given(workspace_id), given(project_id)
    if workspace is not None and project is not None:
        message = "projectId and workspaceId are both given; at most one of them is expected."
        raise errors.UserErrors([errors.UserError("INVALID", message, ("projectId",))])
    return Level(
        None if workspace is None else parse_id(context.scope, node.WORKSPACE, workspace),
        None if project is None else parse_id(context.scope, node.PROJECT, project),
    )


async def grant_membership(
    info: Info, input: Annotated[GrantMembershipInput, WHAT_TO_DO]
) -> _Granted:
    """Gives a person a role."""
    context, scope = info.context, info.context.scope

    async def work(connection: asyncpg.Connection) -> directory.Membership | None:
        level = level_of(context, input.workspace_id, input.project_id)
        user_id, _ = await get_or_create_user(connection, input.email, name=given(input.name))
        role = access.Role[input.role.name]
        id: UUID = await grant_role(connection, scope, user_id, role, level)
        return await directory.load_membership(connection, scope, id)

    outcome = await change(context, work)
    return _Granted(outcome.made, outcome.user_errors)


async def revoke_membership(
    info: Info, input: Annotated[RevokeMembershipInput, WHAT_TO_DO]
) -> _Revoked:
    """Takes a person's role away."""
    context, scope = info.context, info.context.scope

    async def work(connection: asyncpg.Connection) -> UUID:
        level = level_of(context, input.workspace_id, input.project_id)
        user_id = parse_id(scope, node.USER, input.user_id)
        await take_role(connection, scope, user_id, level)
        return user_id

    outcome = await change(context, work)
    if outcome.made is None:
        return _Revoked(None, outcome.user_errors)
    return _Revoked(await context.loaders.person.load(outcome.made), ())
