"""Reserving over GraphQL: granted, denied, refused; settled, given back, kept longer."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from access_world import make_world, person_with
from graphql_client import Asker, owner
from tenants import PRICED, Tenant

from models.access import Role
from models.db import Database
from models.ids import encode, uuid7
from resolvers import node

SET = """mutation ($input: SetCapInput!) { setCap(input: $input) {
  cap { id } userErrors { message } } }"""
RESERVE = """mutation ($input: ReserveSpendInput!) { reserveSpend(input: $input) { __typename
  ... on SpendGranted { reservation { ...held } warnings { limit action } }
  ... on SpendDenied { reason message unit limit spent held requested resetsAt isRetryable
    cap { limit } }
  ... on SpendRejected { userErrors { code message field } } } }
fragment held on Reservation { id key status amount held settledCost overrun expiresInSeconds
  endedAt run { key } project { id } caps { limit held remaining } }"""
SETTLE = """mutation ($key: String!, $event: SettledUsageInput!, $final: Boolean! = true) {
  settleReservation(input: {key: $key, event: $event, final: $final}) {
    reservation { status held settledCost overrun caps { spent held } } overrun
    result { status cost eventKey transactionId }
    userErrors { code message field } } }"""
RELEASE = """mutation ($key: String!) { releaseReservation(input: {key: $key}) {
  reservation { status held expiresInSeconds } userErrors { code field } } }"""
EXTEND = """mutation ($key: String!, $ttl: Int!) {
  extendReservation(input: {key: $key, ttlSeconds: $ttl}) {
    reservation { status expiresInSeconds } userErrors { code field } } }"""
SHOW = "query ($key: String!) { reservation(key: $key) { id status held settledCost } }"
LIST = """query ($filter: ReservationFilter, $first: Int = 20, $after: String) { organization {
  reservations(filter: $filter, first: $first, after: $after) {
    nodes { key status project { name } run { key } caps { limit target { __typename } } }
    pageInfo { hasNextPage endCursor } } } }"""
# 0.45 dollars at most: written to a 1-hour cache at 10 a million, and 25 for output.
CALL = {"model": PRICED, "inputTokens": 20_000, "maxOutputTokens": 10_000}
USED = {"model": PRICED, "provider": "anthropic", "inputTokens": 20_000, "outputTokens": 2_000}


@pytest.fixture
def asker(database: Database, tenant: Tenant) -> Asker:
    return owner(database, tenant)


@pytest.fixture
def project(tenant: Tenant) -> str:
    return encode(node.PROJECT, tenant.id, tenant.project_id)


async def set_cap(asker: Asker, project: str, limit: str, **more: Any) -> str:
    wanted = {"scope": "PROJECT", "scopeId": project, "period": "DAY", "limit": limit, **more}
    payload = (await asker.ask(SET, input=wanted))["setCap"]
    assert payload["userErrors"] == []
    return str(payload["cap"]["id"])


async def reserve(asker: Asker, project: str, key: str, amount: Any = None, **more: Any) -> Any:
    wanted = {"key": key, "projectId": project, **more}
    if amount is not None:
        wanted["amount"] = amount
    return (await asker.ask(RESERVE, input=wanted))["reserveSpend"]


async def test_money_is_held_and_what_is_left_is_freed(
    asker: Asker, tenant: Tenant, project: str
) -> None:
    await set_cap(asker, project, "1")
    granted = await reserve(asker, project, "k1", call=CALL, runKey="run")
    held = granted["reservation"]
    assert granted["__typename"] == "SpendGranted"
    assert granted["warnings"] == []
    assert (held["status"], held["amount"], held["held"]) == ("OPEN", "0.45", "0.45")
    assert (held["run"], held["project"]) == ({"key": "run"}, {"id": project})
    assert held["caps"] == [{"limit": "1", "held": "0.45", "remaining": "0.55"}]
    assert 590 < held["expiresInSeconds"] <= 600
    again = (await reserve(asker, project, "k1", call=CALL, runKey="run"))["reservation"]
    assert again.pop("expiresInSeconds") <= held.pop("expiresInSeconds")
    assert again == held
    assert (await asker.ask(SHOW, key="k1"))["reservation"]["id"] == held["id"]

    settled = (await asker.ask(SETTLE, key="k1", event=USED))["settleReservation"]
    result = settled.pop("result")
    assert settled == {
        "reservation": {
            "status": "SETTLED",
            "held": "0",
            "settledCost": "0.15",
            "overrun": "0",
            "caps": [{"spent": "0.15", "held": "0"}],
        },
        "overrun": "0",
        "userErrors": [],
    }
    assert (result["status"], result["cost"]) == ("RECORDED", "0.15")
    repeated = (await asker.ask(SETTLE, key="k1", event=USED))["settleReservation"]
    assert (repeated["result"]["status"], repeated["userErrors"]) == ("DUPLICATE", [])
    for ended in (await reserve(asker, project, "k1", call=CALL, runKey="run"),
                  (await asker.ask(RELEASE, key="k1"))["releaseReservation"],
                  (await asker.ask(EXTEND, key="k1", ttl=60))["extendReservation"]):  # fmt: skip
        (error,) = ended["userErrors"]
        assert (error["code"], error["field"]) == ("RESERVATION_ENDED", ["key"])


async def test_more_than_was_held_is_posted_and_told(asker: Asker, project: str) -> None:
    await set_cap(asker, project, "1")
    await reserve(asker, project, "k", "0.1")
    settled = (await asker.ask(SETTLE, key="k", event=USED))["settleReservation"]
    assert settled["overrun"] == "0.05"
    assert settled["reservation"]["overrun"] == "0.05"
    assert settled["reservation"]["caps"] == [{"spent": "0.15", "held": "0"}]


async def test_a_call_that_streams_settles_by_and_by(asker: Asker, project: str) -> None:
    await set_cap(asker, project, "1")
    await reserve(asker, project, "k", call=CALL)
    first = USED | {"eventKey": "part 1", "outputTokens": 0}
    told = (await asker.ask(SETTLE, key="k", event=first, final=False))["settleReservation"]
    assert told["reservation"]["status"] == "OPEN"
    assert (told["reservation"]["settledCost"], told["reservation"]["held"]) == ("0.1", "0.35")
    unnamed = (await asker.ask(SETTLE, key="k", event=USED, final=False))["settleReservation"]
    (error,) = unnamed["userErrors"]
    assert (error["code"], error["field"]) == ("REQUIRED", ["event", "eventKey"])
    assert unnamed["reservation"] is unnamed["result"] is unnamed["overrun"] is None
    last = (await asker.ask(SETTLE, key="k", event=USED | {"eventKey": "end"}))["settleReservation"]
    assert (last["reservation"]["settledCost"], last["reservation"]["status"]) == (
        "0.15", "SETTLED",
    )  # fmt: skip


async def test_it_is_given_back_or_kept_longer(asker: Asker, project: str) -> None:
    await set_cap(asker, project, "1")
    await reserve(asker, project, "k", "1", ttlSeconds=60)
    longer = (await asker.ask(EXTEND, key="k", ttl=3600))["extendReservation"]
    assert longer["userErrors"] == []
    assert 3590 < longer["reservation"]["expiresInSeconds"] <= 3600
    denied = await reserve(asker, project, "other", "0.01")
    assert (denied["__typename"], denied["isRetryable"]) == ("SpendDenied", True)
    for _ in range(2):
        given_back = (await asker.ask(RELEASE, key="k"))["releaseReservation"]
        assert given_back["reservation"] == {
            "status": "RELEASED", "held": "0", "expiresInSeconds": 0,
        }  # fmt: skip
    assert (await reserve(asker, project, "other", "1"))["__typename"] == "SpendGranted"
    (refused,) = (await asker.ask(EXTEND, key="other", ttl=86_401))["extendReservation"][
        "userErrors"
    ]
    assert refused == {"code": "OUT_OF_RANGE", "field": ["ttlSeconds"]}


async def test_a_denial_says_what_stands_in_the_way(asker: Asker, project: str) -> None:
    await set_cap(asker, project, "1")
    await reserve(asker, project, "k", "0.75")
    denied = await reserve(asker, project, "more", "0.5")
    assert (denied["reason"], denied["unit"], denied["requested"]) == (
        "CAP_REACHED", "DOLLARS", "0.5",
    )  # fmt: skip
    assert (denied["limit"], denied["spent"], denied["held"]) == ("1", "0", "0.75")
    assert denied["cap"] == {"limit": "1"}
    assert denied["isRetryable"]
    for figure in ("0.5", "0.25", "0.75"):
        assert figure in denied["message"]
    assert (await reserve(asker, project, "more", "0.25"))["__typename"] == "SpendGranted"


async def test_a_denial_keeps_what_is_not_the_callers(database: Database) -> None:
    """A MEMBER of a project is told that the organization's cap refused, and no figure of it."""
    async with database.transaction() as connection:
        world = await make_world(connection)
        member = await person_with(connection, world, Role.MEMBER, world.level("project"))
        viewer = await person_with(connection, world, Role.VIEWER, world.level("project"))
    organization, project = (
        encode(kind, world.organization_id, id)
        for kind, id in ((node.ORGANIZATION, world.organization_id), (node.PROJECT, world.near))
    )
    chief = Asker(database, world.system)
    await set_cap(chief, organization, "1.2345", scope="ORGANIZATION")
    await set_cap(chief, organization, "0.4567", scope="ORGANIZATION", action="WARN")
    granted = await reserve(Asker(database, member), project, "k", "1")
    assert (granted["reservation"]["caps"], granted["warnings"]) == ([], [])
    denied = await reserve(Asker(database, member), project, "more", "0.987")
    hidden = ("cap", "limit", "spent", "held")
    assert [denied[name] for name in hidden] == [None] * 4
    assert denied["requested"] == "0.987"
    assert "1.2345" not in denied["message"]
    assert "0.2345" not in denied["message"]
    shown = await reserve(chief, project, "more", "0.987")
    assert [shown[name] for name in hidden] == [{"limit": "1.2345"}, "1.2345", "0", "1"]
    assert "0.2345" in shown["message"]
    refused = await Asker(database, viewer).refused(
        RESERVE, input={"key": "v", "projectId": project, "amount": "0.1"}
    )
    assert refused.code == "FORBIDDEN"


