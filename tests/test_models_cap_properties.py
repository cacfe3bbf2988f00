"""Caps and reservations under generated histories, against a plain-Python account of them.

After every step: each cap says what the account says, nothing is below 0, what is held is the sum
of open holds, and every window equals a recount from ledger and holds.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from caps import Caps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tenants import make_tenant

from models.admission import Denied, Granted, Rejected
from models.cap import CapPeriod
from models.cap_rule import CapScope
from models.db import Database
from models.errors import UserErrors
from models.event import RunRef
from models.expirer import Expirer
from models.token import ReportedTokens

D = Decimal
COST = D("0.00175")
"""Of 100 input and 50 output tokens; amounts are multiples of it."""
KEYS = ("a", "b", "c", "d")
WHOLE, PROJECT, RUN = "whole", "project", "run"

steps = st.one_of(
    st.tuples(
        st.just("reserve"), st.sampled_from(KEYS), st.integers(1, 5), st.booleans(), st.booleans()
    ),
    st.tuples(st.just("settle"), st.sampled_from(KEYS), st.integers(0, 6), st.booleans()),
    st.tuples(st.just("release"), st.sampled_from(KEYS)),
    st.tuples(st.just("run_out"), st.sampled_from(KEYS)),
    st.tuples(st.just("look")),
    st.tuples(st.just("record"), st.integers(1, 3), st.booleans(), st.booleans()),
    st.tuples(st.just("limit"), st.sampled_from((WHOLE, PROJECT, RUN)), st.integers(0, 12)),
)


@dataclass
class Held:
    """A reservation as the account has it."""

    amount: int
    names: tuple[str, ...]
    asked: tuple[Any, ...]
    is_open: bool = True
    is_due: bool = False
    left: int = 0
    posted: int = 0


@dataclass
class Account:
    """What should stand under the caps, in multiples of the cost of one call."""

    limits: dict[str, int]
    spent: dict[str, int] = field(default_factory=lambda: {WHOLE: 0, PROJECT: 0, RUN: 0})
    holds: dict[str, Held] = field(default_factory=dict)

    def held(self, name: str) -> int:
        return sum(hold.left for hold in self.holds.values() if name in hold.names)

    def expire(self) -> None:
        for hold in self.holds.values():
            if hold.is_due:
                hold.is_open, hold.is_due, hold.left = False, False, 0

    def fits(self, names: tuple[str, ...], amount: int) -> bool:
        return all(
            self.spent[name] + self.held(name) + amount <= self.limits[name] for name in names
        )

    def post(self, names: tuple[str, ...], amount: int) -> None:
        for name in names:
            self.spent[name] += amount


class Play:
    """Does each step to the database and to the account."""

    def __init__(self, caps: Caps, ids: dict[str, UUID], account: Account) -> None:
        self.caps, self.ids, self.account = caps, ids, account
        self.recorded = 0

    def named(self, is_first: bool, in_run: bool) -> tuple[str, ...]:
        names = (WHOLE, PROJECT) if is_first else (WHOLE,)
        return (*names, RUN) if in_run and is_first else names

    async def reserve(self, key: str, amount: int, is_first: bool, in_run: bool) -> None:
        project_id = self.caps.tenant.project_ids[0 if is_first else 1]
        run = {"run_key": "run"} if in_run and is_first else {}
        answer = await self.caps.reserve(key, str(amount * COST), project_id=project_id, **run)
        account, names = self.account, self.named(is_first, in_run)
        asked, before = (amount, names), account.holds.get(key)
        account.expire()
        if before is not None:
            same = before.asked == asked
            assert isinstance(answer, Granted if same and before.is_open else Rejected)
        elif account.fits(names, amount):
            assert isinstance(answer, Granted)
            account.holds[key] = Held(amount, names, asked, left=amount)
        else:
            assert isinstance(answer, Denied)

    async def settle(self, key: str, count: int, is_final: bool) -> None:
        hold = self.account.holds.get(key)
        if hold is None:
            return
        tokens = ReportedTokens(100 * count, 50 * count)
        await self.caps.settle(
            key, tokens, is_final=is_final, event_key=f"{key}/{count}/{is_final}"
        )
        added = max(0, count - hold.posted)
        hold.posted += added
        self.account.post(hold.names, added)
        hold.left = max(0, hold.left - added)
        if is_final or hold.is_due:
            hold.is_open, hold.is_due, hold.left = False, False, 0

    async def release(self, key: str) -> None:
        hold = self.account.holds.get(key)
        try:
            await self.caps.release(key)
        except UserErrors:
            assert hold is None or hold.is_due or not hold.is_open
            return
        assert hold is not None
        hold.is_open, hold.left = False, 0

    async def run_out(self, key: str) -> None:
        hold = self.account.holds.get(key)
        if hold is not None and hold.is_open:
            await self.caps.run_out(key)
            hold.is_due = True

    async def look(self) -> None:
        await Expirer(self.caps.database).look()
        self.account.expire()

    async def record(self, count: int, is_first: bool, in_run: bool) -> None:
        self.recorded += 1
        tenant = self.caps.tenant
        run = {"run": RunRef("run")} if in_run and is_first else {}
        await self.caps.record(
            tenant.event(
                f"recorded {self.recorded}",
                project_id=tenant.project_ids[0 if is_first else 1],
                tokens=ReportedTokens(100 * count, 50 * count),
                occurred_at=None,
                **run,
            )
        )
        self.account.post(self.named(is_first, in_run), count)

    async def limit(self, name: str, limit: int) -> None:
        cap = await self.caps.show(self.ids[name])
        await self.caps.set(limit * COST, cap.scope, cap.target_id, cap.period)
        self.account.limits[name] = limit

    async def check(self) -> None:
        for name, cap_id in self.ids.items():
            cap = await self.caps.show(cap_id)
            expected = (self.account.spent[name] * COST, self.account.held(name) * COST)
            assert (cap.spent, cap.held) == expected, name
            assert min(cap.spent, cap.held) >= 0
        await self.caps.verify()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(steps, min_size=4, max_size=14))
async def test_caps_say_what_a_plain_account_says(
    database: Database, history: list[tuple[Any, ...]]
) -> None:
    caps = Caps(database, await make_tenant(database, project_count=2))
    await caps.record(caps.tenant.event("first", tokens=ReportedTokens(0, 0), run=RunRef("run")))
    async with database.connection() as connection:
        run_id = await connection.fetchval(
            "SELECT id FROM pipeline_run WHERE organization_id = $1", caps.tenant.id
        )
    ids = {
        WHOLE: await caps.set(8 * COST),
        PROJECT: await caps.set(6 * COST, CapScope.PROJECT, period=CapPeriod.MONTH),
        RUN: await caps.set(4 * COST, CapScope.RUN, run_id, CapPeriod.RUN),
    }
    play = Play(caps, ids, Account({WHOLE: 8, PROJECT: 6, RUN: 4}))
    for name, *values in history:
        step: Callable[..., Coroutine[Any, Any, None]] = getattr(play, name)
        await step(*values)
        await play.check()
