"""The GraphQL door: no body breaks it, no exception shows through it, no stranger passes it."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import strawberry
from door import (
    GRAPHQL_JSON,
    ORGANIZATION_ID,
    SECRET,
    FakeDatabase,
    Query,
    authenticate,
    client_of,
    make_app,
    make_context,
    make_settings,
)
from graphql import get_introspection_query
from hypothesis import given
from hypothesis import strategies as st
from strawberry.extensions import SchemaExtension

from api.app import create_app

JSON_TYPE = {"content-type": "application/json"}


@pytest.fixture
async def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
async def client(database: FakeDatabase) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(make_app(database, introspection=True), accept=GRAPHQL_JSON) as opened:
        yield opened


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, "variables": variables})


def only_error(response: httpx.Response) -> dict[str, Any]:
    (error,) = response.json()["errors"]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    return dict(error)


BODIES: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "number": b"1",
    "string": b'"x"',
    "list": b"[1, 2]",
    "batch": b'[{"query": "{ hello }"}]',
    "batch of null": b"[null]",
    "deep": b"[" * 50_000 + b"]" * 50_000,
    "deep variables": b'{"query": "{ hello }", "variables": {"a": %b}}'
    % (b"[" * 50_000 + b"]" * 50_000),
    "long integer": b"1" * 5_000,
    "long integer variable": b'{"query": "{ hello }", "variables": {"a": %b}}' % (b"1" * 5_000),
    "not UTF-8": b'{"query": "{ hello }", "operationName": "\xff"}',
    "lone surrogate": b'{"query": "{ hello }", "operationName": "\\ud800"}',
    "NaN": b'{"query": "{ hello }", "variables": {"a": NaN}}',
    "Infinity": b'{"query": "{ hello }", "variables": {"a": Infinity}}',
    "beyond a double": b'{"query": "{ hello }", "variables": {"a": 1e400}}',
    "byte order mark": b'\xef\xbb\xbf{"query": "{ hello }"}',
    "empty query": b'{"query": " "}',
    "gzip": gzip.compress(b'{"query": "{ hello }"}'),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_bad_body_is_a_bad_request(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/graphql", content=body, headers=JSON_TYPE)
    assert response.status_code == 400
    assert only_error(response)["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/graphql",
    ],
)
async def test_bodies_that_browsers_send_unasked_are_refused(
    client: httpx.AsyncClient, database: FakeDatabase, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    body = b'{"query": "mutation { touch }"}'
    response = await client.post("/graphql", content=body, headers=headers)
    assert response.status_code == 415
    assert database.touched == 0


async def test_a_doubled_content_type_is_refused(client: httpx.AsyncClient) -> None:
    doubled = [("content-type", "application/json"), ("content-type", "text/plain")]
    response = await client.post("/graphql", content=b"{}", headers=doubled)
    assert response.status_code == 400


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
async def test_compressed_bodies_are_refused(client: httpx.AsyncClient, coding: str) -> None:
    body = gzip.compress(b'{"query": "{ hello }"}')
    headers = {**JSON_TYPE, "content-encoding": coding}
    response = await client.post("/graphql", content=body, headers=headers)
    assert response.status_code == 415


async def test_a_large_body_is_refused_by_its_length_and_by_its_bytes() -> None:
    body = json.dumps({"query": "{ hello }", "pad": "x" * 2_000}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    async with client_of(make_app(limit_body_bytes=1_000)) as client:
        for content in (body, chunks()):
            response = await client.post("/graphql", content=content, headers=JSON_TYPE)
            assert response.status_code == 413
            assert response.headers["connection"] == "close"


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=%7B%20hello%20%7D&query=%7B%20hello%20%7D",
        "query=%ff%fe",
        "query=%7Bhello%7D&variables=%7Bnot",
        "query=%7Bhello%7D&variables=%5B1%5D",
        "query=%7Bhello%7D&variables=NaN",
        "&".join(f"a{n}=1" for n in range(100)),
    ],
)
async def test_a_bad_query_string_is_a_bad_request(
    client: httpx.AsyncClient, query_string: str
) -> None:
    assert (await client.get(f"/graphql?{query_string}")).status_code == 400


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = """{ } ( ) [ ] : ! $ @ ... on query mutation fragment hello half items first number name
nodes __schema __typename fail how 1 1e400 -1 null true "x" # $a Int String Item skip if include
paint colour RED 99999999999999999999"""
graphql_texts = st.lists(st.sampled_from(WORDS.split()), max_size=30).map(" ".join)
bodies = (
    st.binary(max_size=200)
    | json_values.map(json.dumps).map(str.encode)
    | st.fixed_dictionaries(
        {"query": graphql_texts | st.text(max_size=50) | json_values},
        optional={
            "variables": st.dictionaries(st.sampled_from("ab"), json_values) | json_values,
            "operationName": st.text(max_size=5) | json_values,
            "extensions": json_values,
        },
    )
    .map(json.dumps)
    .map(lambda text: text.encode("utf-8", "surrogatepass"))
)


@given(body=bodies)
def test_no_body_is_a_server_error(body: bytes) -> None:
    async def send() -> None:
        async with client_of(make_app(introspection=True), accept=GRAPHQL_JSON) as client:
            response = await client.post("/graphql", content=body, headers=JSON_TYPE)
        assert response.status_code in (200, 400)
        assert "INTERNAL" not in response.text or b"fail" in body

    asyncio.run(send())


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ half(number: 1e400) }", {}),
        (f"{{ half(number: {'1' * 5_000}) }}", {}),
        (f"{{ items(first: {'1' * 5_000}) {{ __typename }} }}", {}),
        ("query ($n: Int) { items(first: $n) { __typename } }", {"n": 10**18}),
        ("query ($n: Int) { items(first: $n) { __typename } }", {"n": "7"}),
        ("query ($n: Int = 3) { items(first: $n) { __typename } }", {"n": None}),
        ("query ($c: Colour!) { paint(colour: $c) }", {"c": "GREN"}),
        ("query ($p: Point!) { paint(colour: RED, at: $p) }", {"p": {"acros": 1}}),
        ("query ($b: Boolean) { hello @include(if: $b) }", {"b": None}),
    ],
)
async def test_arguments_out_of_range_are_bad_input(
    client: httpx.AsyncClient, query: str, variables: dict[str, Any]
) -> None:
    response = await ask(client, query, **variables)
    codes = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert codes == {"BAD_USER_INPUT"}, response.text


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ helo }", {}),
        ("{ hello(nam: 1) }", {}),
        ("{ items { node { name } } }", {}),
        ("query ($p: Pont) { hello }", {}),
        ("{ paint(colour: GREN) }", {}),
        ("{ paint(colour: RED, at: {acros: 1}) }", {}),
        ("query ($c: Colour!) { paint(colour: $c) }", {"c": "GREN"}),
        ("query ($p: Point!) { paint(colour: RED, at: $p) }", {"p": {"acros": 1}}),
        ("{ items { ...On } } fragment One on ItemConnection { nodes { name } }", {}),
        ("{ items { ... on Itm { name } } }", {}),
        ("{ hello @skp(if: true) }", {}),
        ("{ __type(nam: 1) { name } }", {}),
    ],
)
async def test_no_error_suggests_a_name(
    client: httpx.AsyncClient, query: str, variables: dict[str, Any]
) -> None:
    response = await ask(client, query, **variables)
    assert response.status_code == 400
    assert "did you mean" not in response.text.lower()
    for error in response.json()["errors"]:
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("how", "code", "message"),
    [
        ("missing", "NOT_FOUND", "There is no such item."),
        ("bad", "BAD_USER_INPUT", "`first` is 0; it should be 1 or more."),
        ("bug", "INTERNAL", "Something went wrong."),
    ],
)
async def test_a_field_tells_domain_errors_and_masks_the_rest(
    client: httpx.AsyncClient, how: str, code: str, message: str
) -> None:
    response = await ask(client, "query ($how: String!) { fail(how: $how) hello }", how=how)
    assert response.status_code == 200
    assert response.json()["data"] == {"fail": None, "hello": "hello world"}
    error = only_error(response)
    assert (error["extensions"]["code"], error["message"]) == (code, message)
    assert error["path"] == ["fail"]
    assert "hunter2" not in response.text


async def test_a_text_that_cannot_be_stored_is_bad_input(client: httpx.AsyncClient) -> None:
    error = only_error(await ask(client, '{ fail(how: "nul") }'))
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("how", ["down", "slow", "busy"])
@pytest.mark.parametrize("query", ["{ fail(how: $h) }", "{ failHard(how: $h) }"])
async def test_a_request_that_failed_for_the_database_is_503(
    client: httpx.AsyncClient, query: str, how: str
) -> None:
    response = await ask(client, f"query ($h: String!) {query}", h=how)
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert "data" not in response.json()
    extensions = only_error(response)["extensions"]
    assert extensions["code"] == "UNAVAILABLE"
    assert extensions["retryAfterSeconds"] >= 1
    assert "10.0.0.1" not in response.text


async def test_what_came_through_beside_a_failure_is_answered(client: httpx.AsyncClient) -> None:
    response = await ask(client, 'mutation { touch fail(how: "down") }')
    assert response.status_code == 200
    assert response.json()["data"] == {"touch": "touched", "fail": None}


async def test_an_answer_that_is_not_json_is_masked(client: httpx.AsyncClient) -> None:
    assert only_error(await ask(client, "{ huge }"))["extensions"]["code"] == "INTERNAL"


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_JSON])
@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", f"Basic {SECRET}"])
async def test_strangers_are_refused(authorization: str | None, accept: str) -> None:
    async with client_of(make_app(), accept=accept) as client:
        del client.headers["authorization"]
        headers = {} if authorization is None else {"authorization": authorization}
        response = await client.post("/graphql", json={"query": "{ hello }"}, headers=headers)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert only_error(response)["extensions"]["code"] == "UNAUTHENTICATED"


async def test_strangers_learn_nothing_about_documents() -> None:
    """Without introspection a document is not even parsed for them."""
    answers = set()
    async with client_of(make_app()) as client:
        del client.headers["authorization"]
        for query in ("{ hello }", "{ nothing }", "{", "{ __schema { __typename } }"):
            response = await client.post("/graphql", json={"query": query})
            answers.add((response.status_code, response.json()["errors"][0]["message"]))
    assert len(answers) == 1


async def test_strangers_may_read_the_schema_where_it_is_open() -> None:
    async with client_of(make_app(introspection=True)) as client:
        del client.headers["authorization"]
        schema = await ask(client, get_introspection_query())
        assert schema.json()["data"]["__schema"]
        mixed = await ask(client, "{ __typename hello }")
        assert mixed.status_code == 401
        assert (await ask(client, "mutation { __typename }")).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "Item") { name } }',
        "{ ...S } fragment S on Query { __schema { __typename } }",
        "{ ... { a: __schema { __typename } } }",
    ],
)
async def test_the_schema_is_closed_unless_opened(query: str) -> None:
    async with client_of(make_app()) as client:
        response = await ask(client, query)
        assert "data" not in response.json()
        assert (await ask(client, "{ __typename }")).json()["data"] == {"__typename": "Query"}


async def test_a_request_that_takes_too_long_is_cancelled(database: FakeDatabase) -> None:
    app = make_app(database, limit_request_seconds=0.05)
    async with client_of(app, accept=GRAPHQL_JSON) as client:
        response = await ask(client, "{ a: wait(seconds: 60) b: wait(seconds: 60) }")
    assert response.status_code == 503
    assert "longer than 0.05 s" in only_error(response)["message"]
    assert database.waiting == 0


async def test_a_cancelled_request_leaves_nothing_running(database: FakeDatabase) -> None:
    app = make_app(database)
    async with client_of(app) as client:
        tasks_before = asyncio.all_tasks()
        request = asyncio.create_task(ask(client, "{ a: wait(seconds: 60) b: wait(seconds: 60) }"))
        for _ in range(2):
            await database.arrivals.get()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert database.waiting == 0
        assert asyncio.all_tasks() == tasks_before
        metrics = await client.get("/metrics")
    # The one in flight is the question itself.
    assert "aicost_http_requests_in_flight 1.0" in metrics.text


async def test_resolvers_see_who_asks_and_the_request_id(client: httpx.AsyncClient) -> None:
    given_id = "proxy-made-0001"
    response = await client.post(
        "/graphql", json={"query": "{ requestId }"}, headers={"x-request-id": given_id}
    )
    assert response.json()["data"] == {"requestId": given_id}
    assert response.headers["x-request-id"] == given_id


async def test_an_unsound_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    for unsound in ("short", "x" * 65, "with space", 'quote"quote'):
        response = await client.get("/healthz", headers={"x-request-id": unsound})
        assert response.headers["x-request-id"] != unsound


async def test_answers_are_not_cached(client: httpx.AsyncClient) -> None:
    response = await ask(client, "{ hello }")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "accept"


async def test_the_page_for_trying_queries_loads_nothing_from_elsewhere() -> None:
    async with client_of(make_app(ide=True), accept="text/html,*/*;q=0.8") as client:
        del client.headers["authorization"]
        page = await client.get("/graphql")
        assert page.status_code == 200
        assert "//" not in page.text.replace("http://www.w3.org", "")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert (await client.get("/graphql?query={hello}")).status_code == 401


async def test_the_page_is_off_unless_switched_on() -> None:
    async with client_of(make_app(), accept="text/html,*/*;q=0.8") as client:
        assert (await client.get("/graphql")).status_code == 400


async def test_other_origins_are_answered_only_when_named() -> None:
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    async with client_of(make_app(cors_origins="https://app.example")) as client:
        preflight = await client.options(
            "/graphql", headers={**asked, "access-control-request-headers": "authorization"}
        )
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-credentials" not in preflight.headers
        stranger = await client.options(
            "/graphql", headers={**asked, "origin": "https://evil.test"}
        )
        assert "access-control-allow-origin" not in stranger.headers
        failed = await client.get("/nowhere", headers={"origin": "https://app.example"})
        assert failed.headers["access-control-allow-origin"] == "https://app.example"
    async with client_of(make_app()) as client:
        closed = await client.get("/healthz", headers={"origin": "https://app.example"})
        assert "access-control-allow-origin" not in closed.headers


def test_schema_extensions_are_refused_since_they_would_not_run() -> None:
    schema = strawberry.Schema(query=Query, extensions=[SchemaExtension])
    with pytest.raises(ValueError, match="extensions"):
        create_app(
            make_settings(),
            schema=schema,
            database=FakeDatabase(),
            authenticate=authenticate,
            context_factory=make_context,
        )


async def test_the_organization_of_the_request_is_the_credential_s() -> None:
    seen = []

    def note(database: Any, scope: Any, request_id: str) -> Any:
        seen.append(scope.organization_id)
        return make_context(database, scope, request_id)

    app = create_app(
        make_settings(),
        schema=strawberry.Schema(query=Query),
        database=FakeDatabase(),
        authenticate=authenticate,
        context_factory=note,
    )
    async with client_of(app) as client:
        await ask(client, "{ hello }")
    assert seen == [ORGANIZATION_ID]
