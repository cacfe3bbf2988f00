"""Ids that clients see: their kinds, how they are made and read, and the interface that bears them.

An id that does not parse, is of another kind, or belongs to another organization is met with the
NOT_FOUND of a thing that does not exist, byte for byte. Each noun registers how its kind is found.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLResolveInfo
from strawberry import field

from models.access import Scope
from models.errors import NotFoundError
from models.ids import (
    ALERT,
    API_KEY,
    BUDGET,
    CAP,
    CROSS_PROJECT_SUMMARY,
    JOB,
    MEMBERSHIP,
    MONTHLY_SUMMARY,
    NIL,
    ORGANIZATION,
    PRICE,
    PROJECT,
    REPRICING,
    RESERVATION,
    RUN,
    TRANSACTION,
    USER,
    VIEWER,
    WORKSPACE,
    WORKSPACE_GROUP,
    decode,
    encode,
)
from resolvers.context import Context

__all__ = [
    "ALERT",
    "API_KEY",
    "BUDGET",
    "CAP",
    "CROSS_PROJECT_SUMMARY",
    "JOB",
    "MEMBERSHIP",
    "MONTHLY_SUMMARY",
    "ORGANIZATION",
    "PRICE",
    "PROJECT",
    "REPRICING",
    "RESERVATION",
    "RUN",
    "TRANSACTION",
    "USER",
    "VIEWER",
    "WORKSPACE",
    "WORKSPACE_GROUP",
    "Find",
    "Node",
    "find_node",
    "find_of",
    "finds",
    "not_found",
    "parse_id",
    "public_id",
    "shows",
    "user_id",
]

# Callers that record name the same few things again and again: decoding takes 20 times as long as
# remembering. Bounded by number and length, since callers choose both.
_LONGEST_KNOWN = 64
_decode_known = lru_cache(maxsize=8192)(decode)

_NAMES = {
    ORGANIZATION: "organization",
    WORKSPACE: "workspace",
    WORKSPACE_GROUP: "workspace group",
    PROJECT: "project",
    USER: "user",
    API_KEY: "API key",
    RUN: "run",
    MEMBERSHIP: "membership",
    REPRICING: "repricing",
    CAP: "cap",
    RESERVATION: "reservation",
}

Find = Callable[[Context, UUID], Awaitable[Any]]
_FINDERS: dict[str, Find] = {}


@strawberry.interface(
    description="A thing with an identity of its own, found again through `Query.node`."
)
class Node:
    id: strawberry.ID = field(description="Opaque, URL-safe, unique over all types.")


def shows(row: type) -> Callable[[object, GraphQLResolveInfo[Any]], bool]:
    """The `is_type_of` of a GraphQL type whose fields are read from `row`."""

    def is_type_of(shown: object, _info: GraphQLResolveInfo[Any]) -> bool:
        return isinstance(shown, row)

    return is_type_of


def public_id(kind: str) -> Callable[..., strawberry.ID]:
    """The resolver of `id` for rows that have `organization_id` and `id`."""

    def resolve(root: Any) -> strawberry.ID:
        return strawberry.ID(encode(kind, root.organization_id, root.id))

    return resolve


def user_id(id: UUID) -> strawberry.ID:
    """A person's id: the same in every organization, so it carries none."""
    return strawberry.ID(encode(USER, NIL, id))


def not_found(kind: str) -> NotFoundError:
    """The answer for a thing that does not exist, or is not the caller's to see."""
    return NotFoundError(f"There is no such {_NAMES.get(kind, 'thing')}.")


def parse_id(scope: Scope, kind: str, text: str) -> UUID:
    """The row's id of a public id of this kind in the scope's organization."""
    try:
        id = _decode_known(text) if len(text) <= _LONGEST_KNOWN else decode(text)
    except ValueError as error:
        raise not_found(kind) from error
    owner = NIL if kind == USER else scope.organization_id
    if id.kind != kind or id.organization_id != owner or id.rest:
        raise not_found(kind)
    return id.id


def finds(kind: str, find: Find) -> None:
    """Registers how things of a kind are found; `find` answers None for what is out of reach."""
    _FINDERS[kind] = find


async def find_of(context: Context, kind: str, text: str) -> Any:
    """The thing of a public id of this kind; raises NotFoundError."""
    found = await _FINDERS[kind](context, parse_id(context.scope, kind, text))
    if found is None:
        raise not_found(kind)
    return found


async def find_node(context: Context, text: str) -> Any:
    """The thing of any public id; raises NotFoundError."""
    kind = text[:4]
    if kind not in _FINDERS:
        raise not_found("")
    try:
        found = await _FINDERS[kind](context, parse_id(context.scope, kind, text))
    except NotFoundError:
        found = None
    if found is None:
        raise not_found("")
    return found
