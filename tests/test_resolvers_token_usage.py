"""002's page over GraphQL: what it shows for one state of its filters, and what it refuses."""

from typing import Any

import pytest
from graphql_client import MARCH, Asker, CountedDatabase, Refusal, owner
from tenants import PRICED, Tenant, make_tenant

from models.db import Database
from models.event import Initiator, JobRef, RunRef
from models.ids import encode, uuid7
from models.ledger import Ledger
from resolvers import node

HOSTILE = '=HYPERLINK("x")\n\'; DROP TABLE rate; --'
PAGE = """query ($f: TokenUsageFilter!) { organization { tokenUsage(filter: $f) {
  id period { start end firstDate lastDate timeZone isOver } requests requestsPerDay inputTokens
  outputTokens totalTokens cost costPerRequest unpricedTransactions
  daily { date requests inputTokens outputTokens cost unpricedTransactions }
  byInitiator { isShown days { date chatAgent taskAgent heartbeat unattributed } }
  breakdown { provider model requests totalTokens cost pctOfTotal unpricedTransactions }
  totals { provider model requests inputTokens outputTokens totalTokens cost pctOfTotal }
  providers models emptyState } } }"""
BRIEF = """query ($f: TokenUsageFilter!) { organization { tokenUsage(filter: $f) {
  id cost requests emptyState } } }"""
TWO_DAYS = {"dates": {"first": "2026-03-15", "last": "2026-03-16"}}


@pytest.fixture
async def asker(database: Database, tenant: Tenant, ledger: Ledger) -> Asker:
    """Three calls on 15 March: two of a task agent, priced, and one that has no price."""
    job = JobRef("j", "Research", Initiator.TASK_AGENT)
    events = [
        tenant.event("a", run=RunRef("r"), job=job),
        tenant.event("b", project_id=tenant.project_ids[1], run=RunRef("r"), job=job),
        tenant.event("c", provider=None, model=HOSTILE),
    ]
    await ledger.record(tenant.id, events, now=MARCH)
    return owner(database, tenant, MARCH)


async def ask(asker: Asker, query: str = BRIEF, **filter: Any) -> Any:
    data = await asker.ask(query, f={"range": TWO_DAYS, **filter})
    return data["organization"]["tokenUsage"]


async def refusal_of(asker: Asker, **filter: Any) -> Refusal:
    data, (error,) = await asker.run(BRIEF, f={"range": TWO_DAYS, **filter})
    assert data["organization"]["tokenUsage"] is None
    return error


async def test_the_page(asker: Asker) -> None:
    page = await ask(asker, PAGE)
    assert page.pop("id").startswith("tusg_")
    empty = {"requests": 0, "inputTokens": 0, "outputTokens": 0, "cost": "0",
             "unpricedTransactions": 0}  # fmt: skip
    assert page == {
        "period": {
            "start": "2026-03-15T00:00:00Z", "end": "2026-03-17T00:00:00Z",
            "firstDate": "2026-03-15", "lastDate": "2026-03-16", "timeZone": "UTC", "isOver": True,
        },
        "requests": 3, "requestsPerDay": 1.5,
        "inputTokens": 300, "outputTokens": 150, "totalTokens": 450,
        "cost": "0.0035", "costPerRequest": "0.00175", "unpricedTransactions": 1,
        "daily": [
            {"date": "2026-03-15", "requests": 3, "inputTokens": 300, "outputTokens": 150,
             "cost": "0.0035", "unpricedTransactions": 1},
            {"date": "2026-03-16", **empty},
        ],
        "byInitiator": {
            "isShown": True,
            "days": [
                {"date": "2026-03-15", "chatAgent": 0, "taskAgent": 300, "heartbeat": 0,
                 "unattributed": 150},
                {"date": "2026-03-16", "chatAgent": 0, "taskAgent": 0, "heartbeat": 0,
                 "unattributed": 0},
            ],
        },
        "breakdown": [
            {"provider": "anthropic", "model": PRICED, "requests": 2, "totalTokens": 300,
             "cost": "0.0035", "pctOfTotal": 100.0, "unpricedTransactions": 0},
            {"provider": None, "model": HOSTILE, "requests": 1, "totalTokens": 150,
             "cost": None, "pctOfTotal": None, "unpricedTransactions": 1},
        ],
        "totals": {"provider": None, "model": None, "requests": 3, "inputTokens": 300,
                   "outputTokens": 150, "totalTokens": 450, "cost": "0.0035", "pctOfTotal": 100.0},
        "providers": ["anthropic"], "models": [HOSTILE, PRICED], "emptyState": None,
    }  # fmt: skip


