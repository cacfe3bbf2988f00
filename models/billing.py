"""How an organization pays: mode, plan, credits per dollar, included dollars, bonus credits.

Every change is audited with what was before and what is after, and tells for what is posted from
now on: nothing that was posted is charged anew. A better plan adds to the running cycle at once; a
lesser one counts from the next cycle on, so that no cycle takes back what it gave. Refused: paying
in dollars while credits are held or capped, and bonus credits that would be taken back after use.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, Literal
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.audit import record_act
from models.billing_cycle import load_cycles, set_cycle_anchor
from models.credit_balance import (
    BONUS,
    BYOM,
    CREDITS,
    Balance,
    Grant,
    exact,
    insert_grants,
    load_balance,
    lock_billing,
    save_balance,
)
from models.db import sql
from models.errors import ConflictError, UserError, UserErrors
from models.gate import close_gate
from models.ids import uuid7
from models.money import DECIMALS, decimals, plain
from models.naming import clean_name
from models.plan import check_plan

RATE_DECIMALS = 6
"""Decimals of credits per dollar, so that credits of a cost with 12 are exact."""
_MOST_PER_DOLLAR = Decimal(1_000_000)
_MOST_CREDITS = Decimal(10**12)
_MOST_DOLLARS = Decimal(10**9)
_KEY_LENGTH = 255


class Kept(Enum):
    """What is left as it is, where None already says something else."""

    AS_IT_IS = "as it is"


AS_IT_IS: Final = Kept.AS_IT_IS
NewAmount = Decimal | Literal[Kept.AS_IT_IS] | None


@dataclass(frozen=True, slots=True)
class Billing:
    """How an organization pays. `monthly_credits` is what a cycle opens with.

    `next_cycle_anchor_day` is the anchor of the cycle after the running one.
    """

    organization_id: UUID
    billing_mode: str
    plan: str
    monthly_credits: Decimal | None
    credits_per_dollar: Decimal
    included_dollars: Decimal | None
    cycle_anchor_day: int
    next_cycle_anchor_day: int


@dataclass(frozen=True, slots=True)
class BillingChange:
    """What to change; what is None or AS_IT_IS stays.

    `monthly_credits` None: the plan's. `included_dollars` None: everything is included.
    """

    billing_mode: str | None = None
    plan: str | None = None
    monthly_credits: NewAmount = AS_IT_IS
    credits_per_dollar: Decimal | None = None
    included_dollars: NewAmount = AS_IT_IS
    cycle_anchor_day: int | None = None


async def load_billing(connection: asyncpg.Connection, scope: Scope, now: datetime) -> Billing:
    """How the scope's organization pays. ADMIN."""
    scope.require_organization(Role.ADMIN)
    organization_id = scope.organization_id
    cycles = await load_cycles(connection, organization_id)
    balance = await load_balance(connection, organization_id, now)
    balance = balance or await _new_balance(connection, organization_id, now)
    running = cycles.running(now)
    return Billing(
        organization_id,
        balance.billing_mode,
        balance.plan,
        balance.allotment if balance.pays_in_credits else None,
        balance.credits_per_dollar,
        balance.included_dollars,
        cycles.anchors.at(running.first_date),
        cycles.anchors.at(running.last_date + timedelta(days=1)),
    )


def check_change(change: BillingChange) -> list[UserError]:
    """What is wrong with the amounts of a change."""
    errors: list[UserError] = []
    if change.billing_mode not in (None, CREDITS, BYOM):
        message = f"billingMode is {change.billing_mode!r}; CREDITS or BYOM is expected."
        errors.append(UserError("INVALID", message, ("billingMode",)))
    amounts = (
        ("creditsPerDollar", change.credits_per_dollar, RATE_DECIMALS, _MOST_PER_DOLLAR),
        ("monthlyCredits", change.monthly_credits, DECIMALS, _MOST_CREDITS),
        ("includedDollars", change.included_dollars, DECIMALS, _MOST_DOLLARS),
    )
    for name, amount, most_decimals, most in amounts:
        if isinstance(amount, Decimal):
            errors.extend(_check_amount(name, amount, most_decimals, most))
    if change.credits_per_dollar is not None and change.credits_per_dollar == 0:
        message = "creditsPerDollar is 0; more than that is expected."
        errors.append(UserError("OUT_OF_RANGE", message, ("creditsPerDollar",)))
    return errors


