"""Cursors: opaque, for one list only, and never a way around anything."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.access import Principal, Role, Scope
from models.errors import BadInputError
from models.ids import uuid7
from models.page import At, Named, Page
from resolvers.connection import by_name, decode_cursor, encode_cursor, paging
from resolvers.project import ProjectFilter

ID = uuid7()
PLACE = Named("a name", ID)
SCOPE = Scope(Principal(uuid7(), uuid7(), None), Role.VIEWER)
instants = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC)
)


@given(st.text(min_size=1, max_size=200), st.uuids())
def test_a_place_by_name_comes_back(name: str, id: object) -> None:
    place = Named(name, id)  # type: ignore[arg-type]
    assert decode_cursor(b"list", encode_cursor(b"list", place), Named) == place


@given(instants, st.uuids())
def test_a_place_by_time_comes_back(at: datetime, id: object) -> None:
    place = At(at, id)  # type: ignore[arg-type]
    assert decode_cursor(b"list", encode_cursor(b"list", place), At) == place


def refused(text: str, binding: bytes = b"list") -> None:
    with pytest.raises(BadInputError) as refusal:
        decode_cursor(binding, text, Named)
    assert refusal.value.field == ("after",)


def test_a_cursor_of_another_list_is_refused() -> None:
    refused(encode_cursor(b"list", PLACE), b"another")


@given(st.text(max_size=80))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    refused(text)


@given(st.integers(0, 1000), st.integers(1, 255))
def test_a_damaged_cursor_is_refused(place: int, mask: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(encode_cursor(b"list", PLACE) + "=="))
    raw[place % len(raw)] ^= mask
    refused(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))


def test_cursors_are_bound_to_organization_and_arguments() -> None:
    page = paging(Named, SCOPE, None, None, "projects", ProjectFilter(owned_by_viewer=True))
    listing = page.listing(Page([PLACE], has_next=True), by_name)
    cursor = listing.page_info.end_cursor
    same = paging(Named, SCOPE, 5, cursor, "projects", ProjectFilter(owned_by_viewer=True))
    assert same.after == PLACE
    elsewhere = Scope(Principal(uuid7(), uuid7(), None), Role.VIEWER)
    for scope, filter in ((SCOPE, None), (elsewhere, ProjectFilter(owned_by_viewer=True))):
        with pytest.raises(BadInputError):
            paging(Named, scope, 5, cursor, "projects", filter)


def test_null_and_left_out_are_one_list() -> None:
    explicit = ProjectFilter(workspace_id=None, owner_id=None)
    bindings = {
        paging(Named, SCOPE, None, None, "projects", filter).binding
        for filter in (ProjectFilter(), explicit)
    }
    assert len(bindings) == 1


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
def test_pages_have_bounds(first: int) -> None:
    with pytest.raises(BadInputError) as refusal:
        paging(Named, SCOPE, first, None, "projects")
    assert refusal.value.field == ("first",)


def test_a_page_says_where_it_begins_and_ends() -> None:
    page = paging(Named, SCOPE, None, None, "projects")
    assert page.size == 20
    listing = page.listing(Page([PLACE, Named("b", ID)], has_next=False), by_name)
    assert not listing.page_info.has_next_page
    assert not listing.page_info.has_previous_page
    assert [edge.cursor for edge in listing.edges] == [
        listing.page_info.start_cursor,
        listing.page_info.end_cursor,
    ]
    empty = page.listing(Page([], has_next=False), by_name).page_info
    assert (empty.start_cursor, empty.end_cursor) == (None, None)
