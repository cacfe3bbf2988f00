"""How an organization pays: who may change it, what a change tells for, and bonus credits."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import orjson
import pytest
from access_world import World, key_with, make_world
from tenants import NOON

from models.access import Role, Scope
from models.billing import BillingChange, grant_bonus, set_billing
from models.credit_balance import Balance, add_held, load_balance, lock_balance
from models.errors import ConflictError, ForbiddenError, UserErrors
from models.plan import PLANS

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
Set = Callable[..., Coroutine[Any, Any, Balance]]


@pytest.fixture
async def world(connection: asyncpg.Connection) -> World:
    return await make_world(connection)


@pytest.fixture
def set_(connection: asyncpg.Connection, world: World) -> Set:
    async def change(now: datetime = NOON, **changes: Any) -> Balance:
        await set_billing(connection, world.system, BillingChange(**changes), now=now)
        found = await load_balance(connection, world.organization_id, now)
        assert found is not None
        return found

    return change


async def grants(connection: asyncpg.Connection, scope: Scope) -> list[tuple[str, Decimal]]:
    rows = await connection.fetch(
        "SELECT kind, credits FROM credit_grant WHERE organization_id = $1"
        " ORDER BY cycle_start, credits, kind",
        scope.organization_id,
    )
    return [tuple(row) for row in rows]


async def acts(connection: asyncpg.Connection, scope: Scope) -> list[tuple[Any, Any]]:
    rows = await connection.fetch(
        "SELECT old_value, new_value FROM audit_event WHERE organization_id = $1"
        " AND action = 'organization.set_billing' ORDER BY occurred_at, id",
        scope.organization_id,
    )
    return [tuple(map(orjson.loads, row)) for row in rows]


async def test_credits_begin_with_the_plans_allotment(
    connection: asyncpg.Connection, world: World, set_: Set
) -> None:
    assert await load_balance(connection, world.organization_id, NOON) is None
    assert await lock_balance(connection, world.organization_id, NOON) is None
    found = await set_(billing_mode="CREDITS", credits_per_dollar=Decimal("0.25"))
    assert (found.remaining, found.allotment, found.credits_from) == (500, 500, MARCH)
    assert found.cycle_end == APRIL
    assert await grants(connection, world.system) == [("MONTHLY", 500)]
    told = await connection.fetchrow(
        "SELECT billing_mode, credits_per_dollar FROM organization WHERE id = $1",
        world.organization_id,
    )
    assert told is not None
    assert tuple(told) == ("CREDITS", Decimal("0.25"))
    [(old, new)] = await acts(connection, world.system)
    assert (old["billingMode"], new["billingMode"]) == ("BYOM", "CREDITS")
    assert new == {"billingMode": "CREDITS", "creditsPerDollar": "0.25"}


async def test_a_better_plan_counts_at_once_and_a_lesser_one_from_the_next_cycle_on(
    connection: asyncpg.Connection, world: World, set_: Set
) -> None:
    await set_(billing_mode="CREDITS")
    assert (await set_(plan="Team ")).remaining == PLANS["team"]
    assert (await set_(plan="free")).remaining == PLANS["team"]
    # Going back and forth gains nothing.
    assert (await set_(plan="starter")).monthly_granted == PLANS["team"]
    assert await grants(connection, world.system) == [("MONTHLY", 500), ("PLAN", 9500)]
    april = await load_balance(connection, world.organization_id, APRIL)
    assert april is not None
    assert (april.remaining, april.monthly_granted) == (2000, 2000)
    assert (await set_(monthly_credits=Decimal(12_000))).remaining == 12_000
    april = await lock_balance(connection, world.organization_id, APRIL)
    assert april is not None
    assert april.remaining == 12_000


async def test_dollars_and_back_open_no_second_allotment(
    connection: asyncpg.Connection, world: World, set_: Set
) -> None:
    await set_(billing_mode="CREDITS")
    later = datetime(2026, 3, 20, tzinfo=UTC)
    found = await set_(billing_mode="BYOM")
    assert (found.pays_in_credits, found.allotment) == (False, 0)
    assert await lock_balance(connection, world.organization_id, NOON) is None
    found = await set_(later, billing_mode="CREDITS")
    assert (found.remaining, found.credits_from) == (500, later)
    assert await grants(connection, world.system) == [("MONTHLY", 500)]
    # In dollars a cycle opens with nothing; credits begin when they come back.
    await set_(billing_mode="BYOM")
    assert (await set_(APRIL, billing_mode="CREDITS")).remaining == 500
    assert await grants(connection, world.system) == [
        ("EXPIRY", -500),
        ("MONTHLY", 500),
        ("MONTHLY", 500),
    ]


async def test_credits_that_are_held_keep_the_mode(
    connection: asyncpg.Connection, world: World, set_: Set
) -> None:
    await set_(billing_mode="CREDITS")
    await add_held(connection, world.organization_id, Decimal("20.5"))
    held = await lock_balance(connection, world.organization_id, NOON)
    assert held is not None
    assert held.remaining == Decimal("479.5")
    with pytest.raises(UserErrors, match="reservations hold credits"):
        await set_(billing_mode="BYOM")
    await add_held(connection, world.organization_id, Decimal("-20.5"))
    await set_(billing_mode="BYOM")


async def test_a_limit_begins_when_it_is_set_and_may_end(set_: Set) -> None:
    found = await set_(included_dollars=Decimal("12.5"))
    assert (found.included_dollars, found.limit_from) == (Decimal("12.5"), MARCH)
    assert (await set_(APRIL, included_dollars=Decimal(20))).limit_from == MARCH
    assert (await set_(APRIL, included_dollars=None)).included_dollars is None
    assert (await set_(APRIL, plan="team")).included_dollars is None
    assert (await set_(APRIL, included_dollars=Decimal(0))).limit_from == APRIL


async def test_what_stays_leaves_no_trace(
    connection: asyncpg.Connection, world: World, set_: Set
) -> None:
    await set_(billing_mode="CREDITS", plan="team")
    await set_(billing_mode="CREDITS", plan="team")
    assert len(await acts(connection, world.system)) == 1
    assert len(await grants(connection, world.system)) == 1


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"billing_mode": "GOLD"}, "INVALID", "billingMode"),
        ({"plan": "platinum"}, "INVALID", "plan"),
        ({"credits_per_dollar": Decimal(0)}, "OUT_OF_RANGE", "creditsPerDollar"),
        ({"credits_per_dollar": Decimal("-1")}, "OUT_OF_RANGE", "creditsPerDollar"),
        ({"credits_per_dollar": Decimal("1000000.1")}, "OUT_OF_RANGE", "creditsPerDollar"),
        ({"credits_per_dollar": Decimal("0.0000001")}, "TOO_PRECISE", "creditsPerDollar"),
        ({"credits_per_dollar": Decimal("NaN")}, "OUT_OF_RANGE", "creditsPerDollar"),
        ({"monthly_credits": Decimal("1e13")}, "OUT_OF_RANGE", "monthlyCredits"),
        ({"included_dollars": Decimal("-0.01")}, "OUT_OF_RANGE", "includedDollars"),
        ({"included_dollars": Decimal("1e-13")}, "TOO_PRECISE", "includedDollars"),
        ({"cycle_anchor_day": 32}, "OUT_OF_RANGE", "cycleAnchorDay"),
    ],
)
async def test_what_makes_no_sense_is_told(
    set_: Set, changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(UserErrors) as refused:
        await set_(**changes)
    assert [(error.code, error.field) for error in refused.value.errors] == [(code, (field,))]


async def test_only_owners_change_it(connection: asyncpg.Connection, world: World) -> None:
    admin = await key_with(connection, world, Role.ADMIN)
    with pytest.raises(ForbiddenError):
        await set_billing(connection, admin, BillingChange(plan="team"), now=NOON)
    with pytest.raises(ForbiddenError):
        await grant_bonus(connection, admin, Decimal(5), "no", now=NOON)


async def test_bonus_credits_are_granted_once_and_taken_back_unused(
    connection: asyncpg.Connection, world: World, set_: Set
) -> None:
    scope = world.system

    async def grant(credits: str, reason: str = "referral", key: str | None = None) -> bool:
        return await grant_bonus(connection, scope, Decimal(credits), reason, now=NOON, key=key)

    assert await grant("50.5", key="welcome")
    assert await lock_balance(connection, world.organization_id, NOON) is None
    assert (await set_(billing_mode="CREDITS")).remaining == Decimal("550.5")
    assert not await grant("50.50", key="welcome")
    with pytest.raises(ConflictError):
        await grant("51", key="welcome")
    assert await grant("50.5")
    assert await grant("-100", "a mistake")
    with pytest.raises(UserErrors, match="only 1 bonus credits are left"):
        await grant("-1.5")
    for wrong in ("0", "NaN", "1e13", "1e-13"):
        with pytest.raises(UserErrors):
            await grant(wrong)
    found = await lock_balance(connection, world.organization_id, APRIL)
    assert found is not None
    assert (found.bonus_remaining, found.remaining) == (1, 501)
