"""Caps as they are shown: what each says, where its running window stands, who may change it.

An organization's or a group's caps are for ADMINs of the organization, a workspace's for its
ADMINs; a project's and its runs' for everybody who reaches the project; a key's for ADMINs of its
level, its person and itself; a person's for that person and ADMINs of the organization. A cap is
changed by an ADMIN above the level that it binds, the organization's by its OWNER, and by nobody
whom it binds. Refused: changing (see `cap_change.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.billing_cycle import load_cycles
from models.cap_rule import CapAction, CapScope, SpendUnit, UnpricedPolicy
from models.cap_window import BILLING_CYCLE, DAY, LIFE, MONTH, Windows
from models.db import sql
from models.money import ZERO
from models.page import FIRST_NAME, Named, Page, page
from models.period import Calendar, Period

_NEAR_PCT = 80


class CapPeriod(StrEnum):
    """The time over which a cap counts."""

    BILLING_CYCLE = "BILLING_CYCLE"
    MONTH = "MONTH"
    DAY = "DAY"
    RUN = "RUN"


class CapStatus(StrEnum):
    """How a cap stands."""

    OK = "OK"
    NEAR = "NEAR"
    REACHED = "REACHED"


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit and where its running window (None: a run's whole life) stands, in its unit.

    `project_id`, `workspace_id` and `owner_id` say where its target belongs: the project of a
    project, run or key; the workspace of these or of a workspace; the person of a key, or a person.
    """

    organization_id: UUID
    id: UUID
    scope: CapScope
    target_id: UUID
    period: CapPeriod
    action: CapAction
    unit: SpendUnit
    limit: Decimal
    unpriced_policy: UnpricedPolicy
    assumed_input_price: Decimal | None
    assumed_output_price: Decimal | None
    allowance_of_id: UUID | None
    updated_at: datetime
    updated_by: UUID | None
    target_name: str
    project_id: UUID | None
    workspace_id: UUID | None
    owner_id: UUID | None
    spent: Decimal
    held: Decimal
    unpriced: int
    window: Period | None

    @property
    def remaining(self) -> Decimal:
        """What may still be reserved, never below 0."""
        return max(ZERO, self.limit - self.spent - self.held)

    @property
    def used_pct(self) -> float | None:
        """What is spent and held, 0..100 of the limit; None with a limit of 0."""
        return float((self.spent + self.held) / self.limit * 100) if self.limit else None

    @property
    def status(self) -> CapStatus:
        """How it stands, by exact comparison."""
        taken = self.spent + self.held
        if taken >= self.limit:
            return CapStatus.REACHED
        return CapStatus.NEAR if taken * 100 >= self.limit * _NEAR_PCT else CapStatus.OK

    @property
    def resets_at(self) -> datetime | None:
        """When `spent` begins at 0 again."""
        return self.window.end if self.window is not None else None


@dataclass(frozen=True, slots=True)
class CapFilter:
    """Which caps: what is given is all met."""

    scope: CapScope | None = None
    target_id: UUID | None = None
    applies_to_project_id: UUID | None = None
    status: CapStatus | None = None


def may_see(scope: Scope, cap: Cap) -> bool:
    """Whether a scope may see a cap of its organization."""
    if scope.sees_figures:
        return True
    if cap.scope in (CapScope.PROJECT, CapScope.RUN):
        return scope.role_at_project(_id(cap.project_id), cap.workspace_id) is not None
    if cap.scope is CapScope.API_KEY and scope.api_key_id == cap.target_id:
        return True
    if cap.owner_id is not None and cap.owner_id == scope.user_id:
        return True
    return cap.scope in (CapScope.API_KEY, CapScope.WORKSPACE) and _is_admin_at(scope, cap)


def may_change(scope: Scope, cap: Cap) -> bool:
    """Whether a scope may change or remove a cap of its organization."""
    return is_above(scope, cap.scope, cap.target_id, cap.project_id, cap.workspace_id)


def is_above(
    scope: Scope,
    kind: CapScope,
    target_id: UUID,
    project_id: UUID | None,
    workspace_id: UUID | None,
) -> bool:
    """Whether a scope is above what a cap binds, and not bound by it."""
    held = scope.organization_role or Role.VIEWER
    if held >= Role.OWNER and scope.api_key_id != target_id:
        return True
    if kind is CapScope.ORGANIZATION:
        return False
    if kind is CapScope.USER:
        return held >= Role.ADMIN and scope.user_id != target_id
    if kind in (CapScope.WORKSPACE_GROUP, CapScope.WORKSPACE):
        return held >= Role.ADMIN
    if kind is CapScope.PROJECT:
        role = scope.role_at_workspace(_id(workspace_id))
    elif kind is CapScope.API_KEY and scope.api_key_id == target_id:
        return False
    elif project_id is not None:
        role = scope.role_at_project(project_id, workspace_id)
    elif workspace_id is not None:
        role = scope.role_at_workspace(workspace_id)
    else:
        role = scope.organization_role
    return role is not None and role >= Role.ADMIN


