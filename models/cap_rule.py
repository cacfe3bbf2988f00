"""The caps that apply to spending, as rules to decide and to count by, and what counts under them.

A cap applies to what is spent on its target: a run's to everything in its subagents too, a group's
to the workspaces that are in it now. Rules are ordered as they are locked: leaf to root, by id
within a level. Refused: reading what stands under a cap (see `cap.py`), and deciding.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.billing_cycle import load_cycles
from models.cap_window import BILLING_CYCLE, Window, Windows
from models.credit_balance import exact
from models.db import sql
from models.money import ZERO
from models.token import TokenCounts

_MILLIONTH = Decimal("0.000001")


class CapScope(StrEnum):
    """What a cap limits, in the order in which caps are locked: leaf to root."""

    RUN = "RUN"
    API_KEY = "API_KEY"
    USER = "USER"
    PROJECT = "PROJECT"
    WORKSPACE = "WORKSPACE"
    WORKSPACE_GROUP = "WORKSPACE_GROUP"
    ORGANIZATION = "ORGANIZATION"


class CapAction(StrEnum):
    """What a cap does when it is reached."""

    BLOCK = "BLOCK"
    WARN = "WARN"


class SpendUnit(StrEnum):
    """What amounts are measured in."""

    DOLLARS = "DOLLARS"
    CREDITS = "CREDITS"


class UnpricedPolicy(StrEnum):
    """What a cap does about a call whose price is unknown."""

    BLOCK = "BLOCK"
    ALLOW = "ALLOW"
    ASSUME = "ASSUME"


_RANKS: Mapping[str, int] = {scope: rank for rank, scope in enumerate(CapScope)}


@dataclass(frozen=True, slots=True)
class CapRule:
    """What a cap says. `limit` is in its unit; assumed prices are dollars per million tokens."""

    id: UUID
    scope: str
    target_id: UUID
    period: str
    action: str
    unit: str
    limit: Decimal
    unpriced_policy: str
    assumed_input_price: Decimal | None
    assumed_output_price: Decimal | None
    allowance_of_id: UUID | None
    counted_from: date
    place: tuple[int, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", (_RANKS[self.scope], self.id.bytes))

    @property
    def assumes(self) -> bool:
        """Whether calls without a known price count at assumed ones."""
        return self.unpriced_policy == UnpricedPolicy.ASSUME

    def assumed_cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Dollars that tokens without a known price are taken to cost; of a cap that assumes."""
        assert self.assumed_input_price is not None  # noqa: S101 - the table's own check
        assert self.assumed_output_price is not None  # noqa: S101
        with exact():
            return (
                input_tokens * self.assumed_input_price + output_tokens * self.assumed_output_price
            ) * _MILLIONTH


class Credits(NamedTuple):
    """What dollars come to in credits, and from when on; nothing where dollars are paid."""

    per_dollar: Decimal | None = None
    since: datetime | None = None

    def of(self, dollars: Decimal, at: datetime) -> Decimal:
        """The credits that dollars spent at an instant take."""
        if self.per_dollar is None or self.since is None or at < self.since:
            return ZERO
        with exact():
            return dollars * self.per_dollar


class Applying:
    """The live caps that apply to some spending, found by what an entry names."""

    def __init__(
        self,
        rules: Mapping[UUID, CapRule],
        by_leaf: Mapping[UUID, Sequence[CapRule]],
        windows: Windows,
        credits: Credits,
    ) -> None:
        self.rules = rules
        self.windows = windows
        self.credits = credits
        self._by_leaf = by_leaf

    def to(self, leaves: Iterable[UUID | None]) -> list[CapRule]:
        """The caps on these things, leaf to root."""
        found = [rule for leaf in leaves if leaf for rule in self._by_leaf.get(leaf, ())]
        return sorted(found, key=lambda rule: rule.place)

    def window(self, rule: CapRule, day: date) -> Window:
        """The window of a cap that a local day falls into."""
        return self.windows.of(rule.period, day)

    def in_unit(self, rule: CapRule, dollars: Decimal, at: datetime) -> Decimal:
        """Dollars spent at an instant, as the cap counts them."""
        return dollars if rule.unit == SpendUnit.DOLLARS else self.credits.of(dollars, at)


def input_tokens(tokens: TokenCounts) -> int:
    """What an assumed price of input counts: input of every class."""
    return tokens.input + tokens.cache_read + tokens.cache_write_5m + tokens.cache_write_1h


def output_tokens(tokens: TokenCounts) -> int:
    """What an assumed price of output counts: output and reasoning."""
    return tokens.output + tokens.reasoning


async def load_applying(
    connection: asyncpg.Connection,
    organization_id: UUID,
    *,
    run_ids: Collection[UUID],
    workspace_ids: Collection[UUID],
    other_ids: Collection[UUID],
    cap_ids: Collection[UUID] = (),
) -> Applying:
    """The live caps on these runs and workspaces (and what is above them), and on other things.

    `other_ids` are keys, people and projects; the organization's own come in any case, and so do
    the caps of `cap_ids`. A statement of the transaction before this one has entered the gate.
    """
    rows = await connection.fetch(
        sql("cap_applying"),
        organization_id,
        [*other_ids, *workspace_ids, organization_id],
        run_ids,
        workspace_ids,
        cap_ids,
    )
    rules: dict[UUID, CapRule] = {}
    by_leaf: dict[UUID, list[CapRule]] = {}
    credits = Credits()
    for leaf_id, credits_per_dollar, credits_from, *values in rows:
        credits = Credits(credits_per_dollar, credits_from)
        rule = rules.setdefault(values[0], CapRule(*values))
        by_leaf.setdefault(leaf_id, []).append(rule)
    windows = Windows()
    if any(rule.period == BILLING_CYCLE for rule in rules.values()):
        windows = Windows((await load_cycles(connection, organization_id)).anchors)
    return Applying(rules, by_leaf, windows, credits)


def covered(rules: Iterable[CapRule]) -> set[UUID]:
    """Caps of which an allowance among `rules` holds the money already: they hold nothing more."""
    by_id = {rule.id: rule for rule in rules}
    found: set[UUID] = set()
    for rule in by_id.values():
        above = rule.allowance_of_id
        while above is not None and above not in found:
            found.add(above)
            above = by_id[above].allowance_of_id if above in by_id else None
    return found
