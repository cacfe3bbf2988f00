"""How an organization pays, over GraphQL: what is changed shows at once, and on what is posted."""

from datetime import timedelta
from typing import Any

import pytest
from graphql_client import MARCH, Asker, owner
from tenants import Tenant

from models.db import Database
from models.ids import encode
from models.ledger import Ledger
from models.token import ReportedTokens
from resolvers import node

SHOWN = "billing { billingMode plan monthlyCredits creditsPerDollar includedDollars"
SHOWN += " cycleAnchorDay nextCycleAnchorDay }"


@pytest.fixture
def asker(database: Database, tenant: Tenant) -> Asker:
    return owner(database, tenant, MARCH)


async def change(asker: Asker, field: str, answer: str = "organization { plan }") -> Any:
    text = f"mutation {{ change: {field} {{ {answer} userErrors {{ code message field }} }} }}"
    return (await asker.ask(text))["change"]


async def test_billing_is_changed_and_shown(asker: Asker) -> None:
    wanted = 'billingMode: CREDITS, plan: "team", creditsPerDollar: "0.5", cycleAnchorDay: 31'
    payload = await change(
        asker,
        f'updateBilling(input: {{{wanted}, includedDollars: "20"}})',
        f"organization {{ billingMode plan {SHOWN} billingCycle {{ end }} }} cycleAnchorFrom",
    )
    assert payload["userErrors"] == []
    told = payload["organization"]
    assert (told["billingMode"], told["plan"]) == ("CREDITS", "team")
    assert told["billing"] == {
        "billingMode": "CREDITS",
        "plan": "team",
        "monthlyCredits": "10000",
        "creditsPerDollar": "0.5",
        "includedDollars": "20",
        "cycleAnchorDay": 1,
        "nextCycleAnchorDay": 31,
    }
    assert payload["cycleAnchorFrom"] == told["billingCycle"]["end"]
    # What is null is taken away, what is left out stays.
    payload = await change(
        asker, "updateBilling(input: {includedDollars: null})", f"organization {{ {SHOWN} }}"
    )
    assert payload["organization"]["billing"] == {**told["billing"], "includedDollars": None}


async def test_bonus_credits_are_granted_once_a_key(asker: Asker) -> None:
    field = 'grantCredits(input: {key: "k", credits: "5.5", reason: "referral"})'
    for is_duplicate in (False, True):
        payload = await change(asker, field, "isDuplicate organization { id }")
        assert payload["userErrors"] == []
        assert payload["isDuplicate"] is is_duplicate


async def test_grants_are_listed_newest_first(asker: Asker) -> None:
    await change(asker, "updateBilling(input: {billingMode: CREDITS})")
    for number in (1, 2, 3):
        later = asker.at(MARCH + timedelta(minutes=number))
        await change(later, f'grantCredits(input: {{credits: "{number}", reason: "r{number}"}})')
    text = (
        "query ($after: String) { organization { billing { grants(first: 2, after: $after) {"
        " nodes { kind credits reason grantedBy { name } } pageInfo { hasNextPage endCursor }"
        " } } } }"
    )
    first = (await asker.ask(text))["organization"]["billing"]["grants"]
    assert [node["credits"] for node in first["nodes"]] == ["3", "2"]
    assert first["nodes"][0] == {
        "kind": "BONUS", "credits": "3", "reason": "r3", "grantedBy": {"name": "Owner"}
    }  # fmt: skip
    after = first["pageInfo"]["endCursor"]
    rest = (await asker.ask(text, after=after))["organization"]["billing"]["grants"]
    assert [(node["kind"], node["credits"]) for node in rest["nodes"]] == [
        ("BONUS", "1"),
        ("MONTHLY", "500"),
    ]
    assert not rest["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("updateBilling(input: {})", "REQUIRED"),
        ('updateBilling(input: {plan: "gold"})', "INVALID"),
        ('updateBilling(input: {creditsPerDollar: "0"})', "OUT_OF_RANGE"),
        ('updateBilling(input: {creditsPerDollar: "0.0000001"})', "TOO_PRECISE"),
        ("updateBilling(input: {cycleAnchorDay: 32})", "OUT_OF_RANGE"),
        ('grantCredits(input: {credits: "0", reason: "r"})', "OUT_OF_RANGE"),
        ('grantCredits(input: {credits: "-1", reason: "r"})', "OUT_OF_RANGE"),
        ('grantCredits(input: {credits: "1", reason: " "})', "OUT_OF_RANGE"),
    ],
)
async def test_what_makes_no_sense_is_told(asker: Asker, field: str, code: str) -> None:
    payload = await change(asker, field, "organization { id }")
    assert [error["code"] for error in payload["userErrors"]] == [code]
    assert payload["organization"] is None


async def test_an_entry_tells_how_it_was_paid_for(
    asker: Asker, ledger: Ledger, tenant: Tenant
) -> None:
    changed = 'updateBilling(input: {billingMode: CREDITS, creditsPerDollar: "400", %s})'
    await change(asker, changed % 'monthlyCredits: "500", includedDollars: "1"')
    await change(asker, 'grantCredits(input: {credits: "150", reason: "referral"})')
    # A dollar and three quarters are 700 credits: 500, 150, and 50 that nobody had.
    tokens = ReportedTokens(input_tokens=100_000, output_tokens=50_000)
    event = tenant.event(occurred_at=MARCH, tokens=tokens)
    free = tenant.event("e2", occurred_at=MARCH, model="unheard of")
    await ledger.record(tenant.id, [event, free], now=MARCH)
    found = await asker.ask(
        "query ($id: ID!) { project(id: $id) { recentTransactions { cost entryType onDemandCost"
        " credits { monthly bonus overage } } } }",
        id=encode(node.PROJECT, tenant.id, tenant.project_id),
    )
    told = sorted(found["project"]["recentTransactions"], key=lambda it: it["cost"] or "")
    assert told == [
        {"cost": None, "entryType": "INCLUDED", "onDemandCost": None, "credits": None},
        {
            "cost": "1.75",
            "entryType": "ON_DEMAND",
            "onDemandCost": "0.75",
            "credits": {"monthly": "500", "bonus": "150", "overage": "50"},
        },
    ]
