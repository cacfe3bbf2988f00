"""The public price list: what genai-prices knows, as rows of ours, adopted with a date.

It is read from the installed package, offline. Each price is rounded once, here. Refused: prices
of what we do not count (audio, images, pages, searches), and the empty lists by which the package
says both "free" and "not known": only OpenRouter's `:free` models become a price of 0.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import asyncpg

from models.db import sql
from models.ids import uuid7
from models.price import ALWAYS, PRICE_SCALE, REQUEST, PriceRow, resolve_class
from models.token import TokenClass

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, PriceVariant

    Constraint = ConditionalPrice | PriceVariant

PACKAGE = "genai-prices"
PRICE_KEYS = {
    "input_mtok": TokenClass.INPUT,
    "cache_read_mtok": TokenClass.CACHE_READ,
    "cache_write_mtok": TokenClass.CACHE_WRITE_5M,
    "cache_write_1h_mtok": TokenClass.CACHE_WRITE_1H,
    "output_mtok": TokenClass.OUTPUT,
    "output_reasoning_mtok": TokenClass.REASONING,
    "requests_kcount": REQUEST,
}
"""The package's price keys that we bill by; the tests list those that we leave."""
_TIER_CONTEXTS = ("service_tier", "processing", "speed")
_STEP = Decimal(1).scaleb(-PRICE_SCALE)
_ADOPTION_LOCK = 4_702_111_234_820_001

# The tiers of one class: (from this many input tokens on, dollars).
Tiers = list[tuple[int, Decimal]]


def public_rows() -> list[PriceRow]:
    """Every price that the installed package knows and that we can bill by."""
    from genai_prices.data import providers

    return [
        row
        for provider in providers
        for model in provider.models
        for row in _model_rows(provider.id, model)
    ]


@cache
def source() -> str:
    """Where these rows come from: the package and its version."""
    return f"{PACKAGE} {version(PACKAGE)}"


async def adopt_public_prices(connection: asyncpg.Connection, *, now: datetime) -> int:
    """Appends the lists of models that are new or changed; answers how many rows that were.

    A model's list is appended whole, so that a tier or a start that the package has taken back is
    gone from the new one. A package older than the last adopted one adds nothing: while servers are
    replaced, old and new ones would undo each other's list for ever.
    """
    rows = public_rows()
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _ADOPTION_LOCK)
        adopted = await connection.fetch(sql("price_public_sources"))
        if any(_version(record["source"]) > _version(source()) for record in adopted):
            return 0
        columns = [
            [uuid7() for _ in rows],
            [row.provider for row in rows],
            [row.model for row in rows],
            [row.token_class for row in rows],
            [row.dollars_per_million for row in rows],
            [row.min_input_tokens for row in rows],
            [row.service_tier for row in rows],
            [row.starts_at for row in rows],
            [row.daily_from for row in rows],
            [row.daily_until for row in rows],
        ]
        count = await connection.fetchval(sql("price_public_adopt"), *columns, now, source())
    return int(count)


async def public_version(connection: asyncpg.Connection) -> datetime | None:
    """What changes whenever public prices are adopted; None when none ever were."""
    version: datetime | None = await connection.fetchval(sql("price_public_version"))
    return version


async def adopted_since(
    connection: asyncpg.Connection, version: datetime | None
) -> list[asyncpg.Record]:
    """Models whose list is later than a version: provider, model, is_new."""
    rows: list[asyncpg.Record] = await connection.fetch(sql("price_public_adopted"), version)
    return rows


def _version(text: str) -> tuple[int, ...]:
    """The numbers of a source's version; of other sources nothing, which is before all."""
    name, _, number = text.partition(" ")
    if name != PACKAGE:
        return ()
    return tuple(int(part) for part in number.split(".") if part.isdigit())


def _model_rows(provider: str, model: "ModelInfo") -> Iterator[PriceRow]:
    from genai_prices.types import ConditionalPrice, ModelPrice

    lists = model.prices
    if isinstance(lists, ModelPrice):
        lists = [ConditionalPrice(prices=lists)]
    stated = [_stated(each.prices) for each in lists]
    if not any(stated):
        if provider == "openrouter" and model.id.endswith(":free"):
            stated = [{TokenClass.INPUT: [(0, Decimal(0))], TokenClass.OUTPUT: [(0, Decimal(0))]}]
        else:
            return
    classes = {token_class for prices in stated for token_class in prices}
    for entry, prices in zip(lists, stated, strict=True):
        if TokenClass.INPUT in prices:
            yield from _rows(provider, model.id, "", entry, _complete(prices, classes))
    for variant in model.price_variants or ():
        prices = _stated(variant.prices)
        yield from _rows(provider, model.id, _service_tier(variant), variant, prices)


def _stated(prices: "ModelPrice") -> dict[str, Tiers]:
    found: dict[str, Tiers] = {}
    for key, token_class in PRICE_KEYS.items():
        price = getattr(prices, key)
        if price is None:
            continue
        if isinstance(price, Decimal):
            found[token_class] = [(0, _rounded(price))]
        else:
            # The package's tiers begin above their start, ours at their first token.
            found[token_class] = [(0, _rounded(price.base))] + [
                (tier.start + 1, _rounded(tier.price)) for tier in price.tiers
            ]
    return found


def _complete(stated: dict[str, Tiers], classes: set[str]) -> dict[str, Tiers]:
    """Prices also the classes that only another list of the model prices.

    A class's latest row holds until the next one: what a later list leaves out has to say so. A
    model that is billed by input alone (embeddings, classifiers) gets its output for nothing.
    """
    complete = {TokenClass.OUTPUT: [(0, Decimal(0))], **stated}
    for token_class in classes - {REQUEST}:
        complete[token_class] = resolve_class(complete, token_class)
    if REQUEST in classes:
        complete.setdefault(REQUEST, [(0, Decimal(0))])
    return complete


def _rows(
    provider: str, model: str, tier: str, entry: "Constraint", prices: dict[str, Tiers]
) -> Iterator[PriceRow]:
    starts_at, daily_from, daily_until = _when(entry)
    for token_class, tiers in prices.items():
        for min_input_tokens, dollars in tiers:
            yield PriceRow(
                provider=provider,
                model=model,
                token_class=str(token_class),
                dollars_per_million=dollars,
                min_input_tokens=min_input_tokens,
                service_tier=tier,
                starts_at=starts_at,
                daily_from=daily_from,
                daily_until=daily_until,
                source=source(),
            )


def _when(entry: "Constraint") -> tuple[datetime, time | None, time | None]:
    from genai_prices.types import StartDateConstraint

    constraint = entry.constraint
    if constraint is None:
        return ALWAYS, None, None
    if isinstance(constraint, StartDateConstraint):
        return datetime.combine(constraint.start_date, time(), UTC), None, None
    return ALWAYS, _utc(constraint.start_time), _utc(constraint.end_time)


def _utc(clock: time) -> time:
    """The time of day in UTC, without its zone: as PostgreSQL keeps it."""
    moment = datetime.combine(ALWAYS.date(), clock, clock.tzinfo or UTC)
    return moment.astimezone(UTC).time()


def _service_tier(variant: "PriceVariant") -> str:
    """`batch`, `flex`, `priority`, `fast`; other contexts keep their name: `route:mistral/eu`."""
    return ",".join(
        value if key in _TIER_CONTEXTS else f"{key}:{value}"
        for key, value in sorted(variant.when.items())
    )


def _rounded(price: Decimal) -> Decimal:
    exponent = price.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > PRICE_SCALE:
        return price.quantize(_STEP, ROUND_HALF_EVEN)
    return price
