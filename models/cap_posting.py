"""Counting what is posted under every cap that applies to it, and freeing what was held for it.

Called behind the ledger and the rollups, in their transaction: one statement finds the caps, one
adds. Additions are unconditional: what was charged is counted, also above a cap. An entry spent
under a reservation counts in the window that holds it, where the cap holds it, else in the window
of its local day. Windows are locked leaf to root, by cap within a level. Refused: judging whether
anything fits (see `admission.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from models.cap_rule import (
    Applying,
    CapRule,
    input_tokens,
    load_applying,
    output_tokens,
)
from models.cap_window import Window
from models.credit_balance import exact
from models.db import sql
from models.money import ZERO
from models.posting import Attribution, Entry


@dataclass(slots=True)
class Addition:
    """What is added to one window of a cap; `held` is not above 0 when it is freed."""

    rule: CapRule
    window: Window
    spent: Decimal = ZERO
    held: Decimal = ZERO
    unpriced: int = 0

    @property
    def place(self) -> tuple[tuple[int, bytes], date]:
        """Where it stands in the order of locks."""
        return (self.rule.place, self.window.first)


@dataclass(frozen=True, slots=True)
class HeldUnder:
    """What one reservation holds under one cap: in which window, and how much still."""

    reservation_id: UUID
    cap_id: UUID
    first_date: date
    amount: Decimal
    held: Decimal


@dataclass(slots=True)
class Settlement:
    """A reservation under which something is posted or freed now, locked by its caller.

    `holds` are what it holds under each cap; `ends` says whether nothing is held afterwards.
    `seen_at` is the database's clock.
    """

    reservation_id: UUID
    status: str
    held: Decimal
    credits_held: Decimal
    expires_at: datetime
    seen_at: datetime
    holds: Sequence[HeldUnder]
    ends: bool = False
    final_key: str | None = None
    final_hash: bytes | None = None
    posted: dict[UUID, Decimal] = field(default_factory=dict)
    """What was posted under each cap, in its unit; filled by `charge_caps`."""


class _Book:
    """Additions by cap and window."""

    def __init__(self) -> None:
        self.additions: dict[tuple[UUID, date], Addition] = {}

    def at(self, rule: CapRule, window: Window) -> Addition:
        key = (rule.id, window.first)
        if key not in self.additions:
            self.additions[key] = Addition(rule, window)
        return self.additions[key]

    def ordered(self) -> list[Addition]:
        return sorted(self.additions.values(), key=lambda addition: addition.place)


async def charge_caps(
    connection: asyncpg.Connection,
    organization_id: UUID,
    entries: Sequence[Entry],
    settlements: Sequence[Settlement] = (),
) -> None:
    """Adds entries to what was spent under their caps, and frees what settlements held."""
    under = {settled.reservation_id: settled for settled in settlements}
    windows = await _held_windows(connection, organization_id, entries, under)
    owed = [entry.attribution for entry in entries]
    applying = await load_applying(
        connection,
        organization_id,
        run_ids={of.run_id for of in owed if of.run_id is not None},
        workspace_ids={of.workspace_id for of in owed},
        other_ids={id for of in owed for id in (of.api_key_id, of.user_id, of.project_id) if id},
        cap_ids={cap_id for _, cap_id in windows},
    )
    book = _Book()
    with exact():
        for entry in entries:
            _count(entry, organization_id, applying, windows, under, book)
        for settled in settlements:
            _free(settled, applying, book)
        await _add(connection, organization_id, book)


def leaves(of: Attribution, organization_id: UUID) -> tuple[UUID | None, ...]:
    """What an entry names, through which caps apply to it."""
    return (
        of.run_id,
        of.api_key_id,
        of.user_id,
        of.project_id,
        of.workspace_id,
        organization_id,
    )


async def _held_windows(
    connection: asyncpg.Connection,
    organization_id: UUID,
    entries: Iterable[Entry],
    under: Mapping[UUID, Settlement],
) -> dict[tuple[UUID, UUID], date]:
    """In which window each reservation's caps hold it; read only where settling has not done so."""
    named = {entry.attribution.reservation_id for entry in entries} - {None}
    found = {
        (settled.reservation_id, hold.cap_id): hold.first_date
        for settled in under.values()
        for hold in settled.holds
    }
    if unread := named - under.keys():
        rows = await connection.fetch(sql("reservation_windows"), organization_id, unread)
        found |= {(row["reservation_id"], row["cap_id"]): row["first_date"] for row in rows}
    return found


