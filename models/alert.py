"""What needs attention in an organization now, worst first (004).

Credits that are out, nearly out or on track to run out, caps that are near or reached, budgets, and
usage without a price. Nothing is stored: an alert is a state, found out anew from rollups and
balances, and bears the same id as long as that state lasts (until its cycle, month or window ends).
Since when it lasts is told by days: the first by whose end it was so. Refused: the ledger, and
callers who may not see the organization's figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from uuid import UUID, uuid5

import asyncpg

from models.access import Role, Scope
from models.cap import Cap, CapFilter, CapStatus, list_caps
from models.cap_rule import CapAction
from models.credit_usage import CreditUsage
from models.db import sql
from models.ids import CAP, PROJECT, encode
from models.money import ZERO, BudgetStatus, budget_pct, budget_status, kept, plain
from models.period import Calendar, Period
from models.projection import RunOut
from models.spend_unit import SpendUnit

GREATEST_COUNT = 100
_DAY = timedelta(days=1)
_BUDGET_PCT = {BudgetStatus.WARNING: 80, BudgetStatus.EXCEEDED: 100}
_CAP_PCT = {CapStatus.NEAR: 80, CapStatus.REACHED: 100}
_CENT = Decimal("0.01")
_TOLD = ("ORGANIZATION", "WORKSPACE_GROUP", "WORKSPACE", "PROJECT", "USER")
_UNTOLD = "UNTOLD"


class AlertKind(StrEnum):
    """States that are alerted; of one severity the earlier is the worse."""

    CREDITS_OUT = "CREDITS_OUT"
    CAP_REACHED = "CAP_REACHED"
    CREDITS_NEARLY_OUT = "CREDITS_NEARLY_OUT"
    ON_TRACK_TO_RUN_OUT = "ON_TRACK_TO_RUN_OUT"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    CAP_NEAR = "CAP_NEAR"
    BUDGET_WARNING = "BUDGET_WARNING"
    UNPRICED_USAGE = "UNPRICED_USAGE"


class AlertSeverity(IntEnum):
    """How bad an alert is."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True)
class Alert:
    """One state. `subject_id` is what it is about; figures are None where there are none."""

    organization_id: UUID
    kind: AlertKind
    severity: AlertSeverity
    message: str
    since: datetime
    resets_at: datetime | None
    subject_id: UUID
    window_start: date
    action_url: str | None
    unit: SpendUnit | None = None
    limit: Decimal | None = None
    used: Decimal | None = None
    project_id: UUID | None = None
    cap: Cap | None = None
    run_out: RunOut | None = None

    @property
    def id(self) -> UUID:
        """The same as long as the state lasts."""
        return uuid5(self.subject_id, f"{self.kind} {self.window_start}")

    @property
    def used_pct(self) -> float | None:
        """How much of the limit was used."""
        return None if self.used is None else budget_pct(self.used, self.limit)


@dataclass(frozen=True, slots=True)
class _Crossing:
    """Spend whose first day at or above a threshold is sought: of a scope's target, from a day."""

    scope: str
    target_id: UUID
    first: date
    last: date
    threshold: Decimal


async def load_alerts(
    connection: asyncpg.Connection, scope: Scope, calendar: Calendar, usage: CreditUsage
) -> list[Alert]:
    """The alerts of an organization, worst first, at most a hundred. ADMIN."""
    scope.require_organization(Role.ADMIN)
    found = [*_credit_alerts(calendar, usage), *_unpriced_alerts(calendar, usage)]
    caps = [
        cap
        for status in (CapStatus.REACHED, CapStatus.NEAR)
        for cap in await _caps(connection, scope, calendar, status)
    ]
    budgets = await _budget_alerts(connection, scope, calendar)
    crossings = [_cap_crossing(cap) for cap in caps] + [it[1] for it in budgets]
    since = await _first_days(connection, scope, calendar, crossings)
    for cap, day in zip(caps, since, strict=False):
        found.append(_cap_alert(cap, max(calendar.day_start(day), cap.updated_at)))
    for (alert, _), day in zip(budgets, since[len(caps) :], strict=True):
        found.append(replace(alert, since=max(calendar.day_start(day), alert.since)))
    return sorted(found, key=_rank)[:GREATEST_COUNT]


