"""Prices as people look at them: in force at an instant, by id, and a model's whole history.

An organization's own go before the public ones, by the rules of `price.py`. Refused: pricing a call
from here; only `PriceBook.resolve` does that.
"""

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.access import Scope
from models.db import sql
from models.model_name import canonical_provider, identify
from models.page import FIRST_NAME, Named, Page, page
from models.price import REQUEST
from models.token import TokenClass

CLASSES = tuple(str(each) for each in TokenClass)
"""The classes that are priced by the token, in order."""
EVERY_CLASS = (*CLASSES, REQUEST)


class Price(NamedTuple):
    """One price, in the order of the columns of `price_list.sql`."""

    organization_id: UUID
    id: UUID
    key: str
    is_own: bool
    provider: str
    model: str
    token_class: str
    dollars_per_million: Decimal
    min_input_tokens: int
    tier: str
    starts_at: datetime
    ends_at: datetime | None
    daily_from: time | None
    daily_until: time | None
    origin: str

    @property
    def place(self) -> Named:
        """Where it stands in the list."""
        return Named(self.key, self.id)

    @property
    def source(self) -> str:
        """`ORGANIZATION` for its own, else `PUBLIC`."""
        return "ORGANIZATION" if self.is_own else "PUBLIC"

    @property
    def service_tier(self) -> str | None:
        """The service tier; None for the standard one."""
        return self.tier or None


class KnownPrice(NamedTuple):
    """One row of a model's history, in the order of `price_history.sql`."""

    is_own: bool
    provider: str
    model: str
    token_class: str
    dollars_per_million: Decimal
    min_input_tokens: int
    service_tier: str
    starts_at: datetime
    daily_from: time | None
    daily_until: time | None
    adopted_at: datetime
    source: str


async def list_prices(
    connection: asyncpg.Connection,
    scope: Scope,
    at: datetime,
    *,
    size: int,
    after: Named | None = None,
    provider: str | None = None,
    model: str | None = None,
    classes: Sequence[str] = CLASSES,
) -> Page[Price]:
    """A page of the prices in force, by provider, model, class, service tier and size of call."""
    rows = await connection.fetch(
        sql("price_list"),
        scope.organization_id,
        at,
        None if provider is None else [canonical_provider(provider)],
        None if model is None else _names(provider, model),
        classes,
        *(after or FIRST_NAME),
        size + 1,
    )
    return page([Price._make(row) for row in rows], size)


async def load_prices(
    connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
) -> list[Price | None]:
    """Prices by id, whether in force or not: public ones, and the organization's own."""
    rows = await connection.fetch(sql("price_show"), scope.organization_id, list(ids))
    found = {row["id"]: Price._make(row) for row in rows}
    return [found.get(id) for id in ids]


async def price_history(
    connection: asyncpg.Connection, scope: Scope, model: str, *, provider: str | None = None
) -> list[KnownPrice]:
    """Every price known of a model, from the first start on; own ones before public.

    Of a provider that resells under another's list, that list is shown too.
    """
    providers = None
    if provider is not None:
        known = identify(provider, model)
        providers = [canonical_provider(provider), *([known.list_provider] if known else [])]
    rows = await connection.fetch(
        sql("price_history"),
        scope.organization_id,
        _names(provider, model),
        providers,
        EVERY_CLASS,
    )
    return [KnownPrice._make(row) for row in rows]


def _names(provider: str | None, model: str) -> list[str]:
    """The names that a model's prices go by: its own, and that of the public list."""
    names = {model.strip().lower()}
    if known := identify(provider, model):
        names.add(known.model.lower())
    return sorted(names)
