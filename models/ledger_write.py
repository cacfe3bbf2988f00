"""The one way into the ledger: runs and jobs, entries, every rollup, then what they are charged to.

Whoever posts (recording, undoing, repricing, settling) calls `write`, inside a transaction of its
own and after its locks on known runs, jobs and holds. What is locked last and shortest stands here,
after the rollups. Refused: deciding what to post.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from models.cap_posting import Settlement, charge_caps
from models.credit_balance import add_held
from models.deduction import charge
from models.hold import costs_under, save_settlements
from models.ledger_statement import append, begin_runs
from models.money import ZERO
from models.posting import Entry
from models.run import Activity
from models.run_span import note_spans

NOTHING_NAMED = Activity()


async def write(
    connection: asyncpg.Connection,
    organization_id: UUID,
    recorded_at: datetime,
    entries: Sequence[Entry],
    activity: Activity = NOTHING_NAMED,
    settlements: Sequence[Settlement] = (),
) -> bool:
    """Posts entries and what was done; False when another writer took a part of it first.

    Then the caller's transaction must be rolled back and its decision made anew. Its first
    statement has entered the gate. `settlements` are the reservations under which entries were
    spent, locked: they hold less afterwards, or have ended.
    """
    if not (entries or activity.is_written or settlements):
        return True
    if not await begin_runs(connection, organization_id, recorded_at, activity.begun):
        return False
    taken = await append(connection, organization_id, recorded_at, entries, activity)
    if taken is None or not taken.is_all_of(activity):
        return False
    await note_spans(connection, organization_id, activity.spans)
    if taken.has_caps:
        await charge_caps(connection, organization_id, entries, settlements)
    freed = ZERO
    if settlements:
        costs = costs_under(entries)
        freed = await save_settlements(connection, organization_id, settlements, costs)
    if taken.is_charged:
        await charge(connection, organization_id, recorded_at, entries, taken)
    if freed:
        await add_held(connection, organization_id, -freed)
    return True
