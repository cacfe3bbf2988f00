"""Runs of which only later is said which run started them: what they spent counts under its caps.

What is held in them is held under these caps then, too.

Until then it did not. Moving it takes a closed gate, since others may be posting to the same runs:
a transaction that finds it necessary is begun anew behind one. Where no run has a cap there is
nothing to do. Refused: runs that are new, which have spent nothing.
"""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import asyncpg

from models.billing_cycle import load_cycles
from models.cap_count import hold_before, recount, write_counts
from models.cap_rule import CapRule, covered
from models.cap_window import Windows
from models.db import Database, sql
from models.gate import close_gate, close_gate_soon

Answer = TypeVar("Answer")


class Adoption:
    """What a transaction finds out about runs that were adopted; behind a closed gate or not."""

    def __init__(
        self, connection: asyncpg.Connection, organization_id: UUID, *, is_gate_closed: bool
    ) -> None:
        self.connection = connection
        self.organization_id = organization_id
        self._is_gate_closed = is_gate_closed

    async def find(self, adopted: Collection[UUID]) -> None:
        """Before posting: begins anew where spending has to be moved and the gate is open."""
        if not adopted or self._is_gate_closed:
            return
        if await self.connection.fetchval(sql("cap_on_runs"), self.organization_id):
            raise _OpenGateError

    async def count(self, adopted: Collection[UUID]) -> None:
        """After posting: counts the caps of the runs above those that were adopted again."""
        if not adopted or not self._is_gate_closed:
            return
        rules = await self._above(adopted)
        if rules:
            for run_id in adopted:
                await self._hold(run_id)
            # What is left of an allowance, and so held above it, changes with what it counts.
            await self._hold_allowances(rules, -1)
            counts = await recount(self.connection, self.organization_id, rules)
            await write_counts(self.connection, self.organization_id, rules, counts)
            await self._hold_allowances(rules, 1)

    async def _above(self, run_ids: Collection[UUID]) -> list[CapRule]:
        rows = await self.connection.fetch(sql("cap_above_runs"), self.organization_id, run_ids)
        return [CapRule(*row) for row in rows]

    async def _hold(self, run_id: UUID) -> None:
        """Holds under the caps above a run what is held in it, but for what an allowance holds."""
        cycles = await load_cycles(self.connection, self.organization_id)
        windows, today = Windows(cycles.anchors), cycles.zones.day(datetime.now(UTC)).date
        rules = await self._above([run_id])
        hidden = covered(rules)
        for rule in rules:
            if rule.id not in hidden:
                window = windows.of(rule.period, today)
                await hold_before(
                    self.connection, self.organization_id, rule, window, run_id=run_id
                )

    async def _hold_allowances(self, rules: Collection[CapRule], sign: int) -> None:
        for rule in rules:
            if rule.allowance_of_id is not None:
                await self.connection.execute(
                    sql("cap_allowance_hold"), self.organization_id, rule.id, sign
                )


class _OpenGateError(Exception):
    """The transaction has to be begun anew behind a closed gate; nothing of it was kept."""


async def with_adoption(
    database: Database,
    organization_id: UUID,
    work: Callable[[Adoption], Awaitable[Answer]],
    *,
    is_alone: bool = False,
) -> Answer:
    """Does `work` in a transaction, with retries; behind a closed gate if it turns out to need one.

    From the beginning if it `is_alone`; raises asyncpg.LockNotAvailableError where the gate cannot
    be closed soon. Else nothing is executed before `work`, whose first statement goes through the
    gate.
    """

    async def beside_others(connection: asyncpg.Connection) -> Answer:
        return await work(Adoption(connection, organization_id, is_gate_closed=False))

    async def alone(connection: asyncpg.Connection) -> Answer:
        await (close_gate_soon if is_alone else close_gate)(connection, organization_id)
        return await work(Adoption(connection, organization_id, is_gate_closed=True))

    if not is_alone:
        with suppress(_OpenGateError):
            return await database.retry(beside_others)
    return await database.retry(alone)