async def test_a_cap_that_warns_is_named(asker: Asker, project: str) -> None:
    await set_cap(asker, project, "0.1", action="WARN")
    granted = await reserve(asker, project, "k", "0.5")
    assert granted["warnings"] == [{"limit": "0.1", "action": "WARN"}]


async def test_an_unknown_price_follows_the_policy(asker: Asker, project: str) -> None:
    call = {"model": "no-such-model", "inputTokens": 1_000_000, "maxOutputTokens": 0}
    await set_cap(asker, project, "5")
    denied = await reserve(asker, project, "k", call=call)
    assert (denied["reason"], denied["requested"]) == ("UNPRICED_MODEL", None)
    await set_cap(asker, project, "5", unpricedPolicy="ALLOW")
    assert (await reserve(asker, project, "k", call=call))["reservation"]["amount"] == "0"
    assumed = {"assumedInputPrice": "6", "assumedOutputPrice": "0"}
    await set_cap(asker, project, "5", unpricedPolicy="ASSUME", **assumed)
    denied = await reserve(asker, project, "k2", call=call)
    assert (denied["reason"], denied["requested"]) == ("CAP_REACHED", "6")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({}, "REQUIRED", ["amount"]),
        ({"amount": "1", "call": CALL}, "REQUIRED", ["amount"]),
        ({"amount": "0"}, "OUT_OF_RANGE", ["amount"]),
        ({"amount": "-1"}, "OUT_OF_RANGE", ["amount"]),
        ({"amount": "0.0000000000001"}, "TOO_PRECISE", ["amount"]),
        ({"amount": "1", "ttlSeconds": 0}, "OUT_OF_RANGE", ["ttlSeconds"]),
        ({"amount": "1", "ttlSeconds": 86_401}, "OUT_OF_RANGE", ["ttlSeconds"]),
        ({"amount": "1", "key": ""}, "REQUIRED", ["key"]),
        ({"amount": "1", "key": "k" * 256}, "OUT_OF_RANGE", ["key"]),
        ({"amount": "1", "jobKey": "job"}, "REQUIRED", ["runKey"]),
        ({"call": CALL | {"inputTokens": -1}}, "OUT_OF_RANGE", ["call", "inputTokens"]),
        ({"amount": "1", "projectId": "x"}, "NOT_FOUND", ["projectId"]),
        ({"amount": "1", "apiKeyId": "x"}, "NOT_FOUND", ["apiKeyId"]),
        ({"amount": "1", "userId": node.user_id(uuid7())}, "NOT_FOUND", ["userId"]),
    ],
)
async def test_what_makes_no_sense_is_rejected(
    asker: Asker, project: str, changes: dict[str, Any], code: str, field: list[str]
) -> None:
    wanted = {"key": "k", "projectId": project, **changes}
    rejected = (await asker.ask(RESERVE, input=wanted))["reserveSpend"]
    assert rejected["__typename"] == "SpendRejected"
    (error,) = rejected["userErrors"]
    assert (error["code"], error["field"]) == (code, field)
    assert (await asker.ask(LIST))["organization"]["reservations"]["nodes"] == []


