"""Credits under generated histories: after every step balances equal a recount, to the last digit.

Postings, corrections, grants and changes of plan, rate, limit and mode, over several cycles.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billed import billed_tenant, change_billing, entry, post
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tenants import Tenant

from models.access import Scope
from models.billing import grant_bonus
from models.credit_balance import load_balance, lock_billing
from models.credit_check import verify_credits
from models.db import Database
from models.errors import UserErrors
from models.posting import Entry, reversal
from models.rollup_check import verify

BEGIN = datetime(2026, 1, 30, 22, tzinfo=UTC)
costs = st.decimals(0, 30, places=12) | st.sampled_from([None, Decimal(0), Decimal("12.5")])
steps = st.one_of(
    st.tuples(st.just("post"), st.lists(st.tuples(costs, st.booleans()), min_size=1, max_size=4)),
    st.tuples(st.just("take_back"), st.integers(0, 9)),
    st.tuples(st.just("grant"), st.integers(-60, 90)),
    st.tuples(st.just("monthly_credits"), st.sampled_from([None, *map(Decimal, (0, 60, 200))])),
    st.tuples(st.just("credits_per_dollar"), st.decimals("0.000001", 20, places=6)),
    st.tuples(st.just("included_dollars"), st.none() | st.decimals(0, 60, places=2)),
    st.tuples(st.just("billing_mode"), st.sampled_from(["CREDITS", "BYOM"])),
    st.tuples(st.just("cycle_anchor_day"), st.integers(1, 31)),
    st.tuples(st.just("wait"), st.integers(1, 50)),
)


@dataclass
class Played:
    """A tenant at an instant, and what was posted to it and not taken back."""

    database: Database
    tenant: Tenant
    now: datetime = BEGIN
    posted: list[Entry] = field(default_factory=list)

    async def play(self, step: tuple[str, Any]) -> None:
        name, value = step
        if name == "wait":
            self.now += timedelta(days=value)
        elif name == "post":
            late = self.now - timedelta(days=40)
            made = [entry(self.tenant, cost, late if old else self.now) for cost, old in value]
            await post(self.database, self.tenant, made, self.now)
            self.posted += made
        elif name == "take_back":
            if value < len(self.posted):
                back = reversal(self.posted.pop(value), 1, "a mistake")
                await post(self.database, self.tenant, [back], self.now)
        elif name == "grant":
            await self.grant(Decimal(value))
        else:
            await change_billing(self.database, self.tenant, self.now, **{name: value})

    async def grant(self, credits: Decimal) -> None:
        scope = Scope.system(self.tenant.id)
        try:
            async with self.database.transaction() as connection:
                await grant_bonus(connection, scope, credits, "a step", now=self.now)
        except UserErrors:
            assert credits <= 0

    async def check(self) -> None:
        report = await verify_credits(self.database, self.tenant.id)
        assert not report.shown
        async with self.database.transaction() as connection:
            seen = await load_balance(connection, self.tenant.id, self.now)
            assert seen == await lock_billing(connection, self.tenant.id, self.now)
        assert seen is not None
        assert seen.cycle_start <= self.now < seen.cycle_end
        assert seen.monthly_remaining >= 0
        assert seen.bonus_remaining >= 0


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(steps, min_size=3, max_size=12))
async def test_balances_equal_a_recount_after_every_step(
    database: Database, history: list[tuple[str, Any]]
) -> None:
    tenant = await billed_tenant(database, BEGIN, included_dollars=Decimal(20))
    played = Played(database, tenant)
    await played.check()
    for step in history:
        await played.play(step)
        await played.check()
    assert not (await verify(database, tenant.id)).differences
