"""How many statements a question takes: few, and the same for one project as for a hundred."""

from datetime import UTC, datetime

import pytest
from caps import Caps
from graphql_client import MARCH, CountedDatabase, owner
from tenants import Tenant, make_tenant

from models.cap import CapPeriod
from models.cap_rule import CapScope
from models.db import Database
from models.event import JobRef, RunRef, RunStatus
from models.ids import encode
from models.ledger import Ledger
from resolvers.node import PROJECT

PORTFOLIO = """{ projects(first: 100) { nodes { id name
  workspace { name } owner { name } organization { name } budget { limit status updatedAt }
  monthlySummary { totalCost agentBreakdown { cost } topRuns { cost run { cost jobCount } } }
  monthlyTrend { cost } dailySpend { cost }
  recentTransactions { cost run { key } job { key cost } apiKey { name } user { name } }
  transactions { nodes { cost } } pipelineRuns { nodes { key jobs { nodes { key } } } }
} } }"""


async def make_world(database: Database, ledger: Ledger, project_count: int) -> Tenant:
    """A tenant in which every project has a run, two jobs and three transactions."""
    tenant = await make_tenant(database, project_count=project_count)
    ended = datetime(2026, 3, 15, 14, tzinfo=UTC)
    events = [
        tenant.event(
            f"{project} {number}",
            project_id=project,
            run=RunRef("run"),
            job=JobRef(f"job {number % 2}", "Research", None, RunStatus.SUCCEEDED, None, ended),
            user_id=tenant.user_id,
            api_key_id=tenant.api_key_id,
        )
        for project in tenant.project_ids
        for number in range(3)
    ]
    outcomes = await ledger.record(tenant.organization_id, events, now=MARCH)
    assert not any(outcome.errors for outcome in outcomes)
    return tenant


async def statements(database: Database, tenant: Tenant, query: str) -> int:
    """How many statements a question takes, connections being warm."""
    counted = CountedDatabase(database)
    asker = owner(counted, tenant, MARCH)
    project = encode(PROJECT, tenant.organization_id, tenant.project_id)
    variables = {"p": project} if "$p" in query else {}
    await asker.ask(query, **variables)
    while True:
        counted.statements.clear()
        await asker.ask(query, **variables)
        ours = [text for text in counted.statements if "pg_catalog" not in text]
        if len(ours) == len(counted.statements):
            return len(ours)


async def test_a_portfolio_takes_as_many_statements_for_forty_projects_as_for_two(
    database: Database, ledger: Ledger
) -> None:
    few = await make_world(database, ledger, 2)
    many = await make_world(database, ledger, 40)
    taken = [await statements(database, tenant, PORTFOLIO) for tenant in (few, many)]
    assert taken[0] == taken[1]
    assert taken[0] <= 20
    brief = "{ projects(first: 100) { nodes { monthlySummary { totalCost } } } }"
    assert [await statements(database, tenant, brief) for tenant in (few, many)] == [3, 3]


async def make_caps(database: Database, ledger: Ledger, project_count: int) -> Tenant:
    """A tenant with caps on every kind of thing, one for each project and run, and reservations."""
    tenant = await make_world(database, ledger, project_count)
    caps = Caps(database, tenant)
    async with database.connection() as connection:
        runs = await connection.fetch(
            "SELECT id FROM pipeline_run WHERE organization_id = $1", tenant.id
        )
    for scope in (CapScope.ORGANIZATION, CapScope.WORKSPACE, CapScope.USER, CapScope.API_KEY):
        await caps.set(100, scope)
    for row in runs:
        await caps.set(100, CapScope.RUN, row["id"], CapPeriod.RUN)
    for project in tenant.project_ids:
        await caps.set(100, CapScope.PROJECT, project)
        await caps.granted(f"{project}", project_id=project, run_key="run")
    return tenant


CAPS = """{ organization { caps(first: 100) { nodes { limit spent viewerCanChange resetsAt
  updatedBy { name } allowanceOf { id } target { __typename ... on Project { workspace { name } }
    ... on User { name } ... on PipelineRun { key project { name } } } } } } }"""
RESERVATIONS = """{ organization { reservations(first: 100) { nodes { key settledCost
  project { name } run { key } caps { limit held target { ... on Project { name } } } } } } }"""


@pytest.mark.parametrize(("query", "most"), [(CAPS, 9), (RESERVATIONS, 9)])
async def test_caps_take_as_many_statements_for_many_as_for_few(
    database: Database, ledger: Ledger, query: str, most: int
) -> None:
    few, many = [await make_caps(database, ledger, count) for count in (2, 12)]
    taken = [await statements(database, tenant, query) for tenant in (few, many)]
    assert taken[0] == taken[1] <= most


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ("query ($p: ID!) { monthlySummary(projectId: $p) { totalCost budgetStatus"
         " agentBreakdown { cost } project { name } } }", 2),
        ("query ($p: ID!) { monthlySummary(projectId: $p) { totalCost topRuns { cost } } }", 3),
        ("query ($p: ID!) { monthlyTrend(projectId: $p) { cost } }", 2),
        ("query ($p: ID!) { dailySpend(projectId: $p, days: 90) { cost } }", 2),
        ("query ($p: ID!) { recentTransactions(projectId: $p) { cost label runId } }", 2),
        ("query ($p: ID!) { project(id: $p) { name budget { status limit } } }", 2),
        ("{ crossProjectSummary { totalCost projects { cost project { name } } } }", 2),
        ("{ crossProjectSummary(scope: OWNED) { totalCost } }", 3),
        ("{ agentTypes { label } }", 0),
        ("{ viewer { id } }", 0),
        ("{ organization { name today billingCycle { start } } }", 1),
        ("{ organization { creditUsage { used projectedTotal runOut { date } } } }", 5),
        ("{ organization { usageSeries(range: {preset: LAST_30_DAYS}, granularity: WEEK)"
         " { lines { points { amount } } } } }", 2),
        ("{ organization { topWorkspaces { nodes { workspace { name group { name } } } } } }",
         4),
        ("{ organization { topWorkspaceGroups { nodes { amount group { name } } } } }", 3),
        ("{ organization { topUsers { nodes { amount user { name } } } } }", 3),
        ("{ organization { alerts { kind message project { name } } } }", 11),
        ("{ organization { workspaces { nodes { usageBar { usedPct } } } } }", 6),
    ],
)  # fmt: skip
async def test_a_question_takes_few_statements(
    database: Database, ledger: Ledger, query: str, most: int
) -> None:
    tenant = await make_world(database, ledger, 1)
    assert await statements(database, tenant, query) <= most
