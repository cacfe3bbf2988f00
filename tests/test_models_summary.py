"""Every answer from the rollups equals the one worked out from the joined tables."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from recount import Recount, Sums, recount
from tenants import PRICED, Tenant, make_tenant

from models import budget, portfolio, summary
from models.access import Scope
from models.db import Database
from models.event import JobRef, RunRef, RunStatus
from models.ids import NIL
from models.ledger import Ledger
from models.local_time import load_time_zones
from models.money import BudgetStatus
from models.period import Calendar, add_months
from models.pipeline import load_job_totals, load_run_totals
from models.portfolio import ProjectScope
from models.token import ReportedTokens

ZONES = ["UTC", "America/New_York", "Asia/Kathmandu"]
NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
MONTHS = [date(2026, month, 1) for month in (1, 2, 3, 4)]
# Month edges of the zones and the change of the clock in New York, either side of them.
EDGES = [
    edge + timedelta(microseconds=step)
    for edge in (
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 2, 1, 5, tzinfo=UTC),
        datetime(2026, 1, 31, 18, 15, tzinfo=UTC),
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 4, 1, 4, tzinfo=UTC),
    )
    for step in (-1, 0)
]
AGENT_TYPES = ["Implementation", "UI/UX", "Research", "code review"]


@dataclass(frozen=True)
class World:
    """A tenant with a history, and the same history recounted."""

    database: Database
    tenant: Tenant
    truth: Recount
    calendar: Calendar

    @property
    def scope(self) -> Scope:
        return Scope.system(self.tenant.organization_id)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        async with self.database.connection() as connection:
            yield connection


def history(tenant: Tenant, chance: random.Random) -> list[Any]:
    """160 calls in two of the three projects, over four months and their edges."""
    start, end = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 4, 10, tzinfo=UTC)
    events = []
    for number in range(160):
        at = chance.choice(EDGES) if number % 5 == 0 else start + (end - start) * chance.random()
        project = chance.randrange(2)
        run, agent_type = chance.randrange(12), chance.choice(AGENT_TYPES)
        ended = chance.choice([RunStatus.SUCCEEDED, RunStatus.FAILED, None])
        job = JobRef(
            f"{agent_type} {chance.randrange(3)}",
            agent_type,
            status=ended,
            finished_at=at + timedelta(hours=chance.randrange(30)) if ended else None,
        )
        attributed = chance.random() < 0.8
        events.append(
            tenant.event(
                f"e{number}",
                project_id=tenant.project_ids[project],
                occurred_at=at,
                model=PRICED if chance.random() < 0.9 else "no-such-model",
                tokens=ReportedTokens(
                    input_tokens=chance.randrange(100_000),
                    output_tokens=chance.randrange(5_000),
                    cache_read_tokens=chance.randrange(50_000),
                    input_includes_cache=False,
                ),
                run=RunRef(f"{project} {run}") if attributed else None,
                job=job if attributed else None,
            )
        )
    return events


@pytest.fixture(scope="module", params=ZONES)
async def world(request: pytest.FixtureRequest, database: Database, ledger: Ledger) -> World:
    tenant = await make_tenant(database, time_zone=request.param)
    events = history(tenant, random.Random(request.param))
    outcomes = await ledger.record(tenant.organization_id, events, now=NOW)
    assert not any(outcome.errors for outcome in outcomes)
    async with database.connection() as connection:
        zones = await load_time_zones(connection, tenant.organization_id)
    return World(database, tenant, await recount(tenant), Calendar(zones, NOW))


def total(found: dict[Any, Sums], name: str) -> Any:
    return sum((getattr(sums, name) for sums in found.values()), Decimal(0))


async def test_months_and_their_breakdown(world: World) -> None:
    keys = [
        summary.MonthKey(project, month) for project in world.tenant.project_ids for month in MONTHS
    ]
    async with world.connection() as connection:
        answers = await summary.load_summaries(connection, world.scope, world.calendar, keys)
    assert any(answer.total_cost for answer in answers)
    for key, answer in zip(keys, answers, strict=True):
        truth = world.truth.by(
            lambda row: row["agent_type"],
            lambda row, key=key: (row["project"], row["month"]) == key,  # type: ignore[misc]
        )
        assert answer.total_cost == total(truth, "cost")
        assert answer.total_tokens == total(truth, "tokens")
        assert answer.total_jobs == total(truth, "jobs")
        assert answer.unpriced_transactions == total(truth, "unpriced")
        assert {it.agent_type for it in answer.agent_breakdown} == set(truth)
        for spend in answer.agent_breakdown:
            sums = truth[spend.agent_type]
            assert (spend.cost, spend.total_jobs) == (sums.cost, sums.jobs)
            assert (spend.input_tokens, spend.output_tokens) == (
                sums.input_tokens,
                sums.output_tokens,
            )
            assert spend.success_rate == (sums.succeeded / sums.jobs if sums.jobs else None)
        costs = [spend.cost for spend in answer.agent_breakdown]
        assert costs == sorted(costs, reverse=True)
        if answer.total_cost:
            shares = sum(spend.pct_of_total for spend in answer.agent_breakdown)
            assert shares == pytest.approx(100)
        before = world.truth.by(
            lambda row: None,
            lambda row, key=key: (  # type: ignore[misc]
                (row["project"], row["month"]) == (key.project_id, add_months(key.month, -1))
            ),
        )
        assert answer.previous_cost == total(before, "cost")
        assert answer.cost_change == answer.total_cost - answer.previous_cost


async def test_top_runs(world: World) -> None:
    keys = [summary.TopRunsKey(world.tenant.project_id, month, 5) for month in MONTHS]
    async with world.connection() as connection:
        answers = await summary.load_top_runs(
            connection, world.scope, keys, [Decimal(1)] * len(keys)
        )
    for key, answer in zip(keys, answers, strict=True):
        truth = world.truth.by(
            lambda row: row["run"],
            lambda row, key=key: (  # type: ignore[misc]
                row["run"] is not None
                and (row["project"], row["month"]) == (key.project_id, key.month)
            ),
        )
        ranked = sorted(truth.items(), key=lambda it: (-it[1].cost, it[0]))[:5]
        assert [(it.run.id, it.cost, it.total_tokens, it.job_count) for it in answer] == [
            (run, sums.cost, sums.tokens, sums.jobs) for run, sums in ranked
        ]


async def test_trend_has_every_month_and_days_have_every_day(world: World) -> None:
    project = world.tenant.project_id
    months = summary.SpanKey(project, date(2025, 11, 1), date(2026, 4, 1))
    days = summary.SpanKey(project, date(2026, 1, 1), date(2026, 4, 10))
    async with world.connection() as connection:
        (trend,) = await summary.load_trends(connection, world.scope, world.calendar, [months])
        (daily,) = await summary.load_daily(connection, world.scope, world.calendar, [days])
    assert [point.month for point in trend] == [add_months(months.first, n) for n in range(6)]
    assert [point.date for point in daily] == [days.first + timedelta(n) for n in range(100)]
    by_month = world.truth.by(lambda row: row["month"], lambda row: row["project"] == project)
    by_day = world.truth.by(lambda row: row["day"], lambda row: row["project"] == project)
    for point, truth in [(it, by_month[it.month]) for it in trend] + [
        (it, by_day[it.date]) for it in daily
    ]:
        assert point.cost == truth.cost
        assert point.total_tokens == truth.tokens
        assert point.job_count == truth.jobs
        assert point.unpriced_transactions == truth.unpriced
    assert sum(point.cost for point in trend) == total(by_month, "cost")


async def test_a_portfolio_sums_every_project_and_shows_the_empty_one(world: World) -> None:
    month = date(2026, 3, 1)
    async with world.connection() as connection:
        answer = await portfolio.load_portfolio(
            connection, world.scope, world.calendar, month, ProjectScope.REACHABLE
        )
    truth = world.truth.by(lambda row: row["project"], lambda row: row["month"] == month)
    assert answer.project_count == len(world.tenant.project_ids)
    assert {it.project.id: it.cost for it in answer.projects} == {
        project: truth[project].cost for project in world.tenant.project_ids
    }
    assert answer.total_cost == total(truth, "cost")
    assert answer.total_tokens == total(truth, "tokens")
    assert answer.total_jobs == total(truth, "jobs")
    assert answer.unpriced_transactions == total(truth, "unpriced")
    costs = [it.cost for it in answer.projects]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == 0
    assert answer.total_budget is None
    assert answer.budget_pct is None


async def test_runs_and_jobs_cost_what_their_transactions_do(world: World) -> None:
    truth = world.truth.by(lambda row: row["run"], lambda row: row["run"] is not None)
    ids = [*truth, NIL]
    async with world.connection() as connection:
        answers = await load_run_totals(connection, world.scope, ids)
        (nothing,) = await load_job_totals(connection, world.scope, [NIL])
    for run, answer in zip(truth, answers, strict=False):
        assert answer.cost == truth[run].cost
        assert answer.unpriced == truth[run].unpriced
        assert answer.total_tokens == truth[run].tokens
        assert answer.job_count == truth[run].jobs
    assert answers[-1] == nothing
    assert nothing.cost == 0


async def test_the_limit_in_force_is_that_of_the_months_end(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    """A limit that is set today says nothing about a month that is over."""
    scope = Scope.system(tenant.organization_id)
    await ledger.record(tenant.organization_id, [tenant.event()])
    async with database.transaction() as connection:
        await budget.set_limit(connection, scope, tenant.project_id, Decimal(7))
        zones = await load_time_zones(connection, tenant.organization_id)
    running = Calendar(zones, datetime.now(UTC))
    this_month, last_month = running.current_month, add_months(running.current_month, -1)
    keys = [summary.MonthKey(tenant.project_id, month) for month in (this_month, last_month)]
    later = Calendar(zones, datetime.now(UTC) + timedelta(days=62))
    async with database.connection() as connection:
        now, before = await summary.load_summaries(connection, scope, running, keys)
        then, _ = await summary.load_summaries(connection, scope, later, keys)
        shown = await portfolio.load_portfolio(
            connection, scope, later, this_month, ProjectScope.REACHABLE
        )
        await budget.remove_limit(connection, scope, tenant.project_id)
        (still,) = await summary.load_summaries(connection, scope, later, keys[:1])
        (gone,) = await summary.load_summaries(connection, scope, running, keys[:1])
    assert (now.budget_limit, now.budget_status) == (Decimal(7), BudgetStatus.OK)
    assert (before.budget_limit, before.budget_status) == (None, BudgetStatus.NONE)
    assert then.budget_limit == 7
    assert shown.total_budget == 7
    # Removed within the month, so at its end there was none.
    assert still.budget_limit is None
    assert gone.budget_limit is None


async def test_what_was_taken_back_is_not_shown(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    """Reversing entries leave rows of zeros behind; they are no agent type and no top run."""
    scope, project = Scope.system(tenant.organization_id), tenant.project_id
    event = tenant.event(run=RunRef("r"), job=JobRef("j", "Research"))
    await ledger.record(tenant.organization_id, [event])
    async with database.transaction() as connection:
        for table in ("rollup_month", "rollup_run_month"):
            await connection.execute(
                f"UPDATE {table} SET cost = 0, requests = 0, input_tokens = 0, output_tokens = 0"
                " WHERE organization_id = $1",
                tenant.organization_id,
            )
        zones = await load_time_zones(connection, tenant.organization_id)
        month = date(2026, 3, 1)
        (answer,) = await summary.load_summaries(
            connection, scope, Calendar(zones, NOW), [summary.MonthKey(project, month)]
        )
        (top,) = await summary.load_top_runs(
            connection, scope, [summary.TopRunsKey(project, month, 5)], [Decimal(0)]
        )
    assert answer.agent_breakdown == []
    assert top == []
