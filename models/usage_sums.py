"""What rollup cells come to: requests, tokens, dollars, and how much of it has no price.

Every report of usage adds these up, so that their parts and totals are sums of one kind. Refused: a
cost of 0 for what has no price, and rounding.
"""

from dataclasses import dataclass
from decimal import Decimal

import asyncpg

from models.money import ZERO

SUMMED = ", ".join(
    f"coalesce(sum({name}), 0)::{kind} AS {name}"
    for name, kind in (
        ("requests", "bigint"),
        ("input_tokens", "bigint"),
        ("output_tokens", "bigint"),
        ("cost", "numeric"),
        ("unpriced", "bigint"),
    )
)
"""The sums of a group of cells, in SQL; `Sums.of` reads them."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What cells come to. `cost` leaves out what has no price, which `unpriced` counts."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = ZERO
    unpriced: int = 0

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Sums":
        """Those of a row that has columns of their names."""
        names = ("requests", "input_tokens", "output_tokens", "cost", "unpriced")
        return cls(*(row[name] for name in names))

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
            self.unpriced + other.unpriced,
        )

    @property
    def total_tokens(self) -> int:
        """Input and output tokens."""
        return self.input_tokens + self.output_tokens

    @property
    def is_something(self) -> bool:
        """Whether anything is left of it after corrections."""
        return any((self.requests, self.input_tokens, self.output_tokens, self.cost, self.unpriced))

    @property
    def priced_requests(self) -> int:
        """Requests that had a price."""
        return self.requests - self.unpriced

    @property
    def told_cost(self) -> Decimal | None:
        """Dollars; None when requests were made and none of them had a price."""
        is_unpriced = self.unpriced > 0 and self.priced_requests <= 0 and not self.cost
        return None if is_unpriced else self.cost
