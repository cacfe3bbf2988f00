"""Pages of API calls against the ledger: a row a call, in order, whatever way they are walked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from analytics_world import END, NOW, START, World, make_world, summed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repricing import UNKNOWN
from tenants import PRICED, Tenant

from models import api_call
from models.access import Principal, Role, Scope
from models.api_call import ApiCall, CallFilter, CallsWanted, list_calls
from models.db import Database
from models.errors import ForbiddenError, NotFoundError
from models.event import UsageEvent
from models.ids import uuid7
from models.ledger import Ledger
from models.local_time import load_time_zones
from models.page import At
from models.period import Calendar
from models.token import ReportedTokens

DIMENSIONS = (
    *("project_id", "occurred_at", "api_key_id", "provider", "model", "operation", "outcome"),
)


@pytest.fixture(scope="module", params=["America/New_York", "Asia/Kathmandu"])
async def world(request: pytest.FixtureRequest, database: Database, ledger: Ledger) -> World:
    return await make_world(database, ledger, request.param)


def recounted(world: World, wanted: CallsWanted) -> list[dict[str, Any]]:
    """The calls that a list should have, worked out from the entries, newest first."""
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(world.entries, key=lambda row: row["part"]):
        groups[row["event_key"], *(row[name] for name in DIMENSIONS)].append(row)
    calls = [_call(parts) for parts in groups.values() if summed(parts).is_something]
    kept = [call for call in calls if _meets(world, wanted, call)]
    return sorted(kept, key=lambda call: (call["occurred_at"], call["id"]), reverse=True)


def _call(parts: list[dict[str, Any]]) -> dict[str, Any]:
    head = [part for part in parts if part["requests"] > 0][-1]
    stated = [part for part in parts if part["duration_ms"] is not None]
    balance = sum(1 if part["kind"] == "USAGE" else -1 for part in stated)
    is_embedding, sums = head["operation"] == "EMBEDDING", summed(parts)
    prices = head["prices"] or (None, None)
    return {
        **{name: head[name] for name in (*DIMENSIONS, "run_id", "workspace_id")},
        "id": parts[0]["id"],
        "input_tokens": sums.input_tokens,
        "output_tokens": None if is_embedding else sums.output_tokens,
        "cost": sums.cost if head["prices"] else None,
        "input_price": prices[0],
        "output_price": None if is_embedding else prices[1],
        "duration_ms": stated[-1]["duration_ms"] if balance > 0 else None,
    }


def _meets(world: World, wanted: CallsWanted, call: dict[str, Any]) -> bool:
    keep = wanted.filter
    return (
        call["workspace_id"] == wanted.workspace_id
        and wanted.start <= call["occurred_at"] < wanted.end
        and (keep.api_key_ids is None or call["api_key_id"] in keep.api_key_ids)
        and (keep.providers is None or (call["provider"] or "") in keep.providers)
        and (keep.models is None or call["model"] in keep.models)
        and keep.operation in (None, call["operation"])
        and keep.outcome in (None, call["outcome"])
    )


async def pages(
    world: World, wanted: CallsWanted, size: int, *, is_backward: bool = False
) -> list[ApiCall]:
    """Every page, one after the other, put together newest first."""
    found: list[ApiCall] = []
    place: At | None = None
    while True:
        async with world.connection() as connection:
            page = await list_calls(
                connection, world.scope, world.calendar, wanted,
                size=size, place=place, is_backward=is_backward,
            )  # fmt: skip
        found = [*page.items, *found] if is_backward else [*found, *page.items]
        if not page.has_next:
            return found
        assert len(page.items) == size
        place = page.items[0 if is_backward else -1].place


def assert_same(found: Sequence[ApiCall], expected: list[dict[str, Any]]) -> None:
    assert [call.id for call in found] == [call["id"] for call in expected]
    for call, truth in zip(found, expected, strict=True):
        shown = {name: getattr(call, name) for name in truth if name != "workspace_id"}
        assert shown == {name: value for name, value in truth.items() if name != "workspace_id"}


instants = st.integers(0, 24 * 81).map(lambda hours: START + timedelta(hours=hours, minutes=7))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ends=st.tuples(instants, instants),
    which=st.sampled_from(["all", "key", "keys", "provider", "no provider", "model", "models",
                           "embedding", "failed", "several", "nothing"]),
    size=st.sampled_from([1, 3, 7, 40]),
    is_backward=st.booleans(),
)  # fmt: skip
async def test_pages_put_together_are_the_calls(
    world: World, ends: tuple[datetime, datetime], which: str, size: int, is_backward: bool
) -> None:
    keys = (world.tenant.api_key_id, world.other_key_id)
    filters = {
        "key": CallFilter(api_key_ids=keys[:1]),
        "keys": CallFilter(api_key_ids=keys),
        "provider": CallFilter(providers=("openai",)),
        "no provider": CallFilter(providers=("", "nobody")),
        "model": CallFilter(models=(PRICED,)),
        "models": CallFilter(models=(UNKNOWN, "nobody-knows", "x' OR 1=1 --")),
        "embedding": CallFilter(operation="EMBEDDING"),
        "failed": CallFilter(outcome="FAILED"),
        "several": CallFilter(keys, ("anthropic",), (PRICED, UNKNOWN), "COMPLETION", "SUCCEEDED"),
        "nothing": CallFilter(models=()),
    }
    start, end = min(ends), max(ends) + timedelta(microseconds=1)
    wanted = CallsWanted(world.tenant.workspace_id, start, end, filters.get(which, CallFilter()))
    found = await pages(world, wanted, size, is_backward=is_backward)
    assert_same(found, recounted(world, wanted))


async def test_the_calls_of_a_workspace_cost_what_its_ledger_says(world: World) -> None:
    for workspace in (world.tenant.workspace_id, world.other_workspace_id):
        wanted = CallsWanted(workspace, START - timedelta(days=3), END + timedelta(days=3))
        found = await pages(world, wanted, 100)
        whole = summed(world.met(lambda row, of=workspace: row["workspace_id"] == of))  # type: ignore[misc]
        assert sum(call.cost for call in found if call.cost is not None) == whole.cost
        assert sum(call.input_tokens for call in found) == whole.input_tokens
        assert len(found) == whole.requests
        assert sum(call.cost is None for call in found) == whole.unpriced
        for call in found:
            # Where nothing is cached, tokens times the printed prices are the cost.
            is_plain = not call.cache_read and call.cost is not None
            if is_plain and call.input_price is not None:
                output = (call.output_tokens or 0) * (call.output_price or 0)
                assert call.cost == (call.input_tokens * call.input_price + output) / 10**6


async def test_what_was_taken_back_is_walked_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where more was taken back in a row than one step holds."""
    monkeypatch.setattr(api_call, "_LONGEST_WALK", 2)
    wanted = CallsWanted(world.tenant.workspace_id, START, END)
    for is_backward in (False, True):
        found = await pages(world, wanted, 1, is_backward=is_backward)
        assert_same(found, recounted(world, wanted))


