"""API keys: made, renamed, given a new secret, and ended. A secret is answered once."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime
from typing import Annotated

import asyncpg
import strawberry
from strawberry import UNSET, field

from models import access, api_key, directory, errors
from resolvers import node
from resolvers.api_key import ApiKey
from resolvers.context import Info
from resolvers.enums import Role
from resolvers.field import given
from resolvers.membership import level_of
from resolvers.mutation import WHAT_TO_DO, Outcome, change
from resolvers.node import parse_id
from resolvers.user_error import UserError


@strawberry.input(description="A key to make.")
class CreateApiKeyInput:
    name: str = field(description="Name to show.")
    role: Role = field(description="What it may do; at most what the viewer may do there.")
    workspace_id: strawberry.ID | None = field(
        default=UNSET, description="For this workspace; for the organization with neither id."
    )
    project_id: strawberry.ID | None = field(
        default=UNSET, description="For this project; for the organization with neither id."
    )
    is_personal: bool = field(
        default=False,
        description="Whether it acts for the viewer, whose spend is then counted and who owns it.",
    )
    expires_at: datetime | None = field(
        default=UNSET, description="From when it works no more; never when omitted."
    )


@strawberry.input(description="Another name for a key.")
class RenameApiKeyInput:
    api_key_id: strawberry.ID = field(description="Which key.")
    name: str = field(description="Name to show.")


@strawberry.input(description="A key that needs a new secret.")
class RotateApiKeyInput:
    api_key_id: strawberry.ID = field(description="Which key.")


@strawberry.input(description="A key to end.")
class RevokeApiKeyInput:
    api_key_id: strawberry.ID = field(description="Which key.")


@strawberry.type(description="Answer to `createApiKey` and `rotateApiKey`.")
class ApiKeySecretPayload:
    api_key: ApiKey | None = field(description="The key as it is now; null when refused.")
    secret: str | None = field(
        description="What a program sends as its credential. Shown this once; null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@strawberry.type(description="Answer to `renameApiKey` and `revokeApiKey`.")
class ApiKeyPayload:
    api_key: ApiKey | None = field(description="The key as it is now; null when refused.")
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Answer:
    api_key: directory.ApiKey | None
    user_errors: Sequence[errors.UserError]
    secret: str | None = attribute(default=None, repr=False)


async def create_api_key(info: Info, input: Annotated[CreateApiKeyInput, WHAT_TO_DO]) -> _Answer:
    """Makes a key and answers its secret."""
    context, scope = info.context, info.context.scope

    async def work(connection: asyncpg.Connection) -> api_key.NewSecret:
        return await api_key.create_key(
            connection,
            scope,
            name=input.name,
            role=access.Role[input.role.name],
            level=level_of(context, input.workspace_id, input.project_id),
            user_id=scope.user_id if input.is_personal else None,
            expires_at=given(input.expires_at),
        )

    return await _answer(info, await change(context, work))


async def rotate_api_key(info: Info, input: Annotated[RotateApiKeyInput, WHAT_TO_DO]) -> _Answer:
    """Gives a key a new secret and answers it."""
    scope = info.context.scope
    id = parse_id(scope, node.API_KEY, input.api_key_id)
    outcome = await change(
        info.context, lambda connection: api_key.rotate_key(connection, scope, id)
    )
    return await _answer(info, outcome)


async def _answer(info: Info, outcome: Outcome[api_key.NewSecret]) -> _Answer:
    made = outcome.made
    if made is None:
        return _Answer(None, outcome.user_errors)
    return _Answer(await info.context.loaders.api_key.load(made.id), (), made.secret)


async def rename_api_key(info: Info, input: Annotated[RenameApiKeyInput, WHAT_TO_DO]) -> _Answer:
    """Gives a key another name."""
    scope = info.context.scope
    id = parse_id(scope, node.API_KEY, input.api_key_id)
    outcome = await change(
        info.context, lambda connection: api_key.rename_key(connection, scope, id, input.name)
    )
    if outcome.user_errors:
        return _Answer(None, outcome.user_errors)
    return _Answer(await info.context.loaders.api_key.load(id), ())


async def revoke_api_key(info: Info, input: Annotated[RevokeApiKeyInput, WHAT_TO_DO]) -> _Answer:
    """Ends a key."""
    scope = info.context.scope
    id = parse_id(scope, node.API_KEY, input.api_key_id)
    outcome = await change(
        info.context, lambda connection: api_key.revoke_key(connection, scope, id)
    )
    if outcome.user_errors:
        return _Answer(None, outcome.user_errors)
    return _Answer(await info.context.loaders.api_key.load(id), ())
