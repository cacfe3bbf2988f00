"""Spend and speed by key, model, provider and hour against the ledger, and percentiles against
exact ones.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from analytics_world import END, START, World, grouped, make_world, summed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tenants import Tenant

from models.access import Principal, Role, Scope
from models.api_key_usage import Usage, bucket_middle_ms, load_api_key_usage, load_hours
from models.db import Database
from models.errors import ForbiddenError, NotFoundError
from models.ids import uuid7
from models.ledger import Ledger
from models.local_time import load_time_zones
from models.period import Calendar
from models.stretch import Stretch, cut, whole_days
from models.usage_sums import Sums

ERROR = 0.032


@pytest.fixture(scope="module", params=["America/New_York", "Asia/Kathmandu"])
async def world(request: pytest.FixtureRequest, database: Database, ledger: Ledger) -> World:
    return await make_world(database, ledger, request.param)


def stretch_of(world: World, days: tuple[int, int], hours: tuple[int, int] | None) -> Stretch:
    first, last = (world.calendar.local_date(START) + timedelta(days=n) for n in sorted(days))
    if hours is None:
        return whole_days(world.calendar, first, last)
    start, end = sorted(
        world.calendar.day_start(day) + timedelta(hours=hour)
        for day, hour in zip((first, last), hours, strict=True)
    )
    return cut(world.calendar, start, max(end, start + timedelta(hours=1)))


def durations(rows: Iterable[dict[str, Any]]) -> list[int]:
    """Those that count: stated, and not taken back."""
    counts: dict[int, int] = defaultdict(int)
    for row in rows:
        if row["duration_ms"] is not None:
            counts[row["duration_ms"]] += 1 if row["kind"] == "USAGE" else -1
    assert min(counts.values(), default=0) >= 0
    return sorted(duration for duration, count in counts.items() for _ in range(count))


def assert_is(told: Usage, rows: list[dict[str, Any]], whole: Sums) -> None:
    assert told.sums == summed(rows)
    assert told.whole == whole.cost
    assert told.failed == sum(row["requests"] for row in rows if row["outcome"] == "FAILED")
    used = [row["occurred_at"] for row in rows]
    if told.last_used_at is None:
        assert not told.sums.requests
    else:
        assert told.last_used_at in used
    exact = durations(rows)
    for per_cent, shown in ((50, told.duration_p50_ms), (95, told.duration_p95_ms)):
        if not exact:
            assert shown is None
            continue
        truth = exact[-(-len(exact) * per_cent // 100) - 1]
        assert shown is not None
        assert abs(shown - truth) <= (0 if truth < 32 else ERROR * truth)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.tuples(st.integers(0, 82), st.integers(0, 82)),
    hours=st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23)),
    is_other=st.booleans(),
)
async def test_every_figure_is_that_of_the_ledger(
    world: World, days: tuple[int, int], hours: tuple[int, int] | None, is_other: bool
) -> None:
    workspace = world.other_workspace_id if is_other else world.tenant.workspace_id
    stretch = stretch_of(world, days, hours)
    async with world.connection() as connection:
        answer = await load_api_key_usage(connection, world.scope, workspace, stretch)
        by_hour = await load_hours(connection, world.scope, world.calendar, workspace, stretch)
    rows = world.met(
        lambda row: (
            row["workspace_id"] == workspace
            and stretch.period.start <= row["occurred_at"] < stretch.period.end
        )
    )
    whole = summed(rows)
    assert_is(answer.totals, rows, whole)
    assert (answer.totals.api_key_id, answer.totals.provider, answer.totals.model) == (None,) * 3
    of_row: list[tuple[Sequence[Usage], Callable[[Any], Any], Callable[[Any], Any]]] = [
        (answer.keys, lambda it: it.api_key_id, lambda row: row["api_key_id"]),
        (answer.models, lambda it: (it.provider, it.model),
         lambda row: (row["provider"], row["model"])),
        (answer.providers, lambda it: it.provider, lambda row: row["provider"]),
    ]  # fmt: skip
    for told, name, name_of_row in of_row:
        assert {name(it) for it in told} == set(grouped(rows, name_of_row))
        for it in told:
            assert_is(it, [row for row in rows if name_of_row(row) == name(it)], whole)
        assert sum((it.sums for it in told), Sums()) == whole
        costs = [it.sums.cost for it in told]
        assert costs == sorted(costs, reverse=True)
    zone = ZoneInfo(world.tenant.time_zone)
    hourly = grouped(rows, lambda row: row["occurred_at"].astimezone(zone).hour)
    assert [it.hour for it in by_hour] == list(range(24))
    assert {it.hour: it.sums for it in by_hour if it.sums.is_something} == hourly


async def test_the_last_use_is_the_last_call(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    late = datetime.fromisoformat("2026-03-15T18:00:00+00:00")
    calls = [
        tenant.event("a", api_key_id=tenant.api_key_id),
        tenant.event("b", api_key_id=tenant.api_key_id, occurred_at=late),
        tenant.event("c", occurred_at=late + timedelta(hours=1)),
    ]
    await ledger.record(tenant.id, calls, now=END)
    scope = Scope.system(tenant.id)
    async with database.connection() as connection:
        calendar = Calendar(await load_time_zones(connection, tenant.id), END)
        stretch = cut(calendar, START, END)
        answer = await load_api_key_usage(connection, scope, tenant.workspace_id, stretch)
    used = {it.api_key_id: it.last_used_at for it in answer.keys}
    assert used == {tenant.api_key_id: late, None: late + timedelta(hours=1)}
    assert answer.totals.last_used_at == late + timedelta(hours=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(milliseconds=st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50))
async def test_a_bucket_tells_its_durations(
    connection: asyncpg.Connection, milliseconds: list[int]
) -> None:
    edges = [2**n + step for n in range(31) for step in (-1, 0) if 2**n + step < 2**31]
    tried = [*milliseconds, *edges]
    buckets = await connection.fetchval(
        "SELECT array_agg(duration_bucket(ms) ORDER BY place)"
        " FROM unnest($1::integer[]) WITH ORDINALITY AS it (ms, place)",
        tried,
    )
    for duration, bucket in zip(tried, buckets, strict=True):
        middle = bucket_middle_ms(bucket)
        assert abs(middle - duration) <= (0 if duration < 32 else ERROR * duration)


async def test_it_takes_an_administrator_of_the_workspace(world: World) -> None:
    tenant, stretch = world.tenant, stretch_of(world, (0, 1), None)
    principal = Principal(tenant.id, None, tenant.api_key_id)
    for roles, error in (
        ({tenant.workspace_id: Role.MEMBER}, ForbiddenError),
        ({uuid7(): Role.OWNER}, NotFoundError),
    ):
        scope = Scope(principal, None, roles)
        async with world.connection() as connection:
            with pytest.raises(error):
                await load_api_key_usage(connection, scope, tenant.workspace_id, stretch)
            with pytest.raises(error):
                await load_hours(connection, scope, world.calendar, tenant.workspace_id, stretch)
