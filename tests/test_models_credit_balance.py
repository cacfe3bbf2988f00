"""Credits that are held: room for reservations, freed by settling and by time, and exact sums."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from billed import balance_of, billed_tenant, change_billing
from caps import Caps

from models.admission import Denied, Granted
from models.cap_rule import SpendUnit
from models.credit_balance import Balance
from models.db import Database
from models.errors import UserErrors
from models.token import ReportedTokens

USED = ReportedTokens(input_tokens=100_000, output_tokens=50_000)  # $1.75


async def test_credits_are_held_and_settled(database: Database) -> None:
    tenant = await billed_tenant(database)
    caps, now = Caps(database, tenant), datetime.now(UTC)
    await caps.granted("first", 6)
    assert (await balance_of(database, tenant, now)).remaining == 40
    denied = await caps.reserve("second", 5)
    assert isinstance(denied, Denied)
    assert (denied.reason, denied.requested, denied.limit) == ("CREDITS_OUT", 50, 100)
    with pytest.raises(UserErrors, match="reservations hold credits"):
        await change_billing(database, tenant, now, billing_mode="BYOM")
    # A stream takes its credits as it grows; the hold lessens by as much.
    half = ReportedTokens(input_tokens=100_000, output_tokens=0)
    await caps.settle("first", half, is_final=False, event_key="half")
    found = await balance_of(database, tenant, now)
    assert (found.monthly_used, found.held, found.remaining) == (5, 55, 40)
    await caps.settle("first", USED, event_key="all")
    found = await balance_of(database, tenant, now)
    assert (found.monthly_used, found.held, found.remaining) == (
        Decimal("17.5"),
        0,
        Decimal("82.5"),
    )
    # What is left fits to the last digit, and nothing beyond it.
    assert isinstance(await caps.reserve("third", "8.250000000001"), Denied)
    await caps.granted("third", "8.25")
    assert isinstance(await caps.reserve("fourth", "0.000000000001"), Denied)
    await caps.run_out("third")
    await caps.granted("fourth", "8.25")
    # Settled above its hold: everything is posted, what nobody had is overage.
    await caps.settle("fourth", ReportedTokens(input_tokens=2_000_000, output_tokens=0))
    found = await balance_of(database, tenant, now)
    assert (found.remaining, found.overage, found.held) == (0, Decimal("17.5"), 0)
    assert isinstance(await caps.reserve("fifth", "0.01"), Denied)
    await caps.verify()


async def test_as_many_are_granted_as_fit_whoever_asks(database: Database) -> None:
    tenant = await billed_tenant(database)
    caps = Caps(database, tenant)
    answers = await asyncio.gather(*(caps.reserve(f"r{n}", "0.7") for n in range(32)))
    assert sum(isinstance(answer, Granted) for answer in answers) == 14
    assert (await balance_of(database, tenant, datetime.now(UTC))).held == 98


async def test_caps_in_credits_keep_the_mode(database: Database) -> None:
    tenant = await billed_tenant(database)
    caps, now = Caps(database, tenant), datetime.now(UTC)
    cap = await caps.set(50, unit=SpendUnit.CREDITS)
    await caps.record(tenant.event(tokens=USED, occurred_at=now))
    assert (await caps.figures(cap))[0] == Decimal("17.5")
    with pytest.raises(UserErrors, match="caps are set in credits"):
        await change_billing(database, tenant, now, billing_mode="BYOM")
    await caps.verify()


def test_sums_of_many_digits_are_not_rounded() -> None:
    many = Decimal("12345678901234567890.123456789012345678")
    balance = Balance(
        "CREDITS", "free", None, Decimal(1), None, None, None, datetime.min, datetime.max,
        monthly_granted=many, monthly_used=Decimal("1E-18"), bonus_granted=many,
    )  # fmt: skip
    assert balance.monthly_remaining == Decimal("12345678901234567890.123456789012345677")
    assert str(balance.remaining) == "24691357802469135780.246913578024691355"
