"""Prices: dated rows, the book that finds what applies to a call, and the rate that it comes to.

The public rows are the same for everybody (`public_price.py` adopts them); an organization's own go
before them, class by class. Rows are appended, never edited. Refused: a price for what nobody has
priced (None, which is not 0), rates with more than six decimals, and rounding of any cost.
"""

import json
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Context, Decimal
from typing import Final, TypeVar
from uuid import UUID, uuid5

import asyncpg

from models.db import sql
from models.model_name import MAX_NAME_LENGTH, canonical_provider, identify
from models.token import TokenClass, TokenCounts

PRICE_SCALE = 6
REQUEST: Final = "REQUEST"
"""The token class of a price per thousand requests, for models that bill by the call as well."""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""The start of a price that has no known start."""
PARENT: Mapping[str, str] = {
    TokenClass.CACHE_READ: TokenClass.INPUT,
    TokenClass.CACHE_WRITE_5M: TokenClass.INPUT,
    TokenClass.CACHE_WRITE_1H: TokenClass.CACHE_WRITE_5M,
    TokenClass.REASONING: TokenClass.OUTPUT,
}
"""What a class without a price of its own is billed as."""

Price = TypeVar("Price")

_MIDNIGHT = time()
_SCHEDULE_COUNT = 4096
_RATE_NAMESPACE = UUID("7f0c6f0e-5d0b-5e0e-9a43-3b6d2a1c9e57")
_EXACT = Context(prec=100)
_MINUS_TWELVE = Decimal(-12)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """Dollars per million tokens of one class (per thousand, of `REQUEST`) from an instant on."""

    provider: str
    model: str
    token_class: str
    dollars_per_million: Decimal
    min_input_tokens: int = 0
    service_tier: str = ""
    starts_at: datetime = ALWAYS
    daily_from: time | None = None
    daily_until: time | None = None
    adopted_at: datetime = ALWAYS
    source: str = ""

    def is_in_force(self, at: datetime, clock: time) -> bool:
        """Whether it has begun, and its daily window (UTC, may span midnight) is open."""
        if self.starts_at > at:
            return False
        if self.daily_from is None or self.daily_until is None:
            return True
        if self.daily_from <= self.daily_until:
            return self.daily_from <= clock < self.daily_until
        return clock >= self.daily_from or clock < self.daily_until

    @property
    def precedence(self) -> tuple[bool, datetime, datetime, time]:
        """Of rows in force the greatest holds: an open window, then the latest start."""
        windowed = self.daily_from is not None
        return (windowed, self.starts_at, self.adopted_at, self.daily_from or _MIDNIGHT)


@dataclass(frozen=True, slots=True)
class Rate:
    """The unit prices of a call, fall-backs resolved: dollars per million tokens of each class.

    `request` is dollars per thousand requests. The id is made from the content: equal rates of
    different processes are one row.
    """

    provider: str
    model: str
    service_tier: str
    input: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    output: Decimal
    reasoning: Decimal
    request: Decimal = Decimal(0)
    id: UUID = field(init=False)
    _micros: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prices = self.prices
        micros = tuple(int(price.scaleb(PRICE_SCALE, _EXACT)) for price in prices)
        for price, micro in zip(prices, micros, strict=True):
            if micro < 0 or price.scaleb(PRICE_SCALE, _EXACT) != micro:
                raise ValueError(f"a price has 0 to {PRICE_SCALE} decimals and no sign: {price}")
        content = [self.provider, self.model, self.service_tier, *map(str, micros)]
        object.__setattr__(self, "_micros", micros)
        object.__setattr__(self, "id", uuid5(_RATE_NAMESPACE, json.dumps(content)))

    @property
    def prices(self) -> tuple[Decimal, ...]:
        """The unit prices in the order of `TokenClass`, then `request`."""
        return (
            self.input,
            self.cache_read,
            self.cache_write_5m,
            self.cache_write_1h,
            self.output,
            self.reasoning,
            self.request,
        )

    def cost(self, tokens: TokenCounts, requests: int) -> Decimal:
        """Dollars, exact: whole millionths of a millionth are summed, nothing is ever rounded."""
        input_, cache_read, cache_write_5m, cache_write_1h, output, reasoning, request = (
            self._micros
        )
        trillionths = (
            tokens.input * input_
            + tokens.cache_read * cache_read
            + tokens.cache_write_5m * cache_write_5m
            + tokens.cache_write_1h * cache_write_1h
            + tokens.output * output
            + tokens.reasoning * reasoning
            + requests * request * 1000
        )
        return _EXACT.scaleb(Decimal(trillionths), _MINUS_TWELVE)


class PriceBook:
    """All price rows that one organization is billed by, found by provider, model and instant."""

    def __init__(self, public: Iterable[PriceRow], own: Iterable[PriceRow] = ()) -> None:
        self._public = _by_model(_latest_lists(public))
        self._set_own(own)

    def for_organization(self, own: Collection[PriceRow]) -> "PriceBook":
        """The same public rows (shared, not copied) behind an organization's own, if it has any."""
        if not own:
            return self
        book = PriceBook.__new__(PriceBook)
        book._public = self._public
        book._set_own(own)
        return book

    def _set_own(self, own: Iterable[PriceRow]) -> None:
        self._own = _by_model(own)
        self._own_providers: dict[str, list[str]] = {}
        for provider, model in self._own:
            self._own_providers.setdefault(model, []).append(provider)
        self._schedules: dict[tuple[str | None, str, str], _Schedule] = {}

    def resolve(
        self,
        provider: str | None,
        model: str,
        at: datetime,
        *,
        input_tokens: int,
        service_tier: str = "",
    ) -> Rate | None:
        """The rate of one call, or None when it has no price. `input_tokens` includes cached ones.

        A service tier without prices of its own is billed as the standard one. Without a provider
        the model's name has to say whose it is.
        """
        key = (provider, model, service_tier)
        schedule = self._schedules.get(key)
        if schedule is None:
            schedule = self._schedule(key)
        return schedule.rate(at, input_tokens)

    def _schedule(self, key: tuple[str | None, str, str]) -> "_Schedule":
        schedule = self._find(*key)
        if max(map(len, (key[0] or "", key[1], key[2]))) > MAX_NAME_LENGTH:
            return schedule
        while len(self._schedules) >= _SCHEDULE_COUNT:
            # The oldest goes; another thread may have taken it.
            self._schedules.pop(next(iter(self._schedules)), None)
        self._schedules[key] = schedule
        return schedule

    def _find(self, provider: str | None, model: str, service_tier: str) -> "_Schedule":
        """Gathers the rows that can apply, own ones before public, exact names before canonical."""
        name = model.strip().lower()
        tier = service_tier.strip().lower()
        known = identify(provider, model)
        seller = canonical_provider(provider) if provider is not None else None
        if known is not None:
            seller = known.provider
        elif seller is None:
            sellers = self._own_providers.get(name, [])
            seller = sellers[0] if len(sellers) == 1 else None
        if seller is None:
            return _Schedule("", name, tier, [])
        lists = [self._own.get((seller, name), [])]
        if known is not None and known.model.lower() != name:
            lists.append(self._own.get((seller, known.model.lower()), []))
        public_key = (known.list_provider, known.model.lower()) if known else (seller, name)
        public = self._public.get(public_key, [])
        # A reseller's tiers are its own affair: the list that it borrows says nothing of them.
        lists.append(public if public_key[0] == seller else _of_tier(public, ""))
        canonical = next((rows[0].model for rows in reversed(lists) if rows), name)
        tiers = [tier, ""] if tier else [""]
        layers = [_of_tier(rows, each) for each in tiers for rows in lists]
        return _Schedule(seller, canonical, tier, layers)


