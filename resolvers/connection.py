"""Connections: lists a page at a time, by cursors that say after which entry a page begins.

A cursor is opaque, bound to the field, the organization and the arguments it was given for: one
that was made up, damaged, or given for another list is BAD_USER_INPUT. It holds a place and no
right: what a page shows is settled by the scope of whoever asks.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar, cast
from uuid import UUID

import strawberry
from strawberry import argument, field

from models.access import Scope
from models.errors import BadInputError
from models.page import At, Named, Page, PageKey
from resolvers.field import given

DEFAULT_SIZE = 20
GREATEST_SIZE = 100
DIGEST_LENGTH = 9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Item = TypeVar("Item")
Place = TypeVar("Place", At, Named)

First = Annotated[int | None, argument(description="How many, up to 100; 20 when null.")]
After = Annotated[
    str | None, argument(description="After this cursor, given for the same arguments.")
]


@strawberry.type(description="Where a page of a connection begins and ends.")
class PageInfo:
    has_next_page: bool = field(description="Whether entries follow this page.")
    has_previous_page: bool = field(description="Whether entries precede this page.")
    start_cursor: str | None = field(
        description="Cursor of the first entry; null on an empty page."
    )
    end_cursor: str | None = field(description="Cursor of the last entry; null on an empty page.")


@dataclass(frozen=True, slots=True)
class Edge(Generic[Item]):
    """One entry of a page, and where it stands."""

    cursor: str
    node: Item


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """What the fields of a connection are read from."""

    nodes: Sequence[Item]
    has_next: bool
    has_previous: bool
    cursor_of: Callable[[Item], str]

    @property
    def edges(self) -> list[Edge[Item]]:
        """Entries with their cursors."""
        return [Edge(self.cursor_of(node), node) for node in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        """Where the page begins and ends."""
        return PageInfo(
            has_next_page=self.has_next,
            has_previous_page=self.has_previous,
            start_cursor=self.cursor_of(self.nodes[0]) if self.nodes else None,
            end_cursor=self.cursor_of(self.nodes[-1]) if self.nodes else None,
        )


def by_name(item: Any) -> Named:
    """The place of a thing in a list by name."""
    return Named(item.name, item.id)


def by_start(item: Any) -> At:
    """The place of a run or job in a list by its beginning."""
    return At(item.started_at, item.id)


@dataclass(frozen=True, slots=True)
class Paging(Generic[Place]):
    """The page that a field was asked for: its arguments checked, and how its cursors are made."""

    binding: bytes
    size: int
    after: Place | None

    def key(self, parent_id: UUID) -> PageKey:
        """The page of one parent's list."""
        return PageKey(parent_id, self.size, self.after)

    def listing(self, page: Page[Item], place_of: Callable[[Item], Place]) -> Listing[Item]:
        """The connection that shows a page."""
        return Listing(
            nodes=page.items,
            has_next=page.has_next,
            has_previous=self.after is not None,
            cursor_of=lambda item: encode_cursor(self.binding, place_of(item)),
        )


def paging(
    kind: type[Place],
    scope: Scope,
    first: int | None,
    after: str | None,
    *list_name: object,
) -> Paging[Place]:
    """Checks `first` and `after`. `list_name` tells the list from every other: field, arguments."""
    size = in_range("first", DEFAULT_SIZE if first is None else first, 1, GREATEST_SIZE)
    after = given(after)
    binding = list_binding(scope, *list_name)
    place = None if after is None else decode_cursor(binding, after, kind)
    return Paging(binding, size, place)


def list_binding(scope: Scope, *list_name: object) -> bytes:
    """What cursors of a list are bound to: organization, field and arguments."""
    return repr((scope.organization_id, *map(_plain, list_name))).encode()


def _plain(part: object) -> object:
    """An argument as its cursors are bound to it: left out and null are the same list."""
    if is_dataclass(part) and not isinstance(part, type):
        return tuple(_plain(getattr(part, item.name)) for item in fields(part))
    return given(part)


def in_range(name: str, value: int, least: int, greatest: int) -> int:
    """An argument within its bounds; raises BadInputError otherwise."""
    if not least <= value <= greatest:
        message = f"{name} is {value}; {least} to {greatest} is expected."
        raise BadInputError(message, field=(name,))
    return value


def encode_cursor(binding: bytes, place: At | Named) -> str:
    """The opaque text of a place in the list of this binding."""
    if isinstance(place, At):
        micros = (place.instant - _EPOCH) // _MICROSECOND
        body = place.id.bytes + micros.to_bytes(8, signed=True)
    else:
        body = place.id.bytes + place.name.encode()
    return base64.urlsafe_b64encode(digest(binding, body) + body).rstrip(b"=").decode()


def decode_cursor(binding: bytes, text: str, kind: type[Place]) -> Place:
    """The place of a cursor; raises BadInputError unless it was given for this binding."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        body = raw[DIGEST_LENGTH:]
        if raw[:DIGEST_LENGTH] == digest(binding, body):
            return cast(Place, _at(body) if kind is At else _named(body))
    except (ValueError, OverflowError, binascii.Error):
        pass
    raise BadInputError("after is not a cursor that was given for this list.", field=("after",))


def _at(body: bytes) -> At:
    micros = int.from_bytes(body[16:], signed=True)
    return At(_EPOCH + micros * _MICROSECOND, UUID(bytes=body[:16]))


def _named(body: bytes) -> Named:
    return Named(body[16:].decode(), UUID(bytes=body[:16]))


def digest(binding: bytes, body: bytes) -> bytes:
    """What ties the body of a cursor to the list that it was given for."""
    return hashlib.sha256(binding + b"\0" + body).digest()[:DIGEST_LENGTH]
