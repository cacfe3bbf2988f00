"""What a GraphQL operation may be: counted in one pass, however its fragments spread."""

from typing import Any

import pytest
from door import GRAPHQL_JSON, client_of, make_app, make_schema, make_settings
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    get_introspection_query,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

from api.graphql_document import Documents, RefusedDocumentError
from api.graphql_limits import ASSUMED_LIST_SIZE, Measurement, Size
from models.errors import BadInputError
from resolvers.schema import schema

SCHEMA = make_schema()._schema


def measurement_of(document: DocumentNode, **variables: Any) -> Measurement:
    nodes = document.definitions
    fragments = {n.name.value: n for n in nodes if isinstance(n, FragmentDefinitionNode)}
    return Measurement(SCHEMA, fragments, variables)


def measure(text: str, **variables: Any) -> Size:
    document = parse(text)
    (operation,) = (n for n in document.definitions if isinstance(n, OperationDefinitionNode))
    return measurement_of(document, **variables).operation(operation)


def documents(**settings: Any) -> Documents:
    return Documents(SCHEMA, make_settings(**settings))


SIZES = [
    # text, depth, aliases, fields, root fields, nodes
    ("{ hello }", 1, 0, 1, 1, 0),
    ("{ a: hello b: hello }", 1, 2, 2, 2, 0),
    ("{ items(first: 3) { nodes { name } } }", 3, 0, 3, 1, 1 + 3),
    ("{ items { nodes { name } } }", 3, 0, 3, 1, 1 + 20),
    ("{ items(first: null) { nodes { name } } }", 3, 0, 3, 1, 1 + 20),
    ("{ items(first: 3, last: 7) { nodes { name } } }", 3, 0, 3, 1, 1 + 7),
    ("{ recent(limit: 4) { name } }", 2, 0, 2, 1, 4),
    ("{ recent { name } }", 2, 0, 2, 1, 50),
    ("{ trend(months: 12) { parts { name } } }", 3, 0, 3, 1, 12 * (1 + ASSUMED_LIST_SIZE)),
    ("{ ... { ... on Query { hello } } }", 1, 0, 1, 1, 0),
    ("{ ...F } fragment F on Query { a: hello ...G } fragment G on Query { hello }", 1, 1, 2, 2, 0),
    (
        "{ items(first: 5) { ...C } } fragment C on ItemConnection { nodes { name } }",
        3,
        0,
        3,
        1,
        1 + 5,
    ),
    (
        "{ items(first: 5) { nodes { items(first: 6) { nodes { name } } } } }",
        5,
        0,
        5,
        1,
        1 + 5 * (1 + 1 + 6),
    ),
]


@pytest.mark.parametrize(("text", "depth", "aliases", "fields", "roots", "nodes"), SIZES)
def test_size(text: str, depth: int, aliases: int, fields: int, roots: int, nodes: int) -> None:
    size = measure(text)
    found = (size.depth, size.aliases, size.fields, size.direct_fields)
    assert found == (depth, aliases, fields, roots)
    assert size.nodes(ASSUMED_LIST_SIZE) == nodes


@pytest.mark.parametrize(
    ("page", "nodes"), [("", 100), ("first: null", 100), ("last: 7", 7), ("first: 3", 3)]
)
def test_pages_both_ways_are_long_when_nothing_is_said(page: str, nodes: int) -> None:
    asked = f"usageEntries(range: {{preset: TODAY}}, {page}) {{ nodes {{ id }} }}"
    document = parse(f'{{ workspace(id: "x") {{ {asked} }} }}')
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    size = Measurement(schema._schema, {}, {}).operation(operation)
    assert size.nodes(ASSUMED_LIST_SIZE) == 1 + 1 + nodes


@pytest.mark.parametrize(
    ("value", "nodes"), [(7, 8), (7.0, 8), (0, 1), (-3, 1), ("7", 21), (None, 21), (True, 21)]
)
def test_variables_give_lengths(value: Any, nodes: int) -> None:
    text = "query ($n: Int) { items(first: $n) { nodes { name } } }"
    assert measure(text, n=value).nodes(ASSUMED_LIST_SIZE) == nodes


