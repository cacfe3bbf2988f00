"""`POST /v1/usage` over HTTP: bodies of every kind, and a result for each event."""

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from door import AUTHORIZATION
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.routing import Route
from tenants import Tenant

from api.app import create_app
from api.settings import Settings
from api.usage import UsageDoor
from models.access import Principal, Role, Scope
from models.db import Database
from models.errors import UnauthenticatedError
from models.ids import encode
from models.ledger import Ledger
from models.write_queue import WriteQueue
from resolvers import node
from resolvers.context import Context, create_context
from resolvers.schema import schema

NDJSON = "application/x-ndjson"


@pytest.fixture
async def client(database: Database, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    writer = WriteQueue(Ledger(database))

    async def authenticate(headers: Headers) -> Scope:
        if headers.get("authorization") != AUTHORIZATION["authorization"]:
            raise UnauthenticatedError("no")
        return Scope(Principal(tenant.id, None, tenant.api_key_id), Role.MEMBER)

    def context(served: Database, scope: Scope, request_id: str) -> Context:
        return create_context(served, scope, request_id, writer=writer)

    given_settings = Settings(limit_body_bytes=200_000)
    door = UsageDoor(given_settings, database, authenticate, context)
    app = create_app(
        given_settings,
        schema=schema,
        database=database,
        authenticate=authenticate,
        context_factory=context,
        routes=[Route("/v1/usage", door, methods=["POST"])],
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=AUTHORIZATION
    ) as started:
        yield started


def said(tenant: Tenant, key: str = "e1", **changes: Any) -> dict[str, Any]:
    return {
        "eventKey": key,
        "projectId": encode(node.PROJECT, tenant.id, tenant.project_id),
        "model": "claude-opus-4-5-20251101",
        "provider": "anthropic",
        "inputTokens": 100,
        "outputTokens": 50,
        "occurredAt": datetime.now(UTC).isoformat(),
    } | changes


async def post(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(
        "/v1/usage", content=content, headers={"content-type": "application/json", **named}
    )


async def test_an_array_is_recorded(client: httpx.AsyncClient, tenant: Tenant) -> None:
    run = {"key": "r", "status": "SUCCEEDED"}
    job = {"key": "j", "agentType": "testing", "finishedAt": datetime.now(UTC).isoformat()}
    body = orjson.dumps([said(tenant, run=run, job=job, sourceCost="0.002"), said(tenant, "e2")])
    answer = await post(client, body)
    assert answer.status_code == 200
    first, second = answer.json()["results"]
    assert (first["status"], first["cost"], first["userErrors"]) == ("RECORDED", "0.00175", [])
    assert second["status"] == "RECORDED"
    assert first["transactionId"].startswith("ctxn_")
    again = (await post(client, body)).json()["results"]
    assert [result["status"] for result in again] == ["DUPLICATE", "DUPLICATE"]
    assert again[0]["transactionId"] == first["transactionId"]


@pytest.mark.parametrize("is_packed", [False, True])
async def test_lines_are_recorded(
    client: httpx.AsyncClient, tenant: Tenant, is_packed: bool
) -> None:
    body = b"\n".join(orjson.dumps(said(tenant, f"e{number}")) for number in range(3)) + b"\n\n"
    headers = {"content_type": NDJSON}
    if is_packed:
        body, headers = gzip.compress(body), {**headers, "content_encoding": "gzip"}
    answer = await post(client, body, **headers)
    assert [result["status"] for result in answer.json()["results"]] == ["RECORDED"] * 3


async def test_what_does_not_fit_is_answered_in_its_place(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    bad: list[Any] = [
        None,
        {},
        said(tenant, "text", inputTokens="5"),
        said(tenant, "truth", inputTokens=True),
        said(tenant, "fraction", inputTokens=1.5),
        said(tenant, "surplus", tokens=5),
        said(tenant, "zone", occurredAt="2026-03-15T11:00:00"),
        said(tenant, "kind", operation="THINKING"),
        said(tenant, "money", sourceCost="1e400"),
        said(tenant, "deep", run={"key": 5}),
        said(tenant, "nul", model="a\x00"),
        said(tenant, "huge", inputTokens=2**60),
        said(tenant, "project", projectId="x"),
    ]
    answer = await post(client, orjson.dumps([*bad, said(tenant, "good")]))
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["REJECTED"] * len(bad) + ["RECORDED"]
    fields = [result["userErrors"][0]["field"] for result in results[:-1]]
    assert fields == [
        ["events", "0"],
        ["events", "1", "eventKey"],
        ["events", "2", "inputTokens"],
        ["events", "3", "inputTokens"],
        ["events", "4", "inputTokens"],
        ["events", "5", "tokens"],
        ["events", "6", "occurredAt"],
        ["events", "7", "operation"],
        ["events", "8", "sourceCost"],
        ["events", "9", "run", "key"],
        ["events", "10", "model"],
        ["events", "11", "inputTokens"],
        ["events", "12", "projectId"],
    ]
    assert results[1]["userErrors"][0]["code"] == "REQUIRED"
    assert "'5'" in results[2]["userErrors"][0]["message"]


@pytest.mark.parametrize(
    ("status", "content", "headers"),
    [
        (400, b"{}", {}),
        (400, b"[]", {}),
        (400, b"[NaN]", {}),
        (400, b"", {}),
        (400, b"[" * 50_000, {}),
        (400, b"[1,", {"content_type": NDJSON}),
        (400, b"not gzip", {"content_encoding": "gzip"}),
        (400, gzip.compress(b"[1]", mtime=0)[:-4], {"content_encoding": "gzip"}),
        (413, gzip.compress(b" " * 10_000_000, mtime=0), {"content_encoding": "gzip"}),
        (413, b" " * 200_001, {}),
        (415, b"[]", {"content_encoding": "br"}),
        (415, b"[]", {"content_type": "text/plain"}),
        (401, b"[]", {"authorization": "Bearer other"}),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, status: int, content: bytes, headers: dict[str, str]
) -> None:
    answer = await post(client, content, **headers)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "field", "requestId"}


async def test_a_call_holds_1000_events(client: httpx.AsyncClient) -> None:
    answer = await post(client, orjson.dumps([None] * 1001))
    assert answer.status_code == 400
    assert "1001" in answer.json()["error"]["message"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_no_body_breaks_it(
    client: httpx.AsyncClient, tenant: Tenant, data: st.DataObject
) -> None:
    event = said(tenant)
    for name in data.draw(st.lists(st.sampled_from([*event, "run", "job", "stream"]), max_size=4)):
        event[name] = data.draw(values)
    try:
        content = orjson.dumps([event])
    except TypeError:
        content = data.draw(st.binary(max_size=50))
    answer = await post(client, content)
    assert answer.status_code in (200, 400)
