"""GraphQL over HTTP to the letter: the 61 server audits of graphql-http, by their ids.

https://github.com/graphql/graphql-http/blob/main/implementations. Each row is one request and what
its answer must be; MAY and SHOULD are kept like MUST.
"""

import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from door import GRAPHQL_JSON, client_of, make_app

from api.errors import RequestRefusedError
from api.graphql_body import negotiate

JSON = "application/json"
QUERY = "{ __typename }"
TYPE_QUERY = "query Type($name: String!) { __type(name: $name) { name } }"
COERCE_FAILURE = {
    "query": "query CoerceFailure($id: ID!){ __typename }",
    "variables": {"id": None},
}
UNKNOWN_FIELD = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"
CLIENT_ERROR = range(400, 500)
ANY_ERROR = range(400, 600)
WRONG_OBJECTS: tuple[Any, ...] = ("string", 0, False, ["array"])
WRONG_STRINGS: tuple[Any, ...] = ({"obj": "ect"}, 0, False, ["array"])


@dataclass(frozen=True)
class Audit:
    """One audit: what is sent, and what must come back."""

    id: str
    body: Any = None
    accept: str | None = None
    status: Collection[int] = (200,)
    content_type: str | None = JSON
    method: str = "POST"
    params: dict[str, str] = field(default_factory=dict)
    answers_in: str | None = None
    errors: bool | None = None
    data: bool | None = None


def post(id: str, body: Any, accept: str | None = None, **expected: Any) -> Audit:
    return Audit(id, body, accept, **expected)


def get(id: str, params: dict[str, str], accept: str | None = None, **expected: Any) -> Audit:
    return Audit(id, None, accept, method="GET", content_type=None, params=params, **expected)


