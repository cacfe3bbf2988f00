"""The five answers of 003 over GraphQL: values, bounds, and what is left out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from graphql_client import MARCH, Asker, owner
from tenants import PRICED, Tenant, make_tenant

from models.db import Database
from models.event import JobRef, RunRef, RunStatus
from models.ids import encode
from models.ledger import Ledger
from models.token import ReportedTokens
from resolvers.node import PROJECT

FEBRUARY = datetime(2026, 2, 10, 8, tzinfo=UTC)


@pytest.fixture
async def asker(database: Database, tenant: Tenant, ledger: Ledger) -> Asker:
    """The owner of a project with three calls in March, one unpriced, and one in February."""
    ended = MARCH.replace(hour=1)
    run = RunRef("run", trigger="schedule")
    jobs = [
        JobRef("ok", "UI/UX", status=RunStatus.SUCCEEDED, finished_at=ended),
        JobRef("failed", "ui_ux", status=RunStatus.FAILED, finished_at=ended),
    ]
    events = [
        tenant.event("one", run=run, job=jobs[0]),
        tenant.event("two", run=run, job=jobs[1]),
        tenant.event("three", model="no-such-model"),
        tenant.event("before", occurred_at=FEBRUARY, model=PRICED),
    ]
    await ledger.record(tenant.organization_id, events, now=MARCH)
    return owner(database, tenant, MARCH)


@pytest.fixture
def project(tenant: Tenant) -> str:
    return encode(PROJECT, tenant.organization_id, tenant.project_id)


async def test_the_monthly_summary(asker: Asker, project: str) -> None:
    data = await asker.ask(
        """query ($p: ID!) { monthlySummary(projectId: $p) {
          month timeZone period { start end firstDate lastDate isOver } totalCost totalTokens
          inputTokens outputTokens totalJobs unpricedTransactions previousCost costChange
          budgetLimit budgetPct budgetStatus budgetRemaining
          agentBreakdown { agentType label totalJobs cost pctOfTotal successRate
            unpricedTransactions }
          topRuns { run { key } trigger jobCount cost pctOfTotal totalTokens } } }""",
        p=project,
    )
    assert data["monthlySummary"] == {
        "month": "2026-03",
        "timeZone": "UTC",
        "period": {
            "start": "2026-03-01T00:00:00Z",
            "end": "2026-04-01T00:00:00Z",
            "firstDate": "2026-03-01",
            "lastDate": "2026-03-31",
            "isOver": False,
        },
        # 100 input tokens at 5 and 50 output tokens at 25 dollars a million, twice
        "totalCost": "0.0035",
        "totalTokens": 450,
        "inputTokens": 300,
        "outputTokens": 150,
        "totalJobs": 2,
        "unpricedTransactions": 1,
        "previousCost": "0.00175",
        "costChange": "0.00175",
        "budgetLimit": None,
        "budgetPct": None,
        "budgetStatus": "NONE",
        "budgetRemaining": None,
        "agentBreakdown": [
            {
                "agentType": "ui-ux",
                "label": "UI/UX",
                "totalJobs": 2,
                "cost": "0.0035",
                "pctOfTotal": 100.0,
                "successRate": 0.5,
                "unpricedTransactions": 0,
            },
            {
                "agentType": "unattributed",
                "label": "Unattributed",
                "totalJobs": 0,
                "cost": "0",
                "pctOfTotal": 0.0,
                "successRate": None,
                "unpricedTransactions": 1,
            },
        ],
        "topRuns": [
            {
                "run": {"key": "run"},
                "trigger": "schedule",
                "jobCount": 2,
                "cost": "0.0035",
                "pctOfTotal": 100.0,
                "totalTokens": 300,
            }
        ],
    }


async def test_an_earlier_month_is_asked_for_by_name(asker: Asker, project: str) -> None:
    query = """query ($p: ID!, $m: Month) {
      monthlySummary(projectId: $p, month: $m) { month totalCost period { isOver } } }"""
    data = await asker.ask(query, p=project, m="2026-02")
    assert data["monthlySummary"] == {
        "month": "2026-02",
        "totalCost": "0.00175",
        "period": {"isOver": True},
    }
    running = await asker.ask(query, p=project, m=None)
    assert running["monthlySummary"]["month"] == "2026-03"


async def test_the_trend_and_the_days_have_no_gaps(asker: Asker, project: str) -> None:
    data = await asker.ask(
        """query ($p: ID!) {
          monthlyTrend(projectId: $p) { month cost }
          until: monthlyTrend(projectId: $p, months: 2, until: "2026-02") { month cost }
          dailySpend(projectId: $p, days: 7, until: "2026-03-16") { date cost jobCount }
          today: dailySpend(projectId: $p, days: 1) { date jobCount period { start end } } }""",
        p=project,
    )
    assert [point["month"] for point in data["monthlyTrend"]] == [
        "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03",
    ]  # fmt: skip
    assert [point["cost"] for point in data["monthlyTrend"]] == [
        "0", "0", "0", "0", "0.00175", "0.0035",
    ]  # fmt: skip
    assert data["until"] == data["monthlyTrend"][3:5]
    assert [point["date"][-2:] for point in data["dailySpend"]] == [
        "10", "11", "12", "13", "14", "15", "16",
    ]  # fmt: skip
    assert [point["cost"] for point in data["dailySpend"]][5] == "0.0035"
    (today,) = data["today"]
    assert (today["date"], today["jobCount"]) == ("2026-03-20", 2)


async def test_recent_transactions_are_enriched(asker: Asker, project: str) -> None:
    data = await asker.ask(
        """query ($p: ID!) { recentTransactions(projectId: $p) {
          eventKey cost kind label color agentType run { key } inputTokens outputTokens
          totalTokens inputPrice outputPrice entryType onDemandCost credits { monthly } } }""",
        p=project,
    )
    rows = {row.pop("eventKey"): row for row in data["recentTransactions"]}
    assert len(rows) == 4
    assert rows["one"] == {
        "cost": "0.00175",
        "kind": "USAGE",
        "label": "UI/UX",
        "color": "#c026d3",
        "agentType": "ui-ux",
        "run": {"key": "run"},
        "inputTokens": 100,
        "outputTokens": 50,
        "totalTokens": 150,
        "inputPrice": "5",
        "outputPrice": "25",
        "entryType": "INCLUDED",
        "onDemandCost": "0",
        "credits": None,
    }
    unpriced = rows["three"]
    assert [unpriced[name] for name in ("cost", "inputPrice", "outputPrice", "onDemandCost")] == [
        None
    ] * 4
    assert (unpriced["agentType"], unpriced["run"]) == ("unattributed", None)


async def test_pages_of_the_ledger_are_the_ledger(
    asker: Asker, project: str, tenant: Tenant, ledger: Ledger
) -> None:
    """Pages joined are the list, while newer rows arrive between them."""
    query = """query ($p: ID!, $after: String) { project(id: $p) {
      transactions(first: 2, after: $after) {
        nodes { eventKey } pageInfo { hasNextPage hasPreviousPage endCursor } } } }"""
    seen: list[str] = []
    after: str | None = None
    for turn in range(3):
        page = (await asker.ask(query, p=project, after=after))["project"]["transactions"]
        seen += [node["eventKey"] for node in page["nodes"]]
        assert page["pageInfo"]["hasPreviousPage"] == (turn > 0)
        after = page["pageInfo"]["endCursor"]
        await ledger.record(
            tenant.organization_id, [tenant.event(f"late {turn}", occurred_at=MARCH)], now=MARCH
        )
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == 4
    assert sorted(seen) == ["before", "one", "three", "two"]


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        ("{}", {"one", "two", "three", "before"}),
        ("{agentTypes: [\"UI / UX\"]}", {"one", "two"}),
        ("{isUnpriced: true}", {"three"}),
        ("{isUnpriced: false, model: \"claude-opus-4-5-20251101\"}", {"one", "two", "before"}),
        ("{kinds: [ADJUSTMENT]}", set()),
        ("{kinds: []}", set()),
        ("{range: {preset: THIS_MONTH}}", {"one", "two", "three"}),
        ("{range: {preset: LAST_MONTH}}", {"before"}),
        ("{range: {preset: LAST_CYCLE}}", {"before"}),
        ("{range: {preset: TODAY}}", set()),
        ("{range: {preset: LAST_24_HOURS}}", set()),
        ("{range: {preset: LAST_90_DAYS}}", {"one", "two", "three", "before"}),
        ("{range: {dates: {first: \"2026-02-10\", last: \"2026-02-10\"}}}", {"before"}),
        ("{range: {instants: {from: \"2026-02-10T08:00:00Z\", to: \"2026-03-15T12:00:00Z\"}}}",
         {"before"}),
    ],
)  # fmt: skip
async def test_the_ledger_is_filtered(
    asker: Asker, project: str, filter: str, keys: set[str]
) -> None:
    data = await asker.ask(
        f"query ($p: ID!) {{ project(id: $p) {{ transactions(filter: {filter}) {{"
        " nodes { eventKey } } } }",
        p=project,
    )
    assert {node["eventKey"] for node in data["project"]["transactions"]["nodes"]} == keys


async def test_only_one_run(asker: Asker, project: str) -> None:
    found = await asker.ask(
        'query ($p: ID!) { pipelineRun(projectId: $p, key: "run") { id } }', p=project
    )
    data = await asker.ask(
        """query ($p: ID!, $r: ID!) { project(id: $p) {
          transactions(filter: {runId: $r}) { nodes { eventKey } } } }""",
        p=project,
        r=found["pipelineRun"]["id"],
    )
    keys = {node["eventKey"] for node in data["project"]["transactions"]["nodes"]}
    assert keys == {"one", "two"}


async def test_the_portfolio(asker: Asker) -> None:
    data = await asker.ask(
        """{ crossProjectSummary { month totalCost totalTokens totalJobs unpricedTransactions
          previousCost costChange totalBudget budgetedCost budgetPct projectCount
          projects(limit: 2) { project { name } cost pctOfTotal budgetStatus } } }"""
    )
    assert data["crossProjectSummary"] == {
        "month": "2026-03",
        "totalCost": "0.0035",
        "totalTokens": 450,
        "totalJobs": 2,
        "unpricedTransactions": 1,
        "previousCost": "0.00175",
        "costChange": "0.00175",
        "totalBudget": None,
        "budgetedCost": "0",
        "budgetPct": None,
        "projectCount": 3,
        "projects": [
            {
                "project": {"name": "project 0"},
                "cost": "0.0035",
                "pctOfTotal": 100.0,
                "budgetStatus": "NONE",
            },
            {
                "project": {"name": "project 1"},
                "cost": "0",
                "pctOfTotal": 0.0,
                "budgetStatus": "NONE",
            },
        ],
    }


async def test_months_are_those_of_the_organizations_zone(
    database: Database, ledger: Ledger
) -> None:
    """18:15 UTC on the last of March is April in Kathmandu."""
    tenant = await make_tenant(database, time_zone="Asia/Kathmandu")
    edge = datetime(2026, 3, 31, 18, 15, tzinfo=UTC)
    tokens = ReportedTokens(input_tokens=1_000_000, output_tokens=0)
    await ledger.record(
        tenant.organization_id,
        [tenant.event("april", occurred_at=edge, tokens=tokens)],
        now=edge,
    )
    asker = owner(database, tenant, edge)
    data = await asker.ask(
        """{ organization { today currentMonth timeZone } projects { nodes { monthlySummary {
          month totalCost period { start end timeZone } } } } }"""
    )
    assert data["organization"] == {
        "today": "2026-04-01",
        "currentMonth": "2026-04",
        "timeZone": "Asia/Kathmandu",
    }
    assert data["projects"]["nodes"][0]["monthlySummary"] == {
        "month": "2026-04",
        "totalCost": "5",
        "period": {
            "start": "2026-03-31T18:15:00Z",
            "end": "2026-04-30T18:15:00Z",
            "timeZone": "Asia/Kathmandu",
        },
    }


@pytest.mark.parametrize(
    ("field", "argument"),
    [
        ("monthlyTrend(projectId: $p, months: 0) { cost }", "months"),
        ("monthlyTrend(projectId: $p, months: 61) { cost }", "months"),
        ("dailySpend(projectId: $p, days: 0) { cost }", "days"),
        ("dailySpend(projectId: $p, days: 367) { cost }", "days"),
        ("recentTransactions(projectId: $p, limit: 0) { cost }", "limit"),
        ("recentTransactions(projectId: $p, limit: 101) { cost }", "limit"),
    ],
)
async def test_bounds_are_told(asker: Asker, project: str, field: str, argument: str) -> None:
    refusal = await asker.refused(f"query ($p: ID!) {{ {field} }}", p=project)
    assert refusal.code == "BAD_USER_INPUT"
    assert refusal.message.startswith(f"{argument} is ")


@pytest.mark.parametrize(
    "range",
    [
        "dates: {first: \"2026-02-10\", last: \"2026-02-09\"}",
        "dates: {first: \"2025-02-10\", last: \"2026-02-12\"}",
        "instants: {from: \"2026-02-10T08:00:00Z\", to: \"2026-02-10T08:00:00Z\"}",
    ],
)  # fmt: skip
async def test_ranges_that_hold_nothing_are_refused(asker: Asker, project: str, range: str) -> None:
    _, errors = await asker.run(
        f"query ($p: ID!) {{ project(id: $p) {{ transactions(filter: {{range: {{{range}}}}}) {{"
        " nodes { cost } } } }",
        p=project,
    )
    assert [error.code for error in errors] == ["BAD_USER_INPUT"]


async def test_money_is_told_to_the_last_digit(
    database: Database, tenant: Tenant, ledger: Ledger, project: str
) -> None:
    tokens = ReportedTokens(input_tokens=1, output_tokens=0)
    await ledger.record(
        tenant.organization_id,
        [tenant.event(str(number), tokens=tokens) for number in range(3)],
        now=MARCH,
    )
    data: Any = await owner(database, tenant, MARCH).ask(
        "query ($p: ID!) { monthlySummary(projectId: $p) { totalCost } }", p=project
    )
    assert data["monthlySummary"]["totalCost"] == "0.000015"
    assert Decimal(data["monthlySummary"]["totalCost"]) == 3 * Decimal(5) / 10**6
