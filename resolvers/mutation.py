"""Changing something: one transaction for each mutation, and what its caller can put right."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg
from strawberry import argument

from models.errors import UserError, UserErrors
from resolvers.context import Context

Made = TypeVar("Made")
WHAT_TO_DO: Any = argument(description="What to do.")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Made]):
    """What a change made, or why it was refused."""

    made: Made | None
    user_errors: Sequence[UserError] = ()


async def change(
    context: Context, work: Callable[[asyncpg.Connection], Awaitable[Made]]
) -> Outcome[Made]:
    """Runs `work` in a transaction of its own; what had been read before is forgotten."""
    try:
        made = await context.database.retry(work)
    except UserErrors as refused:
        return Outcome(None, refused.errors)
    context.loaders.forget()
    return Outcome(made)
