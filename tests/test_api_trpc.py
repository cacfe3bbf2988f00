"""The tRPC door, byte by byte as tRPC's own server was recorded to answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from door import FakeDatabase, client_of
from hypothesis import given, settings
from hypothesis import strategies as st
from trpc_door import JSON, make_trpc_app, told, trpc_client, url

HELLO = "demo.hello"


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
async def client(database: FakeDatabase) -> AsyncIterator[httpx.AsyncClient]:
    async with trpc_client(database) as client:
        yield client


def error(
    message: str, code: str, number: int, status: int, path: str | None = None, **more: Any
) -> dict[str, Any]:
    data = {"code": code, "httpStatus": status, **({} if path is None else {"path": path}), **more}
    return {"error": {"message": message, "code": number, "data": data}}


def bad(message: str, path: str | None = None, **more: Any) -> dict[str, Any]:
    return error(message, "BAD_REQUEST", -32600, 400, path, **more)


def not_found(path: str) -> dict[str, Any]:
    message = f'No procedure found on path "{path}"'
    return error(message, "NOT_FOUND", -32004, 404, path)


def hello(name: str = "world") -> dict[str, Any]:
    return {"result": {"data": f"hello {name}"}}


# ---- one call


async def test_a_query_is_a_get_and_answers_a_result(client: httpx.AsyncClient) -> None:
    response = await client.get(url(HELLO, {"name": "you"}))
    assert response.content == b'{"result":{"data":"hello you"}}'
    assert response.status_code == 200
    assert response.headers["content-type"] == JSON
    assert response.headers["vary"] == "trpc-accept, accept"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("input", [..., {}, None])
async def test_what_may_be_left_out_may_be_left_out(client: httpx.AsyncClient, input: Any) -> None:
    assert told(await client.get(url(HELLO, input))) == (200, hello())


async def test_a_mutation_is_a_post(client: httpx.AsyncClient, database: FakeDatabase) -> None:
    response = await client.post("/trpc/demo.touch", headers={"content-type": JSON})
    assert response.content == b'{"result":{"data":"touched"}}'
    assert database.touched == 1


@pytest.mark.parametrize("path", ["demo.nope", "demo", "demo/hello", "", "demo.hello,demo.hello"])
async def test_an_unknown_procedure_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert told(await client.get(url(path, {}))) == (404, not_found(path))


async def test_an_unknown_procedure_is_told_before_the_credential() -> None:
    async with trpc_client() as client:
        del client.headers["authorization"]
        assert told(await client.get(url("demo.nope")))[0] == 404


async def test_the_path_is_percent_decoded(client: httpx.AsyncClient) -> None:
    assert told(await client.get("/trpc/demo%2Ehello")) == (200, hello())
    status, body = told(await client.get("/trpc/demo%ff"))
    assert (status, body["error"]["data"]) == (400, {"code": "BAD_REQUEST", "httpStatus": 400})


async def test_the_credential_comes_before_the_input() -> None:
    async with trpc_client() as client:
        del client.headers["authorization"]
        response = await client.get(url("demo.half", {"number": "x"}))
        refused = error("Send a valid API key.", "UNAUTHORIZED", -32001, 401, "demo.half")
        assert told(response) == (401, refused)
        assert response.headers["www-authenticate"] == "Bearer"


# ---- methods and media types


@pytest.mark.parametrize(
    ("method", "path", "kind", "allow"),
    [
        ("GET", "demo.touch", "mutation", "POST"),
        ("POST", "demo.hello", "query", "GET"),
        ("PUT", "demo.touch", "mutation", "POST"),
        ("DELETE", "demo.hello", "query", "GET"),
    ],
)
async def test_the_wrong_method_says_the_right_one(
    database: FakeDatabase, client: httpx.AsyncClient, method: str, path: str, kind: str, allow: str
) -> None:
    headers = {} if method == "GET" else {"content-type": JSON}
    response = await client.request(method, f"/trpc/{path}", headers=headers)
    message = f'Unsupported {method}-request to {kind} procedure at path "{path}"'
    assert told(response) == (405, error(message, "METHOD_NOT_SUPPORTED", -32005, 405, path))
    assert response.headers["allow"] == allow
    assert database.touched == 0


async def test_head_runs_nothing(client: httpx.AsyncClient) -> None:
    response = await client.head("/trpc/demo.fail")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "PATCH"])
async def test_no_content_type_is_refused(client: httpx.AsyncClient, method: str) -> None:
    refused = error("Missing content-type header", "UNSUPPORTED_MEDIA_TYPE", -32015, 415)
    assert told(await client.request(method, "/trpc/demo.touch")) == (415, refused)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
     "application/octet-stream", "application/json; charset=utf-16"],
)  # fmt: skip
async def test_a_body_that_a_browser_sends_unasked_is_refused(
    client: httpx.AsyncClient, database: FakeDatabase, content_type: str
) -> None:
    headers = {"content-type": content_type}
    status, body = told(await client.post("/trpc/demo.touch", content=b"{}", headers=headers))
    assert (status, body["error"]["code"]) == (415, -32015)
    assert database.touched == 0


async def test_a_large_body_is_refused(database: FakeDatabase) -> None:
    async with trpc_client(database, limit_body_bytes=1_000) as client:
        response = await client.post("/trpc/demo.touch?batch=1", json={"0": "x" * 1_000})
        status, body = told(response)
    assert (status, body["error"]["code"]) == (413, -32013)
    assert body["error"]["data"]["code"] == "PAYLOAD_TOO_LARGE"
    assert database.touched == 0


# ---- input


@pytest.mark.parametrize(
    ("path", "input", "code", "message", "field"),
    [
        ("demo.half", ..., "REQUIRED",
         "number is missing; a number is expected.", ["number"]),
        ("demo.half", None, "REQUIRED",
         "number is missing; a number is expected.", ["number"]),
        ("demo.half", {"number": None}, "REQUIRED",
         "number is null; a number is expected.", ["number"]),
        ("demo.half", {"number": "x"}, "INVALID",
         "number is \"x\"; a number is expected.", ["number"]),
        ("demo.half", {"number": 1, "nunber": 2}, "INVALID",
         "nunber is no field here; number is expected.", ["nunber"]),
        ("demo.half", [1], "INVALID",
         "The input is [1]; an object of number is expected.", None),
        ("demo.paint", {"colour": "BLUE"}, "INVALID",
         "colour is \"BLUE\"; one of RED, GREEN is expected.", ["colour"]),
        ("demo.paint", {"colour": "RED", "at": {"up": 1}}, "REQUIRED",
         "across is missing; a whole number of 32 bits is expected.", ["at", "across"]),
        ("demo.paint", {"colour": "RED", "at": 7}, "INVALID",
         "at is 7; an object of across, up is expected.", ["at"]),
    ],
)  # fmt: skip
async def test_bad_input_is_told_by_field_value_and_expectation(
    client: httpx.AsyncClient, path: str, input: Any, code: str, message: str, field: Any
) -> None:
    told_errors = [{"code": code, "message": message, "field": field}]
    refused = bad(message, path, userErrors=told_errors)
    assert told(await client.get(url(path, input))) == (400, refused)


async def test_what_is_not_json_is_a_bad_request_of_its_call(client: httpx.AsyncClient) -> None:
    status, body = told(await client.get("/trpc/demo.half?input={bad"))
    data = {"code": "BAD_REQUEST", "httpStatus": 400, "path": "demo.half"}
    assert (status, body["error"]["code"], body["error"]["data"]) == (400, -32600, data)


async def test_input_that_nobody_reads_is_not_looked_at(client: httpx.AsyncClient) -> None:
    assert (await client.get("/trpc/demo.requestId?input={bad")).status_code == 200
    response = await client.get("/trpc/demo.requestId,demo.half?batch=1&input={bad")
    status, (first, second) = told(response)
    assert (status, "result" in first, second["error"]["code"]) == (207, True, -32600)


# ---- errors of resolvers


@pytest.mark.parametrize(
    ("how", "code", "number", "status", "message"),
    [
        ("missing", "NOT_FOUND", -32004, 404, "There is no such item."),
        ("bad", "BAD_REQUEST", -32600, 400, "`first` is 0; it should be 1 or more."),
        ("bug", "INTERNAL_SERVER_ERROR", -32603, 500, "Something went wrong."),
        ("nul", "BAD_REQUEST", -32600, 400,
         "A text holds a character that cannot be stored, such as NUL."),
    ],
)  # fmt: skip
async def test_domain_errors_are_told_and_the_rest_is_masked(
    client: httpx.AsyncClient, how: str, code: str, number: int, status: int, message: str
) -> None:
    response = await client.get(url("demo.fail", {"how": how}))
    assert told(response) == (status, error(message, code, number, status, "demo.fail"))
    assert "hunter2" not in response.text


@pytest.mark.parametrize("how", ["down", "slow", "busy"])
async def test_no_database_is_unavailable(client: httpx.AsyncClient, how: str) -> None:
    response = await client.get(url("demo.fail", {"how": how}))
    status, body = told(response)
    assert (status, body["error"]["code"]) == (503, -32603)
    data = body["error"]["data"]
    assert data["code"] == "SERVICE_UNAVAILABLE"
    assert response.headers["retry-after"] == str(data["retryAfterSeconds"])
    assert "10.0.0.1" not in response.text


async def test_a_mutation_that_was_made_is_never_told_as_failed(
    client: httpx.AsyncClient, database: FakeDatabase
) -> None:
    made = told(await client.post("/trpc/demo.make", json={"name": "it"}))
    assert made == (200, {"result": {"data": {"name": "it", "part": None}}})
    assert database.touched == 1


async def test_what_takes_too_long_ends(database: FakeDatabase) -> None:
    async with trpc_client(database, limit_request_seconds=0.05) as client:
        path = "demo.wait,demo.hello"
        response = await client.get(url(path, {"0": {"seconds": 60}}, batch=True))
    status, (late, punctual) = told(response)
    assert (status, late["error"]["data"]["code"]) == (207, "SERVICE_UNAVAILABLE")
    assert punctual == hello()
    assert database.waiting == 0


# ---- batches


async def test_a_batch_answers_in_the_order_of_its_calls(client: httpx.AsyncClient) -> None:
    input = {"0": {"name": "a"}, "2": {"name": "c"}}
    response = await client.get(url(",".join([HELLO] * 3), input, batch=True))
    assert told(response) == (200, [hello("a"), hello(), hello("c")])


async def test_a_batch_of_one_is_an_array_too(client: httpx.AsyncClient) -> None:
    assert told(await client.get(url(HELLO, {}, batch=True))) == (200, [hello()])
    assert told(await client.get(url(HELLO, batch=True))) == (200, [hello()])
    assert told(await client.get(f"/trpc/{HELLO}?batch=true")) == (200, hello())


@pytest.mark.parametrize(
    ("paths", "status"),
    [
        (["demo.hello", "demo.hello"], 200),
        (["demo.no", "demo.nope"], 404),
        (["demo.hello", "demo.no"], 207),
        (["demo.no", "demo.half"], 207),
        (["demo.half", "demo.half"], 400),
    ],
)
async def test_the_status_of_a_batch_is_what_its_calls_agree_on(
    client: httpx.AsyncClient, paths: list[str], status: int
) -> None:
    response = await client.get(url(",".join(paths), {}, batch=True))
    assert response.status_code == status
    assert len(response.json()) == len(paths)


async def test_outcomes_stand_side_by_side(client: httpx.AsyncClient) -> None:
    response = await client.get(url("demo.hello,demo.nope", {}, batch=True))
    assert told(response) == (207, [hello(), not_found("demo.nope")])


@pytest.mark.parametrize("input", [[1], "x", 1])
async def test_the_input_of_a_batch_is_an_object(client: httpx.AsyncClient, input: Any) -> None:
    message = '"input" needs to be an object when doing a batch call'
    refused = [bad(message, HELLO), bad(message, "demo.half")]
    response = await client.get(url(f"{HELLO},demo.half", input, batch=True))
    assert told(response) == (400, refused)


async def test_kinds_are_not_mixed(client: httpx.AsyncClient, database: FakeDatabase) -> None:
    response = await client.get(url("demo.hello,demo.touch", {}, batch=True))
    message = "Cannot mix procedure types in call: query, mutation"
    assert told(response) == (400, bad(message))
    assert database.touched == 0


async def test_a_batch_has_an_end(client: httpx.AsyncClient) -> None:
    most = await client.get(url(",".join([HELLO] * 20), {}, batch=True))
    assert (most.status_code, len(most.json())) == (200, 20)
    response = await client.get(url(",".join([HELLO] * 21), {}, batch=True))
    assert told(response) == (400, bad("Batch call exceeds maximum size of 20"))


async def test_mutations_of_a_batch_each_run(
    client: httpx.AsyncClient, database: FakeDatabase
) -> None:
    response = await client.post("/trpc/demo.touch,demo.touch?batch=1", json={})
    assert told(response) == (200, [{"result": {"data": "touched"}}] * 2)
    assert database.touched == 2


async def test_a_stranger_is_refused_call_by_call() -> None:
    async with trpc_client() as client:
        del client.headers["authorization"]
        status, body = told(await client.get(url("demo.hello,demo.nope", {}, batch=True)))
    assert (status, [each["error"]["code"] for each in body]) == (207, [-32001, -32004])


# ---- line by line

LINES = {"trpc-accept": "application/jsonl"}


async def test_a_batch_comes_line_by_line_as_its_calls_are_done(client: httpx.AsyncClient) -> None:
    path = "demo.wait,demo.nope,demo.hello"
    response = await client.get(url(path, {"0": {"seconds": 0.02}}, batch=True), headers=LINES)
    assert (response.status_code, response.headers["content-type"]) == (200, JSON)
    assert "content-length" not in response.headers
    assert response.headers["vary"] == "trpc-accept, accept"
    head, *lines = [json.loads(line) for line in response.content.splitlines()]
    assert head == {"0": [[0], [None, 0, 0]], "1": [[0], [None, 0, 1]], "2": [[0], [None, 0, 2]]}
    chunks = {line[0]: line[1:] for line in lines}
    refused = chunks[1][1][0][0]
    refused["error"]["data"].pop("requestId")
    assert refused == not_found("demo.nope")
    # A call that waits is answered last, whatever its place.
    assert [line[0] for line in lines][-3:] == [0, 5, 6]
    assert lines[-3:] == [
        [0, 0, [[{"result": 0}], ["result", 0, 5]]],
        [5, 0, [[{"data": 0}], ["data", 0, 6]]],
        [6, 0, [["waited"]]],
    ]


async def test_lines_of_one_call_byte_by_byte(client: httpx.AsyncClient) -> None:
    response = await client.get(url(HELLO, {}, batch=True), headers=LINES)
    assert response.content == (
        b'{"0":[[0],[null,0,0]]}\n'
        b'[0,0,[[{"result":0}],["result",0,1]]]\n'
        b'[1,0,[[{"data":0}],["data",0,2]]]\n'
        b'[2,0,[["hello world"]]]\n'
    )


async def test_lines_need_a_batch(client: httpx.AsyncClient) -> None:
    message = "Streaming requests must be batched (you can do a batch of 1)"
    response = await client.get(url(HELLO, {}), headers=LINES)
    assert told(response) == (400, bad(message))


async def test_mutations_come_line_by_line_too(
    client: httpx.AsyncClient, database: FakeDatabase
) -> None:
    response = await client.post("/trpc/demo.touch,demo.touch?batch=1", json={}, headers=LINES)
    assert response.content.count(b'"touched"') == database.touched == 2


# ---- what every door does


async def test_a_browser_of_a_named_origin_may_stream() -> None:
    asked = {
        "origin": "https://app.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization,trpc-accept",
    }
    async with trpc_client(cors_origins="https://app.example") as client:
        preflight = await client.options(f"/trpc/{HELLO}", headers=asked)
    assert preflight.status_code == 200
    assert "trpc-accept" in preflight.headers["access-control-allow-headers"]


async def test_calls_are_counted_by_kind_and_code(client: httpx.AsyncClient) -> None:
    await client.get(url("demo.hello,demo.nope", {}, batch=True))
    metrics = (await client.get("/metrics")).text
    route = 'route="/trpc/{path:path}"'
    assert f'method="GET",operation="query",{route},status="207"}} 1.0' in metrics
    assert f'code="NOT_FOUND",{route}}} 1.0' in metrics


# ---- whatever is sent


texts = st.text(max_size=10) | st.sampled_from(["demo.hello", "demo.half", "demo.touch", "a,b"])
inputs = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["0", "1", "number", "name", "how"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=50)
@given(
    paths=st.lists(texts, min_size=1, max_size=3),
    input=inputs,
    batch=st.sampled_from(["", "batch=1"]),
    lines=st.booleans(),
    posts=st.booleans(),
)
def test_no_request_is_a_server_error(
    paths: list[str], input: Any, batch: str, lines: bool, posts: bool
) -> None:
    async def send() -> None:
        path, asked = quote(",".join(paths), safe=","), quote(json.dumps(input))
        async with client_of(make_trpc_app()) as client:
            response = await client.request(
                "POST" if posts else "GET",
                f"/trpc/{path}?{batch}&input={asked}",
                headers={"content-type": JSON, **(LINES if lines else {})},
                content=json.dumps(input) if posts else None,
            )
        assert response.status_code < 500
        assert response.content

    asyncio.run(send())
