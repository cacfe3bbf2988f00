"""What entries are charged to: worked out by hand, by properties, and by processes at once."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tenants import NOON, Tenant, make_tenant

from models.access import Scope
from models.billing import BillingChange, grant_bonus, set_billing
from models.billing_cycle import BillingCycles, CycleAnchors
from models.credit_balance import Balance, add_held, load_balance, lock_balance
from models.db import Database
from models.deduction import deduct
from models.ids import uuid7
from models.ledger_write import write
from models.local_time import TimeZones
from models.money import plain
from models.posting import ADJUSTMENT, Attribution, Entry, reversal
from models.token import TokenCounts

ZERO = Decimal(0)
ZONES = TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], ["UTC"])
CYCLES = BillingCycles(ZONES, CycleAnchors(1))
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


def entry(tenant: Tenant, cost: object, occurred_at: datetime = NOON, **changes: Any) -> Entry:
    """An entry of a stated cost; None for an unpriced one."""
    attribution = Attribution(
        project_id=tenant.project_id,
        workspace_id=tenant.workspace_id,
        occurred_at=occurred_at,
        day=ZONES.day(occurred_at),
        provider="anthropic",
        model="model",
        operation="COMPLETION",
        outcome="SUCCEEDED",
    )
    id = uuid7()
    values: dict[str, Any] = {
        "id": id,
        "event_key": str(id),
        "part": 0,
        "attribution": attribution,
        "tokens": TokenCounts(),
        "requests": 1,
        "unpriced": 1 if cost is None else 0,
        "content_hash": bytes(16),
        "cost": None if cost is None else Decimal(str(cost)),
    }
    return Entry(**(values | changes))


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
