"""Recalculating past calls: what is shown, what is posted, and what happens when things move."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from access_world import EVERY_ROLE
from repricing import (
    EVER,
    UNKNOWN,
    admin,
    assert_proved,
    by_pages,
    calls,
    entries,
    finished,
    make_import,
    posted,
    price,
    shown,
    stale,
    total,
)
from tenants import NOON, PRICED, Tenant, make_tenant

from models.access import Principal, Role, Scope
from models.db import Database, sql
from models.errors import ForbiddenError, NotFoundError
from models.event import JobRef, RunRef, UsageStatus
from models.ids import uuid7
from models.ledger import Ledger
from models.price import PriceBook
from models.price_change import NewRate
from models.reprice import PRICE_CHANGED, PRICE_FOUND, reprice
from models.repricing import load_repricing, post_rehearsed, price_unpriced, rehearse
from models.repricing_page import Line
from models.token import ReportedTokens
from models.undo import undo_import

# 100 input and 50 output tokens: at 2 and 8 dollars a million, and at the public 5 and 25.
AT_HOUSE, AT_LIST = Decimal("0.0006"), Decimal("0.00175")


@pytest.fixture(params=["at once", "page by page"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How it is carried out: both ways come to the same."""
    if request.param == "page by page":
        by_pages(monkeypatch)
    return str(request.param)


async def test_what_is_shown_is_posted_and_nothing_else(
    database: Database, ledger: Ledger, tenant: Tenant, way: str
) -> None:
    events = [
        tenant.event(f"u{number}", model=UNKNOWN, project_id=tenant.project_ids[number % 3])
        for number in range(5)
    ]
    events += [tenant.event(f"p{number}") for number in range(3)]
    await ledger.record(tenant.id, events)
    await price(database, tenant)
    await price(database, tenant, PRICED, 1, 1)
    before = await total(database, tenant)
    dry = await shown(database, tenant)
    assert await total(database, tenant) == before == 3 * AT_LIST
    assert (dry.status, dry.is_dry_run, dry.progress_pct) == ("DONE", True, 100)
    assert sorted(dry.lines) == [
        Line("anthropic", PRICED, 3, 0, 3 * AT_LIST, 3 * Decimal("0.00015")),
        Line("anthropic", UNKNOWN, 5, 5, Decimal(0), 5 * AT_HOUSE),
    ]
    run = await posted(database, tenant, dry)
    assert (run.status, run.is_dry_run, run.lines) == ("DONE", False, dry.lines)
    assert await total(database, tenant) == before + dry.difference
    await assert_proved(database, tenant)
    assert (await shown(database, tenant)).lines == []


