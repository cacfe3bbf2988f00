"""The one way into the ledger: entries, every rollup, then what they are charged to.

Whoever posts (recording, undoing, repricing, settling) calls `write`, inside a transaction of its
own and after its locks on runs, jobs and holds. What is locked last and shortest stands here, after
the rollups. Refused: deciding what to post.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from models.deduction import charge
from models.ledger_statement import append
from models.posting import Entry
from models.run import JobCount


async def write(
    connection: asyncpg.Connection,
    organization_id: UUID,
    recorded_at: datetime,
    entries: Sequence[Entry],
    counts: Sequence[JobCount] = (),
) -> bool:
    """Posts entries and job counts; False when another writer took a part first.

    Then the caller's transaction must be rolled back and its decision made anew.
    """
    if not entries and not counts:
        return True
    taken = await append(connection, organization_id, recorded_at, entries, counts)
    if taken.count != len(entries):
        return False
    if taken.is_charged:
        await charge(connection, organization_id, recorded_at, entries, taken)
    return True
