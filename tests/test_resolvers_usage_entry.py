"""The usage explorer over GraphQL: both directions, ranges that stay, cursors without rights."""

from datetime import timedelta
from typing import Any

import pytest
from graphql_client import MARCH, Asker, member, owner
from tenants import PRICED, Tenant, make_tenant

from models.access import Role
from models.db import Database
from models.event import RunRef
from models.ids import PROJECT, WORKSPACE, encode
from models.ledger import Ledger

PAGE = """query ($id: ID!, $range: RangeInput!, $filter: UsageEntryFilter, $first: Int, $last: Int,
               $after: String, $before: String) {
  workspace(id: $id) {
    usageEntries(range: $range, filter: $filter, first: $first, after: $after, last: $last,
                 before: $before) {
      period { start end isOver timeZone }
      edges { cursor }
      nodes { id run { key } project { id } startedAt entryType workflow trigger models totalTokens
              cost onDemandCost unpricedTransactions }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    } } }"""
WEEK = {"preset": "LAST_7_DAYS"}


@pytest.fixture
async def spent(database: Database, ledger: Ledger, tenant: Tenant) -> Tenant:
    """Nine runs in three projects, one of two models, one unpriced; and a call outside any."""
    events = [
        tenant.event(
            f"e{number}",
            project_id=tenant.project_ids[number % 3],
            run=RunRef(f"run {number}", workflow="build", trigger="push"),
            occurred_at=MARCH - timedelta(hours=number + 1),
        )
        for number in range(9)
    ]
    first = RunRef("run 0")
    events += [
        tenant.event("other", run=first, model="gpt-4o", provider="openai", occurred_at=MARCH),
        tenant.event("unknown", run=first, model="nobody-knows", occurred_at=MARCH),
        tenant.event("outside", occurred_at=MARCH - timedelta(hours=5)),
    ]
    await ledger.record(tenant.id, events)
    return tenant


async def page(asker: Asker, tenant: Tenant, **variables: Any) -> Any:
    id = encode(WORKSPACE, tenant.id, tenant.workspace_id)
    data = await asker.ask(PAGE, id=id, **{"range": WEEK, **variables})
    return data["workspace"]["usageEntries"]


def keys(found: Any) -> list[str | None]:
    return [node["run"] and node["run"]["key"] for node in found["nodes"]]


async def test_a_row_says_what_a_run_spent(database: Database, spent: Tenant) -> None:
    asker = owner(database, spent, MARCH + timedelta(hours=1))
    found = await page(asker, spent)
    assert keys(found) == [f"run {number}" for number in range(9)] + [None]
    row, outside = found["nodes"][0], found["nodes"][-1]
    assert (row["workflow"], row["trigger"], row["entryType"]) == ("build", "push", "INCLUDED")
    assert set(row["models"]) == {PRICED, "gpt-4o", "nobody-knows"}
    assert (row["totalTokens"], row["unpricedTransactions"]) == (450, 1)
    assert (row["cost"], row["onDemandCost"]) == ("0.0025", "0")
    assert outside["startedAt"] == found["period"]["start"]
    assert outside["project"]["id"] == encode(PROJECT, spent.id, spent.project_id)
    assert len({node["id"] for node in found["nodes"]}) == 10
    assert found["pageInfo"]["hasNextPage"] is found["pageInfo"]["hasPreviousPage"] is False


async def test_pages_go_both_ways(database: Database, spent: Tenant) -> None:
    asker = owner(database, spent, MARCH + timedelta(hours=1))
    whole = await page(asker, spent)
    first = await page(asker, spent, first=4)
    second = await page(asker, spent, first=4, after=first["pageInfo"]["endCursor"])
    third = await page(asker, spent, first=4, after=second["pageInfo"]["endCursor"])
    assert keys(first) + keys(second) + keys(third) == keys(whole)
    more = [it["pageInfo"]["hasNextPage"] for it in (first, second, third)]
    assert more == [True, True, False]
    back = await page(asker, spent, last=4, before=third["pageInfo"]["startCursor"])
    assert (back["nodes"], back["edges"]) == (second["nodes"], second["edges"])
    assert back["pageInfo"] == second["pageInfo"]
    end = await page(asker, spent, last=3)
    assert keys(end) == keys(whole)[-3:]
    assert end["pageInfo"]["hasPreviousPage"] is True
    assert end["pageInfo"]["hasNextPage"] is False