def _rank(alert: Alert) -> tuple[int, int, float, str]:
    order = list(AlertKind).index(alert.kind)
    return -alert.severity, order, -(alert.used_pct or 0), str(alert.id)


# ---- credits


def _credit_alerts(calendar: Calendar, usage: CreditUsage) -> Iterator[Alert]:
    if usage.allocation is None:
        return
    in_credits = usage.unit is SpendUnit.CREDITS
    what = "credits" if in_credits else "the room under the spend cap"
    state = Alert(
        organization_id=usage.organization_id,
        kind=AlertKind.CREDITS_OUT,
        severity=AlertSeverity.CRITICAL,
        message="",
        since=usage.period.start,
        resets_at=usage.period.end,
        subject_id=usage.organization_id,
        window_start=usage.period.first_date,
        action_url="/settings/billing" if in_credits else "/settings/caps",
        unit=usage.unit,
        limit=kept(usage.allocation),
        used=kept(usage.used),
    )
    if usage.is_out and in_credits:
        since = usage.exhausted_at or usage.period.start
        message = f"All credits are used up; the next come on {usage.period.last_date + _DAY}."
        yield replace(state, message=message, since=since)
        return
    run_out = usage.run_out
    if usage.is_nearly_out and in_credits:
        yield replace(
            state,
            kind=AlertKind.CREDITS_NEARLY_OUT,
            message=f"Only {_shown(usage.remaining or ZERO, usage.unit)} are left of"
            f" {_shown(usage.allocation, usage.unit)}.",
            since=calendar.day_start(usage.first_day_at(90)),
            run_out=run_out,
        )
    if run_out is not None and run_out.is_before_cycle_end and not usage.is_out:
        days = (usage.period.last_date - run_out.date).days + 1
        yield replace(
            state,
            kind=AlertKind.ON_TRACK_TO_RUN_OUT,
            severity=AlertSeverity.WARNING,
            message=f"At this rate {what} will be used up on {run_out.date}, {days} days before"
            " the cycle ends.",
            since=calendar.day_start(_on_track_since(usage)),
            run_out=run_out,
        )


def _on_track_since(usage: CreditUsage) -> date:
    """The first of the days, without a break up to today, by whose end it looked as it does now."""
    day = usage.today.first_date
    while day > usage.period.first_date:
        before = usage.run_out_seen_from(day - _DAY)
        if before is None or not before.is_before_cycle_end:
            break
        day -= _DAY
    return day


def _unpriced_alerts(calendar: Calendar, usage: CreditUsage) -> Iterator[Alert]:
    count = usage.unpriced_transactions
    if count <= 0:
        return
    first = usage.period.first_date
    days = [it.date for it in usage.days if it.unpriced > 0 and it.date >= first]
    calls = "1 call" if count == 1 else f"{count} calls"
    yield Alert(
        organization_id=usage.organization_id,
        kind=AlertKind.UNPRICED_USAGE,
        severity=AlertSeverity.INFO,
        message=f"{calls} of this cycle have no known price and are left out of every total.",
        since=calendar.day_start(min(days, default=first)),
        resets_at=None,
        subject_id=usage.organization_id,
        window_start=first,
        action_url="/settings/prices",
    )


# ---- caps


async def _caps(
    connection: asyncpg.Connection, scope: Scope, calendar: Calendar, status: CapStatus
) -> Sequence[Cap]:
    found = await list_caps(
        connection, scope, calendar.now, CapFilter(status=status), GREATEST_COUNT
    )
    return found.items


def _cap_crossing(cap: Cap) -> _Crossing:
    """Where a cap passed its threshold. In credits, and over a run's life, no rollup tells."""
    threshold = cap.limit * _CAP_PCT[cap.status] / 100
    if cap.window is None:
        changed = cap.updated_at.date()
        return _Crossing(_UNTOLD, cap.target_id, changed, changed, threshold)
    scope = str(cap.scope) if cap.unit is SpendUnit.DOLLARS else _UNTOLD
    days = (cap.window.first_date, cap.window.last_date)
    return _Crossing(scope, cap.target_id, *days, threshold)


