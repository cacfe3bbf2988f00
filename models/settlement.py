"""Settling a reservation: what the call used is posted, and what is left of the hold is freed.

Goes through the write queue, so that callers who settle share a commit with callers who record. All
reports of one reservation are one call, counted once under the reservation's key: they are
cumulative, and may come twice and out of order. What a reservation that has ended was used for all
the same is posted all the same, without a hold: the provider has charged it. Refused: another
final report under the key of the one that ended it, with other content.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import asyncpg

from models.access import Role, Scope
from models.db import Database, sql
from models.errors import UserError, UserErrors
from models.event import (
    CallOutcome,
    JobRef,
    Operation,
    RunRef,
    Surface,
    UsageEvent,
    UsageOutcome,
    UsageStatus,
)
from models.posting import content_hash
from models.reservation import Reservation, find_reservation
from models.token import ReportedTokens
from models.write_queue import WriteQueue


@dataclass(frozen=True, slots=True)
class SettledUsage:
    """What a reserved call used; what is None is as it was reserved."""

    tokens: ReportedTokens
    event_key: str | None = None
    occurred_at: datetime | None = None
    provider: str | None = None
    model: str | None = None
    operation: Operation = Operation.COMPLETION
    outcome: CallOutcome = CallOutcome.SUCCEEDED
    surface: Surface | None = None
    duration_ms: int | None = None
    source_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The reservation as it is after the report, and what became of the report."""

    reservation: Reservation
    outcome: UsageOutcome


async def settle(
    database: Database,
    writer: WriteQueue,
    scope: Scope,
    key: str,
    usage: SettledUsage,
    *,
    is_final: bool = True,
) -> Settled:
    """Posts usage under a reservation; unless more is to come, it holds nothing afterwards.

    MEMBER of the project. Raises UserErrors for what is missing; anything else that is wrong with
    the usage is in the outcome.
    """
    async with database.connection() as connection:
        reservation = await _find(connection, scope, key)
        scope.require_project(reservation.project_id, Role.MEMBER, reservation.workspace_id)
        [named] = await connection.fetch(
            sql("reservation_names"), scope.organization_id, reservation.id
        )
    event = _event(reservation, named, usage, is_final=is_final)
    if _contradicts(event, named):
        return Settled(reservation, UsageOutcome(event.event_key, UsageStatus.CONFLICT))
    [outcome] = await writer.record(scope.organization_id, [event])
    async with database.connection() as connection:
        return Settled(await _find(connection, scope, key), outcome)


async def _find(connection: asyncpg.Connection, scope: Scope, key: str) -> Reservation:
    found = await find_reservation(connection, scope, key)
    if found is None:
        raise UserErrors([UserError("NOT_FOUND", "There is no such reservation.", ("key",))])
    return found


def _event(
    reservation: Reservation, named: asyncpg.Record, usage: SettledUsage, *, is_final: bool
) -> UsageEvent:
    model = usage.model or reservation.model
    errors = []
    if usage.event_key is None and not is_final:
        message = "eventKey is required while the call streams on"
        errors.append(UserError("REQUIRED", message, ("event", "eventKey")))
    if model is None:
        message = "model is required: the reservation names none"
        errors.append(UserError("REQUIRED", message, ("event", "model")))
    if model is None or errors:
        raise UserErrors(errors)
    run = job = None
    if named["run_key"] is not None:
        run = RunRef(named["run_key"])
    if named["job_key"] is not None:
        job = JobRef(named["job_key"], named["agent_type"])
    is_same = usage.model is None or usage.model == reservation.model
    return UsageEvent(
        event_key=usage.event_key or reservation.key,
        project_id=reservation.project_id,
        model=model,
        tokens=usage.tokens,
        occurred_at=usage.occurred_at,
        provider=usage.provider or (reservation.provider if is_same else None),
        operation=usage.operation,
        outcome=usage.outcome,
        surface=usage.surface,
        run=run,
        job=job,
        api_key_id=reservation.api_key_id,
        user_id=reservation.user_id,
        duration_ms=usage.duration_ms,
        source_cost=usage.source_cost,
        call_key=reservation.key,
        reservation_id=reservation.id,
        ends_reservation=is_final,
    )


def _contradicts(event: UsageEvent, named: asyncpg.Record) -> bool:
    """Whether it is the report that ended the reservation, with other content."""
    if not event.ends_reservation or event.event_key != named["final_key"]:
        return False
    ended_with: bytes = named["final_hash"]
    return ended_with != content_hash(event)