async def test_another_content_under_the_same_key_is_a_conflict(asker: Asker, project: str) -> None:
    await reserve(asker, project, "k", "1")
    rejected = await reserve(asker, project, "k", "2")
    (error,) = rejected["userErrors"]
    assert (error["code"], error["field"]) == ("CONFLICT", ["key"])


async def test_usage_that_makes_no_sense_posts_nothing(asker: Asker, project: str) -> None:
    await reserve(asker, project, "k", "1")
    for changes, code, field in (
        ({"inputTokens": -1}, "OUT_OF_RANGE", "inputTokens"),
        ({"cacheReadTokens": 1}, "REQUIRED", "inputIncludesCache"),
        ({"occurredAt": "2019-01-01T00:00:00Z"}, "OUT_OF_RANGE", "occurredAt"),
        ({"model": None}, "REQUIRED", "model"),
    ):
        told = (await asker.ask(SETTLE, key="k", event=USED | changes))["settleReservation"]
        (error,) = told["userErrors"]
        assert (error["code"], error["field"]) == (code, ["event", field])
        assert told["reservation"] is told["result"] is told["overrun"] is None
    (error,) = (await asker.ask(SETTLE, key="nobody's", event=USED))["settleReservation"][
        "userErrors"
    ]
    assert (error["code"], error["field"]) == ("NOT_FOUND", ["key"])
    assert (await asker.ask(SHOW, key="k"))["reservation"]["status"] == "OPEN"
    assert (await asker.refused(SHOW, key="nobody's")).code == "NOT_FOUND"