def _cap_alert(cap: Cap, since: datetime) -> Alert:
    is_reached = cap.status is CapStatus.REACHED
    blocks = cap.action is CapAction.BLOCK
    unit, taken = cap.unit, cap.spent + cap.held
    name = f"The cap on {_SCOPES[cap.scope]} {cap.target_name}"
    amounts = f"{_shown(taken, unit)} of {_shown(cap.limit, unit)}"
    ends = "calls are refused" if blocks else "it warns only"
    state = f"is reached: {amounts}; {ends}." if is_reached else f"is nearly reached: {amounts}."
    return Alert(
        organization_id=cap.organization_id,
        kind=AlertKind.CAP_REACHED if is_reached else AlertKind.CAP_NEAR,
        severity=AlertSeverity(1 + is_reached + blocks),
        message=f"{name} {state}",
        since=since,
        resets_at=cap.resets_at,
        subject_id=cap.id,
        window_start=cap.window.first_date if cap.window is not None else date.min,
        action_url=f"/settings/caps/{encode(CAP, cap.organization_id, cap.id)}",
        unit=unit,
        limit=kept(cap.limit),
        used=kept(taken),
        cap=cap,
    )


_SCOPES = {
    "ORGANIZATION": "the organization",
    "WORKSPACE_GROUP": "the workspace group",
    "WORKSPACE": "the workspace",
    "PROJECT": "the project",
    "RUN": "the run",
    "API_KEY": "the API key",
    "USER": "the user",
}


# ---- budgets


async def _budget_alerts(
    connection: asyncpg.Connection, scope: Scope, calendar: Calendar
) -> list[tuple[Alert, _Crossing]]:
    """Budgets at or above their warning; `since` is the limit's last change for now."""
    month = calendar.month(calendar.current_month)
    rows = await connection.fetch(
        sql("alert_budget"), scope.organization_id, month.first_date, GREATEST_COUNT
    )
    return [_budget_alert(scope.organization_id, row, month) for row in rows]


def _budget_alert(
    organization_id: UUID, row: asyncpg.Record, month: Period
) -> tuple[Alert, _Crossing]:
    limit, spent, project_id = row["budget_limit"], row["spent"], row["project_id"]
    status = budget_status(spent, limit)
    is_exceeded = status is BudgetStatus.EXCEEDED
    amounts = f"{_shown(spent, SpendUnit.DOLLARS)} of {_shown(limit, SpendUnit.DOLLARS)}"
    word = "exceeded" if is_exceeded else "nearly used up"
    alert = Alert(
        organization_id=organization_id,
        kind=AlertKind.BUDGET_EXCEEDED if is_exceeded else AlertKind.BUDGET_WARNING,
        severity=AlertSeverity.WARNING if is_exceeded else AlertSeverity.INFO,
        message=f"The budget of {row['name']} is {word} this month: {amounts}.",
        since=row["updated_at"],
        resets_at=month.end,
        subject_id=project_id,
        window_start=month.first_date,
        action_url=f"/projects/{encode(PROJECT, organization_id, project_id)}/budget",
        unit=SpendUnit.DOLLARS,
        limit=limit,
        used=spent,
        project_id=project_id,
    )
    threshold = limit * _BUDGET_PCT[status] / 100
    crossing = _Crossing("PROJECT", project_id, month.first_date, month.last_date, threshold)
    return alert, crossing


async def _first_days(
    connection: asyncpg.Connection,
    scope: Scope,
    calendar: Calendar,
    crossings: Sequence[_Crossing],
) -> list[date]:
    """The day by whose end each threshold was reached; where that is not known, the first one.

    What is reached only by what is held has no day, and lasts since today at the latest.
    """
    if not crossings:
        return []
    rows = await connection.fetch(
        sql("alert_since"),
        scope.organization_id,
        [it.scope for it in crossings],
        [it.target_id for it in crossings],
        [it.first for it in crossings],
        [it.last for it in crossings],
        [it.threshold for it in crossings],
    )
    days = {row["place"] - 1: row["local_date"] for row in rows}
    return [
        days.get(place, calendar.today if it.scope in _TOLD else it.first)
        for place, it in enumerate(crossings)
    ]


def _shown(amount: Decimal, unit: SpendUnit) -> str:
    """An amount for people: to the cent."""
    rounded = amount.quantize(_CENT)
    return f"${rounded:,f}" if unit is SpendUnit.DOLLARS else f"{plain(rounded)} credits"
