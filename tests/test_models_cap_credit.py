"""Reservations of organizations that pay in credits: what is left of them, and caps in credits."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from caps import Caps
from tenants import Tenant

from models.admission import CallEstimate, DenialReason, Denied
from models.billing import BillingChange, set_billing
from models.cap_rule import CapScope, SpendUnit, UnpricedPolicy
from models.credit_balance import Balance, load_balance
from models.credit_check import verify_credits
from models.db import Database
from models.expirer import Expirer
from models.token import ReportedTokens

D = Decimal
NOW = datetime.now(UTC)
USED = ReportedTokens(100, 50)
CREDITS = D("0.175")
"""What 100 input and 50 output tokens come to at 100 credits a dollar."""


@pytest.fixture
async def caps(database: Database, tenant: Tenant) -> Caps:
    """An organization with 500 credits a cycle."""
    caps = Caps(database, tenant)
    change = BillingChange(
        billing_mode="CREDITS", credits_per_dollar=D(100), monthly_credits=D(500)
    )
    async with database.transaction() as connection:
        await set_billing(connection, caps.scope, change, now=NOW)
    return caps


async def balance_of(caps: Caps) -> Balance:
    async with caps.database.connection() as connection:
        balance = await load_balance(connection, caps.tenant.id, NOW)
    assert balance is not None
    return balance


async def proved(caps: Caps) -> None:
    await caps.verify()
    assert not (await verify_credits(caps.database, caps.tenant.id)).differences


async def test_no_more_credits_are_held_than_there_are(caps: Caps) -> None:
    await caps.granted("r1", 3)
    assert (await balance_of(caps)).remaining == 200
    denied = await caps.reserve("r2", "2.01")
    assert isinstance(denied, Denied)
    assert (denied.reason, denied.cap_id, denied.unit) == (
        DenialReason.CREDITS_OUT,
        None,
        "CREDITS",
    )
    assert (denied.limit, denied.held, denied.requested) == (500, 300, 201)
    assert denied.is_retryable
    await caps.granted("r2", 2)
    await proved(caps)
    part = await caps.settle("r1", USED, is_final=False, event_key="p1")
    assert part.reservation.held == 3 - D("0.00175")
    balance = await balance_of(caps)
    assert (balance.monthly_used, balance.held) == (CREDITS, 500 - CREDITS)
    await proved(caps)
    await caps.settle("r1", USED)
    await caps.run_out("r2")
    await Expirer(caps.database).look()
    balance = await balance_of(caps)
    assert (balance.monthly_used, balance.held) == (CREDITS, 0)
    await proved(caps)


async def test_with_nothing_left_a_call_without_a_price_is_denied(caps: Caps) -> None:
    call = CallEstimate("no-such-model", 1, 1)
    await caps.granted("r1", None, call=call)
    await caps.granted("r2", 5)
    denied = await caps.reserve("r3", None, call=call)
    assert isinstance(denied, Denied)
    assert (denied.reason, denied.requested) == (DenialReason.CREDITS_OUT, None)
    await proved(caps)


async def test_a_cap_in_credits_counts_what_is_deducted(caps: Caps) -> None:
    await caps.record(caps.tenant.event("before", occurred_at=datetime.now(UTC)))
    cap_id = await caps.set(100, CapScope.PROJECT, unit=SpendUnit.CREDITS)
    assert await caps.figures(cap_id) == (CREDITS, 0)
    await caps.granted("r1", "0.5")
    denied = await caps.reserve("r2", "0.6")
    assert isinstance(denied, Denied)
    assert (denied.unit, denied.requested) == ("CREDITS", 60)
    assert await caps.figures(cap_id) == (CREDITS, 50)
    await caps.settle("r1", USED)
    assert await caps.figures(cap_id) == (2 * CREDITS, 0)
    await caps.record(caps.tenant.event("old", occurred_at=datetime(2026, 1, 1, tzinfo=UTC)))
    await caps.set(
        100,
        CapScope.PROJECT,
        unit=SpendUnit.CREDITS,
        unpriced_policy=UnpricedPolicy.ASSUME,
        assumed_input_price=D(1),
        assumed_output_price=D(1),
    )
    unpriced = caps.tenant.event("no price", occurred_at=None, model="none", provider=None)
    await caps.record(unpriced)
    assert await caps.figures(cap_id) == (2 * CREDITS + D("0.015"), 0)
    await proved(caps)
