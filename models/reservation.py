"""Reservations as they are shown: by id, by the caller's key, a page at a time.

What was spent under one is summed from the ledger by its index, never stored beside it. An open one
whose time is over has expired, whether or not somebody has ended it yet. Refused: making and ending
reservations (see `admission.py`, `hold.py`), and anything of a project out of reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Scope
from models.db import sql
from models.money import ZERO
from models.page import NEWEST, At, Page, page


class ReservationStatus(StrEnum):
    """How a reservation stands."""

    OPEN = "OPEN"
    SETTLED = "SETTLED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class Reservation(NamedTuple):
    """Money held before a call, in the order of the columns of `reservation_list.sql`: dollars."""

    id: UUID
    organization_id: UUID
    key: str
    status: str
    project_id: UUID
    workspace_id: UUID
    run_id: UUID | None
    job_id: UUID | None
    api_key_id: UUID | None
    user_id: UUID | None
    provider: str | None
    model: str | None
    amount: Decimal
    held: Decimal
    settled_cost: Decimal
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    seconds_left: int

    @property
    def overrun(self) -> Decimal:
        """Dollars posted beyond what was granted; 0 when none."""
        return max(ZERO, self.settled_cost - self.amount)


@dataclass(frozen=True, slots=True)
class ReservationFilter:
    """Which reservations: what is given is all met."""

    status: ReservationStatus | None = None
    project_id: UUID | None = None
    run_id: UUID | None = None
    key: str | None = None


async def load_reservations(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[Reservation | None]:
    """Reservations of projects within reach."""
    rows = await connection.fetch(
        sql("reservation_show"), scope.organization_id, list(ids), None, scope.project_ids
    )
    found = {row["id"]: Reservation._make(row) for row in rows}
    return [found.get(id) for id in ids]


async def find_reservation(
    connection: asyncpg.Connection, scope: Scope, key: str
) -> Reservation | None:
    """The reservation of a project within reach that its caller named `key`."""
    rows = await connection.fetch(
        sql("reservation_show"), scope.organization_id, [], key, scope.project_ids
    )
    return Reservation._make(rows[0]) if rows else None


async def list_reservations(
    connection: asyncpg.Connection,
    scope: Scope,
    wanted: ReservationFilter,
    size: int,
    after: At | None = None,
) -> Page[Reservation]:
    """A page of the reservations of projects within reach, newest first."""
    place = after or NEWEST
    rows = await connection.fetch(
        sql("reservation_list"),
        scope.organization_id,
        scope.project_ids,
        wanted.project_id,
        wanted.run_id,
        wanted.key,
        wanted.status,
        *place,
        size + 1,
    )
    return page([Reservation._make(row) for row in rows], size)


async def load_reservation_caps(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[list[UUID]]:
    """The caps that hold each reservation, by id."""
    rows = await connection.fetch(sql("reservation_holds"), scope.organization_id, list(ids))
    found: dict[UUID, list[UUID]] = {id: [] for id in ids}
    for row in rows:
        found[row["reservation_id"]].append(row["cap_id"])
    return [found[id] for id in ids]
