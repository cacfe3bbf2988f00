"""Prices over GraphQL: listed and set, what lacks one, and past calls recalculated."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from access_world import EVERY_ROLE
from graphql_client import MARCH, Asker, owner
from repricing import UNKNOWN, assert_proved, total
from tenants import NOON, PRICED, Tenant, make_tenant

from models import repricing, repricing_page
from models.access import Principal, Role, Scope
from models.db import Database
from models.ids import encode, uuid7
from models.ledger import Ledger
from models.repricer import Repricer
from models.token import ReportedTokens
from resolvers.context import create_context
from resolvers.node import ORGANIZATION, PRICE, REPRICING
from resolvers.schema import schema

SET = """mutation ($input: SetPriceInput!) { setPrice(input: $input) {
  prices { id provider model tokenClass dollarsPerMillion minInputTokens serviceTier startsAt endsAt
    source }
  repricing { id status isDryRun progressPct difference lines { provider model transactions
    unpricedTransactions costBefore costAfter difference } }
  userErrors { code message field } } }"""
REPRICE = """mutation ($input: RepriceUsageInput!) { repriceUsage(input: $input) {
  repricing { id status isDryRun progressPct difference startedAt finishedAt lines { model
    transactions difference } }
  userErrors { code field } } }"""
NODE = """query ($id: ID!) { node(id: $id) { __typename id
  ... on Price { provider model tokenClass }
  ... on Repricing { status progressPct difference lines { model transactions difference } } } }"""
RATES = [
    {"tokenClass": "INPUT", "dollarsPerMillion": "2"},
    {"tokenClass": "OUTPUT", "dollarsPerMillion": "8"},
]
HOUSE = {
    "provider": "anthropic",
    "model": UNKNOWN,
    "startsAt": "2026-03-01T00:00:00Z",
    "rates": RATES,
}
MARCH_RANGE = {"preset": "THIS_MONTH"}


@pytest.fixture
def asker(database: Database, tenant: Tenant) -> Asker:
    return owner(database, tenant, MARCH)


async def test_a_price_is_set_and_what_lacked_one_is_repriced(
    asker: Asker, database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await ledger.record(tenant.id, [tenant.event("a", model=UNKNOWN), tenant.event("b")])
    before = await total(database, tenant)
    payload = (await asker.ask(SET, input=HOUSE))["setPrice"]
    assert payload["userErrors"] == []
    ids = [price.pop("id") for price in payload["prices"]]
    shared = {
        "provider": "anthropic",
        "model": UNKNOWN,
        "minInputTokens": 0,
        "serviceTier": None,
        "startsAt": "2026-03-01T00:00:00Z",
        "endsAt": None,
        "source": "ORGANIZATION",
    }
    assert payload["prices"] == [shared | rate for rate in RATES]
    run = payload["repricing"]
    assert (run["status"], run["isDryRun"], run["progressPct"]) == ("DONE", False, 100)
    assert run["lines"] == [
        {
            "provider": "anthropic",
            "model": UNKNOWN,
            "transactions": 1,
            "unpricedTransactions": 1,
            "costBefore": "0",
            "costAfter": "0.0006",
            "difference": "0.0006",
        }
    ]
    assert f"{await total(database, tenant) - before:f}".rstrip("0") == run["difference"]
    found = await asker.ask(NODE, id=ids[1])
    assert found["node"]["tokenClass"] == "OUTPUT"
    again = (await asker.ask(SET, input=HOUSE))["setPrice"]
    assert [price["id"] for price in again["prices"]] == ids
    assert again["repricing"] is None
    await assert_proved(database, tenant)


async def test_prices_are_paged_and_bound_to_their_arguments(asker: Asker) -> None:
    await asker.ask(SET, input=HOUSE)
    ask = """query ($model: String, $provider: String, $at: DateTime, $first: Int, $after: String) {
      organization { prices(model: $model, provider: $provider, at: $at, first: $first,
        after: $after) { nodes { model tokenClass source }
          pageInfo { hasNextPage endCursor } } } }"""
    one = {"model": UNKNOWN, "provider": "Anthropic", "first": 1}
    page = (await asker.ask(ask, **one))["organization"]["prices"]
    assert page["nodes"] == [{"model": UNKNOWN, "tokenClass": "INPUT", "source": "ORGANIZATION"}]
    cursor = page["pageInfo"]["endCursor"]
    rest = (await asker.ask(ask, **one, after=cursor))["organization"]["prices"]
    assert [node["tokenClass"] for node in rest["nodes"]] == ["OUTPUT"]
    assert not rest["pageInfo"]["hasNextPage"]
    _, [refusal] = await asker.run(ask, model=PRICED, first=1, after=cursor)
    assert refusal.code == "BAD_USER_INPUT"
    early = await asker.ask(ask, **one, at="2026-02-28T23:59:59Z")
    assert early["organization"]["prices"]["nodes"] == []
    public = await asker.ask(ask, model=PRICED, provider="anthropic", first=100)
    classes = [node["tokenClass"] for node in public["organization"]["prices"]["nodes"]]
    assert classes == ["INPUT", "CACHE_READ", "CACHE_WRITE_5M", "CACHE_WRITE_1H", "OUTPUT"]


async def test_unpriced_models_by_tokens_and_range(
    asker: Asker, ledger: Ledger, tenant: Tenant
) -> None:
    large = ReportedTokens(input_tokens=1000)
    await ledger.record(
        tenant.id,
        [tenant.event("a", model="x-1", provider=None),
         tenant.event("b", model="x-2", tokens=large, occurred_at=NOON - timedelta(days=20)),
         tenant.event("c")],
    )  # fmt: skip
    ask = """query ($range: RangeInput, $first: Int, $after: String) { organization {
      unpricedModels(range: $range, first: $first, after: $after) {
        nodes { provider model unpricedTransactions totalTokens firstAt lastAt }
        pageInfo { endCursor } } } }"""
    page = (await asker.ask(ask, first=1))["organization"]["unpricedModels"]
    assert [node["model"] for node in page["nodes"]] == ["x-2"]
    rest = await asker.ask(ask, after=page["pageInfo"]["endCursor"])
    at = "2026-03-15T12:00:00Z"
    expected = {
        "provider": None,
        "model": "x-1",
        "unpricedTransactions": 1,
        "totalTokens": 150,
        "firstAt": at,
        "lastAt": at,
    }
    assert rest["organization"]["unpricedModels"]["nodes"] == [expected]
    month = await asker.ask(ask, range=MARCH_RANGE)
    assert month["organization"]["unpricedModels"]["nodes"] == [expected]


async def test_a_dry_run_is_looked_at_and_followed(
    asker: Asker, database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await ledger.record(tenant.id, [tenant.event("a"), tenant.event("b")])
    await asker.ask(SET, input=HOUSE | {"model": PRICED})
    ask = {"range": MARCH_RANGE, "models": [PRICED], "dryRun": True}
    payload = (await asker.ask(REPRICE, input=ask))["repriceUsage"]
    dry = payload["repricing"]
    assert (dry["isDryRun"], dry["status"]) == (True, "DONE")
    assert dry["lines"] == [{"model": PRICED, "transactions": 2, "difference": "-0.0023"}]
    before = await total(database, tenant)
    follow = ask | {"dryRun": False, "afterDryRunId": dry["id"]}
    # A month to date has moved on: what is posted is what was shown.
    later = asker.at(MARCH + timedelta(minutes=5))
    run = (await later.ask(REPRICE, input=follow))["repriceUsage"]["repricing"]
    assert (run["isDryRun"], run["lines"]) == (False, dry["lines"])
    assert await total(database, tenant) - before == Decimal(run["difference"])
    found = (await asker.ask(NODE, id=run["id"]))["node"]
    assert (found["__typename"], found["difference"]) == ("Repricing", dry["difference"])
    again = (await asker.ask(REPRICE, input=follow))["repriceUsage"]["repricing"]
    assert again["id"] == run["id"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"dryRun": False}, "REQUIRED", ["afterDryRunId"]),
        ({"afterDryRunId": "x"}, "INVALID", ["afterDryRunId"]),
        ({"models": []}, "OUT_OF_RANGE", ["models"]),
        ({"models": ["x"] * 101}, "OUT_OF_RANGE", ["models"]),
    ],
)
async def test_what_can_be_put_right_names_the_field(
    asker: Asker, changes: dict[str, Any], code: str, field: list[str]
) -> None:
    given = {"range": MARCH_RANGE, "dryRun": True} | changes
    payload = (await asker.ask(REPRICE, input=given))["repriceUsage"]
    assert payload == {"repricing": None, "userErrors": [{"code": code, "field": field}]}
    wrong = HOUSE | {"rates": [RATES[0] | {"dollarsPerMillion": "-1"}, RATES[1]]}
    payload = (await asker.ask(SET, input=wrong))["setPrice"]
    assert (payload["prices"], payload["repricing"]) == (None, None)
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == (
        "OUT_OF_RANGE",
        ["rates", "0", "dollarsPerMillion"],
    )


async def test_figures_that_moved_are_stale(asker: Asker, ledger: Ledger, tenant: Tenant) -> None:
    await ledger.record(tenant.id, [tenant.event("a")])
    await asker.ask(SET, input=HOUSE | {"model": PRICED})
    ask = {"range": MARCH_RANGE, "dryRun": True}
    dry = (await asker.ask(REPRICE, input=ask))["repriceUsage"]["repricing"]
    rates = [RATES[0] | {"dollarsPerMillion": "3"}]
    await asker.ask(SET, input=HOUSE | {"model": PRICED, "rates": rates})
    follow = ask | {"dryRun": False, "afterDryRunId": dry["id"]}
    payload = (await asker.ask(REPRICE, input=follow))["repriceUsage"]
    assert payload["repricing"] is None
    assert payload["userErrors"] == [{"code": "STALE", "field": ["afterDryRunId"]}]


async def test_a_long_one_goes_on_after_the_mutation_has_answered(
    asker: Asker,
    database: Database,
    ledger: Ledger,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repricing, "SHORT_CALLS", 0)
    monkeypatch.setattr(repricing_page, "PAGE_ROWS", 2)
    await ledger.record(tenant.id, [tenant.event(f"e{n}", model=UNKNOWN) for n in range(9)])
    repricer = Repricer(database)
    context = create_context(database, asker.scope, "request", repricer=repricer, now=MARCH)
    result = await schema.execute(SET, {"input": HOUSE}, context_value=context)
    assert not result.errors
    assert result.data is not None
    run = result.data["setPrice"]["repricing"]
    assert (run["status"], run["progressPct"], run["lines"]) == ("RUNNING", 0, [])
    await repricer.wait()
    done = (await asker.ask(NODE, id=run["id"]))["node"]
    assert (done["status"], done["progressPct"], done["difference"]) == ("DONE", 100, "0.0054")
    await repricer.close()


async def test_an_abandoned_one_is_taken_up(
    asker: Asker,
    database: Database,
    ledger: Ledger,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repricing, "SHORT_CALLS", 0)
    await ledger.record(tenant.id, [tenant.event(model=UNKNOWN)])
    repricer = Repricer(database)
    context = create_context(database, asker.scope, "request", repricer=repricer, now=MARCH)
    result = await schema.execute(SET, {"input": HOUSE}, context_value=context)
    assert result.data is not None
    # The process stops before its task has had a turn.
    await repricer.close()
    id = result.data["setPrice"]["repricing"]["id"]
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE repricing SET touched_at = now() - interval '2 minutes'"
            " WHERE organization_id = $1",
            tenant.id,
        )
    await repricer.watch()
    for _ in range(200):
        found = (await asker.ask(NODE, id=id))["node"]
        if found["status"] == "DONE":
            break
        await asyncio.sleep(0.05)
    assert (found["status"], found["difference"]) == ("DONE", "0.0006")
    await repricer.close()


@pytest.mark.parametrize("role", EVERY_ROLE)
async def test_admins_of_the_organization(database: Database, tenant: Tenant, role: Role) -> None:
    asker = Asker(database, Scope(Principal(tenant.id, tenant.user_id, None), role), MARCH)
    admin = owner(database, tenant, MARCH)
    dry = await admin.ask(REPRICE, input={"range": MARCH_RANGE, "dryRun": True})
    id = dry["repriceUsage"]["repricing"]["id"]
    questions: list[tuple[str, dict[str, Any]]] = [
        (SET, {"input": HOUSE}),
        (REPRICE, {"input": {"range": MARCH_RANGE, "dryRun": True}}),
        ("{ organization { unpricedModels { nodes { model } } } }", {}),
    ]
    assert await asker.ask("{ organization { prices(first: 1) { nodes { model } } } }")
    for question, variables in questions:
        if role >= Role.ADMIN:
            assert await asker.ask(question, **variables)
            continue
        _, [error] = await asker.run(question, **variables)
        assert error.code == "FORBIDDEN"
    if role >= Role.ADMIN:
        assert (await asker.ask(NODE, id=id))["node"]["id"] == id
    else:
        assert (await asker.refused(NODE, id=id)).code == "NOT_FOUND"


async def test_another_organizations_things_are_not_there(
    asker: Asker, database: Database, tenant: Tenant
) -> None:
    other = await make_tenant(database)
    stranger = owner(database, other, MARCH)
    made = await stranger.ask(SET, input=HOUSE)
    dry = await stranger.ask(REPRICE, input={"range": MARCH_RANGE, "dryRun": True})
    foreign = encode(ORGANIZATION, other.id, other.id)
    ids = [made["setPrice"]["prices"][0]["id"], dry["repriceUsage"]["repricing"]["id"]]
    for id in [*ids, encode(PRICE, tenant.id, uuid7()), encode(REPRICING, tenant.id, uuid7())]:
        assert (await asker.refused(NODE, id=id)).message == "There is no such thing."
    follow = {"range": MARCH_RANGE, "dryRun": False, "afterDryRunId": ids[1]}
    for question, given in (
        (SET, HOUSE | {"organizationId": foreign}),
        (REPRICE, {"range": MARCH_RANGE, "dryRun": True, "organizationId": foreign}),
        (REPRICE, follow),
    ):
        assert (await asker.refused(question, input=given)).code == "NOT_FOUND"
    own = encode(ORGANIZATION, tenant.id, tenant.id)
    assert (await asker.ask(SET, input=HOUSE | {"organizationId": own}))["setPrice"]["prices"]
