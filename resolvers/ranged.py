"""Lists over a range of time, a page at a time in both directions: executions, API calls.

A cursor bears the range that was resolved when its list was begun: a preset means the same stretch
on every page, though the clock goes on, and the page that follows may be asked for by the preset or
by the instants that were echoed. Refused: a cursor of another list, preset or range.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

from strawberry import argument

from models.access import Scope
from models.billing_cycle import BillingCycles
from models.errors import BadInputError
from models.page import At, Page
from models.period import Calendar, Period
from resolvers.connection import DIGEST_LENGTH, Item, Listing, digest, in_range, list_binding
from resolvers.field import given
from resolvers.period import RangeInput, RangePreset, Span, resolve_range

DEFAULT_SIZE = GREATEST_SIZE = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PRESETS = list(RangePreset)
_NO_PRESET = 255
BACKWARD = "~"
"""Before a cursor, where one parameter tells both place and direction: page backward from it."""

FirstOf = Annotated[
    int | None,
    argument(
        description=(
            "Page forward: how many, up to 100 (100 when neither `first` nor `last` is given)."
        )
    ),
]
AfterOf = Annotated[
    str | None,
    argument(description="Page forward: after this cursor, given for the same range and filter."),
]
LastOf = Annotated[int | None, argument(description="Page backward: how many, up to 100.")]
BeforeOf = Annotated[
    str | None,
    argument(description="Page backward: before this cursor, given for the same range and filter."),
]


class Turn(NamedTuple):
    """The four arguments by which a page is asked for, null and left out alike."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @classmethod
    def of(
        cls, first: int | None, after: str | None, last: int | None, before: str | None
    ) -> "Turn":
        """As the resolver got them."""
        return cls(given(first), given(after), given(last), given(before))


@dataclass(frozen=True, slots=True)
class RangedListing(Listing[Item]):
    """A page of such a list, with its range."""

    period: Period


class _Marked(NamedTuple):
    """What a cursor holds."""

    preset: RangePreset | None
    span: Span
    place: At


@dataclass(frozen=True, slots=True)
class RangedPaging:
    """The page asked for: the range resolved, how many, from which place, in which direction."""

    binding: bytes
    preset: RangePreset | None
    period: Period
    size: int
    place: At | None
    is_backward: bool

    def cursor(self, place: At) -> str:
        """The opaque text of a place in this list."""
        span = Span(self.period.start, self.period.end)
        return _encode(self.binding, _Marked(self.preset, span, place))

    def listing(self, page: Page[Item], place_of: Callable[[Item], At]) -> RangedListing[Item]:
        """The connection that shows a page; what lies behind is there when it came from there."""
        came_from = self.place is not None
        return RangedListing(
            nodes=page.items,
            has_next=came_from if self.is_backward else page.has_next,
            has_previous=page.has_next if self.is_backward else came_from,
            cursor_of=lambda item: self.cursor(place_of(item)),
            period=self.period,
        )


def ranged_paging(
    calendar: Calendar,
    cycles: BillingCycles,
    scope: Scope,
    wanted: RangeInput | None,
    turn: Turn,
    *list_name: object,
) -> RangedPaging:
    """Checks range and page. `wanted` is None where a cursor alone tells the range."""
    size, name, text = _direction(turn)
    binding = list_binding(scope, *list_name)
    marked = None if text is None else _decode(binding, text, name)
    preset = wanted.preset or None if wanted is not None else None
    if marked is None:
        if wanted is None:
            raise BadInputError("range is missing.", field=("range",))
        span = resolve_range(calendar, cycles, wanted)
    else:
        preset = preset or (marked.preset if wanted is None else None)
        span = marked.span
        is_same = (
            preset is marked.preset
            if preset is not None or wanted is None
            else resolve_range(calendar, cycles, wanted) == span
        )
        if not is_same:
            message = f"{name} is a cursor that was given for another range."
            raise BadInputError(message, field=(name,))
    return RangedPaging(
        binding,
        preset,
        calendar.between(span.start, span.end),
        size,
        marked.place if marked else None,
        is_backward=turn.last is not None or turn.before is not None,
    )


def _direction(turn: Turn) -> tuple[int, str, str | None]:
    """How many, and by which argument from where; raises BadInputError for both directions."""
    first, after, last, before = turn
    if last is None and before is None:
        size = DEFAULT_SIZE if first is None else first
        return in_range("first", size, 1, GREATEST_SIZE), "after", after
    for name, value in (("first", first), ("after", after)):
        if value is not None:
            message = f"{name} pages forward, last and before page backward: give one of the two."
            raise BadInputError(message, field=(name,))
    size = DEFAULT_SIZE if last is None else last
    return in_range("last", size, 1, GREATEST_SIZE), "before", before


def _encode(binding: bytes, marked: _Marked) -> str:
    preset = _NO_PRESET if marked.preset is None else _PRESETS.index(marked.preset)
    instants = (*marked.span, marked.place.instant)
    micros = ((instant - _EPOCH) // _MICROSECOND for instant in instants)
    body = bytes([preset]) + marked.place.id.bytes
    body += b"".join(number.to_bytes(8, signed=True) for number in micros)
    return base64.urlsafe_b64encode(digest(binding, body) + body).rstrip(b"=").decode()


def _decode(binding: bytes, text: str, name: str) -> _Marked:
    """What a cursor holds; raises BadInputError unless it was given for this binding."""
    sealed = text.removeprefix(BACKWARD) if name == "before" else text
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        body = raw[DIGEST_LENGTH:]
        if raw[:DIGEST_LENGTH] == digest(binding, body) and len(body) == 41:
            preset = None if body[0] == _NO_PRESET else _PRESETS[body[0]]
            start, end, at = (
                _EPOCH + int.from_bytes(body[begin : begin + 8], signed=True) * _MICROSECOND
                for begin in (17, 25, 33)
            )
            if start < end:
                return _Marked(preset, Span(start, end), At(at, UUID(bytes=body[1:17])))
    except (ValueError, OverflowError, IndexError, binascii.Error):
        pass
    raise BadInputError(f"{name} is not a cursor that was given for this list.", field=(name,))
