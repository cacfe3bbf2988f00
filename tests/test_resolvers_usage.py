"""`recordUsage` and `recordRun`: each event answered by itself, by role, with paths that lead."""

from datetime import UTC, datetime, timedelta
from typing import Any

import graphql_client
import pytest
from graphql_client import Asker
from tenants import Tenant, make_tenant

from models.access import Role
from models.db import Database
from models.ids import encode, uuid7
from models.rollup_check import verify
from resolvers import node

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
RECORD = """
mutation ($events: [UsageEventInput!]!) {
  recordUsage(input: {events: $events}) {
    results { eventKey status isUnpriced transactionId cost userErrors { code field message } }
    userErrors { code field message }
  }
}
"""
RUN = """
mutation ($input: RecordRunInput!) {
  recordRun(input: $input) {
    run { id key status workflow jobCount parent { key } jobs { nodes { key agentType status } } }
    userErrors { code field message }
  }
}
"""


def project(tenant: Tenant, place: int = 0) -> str:
    return encode(node.PROJECT, tenant.id, tenant.project_ids[place])


def said(tenant: Tenant, key: str = "e1", **changes: Any) -> dict[str, Any]:
    return {
        "eventKey": key,
        "projectId": project(tenant),
        "model": "claude-opus-4-5-20251101",
        "provider": "anthropic",
        "inputTokens": 100,
        "outputTokens": 50,
        "occurredAt": "2026-03-15T11:00:00Z",
    } | changes


@pytest.fixture
def member(database: Database, tenant: Tenant) -> Asker:
    projects = tenant.project_ids
    return graphql_client.member(database, tenant, Role.MEMBER, *projects, now=NOW)