async def test_pages_are_stable_while_rows_arrive(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    """New calls, and new parts of calls that are on a page already, move nothing."""
    async with database.connection() as connection:
        calendar = Calendar(await load_time_zones(connection, tenant.id), NOW)
    at = NOW - timedelta(days=1)
    calls = [
        tenant.event(f"e{n}", occurred_at=at + timedelta(minutes=n // 2), is_cumulative=True)
        for n in range(9)
    ]
    await ledger.record(tenant.id, calls, now=NOW)
    wanted = CallsWanted(tenant.workspace_id, NOW - timedelta(days=30), NOW)

    async def arrive(turn: int) -> None:
        grown = [
            replace(call, tokens=ReportedTokens(input_tokens=200 + turn, output_tokens=50))
            for call in calls
        ]
        late = tenant.event(f"late {turn}", occurred_at=NOW - timedelta(seconds=9 - turn))
        await ledger.record(tenant.id, [late, *grown], now=NOW)

    seen: list[ApiCall] = []
    place: At | None = None
    for turn in range(5):
        async with database.connection() as connection:
            page = await list_calls(
                connection, Scope.system(tenant.id), calendar, wanted, size=2, place=place
            )
        seen += page.items
        place = page.items[-1].place
        await arrive(turn)
    assert len({call.id for call in seen}) == len(seen) == 9
    assert [call.occurred_at for call in seen] == sorted(
        (call.occurred_at for call in seen), reverse=True
    )
    assert [call.input_tokens for call in seen] == [100, 100, 200, 200, 201, 201, 202, 202, 203]


async def test_the_documented_example_comes_to_what_is_documented(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    """500 input and 1,200 output tokens at 2.50 and 10.00 dollars a million: gpt-4o's prices."""
    event: UsageEvent = tenant.event(
        provider="openai",
        model="gpt-4o",
        tokens=ReportedTokens(input_tokens=500, output_tokens=1200),
        api_key_id=tenant.api_key_id,
    )
    await ledger.record(tenant.id, [event], now=NOW)
    async with database.connection() as connection:
        calendar = Calendar(await load_time_zones(connection, tenant.id), NOW)
        wanted = CallsWanted(tenant.workspace_id, START, END)
        page = await list_calls(connection, Scope.system(tenant.id), calendar, wanted, size=1)
    [call] = page.items
    assert (call.input_price, call.output_price) == (Decimal("2.5"), Decimal(10))
    assert call.cost == Decimal("0.01325")
    assert not page.has_next


async def test_it_takes_an_administrator_of_the_workspace(
    database: Database, tenant: Tenant
) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    wanted = CallsWanted(tenant.workspace_id, at, at + timedelta(days=1))
    principal = Principal(tenant.id, None, tenant.api_key_id)
    held: list[tuple[Scope, type[Exception] | None]] = [
        (Scope(principal, Role.MEMBER), ForbiddenError),
        (Scope(principal, None, {tenant.workspace_id: Role.MEMBER}), ForbiddenError),
        (Scope(principal, None, {uuid7(): Role.OWNER}), NotFoundError),
        (Scope(principal, None, {tenant.workspace_id: Role.ADMIN}), None),
    ]
    async with database.connection() as connection:
        calendar = Calendar(await load_time_zones(connection, tenant.id), NOW)
        for scope, error in held:
            if error is None:
                assert not (await list_calls(connection, scope, calendar, wanted, size=1)).items
            else:
                with pytest.raises(error):
                    await list_calls(connection, scope, calendar, wanted, size=1)
    assert date(2026, 3, 1) == calendar.local_date(at)
