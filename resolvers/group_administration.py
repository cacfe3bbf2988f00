"""Workspace groups: made, renamed, filled and emptied, by ADMINs of the organization."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import asyncpg
import strawberry
from strawberry import field

from models import directory, errors
from models import workspace as workspaces
from resolvers import node
from resolvers.context import Info
from resolvers.mutation import WHAT_TO_DO, change
from resolvers.node import parse_id
from resolvers.user_error import UserError
from resolvers.workspace import WorkspaceGroup


@strawberry.input(description="A workspace group to make.")
class CreateWorkspaceGroupInput:
    name: str = field(description="Name to show, once only in the organization.")


@strawberry.input(description="Another name for a workspace group.")
class RenameWorkspaceGroupInput:
    workspace_group_id: strawberry.ID = field(description="Which group.")
    name: str = field(description="Name to show, once only in the organization.")


@strawberry.input(description="A group to count a workspace in.")
class SetWorkspaceGroupInput:
    workspace_id: strawberry.ID = field(description="Which workspace.")
    workspace_group_id: strawberry.ID = field(
        description="The group; a workspace is in one at most."
    )


@strawberry.input(description="A workspace to count in no group.")
class UnsetWorkspaceGroupInput:
    workspace_id: strawberry.ID = field(description="Which workspace.")


@strawberry.type(description="Answer to `createWorkspaceGroup` and `renameWorkspaceGroup`.")
class WorkspaceGroupPayload:
    workspace_group: WorkspaceGroup | None = field(
        description="The group as it is now; null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Group:
    """What a group's payload is read from."""

    workspace_group: directory.WorkspaceGroup | None
    user_errors: Sequence[errors.UserError]


@dataclass(frozen=True, slots=True)
class _Workspace:
    """What a workspace's payload is read from."""

    workspace: directory.Workspace | None
    user_errors: Sequence[errors.UserError]


async def _group(info: Info, work: Callable[[asyncpg.Connection], Awaitable[UUID]]) -> _Group:
    outcome = await change(info.context, work)
    if outcome.made is None:
        return _Group(None, outcome.user_errors)
    return _Group(await info.context.loaders.workspace_group.load(outcome.made), ())


async def create_workspace_group(
    info: Info, input: Annotated[CreateWorkspaceGroupInput, WHAT_TO_DO]
) -> _Group:
    """Makes a workspace group."""
    scope = info.context.scope
    return await _group(
        info, lambda connection: workspaces.create_workspace_group(connection, scope, input.name)
    )


async def rename_workspace_group(
    info: Info, input: Annotated[RenameWorkspaceGroupInput, WHAT_TO_DO]
) -> _Group:
    """Gives a workspace group another name."""
    scope = info.context.scope
    id = parse_id(scope, node.WORKSPACE_GROUP, input.workspace_group_id)

    async def work(connection: asyncpg.Connection) -> UUID:
        await workspaces.rename_workspace_group(connection, scope, id, input.name)
        return id

    return await _group(info, work)


async def set_workspace_group(
    info: Info, input: Annotated[SetWorkspaceGroupInput, WHAT_TO_DO]
) -> _Workspace:
    """Counts a workspace in a group."""
    group_id = parse_id(info.context.scope, node.WORKSPACE_GROUP, input.workspace_group_id)
    return await _move(info, input.workspace_id, group_id)


async def unset_workspace_group(
    info: Info, input: Annotated[UnsetWorkspaceGroupInput, WHAT_TO_DO]
) -> _Workspace:
    """Counts a workspace in no group."""
    return await _move(info, input.workspace_id, None)


async def _move(info: Info, workspace_id: str, group_id: UUID | None) -> _Workspace:
    scope = info.context.scope
    id = parse_id(scope, node.WORKSPACE, workspace_id)

    async def work(connection: asyncpg.Connection) -> UUID:
        await workspaces.set_workspace_group(connection, scope, id, group_id)
        return id

    outcome = await change(info.context, work)
    if outcome.made is None:
        return _Workspace(None, outcome.user_errors)
    return _Workspace(await info.context.loaders.workspace.load(outcome.made), ())
