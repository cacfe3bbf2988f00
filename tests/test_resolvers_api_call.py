"""API calls over GraphQL: rows, filters, both directions, cursors without rights."""

from datetime import timedelta
from typing import Any

import pytest
from graphql_client import MARCH, Asker, CountedDatabase, Refusal, owner
from tenants import PRICED, Tenant, make_tenant

from models.db import Database
from models.event import CallOutcome, Operation, RunRef
from models.ids import encode, uuid7
from models.ledger import Ledger
from models.token import ReportedTokens
from resolvers import node

HOSTILE = "=1+1\",'\n\t<b>"
CALLS = """query ($w: ID!, $r: RangeInput, $f: ApiCallFilter, $first: Int, $after: String,
    $last: Int, $before: String) { workspace(id: $w) {
  apiCalls(range: $r, filter: $f, first: $first, after: $after, last: $last, before: $before) {
    period { start end } edges { cursor }
    nodes { id occurredAt apiKey { name } provider model operation outcome inputTokens outputTokens
      tokens { input cacheRead output } durationMs inputPrice outputPrice cost project { name }
      run { key } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


@pytest.fixture
async def asker(database: Database, tenant: Tenant, ledger: Ledger) -> Asker:
    """A streamed call, an embedding, a failed one without a price, one two months old."""
    stream: dict[str, Any] = {"occurred_at": MARCH - timedelta(hours=1), "is_cumulative": True,
                              "api_key_id": tenant.api_key_id, "run": RunRef("r")}  # fmt: skip
    more = ReportedTokens(input_tokens=100, output_tokens=70, cache_read_tokens=10,
                          input_includes_cache=True)  # fmt: skip
    events = [
        tenant.event("stream", duration_ms=40, **stream),
        tenant.event("stream", tokens=more, **stream),
        tenant.event("vector", model="text-embedding-3-small", provider="openai",
                     operation=Operation.EMBEDDING, occurred_at=MARCH - timedelta(hours=2),
                     tokens=ReportedTokens(input_tokens=1000, output_tokens=0)),
        tenant.event("failed", model=HOSTILE, provider=None, outcome=CallOutcome.FAILED,
                     occurred_at=MARCH - timedelta(hours=3), project_id=tenant.project_ids[1]),
        tenant.event("old", occurred_at=MARCH - timedelta(days=60)),
    ]  # fmt: skip
    await ledger.record(tenant.id, events, now=MARCH)
    return owner(database, tenant, MARCH)


def workspace(tenant: Tenant) -> str:
    return encode(node.WORKSPACE, tenant.id, tenant.workspace_id)


async def ask(asker: Asker, tenant: Tenant, **variables: Any) -> Any:
    data = await asker.ask(CALLS, w=workspace(tenant), **variables)
    return data["workspace"]["apiCalls"]


async def test_calls_of_the_last_thirty_days(asker: Asker, tenant: Tenant) -> None:
    page = await ask(asker, tenant)
    assert page["period"] == {"start": "2026-02-19T00:00:00Z", "end": "2026-03-21T00:00:00Z"}
    assert {call.pop("id")[:5] for call in page["nodes"]} == {"call_"}
    assert page["nodes"] == [
        {
            "occurredAt": "2026-03-20T08:30:00Z", "apiKey": {"name": "key"},
            "provider": "anthropic", "model": PRICED, "operation": "COMPLETION",
            "outcome": "SUCCEEDED", "inputTokens": 110, "outputTokens": 70,
            "tokens": {"input": 100, "cacheRead": 10, "output": 70}, "durationMs": 40,
            "inputPrice": "5", "outputPrice": "25", "cost": "0.002255",
            "project": {"name": "project 0"}, "run": {"key": "r"},
        },
        {
            "occurredAt": "2026-03-20T07:30:00Z", "apiKey": None, "provider": "openai",
            "model": "text-embedding-3-small", "operation": "EMBEDDING", "outcome": "SUCCEEDED",
            "inputTokens": 1000, "outputTokens": None,
            "tokens": {"input": 1000, "cacheRead": 0, "output": 0}, "durationMs": None,
            "inputPrice": "0.02", "outputPrice": None, "cost": "0.00002",
            "project": {"name": "project 0"}, "run": None,
        },
        {
            "occurredAt": "2026-03-20T06:30:00Z", "apiKey": None, "provider": None,
            "model": HOSTILE, "operation": "COMPLETION", "outcome": "FAILED", "inputTokens": 100,
            "outputTokens": 50, "tokens": {"input": 100, "cacheRead": 0, "output": 50},
            "durationMs": None, "inputPrice": None, "outputPrice": None, "cost": None,
            "project": {"name": "project 1"}, "run": None,
        },
    ]  # fmt: skip


async def test_pages_go_both_ways(asker: Asker, tenant: Tenant) -> None:
    whole = await ask(asker, tenant)
    cursors = [edge["cursor"] for edge in whole["edges"]]
    first = await ask(asker, tenant, first=2)
    assert first["nodes"] == whole["nodes"][:2]
    assert first["pageInfo"] == {
        "hasNextPage": True, "hasPreviousPage": False, "startCursor": cursors[0],
        "endCursor": cursors[1],
    }  # fmt: skip
    rest = await ask(asker, tenant, first=2, after=cursors[1])
    assert (rest["nodes"], rest["pageInfo"]["hasNextPage"]) == (whole["nodes"][2:], False)
    back = await ask(asker, tenant, last=1, before=cursors[2])
    assert back["nodes"] == whole["nodes"][1:2]
    assert (back["pageInfo"]["hasPreviousPage"], back["pageInfo"]["hasNextPage"]) == (True, True)
    assert (await ask(asker, tenant, last=1))["nodes"] == whole["nodes"][2:]


@pytest.mark.parametrize(
    ("filter", "hours"),
    [
        ({"providers": ["openai", "nobody"]}, [2]),
        ({"models": [HOSTILE]}, [3]),
        ({"models": ["x' OR 1=1 --"]}, []),
        ({"operation": "COMPLETION"}, [1, 3]),
        ({"outcome": "FAILED"}, [3]),
        ({"outcome": "SUCCEEDED", "operation": "EMBEDDING", "providers": None}, [2]),
        ({"models": []}, []),
        ({"apiKeyIds": []}, []),
        ({}, [1, 2, 3]),
        (None, [1, 2, 3]),
    ],
)
async def test_calls_are_filtered(
    asker: Asker, tenant: Tenant, filter: dict[str, Any] | None, hours: list[int]
) -> None:
    found = await ask(asker, tenant, f=filter)
    told = [(MARCH - timedelta(hours=n)).isoformat().replace("+00:00", "Z") for n in hours]
    assert [call["occurredAt"] for call in found["nodes"]] == told


async def test_ranges_lie_anywhere(asker: Asker, tenant: Tenant) -> None:
    """A list takes instants to the microsecond; a report does not."""
    at = MARCH - timedelta(hours=1)
    for start, end, count in ((0, 1, 1), (1, 2, 0), (-1, 0, 0)):
        instants = {
            "from": (at + timedelta(microseconds=start)).isoformat(),
            "to": (at + timedelta(microseconds=end)).isoformat(),
        }
        found = await ask(asker, tenant, r={"instants": instants})
        assert len(found["nodes"]) == count
    key = encode(node.API_KEY, tenant.id, tenant.api_key_id)
    by_key = await ask(asker, tenant, r={"preset": "LAST_90_DAYS"}, f={"apiKeyIds": [key]})
    assert [call["run"] for call in by_key["nodes"]] == [{"key": "r"}]


async def test_cursors_and_keys_of_others_are_of_no_use(
    asker: Asker, database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    other = await make_tenant(database)
    await ledger.record(other.id, [other.event(occurred_at=MARCH)], now=MARCH)
    theirs = await ask(owner(database, other, MARCH + timedelta(hours=1)), other)
    own = (await ask(asker, tenant))["pageInfo"]["endCursor"]
    for said in (
        {"after": theirs["pageInfo"]["endCursor"]},
        {"after": own[:-2] + "xx"},
        {"before": own[::-1]},
        {"after": own, "f": {"outcome": "FAILED"}},
        {"after": own, "r": {"preset": "TODAY"}},
        {"first": 1, "last": 1},
        {"first": 101},
        {"last": 0},
    ):
        assert (await refusal_of(asker, tenant, **said)).code == "BAD_USER_INPUT", said
    refusals = {
        await refusal_of(asker, tenant, f={"apiKeyIds": [encode(node.API_KEY, *pair)]})
        for pair in (
            (other.id, other.api_key_id), (tenant.id, other.api_key_id), (tenant.id, uuid7()),
        )
    }  # fmt: skip
    assert [refusal.code for refusal in refusals] == ["NOT_FOUND"]


async def refusal_of(asker: Asker, tenant: Tenant, **variables: Any) -> Refusal:
    data, (error,) = await asker.run(CALLS, w=workspace(tenant), **variables)
    assert data["workspace"]["apiCalls"] is None
    return error


async def test_a_page_takes_few_statements(
    asker: Asker, database: Database, tenant: Tenant
) -> None:
    """The workspace, the organization, the page, and what its rows name: keys, projects, runs."""
    counted = CountedDatabase(database)
    await ask(owner(counted, tenant, MARCH), tenant)
    counted.statements.clear()
    await ask(owner(counted, tenant, MARCH), tenant)
    assert len(counted.asked) == 6
