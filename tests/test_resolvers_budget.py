"""Budgets over GraphQL: what a page sees after a change, and what is refused where."""

from typing import Any

import pytest
from graphql_client import MARCH, Asker, owner
from tenants import Tenant

from models.billing_setting import BillingSettingChange
from models.db import Database
from models.ids import encode, uuid7
from models.ledger import Ledger
from resolvers.node import PROJECT

SET = """mutation ($p: ID!, $limit: Decimal!) {
  setBudgetLimit(input: {projectId: $p, limitDollars: $limit}) {
    budget { id limit month spent remaining pct status updatedBy { name } }
    project { monthlySummary { budgetStatus budgetLimit budgetPct } }
    userErrors { code message field } } }"""


@pytest.fixture
def asker(database: Database, tenant: Tenant) -> Asker:
    return owner(database, tenant, MARCH)


@pytest.fixture
def projects(tenant: Tenant) -> list[str]:
    return [encode(PROJECT, tenant.organization_id, id) for id in tenant.project_ids]


async def test_a_change_shows_at_once(
    asker: Asker, tenant: Tenant, ledger: Ledger, projects: list[str]
) -> None:
    """Also in the same request, where the figures had been read before."""
    await ledger.record(tenant.organization_id, [tenant.event()], now=MARCH)
    for limit, status, pct in (("0.002", "WARNING", 87.5), (0, "EXCEEDED", None), (1, "OK", 0.175)):
        payload = (await asker.ask(SET, p=projects[0], limit=limit))["setBudgetLimit"]
        assert payload["userErrors"] == []
        assert (payload["budget"]["status"], payload["budget"]["pct"]) == (status, pct)
        assert payload["budget"]["spent"] == "0.00175"
        assert payload["budget"]["updatedBy"] == {"name": "Owner"}
        assert payload["project"]["monthlySummary"] == {
            "budgetStatus": status,
            "budgetLimit": str(limit),
            "budgetPct": pct,
        }
    both = await asker.ask(
        """mutation ($p: ID!) {
          first: setBudgetLimit(input: {projectId: $p, limitDollars: "5"}) { budget { limit } }
          second: removeBudgetLimit(input: {projectId: $p}) {
            budget { limit status changes(first: 2) { nodes { oldLimit newLimit }
              pageInfo { hasNextPage } } } } }""",
        p=projects[0],
    )
    assert both["first"]["budget"]["limit"] == "5"
    assert both["second"]["budget"] == {
        "limit": None,
        "status": "NONE",
        "changes": {
            "nodes": [{"oldLimit": "5", "newLimit": None}, {"oldLimit": "1", "newLimit": "5"}],
            "pageInfo": {"hasNextPage": True},
        },
    }


async def test_the_same_again_changes_nothing(
    asker: Asker, tenant: Tenant, projects: list[str]
) -> None:
    for limit in ("7", "7.0", 7, 7.0):
        payload = (await asker.ask(SET, p=projects[0], limit=limit))["setBudgetLimit"]
        assert payload["budget"]["limit"] == "7"
    rows = BillingSettingChange.filter(organization_id=tenant.organization_id)
    assert await rows.count() == 1


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("-1", "OUT_OF_RANGE"),
        (-0.5, "OUT_OF_RANGE"),
        ("1000000000.01", "OUT_OF_RANGE"),
        (1e300, "OUT_OF_RANGE"),
        ("0.0000000000001", "TOO_PRECISE"),
    ],
)
async def test_what_can_be_put_right_names_the_field(
    asker: Asker, projects: list[str], limit: Any, code: str
) -> None:
    payload = (await asker.ask(SET, p=projects[0], limit=limit))["setBudgetLimit"]
    assert payload["budget"] is None
    assert payload["project"] is None
    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == (code, ["limitDollars"])
    assert error["message"].startswith("limitDollars ")


