"""Token analytics against the ledger, for any state of the filters; and how its parts agree."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from analytics_world import NOW, World, grouped, make_world, summed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tenants import PRICED, Tenant

from models import summary
from models.access import Principal, Role, Scope
from models.db import Database
from models.errors import ForbiddenError
from models.ledger import Ledger
from models.local_time import load_time_zones
from models.period import Calendar
from models.stretch import Stretch, cut, whole_days
from models.token import ReportedTokens
from models.token_usage import (
    EmptyState,
    ModelSpendSort,
    TokenUsage,
    Wanted,
    load_token_usage,
    sort_breakdown,
)
from models.usage_sums import Sums

ZONES = ["America/New_York", "Asia/Kathmandu"]
FIRST, LAST = date(2026, 1, 18), date(2026, 4, 12)
days = st.dates(FIRST, LAST)
chosen = st.sampled_from(
    [(None, None), ("anthropic", None), ("openai", None), ("", None), ("anthropic", PRICED),
     ("openai", "nobody-knows"), ("anthropic", "no-such")]
)  # fmt: skip
places = st.sampled_from(["all", "workspace", "other workspace", "project", "neither"])


@pytest.fixture(scope="module", params=ZONES)
async def world(request: pytest.FixtureRequest, database: Database, ledger: Ledger) -> World:
    return await make_world(database, ledger, request.param)


def stretch_of(calendar: Calendar, ends: Sequence[date], hours: Sequence[int] | None) -> Stretch:
    """Whole local days, or local hours that need not begin or end with a day."""
    first, last = sorted(ends)
    if hours is None:
        return whole_days(calendar, first, last)
    start, end = sorted(
        calendar.day_start(day) + timedelta(hours=hour)
        for day, hour in zip((first, last), hours, strict=True)
    )
    return cut(calendar, start, max(end, start + timedelta(hours=1)))


def is_met(world: World, wanted: Wanted, row: dict[str, Any]) -> bool:
    period = wanted.stretch.period
    return (
        period.start <= row["occurred_at"] < period.end
        and wanted.workspace_id in (None, row["workspace_id"])
        and wanted.project_id in (None, row["project_id"])
    )


async def ask(world: World, wanted: Wanted) -> TokenUsage:
    async with world.connection() as connection:
        return await load_token_usage(connection, world.scope, wanted)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ends=st.tuples(days, days),
    hours=st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23)),
    provider_model=chosen,
    place=places,
)
async def test_every_figure_is_that_of_the_ledger(
    world: World,
    ends: tuple[date, date],
    hours: tuple[int, int] | None,
    provider_model: tuple[Any, Any],
    place: str,
) -> None:
    tenant, (provider, model) = world.tenant, provider_model
    workspace = {"workspace": tenant.workspace_id, "other workspace": world.other_workspace_id}
    wanted = Wanted(
        stretch_of(world.calendar, ends, hours),
        provider,
        model,
        workspace.get(place) or (world.other_workspace_id if place == "neither" else None),
        tenant.project_id if place in ("project", "neither") else None,
    )
    answer = await ask(world, wanted)
    around = world.met(lambda row: is_met(world, wanted, row))
    met = [
        row for row in around
        if provider in (None, row["provider"] or "") and model in (None, row["model"])
    ]  # fmt: skip

    assert answer.sums == summed(met)
    assert [day.date for day in answer.daily] == wanted.stretch.days
    by_day = grouped(met, lambda row: row["day"])
    by_who = grouped(met, lambda row: (row["day"], row["job_initiator"] or ""))
    for day in answer.daily:
        assert day.sums == by_day.get(day.date, Sums())
        tokens = {
            who: by_who[day.date, who].total_tokens if (day.date, who) in by_who else 0
            for who in ("CHAT_AGENT", "TASK_AGENT", "HEARTBEAT", "")
        }
        assert tokens == {
            "CHAT_AGENT": day.chat_agent, "TASK_AGENT": day.task_agent,
            "HEARTBEAT": day.heartbeat, "": day.unattributed,
        }  # fmt: skip
    assert {(it.provider, it.model): it.sums for it in answer.breakdown} == grouped(
        met, lambda row: (row["provider"], row["model"])
    )
    occurring = grouped(around, lambda row: (row["provider"] or "", row["model"]))
    assert answer.providers == sorted({name for name, _ in occurring if name})
    assert answer.models == sorted({name for of, name in occurring if provider in (None, of)})
    assert_parts_agree(answer)


def assert_parts_agree(answer: TokenUsage) -> None:
    whole = answer.sums
    assert sum((day.sums for day in answer.daily), Sums()) == whole
    assert sum((it.sums for it in answer.breakdown), Sums()) == whole
    assert answer.totals.sums == whole
    for day in answer.daily:
        four = day.chat_agent + day.task_agent + day.heartbeat + day.unattributed
        assert four == day.sums.total_tokens
    assert answer.is_shown == any(day.task_agent or day.heartbeat for day in answer.daily)
    if whole.cost:
        shares = [it.share_pct() or 0 for it in answer.breakdown]
        assert sum(shares) == pytest.approx(100)
    priced = whole.requests - whole.unpriced
    if answer.cost_per_request is None:
        assert priced == 0
    else:
        assert abs(answer.cost_per_request * priced - whole.cost) <= priced * Decimal("5e-13")
    assert (answer.empty_state is None) == any(day.sums.total_tokens for day in answer.daily)
    for it in answer.breakdown:
        is_unpriced = it.sums.unpriced == it.sums.requests > 0 and not it.sums.cost
        assert (it.cost is None) == is_unpriced == (it.share_pct() is None)


async def test_a_months_total_is_that_of_the_summary(world: World) -> None:
    """Of every project and month, and of all projects together."""
    months = [date(2026, month, 1) for month in (1, 2, 3, 4)]
    projects = world.tenant.project_ids
    keys = [summary.MonthKey(project, month) for project in projects for month in months]
    async with world.connection() as connection:
        told = await summary.load_summaries(connection, world.scope, world.calendar, keys)
    for key, of in zip(keys, told, strict=True):
        period = world.calendar.month(key.month)
        stretch = whole_days(world.calendar, period.first_date, period.last_date)
        answer = await ask(world, Wanted(stretch, project_id=key.project_id))
        assert (answer.sums.cost, answer.sums.unpriced) == (of.total_cost, of.unpriced_transactions)
        assert answer.sums.total_tokens == of.total_tokens
    assert sum(of.total_cost for of in told) == summed(world.entries).cost


async def test_the_breakdown_is_sorted_by_any_column(world: World) -> None:
    answer = await ask(world, Wanted(whole_days(world.calendar, FIRST, LAST)))
    assert len(answer.breakdown) > 5
    assert any(it.cost is None for it in answer.breakdown)
    for column in ModelSpendSort:
        name = "model" if column == "MODEL" else column.lower()
        ways = {}
        for descending in (True, False):
            rows = sort_breakdown(answer.breakdown, column, descending=descending)
            assert sorted(map(repr, rows)) == sorted(map(repr, answer.breakdown))
            values = [getattr(row if hasattr(row, name) else row.sums, name) for row in rows]
            known = [value for value in values if value is not None]
            if column in (ModelSpendSort.PROVIDER, ModelSpendSort.MODEL):
                known = [value or "" for value in values]
            else:
                assert values[len(known) :] == [None] * (len(values) - len(known))
            assert known == sorted(known, reverse=descending)
            ways[descending] = rows
        assert ways[True] != ways[False]


async def test_what_is_empty_says_why(database: Database, ledger: Ledger, tenant: Tenant) -> None:
    scope = Scope.system(tenant.id)
    async with database.connection() as connection:
        calendar = Calendar(await load_time_zones(connection, tenant.id), NOW)
    march = Wanted(whole_days(calendar, date(2026, 3, 1), date(2026, 3, 31)))
    april = Wanted(whole_days(calendar, date(2026, 4, 1), date(2026, 4, 30)))

    async def state(wanted: Wanted) -> tuple[EmptyState | None, TokenUsage]:
        async with database.connection() as connection:
            answer = await load_token_usage(connection, scope, wanted)
        return answer.empty_state, answer

    empty, answer = await state(march)
    assert empty is EmptyState.NO_USAGE_YET
    assert (answer.sums, answer.cost_per_request, answer.breakdown) == (Sums(), None, [])
    assert (answer.totals.cost, answer.providers, answer.models) == (Decimal(0), [], [])
    tokenless = tenant.event("none", tokens=ReportedTokens(input_tokens=0, output_tokens=0))
    await ledger.record(tenant.id, [tokenless], now=NOW)
    assert [(await state(it))[0] for it in (march, april)] == [
        EmptyState.NO_DAILY, EmptyState.NO_MATCH,
    ]  # fmt: skip
    await ledger.record(tenant.id, [tenant.event()], now=NOW)
    assert (await state(march))[0] is None


async def test_days_to_come_are_left_out_and_parts_of_days_are_parts(world: World) -> None:
    """It is 10 April at half past twelve in UTC."""
    calendar = world.calendar
    today, tomorrow = calendar.today, calendar.today + timedelta(days=1)
    begin, end = calendar.day_start(today), calendar.day_start(tomorrow)
    hour, day = timedelta(hours=1), timedelta(days=1)
    for stretch, count in (
        (whole_days(calendar, date(2026, 3, 1), date(2026, 3, 31)), 31),
        (whole_days(calendar, date(2026, 4, 1), date(2026, 4, 30)), 10),
        (whole_days(calendar, tomorrow, date(2026, 4, 30)), 0),
        (cut(calendar, begin - 12 * hour, begin + 12 * hour), 1),
        (cut(calendar, begin - 18 * hour, end), 1.75),
        (cut(calendar, begin + 6 * hour, begin + 12 * hour), 0.25),
        (cut(calendar, end + hour, end + 5 * day), 0),
        (cut(calendar, begin + 6 * hour, end + 12 * hour), 0.75),
    ):
        assert stretch.day_count(calendar) == count


async def test_it_takes_an_administrator(database: Database, tenant: Tenant) -> None:
    scope = Scope(Principal(tenant.id, None, tenant.api_key_id), Role.MEMBER)
    async with database.connection() as connection:
        calendar = Calendar(await load_time_zones(connection, tenant.id), NOW)
        wanted = Wanted(whole_days(calendar, FIRST, LAST))
        with pytest.raises(ForbiddenError):
            await load_token_usage(connection, scope, wanted)


@pytest.mark.parametrize(
    ("start", "end", "whole", "edges"),
    [
        # The 8th has 23 hours in New York.
        ("03-08T05", "03-09T04", 1, 0),
        ("03-08T05", "03-09T05", 1, 1),
        ("03-08T06", "03-09T04", 0, 1),
        ("03-08T06", "03-10T05", 1, 2),
        ("03-08T06", "03-09T08", 0, 1),
        ("03-07T05", "03-10T04", 3, 0),
    ],
)  # fmt: skip
async def test_ranges_are_cut_at_local_midnights(
    world: World, start: str, end: str, whole: int, edges: int
) -> None:
    if world.tenant.time_zone != "America/New_York":
        with pytest.raises(ValueError, match="not the beginning of a local hour"):
            cut(world.calendar, _instant(start), _instant(end))
        return
    stretch = cut(world.calendar, _instant(start), _instant(end))
    assert (stretch.last - stretch.first).days + 1 == whole
    assert len(stretch.edges) == edges
    parts = [*stretch.edges]
    if whole:
        period = world.calendar.days(stretch.first, stretch.last)
        parts.append((period.start, period.end))
    ends = sorted(parts)
    assert (ends[0][0], ends[-1][1]) == (_instant(start), _instant(end))
    assert all(before[1] == after[0] for before, after in pairwise(ends))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00:00").replace(tzinfo=UTC)