def _is_admin_at(scope: Scope, cap: Cap) -> bool:
    if cap.project_id is not None:
        role = scope.role_at_project(cap.project_id, cap.workspace_id)
    elif cap.workspace_id is not None:
        role = scope.role_at_workspace(cap.workspace_id)
    else:
        role = scope.organization_role
    return role is not None and role >= Role.ADMIN


def _id(id: UUID | None) -> UUID:
    assert id is not None  # noqa: S101 - every target of that kind has it
    return id


def place_of(cap: Cap) -> Named:
    """Where a cap stands in a list: by scope and name."""
    return Named(f"{_ORDER[cap.scope]} {cap.target_name}", cap.id)


_ORDER = {scope: rank for rank, scope in enumerate(reversed(list(CapScope)))}


class _Clock:
    """The running windows of an organization at one instant."""

    def __init__(self, windows: Windows, calendar: Calendar) -> None:
        self._calendar = calendar
        today = calendar.today
        self.running = {period: windows.of(period, today) for period in (BILLING_CYCLE, MONTH, DAY)}
        self._periods: dict[str, Period] = {}

    def first_dates(self) -> list[Any]:
        """The first days of the running cycle, month and day: parameters of the statements."""
        return [self.running[period].first for period in (BILLING_CYCLE, MONTH, DAY)]

    def period(self, period: str) -> Period | None:
        """The running window as a stretch of time."""
        window = self.running.get(period, LIFE)
        if window == LIFE:
            return None
        if period not in self._periods:
            self._periods[period] = self._calendar.days(*window)
        return self._periods[period]


async def _load_clock(
    connection: asyncpg.Connection, organization_id: UUID, now: datetime
) -> _Clock:
    cycles = await load_cycles(connection, organization_id)
    return _Clock(Windows(cycles.anchors), Calendar(cycles.zones, now))


async def load_caps(
    connection: asyncpg.Connection, scope: Scope, now: datetime, ids: Sequence[UUID]
) -> list[Cap | None]:
    """Live caps that the scope may see."""
    clock = await _load_clock(connection, scope.organization_id, now)
    rows = await connection.fetch(
        sql("cap_show"), scope.organization_id, *clock.first_dates(), list(ids)
    )
    found = (_cap(row, clock) for row in rows)
    seen = {cap.id: cap for cap in found if may_see(scope, cap)}
    return [seen.get(id) for id in ids]


async def list_caps(
    connection: asyncpg.Connection,
    scope: Scope,
    now: datetime,
    wanted: CapFilter,
    size: int,
    after: Named | None = None,
) -> Page[Cap]:
    """A page of the live caps that the scope may see, widest first, by their targets' names."""
    clock = await _load_clock(connection, scope.organization_id, now)
    rows = await connection.fetch(
        sql("cap_list"),
        scope.organization_id,
        *clock.first_dates(),
        *_sight(scope),
        wanted.scope,
        wanted.target_id,
        wanted.applies_to_project_id,
        wanted.status,
        *(after or FIRST_NAME),
        size + 1,
    )
    return page([_cap(row, clock) for row in rows], size)


def _sight(scope: Scope) -> tuple[Any, ...]:
    """What `may_see` goes by, for statements."""
    administered = [id for id, role in scope.project_roles.items() if role >= Role.ADMIN]
    return (
        scope.sees_figures,
        scope.project_ids,
        [id for id, role in scope.workspace_roles.items() if role >= Role.ADMIN],
        administered,
        scope.user_id,
        scope.api_key_id,
    )


def _cap(row: asyncpg.Record, clock: _Clock) -> Cap:
    values = dict(row)
    values.pop("sort_name", None)
    return Cap(
        scope=CapScope(values.pop("scope")),
        period=CapPeriod(values["period"]),
        action=CapAction(values.pop("action")),
        unit=SpendUnit(values.pop("unit")),
        limit=values.pop("amount"),
        unpriced_policy=UnpricedPolicy(values.pop("unpriced_policy")),
        window=clock.period(values.pop("period")),
        **values,
    )