async def test_filters_narrow_the_page_and_lists_stay(asker: Asker, tenant: Tenant) -> None:
    query = """query ($f: TokenUsageFilter!) { organization { tokenUsage(filter: $f) {
      requests cost providers models emptyState totals { cost pctOfTotal } costPerRequest
      byInitiator { isShown } daily { cost } } } }"""
    unknown = await ask(asker, query, provider="")
    assert unknown == {
        "requests": 1, "cost": "0", "providers": ["anthropic"], "models": [HOSTILE],
        "emptyState": None, "totals": {"cost": None, "pctOfTotal": None}, "costPerRequest": None,
        "byInitiator": {"isShown": False}, "daily": [{"cost": "0"}, {"cost": "0"}],
    }  # fmt: skip
    nothing = await ask(asker, query, provider="openai", model=PRICED)
    assert (nothing["emptyState"], nothing["providers"]) == ("NO_MATCH", ["anthropic"])
    assert (nothing["models"], nothing["totals"]["cost"]) == ([], "0")
    project = encode(node.PROJECT, tenant.id, tenant.project_ids[1])
    assert (await ask(asker, projectId=project))["cost"] == "0.00175"
    workspace = encode(node.WORKSPACE, tenant.id, tenant.workspace_id)
    assert (await ask(asker, workspaceId=workspace))["requests"] == 3


async def test_an_id_names_the_state_of_the_filters(asker: Asker, tenant: Tenant) -> None:
    """The same days by another name are the same state; every other filter is another."""
    project = encode(node.PROJECT, tenant.id, tenant.project_id)
    month = {"dates": {"first": "2026-03-01", "last": "2026-03-20"}}
    named = {"preset": "THIS_MONTH"}
    assert (await ask(asker, range=month))["id"] == (await ask(asker, range=named))["id"]
    states: list[dict[str, Any]] = [
        {}, {"range": month}, {"provider": ""}, {"provider": "anthropic"}, {"projectId": project},
        {"workspaceId": encode(node.WORKSPACE, tenant.id, tenant.workspace_id)},
        {"provider": "anthropic", "model": PRICED}, {"provider": "anthropic", "model": ""},
    ]  # fmt: skip
    ids = [(await ask(asker, **state))["id"] for state in states]
    assert len(set(ids)) == len(states)
    assert ids == [(await ask(asker, **state))["id"] for state in states]


async def test_two_states_are_compared(asker: Asker) -> None:
    query = """query ($a: TokenUsageFilter!, $b: TokenUsageFilter!) { organization {
      tokenUsageComparison(base: $a, other: $b) { base { requests } other { requests }
        requestsChange tokensChange costChange costChangePct } } }"""
    whole, unpriced = {"range": TWO_DAYS}, {"range": TWO_DAYS, "provider": ""}
    data = await asker.ask(query, a=whole, b=unpriced)
    assert data["organization"]["tokenUsageComparison"] == {
        "base": {"requests": 3}, "other": {"requests": 1},
        "requestsChange": -2, "tokensChange": -300, "costChange": "-0.0035",
        "costChangePct": -100.0,
    }  # fmt: skip
    back = (await asker.ask(query, a=unpriced, b=whole))["organization"]["tokenUsageComparison"]
    assert (back["costChange"], back["costChangePct"]) == ("0.0035", None)


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ({"model": PRICED}, "model needs a provider"),
        ({"range": {"dates": {"first": "2026-03-16", "last": "2026-03-15"}}}, "last is"),
        ({"range": {"instants": {"from": "2026-03-15T00:30:00Z", "to": "2026-03-16T00:00:00Z"}}},
         "2026-03-15T00:30:00+00:00 is not the beginning of a local hour"),
        ({"range": {"instants": {"from": "2026-03-15T00:00:00Z", "to": "2026-03-15T00:00:00Z"}}},
         "to is"),
        ({"range": {"instants": {"from": "2020-03-15T00:00:00Z", "to": "2026-03-15T00:00:00Z"}}},
         "range touches"),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(
    asker: Asker, filter: dict[str, Any], message: str
) -> None:
    refusal = await refusal_of(asker, **filter)
    assert refusal.code == "BAD_USER_INPUT"
    assert refusal.message.startswith(message)


async def test_hours_that_are_no_whole_days_are_counted_too(asker: Asker) -> None:
    """The calls were made at noon."""
    for start, end, count in (("12", "13", 3), ("11", "12", 0), ("00", "12", 0), ("12", "23", 3)):
        instants = {"from": f"2026-03-15T{start}:00:00Z", "to": f"2026-03-15T{end}:00:00Z"}
        assert (await ask(asker, range={"instants": instants}))["requests"] == count
    assert (await ask(asker, range={"preset": "LAST_24_HOURS"}))["emptyState"] == "NO_MATCH"


async def test_what_is_foreign_is_answered_like_what_is_not(
    asker: Asker, database: Database, tenant: Tenant
) -> None:
    other = await make_tenant(database)
    for name, kind, theirs in (
        ("workspaceId", node.WORKSPACE, other.workspace_id),
        ("projectId", node.PROJECT, other.project_id),
    ):
        refusals = {
            await refusal_of(asker, **{name: encode(kind, *pair)})
            for pair in ((other.id, theirs), (tenant.id, theirs), (tenant.id, uuid7()))
        }
        assert [refusal.code for refusal in refusals] == ["NOT_FOUND"]


async def test_a_page_takes_one_statement(asker: Asker, database: Database, tenant: Tenant) -> None:
    """Beside that which finds the organization."""
    counted = CountedDatabase(database)
    await ask(owner(counted, tenant, MARCH), PAGE)
    counted.statements.clear()
    await ask(owner(counted, tenant, MARCH), PAGE)
    assert len(counted.asked) == 2
