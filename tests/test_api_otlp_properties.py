"""Bodies that nobody meant: whatever arrives at `/v1/traces`, the answer is never a 5xx."""

import random
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import httpx
import orjson
import pytest
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otel_documents import chat, document, make_span
from otlp_door import otlp_client, packed, post_json, post_protobuf, protobuf
from tenants import Tenant

from api.errors import RequestRefusedError
from api.otlp_body import JSON, PROTOBUF, decode
from models.access import Scope
from models.db import Database
from models.ledger import Ledger
from models.otel_attribute import WANTED
from models.otel_intake import Intake
from models.otel_span import Span

PARENT = make_span(chat(), resource={"aicost.surface": "WEB"}, scope="ai")
SPANS = [
    PARENT,
    make_span(
        chat(**{"gen_ai.usage.cost": 0.25, "gen_ai.agent.name": "Research"}),
        trace_id=PARENT.trace_id,
        parent_span_id=PARENT.span_id,
        is_error=True,
    ),
    make_span({"gen_ai.usage.input_tokens": "12", "ai.response.providerMetadata": '{"bedrock":1}'}),
]
SCALARS = {"string_value", "int_value", "double_value", "bool_value"}
ANY_BODY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Mutation = tuple[int, str, int]
mutations = st.lists(
    st.tuples(st.integers(0, 2**31), st.sampled_from(["set", "drop", "double", "cut"]),
              st.integers(0, 255)),
    min_size=1,
    max_size=8,
)  # fmt: skip
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["9" * 30, "-1", "1e400", "\x00", "ff" * 16, "0" * 16]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@pytest.fixture
async def client(
    database: Database, ledger: Ledger, tenant: Tenant
) -> AsyncIterator[httpx.AsyncClient]:
    async with otlp_client(database, Intake(database, ledger.record), tenant) as client:
        yield client


def mutate(body: bytes, changes: list[Mutation]) -> bytes:
    changed = bytearray(body)
    for at, how, byte in changes:
        if not changed:
            break
        at %= len(changed)
        if how == "set":
            changed[at] = byte
        elif how == "drop":
            del changed[at]
        elif how == "double":
            changed[at:at] = changed[at : at + byte]
        else:
            del changed[at:]
    return bytes(changed)


@ANY_BODY
@given(changes=mutations)
async def test_mutated_protobuf(client: httpx.AsyncClient, changes: list[Mutation]) -> None:
    answer = await post_protobuf(client, mutate(protobuf(*SPANS), changes))
    assert answer.status_code in (200, 400)


@settings(max_examples=1000, deadline=None)
@given(changes=mutations)
def test_mutated_protobuf_is_read_as_the_generated_parser_reads_it(
    changes: list[Mutation],
) -> None:
    """What it takes is taken, with the same outcome."""
    body = mutate(protobuf(*SPANS), changes)
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        return
    assert comparable(decode(body, PROTOBUF)) == comparable(generated(request))


@pytest.mark.parametrize(
    ("unknown", "is_sound"),
    [
        ("9b01 0801 0d00000000 110000000000000000 00 9c01", False),  # a field without a number
        ("9b01 0801 1d00000000 190000000000000000 0a02abcd 9c01", True),
        ("9b01 a301 0801 a401 9c01", True),  # a group within a group
        ("9b01 a301 0801 9c01 a401", False),  # closed in the wrong order
        ("9b01 0801", False),  # never closed
        ("9c01", False),  # never opened
        ("9e01", False),  # a wire type that does not exist
        ("9801 ffffffffffffffffff01", True),
        ("9801 ffffffffffffffffffff01", False),  # longer than any number
    ],
)
def test_what_is_not_known_is_passed_over(unknown: str, is_sound: bool) -> None:
    body = protobuf(*SPANS) + bytes.fromhex(unknown)
    if is_sound:
        assert decode(body, PROTOBUF) == SPANS
        assert len(ExportTraceServiceRequest.FromString(body).resource_spans) == len(SPANS)
        return
    with pytest.raises(DecodeError):
        ExportTraceServiceRequest.FromString(body)
    with pytest.raises(RequestRefusedError):
        decode(body, PROTOBUF)


def comparable(spans: list[Span]) -> list[str]:
    """As text, in which a NaN equals itself."""
    return [repr(span) for span in spans]


def generated(request: ExportTraceServiceRequest) -> list[Span]:
    """The spans by way of the generated parser."""
    return [
        Span(
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            of_scope.scope.name,
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            span.status.code == 2,
            scalars_of(span.attributes),
            scalars_of(of_resource.resource.attributes),
        )
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def scalars_of(attributes: Any) -> dict[str, Any]:
    found = {}
    for attribute in attributes:
        kind = attribute.value.WhichOneof("value")
        if attribute.key in WANTED and kind in SCALARS:
            found[attribute.key] = getattr(attribute.value, kind)
    return found


@ANY_BODY
@given(changes=mutations)
async def test_mutated_json(client: httpx.AsyncClient, changes: list[Mutation]) -> None:
    answer = await post_json(client, mutate(orjson.dumps(document(*SPANS)), changes))
    assert answer.status_code in (200, 400)


@ANY_BODY
@given(changes=mutations)
async def test_mutated_packing(client: httpx.AsyncClient, changes: list[Mutation]) -> None:
    body = mutate(packed(protobuf(*SPANS)), changes)
    answer = await post_protobuf(client, body, **{"content-encoding": "gzip"})
    assert answer.status_code in (200, 400, 413)


@ANY_BODY
@given(place=st.integers(0, 10_000), value=values)
async def test_any_value_in_any_place_of_json(
    client: httpx.AsyncClient, place: int, value: object
) -> None:
    whole = document(*SPANS)
    holders = list(places(whole))
    holder, key = holders[place % len(holders)]
    holder[key] = value
    try:
        body = orjson.dumps(whole)
    except TypeError:  # half a surrogate pair, which no JSON can hold
        return
    answer = await post_json(client, body)
    assert answer.status_code in (200, 400)


def places(value: object) -> list[tuple[object, object]]:
    """Every place in a document: what holds it, and under which key."""
    found: list[tuple[object, object]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore
    for key, inner in list(items):
        found.append((value, key))
        if isinstance(inner, dict | list):
            found.extend(places(inner))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture])  # fmt: skip
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 5), max_size=3))
async def test_any_order_and_cut_bills_every_answer_once(
    database: Database, ledger: Ledger, tenant: Tenant, seed: int, cuts: list[int]
) -> None:
    """Spans with answer ids, in any order, in any documents, twice: the same state."""
    chance = random.Random(seed)
    intake = Intake(database, ledger.record)
    spans = [make_span(chat(100 + n, n, **{"gen_ai.response.id": f"{seed}-{n}"})) for n in range(5)]
    sent = [*spans, *spans]
    chance.shuffle(sent)
    edges = [0, *sorted(cuts), len(sent)]
    billed = 0
    for start, end in pairwise(edges):
        report = await intake.receive(Scope.system(tenant.id), sent[start:end], "any")
        billed += report.billed
    async with database.connection() as connection:
        tokens = await connection.fetchval(
            "SELECT sum(input) FROM credit_transaction WHERE organization_id = $1"
            " AND event_key LIKE $2",
            tenant.id,
            f"otel:openai:{seed}-%",
        )
    assert tokens == 510
    assert billed in (0, 5)


def test_both_encodings_are_read_alike() -> None:
    assert decode(protobuf(*SPANS), PROTOBUF) == SPANS
    assert decode(orjson.dumps(document(*SPANS)), JSON) == SPANS