async def test_a_preset_means_the_same_on_every_page(database: Database, spent: Tenant) -> None:
    asker = owner(database, spent, MARCH + timedelta(hours=1))
    first = await page(asker, spent, first=4, range={"preset": "THIS_MONTH"})
    after = first["pageInfo"]["endCursor"]
    later = asker.at(MARCH + timedelta(days=50))
    second = await page(later, spent, first=4, after=after, range={"preset": "THIS_MONTH"})
    assert second["period"]["end"] == first["period"]["end"]
    echoed = {"instants": {"from": first["period"]["start"], "to": first["period"]["end"]}}
    same = await page(later, spent, first=4, after=after, range=echoed)
    assert same["nodes"] == second["nodes"]


async def test_filters_and_reach(database: Database, spent: Tenant) -> None:
    asker = owner(database, spent, MARCH + timedelta(hours=1))
    near = encode(PROJECT, spent.id, spent.project_id)
    found = await page(asker, spent, filter={"projectIds": [near]})
    assert keys(found) == ["run 0", "run 3", "run 6", None]
    found = await page(asker, spent, filter={"projectIds": [near], "workflows": ["build"]})
    assert keys(found) == ["run 0", "run 3", "run 6"]
    assert keys(await page(asker, spent, filter={"models": ["gpt-4o"]})) == ["run 0"]
    assert keys(await page(asker, spent, filter={"entryType": "ON_DEMAND"})) == []
    assert keys(await page(asker, spent, filter={"triggers": ["' OR 1=1 --"]})) == []
    guest = member(database, spent, Role.VIEWER, spent.project_ids[1], now=asker.now)
    assert keys(await page(guest, spent)) == ["run 1", "run 4", "run 7"]


async def test_what_makes_no_sense_is_refused(database: Database, spent: Tenant) -> None:
    asker = owner(database, spent, MARCH + timedelta(hours=1))
    other = await make_tenant(database)
    id = encode(WORKSPACE, spent.id, spent.workspace_id)
    cursor = (await page(asker, spent, first=2))["pageInfo"]["endCursor"]
    theirs = await page(owner(database, other, asker.now), other)
    assert theirs["nodes"] == []
    instants = {"from": "2026-03-20T00:00:00Z", "to": "2026-03-19T00:00:00Z"}
    for said, word in (
        ({"range": {"instants": instants}}, "to is"),
        ({"first": 0}, "first is 0"),
        ({"last": 101}, "last is 101"),
        ({"first": 2, "last": 2}, "first pages forward"),
        ({"after": cursor, "last": 2}, "after pages forward"),
        ({"after": cursor[:-2] + "xx"}, "after is not a cursor"),
        ({"before": "no cursor"}, "before is not a cursor"),
        ({"after": cursor, "range": {"preset": "TODAY"}}, "another range"),
        ({"after": cursor, "filter": {"models": []}}, "after is not a cursor"),
    ):
        _, errors = await asker.run(PAGE, id=id, **{"range": WEEK, **said})
        assert [error.code for error in errors] == ["BAD_USER_INPUT"], said
        assert word in errors[0].message
    _, [refused] = await asker.run(
        PAGE, id=encode(WORKSPACE, other.id, other.workspace_id), range=WEEK
    )
    assert refused.code == "NOT_FOUND"


async def test_a_cursor_of_another_tenant_is_refused(
    database: Database, ledger: Ledger, spent: Tenant
) -> None:
    other = await make_tenant(database)
    await ledger.record(other.id, [other.event(run=RunRef("r"), occurred_at=MARCH)])
    theirs = await page(owner(database, other, MARCH + timedelta(hours=1)), other)
    cursor = theirs["pageInfo"]["endCursor"]
    asker = owner(database, spent, MARCH + timedelta(hours=1))
    id = encode(WORKSPACE, spent.id, spent.workspace_id)
    _, [refused] = await asker.run(PAGE, id=id, range=WEEK, after=cursor)
    assert refused.code == "BAD_USER_INPUT"