class _Schedule:
    """The rates of one model over time, hour of day and size of the call, each made when needed."""

    def __init__(
        self, provider: str, model: str, service_tier: str, layers: Sequence[Sequence[PriceRow]]
    ) -> None:
        self._provider, self._model, self._service_tier = provider, model, service_tier
        self._layers = [_by_class(rows) for rows in layers if rows]
        rows = [row for layer in layers for row in layer]
        self._starts = sorted({row.starts_at for row in rows})
        self._clocks = sorted(
            {_MIDNIGHT}
            | {row.daily_from for row in rows if row.daily_from is not None}
            | {row.daily_until for row in rows if row.daily_until is not None}
        )
        self._sizes = sorted({0} | {row.min_input_tokens for row in rows})
        self._rates: dict[tuple[int, int, int], Rate | None] = {}

    def rate(self, at: datetime, input_tokens: int) -> Rate | None:
        start = bisect_right(self._starts, at) - 1
        if start < 0:
            return None
        clock = 0
        if len(self._clocks) > 1:
            clock = bisect_right(self._clocks, at.astimezone(UTC).time()) - 1
        size = bisect_right(self._sizes, input_tokens) - 1 if input_tokens > 0 else 0
        cell = (start, clock, size)
        try:
            return self._rates[cell]
        except KeyError:
            rate = self._rates[cell] = self._make_rate(*cell)
            return rate

    def _make_rate(self, start: int, clock: int, size: int) -> Rate | None:
        at, hour, input_tokens = self._starts[start], self._clocks[clock], self._sizes[size]
        applied: dict[str, PriceRow] = {}
        for token_class in (*TokenClass, REQUEST):
            for layer in self._layers:
                row = _row_in_force(layer.get(token_class, []), at, hour, input_tokens)
                if row is not None:
                    applied[token_class] = row
                    break
        if TokenClass.INPUT not in applied or TokenClass.OUTPUT not in applied:
            return None
        stated = {name: row.dollars_per_million for name, row in applied.items()}
        in_tier = any(row.service_tier for row in applied.values())
        return Rate(
            provider=self._provider,
            model=self._model,
            service_tier=self._service_tier if in_tier else "",
            input=stated[TokenClass.INPUT],
            cache_read=resolve_class(stated, TokenClass.CACHE_READ),
            cache_write_5m=resolve_class(stated, TokenClass.CACHE_WRITE_5M),
            cache_write_1h=resolve_class(stated, TokenClass.CACHE_WRITE_1H),
            output=stated[TokenClass.OUTPUT],
            reasoning=resolve_class(stated, TokenClass.REASONING),
            request=stated.get(REQUEST, Decimal(0)),
        )


