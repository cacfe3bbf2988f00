"""Reserving over HTTP as it is served: two servers, two callers, one cap."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import httpx
import pytest
from access_world import World, make_world
from door import GRAPHQL_JSON, make_settings
from postgres_server import FreshDatabase

from api import assembly
from api.settings import Settings
from models.access import Role
from models.api_key import create_key
from models.db import Database
from models.ids import NIL, encode
from models.level import Level
from resolvers import node

SET = """mutation ($input: SetCapInput!) { setCap(input: $input) { cap { id } } }"""
RESERVE = """mutation ($input: ReserveSpendInput!) { reserveSpend(input: $input) {
  ...granted ... on SpendDenied { ...denied } ... on SpendRejected { userErrors { message } }
  __typename } }
fragment granted on SpendGranted { reservation { key held } }
fragment denied on SpendDenied { reason message spent held isRetryable }"""
SETTLE = """mutation ($key: String!, $tokens: BigInt!) { settleReservation(input: {key: $key,
  event: {model: "claude-opus-4-5", provider: "anthropic", inputTokens: $tokens}}) {
  result { status cost } reservation { status } userErrors { message } } }"""
SHOW = "{ organization { caps { nodes { spent held remaining status } } } }"


@pytest.fixture
async def world(database: Database) -> World:
    async with database.transaction() as connection:
        return await make_world(connection)


@pytest.fixture
async def callers(
    migrated: FreshDatabase, database: Database, world: World
) -> AsyncIterator[Sequence[httpx.AsyncClient]]:
    """Two keys, each asking a server of its own: nothing but the database is shared."""
    settings = make_settings(DATABASE_URL=migrated.app_dsn, pool_size=4)
    async with AsyncExitStack() as stack:
        clients = []
        for name in ("first", "second"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Settings, "load", lambda: settings)
                patch.setattr(assembly.logging, "configure", lambda _: None)
                app = assembly.application()
            async with database.transaction() as connection:
                key = await create_key(
                    connection, world.system, name=name, role=Role.OWNER, level=Level()
                )
            await stack.enter_async_context(app.router.lifespan_context(app))
            headers = {"authorization": f"Bearer {key.secret}", "accept": GRAPHQL_JSON}
            transport = httpx.ASGITransport(app)
            client = httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers)
            clients.append(await stack.enter_async_context(client))
        yield clients


async def post(client: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    response = await client.post("/graphql", json=body)
    assert response.status_code == 200, response.text
    document = response.json()
    assert "errors" not in document, document
    return document["data"]


async def test_two_callers_race_for_one_cap(
    callers: Sequence[httpx.AsyncClient], world: World
) -> None:
    """64 ask for 0.1 of 1: ten are granted; what they then spend, twice 0.05, leaves room again."""
    project = encode(node.PROJECT, world.organization_id, world.near)
    cap = {"scope": "PROJECT", "scopeId": project, "period": "DAY", "limit": "1"}
    await post(callers[0], SET, input=cap)

    async def reserve(number: int) -> Any:
        wanted = {"key": f"k{number}", "projectId": project, "amount": "0.1", "runKey": "run"}
        return (await post(callers[number % 2], RESERVE, input=wanted))["reserveSpend"]

    answers = await asyncio.gather(*map(reserve, range(64)))
    granted = [it["reservation"]["key"] for it in answers if it["__typename"] == "SpendGranted"]
    denied = [it for it in answers if it["__typename"] == "SpendDenied"]
    assert (len(granted), len(denied)) == (10, 54)
    assert {(it["reason"], it["isRetryable"]) for it in denied} == {("CAP_REACHED", True)}
    [shown] = (await post(callers[1], SHOW))["organization"]["caps"]["nodes"]
    assert shown == {"spent": "0", "held": "1", "remaining": "0", "status": "REACHED"}

    settled = await asyncio.gather(
        *(
            post(callers[place % 2], SETTLE, key=key, tokens=10_000)
            for place, key in enumerate(granted)
        )
    )
    for answer in settled:
        payload = answer["settleReservation"]
        assert payload["userErrors"] == []
        assert payload["result"] == {"status": "RECORDED", "cost": "0.05"}
        assert payload["reservation"] == {"status": "SETTLED"}
    [shown] = (await post(callers[0], SHOW))["organization"]["caps"]["nodes"]
    assert shown == {"spent": "0.5", "held": "0", "remaining": "0.5", "status": "OK"}
    again = await asyncio.gather(*map(reserve, range(64, 128)))
    assert sum(it["__typename"] == "SpendGranted" for it in again) == 5
    assert Decimal(shown["remaining"]) == Decimal("0.5")


async def test_one_key_sent_many_times_at_once_holds_once(
    callers: Sequence[httpx.AsyncClient], world: World
) -> None:
    project = encode(node.PROJECT, world.organization_id, world.near)
    cap = {"scope": "PROJECT", "scopeId": project, "period": "DAY", "limit": "1"}
    await post(callers[0], SET, input=cap)
    owner = encode(node.USER, NIL, world.owner_id)
    wanted = {"key": "same", "projectId": project, "amount": "0.1", "userId": owner}
    answers = await asyncio.gather(
        *(post(callers[0], RESERVE, input=wanted) for _ in range(32)),
    )
    assert {it["reserveSpend"]["__typename"] for it in answers} == {"SpendGranted"}
    [shown] = (await post(callers[0], SHOW))["organization"]["caps"]["nodes"]
    assert shown["held"] == "0.1"


async def test_the_limits_of_documents_hold_for_unions_too(
    callers: Sequence[httpx.AsyncClient], world: World
) -> None:
    project = encode(node.PROJECT, world.organization_id, world.near)
    one = f'reserveSpend(input: {{key: "k", projectId: "{project}", amount: "1"}}) {{ __typename }}'
    many = "mutation { " + " ".join(f"a{number}: {one}" for number in range(16)) + " }"
    for query in (
        many,
        RESERVE.replace("on SpendGranted {", "on Project {"),
        RESERVE.replace("__typename } }", "reservation { key } } }"),
    ):
        variables = {"input": {"key": "k", "projectId": project, "amount": "1"}}
        response = await callers[0].post("/graphql", json={"query": query, "variables": variables})
        assert response.status_code == 400, response.text
        [error, *_] = response.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
