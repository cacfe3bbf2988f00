"""What entries are charged to: worked out by hand, by properties, and by processes at once."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from billed import APRIL, MARCH, UTC_ALWAYS, balance_of, billed_tenant, change_billing, entry, post
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres_server import FreshDatabase
from repricing import EVER, UNKNOWN, posted, price, shown, total
from tenants import NOON, Tenant

from models.billing_cycle import BillingCycles, CycleAnchors
from models.credit_balance import Balance, exact
from models.db import Database
from models.deduction import Deduction, deduct
from models.ids import uuid7
from models.ledger import Ledger
from models.money import plain
from models.posting import reversal
from models.rollup_check import rebuild, verify
from models.token import ReportedTokens

CYCLES = BillingCycles(UTC_ALWAYS, CycleAnchors(1))


def balance(**changes: Any) -> Balance:
    """100 monthly and 50 bonus credits, at ten credits a dollar, since March."""
    values: dict[str, Any] = {
        "billing_mode": "CREDITS",
        "plan": "free",
        "monthly_credits": Decimal(100),
        "credits_per_dollar": Decimal(10),
        "included_dollars": None,
        "credits_from": MARCH,
        "limit_from": None,
        "cycle_start": MARCH,
        "cycle_end": APRIL,
        "monthly_granted": Decimal(100),
        "bonus_granted": Decimal(50),
    }
    return Balance(**(values | changes))


TENANT = Tenant(uuid7(), uuid7(), [uuid7()], uuid7(), uuid7())


def charged(of: Balance, *costs: object) -> list[str]:
    """Monthly, bonus and overage credits of costs posted one after the other."""
    made = deduct(of, [entry(TENANT, cost) for cost in costs])
    return [" ".join(map(plain, (row.monthly, row.bonus, row.overage))) for row in made]


def classed(of: Balance, *costs: object) -> list[str]:
    """Included and on-demand dollars of costs posted one after the other, and the total then."""
    made = deduct(of, [entry(TENANT, cost) for cost in costs])
    return [
        " ".join(map(plain, (row.included_cost, row.on_demand_cost, row.running_total)))
        for row in made
    ]


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ((4, 5), ["40 0 0", "50 0 0"]),
        # The entry that empties a bucket goes on in the next one.
        ((4, 8, 2, 5), ["40 0 0", "60 20 0", "0 20 0", "0 10 40"]),
        ((10, 5, "0.1"), ["100 0 0", "0 50 0", "0 0 1"]),
        ((20,), ["100 50 50"]),
        # An unpriced one takes nothing, one that cost nothing takes no credits.
        ((None, 0, 3), ["0 0 0", "30 0 0"]),
        # Given back the other way about: overage, bonus, monthly.
        ((20, -6, -6, -8), ["100 50 50", "0 -10 -50", "-20 -40 0", "-80 0 0"]),
        ((20, -20), ["100 50 50", "-100 -50 -50"]),
        # What an earlier cycle had used comes back as room in this one, also for repricing.
        ((2, -9, 8), ["20 0 0", "-90 0 0", "80 0 0"]),
    ],
)
def test_monthly_credits_go_first(costs: Sequence[object], expected: list[str]) -> None:
    assert charged(balance(), *costs) == expected


def test_credits_are_exact() -> None:
    of = balance(credits_per_dollar=Decimal("33.333333"), monthly_granted=Decimal(1))
    [row] = deduct(of, [entry(TENANT, "123456789.123456789012")])
    assert (row.monthly, row.bonus) == (1, 50)
    assert row.overage == Decimal("4115226211.962963259247736996")
    assert of.overage == row.overage


@pytest.mark.parametrize(
    ("limit", "costs", "expected"),
    [
        (10, (6, 4, 1), ["6 0 6", "4 0 10", "0 1 11"]),
        # The entry that crosses the limit states the part beyond it.
        (10, (6, 6, 2), ["6 0 6", "4 2 12", "0 2 14"]),
        (0, (0, 5), ["0 0 0", "0 5 5"]),
        # What is given back was on demand as far as anything is.
        (10, (6, 6, -1, -3, 5), ["6 0 6", "4 2 12", "0 -1 11", "-2 -1 8", "2 3 13"]),
        (10, (8, -12, 11, 4), ["8 0 8", "-12 0 -4", "11 0 7", "3 1 11"]),
    ],
)
def test_entries_are_classed_by_the_running_total(
    limit: int, costs: Sequence[object], expected: list[str]
) -> None:
    of = balance(included_dollars=Decimal(limit), limit_from=MARCH)
    assert classed(of, *costs) == expected


def test_another_limit_leaves_what_was_classed_alone() -> None:
    of = balance(included_dollars=Decimal(10), limit_from=MARCH)
    assert classed(of, 8, 5) == ["8 0 8", "2 3 13"]
    of.included_dollars = Decimal(20)
    assert classed(of, 5, 5) == ["5 0 18", "2 3 23"]
    of.included_dollars = Decimal(5)
    assert classed(of, 1, -2) == ["0 1 24", "0 -2 22"]
    assert of.on_demand == 5


def test_usage_from_before_takes_nothing() -> None:
    """An import of history must not empty the running cycle; the instant itself counts."""
    of = balance(credits_from=NOON, included_dollars=Decimal(0), limit_from=NOON)
    before = NOON - timedelta(microseconds=1)
    assert not deduct(of, [entry(TENANT, 5, before)])
    assert len(deduct(of, [entry(TENANT, 5, NOON)])) == 1
    assert (of.monthly_used, of.running_total, of.deductions) == (50, 5, 1)
    # Credits may have begun before the limit did.
    of = balance(included_dollars=Decimal(0), limit_from=NOON)
    [row] = deduct(of, [entry(TENANT, 5, before)])
    assert (row.credits, row.on_demand_cost, row.limit_dollars) == (50, 0, None)


def test_a_cycle_ends_and_another_begins() -> None:
    of = balance(included_dollars=Decimal(1), limit_from=MARCH)
    deduct(of, [entry(TENANT, 12)])
    assert of.roll(CYCLES, APRIL - timedelta(microseconds=1)) == []
    grants = of.roll(CYCLES, APRIL)
    assert [(grant.kind, grant.credits, grant.cycle_start) for grant in grants] == [
        ("MONTHLY", 100, APRIL)
    ]
    assert (of.monthly_used, of.overage, of.running_total, of.on_demand) == (0, 0, 0, 0)
    # 20 of 50 bonus credits were used; the rest is carried over.
    assert (of.bonus_granted, of.bonus_used) == (30, 0)
    assert (of.cycle_start, of.cycle_end) == (APRIL, datetime(2026, 5, 1, tzinfo=UTC))
    deduct(of, [entry(TENANT, 3)])
    grants = of.roll(CYCLES, datetime(2026, 8, 20, tzinfo=UTC))
    assert [(grant.kind, grant.credits) for grant in grants] == [("EXPIRY", -70), ("MONTHLY", 100)]
    assert of.cycle_start == datetime(2026, 8, 1, tzinfo=UTC)
    # A clock that is behind changes nothing.
    assert of.roll(CYCLES, MARCH) == []


AMOUNTS = st.decimals(-30, 40, places=12) | st.sampled_from([Decimal(0), Decimal(5), Decimal(-5)])


@settings(max_examples=50)
@given(
    costs=st.lists(AMOUNTS, min_size=1, max_size=20),
    cuts=st.sets(st.integers(0, 20)),
    limit=st.none() | st.decimals(0, 40, places=2),
    rate=st.decimals("0.000001", 50, places=6),
)
def test_any_batching_comes_to_the_same(
    costs: list[Decimal], cuts: set[int], limit: Decimal | None, rate: Decimal
) -> None:
    """A cycle ends as if what was taken back had never been posted, however it was sent."""

    def of() -> Balance:
        begun = None if limit is None else MARCH
        return balance(credits_per_dollar=rate, included_dollars=limit, limit_from=begun)

    entries = [entry(TENANT, cost) for cost in costs]
    whole, parts = of(), of()
    at_once = deduct(whole, entries)
    one_by_one: list[Deduction] = []
    begin = 0
    for end in [*sorted(cut for cut in cuts if cut < len(entries)), len(entries)]:
        one_by_one += deduct(parts, entries[begin:end])
        begin = end
    assert one_by_one == at_once
    assert parts == whole
    with exact():
        assert whole.monthly_used == sum(row.monthly for row in at_once)
        assert whole.bonus_used == sum(row.bonus for row in at_once)
        assert whole.overage == sum(row.overage for row in at_once)
        assert whole.on_demand == sum(row.on_demand_cost for row in at_once)
        assert all(row.credits == row.entry.cost * rate for row in at_once if row.entry.cost)
        net = sum(costs, Decimal(0))
        assert whole.monthly_used == min(net * rate, Decimal(100))
        assert whole.bonus_used == min(max(net * rate - 100, Decimal(0)), Decimal(50))
        if limit is not None:
            assert whole.on_demand == max(net - limit, Decimal(0))


async def deductions(database: Database, tenant: Tenant) -> list[asyncpg.Record]:
    async with database.connection() as connection:
        return await connection.fetch(
            "SELECT * FROM credit_deduction WHERE organization_id = $1 ORDER BY place", tenant.id
        )


async def test_posting_takes_credits_in_the_same_transaction(database: Database) -> None:
    tenant = await billed_tenant(database, included_dollars=Decimal(15))
    before = MARCH - timedelta(microseconds=1)
    await post(database, tenant, [entry(tenant, 4), entry(tenant, None), entry(tenant, 9, before)])
    await post(database, tenant, [entry(tenant, 8), entry(tenant, 5)])
    rows = await deductions(database, tenant)
    assert [(row["place"], row["monthly_credits"], row["overage_credits"]) for row in rows] == [
        (1, 40, 0),
        (2, 60, 20),
        (3, 0, 50),
    ]
    assert [row["on_demand_cost"] for row in rows] == [0, 0, 2]
    assert {(row["cycle_start"], row["posted_at"]) for row in rows} == {(MARCH, NOON)}
    found = await balance_of(database, tenant)
    assert (found.monthly_remaining, found.overage, found.remaining) == (0, 70, 0)
    assert (found.running_total, found.on_demand, found.exhausted_at) == (17, 2, NOON)


async def test_who_pays_in_dollars_is_not_charged(database: Database, tenant: Tenant) -> None:
    await post(database, tenant, [entry(tenant, 4)])
    assert not await deductions(database, tenant)
    await change_billing(database, tenant, NOON, included_dollars=Decimal(1))
    await post(database, tenant, [entry(tenant, 4)])
    await change_billing(database, tenant, NOON, included_dollars=None)
    await post(database, tenant, [entry(tenant, 4)])
    [row] = await deductions(database, tenant)
    assert (row["included_cost"], row["on_demand_cost"], row["credits_per_dollar"]) == (1, 3, None)


async def test_late_usage_takes_from_the_cycle_in_which_it_is_posted(database: Database) -> None:
    tenant = await billed_tenant(database)
    edge = timedelta(microseconds=1)
    await post(database, tenant, [entry(tenant, 3, APRIL - edge)], APRIL - edge)
    assert (await balance_of(database, tenant, APRIL - edge)).monthly_used == 30
    # A reader sees the reset before anybody has posted, and changes nothing.
    seen = await balance_of(database, tenant, APRIL)
    assert (seen.monthly_remaining, seen.cycle_start) == (100, APRIL)
    await post(database, tenant, [entry(tenant, 2, APRIL - edge)], APRIL)
    assert (await balance_of(database, tenant, APRIL)).monthly_used == 20
    # A process whose clock is behind posts into the cycle that is running.
    await post(database, tenant, [entry(tenant, 1, APRIL - edge)], APRIL - edge)
    assert (await balance_of(database, tenant, APRIL)).monthly_used == 30
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT kind, credits FROM credit_grant WHERE organization_id = $1"
            " ORDER BY cycle_start, kind DESC",
            tenant.id,
        )
    assert [tuple(row) for row in rows] == [("MONTHLY", 100), ("EXPIRY", -70), ("MONTHLY", 100)]


async def test_what_is_taken_back_gives_credits_back(database: Database) -> None:
    tenant = await billed_tenant(database, included_dollars=Decimal(2))
    first, second = entry(tenant, 7), entry(tenant, 6)
    await post(database, tenant, [first, second])
    await post(database, tenant, [reversal(first, 1, "a mistake")])
    [*_, row] = await deductions(database, tenant)
    assert (row["monthly_credits"], row["overage_credits"]) == (-40, -30)
    assert (row["included_cost"], row["on_demand_cost"]) == (0, -7)
    found = await balance_of(database, tenant)
    assert (found.used, found.running_total, found.on_demand) == (60, 6, 4)
    assert found.exhausted_at is None


async def test_a_stream_takes_credits_as_it_grows(database: Database, ledger: Ledger) -> None:
    tenant = await billed_tenant(database, NOON)
    for number in (1, 2, 3):
        event = tenant.event(
            f"report {number}",
            call_key="call",
            tokens=ReportedTokens(input_tokens=100_000 * number, output_tokens=50_000),
        )
        await ledger.record(tenant.id, [event], now=NOON)
    rows = await deductions(database, tenant)
    assert [row["monthly_credits"] for row in rows] == [Decimal("17.5"), 5, 5]
    assert (await balance_of(database, tenant)).used == Decimal("27.5")


async def test_a_price_that_is_found_takes_credits_and_another_one_the_difference(
    database: Database, ledger: Ledger
) -> None:
    tenant = await billed_tenant(database)
    tokens = ReportedTokens(input_tokens=1_000_000, output_tokens=1_000_000)
    await ledger.record(tenant.id, [tenant.event(model=UNKNOWN, tokens=tokens)], now=NOON)
    assert not await deductions(database, tenant)
    await price(database, tenant)
    unpriced = replace(EVER, only_unpriced=True)
    await posted(database, tenant, await shown(database, tenant, unpriced), unpriced)
    today = datetime.now(UTC)
    assert (await balance_of(database, tenant, today)).used == 100
    await price(database, tenant, input_=1)
    await posted(database, tenant, await shown(database, tenant))
    found = await balance_of(database, tenant, today)
    assert (found.used, found.overage) == (90, 0)
    assert await total(database, tenant) == 9


async def test_billing_changes_between_postings(database: Database, ledger: Ledger) -> None:
    """Whoever posts is charged at one rate, by one limit, whatever is changed beside."""
    tenant = await billed_tenant(database)
    now = NOON + timedelta(hours=1)

    async def change(number: int) -> None:
        rate, limit = Decimal(number), Decimal(number) / 1000 if number % 2 else None
        await change_billing(
            database, tenant, MARCH, credits_per_dollar=rate, included_dollars=limit
        )

    tasks = [ledger.record(tenant.id, [tenant.event(f"e{n}")], now=now) for n in range(30)]
    await asyncio.gather(*tasks[:10], *map(change, range(1, 5)), *tasks[10:], change(7))
    assert len(await deductions(database, tenant)) == 30
    assert (await balance_of(database, tenant)).deductions == 30


async def test_spend_beyond_the_limit_is_kept_by_run_and_hour(database: Database) -> None:
    tenant = await billed_tenant(database, included_dollars=Decimal(5))
    later = NOON + timedelta(minutes=59)
    await post(database, tenant, [entry(tenant, 4), entry(tenant, 4), entry(tenant, 2, later)])
    await post(database, tenant, [entry(tenant, -1, later + timedelta(minutes=1))])

    async def kept() -> list[tuple[Any, ...]]:
        async with database.connection() as connection:
            rows = await connection.fetch(
                "SELECT hour_start, on_demand_cost FROM rollup_on_demand"
                " WHERE organization_id = $1 ORDER BY 1",
                tenant.id,
            )
        return [tuple(row) for row in rows]

    expected = [(NOON, 5), (NOON + timedelta(hours=1), -1)]
    assert await kept() == expected
    assert not (await verify(database, tenant.id)).differences
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE rollup_on_demand SET on_demand_cost = 7 WHERE organization_id = $1", tenant.id
        )
    report = await verify(database, tenant.id)
    assert (report.differences, report.shown[0].rollup) == (2, "rollup_on_demand")
    await rebuild(database, tenant.id)
    assert await kept() == expected


async def test_processes_at_the_edge_split_exactly(
    database: Database, migrated: FreshDatabase
) -> None:
    """Two processes post 40 times 0.7 dollars each: 560 credits of which 100 are the month's."""
    tenant = await billed_tenant(database)
    code = (
        "import asyncio, sys; sys.path.insert(0, sys.argv[4]); from uuid import UUID\n"
        "from billed import entry, post; from models.db import Database\n"
        "from tenants import Tenant\n"
        "async def main():\n"
        "    database = Database(sys.argv[1], pool_size=4); await database.start()\n"
        "    ids = [UUID(text) for text in sys.argv[2:4]]\n"
        "    tenant = Tenant(ids[0], ids[1], [UUID(sys.argv[5])], ids[0], ids[0])\n"
        "    async def one(): await post(database, tenant, [entry(tenant, '0.7')])\n"
        "    await asyncio.gather(*(one() for _ in range(40))); await database.close()\n"
        "asyncio.run(main())"
    )
    arguments = (
        migrated.app_dsn, str(tenant.id), str(tenant.workspace_id), str(Path(__file__).parent),
        str(tenant.project_id),
    )  # fmt: skip
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, *arguments)
        for _ in range(2)
    ]
    assert [await process.wait() for process in started] == [0, 0]
    rows = await deductions(database, tenant)
    assert [row["place"] for row in rows] == list(range(1, 81))
    assert sum(row["monthly_credits"] for row in rows) == 100
    assert sum(row["overage_credits"] for row in rows) == 460
    assert len([row for row in rows if row["monthly_credits"] and row["overage_credits"]]) == 1
    assert (await balance_of(database, tenant)).overage == 460