def spreading(count: int) -> str:
    """Fragments of which each spreads the next twice: 2 ** count fields when written out."""
    fragments = [
        f"fragment F{n} on Query {{ ...F{n + 1} ... {{ ...F{n + 1} }} }}" for n in range(count)
    ]
    return " ".join(["{ ...F0 }", *fragments, f"fragment F{count} on Query {{ hello }}"])


@pytest.mark.parametrize("count", [20, 40])
def test_exponential_spreads_are_counted_in_as_many_steps_as_they_are_written(count: int) -> None:
    document = parse(spreading(count))
    measurement = measurement_of(document)
    size = measurement.operation(document.definitions[0])  # type: ignore[arg-type]
    assert measurement.steps == 1 + 3 * count + 1
    assert size.fields == 2**count


def test_200_fragments_that_spread_one_another_are_counted_in_so_many_steps() -> None:
    """Side by side rather than in a chain: each of 200 is spread by all that come before it."""
    count = 200
    # In blocks of ten, each spreading every fragment of the next block twice.
    blocks = [[f"F{b}_{n}" for n in range(10)] for b in range(count // 10)]
    parts = ["{ " + " ".join(f"...{name}" for name in blocks[0]) + " }"]
    for index, block in enumerate(blocks):
        following = blocks[index + 1] if index + 1 < len(blocks) else []
        spreads = " ".join(f"...{name} ... {{ ...{name} }}" for name in following) or "hello"
        parts += [f"fragment {name} on Query {{ {spreads} }}" for name in block]
    document = parse(" ".join(parts))
    measurement = measurement_of(document)
    size = measurement.operation(document.definitions[0])  # type: ignore[arg-type]
    assert measurement.steps == 10 + 190 * 30 + 10
    assert size.fields > 10**12


@pytest.mark.parametrize(
    "text",
    [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { hello ...A }",
        "{ ...Missing }",
        "{ hello } fragment A on Query { ...A }",
    ],
)
def test_cycles_and_gaps_end(text: str) -> None:
    assert measure(text).fields <= 1
    with pytest.raises(RefusedDocumentError):
        documents().prepare(text)


REFUSED = {
    "tokens": ("{" + " hello" * 1_000 + "}", {}),
    "depth": (
        "{ items { nodes { items { nodes { items { nodes { items { nodes { items { nodes "
        "{ name } } } } } } } } } } }",
        {},
    ),
    "aliases": ("{" + " ".join(f"a{n}: hello" for n in range(16)) + "}", {}),
    "root fields": (
        "{ ...F } fragment F on Query {" + " ".join(["hello"] * 21) + "}",
        {},
    ),
    "fields": ("{ recent(limit: 1) {" + " name" * 400 + "} }", {}),
    "nodes": ("{ items(first: 20001) { nodes { name } } }", {}),
    "nodes, nested": (
        "{ items(first: 200) { nodes { items(first: 200) { nodes { name } } } } }",
        {},
    ),
    "nodes, by variable": (
        "query ($n: Int) { items(first: $n) { nodes { name } } }",
        {"n": 20_001},
    ),
    "nodes, by default": ("query ($n: Int = 20001) { items(first: $n) { nodes { name } } }", {}),
    "directives": ("{ hello" + " @skip(if: false)" * 21 + "}", {}),
    "fragments": (
        "{ hello }" + " ".join(f"fragment F{n} on Query {{ hello }}" for n in range(51)),
        {},
    ),
    "nesting": ("{" + " ... {" * 120 + " hello" + " }" * 120 + "}", {}),
    "nesting of fragments": (spreading(140), {}),
    "introspection lists": (
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } "
        "} } } } } }",
        {},
    ),
}


@pytest.mark.parametrize(("text", "variables"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_too_large_is_refused(text: str, variables: dict[str, Any]) -> None:
    async with client_of(make_app(introspection=True), accept=GRAPHQL_JSON) as client:
        response = await client.post("/graphql", json={"query": text, "variables": variables})
    assert response.status_code == 400
    body = response.json()
    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ items(first: 19000) { nodes { name } } }", {}),
        ("query ($n: Int = 99999) { items(first: $n) { nodes { name } } }", {"n": 3}),
        ("query ($n: Int) { items(first: $n) { nodes { name } } }", {"n": 19_000}),
        ("{" + " ".join(f"a{n}: hello" for n in range(15)) + "}", {}),
        (
            "{ hello }" + " ".join(f"fragment F{n} on Query {{ hello }}" for n in range(50)),
            {"unused": "fragments are refused by validation"},
        ),
    ],
)
async def test_what_is_just_within_is_answered(text: str, variables: dict[str, Any]) -> None:
    async with client_of(make_app(limit_tokens=2_000), accept=GRAPHQL_JSON) as client:
        response = await client.post("/graphql", json={"query": text, "variables": variables})
    if "unused" in variables:
        assert "never used" in response.json()["errors"][0]["message"]
    else:
        assert response.status_code == 200, response.text


