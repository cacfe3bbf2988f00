"""Stock clients against a running server: tRPC's three links, GraphQL, scripts."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from door import make_settings
from node import CLIENT, compile_client, run
from starlette.datastructures import Headers
from starlette.routing import Route
from tenants import Tenant

from api.app import create_app
from api.auth import Authenticator
from api.trpc import TrpcDoor
from api.trpc_wire import ROUTE
from models.access import Principal, Role, Scope
from models.api_key import create_key
from models.db import Database
from models.ids import encode
from resolvers import node
from resolvers.context import create_context
from resolvers.schema import schema

SCRIPT = CLIENT.parent / "python" / "set_limits.py"


@dataclass
class Served:
    """Where the server is, and a key of somebody who owns three projects."""

    url: str
    key: str
    tenant: Tenant

    @property
    def project_ids(self) -> list[str]:
        return [encode(node.PROJECT, self.tenant.id, id) for id in self.tenant.project_ids]


@pytest.fixture
async def served(database: Database, tenant: Tenant) -> AsyncIterator[Served]:
    settings, authenticator = make_settings(), Authenticator(database)

    async def authenticate(headers: Headers) -> Scope:
        return await authenticator.authenticate(headers.get("authorization"))

    parts: dict[str, Any] = {
        "database": database,
        "authenticate": authenticate,
        "context_factory": create_context,
    }
    door = TrpcDoor(schema, settings, **parts)
    app = create_app(settings, schema=schema, routes=[Route(ROUTE, door)], **parts)
    config = uvicorn.Config(app, port=0, lifespan="off", ws="none", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody when it is
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    owner = Scope(Principal(tenant.id, tenant.user_id, None), Role.OWNER)
    async with database.transaction() as connection:
        key = await create_key(
            connection, owner, name="node", role=Role.OWNER, user_id=tenant.user_id
        )
    yield Served(f"http://{host}:{port}", key.secret, tenant)
    server.should_exit = True
    await serving
    await authenticator.close()


@pytest.fixture(scope="module")
def dist() -> Path:
    return compile_client()


REQUESTS = {
    # Nine queries, then three mutations; what is batched is one request of each kind.
    "httpLink": ["GET 200"] * 5
    + ["GET 400"] * 2
    + ["GET 404"] * 2
    + ["POST 200"]
    + ["POST 400"] * 2,
    "httpBatchLink": ["GET 207", "POST 207"],
    "httpBatchStreamLink": ["GET 200", "POST 200"],
}


async def test_stock_clients_are_answered(served: Served, dist: Path) -> None:
    project_id = served.project_ids[0]
    status, output = await run(
        "node", dist / "check" / "links.js", URL=served.url, KEY=served.key, PROJECT=project_id
    )
    assert status == 0, output
    answers = json.loads(output)
    for link, requests in REQUESTS.items():
        assert sorted(answers[link]["seen"]) == requests, link
        check_queries(answers[link]["queries"], project_id)
        check_mutations(answers[link]["mutations"])
    check_graphql(answers["graphql"])


def check_queries(told: list[Any], project_id: str) -> None:
    summary, trend, across, recent, missing, few, thirteenth, nope, viewer = told
    assert summary["data"]["project"]["id"] == project_id
    assert (summary["data"]["totalCost"], summary["data"]["totalCostExact"]) == (0, "0")
    assert len(trend["data"]) == 3
    assert across["data"]["projectCount"] == 3
    assert recent["data"] == []
    assert (missing["number"], missing["data"]["code"]) == (-32004, "NOT_FOUND")
    assert missing["data"]["path"] == "aiCost.getMonthlySummary"
    assert (few["number"], few["message"]) == (-32600, "months is 0; 1 to 60 is expected.")
    assert 'month is "2026-13"' in thirteenth["message"]
    assert thirteenth["data"]["userErrors"][0]["field"] == ["month"]
    assert nope["message"] == 'No procedure found on path "aiCost.nope"'
    assert viewer["data"]["user"]["name"] == "Owner"


def check_mutations(told: list[Any]) -> None:
    made, negative, nothing = told
    assert made["data"]["budget"]["limit"] == 250.25
    assert made["data"]["budget"]["limitExact"] == "250.25"
    assert negative["data"]["userErrors"][0]["code"] == "OUT_OF_RANGE"
    # JSON has no NaN: it arrives as null, which never means "remove".
    assert nothing["message"].startswith("limitDollars is null")


def check_graphql(told: Any) -> None:
    assert told["data"]["monthlySummary"] == {
        "totalCost": "0",
        "budgetLimit": "250.25",
        "topRuns": [],
    }
    assert told["data"]["node"] == {"__typename": "Project", "name": "project 0"}
    assert told["set"]["setBudgetLimit"] == {"budget": {"limit": "99.5"}, "userErrors": []}
    assert told["refused"][0]["extensions"]["code"] == "NOT_FOUND"


async def check_script(served: Served, *command: str | Path) -> None:
    """Sets all limits, leaves them, is refused one that is too large, and is refused a bad key."""
    asked = (("12.5",), ("7", "--only-unset"))
    told = [await run(*command, *it, "--url", served.url, KEY=served.key) for it in asked]
    names = "".join(f"project {place}: $12.5, OK\n" for place in range(3))
    assert told == [(0, f"{names}3 set, 0 refused\n"), (0, "0 set, 0 refused\n")]
    status, output = await run(*command, "20000000000", "--url", served.url, KEY=served.key)
    assert (status, "limitDollars" in output) == (1, True), output
    status, output = await run(*command, "1", "--url", served.url, KEY="aic_wrong")
    assert (status, "valid API key" in output) == (1, True), output


async def test_limits_of_an_owner_are_set_by_python(served: Served) -> None:
    await check_script(served, sys.executable, SCRIPT)


async def test_limits_of_an_owner_are_set_by_typescript(served: Served, dist: Path) -> None:
    await check_script(served, "node", dist / "examples" / "set_limits.js")