def _check_amount(name: str, amount: Decimal, most_decimals: int, most: Decimal) -> list[UserError]:
    if not amount.is_finite() or not 0 <= amount <= most:
        message = f"{name} is {_shown(amount)}; 0 to {most} is expected."
        return [UserError("OUT_OF_RANGE", message, (name,))]
    if decimals(amount) > most_decimals:
        message = f"{name} is {_shown(amount)}; at most {most_decimals} decimals are expected."
        return [UserError("TOO_PRECISE", message, (name,))]
    return []


def _shown(amount: Decimal) -> str:
    text = plain(amount) if amount.is_finite() and abs(amount.adjusted()) < 40 else str(amount)
    return text if len(text) <= 40 else f"{text[:40]}..."


async def set_billing(
    connection: asyncpg.Connection, scope: Scope, change: BillingChange, *, now: datetime
) -> datetime | None:
    """Changes how the organization pays, and answers from when a new anchor holds. OWNER.

    In a transaction in which nothing was executed before: everybody who posts is waited for.
    """
    scope.require_organization(Role.OWNER)
    if errors := check_change(change):
        raise UserErrors(errors)
    organization_id = scope.organization_id
    await close_gate(connection, organization_id)
    await connection.execute(sql("organization_lock"), organization_id)
    found = await lock_billing(connection, organization_id, now)
    balance = found or await _new_balance(connection, organization_id, now)
    old = _told(balance)
    await _apply(connection, organization_id, balance, change, now)
    new = _told(balance)
    if new != old:
        await _save(connection, scope, balance, now)
        await record_act(
            connection,
            scope,
            "organization.set_billing",
            ("organization", organization_id),
            old={name: value for name, value in old.items() if new[name] != value},
            new={name: value for name, value in new.items() if old[name] != value},
        )
    if change.cycle_anchor_day is None:
        return None
    return await set_cycle_anchor(connection, scope, change.cycle_anchor_day, now=now)


async def _new_balance(
    connection: asyncpg.Connection, organization_id: UUID, now: datetime
) -> Balance:
    """The balance of an organization that has none yet; not written."""
    [row] = await connection.fetch(sql("organization_billing"), organization_id)
    cycle = (await load_cycles(connection, organization_id)).running(now)
    return Balance(
        billing_mode=BYOM,
        plan=row["plan"],
        monthly_credits=None,
        credits_per_dollar=row["credits_per_dollar"],
        included_dollars=None,
        credits_from=None,
        limit_from=None,
        cycle_start=cycle.start,
        cycle_end=cycle.end,
    )


def _told(balance: Balance) -> dict[str, object]:
    """Billing as audit events tell it."""

    def text(amount: Decimal | None) -> str | None:
        return None if amount is None else plain(amount)

    return {
        "billingMode": balance.billing_mode,
        "plan": balance.plan,
        "monthlyCredits": text(balance.monthly_credits),
        "creditsPerDollar": text(balance.credits_per_dollar),
        "includedDollars": text(balance.included_dollars),
    }


async def _apply(
    connection: asyncpg.Connection,
    organization_id: UUID,
    balance: Balance,
    change: BillingChange,
    now: datetime,
) -> None:
    if change.billing_mode is not None and change.billing_mode != balance.billing_mode:
        if change.billing_mode == BYOM:
            await _leave_credits(connection, organization_id, balance)
        else:
            balance.credits_from = _begins(balance, balance.credits_from, now)
        balance.billing_mode = change.billing_mode
    if change.plan is not None:
        balance.plan = check_plan(change.plan)
    if change.monthly_credits is not AS_IT_IS:
        balance.monthly_credits = change.monthly_credits
    if change.credits_per_dollar is not None:
        balance.credits_per_dollar = change.credits_per_dollar
    if change.included_dollars is not AS_IT_IS:
        if balance.included_dollars is None and change.included_dollars is not None:
            balance.limit_from = _begins(balance, balance.limit_from, now)
        balance.included_dollars = change.included_dollars


