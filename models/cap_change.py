"""Setting, changing and removing caps: who may, what makes sense, and what a cap counts then.

The gate is closed for it, so that nothing is posted, reserved or settled meanwhile: a cap begins
with everything that was spent in its window before, and whoever comes later sees it. Every change
leaves an audit event with the old and the new values; saying the same again changes nothing and
leaves none. An allowance holds what is left of it under its parent's cap. Refused: raising the cap
that binds oneself, and allowances that do not fit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.audit import record_act
from models.billing_cycle import load_cycles
from models.cap import CapPeriod, is_above
from models.cap_allowance import free_under, hold_under, require_parent, unlink
from models.cap_count import count_before, hold_before, recount, write_counts
from models.cap_rule import CapAction, CapRule, CapScope, SpendUnit, UnpricedPolicy
from models.cap_window import Windows
from models.db import sql
from models.errors import ForbiddenError, NotFoundError, UserError, UserErrors
from models.gate import close_gate
from models.ids import uuid7
from models.level import Level
from models.money import DECIMALS, ZERO, decimals, plain

GREATEST_LIMIT = Decimal(1_000_000_000)
PRICE_DECIMALS = 6
_NOUNS = {
    CapScope.ORGANIZATION: "organization",
    CapScope.WORKSPACE_GROUP: "workspace group",
    CapScope.WORKSPACE: "workspace",
    CapScope.PROJECT: "project",
    CapScope.RUN: "run",
    CapScope.API_KEY: "API key",
    CapScope.USER: "user",
}


@dataclass(frozen=True, slots=True)
class CapSetting:
    """A cap as it is to be. Assumed prices are dollars per million tokens."""

    scope: CapScope
    target_id: UUID
    period: CapPeriod
    limit: Decimal
    unit: SpendUnit = SpendUnit.DOLLARS
    action: CapAction = CapAction.BLOCK
    unpriced_policy: UnpricedPolicy = UnpricedPolicy.BLOCK
    assumed_input_price: Decimal | None = None
    assumed_output_price: Decimal | None = None
    allowance_of_id: UUID | None = None


def check(setting: CapSetting) -> list[UserError]:
    """What is wrong with a setting by itself, in the words of `SetCapInput`."""
    errors = [*_number(setting.limit, "limit", GREATEST_LIMIT, DECIMALS)]
    prices = (
        ("assumedInputPrice", setting.assumed_input_price),
        ("assumedOutputPrice", setting.assumed_output_price),
    )
    for name, price in prices:
        if price is not None:
            errors += _number(price, name, GREATEST_LIMIT, PRICE_DECIMALS)
        elif setting.unpriced_policy is UnpricedPolicy.ASSUME:
            errors.append(UserError("REQUIRED", f"{name} is required with ASSUME", (name,)))
        if price is not None and setting.unpriced_policy is not UnpricedPolicy.ASSUME:
            errors.append(UserError("INVALID", f"{name} is for ASSUME only", (name,)))
    if setting.period is CapPeriod.RUN and setting.scope is not CapScope.RUN:
        errors.append(UserError("INVALID", "period RUN is for scope RUN only", ("period",)))
    if setting.allowance_of_id is not None:
        is_run = setting.scope is CapScope.RUN and setting.period is CapPeriod.RUN
        if not is_run or setting.action is not CapAction.BLOCK:
            message = "an allowance is a run's, for its whole life, and blocks"
            errors.append(UserError("INVALID", message, ("allowanceOfCapId",)))
    return errors


def _number(value: Decimal, name: str, greatest: Decimal, scale: int) -> Iterator[UserError]:
    if not value.is_finite() or not 0 <= value <= greatest:
        message = f"{name} is {str(value)[:40]}; 0 to {plain(greatest)} is expected."
        yield UserError("OUT_OF_RANGE", message, (name,))
    elif decimals(value) > scale:
        message = f"{name} has {decimals(value)} decimals; at most {scale} are kept."
        yield UserError("TOO_PRECISE", message, (name,))


async def set_cap(
    connection: asyncpg.Connection, scope: Scope, setting: CapSetting, now: datetime
) -> UUID:
    """Sets a cap, or changes the one on the same thing, period and action; answers its id.

    ADMIN above the level that it binds; of the organization's own its OWNER.
    """
    if errors := check(setting):
        raise UserErrors(errors)
    await _locate_target(connection, scope, setting)
    organization_id = scope.organization_id
    await close_gate(connection, organization_id)
    before = await _live(connection, organization_id, setting)
    await _require_unit(connection, organization_id, setting, before)
    cycles = await load_cycles(connection, organization_id)
    windows = Windows(cycles.anchors)
    running = windows.of(setting.period, cycles.zones.day(now).date)
    rule = _rule(setting, before, running.first)
    if before == rule:
        return rule.id
    if rule.allowance_of_id is not None:
        await require_parent(connection, organization_id, rule)
    freed = ZERO
    if before is not None and before.allowance_of_id is not None:
        freed = await free_under(connection, organization_id, before)
        if before.allowance_of_id != rule.allowance_of_id:
            await unlink(connection, organization_id, before)
            freed = ZERO
    await _save(connection, scope, rule, is_new=before is None)
    if before is None:
        await hold_before(connection, organization_id, rule, running)
        counts = await count_before(connection, organization_id, rule, windows)
        await write_counts(connection, organization_id, [rule], counts)
    elif _counting(before) != _counting(rule):
        counts = await recount(connection, organization_id, [rule])
        await write_counts(connection, organization_id, [rule], counts)
    if rule.allowance_of_id is not None:
        await hold_under(connection, organization_id, rule, freed)
    await record_act(
        connection,
        scope,
        "cap.set" if before is None else "cap.change",
        ("cap", rule.id),
        old=_told(before) if before is not None else None,
        new=_told(rule),
    )
    return rule.id


async def _live(
    connection: asyncpg.Connection, organization_id: UUID, setting: CapSetting
) -> CapRule | None:
    """The live cap on the same thing, period and action."""
    row = await connection.fetchrow(
        sql("cap_by_target"),
        organization_id,
        setting.target_id,
        setting.scope,
        setting.period,
        setting.action,
    )
    return CapRule(*row) if row is not None else None


async def remove_cap(connection: asyncpg.Connection, scope: Scope, cap_id: UUID) -> None:
    """Takes a cap away, and what is held under it; allowances out of it stand by themselves then.

    ADMIN above the level that it binds.
    """
    row = await connection.fetchrow(sql("cap_rule"), scope.organization_id, cap_id)
    if row is None:
        raise NotFoundError("There is no such cap.")
    rule = CapRule(*row)
    try:
        await _locate_target(connection, scope, _setting(rule))
    except NotFoundError:
        raise NotFoundError("There is no such cap.") from None
    await close_gate(connection, scope.organization_id)
    row = await connection.fetchrow(sql("cap_rule"), scope.organization_id, cap_id)
    if row is None:
        raise NotFoundError("There is no such cap.")
    rule = CapRule(*row)
    if rule.allowance_of_id is not None:
        await free_under(connection, scope.organization_id, rule)
        await unlink(connection, scope.organization_id, rule)
    await connection.execute(sql("cap_unlink_allowances"), scope.organization_id, cap_id)
    await connection.execute(sql("cap_remove"), scope.organization_id, cap_id)
    await connection.execute(sql("cap_free"), scope.organization_id, cap_id)
    await record_act(connection, scope, "cap.remove", ("cap", cap_id), old=_told(rule))


def _setting(rule: CapRule) -> CapSetting:
    return CapSetting(CapScope(rule.scope), rule.target_id, CapPeriod(rule.period), rule.limit)


async def _locate_target(connection: asyncpg.Connection, scope: Scope, setting: CapSetting) -> None:
    """Raises NotFoundError alike for a foreign, unreachable and unknown target; ForbiddenError for
    one that the scope may not limit."""
    kind, target_id = setting.scope, setting.target_id
    row = await connection.fetchrow(sql("cap_target"), scope.organization_id, kind, target_id)
    if row is None or not _reaches(scope, kind, target_id, row):
        raise NotFoundError(f"There is no such {_NOUNS[kind]}.")
    if not is_above(scope, kind, target_id, row["project_id"], row["workspace_id"]):
        raise ForbiddenError(f"This cap of the {_NOUNS[kind]} is set by those above it.")


def _reaches(scope: Scope, kind: CapScope, target_id: UUID, row: asyncpg.Record) -> bool:
    """Whether the scope may know of a thing at all."""
    if kind in (CapScope.PROJECT, CapScope.RUN):
        return scope.role_at_project(row["project_id"], row["workspace_id"]) is not None
    if kind is CapScope.WORKSPACE:
        return scope.workspace_ids is None or target_id in scope.workspace_ids
    if kind is CapScope.API_KEY:
        level = Level(None if row["project_id"] else row["workspace_id"], row["project_id"])
        role = level.role_of(scope) or Role.VIEWER
        return role >= Role.ADMIN or target_id == scope.api_key_id
    return True


async def _require_unit(
    connection: asyncpg.Connection,
    organization_id: UUID,
    setting: CapSetting,
    before: CapRule | None,
) -> None:
    """Credits are for organizations that pay in them; what is held cannot change its unit."""
    message, is_in_credits = None, setting.unit is SpendUnit.CREDITS
    if before is not None and before.unit != setting.unit:
        message = f"unit is {setting.unit}; remove the cap in {before.unit} first."
    elif is_in_credits and not await connection.fetchval(
        sql("cap_credits_are_paid"), organization_id
    ):
        message = "unit is CREDITS; the organization pays in dollars."
    if message is not None:
        raise UserErrors([UserError("INVALID", message, ("unit",))])


def _rule(setting: CapSetting, before: CapRule | None, first: date) -> CapRule:
    """The cap as it will be; one that is there keeps its id and the day it counts from."""
    return CapRule(
        id=before.id if before is not None else uuid7(),
        scope=setting.scope,
        target_id=setting.target_id,
        period=setting.period,
        action=setting.action,
        unit=setting.unit,
        limit=setting.limit,
        unpriced_policy=setting.unpriced_policy,
        assumed_input_price=setting.assumed_input_price,
        assumed_output_price=setting.assumed_output_price,
        allowance_of_id=setting.allowance_of_id,
        counted_from=before.counted_from if before is not None else first,
    )


def _counting(rule: CapRule) -> tuple[object, ...]:
    """What it depends on how the same entries count."""
    return (rule.unit, rule.assumed_input_price, rule.assumed_output_price)


async def _save(
    connection: asyncpg.Connection, scope: Scope, rule: CapRule, *, is_new: bool
) -> None:
    await connection.execute(
        sql("cap_insert") if is_new else sql("cap_update"),
        scope.organization_id,
        rule.id,
        rule.unit,
        rule.limit,
        rule.unpriced_policy,
        rule.assumed_input_price,
        rule.assumed_output_price,
        rule.allowance_of_id,
        scope.user_id,
        *(
            (rule.scope, rule.target_id, rule.period, rule.action, rule.counted_from)
            if is_new
            else ()
        ),
    )


def _told(rule: CapRule) -> dict[str, object]:
    """A cap as audit events have it."""

    def told(value: Decimal | None) -> str | None:
        return plain(value) if value is not None else None

    return {
        "scope": rule.scope,
        "targetId": rule.target_id,
        "period": rule.period,
        "action": rule.action,
        "unit": rule.unit,
        "limit": told(rule.limit),
        "unpricedPolicy": rule.unpriced_policy,
        "assumedInputPrice": told(rule.assumed_input_price),
        "assumedOutputPrice": told(rule.assumed_output_price),
        "allowanceOfId": rule.allowance_of_id,
    }
