"""The procedures on the real schema: 003's answers as it prints them, and GraphQL's beside them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from door import AUTHORIZATION
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, validate
from starlette.datastructures import Headers
from starlette.routing import Route
from tenants import PRICED, Tenant, make_tenant
from trpc_door import told, url

from api.app import create_app
from api.graphql_execution import Execution
from api.settings import Settings
from api.trpc import TrpcDoor
from api.trpc_procedure import Prepared, Procedures
from api.trpc_procedures import LENGTHS, PROCEDURES, WITHOUT_PROCEDURE
from api.trpc_shape import EXACT, Shape
from api.trpc_wire import ROUTE
from models.access import Principal, Role, Scope
from models.db import Database
from models.ids import encode
from models.ledger import Ledger
from models.write_queue import WriteQueue
from resolvers import node
from resolvers.context import Context, create_context
from resolvers.schema import schema

READY = list(Procedures(Execution(schema)))
ROLE = "x-role"  # who asks, in these tests


@pytest.fixture
async def client(database: Database, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    writer = WriteQueue(Ledger(database))

    async def authenticate(headers: Headers) -> Scope:
        role = Role[headers.get(ROLE, "OWNER")]
        return Scope(Principal(tenant.id, tenant.user_id, None), role)

    def context(served: Database, scope: Scope, request_id: str) -> Context:
        return create_context(served, scope, request_id, writer=writer)

    parts: dict[str, Any] = {
        "database": database,
        "authenticate": authenticate,
        "context_factory": context,
    }
    door = TrpcDoor(schema, Settings(), **parts)
    app = create_app(Settings(), schema=schema, routes=[Route(ROUTE, door)], **parts)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://door", headers=AUTHORIZATION
    ) as started:
        yield started


@pytest.fixture
def project_id(tenant: Tenant) -> str:
    return encode(node.PROJECT, tenant.id, tenant.project_id)


async def ask(client: httpx.AsyncClient, name: str, input: Any = ...) -> Any:
    status, body = told(await client.get(url(name, input)))
    assert status == 200, body
    return body["result"]["data"]


async def change(client: httpx.AsyncClient, name: str, input: Any, **headers: str) -> Any:
    return told(await client.post(f"/trpc/{name}", json=input, headers=headers))


async def spend(client: httpx.AsyncClient, project_id: str) -> None:
    """One run of two jobs, one of them failed, and a call without a price."""
    now = datetime.now(UTC).isoformat()
    run = {"key": "r", "trigger": "push", "status": "SUCCEEDED", "startedAt": now}
    calls = [("implementation", "SUCCEEDED", PRICED), ("research", "FAILED", PRICED),
             ("research", "FAILED", "nobody-knows")]  # fmt: skip
    events = [
        {"eventKey": str(number), "projectId": project_id, "model": model, "occurredAt": now,
         "provider": "anthropic", "inputTokens": 100 * (number + 1), "outputTokens": 7,
         "run": run, "job": {"key": kind, "agentType": kind, "status": status, "finishedAt": now}}
        for number, (kind, status, model) in enumerate(calls)
    ]  # fmt: skip
    status, body = await change(client, "usage.record", {"events": events})
    assert (status, {it["status"] for it in body["result"]["data"]["results"]}) == (
        200,
        {"RECORDED"},
    )


NUMBER = (int, float)
SUMMARY = {"totalCost": NUMBER, "totalTokens": int, "totalJobs": int, "agentBreakdown": list,
           "topRuns": list, "budgetLimit": NUMBER, "budgetPct": NUMBER}  # fmt: skip
AGENT = {"agentType": str, "totalJobs": int, "cost": NUMBER, "pctOfTotal": NUMBER,
         "inputTokens": int, "outputTokens": int, "successRate": NUMBER}  # fmt: skip
RUN = {"runId": str, "status": str, "trigger": str, "startedAt": str, "jobCount": int,
       "totalTokens": int, "cost": NUMBER}  # fmt: skip
POINT = {"month": str, "cost": NUMBER, "totalTokens": int, "jobCount": int}


def assert_holds(value: dict[str, Any], fields: dict[str, Any]) -> None:
    for name, kind in fields.items():
        assert isinstance(value[name], kind), name


async def test_the_answers_of_003_are_as_it_prints_them(
    client: httpx.AsyncClient, project_id: str
) -> None:
    await spend(client, project_id)
    before = await ask(client, "aiCost.getMonthlySummary", {"projectId": project_id})
    assert (before["budgetLimit"], before["budgetPct"]) == (None, None)
    limit = {"projectId": project_id, "limitDollars": 0.005}
    status, body = await change(client, "aiCost.setBudgetLimit", limit)
    assert (status, body["result"]["data"]["budget"]["limit"]) == (200, 0.005)
    assert "userErrors" not in body["result"]["data"]

    summary = await ask(client, "aiCost.getMonthlySummary", {"projectId": project_id})
    assert_holds(summary, SUMMARY)
    assert (summary["totalCost"], summary["totalCostExact"]) == (0.00185, "0.00185")
    assert (summary["totalJobs"], summary["unpricedTransactions"]) == (2, 1)
    assert (summary["budgetLimit"], summary["budgetPct"]) == (0.005, 37.0)
    for agent in summary["agentBreakdown"]:
        assert_holds(agent, AGENT)
    assert [it["successRate"] for it in summary["agentBreakdown"]] == [0.0, 1.0]
    (run,) = summary["topRuns"]
    assert_holds(run, RUN)
    assert (run["status"], run["trigger"], run["jobCount"]) == ("SUCCEEDED", "push", 2)

    trend = await ask(client, "aiCost.getMonthlyTrend", {"projectId": project_id})
    assert len(trend) == 6
    for point in trend:
        assert_holds(point, POINT)
    assert [point["cost"] for point in trend[-2:]] == [0, 0.00185]
    recent = await ask(client, "aiCost.getRecentTransactions", {"projectId": project_id})
    assert sorted(str(it["costExact"]) for it in recent) == ["0.000675", "0.001175", "None"]
    assert {(it["label"], it["run"]["key"]) for it in recent} == {
        ("Implementation", "r"),
        ("Research", "r"),
    }
    daily = await ask(client, "aiCost.getDailySpend", {"projectId": project_id, "days": 7})
    assert (len(daily), sum(it["jobCount"] for it in daily)) == (7, 2)


async def test_across_projects_means_those_that_one_owns(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    other = await make_tenant(database)
    first, *rest = tenant.project_ids
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE project SET owner_id = $3 WHERE organization_id = $1 AND id = $2",
            tenant.id, first, other.user_id,
        )  # fmt: skip
    own = await ask(client, "aiCost.getCrossProjectSummary")
    reached = await ask(client, "organizations.monthlySummary", {})
    ids = [encode(node.PROJECT, tenant.id, id) for id in (first, *rest)]
    assert {it["project"]["id"] for it in own["projects"]} == set(ids[1:])
    assert {it["project"]["id"] for it in reached["projects"]} == set(ids)


async def test_user_errors_are_a_bad_request(client: httpx.AsyncClient, project_id: str) -> None:
    limit = {"projectId": project_id, "limitDollars": -1}
    status, body = await change(client, "aiCost.setBudgetLimit", limit)
    message = "limitDollars is -1; 0 to 1000000000 is expected."
    refusal = {"code": "OUT_OF_RANGE", "message": message, "field": ["limitDollars"]}
    assert (status, body["error"]["message"], body["error"]["code"]) == (400, message, -32600)
    assert body["error"]["data"]["userErrors"] == [refusal]

    status, body = await change(client, "aiCost.setBudgetLimit", {"projectId": 1, "dollars": "x"})
    fields = [it["field"] for it in body["error"]["data"]["userErrors"]]
    assert (status, fields) == (400, [["dollars"], ["limitDollars"]])


async def test_permissions_are_those_of_graphql(client: httpx.AsyncClient, project_id: str) -> None:
    limit = {"projectId": project_id, "limitDollars": 1}
    status, body = await change(client, "aiCost.setBudgetLimit", limit, **{ROLE: "VIEWER"})
    assert (status, body["error"]["data"]["code"]) == (403, "FORBIDDEN")


async def test_a_reservation_says_what_became_of_it(
    client: httpx.AsyncClient, project_id: str
) -> None:
    cap = {"scope": "PROJECT", "scopeId": project_id, "period": "MONTH", "limit": "0.01"}
    status, body = await change(client, "caps.set", cap)
    assert (status, body["result"]["data"]["cap"]["limitExact"]) == (200, "0.01")
    asked = {"projectId": project_id, "key": "a", "amount": 0.004}
    _, granted = await change(client, "spend.reserve", asked)
    granted = granted["result"]["data"]
    assert (granted["__typename"], granted["reservation"]["held"]) == ("SpendGranted", 0.004)
    _, denied = await change(client, "spend.reserve", {**asked, "key": "b", "amount": 1})
    denied = denied["result"]["data"]
    assert (denied["__typename"], denied["reason"]) == ("SpendDenied", "CAP_REACHED")
    assert (denied["cap"]["limit"], denied["heldExact"]) == (0.01, "0.004")
    status, body = await change(client, "spend.reserve", {**asked, "key": "c", "amount": -1})
    errors = body["error"]["data"]["userErrors"]
    assert (status, [it["field"] for it in errors]) == (400, [["amount"]])
    usage = {"key": "a", "event": {"model": PRICED, "provider": "anthropic", "inputTokens": 200}}
    _, settled = await change(client, "spend.settle", usage)
    assert settled["result"]["data"]["reservation"]["status"] == "SETTLED"
    assert settled["result"]["data"]["result"]["costExact"] == "0.001"


# ---- one implementation


async def test_a_query_answers_what_graphql_answers(
    client: httpx.AsyncClient, project_id: str
) -> None:
    await spend(client, project_id)
    asked = {"projectId": project_id, "organizationId": None, "id": project_id}
    for procedure in READY:
        if procedure.kind == "mutation" or not procedure.inputs.keys() & {"projectId", "month"}:
            continue
        input = {name: asked[name] for name in asked if name in procedure.inputs}
        if "key" in procedure.inputs:
            input["key"] = "r"
        body = {"query": procedure.text, "variables": input}
        data = (await client.post("/graphql", json=body)).json()["data"]
        answer = await ask(client, procedure.name, input)
        assert told_apart(answer) == told_apart(procedure.answer(data)), procedure.name


def told_apart(value: Any) -> Any:
    """A value without the instants at which it was read."""
    return json.loads(json.dumps(value), object_hook=lambda it: {**it, "asOf": None})


async def test_a_batch_reads_a_project_once(client: httpx.AsyncClient, project_id: str) -> None:
    names = ["aiCost.getMonthlySummary", "aiCost.getMonthlyTrend", "budgets.get"]
    input = {str(place): {"projectId": project_id} for place in range(3)}
    status, body = told(await client.get(url(",".join(names), input, batch=True)))
    assert (status, ["result" in each for each in body]) == (200, [True] * 3)


async def test_a_thing_of_another_type_is_not_found(
    client: httpx.AsyncClient, project_id: str
) -> None:
    status, body = told(await client.get(url("runs.get", {"id": project_id})))
    assert (status, body["error"]["message"]) == (404, "There is no such thing.")


# ---- the list


@pytest.mark.parametrize(
    ("name", "given", "message", "field"),
    [
        ("explore.entries", {"workspaceId": "w", "range": {}},
         "range has no field; exactly one of preset, dates, instants is expected.", ["range"]),
        ("explore.entries", {"workspaceId": "w", "range": {"preset": "TODAY", "dates": None}},
         "range has preset, dates; exactly one of preset, dates, instants is expected.", ["range"]),
        ("explore.createDownload", {},
         "The input has no field; exactly one of usageEntries, apiCalls is expected.", None),
    ],
)  # fmt: skip
async def test_one_of_several_is_expected_by_name(
    client: httpx.AsyncClient, name: str, given: Any, message: str, field: Any
) -> None:
    is_query = name == "explore.entries"
    status, body = (
        told(await client.get(url(name, given))) if is_query else await change(client, name, given)
    )
    problem = {"code": "INVALID", "message": message, "field": field}
    assert (status, body["error"]["data"]["userErrors"]) == (400, [problem])


@pytest.mark.parametrize("procedure", READY, ids=lambda it: it.name)
def test_a_procedure_is_a_valid_document(procedure: Prepared) -> None:
    assert validate(schema._schema, procedure.document) == []
    settled = [step.settled for step in procedure.steps if step.settled]
    assert len(procedure.text) < 10_000, settled


def test_every_root_field_has_a_procedure() -> None:
    roots = {
        name
        for type_ in (schema._schema.query_type, schema._schema.mutation_type)
        if type_
        for name in type_.fields
    }
    asked = {procedure.steps[0].name for procedure in READY}
    missing = roots - asked - WITHOUT_PROCEDURE.keys()
    assert not missing, "add a line to api/trpc_procedures.py"


@pytest.mark.parametrize("name", ["Organization", "Billing", "Workspace", "Project", "PipelineRun"])
def test_every_report_and_page_of_a_thing_has_a_procedure(name: str) -> None:
    type_ = schema._schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    reports = {
        field
        for field, declared in type_.fields.items()
        if declared.args and not is_leaf_type(get_named_type(declared.type))
    }
    asked = {step.name for procedure in READY for step in procedure.steps}
    missing = reports - asked - WITHOUT_PROCEDURE.keys()
    assert not missing, "add a line to api/trpc_procedures.py"


def test_names_are_said_once() -> None:
    assert len({it.name for it in PROCEDURES}) == len(PROCEDURES)
    assert all(it.name.count(".") == 1 for it in PROCEDURES)
    for coordinate in LENGTHS:
        type_, name = coordinate.split(".")
        assert name in schema._schema.type_map[type_].fields  # type: ignore[attr-defined]


def test_no_exact_figure_hides_a_field() -> None:
    seen: set[int] = set()

    def check(shape: Shape | None) -> None:
        if shape is None or id(shape) in seen:
            return
        seen.add(id(shape))
        for part in shape.fields.values():
            assert not (part.is_decimal and part.name + EXACT in shape.fields)
            check(part.shape)
        for member in shape.members:
            check(member)

    for procedure in READY:
        check(procedure.shape)
    assert len(seen) > 20
