"""001's analytics over GraphQL: what they show of a workspace, and what they take."""

from typing import Any

import pytest
from graphql_client import MARCH, Asker, CountedDatabase, owner
from tenants import PRICED, Tenant

from models.db import Database
from models.event import CallOutcome
from models.ids import encode
from models.ledger import Ledger
from resolvers import node

USAGE = """query ($w: ID!, $r: RangeInput) { workspace(id: $w) { apiKeyUsage(range: $r) { id
  period { firstDate lastDate }
  keys { apiKey { name } requests inputTokens outputTokens totalTokens cost pctOfTotal
    unpricedTransactions durationP50Ms durationP95Ms errorShare lastUsedAt }
  models { provider model requests cost }
  providers { provider model requests cost }
  hours { hour requests cost totalTokens }
  totals { apiKey { name } requests cost pctOfTotal errorShare } } } }"""


@pytest.fixture
async def asker(database: Database, tenant: Tenant, ledger: Ledger) -> Asker:
    """By a key two calls, one failed; without a key one that has no price."""
    events = [
        tenant.event("a", api_key_id=tenant.api_key_id, duration_ms=20),
        tenant.event("b", api_key_id=tenant.api_key_id, duration_ms=1000,
                     outcome=CallOutcome.FAILED),
        tenant.event("c", provider=None, model="nobody-knows"),
    ]  # fmt: skip
    await ledger.record(tenant.id, events, now=MARCH)
    return owner(database, tenant, MARCH)


async def ask(asker: Asker, tenant: Tenant, **variables: Any) -> Any:
    workspace = encode(node.WORKSPACE, tenant.id, tenant.workspace_id)
    data = await asker.ask(USAGE, w=workspace, **variables)
    return data["workspace"]["apiKeyUsage"]


async def test_spend_and_speed_by_key(asker: Asker, tenant: Tenant) -> None:
    usage = await ask(asker, tenant)
    assert usage.pop("id").startswith("kusg_")
    hours = usage.pop("hours")
    assert [it["hour"] for it in hours] == list(range(24))
    assert hours[12] == {"hour": 12, "requests": 3, "cost": "0.0035", "totalTokens": 450}
    assert {it["requests"] for it in hours[:12] + hours[13:]} == {0}
    of_model, of_nobody = (
        {"provider": "anthropic", "model": PRICED, "requests": 2, "cost": "0.0035"},
        {"provider": None, "model": "nobody-knows", "requests": 1, "cost": "0"},
    )
    assert usage == {
        "period": {"firstDate": "2026-02-19", "lastDate": "2026-03-20"},
        "keys": [
            {"apiKey": {"name": "key"}, "requests": 2, "inputTokens": 200, "outputTokens": 100,
             "totalTokens": 300, "cost": "0.0035", "pctOfTotal": 100.0, "unpricedTransactions": 0,
             "durationP50Ms": 20, "durationP95Ms": 1007, "errorShare": 0.5,
             "lastUsedAt": "2026-03-15T12:00:00Z"},
            {"apiKey": None, "requests": 1, "inputTokens": 100, "outputTokens": 50,
             "totalTokens": 150, "cost": "0", "pctOfTotal": 0.0, "unpricedTransactions": 1,
             "durationP50Ms": None, "durationP95Ms": None, "errorShare": 0.0,
             "lastUsedAt": "2026-03-15T12:00:00Z"},
        ],
        "models": [of_model, of_nobody],
        "providers": [{**of_model, "model": None}, {**of_nobody, "model": None}],
        "totals": {"apiKey": None, "requests": 3, "cost": "0.0035", "pctOfTotal": 100.0,
                   "errorShare": 1 / 3},
    }  # fmt: skip


async def test_nothing_is_no_division_by_zero(asker: Asker, tenant: Tenant) -> None:
    usage = await ask(asker, tenant, r={"preset": "TODAY"})
    assert (usage["keys"], usage["models"], usage["providers"]) == ([], [], [])
    assert usage["totals"] == {
        "apiKey": None, "requests": 0, "cost": "0", "pctOfTotal": 0.0, "errorShare": None,
    }  # fmt: skip


async def test_the_last_thirty_days_are_what_is_meant(asker: Asker, tenant: Tenant) -> None:
    shown = [await ask(asker, tenant), await ask(asker, tenant, r=None)]
    shown.append(await ask(asker, tenant, r={"preset": "LAST_30_DAYS"}))
    shown.append(await ask(asker, tenant, r={"dates": {"first": "2026-02-19",
                                                       "last": "2026-03-20"}}))  # fmt: skip
    assert all(usage == shown[0] for usage in shown)


async def test_it_takes_few_statements(asker: Asker, database: Database, tenant: Tenant) -> None:
    """The workspace, the organization, the report, the keys' names, the hours."""
    counted = CountedDatabase(database)
    await ask(owner(counted, tenant, MARCH), tenant)
    counted.statements.clear()
    await ask(owner(counted, tenant, MARCH), tenant)
    assert len(counted.asked) == 5