def _count(
    entry: Entry,
    organization_id: UUID,
    applying: Applying,
    windows: Mapping[tuple[UUID, UUID], date],
    under: Mapping[UUID, Settlement],
    book: _Book,
) -> None:
    of = entry.attribution
    rules = {rule.id: rule for rule in applying.to(leaves(of, organization_id))}
    if of.reservation_id is not None:
        # A cap that holds it counts it, even if the workspace has left the group since.
        rules |= {
            cap_id: applying.rules[cap_id]
            for reservation_id, cap_id in windows
            if reservation_id == of.reservation_id and cap_id in applying.rules
        }
    settled = under.get(of.reservation_id) if of.reservation_id is not None else None
    for rule in rules.values():
        held_on = windows.get((of.reservation_id, rule.id)) if of.reservation_id else None
        window = applying.window(rule, held_on or of.day.date)
        if window.first < rule.counted_from:
            continue
        spent, unpriced = counted(rule, entry, applying)
        addition = book.at(rule, window)
        addition.spent += spent
        addition.unpriced += unpriced
        if settled is not None:
            settled.posted[rule.id] = settled.posted.get(rule.id, ZERO) + spent


def counted(rule: CapRule, entry: Entry, applying: Applying) -> tuple[Decimal, int]:
    """What an entry adds under a cap: in the cap's unit, and to the calls left out of it."""
    cost = entry.cost
    if cost is None:
        if not rule.assumes:
            return ZERO, entry.unpriced
        tokens = entry.tokens
        cost = rule.assumed_cost(input_tokens(tokens), output_tokens(tokens))
    return applying.in_unit(
        rule, cost, entry.attribution.occurred_at
    ), 0 if rule.assumes else entry.unpriced


def _free(settled: Settlement, applying: Applying, book: _Book) -> None:
    """Frees what was posted, or all of it at the end."""
    for hold in settled.holds:
        rule = applying.rules.get(hold.cap_id)
        if rule is None or not hold.held:
            continue
        freed = hold.held if settled.ends else _spent_of(hold, settled)
        addition = book.at(rule, applying.window(rule, hold.first_date))
        addition.held -= freed


def _spent_of(hold: HeldUnder, settled: Settlement) -> Decimal:
    return max(ZERO, min(hold.held, settled.posted.get(hold.cap_id, ZERO)))


def held_after(hold: HeldUnder, settled: Settlement) -> Decimal:
    """What a reservation still holds under a cap after what was posted."""
    return ZERO if settled.ends else hold.held - _spent_of(hold, settled)


async def _add(connection: asyncpg.Connection, organization_id: UUID, book: _Book) -> None:
    """Locks and adds in order; then frees what is held, under the same locks."""
    additions = book.ordered()
    if not additions:
        return
    columns = zip(
        *(
            (each.rule.id, each.window.first, each.window.last, each.spent, each.unpriced)
            for each in additions
        ),
        strict=True,
    )
    rows = await connection.fetch(sql("cap_window_add"), organization_id, *columns)
    spent = {(row["cap_id"], row["first_date"]): row["spent"] for row in rows}
    for each in additions:
        _use_allowance(each, spent[each.rule.id, each.window.first], book)
    frees = [each for each in book.ordered() if each.held]
    if frees:
        await connection.execute(
            sql("cap_window_hold"),
            organization_id,
            [each.rule.id for each in frees],
            [each.window.first for each in frees],
            [each.held for each in frees],
        )


def _use_allowance(each: Addition, spent: Decimal, book: _Book) -> None:
    """What an allowance has spent is no longer held for it under the cap that it comes from."""
    rule = each.rule
    above = (
        book.additions.get((rule.allowance_of_id, each.window.first))
        if (rule.allowance_of_id is not None)
        else None
    )
    if above is None:
        return
    before = max(ZERO, rule.limit - (spent - each.spent))
    above.held += max(ZERO, rule.limit - spent) - before