def _begins(balance: Balance, began: datetime | None, now: datetime) -> datetime:
    """From when on usage counts: the first time the whole cycle's, later what is made from now on.

    Whoever begins today sends what was used this morning, and means it.
    """
    return balance.cycle_start if began is None else now


async def _leave_credits(
    connection: asyncpg.Connection, organization_id: UUID, balance: Balance
) -> None:
    """Raises UserErrors where credits are still capped or held."""
    message = None
    if await connection.fetchval(sql("cap_in_credits"), organization_id):
        message = "billingMode is BYOM, but caps are set in credits; remove them first."
    elif balance.held:
        message = "billingMode is BYOM, but reservations hold credits; wait until they have ended."
    if message is not None:
        raise UserErrors([UserError("INVALID", message, ("billingMode",))])


async def _save(
    connection: asyncpg.Connection, scope: Scope, balance: Balance, now: datetime
) -> None:
    with exact():
        grants = balance.raise_to_allotment(f"the plan is {balance.plan}")
    balance.note_exhaustion(now)
    await save_balance(connection, scope.organization_id, balance)
    await insert_grants(connection, scope, grants, now)
    await connection.execute(
        sql("organization_set_billing"),
        scope.organization_id,
        balance.billing_mode,
        balance.plan,
        balance.credits_per_dollar,
        balance.included_dollars,
    )


async def grant_bonus(
    connection: asyncpg.Connection,
    scope: Scope,
    credits: Decimal,
    reason: str,
    *,
    now: datetime,
    key: str | None = None,
) -> bool:
    """Grants bonus credits, or takes unused ones back when negative. OWNER.

    They wait while the organization pays in dollars. Tells whether it did: a second call with the
    same key and content changes nothing, one with other content raises ConflictError.
    """
    scope.require_organization(Role.OWNER)
    reason = clean_name(reason, "reason")
    if errors := _check_amount("credits", abs(credits), DECIMALS, _MOST_CREDITS):
        raise UserErrors(errors)
    if credits == 0:
        message = "credits is 0; some credits are expected."
        raise UserErrors([UserError("OUT_OF_RANGE", message, ("credits",))])
    await connection.execute(sql("organization_lock"), scope.organization_id)
    found = await lock_billing(connection, scope.organization_id, now)
    balance = found or await _new_balance(connection, scope.organization_id, now)
    id = uuid7() if key is None else _id_of_key(key)
    if key is not None and await _was_granted(connection, scope, id, credits, reason):
        return False
    if balance.bonus_remaining + credits < 0:
        left = plain(balance.bonus_remaining)
        message = f"credits is {plain(credits)}, but only {left} bonus credits are left."
        raise UserErrors([UserError("OUT_OF_RANGE", message, ("credits",))])
    with exact():
        balance.bonus_granted += credits
    balance.note_exhaustion(now)
    await save_balance(connection, scope.organization_id, balance)
    grant = Grant(BONUS, credits, balance.cycle_start, reason)
    await insert_grants(connection, scope, [grant], now, id=id)
    await record_act(
        connection,
        scope,
        "organization.grant_credits",
        ("credit_grant", id),
        old={"bonusCredits": plain(balance.bonus_remaining - credits)},
        new={"bonusCredits": plain(balance.bonus_remaining), "reason": reason},
    )
    return True


def _id_of_key(key: str) -> UUID:
    """A grant's id follows from the caller's key, so that a key grants once."""
    if not 1 <= len(key) <= _KEY_LENGTH:
        message = f"key has {len(key)} characters; 1 to {_KEY_LENGTH} are expected."
        raise UserErrors([UserError("OUT_OF_RANGE", message, ("key",))])
    return UUID(
        bytes=hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=16).digest(),
        version=5,
    )


async def _was_granted(
    connection: asyncpg.Connection, scope: Scope, id: UUID, credits: Decimal, reason: str
) -> bool:
    row = await connection.fetchrow(sql("credit_grant_show"), scope.organization_id, id)
    if row is None:
        return False
    if (row["credits"], row["reason"]) != (credits, reason):
        raise ConflictError("key was used before for another grant; nothing was changed.")
    return True