async def test_lists_are_filtered_and_paged(asker: Asker, tenant: Tenant) -> None:
    projects = [encode(node.PROJECT, tenant.id, id) for id in tenant.project_ids]
    for place, project in enumerate(projects):
        await reserve(asker, project, f"k{place}", "1", runKey=f"run {place}")
    await asker.ask(RELEASE, key="k1")

    async def keys(**filter: Any) -> list[str]:
        found = await asker.ask(LIST, filter=filter)
        return [it["key"] for it in found["organization"]["reservations"]["nodes"]]

    assert await keys() == ["k2", "k1", "k0"]
    assert await keys(status="OPEN") == ["k2", "k0"]
    assert await keys(projectId=projects[1]) == ["k1"]
    assert await keys(key="k0", status="OPEN") == ["k0"]
    runs = await asker.ask(
        "query ($p: ID!) { project(id: $p) { pipelineRuns { nodes { id } } } }", p=projects[0]
    )
    run = runs["project"]["pipelineRuns"]["nodes"][0]["id"]
    assert await keys(runId=run) == ["k0"]
    page = (await asker.ask(LIST, first=2))["organization"]["reservations"]
    rest = await asker.ask(LIST, first=2, after=page["pageInfo"]["endCursor"])
    assert [it["key"] for it in rest["organization"]["reservations"]["nodes"]] == ["k0"]
    unknown = encode(node.RUN, tenant.id, uuid7())
    _, (refused,) = await asker.run(LIST, filter={"runId": unknown})
    assert refused.code == "NOT_FOUND"


async def test_who_ask_at_once_share_one_room(database: Database, tenant: Tenant) -> None:
    """Sixty-four of 0.1 under a cap of 1: ten are granted."""
    asker = owner(database, tenant, datetime.now(UTC))
    project = encode(node.PROJECT, tenant.id, tenant.project_id)
    await set_cap(asker, project, "1")
    answers = await asyncio.gather(
        *(reserve(asker, project, f"k{place}", "0.1") for place in range(64))
    )
    granted = [it for it in answers if it["__typename"] == "SpendGranted"]
    assert len(granted) == 10
    assert {it["__typename"] for it in answers} == {"SpendGranted", "SpendDenied"}
