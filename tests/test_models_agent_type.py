"""Agent types: one name per kind, whatever its spelling, and looks that never change."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.agent_type import agent_type, canonical, registry
from models.event import UNATTRIBUTED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UI/UX", "ui-ux"),
        ("ui_ux", "ui-ux"),
        ("UiUx", "ui-ux"),
        (" Ui  Ux ", "ui-ux"),
        ("IMPLEMENTATION", "implementation"),
        ("Ｒesearch", "research"),
        ("Code Review", "code-review"),
        ("code__review", "code-review"),
        ("general-purpose", "general-purpose"),
        ("Straße", "strasse"),
        ("a\x00b", "a-b"),
        ("", UNATTRIBUTED),
        (" / ", UNATTRIBUTED),
        ("unattributed", UNATTRIBUTED),
    ],
)
def test_spellings_of_one_kind_have_one_name(name: str, expected: str) -> None:
    assert canonical(name) == expected


@given(st.text(max_size=40))
def test_a_canonical_name_is_its_own(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name)
    assert canonical(name.upper()) == canonical(name.upper().lower())


@given(st.text(min_size=1, max_size=40))
def test_every_kind_can_be_shown(name: str) -> None:
    kind = agent_type(canonical(name))
    assert kind.label
    assert re.fullmatch("#[0-9a-f]{6}", kind.color)


def test_the_registry_has_the_thirteen_kinds_in_distinct_colours() -> None:
    kinds = registry()
    assert len(kinds) == 13
    assert [kind.label for kind in kinds] == sorted(kind.label for kind in kinds)
    assert len({kind.color for kind in kinds}) == 13
    assert all(kind.is_known and canonical(kind.label) == kind.name for kind in kinds)


def test_derived_colours_are_for_ever() -> None:
    assert agent_type("code-review").color == "#39ac85"
    assert agent_type("code-review").label == "Code Review"
    assert not agent_type("code-review").is_known
    assert not agent_type(UNATTRIBUTED).is_known
