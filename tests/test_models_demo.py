"""The demo organization: what its plan holds at any instant, and what stands on the ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres_server import FreshDatabase
from tenants import make_tenant

from models import demo_world as world
from models.access import Role, Scope, key_access
from models.agent_type import canonical, registry
from models.alert import load_alerts
from models.api_key import hash_secret, list_keys, revoke_key
from models.budget import check_limit, load_budgets
from models.credit_check import verify_credits
from models.credit_usage import load_credit_usage
from models.db import Database
from models.demo import Demo, fill_demo, find_demo, is_demo_due
from models.demo_billing import limit_at
from models.demo_key import demo_secret
from models.demo_plan import DemoCall, DemoSpan, plan
from models.directory import load_organization
from models.errors import UserErrors
from models.event import (
    CallOutcome,
    Initiator,
    Operation,
    RunStatus,
    Surface,
    UsageEvent,
    UsageOutcome,
)
from models.event_check import check
from models.ids import uuid7
from models.ledger import Ledger
from models.local_time import load_time_zones
from models.membership import list_memberships
from models.migration import migrate
from models.organization import create_organization
from models.period import Calendar
from models.project import list_projects
from models.ranking import Subject, rank
from models.rollup_check import verify
from models.spend_unit import SpendUnit
from models.workspace import list_workspaces

BERLIN = ZoneInfo(world.TIME_ZONE)
MIDNIGHT_OF_THE_FIRST = datetime(2026, 11, 1, tzinfo=BERLIN)
MID_MONTH = datetime(2026, 8, 14, 15, 30, tzinfo=BERLIN)
END_OF_MONTH = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=BERLIN)
SMALL = 0.04
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))


@pytest.fixture(scope="module")
def full() -> list[DemoCall]:
    """What a first start writes in the middle of a month."""
    return plan(MID_MONTH)


def at(call: DemoCall) -> datetime:
    assert call.event.occurred_at is not None
    return call.event.occurred_at


def local_days(calls: Sequence[DemoCall]) -> Counter[object]:
    return Counter(at(call).astimezone(BERLIN).date() for call in calls)


@settings(max_examples=8, deadline=None)
@given(now=INSTANTS)
def test_a_plan_is_sound_at_any_instant(now: datetime) -> None:
    calls = plan(now, scale=0.01)
    assert calls == plan(now, scale=0.01)
    assert calls == sorted(calls, key=at)
    assert len({call.event.event_key for call in calls}) == len(calls)
    assert not [errors for call in calls if (errors := check(call.event)[1])]
    span, days = DemoSpan.until(now), local_days(calls)
    assert min(days) == span.first  # type: ignore[type-var]
    assert at(calls[-1]) <= now
    assert not days[span.quiet_saturday]
    assert not days[span.quiet_saturday + timedelta(days=1)]
    runs = [call.event.run for call in calls if call.event.run is not None]
    assert any(run.status is RunStatus.RUNNING for run in runs)
    assert all(run.finished_at is None or run.finished_at <= now for run in runs)
    month = now.astimezone(BERLIN).strftime("%Y-%m")
    spending = {
        call.project
        for call in calls
        if at(call).astimezone(BERLIN).strftime("%Y-%m") == month
        and call.event.model not in {model.name for model in world.UNPRICED}
    }
    assert spending == {project.name for project in world.PROJECTS if project.workflows}


def test_thirteen_months_up_to_today_are_full_and_growing(full: list[DemoCall]) -> None:
    assert 15_000 <= len(full) <= 25_000
    months = Counter(at(call).astimezone(BERLIN).strftime("%Y-%m") for call in full)
    assert len(months) == 13
    counts = [months[month] for month in sorted(months)]
    assert sum(counts[9:12]) > 1.3 * sum(counts[:3])


def test_work_follows_the_week_and_office_hours(full: list[DemoCall]) -> None:
    local = [at(call).astimezone(BERLIN) for call in full]
    at_weekends = sum(instant.weekday() >= 5 for instant in local)
    assert 0 < at_weekends < len(full) * 0.1
    by_people = [at(call).astimezone(BERLIN).hour for call in full if call.email is not None]
    assert sum(8 <= hour < 20 for hour in by_people) > len(by_people) * 0.9


def test_one_weekend_is_silent_and_one_day_stands_out(full: list[DemoCall]) -> None:
    span = DemoSpan.until(MID_MONTH)
    days = local_days([call for call in full if call.project == world.SPIKING])
    assert (span.last - span.spike).days <= 30
    assert (span.last - span.quiet_saturday).days <= 30
    assert days[span.spike] > 3 * median(days.values())
    busy = local_days(full)
    assert not busy[span.quiet_saturday]
    assert not busy[span.quiet_saturday + timedelta(days=1)]


def test_everything_that_can_be_told_apart_is_there(full: list[DemoCall]) -> None:
    events = [call.event for call in full]
    jobs = [event.job for event in events if event.job is not None]
    runs = [event.run for event in events if event.run is not None]
    agent_types = {canonical(job.agent_type) for job in jobs}
    assert agent_types > {known.name for known in registry()}
    assert {job.initiator for job in jobs} == set(Initiator)
    assert {job.status for job in jobs} == set(RunStatus)
    assert {run.status for run in runs} == set(RunStatus)
    assert {event.surface for event in events} == set(Surface)
    assert {event.outcome for event in events} == set(CallOutcome)
    assert {event.operation for event in events} == set(Operation)
    assert any(event.run is None for event in events)
    assert {run.workflow for run in runs} >= set(world.WORKFLOWS) - {"direct"}
    assert {run.trigger for run in runs} >= {"chat", "schedule", "pull_request", "tag"}
    keys = {run.key for run in runs}
    assert any(run.parent_key in keys for run in runs if run.parent_key is not None)
    assert {call.key for call in full} == {None, *world.KEYS}
    assert len({call.email for call in full}) > 5
    assert len({event.provider for event in events}) >= 4
    counts = [event.tokens.normalise() for event in events]
    for token_class in ("cache_read", "cache_write_5m", "cache_write_1h", "reasoning"):
        assert any(getattr(count, token_class) for count in counts)


@given(spent=st.decimals("0.000000001", "1000000", places=12), pct=st.sampled_from([85, 120]))
def test_a_limit_is_round_and_exactly_so_much_spent(spent: Decimal, pct: int) -> None:
    limit = limit_at(spent, pct)
    assert pct <= spent * 100 / limit < pct + 1
    assert not check_limit(limit)


def test_a_limit_is_as_round_as_it_can_be() -> None:
    assert limit_at(Decimal("812.34"), 85) == 950
    assert limit_at(Decimal("0.0123"), 120) == Decimal("0.0102")


@dataclass(frozen=True)
class Filled:
    demo: Demo
    scope: Scope


async def fill(database: Database, ledger: Ledger, now: datetime) -> Filled:
    """A small demo up to an instant, shared by the tests that only look at it."""
    name = f"Demo of {now:%d %B}"
    await fill_demo(database, ledger, now=now, name=name, scale=SMALL)
    demo = await find_demo(database, name=name)
    assert demo is not None
    assert demo.is_complete
    assert demo.as_of == now
    return Filled(demo, Scope.system(demo.organization_id))


async def rows(database: Database, demo: Demo, statement: str) -> list[asyncpg.Record]:
    async with database.connection() as connection:
        return list(await connection.fetch(statement, demo.organization_id))


@pytest.mark.parametrize(
    "now",
    [MIDNIGHT_OF_THE_FIRST, MID_MONTH, END_OF_MONTH],
    ids=["midnight of the first", "mid-month", "end of month"],
)
async def test_budgets_stand_at_85_and_120_percent(
    database: Database, ledger: Ledger, now: datetime
) -> None:
    filled = await fill(database, ledger, now)
    async with database.connection() as connection:
        projects = await list_projects(connection, filled.scope)
        ids = {row["name"]: row["id"] for row in projects}
        zones = await load_time_zones(connection, filled.demo.organization_id)
        budgets = await load_budgets(
            connection, filled.scope, Calendar(zones, now), list(ids.values())
        )
    by_name = dict(zip(ids, budgets, strict=True))
    assert len(by_name) == 8
    stands = {name: (budget.status.value, budget.pct) for name, budget in by_name.items()}
    status, pct = stands["Checkout"]
    assert (status, int(pct or 0)) == ("EXCEEDED", 120)
    status, pct = stands["Mobile app"]
    assert (status, int(pct or 0)) == ("WARNING", 85)
    assert stands["Internal tools"] == ("NONE", None)
    assert stands["Support assistant"] == ("OK", 0)
    others = set(by_name) - {"Checkout", "Mobile app", "Internal tools"}
    assert {stands[name][0] for name in others} == {"OK"}
    report = await verify(database, filled.demo.organization_id)
    assert report.is_clean, report.shown
    assert report.entries_checked == len(plan(now, scale=SMALL))


async def test_it_pays_in_credits_and_there_is_something_to_warn_of(
    database: Database, ledger: Ledger
) -> None:
    """Also at the end of a month, and though much of its usage is older than its credits."""
    for now in (MID_MONTH, END_OF_MONTH):
        demo = (await fill(database, ledger, now)).demo
        assert (await verify_credits(database, demo.organization_id)).differences == 0
        scope = Scope.system(demo.organization_id)
        async with database.connection() as connection:
            organization = await load_organization(connection, scope)
            calendar = Calendar(organization.zones, now)
            usage = await load_credit_usage(connection, scope, organization, calendar)
            alerts = await load_alerts(connection, scope, calendar, usage)
            days = (usage.period.first_date, usage.period.last_date)
            users = await rank(connection, scope, Subject.USER, SpendUnit.CREDITS, *days, size=20)
        assert usage.unit is SpendUnit.CREDITS
        assert 0 < usage.used == sum(spend.exact_amount for spend in users.items)
        assert {"CAP_NEAR", "CAP_REACHED", "BUDGET_EXCEEDED"} <= {it.kind for it in alerts}
        assert "CREDITS_OUT" not in {it.kind for it in alerts}


async def test_what_is_asked_about_stands_on_the_ledger(database: Database, ledger: Ledger) -> None:
    filled = await fill(database, ledger, MID_MONTH)
    demo = filled.demo
    [spent] = await rows(
        database,
        demo,
        "SELECT count(DISTINCT project_id) AS projects, count(DISTINCT workspace_id) AS workspaces,"
        " count(DISTINCT user_id) AS users, count(DISTINCT api_key_id) AS keys,"
        " count(DISTINCT provider) AS providers, sum(unpriced) AS unpriced, sum(cost) AS cost,"
        " sum(cache_read) AS cached, sum(reasoning) AS reasoning,"
        " count(*) FILTER (WHERE operation = 'EMBEDDING') AS embeddings,"
        " count(*) FILTER (WHERE outcome = 'FAILED') AS failed,"
        " count(*) FILTER (WHERE run_id IS NULL) AS unattributed"
        " FROM credit_transaction WHERE organization_id = $1",
    )
    assert (spent["projects"], spent["workspaces"], spent["keys"]) == (7, 3, len(world.KEYS))
    assert spent["users"] > 3
    assert spent["providers"] >= 4
    assert all(spent.values())
    [rolled_up] = await rows(
        database,
        demo,
        "SELECT sum(cost) AS cost, sum(unpriced) AS unpriced, count(DISTINCT month) AS months,"
        " count(DISTINCT agent_type) AS agent_types FROM rollup_month WHERE organization_id = $1",
    )
    assert (rolled_up["cost"], rolled_up["unpriced"]) == (spent["cost"], spent["unpriced"])
    assert rolled_up["months"] == 13
    assert rolled_up["agent_types"] > len(registry())
    statuses = await rows(
        database, demo, "SELECT DISTINCT status FROM pipeline_run WHERE organization_id = $1"
    )
    assert {row["status"] for row in statuses} == {status.value for status in RunStatus}
    [children] = await rows(
        database,
        demo,
        "SELECT count(*) AS count FROM pipeline_run WHERE organization_id = $1"
        " AND parent_id IS NOT NULL",
    )
    assert children["count"] > 0
    async with database.connection() as connection:
        workspaces = await list_workspaces(connection, filled.scope)
        memberships = await list_memberships(connection, filled.scope)
    assert len(workspaces) == 3
    assert len({row["group_name"] for row in workspaces}) == 2
    assert {row["role"] for row in memberships} == {role.name for role in Role}


class BrokenLedger(Ledger):
    """Records so many batches and then is away."""

    def __init__(self, database: Database, batches: int) -> None:
        super().__init__(database)
        self.batches = batches

    async def record(
        self, organization_id: object, events: Sequence[UsageEvent], *, now: datetime | None = None
    ) -> list[UsageOutcome]:
        self.batches -= 1
        if self.batches < 0:
            raise asyncpg.ConnectionDoesNotExistError("away")
        return await super().record(organization_id, events, now=now)  # type: ignore[arg-type]


async def test_a_filling_that_was_cut_short_goes_on_and_a_complete_one_adds_nothing(
    database: Database, ledger: Ledger
) -> None:
    name, later = "Demo in two parts", MID_MONTH + timedelta(days=2)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await fill_demo(database, BrokenLedger(database, 1), now=MID_MONTH, name=name, scale=SMALL)
    begun = await find_demo(database, name=name)
    assert begun is not None
    assert not begun.is_complete
    rest = await fill_demo(database, ledger, now=later, name=name, scale=SMALL)
    assert (rest.duplicate, rest.quarantined) == (1000, 0)
    assert rest.recorded == rest.read - 1000 == len(plan(MID_MONTH, scale=SMALL)) - 1000
    [kept] = await rows(
        database,
        begun,
        "SELECT status, recorded_count, duplicate_count FROM usage_import"
        " WHERE organization_id = $1",
    )
    assert tuple(kept) == ("DONE", rest.read, 0)
    again = await fill_demo(database, ledger, now=later, name=name, scale=SMALL)
    assert (again.read, again.recorded, again.total_cost) == (0, 0, 0)
    assert await find_demo(database, name=name) == Demo(
        begun.organization_id, begun.import_id, MID_MONTH, "DONE"
    )
    [entries] = await rows(
        database,
        begun,
        "SELECT count(*) AS count FROM credit_transaction WHERE organization_id = $1",
    )
    assert entries["count"] == rest.read


async def test_an_organization_of_somebody_else_is_left_alone(
    database: Database, ledger: Ledger
) -> None:
    name = f"Theirs {uuid7()}"
    async with database.transaction() as connection:
        await create_organization(connection, name)
    assert await find_demo(database, name=name) is None
    with pytest.raises(UserErrors, match="already"):
        await fill_demo(database, ledger, now=MID_MONTH, name=name, scale=SMALL)


async def test_only_an_empty_database_or_one_half_filled_is_due(
    fresh_database: FreshDatabase,
) -> None:
    await migrate(fresh_database.owner_dsn, app_role=fresh_database.app_role)
    database = Database(fresh_database.app_dsn, pool_size=2)
    await database.start()
    try:
        assert await is_demo_due(database)
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await fill_demo(database, BrokenLedger(database, 0), now=MID_MONTH, scale=0.01)
        assert await is_demo_due(database)
        await fill_demo(database, Ledger(database), scale=0.01)
        assert not await is_demo_due(database)
    finally:
        await database.close()


async def test_a_start_beside_other_organizations_fills_nothing(database: Database) -> None:
    await make_tenant(database)
    assert not await is_demo_due(database)


async def test_the_key_is_kept_while_it_works_replaced_when_lost_and_stays_revoked(
    database: Database,
) -> None:
    tenant = await make_tenant(database)

    async def ask(kept: str | None) -> str | None:
        async with database.transaction() as connection:
            return await demo_secret(connection, tenant.id, kept)

    async def opens(secret: str) -> bool:
        async with database.connection() as connection:
            access = await key_access(connection, hash_secret(secret))
        return access is not None and access.scope.organization_role is Role.OWNER

    first = await ask(None)
    assert first is not None
    assert await opens(first)
    assert await ask(first) == first
    second = await ask("lost")
    assert second not in (None, first)
    assert second is not None
    assert await opens(second)
    assert not await opens(first)
    async with database.transaction() as connection:
        scope = Scope.system(tenant.id)
        [key] = [key for key in await list_keys(connection, scope) if key.name == world.KEY_NAME]
        await revoke_key(connection, scope, key.id)
    assert await ask(second) is None