async def test_a_call_is_taken_back_and_posted_again(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    event = tenant.event(
        model=UNKNOWN,
        run=RunRef("r"),
        job=JobRef("j", "testing"),
        user_id=tenant.user_id,
        api_key_id=tenant.api_key_id,
        duration_ms=1234,
        source_cost=Decimal("0.5"),
    )
    await ledger.record(tenant.id, [event])
    await price(database, tenant)
    run = await posted(database, tenant, await shown(database, tenant))
    first, back, again = await entries(database, tenant)
    for entry, sign, cost in ((back, -1, None), (again, 1, AT_HOUSE)):
        assert (entry["kind"], entry["requests"], entry["cost"]) == ("ADJUSTMENT", sign, cost)
        assert (entry["input"], entry["output"]) == (100 * sign, 50 * sign)
        assert entry["reason"] == f"{PRICE_FOUND} (repricing {run.id})"
        assert (entry["corrects_id"], entry["duration_ms"]) == (first["id"], None)
        for name in ("occurred_at", "local_date", "project_id", "run_id", "job_id", "agent_type",
                     "user_id", "api_key_id", "provider", "model", "content_hash"):  # fmt: skip
            assert entry[name] == first[name], name
    assert [entry["unpriced"] for entry in (first, back, again)] == [1, -1, 0]
    async with database.connection() as connection:
        durations = await connection.fetch(
            "SELECT calls FROM rollup_duration_day WHERE organization_id = $1", tenant.id
        )
    assert [row["calls"] for row in durations] == [1]
    [outcome] = await ledger.record(tenant.id, [event])
    assert (outcome.status, outcome.cost) == (UsageStatus.DUPLICATE, AT_HOUSE)
    assert (outcome.transaction_id, outcome.is_unpriced) == (again["id"], False)
    [changed] = await ledger.record(tenant.id, [replace(event, model="other")])
    assert changed.status is UsageStatus.CONFLICT


async def test_a_lower_price_posts_a_negative_difference(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await ledger.record(tenant.id, [tenant.event()])
    await price(database, tenant, PRICED, 0, 0)
    run = await posted(database, tenant, await shown(database, tenant))
    assert run.difference == -AT_LIST
    rows = await entries(database, tenant)
    assert [(row["requests"], row["cost"]) for row in rows] == [
        (1, AT_LIST),
        (-1, -AT_LIST),
        (1, 0),
    ]
    assert rows[1]["reason"].startswith(PRICE_CHANGED)
    await assert_proved(database, tenant)


async def test_only_the_range_and_the_models_asked_for(
    database: Database, ledger: Ledger, tenant: Tenant, way: str
) -> None:
    hours = [NOON + timedelta(hours=hour) for hour in range(4)]
    await ledger.record(
        tenant.id,
        [tenant.event(f"{at.hour} {model}", model=model, occurred_at=at)
         for at in hours for model in (UNKNOWN, PRICED)],
    )  # fmt: skip
    await price(database, tenant)
    await price(database, tenant, PRICED, 1, 1)
    wanted = replace(EVER, start=hours[1], end=hours[3], models=(UNKNOWN, "no such"))
    dry = await shown(database, tenant, wanted)
    assert [(line.model, line.transactions) for line in dry.lines] == [(UNKNOWN, 2)]
    await posted(database, tenant, dry, wanted)
    rows = await entries(database, tenant)
    changed = {(row["occurred_at"], row["model"]) for row in rows if row["kind"] == "ADJUSTMENT"}
    assert changed == {(hours[1], UNKNOWN), (hours[2], UNKNOWN)}


async def test_a_price_that_starts_later_leaves_earlier_calls(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await ledger.record(
        tenant.id,
        [tenant.event("early", model=UNKNOWN, occurred_at=NOON - timedelta(microseconds=1)),
         tenant.event("late", model=UNKNOWN)],
    )  # fmt: skip
    await price(database, tenant, starts_at=NOON)
    run = await price_unpriced(database, admin(tenant))
    assert run is not None
    assert [line.transactions for line in run.lines] == [1]
    standing = await calls(database, tenant)
    assert (standing["early"].cost, standing["late"].cost) == (None, AT_HOUSE)


async def test_what_had_no_price_is_priced_once(
    database: Database, ledger: Ledger, tenant: Tenant, way: str
) -> None:
    await ledger.record(
        tenant.id,
        [tenant.event("a", model=UNKNOWN), tenant.event("b", model=UNKNOWN, provider=None),
         tenant.event("c", model="other"), tenant.event("d")],
    )  # fmt: skip
    assert await price_unpriced(database, admin(tenant)) is None
    await price(database, tenant)
    await price(database, tenant, PRICED, 1, 1)
    run = await price_unpriced(database, admin(tenant))
    assert run is not None
    run = await finished(database, tenant, run)
    assert sorted(run.lines, key=lambda line: line.provider or "") == [
        Line(None, UNKNOWN, 1, 1, Decimal(0), AT_HOUSE),
        Line("anthropic", UNKNOWN, 1, 1, Decimal(0), AT_HOUSE),
    ]
    # What had a price already keeps it until it is asked for.
    assert await total(database, tenant) == AT_LIST + 2 * AT_HOUSE
    assert await price_unpriced(database, admin(tenant)) is None
    await assert_proved(database, tenant)


async def test_the_same_run_asked_for_twice_is_one(
    database: Database, ledger: Ledger, tenant: Tenant, way: str
) -> None:
    await ledger.record(tenant.id, [tenant.event(model=UNKNOWN)])
    await price(database, tenant)
    dry = await shown(database, tenant)
    first = await posted(database, tenant, dry)
    again = await posted(database, tenant, dry)
    assert again == first
    assert await total(database, tenant) == AT_HOUSE
    async with database.connection() as connection:
        acts = await connection.fetch(
            "SELECT subject_id, new_value FROM audit_event"
            " WHERE organization_id = $1 AND action = 'usage.reprice'",
            tenant.id,
        )
    assert [act["subject_id"] for act in acts] == [first.id]
    assert json.loads(acts[0]["new_value"])["afterDryRunId"] == str(dry.id)


@pytest.mark.parametrize("moved", ["new call", "grown call", "new price", "another repricing"])
async def test_figures_that_moved_are_not_posted(
    database: Database, ledger: Ledger, tenant: Tenant, moved: str
) -> None:
    growing = tenant.event("g", model=UNKNOWN, is_cumulative=True)
    await ledger.record(tenant.id, [growing])
    await price(database, tenant)
    dry = await shown(database, tenant)
    if moved == "another repricing":
        await price_unpriced(database, admin(tenant))
    elif moved == "new price":
        await price(database, tenant, input_=3)
    elif moved == "new call":
        await price(database, tenant, "house-2", starts_at=NOON + timedelta(days=1))
        await ledger.record(tenant.id, [tenant.event("n", model="house-2")])
        await price(database, tenant, "house-2")
    else:
        more = ReportedTokens(input_tokens=200, output_tokens=50)
        await ledger.record(tenant.id, [replace(growing, tokens=more)])
    before = len(await entries(database, tenant))
    assert "moved" in await stale(database, tenant, dry)
    assert len(await entries(database, tenant)) == before
    await assert_proved(database, tenant)


async def test_a_call_at_todays_prices_moves_nothing(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    """So that a busy organization can be repriced while it spends."""
    await ledger.record(tenant.id, [tenant.event("a", model=UNKNOWN)])
    await price(database, tenant)
    dry = await shown(database, tenant)
    await ledger.record(tenant.id, [tenant.event("b", model=UNKNOWN), tenant.event("c")])
    assert (await posted(database, tenant, dry)).lines == dry.lines


async def test_a_run_is_about_what_its_dry_run_was_about(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    dry = await shown(database, tenant)
    for other in (
        replace(EVER, start=EVER.start + timedelta(hours=1)),
        replace(EVER, end=EVER.end - timedelta(hours=1)),
        replace(EVER, models=(UNKNOWN,)),
        replace(EVER, only_unpriced=True),
    ):
        assert "not those of the dry run" in await stale(database, tenant, dry, other)
    # The end of a running month has moved on: what is posted is what was shown.
    run = await posted(database, tenant, dry, replace(EVER, end=EVER.end + timedelta(hours=1)))
    assert run.range_end == EVER.end
    assert "not a dry run" in await stale(database, tenant, run)
    with pytest.raises(NotFoundError):
        await post_rehearsed(database, admin(tenant), EVER, uuid7())
    other_tenant = await make_tenant(database)
    with pytest.raises(NotFoundError):
        await post_rehearsed(database, admin(other_tenant), EVER, dry.id)


async def test_a_repriced_call_goes_on_growing(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    """Into another tier too, and by reports of a stream that come twice and out of order."""
    tier = NewRate("INPUT", Decimal(4), 201)
    reports = [
        tenant.event(
            f"report {tokens}",
            model=UNKNOWN,
            call_key="call",
            tokens=ReportedTokens(input_tokens=tokens, output_tokens=10),
        )
        for tokens in (100, 200, 300)
    ]
    await ledger.record(tenant.id, reports[:1])
    await price(database, tenant, UNKNOWN, 2, 8, tier)
    await price_unpriced(database, admin(tenant))
    assert await total(database, tenant) == Decimal("0.00028")
    for report, cost in ((reports[1], "0.00048"), (reports[0], "0.00048"), (reports[2], "0.00128")):
        await ledger.record(tenant.id, [report])
        assert await total(database, tenant) == Decimal(cost)
        await assert_proved(database, tenant)
    rows = await entries(database, tenant)
    assert sum(row["requests"] for row in rows) == 1
    assert sum(row["unpriced"] for row in rows) == 0
    assert (await shown(database, tenant)).lines == []


async def import_costs(database: Database, tenant: Tenant) -> dict[Any, Decimal]:
    """What stands of each import, as the list of imports shows it."""
    async with database.connection() as connection:
        rows = await connection.fetch(sql("import_list"), tenant.id, 10)
    return {row["id"]: row["total_cost"] for row in rows}


async def test_an_import_can_be_taken_back_after_a_repricing_and_done_again(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    first, second = [await make_import(database, tenant) for _ in range(2)]
    event = tenant.event("e", model=UNKNOWN, is_cumulative=True, import_id=first)
    grown = replace(
        event, tokens=ReportedTokens(input_tokens=300, output_tokens=50), import_id=second
    )
    await ledger.record(tenant.id, [event, grown])
    await price(database, tenant)
    await posted(database, tenant, await shown(database, tenant))
    costs = await import_costs(database, tenant)
    assert costs == {first: AT_HOUSE, second: Decimal("0.0004")}
    undone = await undo_import(database, tenant.id, first)
    assert undone.cost == AT_HOUSE
    costs = await import_costs(database, tenant)
    assert costs == {first: 0, second: Decimal("0.0004")}
    # What is left is not a call any more: it is no business of a repricing.
    await price(database, tenant, input_=3)
    assert (await shown(database, tenant)).lines == []
    third = await make_import(database, tenant)
    await ledger.record(tenant.id, [replace(event, import_id=third)])
    # 200 input tokens of the second import stand, so the third adds its 50 of output.
    assert await total(database, tenant) == Decimal("0.001")
    await assert_proved(database, tenant)


async def test_a_call_that_would_cost_the_same_is_left_alone(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    cached = NewRate("CACHE_READ", Decimal(1))
    await ledger.record(tenant.id, [tenant.event()])
    await price(database, tenant, PRICED, 5, 25, cached)
    assert (await shown(database, tenant)).lines == []


async def test_nothing_is_ever_made_unpriced(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await ledger.record(tenant.id, [tenant.event()])
    standing = (await calls(database, tenant))["e1"]
    assert reprice(standing, PriceBook([]), {}, uuid7()) is None


@pytest.mark.parametrize("role", [None, *EVERY_ROLE])
async def test_admins_reprice(database: Database, tenant: Tenant, role: Role | None) -> None:
    scope = Scope(Principal(tenant.id, tenant.user_id, None), role)
    dry = await shown(database, tenant)
    if role is not None and role >= Role.ADMIN:
        assert (await rehearse(database, scope, EVER)).status == "DONE"
        assert (await post_rehearsed(database, scope, EVER, dry.id)).status == "DONE"
        assert await price_unpriced(database, scope) is None
        return
    with pytest.raises(ForbiddenError):
        await rehearse(database, scope, EVER)
    with pytest.raises(ForbiddenError):
        await post_rehearsed(database, scope, EVER, dry.id)
    with pytest.raises(ForbiddenError):
        await price_unpriced(database, scope)
    with pytest.raises(NotFoundError):
        await load_repricing(database, scope, dry.id)