async def record(member: Asker, *events: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await member.ask(RECORD, events=list(events))
    assert answer["recordUsage"]["userErrors"] == []
    results: list[dict[str, Any]] = answer["recordUsage"]["results"]
    return results


async def test_an_event_is_recorded_and_found_by_its_id(member: Asker, tenant: Tenant) -> None:
    [result] = await record(
        member,
        said(
            tenant,
            run={"key": "r", "workflow": "nightly"},
            job={"key": "j", "agentType": "Testing", "initiator": "TASK_AGENT"},
            stream={"callKey": "call"},
        ),
    )
    assert (result["status"], result["cost"], result["isUnpriced"]) == (
        "RECORDED",
        "0.00175",
        False,
    )
    query = """query ($id: ID!) { node(id: $id) { ... on CreditTransaction {
      eventKey callKey agentType initiator surface run { key } job { key } cost } } }"""
    found = (await member.ask(query, id=result["transactionId"]))["node"]
    assert found == {
        "eventKey": "e1",
        "callKey": "call",
        "agentType": "testing",
        "initiator": "TASK_AGENT",
        "surface": "API",
        "run": {"key": "r"},
        "job": {"key": "j"},
        "cost": "0.00175",
    }


async def test_each_event_is_answered_by_itself_in_order(
    database: Database, member: Asker, tenant: Tenant
) -> None:
    stranger = await make_tenant(database)
    [first] = await record(member, said(tenant, "before"))
    results = await record(
        member,
        said(tenant, "good"),
        said(tenant, "before"),
        said(tenant, "before", inputTokens=7),
        said(tenant, "foreign", projectId=project(stranger)),
        said(tenant, "unknown", projectId=encode(node.PROJECT, tenant.id, uuid7())),
        said(tenant, "garbage", projectId="x"),
        said(tenant, "negative", inputTokens=-1),
        said(tenant, "guess", cacheReadTokens=5),
        said(tenant, "old", occurredAt="2020-01-01T00:00:00Z"),
        said(tenant, "ahead", occurredAt="2026-03-15T12:05:01Z"),
        said(tenant, "unpriced", model="no-such-model"),
    )
    assert [result["status"] for result in results] == [
        "RECORDED", "DUPLICATE", "CONFLICT", *["REJECTED"] * 7, "RECORDED",
    ]  # fmt: skip
    assert results[1]["transactionId"] == first["transactionId"]
    assert results[10]["isUnpriced"]
    assert results[10]["cost"] is None
    errors = [result["userErrors"][0] for result in results[2:10]]
    assert [(error["code"], error["field"]) for error in errors] == [
        ("CONFLICT", ["events", "2", "eventKey"]),
        ("NOT_FOUND", ["events", "3", "projectId"]),
        ("NOT_FOUND", ["events", "4", "projectId"]),
        ("NOT_FOUND", ["events", "5", "projectId"]),
        ("OUT_OF_RANGE", ["events", "6", "inputTokens"]),
        ("REQUIRED", ["events", "7", "inputIncludesCache"]),
        ("OUT_OF_RANGE", ["events", "8", "occurredAt"]),
        ("OUT_OF_RANGE", ["events", "9", "occurredAt"]),
    ]
    assert len({error["message"] for error in errors[1:4]}) == 1
    assert (await verify(database, tenant.id)).is_clean


@pytest.mark.parametrize("count", [0, 1001])
async def test_a_call_holds_1_to_1000_events(member: Asker, tenant: Tenant, count: int) -> None:
    events = [said(tenant, f"e{number}") for number in range(count)]
    answer = (await member.ask(RECORD, events=events))["recordUsage"]
    assert answer["results"] == []
    assert answer["userErrors"][0]["code"] == "OUT_OF_RANGE"


async def test_a_viewer_records_nothing(database: Database, tenant: Tenant) -> None:
    viewer = graphql_client.member(database, tenant, Role.VIEWER, tenant.project_id, now=NOW)
    [result] = await record(viewer, said(tenant))
    assert result["userErrors"][0]["code"] == "FORBIDDEN"
    refusal = await viewer.refused(RUN, input={"projectId": project(tenant), "run": {"key": "r"}})
    assert refusal.code == "FORBIDDEN"


async def test_the_dashboard_moves_with_a_stream(member: Asker, tenant: Tenant) -> None:
    query = "query ($id: ID!) { monthlySummary(projectId: $id) { totalCost totalTokens } }"
    shown = []
    for number, output in enumerate((10, 30, 50)):
        stream = {"callKey": "call", "final": output == 50}
        await record(member, said(tenant, f"e{number}", outputTokens=output, stream=stream))
        shown.append((await member.ask(query, id=project(tenant)))["monthlySummary"])
    assert [point["totalCost"] for point in shown] == ["0.00075", "0.00125", "0.00175"]
    assert shown[-1]["totalTokens"] == 150


async def test_runs_and_jobs_without_usage(
    database: Database, member: Asker, tenant: Tenant
) -> None:
    given = {
        "projectId": project(tenant),
        "run": {"key": "r", "parentKey": "p", "workflow": "nightly", "status": "RUNNING"},
        "jobs": [{"key": "j", "agentType": "ui_ux", "status": "SUCCEEDED"}],
    }
    answer = (await member.ask(RUN, input=given))["recordRun"]
    assert answer["userErrors"] == []
    run = answer["run"]
    assert (run["key"], run["status"], run["jobCount"]) == ("r", "RUNNING", 1)
    assert run["parent"] == {"key": "p"}
    assert run["jobs"]["nodes"] == [{"key": "j", "agentType": "ui-ux", "status": "SUCCEEDED"}]
    again = {**given, "run": {"key": "r", "status": "FAILED"}, "jobs": []}
    assert (await member.ask(RUN, input=again))["recordRun"]["run"]["status"] == "FAILED"
    assert (await verify(database, tenant.id)).is_clean


async def test_a_run_that_makes_no_sense_is_refused(member: Asker, tenant: Tenant) -> None:
    later, earlier = NOW.isoformat(), (NOW - timedelta(hours=1)).isoformat()
    given = {
        "projectId": project(tenant),
        "run": {"key": "", "startedAt": later, "finishedAt": earlier},
        "jobs": [{"key": "j", "agentType": "x" * 256}],
    }
    answer = (await member.ask(RUN, input=given))["recordRun"]
    assert answer["run"] is None
    assert [error["field"] for error in answer["userErrors"]] == [
        ["run", "key"],
        ["run", "finishedAt"],
        ["jobs", "0", "agentType"],
    ]
