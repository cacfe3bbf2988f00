"""`POST /v1/traces`: both encodings, packing, partial success, and everything that is refused."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
from door import client_of
from imports import ledger_totals
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from otel_documents import chat, document, make_span
from otel_intake import entries, scope_of
from otlp_door import PATH, otlp_app, otlp_client, packed, post_json, post_protobuf, protobuf
from tenants import Tenant

from api.errors import RENDERINGS
from api.otlp import GRPC_CODES
from api.otlp_body import MOST_SPANS
from models.access import Role
from models.db import Database
from models.errors import ConflictError, RateLimitedError, UnavailableError
from models.ledger import Ledger
from models.otel_intake import CHANGED, Intake
from models.rollup_check import verify


@pytest.fixture
def intake(database: Database, ledger: Ledger) -> Intake:
    return Intake(database, ledger.record)


@pytest.fixture
async def client(
    database: Database, intake: Intake, tenant: Tenant
) -> AsyncIterator[httpx.AsyncClient]:
    async with otlp_client(database, intake, tenant) as client:
        yield client


def partial(answer: httpx.Response) -> tuple[int, str]:
    """What an answer in protobuf says of spans that were refused."""
    assert answer.headers["content-type"] == "application/x-protobuf"
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    return (told.rejected_spans, told.error_message)


def varint_length(content: bytes) -> tuple[int, str]:
    """A `google.rpc.Status` in protobuf, taken apart by hand: code and message."""
    assert content[0] == 0x08
    assert content[2] == 0x12
    length, at = content[3], 4
    if length & 0x80:
        length, at = (length & 0x7F) | content[4] << 7, 5
    assert len(content) == at + length
    return content[1], content[at:].decode()


async def test_both_encodings_say_the_same(
    database: Database, tenant: Tenant, client: httpx.AsyncClient
) -> None:
    spans = [make_span(chat(), scope="s", resource={"aicost.surface": "WEB"}), make_span({})]
    answer = await post_json(client, document(*spans))
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
    before = await entries(database, tenant)
    answer = await post_protobuf(client, protobuf(*spans))
    assert (answer.status_code, answer.content, partial(answer)) == (200, b"", (0, ""))
    assert await entries(database, tenant) == before
    assert len(before) == 1
    assert (await verify(database, tenant.id)).is_clean


@pytest.mark.parametrize(("coding", "pack"), [("gzip", packed), ("deflate", zlib.compress)])
async def test_packed_bodies(
    database: Database, tenant: Tenant, client: httpx.AsyncClient, coding: str, pack: Any
) -> None:
    body = protobuf(make_span(chat()))
    answer = await post_protobuf(client, pack(body), **{"content-encoding": coding})
    assert answer.status_code == 200
    assert len(await entries(database, tenant)) == 1


async def test_a_large_document_is_read_beside_the_loop(
    database: Database, tenant: Tenant, client: httpx.AsyncClient
) -> None:
    spans = [make_span(chat() | {"gen_ai.input.messages": "m" * 2000}) for _ in range(1500)]
    answer = await post_protobuf(client, protobuf(*spans))
    assert partial(answer) == (0, "")
    totals = await ledger_totals(database, tenant.id)
    assert (totals.requests, totals.tokens[0]) == (1500, 1_500_000)


async def test_empty_requests_are_fine(client: httpx.AsyncClient) -> None:
    assert (await post_protobuf(client, b"")).status_code == 200
    for body in (b"", b"{}", b'{"resourceSpans": []}', b'{"resourceSpans": null}'):
        assert (await post_json(client, body)).status_code == 200
    metrics = {"resourceMetrics": [{"scopeMetrics": []}]}
    assert (await post_json(client, metrics)).status_code == 200


async def test_partial_success(client: httpx.AsyncClient) -> None:
    spans = [make_span(chat()), make_span(chat(-1)), make_span(chat(-1)), make_span(chat("few"))]
    rejected, message = partial(await post_protobuf(client, protobuf(*spans)))
    assert rejected == 3
    assert "inputTokens is -1" in message
    told = (await post_json(client, document(*spans))).json()["partialSuccess"]
    assert told == {"rejectedSpans": "3", "errorMessage": message}


async def test_a_span_that_changed_is_a_warning(client: httpx.AsyncClient) -> None:
    span = make_span(chat())
    await post_json(client, document(span))
    changed = replace(span, attributes=chat(5))
    rejected, message = partial(await post_protobuf(client, protobuf(changed)))
    assert (rejected, message) == (0, f"{CHANGED} (1)")
    told = (await post_json(client, document(changed))).json()["partialSuccess"]
    assert told == {"rejectedSpans": "0", "errorMessage": message}


UNREADABLE: list[tuple[Any, str]] = [
    (b"no json", "The body is not JSON"),
    (b"\xff\xfe", "The body is not JSON"),
    (b"[" * 100_000, "The body is not JSON"),
    ([], "the body should be an object"),
    ({"resourceSpans": 5}, "resourceSpans should be an array"),
    ({"resourceSpans": [5]}, "resourceSpans[0] should be an object"),
    ({"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}, "scopeSpans[0].spans should be an arr"),
]
UNREADABLE_SPANS: list[tuple[Any, str]] = [
    ({"traceId": 7}, "traceId should be a string"),
    ({"traceId": "xyz"}, "traceId should be hexadecimal digits"),
    ({"spanId": "abc"}, "spanId should be hexadecimal digits"),
    ({"startTimeUnixNano": "soon"}, "startTimeUnixNano should be nanoseconds"),
    ({"startTimeUnixNano": "-1"}, "startTimeUnixNano should be nanoseconds"),
    ({"startTimeUnixNano": "9" * 5000}, "startTimeUnixNano should be nanoseconds"),
    ({"status": "bad"}, "status should be an object"),
    ({"attributes": {}}, "attributes should be an array"),
    ({"attributes": [{"key": "gen_ai.system", "value": 5}]}, "value should be an object"),
    (
        {"attributes": [{"key": "gen_ai.system", "value": {"intValue": str(2**63)}}]},
        "intValue should be a 64-bit integer",
    ),
    (
        {"attributes": [{"key": "gen_ai.system", "value": {"boolValue": "yes"}}]},
        "boolValue should be a boolean",
    ),
    (
        {"attributes": [{"key": "gen_ai.system", "value": {"doubleValue": "much"}}]},
        "doubleValue should be a number",
    ),
]


def around(span: Any) -> Any:
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


@pytest.mark.parametrize(
    ("body", "expected"),
    UNREADABLE + [(around(span), expected) for span, expected in UNREADABLE_SPANS],
    ids=[expected for _, expected in UNREADABLE + UNREADABLE_SPANS],
)
async def test_json_that_is_no_request(client: httpx.AsyncClient, body: Any, expected: str) -> None:
    answer = await post_json(client, body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == 3
    assert expected in answer.json()["message"]


async def test_json_that_is_odd_but_sound(
    database: Database, tenant: Tenant, client: httpx.AsyncClient
) -> None:
    span = document(make_span(chat()))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    span |= {"traceId": span["traceId"].upper(), "newField": {"a": [1]}, "parentSpanId": None}
    span |= {"startTimeUnixNano": int(span["startTimeUnixNano"]), "status": {"code": 2, "x": 1}}
    span["attributes"] += [
        {"key": "gen_ai.usage.reasoning_tokens", "value": {"doubleValue": "NaN"}},
        {"key": "gen_ai.agent.name", "value": {"arrayValue": {"values": [{"intValue": 1}]}}},
        {"key": "gen_ai.system", "value": {}},
        {"key": 5},
        {"key": "gen_ai.usage.cost", "value": {"doubleValue": 1}},
    ]
    assert (await post_json(client, around(span))).json() == {}
    (entry,) = await entries(database, tenant)
    assert (entry["outcome"], entry["source_cost"]) == ("FAILED", 1)


async def test_protobuf_that_is_no_request(client: httpx.AsyncClient) -> None:
    answer = await post_protobuf(client, b"\xff\xff\xff")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/x-protobuf"
    code, message = varint_length(answer.content)
    assert code == 3
    assert message.startswith("The body is not an ExportTraceServiceRequest in protobuf. (request")


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/grpc", "multipart/form-data", "a; b"]
)
async def test_other_content_types(client: httpx.AsyncClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await client.post(PATH, content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert answer.json()["code"] == 3


async def test_content_types_have_parameters_and_any_case(client: httpx.AsyncClient) -> None:
    for told in ("application/json; charset=utf-8", "Application/JSON"):
        assert (await client.post(PATH, content=b"{}", headers={"content-type": told})).is_success


async def test_other_codings(client: httpx.AsyncClient) -> None:
    answer = await post_json(client, {}, **{"content-encoding": "br"})
    assert answer.status_code == 415


async def test_other_methods(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).status_code == 405
    assert (await client.post("/v1/metrics", content=b"{}")).status_code == 404


DAMAGED = [b"no gzip", packed(b"{}")[:-4], packed(b"{}") + b"rest", b"".join([packed(b"")] * 200)]


@pytest.mark.parametrize("body", DAMAGED, ids=["none", "short", "rest", "parts"])
async def test_damaged_packing(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await post_json(client, body, **{"content-encoding": "gzip"})
    assert answer.status_code == 400


async def test_bodies_in_several_parts_of_gzip(client: httpx.AsyncClient) -> None:
    body = packed(b'{"resourceSpans"') + packed(b": []}")
    assert (await post_json(client, body, **{"content-encoding": "gzip"})).status_code == 200


async def test_bombs_and_large_bodies(
    database: Database, intake: Intake, tenant: Tenant, client: httpx.AsyncClient
) -> None:
    bomb = gzip.compress(b" " * 100_000_000, 9)
    assert len(bomb) < 100_000
    answer = await post_json(client, bomb, **{"content-encoding": "gzip"})
    assert answer.status_code == 413
    assert "unpacks to more than 20971520 bytes" in answer.json()["message"]
    parts = await post_json(client, packed(b" " * 15_000_000) * 2, **{"content-encoding": "gzip"})
    assert parts.status_code == 413
    async with otlp_client(database, intake, tenant, limit_otlp_bytes=1000) as narrow:
        assert (await post_json(narrow, b" " * 1001)).status_code == 413
        assert (await post_json(narrow, b" " * 998 + b"{}")).status_code == 200


async def test_more_spans_than_anybody_sends(client: httpx.AsyncClient) -> None:
    """Two bytes each: few on the wire, many once they are read."""
    spans = b"\x12\x00" * (MOST_SPANS + 1)
    body = b"".join(_message(spans))
    answer = await post_protobuf(client, packed(body), **{"content-encoding": "gzip"})
    assert answer.status_code == 413
    many = {"resourceSpans": [{"scopeSpans": [{"spans": [{}] * (MOST_SPANS + 1)}]}]}
    assert (await post_json(client, many)).status_code == 413


def _message(spans: bytes) -> tuple[bytes, ...]:
    """The spans within a scope within a resource, in protobuf."""
    inner = b"\x12" + _length(len(spans)) + spans
    return (b"\x0a", _length(len(inner)), inner)


def _length(size: int) -> bytes:
    return bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14])


async def test_strangers_are_refused_before_their_body_is_read(
    client: httpx.AsyncClient,
) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"{}"

    headers = {"authorization": "Bearer wrong", "content-type": "application/x-protobuf"}
    answer = await client.post(PATH, content=body(), headers=headers)
    assert (answer.status_code, read) == (401, 0)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert varint_length(answer.content)[0] == 16
    headers["content-type"] = "application/json"
    answer = await client.post(PATH, content=b"{}", headers=headers)
    assert answer.json()["code"] == 16


FAILURES: list[tuple[Exception, int, int]] = [
    (UnavailableError(retry_after_seconds=3), 503, 14),
    (ConnectionRefusedError("nobody listens at 10.0.0.1"), 503, 14),
    (asyncpg.InternalClientError("died"), 503, 14),
    (RateLimitedError("Too much."), 429, 8),
    (ConflictError("Too many writers."), 409, 10),
    (RuntimeError("postgresql://user:hunter2@host"), 500, 13),
]


@pytest.mark.parametrize(("error", "status", "code"), FAILURES, ids=repr)
async def test_failures_say_whether_to_come_back(
    database: Database, tenant: Tenant, error: Exception, status: int, code: int
) -> None:
    async def fail(*_: Any) -> Any:
        raise error

    async with otlp_client(database, Intake(database, fail), tenant) as client:
        answer = await post_json(client, document(make_span(chat())))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status in (429, 503))
    assert "hunter2" not in answer.text
    assert "10.0.0.1" not in answer.text


async def test_what_takes_too_long_is_sent_again(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    async def dawdle(*_: Any) -> Any:
        await asyncio.sleep(60)

    slow = Intake(database, dawdle)
    span = make_span(chat())
    async with otlp_client(database, slow, tenant, limit_request_seconds=0.05) as client:
        answer = await post_json(client, document(span))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    async with otlp_client(database, Intake(database, ledger.record), tenant) as client:
        assert (await post_json(client, document(span))).json() == {}
    assert len(await entries(database, tenant)) == 1


async def test_the_header_names_the_project(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    app = otlp_app(database, intake, scope_of(tenant, Role.ADMIN))
    async with client_of(app) as client:
        headers = {b"x-aicost-project": "Köln".encode(), b"content-type": b"application/json"}
        content = orjson.dumps(document(make_span(chat())))
        answer = await client.post(PATH, content=content, headers=headers)
        assert answer.json() == {}
    async with database.connection() as connection:
        name = await connection.fetchval(
            "SELECT p.name FROM credit_transaction AS t JOIN project AS p ON p.id = t.project_id"
            " WHERE t.organization_id = $1",
            tenant.id,
        )
    assert name == "Köln"


async def test_many_senders_of_one_document_bill_it_once(
    database: Database, tenant: Tenant, client: httpx.AsyncClient
) -> None:
    wrapper = make_span(chat())
    call = make_span(chat(), trace_id=wrapper.trace_id, parent_span_id=wrapper.span_id)
    body = orjson.dumps(document(call, wrapper))
    answers = await asyncio.gather(*(post_json(client, body) for _ in range(16)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "{}")}
    (entry,) = await entries(database, tenant)
    assert entry["event_key"].endswith(call.span_id)
    assert (await verify(database, tenant.id)).is_clean


async def test_the_two_halves_of_a_trace_meet(
    database: Database, tenant: Tenant, client: httpx.AsyncClient
) -> None:
    """A call and the span around it, sent at once in two documents: one of them is billed."""
    for _ in range(10):
        wrapper = make_span(chat())
        call = make_span(chat(), trace_id=wrapper.trace_id, parent_span_id=wrapper.span_id)
        await asyncio.gather(
            post_json(client, document(call)), post_json(client, document(wrapper))
        )
    assert len(await entries(database, tenant)) == 10


def test_every_error_code_has_a_status() -> None:
    assert set(GRPC_CODES) == set(RENDERINGS)
