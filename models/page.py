"""Pages of lists, by keyset: a page says after which entry it begins, never how many to skip.

So a page costs the same wherever it lies and is stable while rows arrive. Lists are read for many
parents at once, one statement for all: rows come back with the place of their parent last.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import asyncpg

from models.ids import NIL

Item = TypeVar("Item")
LAST_ID = UUID(int=(1 << 128) - 1)
FIRST_INSTANT = datetime(1, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(9999, 12, 31, tzinfo=UTC)


class At(NamedTuple):
    """A place in a list by time."""

    instant: datetime
    id: UUID


class Named(NamedTuple):
    """A place in a list by name."""

    name: str
    id: UUID


NEWEST = At(LAST_INSTANT, LAST_ID)
OLDEST = At(FIRST_INSTANT, NIL)
FIRST_NAME = Named("", NIL)


@dataclass(frozen=True, slots=True)
class PageKey:
    """A page asked for: whose list, how many entries, after which place (None: from the top)."""

    parent_id: UUID
    size: int
    after: At | Named | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some entries of a list, in its order, and whether more follow."""

    items: Sequence[Item]
    has_next: bool


def page(items: Sequence[Item], size: int) -> Page[Item]:
    """A page of `size` entries out of as many and one more, if there was one more."""
    return Page(items[:size], len(items) > size)


def page_parameters(keys: Sequence[PageKey], top: At | Named) -> tuple[list[Any], ...]:
    """The arrays that a statement unnests: parents, sizes (one more each), and the places."""
    places = [key.after or top for key in keys]
    return (
        [key.parent_id for key in keys],
        [key.size + 1 for key in keys],
        [place[0] for place in places],
        [place[1] for place in places],
    )


def pages(
    keys: Sequence[PageKey],
    rows: Iterable[asyncpg.Record],
    make: Callable[[Iterable[Any]], Item],
) -> list[Page[Item]]:
    """The page of each key, from rows that bear the key's place, counted from 1, last."""
    found: list[list[Item]] = [[] for _ in keys]
    for row in rows:
        *values, place = row
        found[place - 1].append(make(values))
    return [page(items, key.size) for key, items in zip(keys, found, strict=True)]