def resolve_class(stated: Mapping[str, Price], token_class: str) -> Price:
    """What a class is billed at: its own price, else its parent's."""
    while token_class not in stated:
        token_class = PARENT[token_class]
    return stated[token_class]


def _row_in_force(
    rows: Sequence[PriceRow], at: datetime, clock: time, input_tokens: int
) -> PriceRow | None:
    """Of one class: the latest list in force, and in it the tier that the call's size reaches."""
    in_force = [row for row in rows if row.is_in_force(at, clock)]
    if not in_force:
        return None
    latest = max(row.precedence for row in in_force)
    reached = [
        row for row in in_force if row.precedence == latest and row.min_input_tokens <= input_tokens
    ]
    return max(reached, key=lambda row: row.min_input_tokens, default=None)


def _latest_lists(rows: Iterable[PriceRow]) -> list[PriceRow]:
    """Without the public lists that a later adoption of the same model has replaced as a whole."""
    rows = list(rows)
    latest: dict[tuple[str, str], datetime] = {}
    for row in rows:
        key = (row.provider, row.model)
        latest[key] = max(latest.get(key, row.adopted_at), row.adopted_at)
    return [row for row in rows if row.adopted_at == latest[row.provider, row.model]]


def _by_model(rows: Iterable[PriceRow]) -> dict[tuple[str, str], list[PriceRow]]:
    found: dict[tuple[str, str], list[PriceRow]] = {}
    providers: dict[str, str] = {}
    for row in rows:
        provider = providers.get(row.provider)
        if provider is None:
            provider = providers[row.provider] = canonical_provider(row.provider)
        found.setdefault((provider, row.model.strip().lower()), []).append(row)
    return found


def _by_class(rows: Iterable[PriceRow]) -> dict[str, list[PriceRow]]:
    found: dict[str, list[PriceRow]] = {}
    for row in rows:
        found.setdefault(row.token_class, []).append(row)
    return found


def _of_tier(rows: Iterable[PriceRow], service_tier: str) -> list[PriceRow]:
    return [row for row in rows if row.service_tier.lower() == service_tier]


async def load_price_book(
    connection: asyncpg.Connection,
    organization_id: UUID | None = None,
    *,
    public: PriceBook | None = None,
) -> PriceBook:
    """Reads the rows; with a `public` book that is already there only the organization's own."""
    if public is None:
        public = PriceBook(_row(record) for record in await connection.fetch(sql("price_public")))
    if organization_id is None:
        return public
    records = await connection.fetch(sql("price_own"), organization_id)
    return public.for_organization([_row(record) for record in records])


async def load_price_book_at(
    connection: asyncpg.Connection, organization_id: UUID, adopted_until: datetime
) -> PriceBook:
    """The book as it was known at an instant: rows that were adopted later are not in it."""
    public = await connection.fetch(sql("price_public_until"), adopted_until)
    own = await connection.fetch(sql("price_own_until"), organization_id, adopted_until)
    return PriceBook(map(_row, public), map(_row, own))


def _row(record: asyncpg.Record) -> PriceRow:
    return PriceRow(*record)