MEDIA_TYPES = [
    post("22EB", {"query": QUERY}, GRAPHQL_JSON, answers_in=GRAPHQL_JSON),
    post("4655", {"query": QUERY}, JSON, answers_in=JSON),
    post("47DE", {"query": QUERY}, "*/*", answers_in=JSON),
    post("80D8", {"query": QUERY}, answers_in=JSON),
    post("82A3", {"query": QUERY}),
    post(
        "BF61",
        {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
        content_type="application/json; charset=utf-8",
    ),
    post("78D5", {"query": QUERY}),
]
REQUESTS = [
    post("2C94", {"query": QUERY}),
    get("5A70", {"query": QUERY}),
    get("9C48", {"query": "mutation { __typename }"}, GRAPHQL_JSON, status=CLIENT_ERROR),
    post("9ABE", {"query": QUERY}, content_type="text/plain;charset=UTF-8", status=CLIENT_ERROR),
    post("03D4", {"query": QUERY}),
    post("A5BF", None, status=(400,)),
]
PARAMETERS = [
    post("423L", {"notquery": QUERY}, GRAPHQL_JSON, status=(400,)),
    *(
        post(f"LKJ{index}", {"query": wrong}, status=(400,))
        for index, wrong in enumerate(WRONG_STRINGS)
    ),
    post("34A2", {"query": QUERY}, GRAPHQL_JSON),
    post("13EE", {"query": QUERY}, JSON, errors=False),
    *(
        post(f"6C0{index}", {"operationName": wrong, "query": QUERY}, status=(400,))
        for index, wrong in enumerate(WRONG_STRINGS)
    ),
    post("8161", {"operationName": "Query", "query": f"query Query {QUERY}"}, GRAPHQL_JSON),
    post("B8B3", {"operationName": "Query", "query": f"query Query {QUERY}"}, JSON, errors=False),
    *(
        post(f"{prefix}{index}", {"query": QUERY, parameter: None}, accept, errors=False)
        for index, parameter in enumerate(("variables", "operationName", "extensions"))
        for prefix, accept in (("94B", GRAPHQL_JSON), ("022", JSON))
    ),
    *(
        post(f"476{index}", {"query": QUERY, "variables": wrong}, status=(400,))
        for index, wrong in enumerate(WRONG_OBJECTS)
    ),
    post("2EA1", {"query": TYPE_QUERY, "variables": {"name": "sometype"}}, GRAPHQL_JSON),
    post("28B9", {"query": TYPE_QUERY, "variables": {"name": "sometype"}}, JSON, errors=False),
    *(
        get(
            id,
            {"query": TYPE_QUERY, "variables": '{"name": "sometype"}'},
            accept,
            errors=False,
        )
        for id, accept in (("D6D5", GRAPHQL_JSON), ("6A70", JSON))
    ),
    *(
        post(f"58B{index}", {"query": QUERY, "extensions": wrong}, status=(400,))
        for index, wrong in enumerate(WRONG_OBJECTS)
    ),
    post("428F", {"query": QUERY, "extensions": {"some": "value"}}, GRAPHQL_JSON),
    post("1B7A", {"query": QUERY, "extensions": {"some": "value"}}, JSON, errors=False),
]
FAILURES = [
    post("B6DC", b'{ "not a JSON', JSON, status=(*range(200, 300), *ANY_ERROR)),
    post("BCF8", b'{ "not a JSON', JSON, status=(400,)),
    post("B7N8", b'{ "not a JSON', GRAPHQL_JSON, status=(400,)),
    post("8764", {"qeury": QUERY}, status=ANY_ERROR),
    post("3E3A", {"qeury": QUERY}, status=(400,)),
    post("572B", {"query": "{"}, JSON),
    post("FDE2", {"query": UNKNOWN_FIELD}, JSON),
    post("7B9B", COERCE_FAILURE, JSON),
    post("865D", {"query": "{"}, GRAPHQL_JSON, status=ANY_ERROR),
    post("556A", {"query": "{"}, GRAPHQL_JSON, status=(400,)),
    post("D586", {"query": "{"}, GRAPHQL_JSON, status=(400,), data=False),
    post("51FE", {"query": UNKNOWN_FIELD}, GRAPHQL_JSON, status=ANY_ERROR),
    post("74FF", {"query": UNKNOWN_FIELD}, GRAPHQL_JSON, status=(400,)),
    post("5E5B", {"query": UNKNOWN_FIELD}, GRAPHQL_JSON, status=(400,), data=False),
    post("86EE", COERCE_FAILURE, GRAPHQL_JSON, status=(400,)),
]
AUDITS = [*MEDIA_TYPES, *REQUESTS, *PARAMETERS, *FAILURES]


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(make_app(introspection=True)) as opened:
        yield opened


def test_all_audits_are_here() -> None:
    assert len(AUDITS) == len({audit.id for audit in AUDITS}) == 61


@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.id)
async def test_audit(client: httpx.AsyncClient, audit: Audit) -> None:
    headers = {"accept": audit.accept} if audit.accept else {"accept": ""}
    if audit.content_type:
        headers["content-type"] = audit.content_type
    content = audit.body if isinstance(audit.body, bytes | None) else json.dumps(audit.body)
    response = await client.request(
        audit.method, "/graphql", content=content, params=audit.params, headers=headers
    )
    assert response.status_code in audit.status, response.text
    body = json.loads(response.content.decode("utf-8"))
    if audit.answers_in is not None:
        assert response.headers["content-type"].startswith(audit.answers_in)
    if audit.errors is not None:
        assert ("errors" in body) is audit.errors
    if audit.data is not None:
        assert ("data" in body) is audit.data


async def test_a_mutation_by_get_is_named_and_does_nothing(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": "mutation { touch }"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, {JSON};q=0.9", JSON),
        (f"*/*;q=0.1, {GRAPHQL_JSON};q=0.1", GRAPHQL_JSON),
        (f"text/html, {GRAPHQL_JSON.upper()}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0, */*", JSON),
    ],
)
def test_negotiation(accept: str | None, chosen: str) -> None:
    assert negotiate(accept) == chosen


@pytest.mark.parametrize(
    "accept", ["text/html", f"{JSON};q=0", "*/*;q=nan", "application/json;q=x"]
)
def test_what_cannot_be_answered_is_not_acceptable(accept: str) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        negotiate(accept)
    assert caught.value.status == 406


async def test_one_of_several_operations_must_be_named(client: httpx.AsyncClient) -> None:
    query = "query A { hello } query B { __typename }"
    headers = {"accept": GRAPHQL_JSON}
    unnamed = await client.post("/graphql", json={"query": query}, headers=headers)
    assert unnamed.status_code == 400
    assert "data" not in unnamed.json()
    other = {"query": query, "operationName": "C"}
    assert (await client.post("/graphql", json=other, headers=headers)).status_code == 400
    named = await client.post("/graphql", json={"query": query, "operationName": "B"})
    assert named.json() == {"data": {"__typename": "Query"}}
