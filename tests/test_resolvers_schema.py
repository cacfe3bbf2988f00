"""The public schema keeps its rules, and `schema.graphql` is it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_specified_scalar_type,
)
from graphql.type import is_introspection_type

from resolvers.permissions import Permission
from resolvers.schema import Mutation, Query, schema, sdl

TYPES = schema._schema.type_map
OURS = [
    type_
    for type_ in TYPES.values()
    if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
]
OBJECTS = [type_ for type_ in OURS if isinstance(type_, GraphQLObjectType)]
MONEY = ("cost", "budget", "limit", "spent", "remaining", "price", "amount", "dollars", "credits")


def described() -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument and enum value with its description."""
    for type_ in OURS:
        yield type_.name, type_.description
        for name, field in getattr(type_, "fields", {}).items():
            yield f"{type_.name}.{name}", field.description
            for argument, meaning in getattr(field, "args", {}).items():
                yield f"{type_.name}.{name}({argument})", meaning.description
        if isinstance(type_, GraphQLEnumType):
            for name, value in type_.values.items():
                yield f"{type_.name}.{name}", value.description


def outputs() -> Iterator[tuple[GraphQLObjectType, str, GraphQLField]]:
    for type_ in OBJECTS:
        for name, field in type_.fields.items():
            yield type_, name, field


def test_the_file_is_the_schema() -> None:
    """`aicost schema > schema.graphql` brings it up to date."""
    path = Path(__file__).resolve().parent.parent / "schema.graphql"
    assert path.read_text() == sdl()


def test_everything_says_what_it_means() -> None:
    silent = [name for name, text in described() if not text or not text.strip()]
    assert not silent


def test_descriptions_are_sentences() -> None:
    odd = [
        name
        for name, text in described()
        if text and (text != text.strip() or text[-1] not in ".)" or "  " in text)
    ]
    assert not odd


@pytest.mark.parametrize("root", [Query, Mutation])
def test_every_root_field_names_what_it_takes(root: type) -> None:
    definition = root.__strawberry_definition__  # type: ignore[attr-defined]
    unnamed = [
        field.name
        for field in definition.fields
        if not isinstance(field.metadata.get("permission"), Permission)
    ]
    assert not unnamed


@pytest.mark.parametrize("root", ["Query", "Mutation"])
def test_one_failure_never_takes_its_neighbours_along(root: str) -> None:
    type_ = TYPES[root]
    assert isinstance(type_, GraphQLObjectType)
    required = [
        name for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)
    ]
    assert not required


def test_every_mutation_takes_an_input_and_answers_user_errors() -> None:
    mutations = TYPES["Mutation"]
    assert isinstance(mutations, GraphQLObjectType)
    for name, field in mutations.fields.items():
        payload = get_named_type(field.type)
        if name == "reserveSpend":  # granted, denied, or with something to put right
            assert str(payload) == "ReserveSpendResult"
            payload = TYPES["SpendRejected"]
        else:
            assert payload.name.endswith("Payload"), name
        assert isinstance(payload, GraphQLObjectType), name
        assert str(payload.fields["userErrors"].type) == "[UserError!]!", name
        assert list(field.args) == ["input"], name
        assert isinstance(get_named_type(field.args["input"].type), GraphQLInputObjectType), name


def test_money_is_never_a_binary_fraction() -> None:
    floats = [
        (type_.name, name)
        for type_, name, field in outputs()
        if get_named_type(field.type).name == "Float"
    ]
    assert floats
    shown = ("Pct", "pct", "Rate", "Share", "requestsPerDay", "days")
    assert not [
        name for _, name in floats if not name.endswith(shown) and not name.startswith("pctOf")
    ]
    inputs = [type_ for type_ in OURS if isinstance(type_, GraphQLInputObjectType)]
    assert not [
        type_.name
        for type_ in inputs
        for field in type_.fields.values()
        if get_named_type(field.type).name == "Float"
    ]


def test_what_is_named_like_money_is_a_decimal() -> None:
    counted = {"CreditUsage.daysRemaining"}
    named = {
        f"{type_.name}.{name}": get_named_type(field.type).name
        for type_, name, field in outputs()
        if name.lower().endswith(MONEY) and type_.name != "Mutation"
    }
    allowed = {"Decimal", "Budget", "CreditSplit", "Boolean"}
    assert named
    assert {name for name, type_ in named.items() if type_ not in allowed} == counted


def test_totals_tell_what_they_left_out() -> None:
    """A cost over several transactions stands beside the count of those without a price."""
    silent = [
        type_.name
        for type_ in OBJECTS
        if {"cost", "totalCost"} & set(type_.fields)
        and "unpricedTransactions" not in type_.fields
        and type_.name not in ("ApiCall", "CreditTransaction", "UsageResult")  # one each
    ]
    assert not silent


def test_lists_hold_no_nulls() -> None:
    def is_sound(type_: object) -> bool:
        return "!]" in str(type_) or "[" not in str(type_)

    assert not [(it.name, name) for it, name, field in outputs() if not is_sound(field.type)]


def test_connections_have_one_form() -> None:
    connections = [type_ for type_ in OBJECTS if type_.name.endswith("Connection")]
    assert connections
    for connection in connections:
        assert {"edges", "nodes", "pageInfo"} <= set(connection.fields), connection.name
        edge = get_named_type(connection.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        assert set(edge.fields) == {"cursor", "node"}


def test_a_deprecation_names_a_replacement_and_a_date() -> None:
    def reasons(type_: GraphQLNamedType) -> Iterator[str]:
        for field in getattr(type_, "fields", {}).values():
            if field.deprecation_reason:
                yield field.deprecation_reason

    for reason in (reason for type_ in OURS for reason in reasons(type_)):
        assert "`" in reason
        assert "20" in reason
