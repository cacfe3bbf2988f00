"""Allowances: a part of a run's cap that is given to a run which it started, and held for it.

What is left of an allowance is held under the cap that it comes from; as the child spends, it moves
from there to what is spent (see `cap_posting.py`), and what was not used is free again when the
allowance goes. Reservations of the child hold under the allowance alone, since that is held
already. Everything here happens behind a closed gate. Refused: allowances that do not fit, or that
come from a cap of another kind than a run's whole life.
"""

from decimal import Decimal
from uuid import UUID

import asyncpg

from models.cap_rule import CapRule
from models.cap_window import LIFE
from models.db import sql
from models.errors import UserError, UserErrors
from models.money import ZERO, plain


async def hold_under(
    connection: asyncpg.Connection, organization_id: UUID, rule: CapRule, freed: Decimal = ZERO
) -> None:
    """Holds what is left of an allowance; UserErrors when the cap that it comes from is too small.

    The allowance has been written, and counted. `freed` is what it held there before: no more than
    that fits in any case.
    """
    parent = await require_parent(connection, organization_id, rule)
    await connection.execute(
        sql("cap_window_insert"), organization_id, [parent.id], [LIFE.first], [LIFE.last]
    )
    standing = await connection.fetchrow(sql("cap_allowance_hold"), organization_id, rule.id, 1)
    assert standing is not None  # noqa: S101 - the window was just begun
    left: Decimal = parent.limit - standing["spent"] - standing["held"]
    if left < 0 and standing["rest"] > freed:
        room = max(ZERO, left + standing["rest"])
        message = (
            f"limit leaves {plain(standing['rest'])} to be held; the cap that it comes from has"
            f" {plain(room)} left."
        )
        raise UserErrors([UserError("OUT_OF_RANGE", message, ("limit",))])


async def require_parent(
    connection: asyncpg.Connection, organization_id: UUID, rule: CapRule
) -> CapRule:
    """The cap that an allowance comes from; UserErrors where none can give it."""
    row = await connection.fetchrow(
        sql("cap_allowance_parent"), organization_id, rule.allowance_of_id, rule.target_id
    )
    parent = CapRule(*row) if row is not None else None
    path = ("allowanceOfCapId",)
    if parent is None:
        message = "There is no such blocking cap on the whole life of a run that started this one."
        raise UserErrors([UserError("NOT_FOUND", message, path)])
    if parent.unit != rule.unit:
        message = f"unit is {rule.unit}; that cap counts {parent.unit}."
        raise UserErrors([UserError("INVALID", message, ("unit",))])
    return parent


async def free_under(
    connection: asyncpg.Connection, organization_id: UUID, rule: CapRule
) -> Decimal:
    """Frees what is left of an allowance, before it is changed or goes; tells how much that was."""
    [row] = await connection.fetch(sql("cap_allowance_hold"), organization_id, rule.id, -1)
    freed: Decimal = -row["rest"]
    return freed


async def unlink(connection: asyncpg.Connection, organization_id: UUID, rule: CapRule) -> None:
    """Lets the child's open reservations hold under the parent's cap by themselves."""
    await connection.execute(
        sql("cap_allowance_move"), organization_id, rule.id, rule.allowance_of_id
    )
