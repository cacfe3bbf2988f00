"""Counting again what caps have counted: from rollups when one is set, from the ledger at any time.

A cap that is set in the midst of its window begins with what was spent in it before; one whose unit
or assumed prices change, or whose group gains a workspace, is counted anew. `recount` is also what
`aicost caps verify` compares with. Refused: deciding when (the caller has closed the gate, or takes
a snapshot of everything).
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.billing_cycle import load_cycles
from models.cap_rule import Applying, CapRule, CapScope, SpendUnit, load_applying
from models.cap_window import RUN, Window, Windows
from models.credit_balance import exact
from models.db import sql
from models.money import ZERO


class Counted(NamedTuple):
    """What was spent under a cap in a window, in its unit, and the calls left out of it."""

    spent: Decimal = ZERO
    unpriced: int = 0


Counts = dict[tuple[UUID, Window], Counted]


async def count_before(
    connection: asyncpg.Connection, organization_id: UUID, rule: CapRule, windows: Windows
) -> Counts:
    """What a cap that is being set counts already, by window, from its first window on.

    It holds what is held (`hold_before`): what reservations spent counts where they are held.
    """
    is_dated_run = rule.scope == CapScope.RUN and rule.period != RUN
    if rule.unit != SpendUnit.DOLLARS or rule.assumes or is_dated_run:
        return await recount(connection, organization_id, [rule])
    rows = await connection.fetch(
        sql("cap_seed"), organization_id, rule.scope, rule.target_id, rule.counted_from, rule.id
    )
    found: Counts = {}
    with exact():
        for row in rows:
            window = windows.of(rule.period, row["local_date"])
            _add(found, rule, window, row["cost"], row["unpriced"])
    return found


async def hold_before(
    connection: asyncpg.Connection,
    organization_id: UUID,
    rule: CapRule,
    window: Window,
    *,
    run_id: UUID | None = None,
) -> None:
    """Holds under a cap what open reservations hold to which it now applies, fits or not.

    With `run_id` only what is held in that run, and in those that it started.
    """
    await connection.execute(
        sql("cap_seed_holds"),
        organization_id,
        rule.id,
        rule.scope,
        run_id or rule.target_id,
        *window,
        rule.unit == SpendUnit.CREDITS,
    )


def _add(found: Counts, rule: CapRule, window: Window, spent: Decimal, unpriced: int) -> None:
    before = found.get((rule.id, window), Counted())
    found[rule.id, window] = Counted(before.spent + spent, before.unpriced + unpriced)


async def recount(
    connection: asyncpg.Connection, organization_id: UUID, rules: Collection[CapRule]
) -> Counts:
    """What live caps count by the ledger alone, in one pass over the entries that may count."""
    if not rules:
        return {}
    rows = await connection.fetch(
        sql("cap_recount"), organization_id, *await _span(connection, organization_id, rules)
    )
    reservations = {row["reservation_id"] for row in rows} - {None}
    windows = await connection.fetch(sql("reservation_windows"), organization_id, reservations)
    held: dict[UUID, dict[UUID, date]] = {}
    for row in windows:
        held.setdefault(row["reservation_id"], {})[row["cap_id"]] = row["first_date"]
    applying = await load_applying(
        connection,
        organization_id,
        run_ids={row["run_id"] for row in rows} - {None},
        workspace_ids={row["workspace_id"] for row in rows},
        other_ids={row[name] for row in rows for name in ("api_key_id", "user_id", "project_id")}
        - {None},
        cap_ids={rule.id for rule in rules},
    )
    wanted = {rule.id for rule in rules}
    found: Counts = {}
    with exact():
        for row in rows:
            _count(row, organization_id, applying, held, wanted, found)
    return found


async def _span(
    connection: asyncpg.Connection, organization_id: UUID, rules: Collection[CapRule]
) -> tuple[datetime, list[UUID] | None, list[UUID] | None]:
    """From when on, in which runs and in which projects entries may count; None for all."""
    targets = [rule.target_id for rule in rules if rule.scope == CapScope.RUN]
    if len(targets) < len(rules):
        first = min(rule.counted_from for rule in rules)
        # Local days begin at most 14 hours from those of UTC.
        return datetime.combine(first, time(), UTC) - timedelta(days=1), None, None
    runs = await connection.fetch(sql("run_below"), organization_id, targets)
    begun: datetime = min(row["started_at"] for row in runs)
    return begun, [row["id"] for row in runs], list({row["project_id"] for row in runs})


def _count(
    row: asyncpg.Record,
    organization_id: UUID,
    applying: Applying,
    held: Mapping[UUID, Mapping[UUID, date]],
    wanted: Collection[UUID],
    found: Counts,
) -> None:
    leaves = (
        *(row[name] for name in ("run_id", "api_key_id", "user_id", "project_id", "workspace_id")),
        organization_id,
    )
    holding = held.get(row["reservation_id"], {})
    rules = {rule.id: rule for rule in applying.to(leaves)}
    rules |= {id: applying.rules[id] for id in holding if id in applying.rules}
    for rule in rules.values():
        if rule.id not in wanted:
            continue
        window = applying.window(rule, holding.get(rule.id, row["local_date"]))
        if window.first < rule.counted_from:
            continue
        spent = row["cost"] if rule.unit == SpendUnit.DOLLARS else row["credits"]
        if rule.assumes:
            assumed = rule.assumed_cost(row["input_tokens"], row["output_tokens"])
            if rule.unit == SpendUnit.CREDITS:
                assumed = applying.credits.of(assumed, row["last_at"])
            spent += assumed
        _add(found, rule, window, spent, 0 if rule.assumes else row["unpriced"])


async def write_counts(
    connection: asyncpg.Connection,
    organization_id: UUID,
    rules: Collection[CapRule],
    counts: Counts,
) -> None:
    """Makes caps say what was counted, in every window; the caller has closed the gate."""
    await connection.execute(sql("cap_window_clear"), organization_id, [rule.id for rule in rules])
    rows = [
        (cap_id, window.first, window.last, counted.spent, counted.unpriced)
        for (cap_id, window), counted in counts.items()
    ]
    if rows:
        await connection.execute(sql("cap_window_count"), organization_id, *zip(*rows, strict=True))


async def recount_groups(
    connection: asyncpg.Connection, organization_id: UUID, group_ids: Collection[UUID]
) -> None:
    """Counts the caps of groups again, of which the workspaces have changed; the gate is closed.

    What is held in a workspace that has come is held under them from now on; what one that has
    left holds already stays.
    """
    rows = await connection.fetch(sql("cap_of_targets"), organization_id, group_ids)
    rules = [CapRule(*row) for row in rows]
    if not rules:
        return
    cycles = await load_cycles(connection, organization_id)
    windows, today = Windows(cycles.anchors), cycles.zones.day(datetime.now(UTC)).date
    for rule in rules:
        await hold_before(connection, organization_id, rule, windows.of(rule.period, today))
    counts = await recount(connection, organization_id, rules)
    await write_counts(connection, organization_id, rules, counts)


async def recount_held(
    connection: asyncpg.Connection, organization_id: UUID
) -> dict[tuple[UUID, date], Decimal]:
    """What open reservations and allowances hold under live caps, by first day of the window."""
    rows = await connection.fetch(sql("cap_recount_held"), organization_id)
    return {(row["cap_id"], row["first_date"]): row["held"] for row in rows}
