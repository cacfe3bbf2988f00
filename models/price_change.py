"""An organization's own prices: appended with their start, never edited.

A row set later for the same start replaces the one before it from then on; both stay. Saying the
same again changes nothing. Refused: prices that would leave a model priced by half (a model that no
list knows needs input and output), starts more than 400 days back, and guesses at names. ADMIN of
the organization; each change leaves an audit event in its own transaction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg

from models.access import Role, Scope
from models.audit import record_act
from models.db import sql
from models.errors import UserError, UserErrors
from models.event_check import is_storable
from models.ids import uuid7
from models.model_name import MAX_NAME_LENGTH, canonical_provider
from models.money import decimals, plain
from models.price import PRICE_SCALE, PriceBook, PriceRow, load_price_book
from models.price_list import CLASSES
from models.token import MAX_COUNT

MOST_RATES = 100
GREATEST_PRICE = Decimal(100_000)
"""Dollars per million tokens; a hundred times what the dearest model costs."""
BACK_DAYS = 400
_BACK = timedelta(days=BACK_DAYS)
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class NewRate:
    """Dollars per million tokens of one class, from a size of call on, in one service tier."""

    token_class: str
    dollars_per_million: Decimal
    min_input_tokens: int = 0
    service_tier: str = ""


@dataclass(frozen=True, slots=True)
class NewPrice:
    """What a model costs at a provider from an instant on."""

    provider: str
    model: str
    starts_at: datetime
    rates: tuple[NewRate, ...]


async def set_price(
    connection: asyncpg.Connection, scope: Scope, wanted: NewPrice, *, now: datetime | None = None
) -> list[UUID]:
    """Appends prices of the organization's own and answers their ids, in the order given.

    Raises UserErrors for what cannot be. ADMIN of the organization.
    """
    scope.require_organization(Role.ADMIN)
    now = now or datetime.now(UTC)
    errors = list(_check(wanted, now))
    if errors:
        raise UserErrors(errors)
    wanted = _cleaned(wanted)
    # Held against another change, so that the later of two is the later in the book too.
    await connection.execute(sql("organization_lock"), scope.organization_id)
    if known := await _already_set(connection, scope, wanted):
        return known
    await _require_whole(connection, scope, wanted)
    ids = await _insert(connection, scope, wanted, now)
    new = {
        "provider": wanted.provider,
        "model": wanted.model,
        "startsAt": wanted.starts_at,
        "rates": [_told(rate) for rate in wanted.rates],
    }
    await record_act(connection, scope, "price.set", ("price", ids[0]), new=new)
    return ids


def _check(wanted: NewPrice, now: datetime) -> Iterator[UserError]:
    yield from _check_name("provider", wanted.provider)
    yield from _check_name("model", wanted.model)
    if wanted.starts_at < now - _BACK:
        message = (
            f"startsAt is {wanted.starts_at.isoformat()}; at most {BACK_DAYS} days ago is expected."
        )
        yield UserError("OUT_OF_RANGE", message, ("startsAt",))
    count = len(wanted.rates)
    if not 1 <= count <= MOST_RATES:
        message = f"rates has {count} entries; 1 to {MOST_RATES} are expected."
        yield UserError("OUT_OF_RANGE", message, ("rates",))
        return
    seen = set()
    for place, rate in enumerate(wanted.rates):
        yield from _check_rate(rate, ("rates", str(place)))
        key = (rate.token_class, rate.min_input_tokens, rate.service_tier.strip().lower())
        if key in seen:
            message = f"{rate.token_class} is given twice for one size and service tier."
            yield UserError("INVALID", message, ("rates", str(place)))
        seen.add(key)


def _check_rate(rate: NewRate, path: tuple[str, ...]) -> Iterator[UserError]:
    dollars = rate.dollars_per_million
    field = (*path, "dollarsPerMillion")
    if rate.token_class not in CLASSES:
        message = f"tokenClass is {rate.token_class}; one of {', '.join(CLASSES)} is expected."
        yield UserError("INVALID", message, (*path, "tokenClass"))
    if not 0 <= dollars <= GREATEST_PRICE:
        text = plain(dollars)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        message = f"dollarsPerMillion is {shown}; 0 to {plain(GREATEST_PRICE)} is expected."
        yield UserError("OUT_OF_RANGE", message, field)
    elif decimals(dollars) > PRICE_SCALE:
        message = (
            f"dollarsPerMillion has {decimals(dollars)} decimals; at most {PRICE_SCALE} are kept."
        )
        yield UserError("TOO_PRECISE", message, field)
    if not 0 <= rate.min_input_tokens <= MAX_COUNT:
        message = f"minInputTokens is {rate.min_input_tokens}; 0 to {MAX_COUNT} is expected."
        yield UserError("OUT_OF_RANGE", message, (*path, "minInputTokens"))
    if rate.service_tier.strip():
        yield from _check_name("serviceTier", rate.service_tier, *path)


def _check_name(name: str, text: str, *path: str) -> Iterator[UserError]:
    if not text.strip():
        yield UserError("REQUIRED", f"{name} is empty; a name is expected.", (*path, name))
    elif len(text) > MAX_NAME_LENGTH:
        message = f"{name} has {len(text)} characters; at most {MAX_NAME_LENGTH} are expected."
        yield UserError("OUT_OF_RANGE", message, (*path, name))
    elif not is_storable(text):
        message = f"{name} holds a NUL or half a surrogate pair; text is expected."
        yield UserError("INVALID", message, (*path, name))


def _cleaned(wanted: NewPrice) -> NewPrice:
    """Names as the book finds them; scales as they are kept."""
    rates = (
        replace(
            rate,
            dollars_per_million=Decimal(plain(rate.dollars_per_million)),
            service_tier=rate.service_tier.strip().lower(),
        )
        for rate in wanted.rates
    )
    provider, model = canonical_provider(wanted.provider), wanted.model.strip()
    return NewPrice(provider, model, wanted.starts_at, tuple(rates))


async def _already_set(
    connection: asyncpg.Connection, scope: Scope, wanted: NewPrice
) -> list[UUID] | None:
    """The rows that say just this already, for this start, and hold."""
    rows = await connection.fetch(
        sql("price_own_latest"),
        scope.organization_id,
        wanted.provider,
        wanted.model,
        wanted.starts_at,
    )
    changed = {(rate.token_class, rate.service_tier) for rate in wanted.rates}
    said = {
        NewRate(
            row["token_class"],
            row["dollars_per_million"],
            row["min_input_tokens"],
            row["service_tier"],
        ): row["id"]
        for row in rows
        if row["is_latest"] and (row["token_class"], row["service_tier"]) in changed
    }
    if set(said) != set(wanted.rates):
        return None
    return [said[rate] for rate in wanted.rates]


async def _require_whole(connection: asyncpg.Connection, scope: Scope, wanted: NewPrice) -> None:
    """The book itself is asked whether calls will have a price: in each service tier, from 0 on."""
    rows = [
        PriceRow(
            provider=wanted.provider,
            model=wanted.model,
            token_class=rate.token_class,
            dollars_per_million=rate.dollars_per_million,
            min_input_tokens=rate.min_input_tokens,
            service_tier=rate.service_tier,
            starts_at=wanted.starts_at,
            adopted_at=datetime.max.replace(tzinfo=UTC),
        )
        for rate in wanted.rates
    ]
    book = await _book_with(connection, scope, rows)
    tiers = {rate.service_tier for rate in wanted.rates}
    if all(
        book.resolve(
            wanted.provider, wanted.model, wanted.starts_at, input_tokens=0, service_tier=tier
        )
        for tier in tiers
    ):
        return
    message = (
        "No list prices this model yet: rates of INPUT and OUTPUT from 0 input tokens on are"
        " expected, in the standard service tier or in each that is given."
    )
    raise UserErrors([UserError("REQUIRED", message, ("rates",))])


async def _book_with(
    connection: asyncpg.Connection, scope: Scope, rows: Sequence[PriceRow]
) -> PriceBook:
    public = await load_price_book(connection)
    records = await connection.fetch(sql("price_own"), scope.organization_id)
    return public.for_organization([*(PriceRow(*record) for record in records), *rows])


async def _insert(
    connection: asyncpg.Connection, scope: Scope, wanted: NewPrice, now: datetime
) -> list[UUID]:
    ids = [uuid7() for _ in wanted.rates]
    await connection.execute(
        sql("price_insert"),
        scope.organization_id,
        wanted.provider,
        wanted.model,
        wanted.starts_at,
        now,
        scope.user_id,
        ids,
        [rate.token_class for rate in wanted.rates],
        [rate.dollars_per_million for rate in wanted.rates],
        [rate.min_input_tokens for rate in wanted.rates],
        [rate.service_tier for rate in wanted.rates],
    )
    return ids


def _told(rate: NewRate) -> dict[str, object]:
    return {
        "tokenClass": rate.token_class,
        "dollarsPerMillion": plain(rate.dollars_per_million),
        "minInputTokens": rate.min_input_tokens,
        "serviceTier": rate.service_tier or None,
    }
