"""Allowances under generated histories, against a plain-Python account of them.

A parent run has a cap; its child may be given an allowance out of it, which grows, shrinks and goes
while both spend. After every step the parent's cap holds what its own reservations and what is left
of the allowance come to, and equals a recount.
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

from models.admission import Denied, Granted
from models.cap import CapPeriod
from models.cap_change import remove_cap
from models.cap_rule import CapScope
from models.db import Database
from models.errors import UserErrors
from models.event import RunRef
from models.token import ReportedTokens

COST = Decimal("0.00175")
RUNS = ("parent", "child")
runs, counts = st.sampled_from(RUNS), st.integers(1, 4)
places = st.integers(0, 5)
steps = st.one_of(
    st.tuples(st.just("reserve"), runs, counts),
    st.tuples(st.just("settle"), places, st.integers(0, 5), st.booleans()),
    st.tuples(st.just("release"), places),
    st.tuples(st.just("record"), runs, counts),
    st.tuples(st.just("allow"), st.integers(0, 9)),
    st.tuples(st.just("disallow")),
    st.tuples(st.just("limit"), st.integers(2, 12)),
)


@dataclass
class Held:
    """A reservation: in which run, and what is left of it under each cap."""

    key: str
    run: str
    parent_left: int = 0
    child_left: int = 0
    posted: int = 0


@dataclass
class Account:
    """In multiples of the cost of one call; `allowance` is None where there is none."""

    limit: int
    allowance: int | None = None
    spent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RUNS, 0))
    open: list[Held] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.spent.values())

    @property
    def rest(self) -> int:
        """What is left of the allowance."""
        return 0 if self.allowance is None else max(0, self.allowance - self.spent["child"])

    @property
    def parent_held(self) -> int:
        return self.rest + sum(hold.parent_left for hold in self.open)

    @property
    def child_held(self) -> int:
        return sum(hold.child_left for hold in self.open)


class Play:
    """Does each step to the database and to the account."""

    def __init__(self, caps: Caps, run_ids: dict[str, UUID], parent: UUID, limit: int) -> None:
        self.caps, self.run_ids, self.parent = caps, run_ids, parent
        self.account = Account(limit)
        self.child: UUID | None = None
        self.number = 0

    def key(self) -> str:
        self.number += 1
        return f"k{self.number}"

    async def reserve(self, run: str, amount: int) -> None:
        key, account = self.key(), self.account
        answer = await self.caps.reserve(key, str(amount * COST), run_key=run)
        if run == "child" and account.allowance is not None:
            fits = account.spent["child"] + account.child_held + amount <= account.allowance
            hold = Held(key, run, child_left=amount)
        else:
            fits = account.total + account.parent_held + amount <= account.limit
            hold = Held(key, run, parent_left=amount)
        assert isinstance(answer, Granted if fits else Denied)
        if fits:
            account.open.append(hold)

    def held(self, place: int) -> Held | None:
        return self.account.open[place % len(self.account.open)] if self.account.open else None

    async def settle(self, place: int, count: int, is_final: bool) -> None:
        hold = self.held(place)
        if hold is None:
            return
        tokens = ReportedTokens(100 * count, 50 * count)
        await self.caps.settle(hold.key, tokens, is_final=is_final, event_key=self.key())
        added = max(0, count - hold.posted)
        hold.posted += added
        self.account.spent[hold.run] += added
        hold.parent_left = max(0, hold.parent_left - added)
        hold.child_left = max(0, hold.child_left - added)
        if is_final:
            self.account.open.remove(hold)

    async def release(self, place: int) -> None:
        hold = self.held(place)
        if hold is not None:
            await self.caps.release(hold.key)
            self.account.open.remove(hold)

    async def record(self, run: str, count: int) -> None:
        tokens = ReportedTokens(100 * count, 50 * count)
        await self.caps.record(self.caps.tenant.event(self.key(), run=RunRef(run), tokens=tokens))
        self.account.spent[run] += count

    async def allow(self, limit: int) -> None:
        account = self.account
        before = account.rest
        rest = max(0, limit - account.spent["child"])
        fits = (
            rest <= before or account.total + account.parent_held - before + rest <= account.limit
        )
        try:
            self.child = await self.caps.set(
                limit * COST, CapScope.RUN, self.run_ids["child"], CapPeriod.RUN,
                allowance_of_id=self.parent,
            )  # fmt: skip
        except UserErrors:
            assert not fits
            return
        assert fits
        if account.allowance is None:
            for hold in account.open:  # is held under the new cap too
                hold.child_left = hold.parent_left if hold.run == "child" else 0
        account.allowance = limit

    async def disallow(self) -> None:
        if self.account.allowance is None or self.child is None:
            return
        async with self.caps.database.transaction() as connection:
            await remove_cap(connection, self.caps.scope, self.child)
        self.account.allowance = None
        for hold in self.account.open:
            # What was held under both stays under the parent's cap as it was.
            hold.parent_left = hold.parent_left or hold.child_left
            hold.child_left = 0

    async def limit(self, limit: int) -> None:
        await self.caps.set(limit * COST, CapScope.RUN, self.run_ids["parent"], CapPeriod.RUN)
        self.account.limit = limit

    async def check(self) -> None:
        account = self.account
        expected = (account.total * COST, account.parent_held * COST)
        assert await self.caps.figures(self.parent) == expected
        if account.allowance is not None and self.child is not None:
            expected = (account.spent["child"] * COST, account.child_held * COST)
            assert await self.caps.figures(self.child) == expected
        await self.caps.verify()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(steps, min_size=4, max_size=14))
async def test_an_allowance_is_what_a_plain_account_says(
    database: Database, history: list[tuple[Any, ...]]
) -> None:
    caps = Caps(database, await make_tenant(database, project_count=1))
    nothing = ReportedTokens(0, 0)
    await caps.record(
        caps.tenant.event("e", tokens=nothing, run=RunRef("child", parent_key="parent"))
    )
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT key, id FROM pipeline_run WHERE organization_id = $1", caps.tenant.id
        )
    run_ids = {row["key"]: row["id"] for row in rows}
    parent = await caps.set(10 * COST, CapScope.RUN, run_ids["parent"], CapPeriod.RUN)
    play = Play(caps, run_ids, parent, 10)
    for name, *values in history:
        step: Callable[..., Coroutine[Any, Any, None]] = getattr(play, name)
        await step(*values)
        await play.check()