async def test_the_standard_introspection_query_is_within_the_limits() -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
    )
    async with client_of(make_app(introspection=True), accept=GRAPHQL_JSON) as client:
        response = await client.post("/graphql", json={"query": query})
    assert response.json()["data"]["__schema"]


def test_a_document_is_prepared_once_and_remembered_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepared = documents()
    assert prepared.prepare("{ hello }") is prepared.prepare("{ hello }")
    monkeypatch.setattr("api.graphql_document._MAX_REMEMBERED", 3)
    first = prepared.prepare("{ hello }")
    for n in range(3):
        prepared.prepare(f"{{ a{n}: hello }}")
    assert prepared.prepare("{ hello }") is not first
    monkeypatch.setattr("api.graphql_document._MAX_REMEMBERED_CHARACTERS", 30)
    second = prepared.prepare("{ hello }")
    prepared.prepare("{ hello }" + " " * 25)
    assert prepared.prepare("{ hello }") is not second


def test_refused_documents_are_not_remembered() -> None:
    prepared = documents()
    for text in ("{ nothing }", "{", "{ items(first: 30000) { nodes { name } } }"):
        with pytest.raises((RefusedDocumentError, BadInputError)):
            prepared.prepare(text)
    assert not prepared._remembered


def test_accepted_lengths_do_not_let_larger_ones_pass() -> None:
    prepared = documents()
    document = prepared.prepare("query ($n: Int) { items(first: $n) { nodes { name } } }")
    operation = document.operation(None)
    for length in range(100):
        prepared.check_sizes(document, operation, {"n": length})
    assert len(document.accepted_sizes) <= 32
    for _ in range(2):
        with pytest.raises(BadInputError):
            prepared.check_sizes(document, operation, {"n": 20_000})


SELECTIONS = st.recursive(
    st.sampled_from(["hello", "...A", "...B", "x: hello", "... { hello }"]),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(
        lambda parts: "items(first: 2) { nodes { " + " ".join(parts) + " } }"
    ),
    max_leaves=6,
)


@given(
    root=st.lists(SELECTIONS, min_size=1, max_size=4),
    inner=st.lists(st.sampled_from(["hello", "y: hello", "items { nodes { name } }"]), min_size=1),
)
def test_counting_by_fragment_equals_counting_what_is_written_out(
    root: list[str], inner: list[str]
) -> None:
    b = "... { " + " ".join(inner) + " }"
    a = "... { ...B ...B hello }"
    text = "{ " + " ".join(root) + " }"
    spread = f"{text} fragment A on Query {{ {a} }} fragment B on Query {{ {b} }}"
    written_out = text.replace("...A", a).replace("...B", b)
    # Fields of Query under Item are unknown there, so both count them the same way: as they are.
    assert measure(spread).fields == measure(written_out).fields
    assert measure(spread).aliases == measure(written_out).aliases
    assert measure(spread).depth == measure(written_out).depth
    assert measure(spread).direct_fields == measure(written_out).direct_fields