@pytest.mark.parametrize("limit", [None, float("nan"), float("inf"), "NaN", "", "1_000", True])
async def test_an_emptied_form_field_never_removes_a_limit(
    asker: Asker, projects: list[str], limit: Any
) -> None:
    await asker.ask(SET, p=projects[0], limit="3")
    data, errors = await asker.run(SET, p=projects[0], limit=limit)
    assert data is None
    assert [error.code for error in errors] == ["BAD_USER_INPUT"]
    shown = await asker.ask(
        "query ($p: ID!) { project(id: $p) { budget { limit } } }", p=projects[0]
    )
    assert shown["project"]["budget"]["limit"] == "3"


MANY = """mutation ($limits: [SetBudgetLimitInput!]!) { setBudgetLimits(input: {limits: $limits}) {
  results { projectId budget { limit } userErrors { code field } }
  userErrors { code field } } }"""


async def test_many_limits_each_by_itself_in_order(asker: Asker, projects: list[str]) -> None:
    unknown = encode(PROJECT, uuid7(), uuid7())
    limits = [
        {"projectId": projects[2], "limitDollars": "2"},
        {"projectId": unknown, "limitDollars": "2"},
        {"projectId": projects[0], "limitDollars": "-1"},
        {"projectId": projects[1], "limitDollars": "0"},
    ]
    payload = (await asker.ask(MANY, limits=limits))["setBudgetLimits"]
    assert payload["userErrors"] == []
    assert payload["results"] == [
        {"projectId": projects[2], "budget": {"limit": "2"}, "userErrors": []},
        {
            "projectId": unknown,
            "budget": None,
            "userErrors": [{"code": "NOT_FOUND", "field": ["limits", "1", "projectId"]}],
        },
        {
            "projectId": projects[0],
            "budget": None,
            "userErrors": [{"code": "OUT_OF_RANGE", "field": ["limits", "2", "limitDollars"]}],
        },
        {"projectId": projects[1], "budget": {"limit": "0"}, "userErrors": []},
    ]


async def test_a_project_named_twice_is_refused_each_time(
    asker: Asker, projects: list[str]
) -> None:
    """Nobody can tell which of the two was meant."""
    limits = [
        {"projectId": project, "limitDollars": str(number)}
        for number, project in enumerate([projects[0], projects[1], projects[0]])
    ]
    payload = (await asker.ask(MANY, limits=limits))["setBudgetLimits"]
    codes = [[error["code"] for error in it["userErrors"]] for it in payload["results"]]
    assert codes == [["INVALID"], [], ["INVALID"]]
    assert [it["budget"] for it in payload["results"]] == [None, {"limit": "1"}, None]


@pytest.mark.parametrize("count", [0, 101])
async def test_a_call_with_too_few_or_too_many_is_refused_as_a_whole(
    asker: Asker, projects: list[str], count: int
) -> None:
    limits = [{"projectId": projects[0], "limitDollars": "1"}] * count
    payload = (await asker.ask(MANY, limits=limits))["setBudgetLimits"]
    assert payload == {
        "results": [],
        "userErrors": [{"code": "OUT_OF_RANGE", "field": ["limits"]}],
    }


async def test_projects_are_listed_by_budget_status(
    asker: Asker, tenant: Tenant, ledger: Ledger, projects: list[str]
) -> None:
    """The filter, which is decided in SQL, and the field, which is not, agree."""
    for number, project in enumerate(tenant.project_ids[:2]):
        event = tenant.event(str(number), project_id=project)
        await ledger.record(tenant.organization_id, [event], now=MARCH)
    await asker.ask(SET, p=projects[0], limit="0.0021875")
    await asker.ask(SET, p=projects[1], limit="0.00175")
    statuses = {}
    for status in ("NONE", "OK", "WARNING", "EXCEEDED"):
        data = await asker.ask(
            "query ($s: BudgetStatus) { projects(filter: {budgetStatus: $s}) {"
            " nodes { id budget { status } } } }",
            s=status,
        )
        for project in data["projects"]["nodes"]:
            assert project["budget"]["status"] == status
            statuses[project["id"]] = status
    assert statuses == {projects[0]: "WARNING", projects[1]: "EXCEEDED", projects[2]: "NONE"}
