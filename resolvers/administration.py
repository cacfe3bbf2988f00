"""Organizations, workspaces and projects: made, renamed and arranged, by those who may."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import strawberry
from strawberry import UNSET, field

from models import directory, errors
from models import organization as organizations
from models import project as projects
from models import workspace as workspaces
from resolvers import node
from resolvers.context import Info
from resolvers.field import given
from resolvers.mutation import WHAT_TO_DO, change
from resolvers.node import parse_id
from resolvers.organization import Organization
from resolvers.project import Project
from resolvers.user_error import UserError
from resolvers.workspace import Workspace


@strawberry.input(description="What to change about the viewer's organization.")
class UpdateOrganizationInput:
    name: str | None = field(default=UNSET, description="Name to show; as it is when omitted.")
    time_zone: str | None = field(
        default=UNSET,
        description=(
            "IANA time zone, from the next billing cycle on: days that have been counted stay as "
            "they are. As it is when omitted."
        ),
    )


@strawberry.input(description="A workspace to make.")
class CreateWorkspaceInput:
    name: str = field(description="Name to show, once only in the organization.")


@strawberry.input(description="Another name for a workspace.")
class RenameWorkspaceInput:
    workspace_id: strawberry.ID = field(description="Which workspace.")
    name: str = field(description="Name to show, once only in the organization.")


@strawberry.input(description="A project to make.")
class CreateProjectInput:
    workspace_id: strawberry.ID = field(description="The workspace it belongs to.")
    name: str = field(description="Name to show, once only in the workspace.")
    owner_id: strawberry.ID | None = field(
        default=UNSET,
        description="Who answers for its spend; the viewer when omitted. Others take OWNER.",
    )


@strawberry.input(description="Another name for a project.")
class RenameProjectInput:
    project_id: strawberry.ID = field(description="Which project.")
    name: str = field(description="Name to show, once only in the workspace.")


@strawberry.input(description="Another owner for a project.")
class SetProjectOwnerInput:
    project_id: strawberry.ID = field(description="Which project.")
    owner_id: strawberry.ID = field(description="Who answers for its spend from now on.")


@strawberry.type(description="Answer to `updateOrganization`.")
class UpdateOrganizationPayload:
    organization: Organization | None = field(
        description="The organization as it is now; null when refused."
    )
    time_zone_from: datetime | None = field(
        description="When the new zone comes into force; null when the zone was not asked for."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@strawberry.type(
    description=(
        "Answer to `createWorkspace`, `renameWorkspace`, `setWorkspaceGroup` and "
        "`unsetWorkspaceGroup`."
    )
)
class WorkspacePayload:
    workspace: Workspace | None = field(
        description="The workspace as it is now; null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@strawberry.type(description="Answer to `createProject`, `renameProject` and `setProjectOwner`.")
class ProjectPayload:
    project: Project | None = field(description="The project as it is now; null when refused.")
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Updated:
    organization: directory.Organization | None
    time_zone_from: datetime | None
    user_errors: Sequence[errors.UserError]


@dataclass(frozen=True, slots=True)
class _Workspace:
    workspace: directory.Workspace | None
    user_errors: Sequence[errors.UserError]


@dataclass(frozen=True, slots=True)
class _Project:
    project: directory.Project | None
    user_errors: Sequence[errors.UserError]


Work = Callable[[asyncpg.Connection], Awaitable[UUID]]


async def update_organization(
    info: Info, input: Annotated[UpdateOrganizationInput, WHAT_TO_DO]
) -> _Updated:
    """Renames the organization, or plans another zone for it."""
    context, scope = info.context, info.context.scope
    name, time_zone = given(input.name), given(input.time_zone)

    async def work(connection: asyncpg.Connection) -> datetime | None:
        if name is None and time_zone is None:
            message = "The input is empty; name or timeZone is expected."
            raise errors.UserErrors([errors.UserError("REQUIRED", message)])
        if name is not None:
            await organizations.rename_organization(connection, scope, name)
        if time_zone is None:
            return None
        return await organizations.set_time_zone(connection, scope, time_zone, now=context.now)

    outcome = await change(context, work)
    if outcome.user_errors:
        return _Updated(None, None, outcome.user_errors)
    return _Updated(await context.loaders.organization(), outcome.made, ())


async def _workspace(info: Info, work: Work) -> _Workspace:
    outcome = await change(info.context, work)
    if outcome.made is None:
        return _Workspace(None, outcome.user_errors)
    return _Workspace(await info.context.loaders.workspace.load(outcome.made), ())


async def create_workspace(
    info: Info, input: Annotated[CreateWorkspaceInput, WHAT_TO_DO]
) -> _Workspace:
    """Makes a workspace."""
    scope = info.context.scope
    return await _workspace(
        info, lambda connection: workspaces.create_workspace(connection, scope, input.name)
    )


async def rename_workspace(
    info: Info, input: Annotated[RenameWorkspaceInput, WHAT_TO_DO]
) -> _Workspace:
    """Gives a workspace another name."""
    scope = info.context.scope
    id = parse_id(scope, node.WORKSPACE, input.workspace_id)

    async def work(connection: asyncpg.Connection) -> UUID:
        await workspaces.rename_workspace(connection, scope, id, input.name)
        return id

    return await _workspace(info, work)


async def _project(info: Info, work: Work) -> _Project:
    outcome = await change(info.context, work)
    if outcome.made is None:
        return _Project(None, outcome.user_errors)
    return _Project(await info.context.loaders.project.load(outcome.made), ())


async def create_project(info: Info, input: Annotated[CreateProjectInput, WHAT_TO_DO]) -> _Project:
    """Makes a project."""
    scope, owner = info.context.scope, given(input.owner_id)
    workspace_id = parse_id(scope, node.WORKSPACE, input.workspace_id)
    owner_id = None if owner is None else parse_id(scope, node.USER, owner)
    return await _project(
        info,
        lambda connection: projects.create_project(
            connection, scope, input.name, workspace_id, owner_id=owner_id
        ),
    )


async def rename_project(info: Info, input: Annotated[RenameProjectInput, WHAT_TO_DO]) -> _Project:
    """Gives a project another name."""
    scope = info.context.scope
    id = parse_id(scope, node.PROJECT, input.project_id)

    async def work(connection: asyncpg.Connection) -> UUID:
        await projects.rename_project(connection, scope, id, input.name)
        return id

    return await _project(info, work)


async def set_project_owner(
    info: Info, input: Annotated[SetProjectOwnerInput, WHAT_TO_DO]
) -> _Project:
    """Gives a project to another person."""
    scope = info.context.scope
    id = parse_id(scope, node.PROJECT, input.project_id)
    owner_id = parse_id(scope, node.USER, input.owner_id)

    async def work(connection: asyncpg.Connection) -> UUID:
        await projects.set_project_owner(connection, scope, id, owner_id)
        return id

    return await _project(info, work)
