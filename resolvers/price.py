"""Prices: listed, set; and the models that have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET, argument, field

from models import errors, price_change, price_list, repricing, unpriced
from models.page import Named
from models.price_change import NewPrice, NewRate
from models.repricing import price_unpriced
from resolvers import node
from resolvers.connection import Listing, PageInfo, paging
from resolvers.context import Context, Info
from resolvers.field import computed, given
from resolvers.mutation import WHAT_TO_DO, change
from resolvers.node import Node, public_id, shows
from resolvers.period import RangeInput, resolve_range
from resolvers.repricing import Repricing, require_organization
from resolvers.scalars import BigInt
from resolvers.user_error import UserError

_MICROSECOND = timedelta(microseconds=1)
OnlyProvider = Annotated[str | None, argument(description="Only this provider.")]
OnlyModel = Annotated[str | None, argument(description="Only this model.")]
AtInstant = Annotated[datetime | None, argument(description="Which instant; now when omitted.")]
UsedWhen = Annotated[
    RangeInput | None, argument(description="When they were used; ever, when omitted.")
]


@strawberry.enum(description="Kinds of tokens that are priced apart.")
class TokenClass(Enum):
    INPUT = strawberry.enum_value("INPUT", description="Input read afresh.")
    CACHE_READ = strawberry.enum_value("CACHE_READ", description="Input read from a cache.")
    CACHE_WRITE_5M = strawberry.enum_value(
        "CACHE_WRITE_5M", description="Input written to a 5-minute cache."
    )
    CACHE_WRITE_1H = strawberry.enum_value(
        "CACHE_WRITE_1H", description="Input written to a 1-hour cache."
    )
    OUTPUT = strawberry.enum_value("OUTPUT", description="Output without reasoning.")
    REASONING = strawberry.enum_value("REASONING", description="Reasoning.")


@strawberry.enum(description="Where a price comes from.")
class PriceSource(Enum):
    PUBLIC = strawberry.enum_value("PUBLIC", description="The public price list.")
    ORGANIZATION = strawberry.enum_value(
        "ORGANIZATION",
        description="The organization's own, which goes before the public one.",
    )


@strawberry.type(
    description=(
        "Dollars for one class of one model at one provider from one instant on. Appended, never "
        "edited."
    )
)
class Price(Node):
    is_type_of = shows(price_list.Price)

    id: strawberry.ID = computed(public_id(node.PRICE), description="Opaque id.")
    provider: str = field(description="Who runs the model.")
    model: str = field(description="The model's name, or the pattern that it matches.")
    token_class: TokenClass = field(description="Which tokens.")
    dollars_per_million: Decimal = field(description="Dollars per million tokens.")
    min_input_tokens: BigInt = field(
        description="From this many input tokens in the call on; 0 for the first tier."
    )
    service_tier: str | None = field(
        description="Service tier (`batch`, `priority`); null for the standard one."
    )
    starts_at: datetime = field(description="First instant at which it applies.")
    ends_at: datetime | None = field(
        description="First instant at which a later one applies; null while it is the latest."
    )
    source: PriceSource = field(description="Where it comes from.")


@strawberry.type(description="One entry of a page of prices.")
class PriceEdge:
    cursor: str = field(description="Where it stands.")
    node: Price = field(description="The price.")


@strawberry.type(description="Prices, a page at a time.")
class PriceConnection:
    edges: list[PriceEdge] = field(description="Entries with their cursors.")
    nodes: list[Price] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.type(description="A model that was used without a known price.")
class UnpricedModel:
    provider: str | None = field(description="Who ran it, as far as stated.")
    model: str = field(description="The model's exact name.")
    unpriced_transactions: BigInt = field(description="Transactions without a price.")
    total_tokens: BigInt = field(description="Their tokens.")
    first_at: datetime = field(description="The first of them.")
    last_at: datetime = field(description="The last of them.")


@strawberry.type(description="One entry of a page of unpriced models.")
class UnpricedModelEdge:
    cursor: str = field(description="Where it stands.")
    node: UnpricedModel = field(description="The model.")


@strawberry.type(description="Unpriced models, a page at a time.")
class UnpricedModelConnection:
    edges: list[UnpricedModelEdge] = field(description="Entries with their cursors.")
    nodes: list[UnpricedModel] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.input(description="One price.")
class RateInput:
    token_class: TokenClass = field(description="Which tokens.")
    dollars_per_million: Decimal = field(
        description="Dollars per million tokens, 0 or more; 0 is a price."
    )
    min_input_tokens: BigInt = field(
        default=BigInt(0), description="From this many input tokens in the call on."
    )
    service_tier: str | None = field(
        default=UNSET, description="Service tier; the standard one when omitted."
    )


@strawberry.input(description="Prices for one model from one instant on.")
class SetPriceInput:
    organization_id: strawberry.ID | None = field(
        default=UNSET, description="Whose; the viewer's organization when omitted."
    )
    provider: str = field(description="Who runs the model.")
    model: str = field(description="The model's exact name.")
    starts_at: datetime = field(
        description="First instant at which they apply; may be in the past, up to 400 days."
    )
    rates: list[RateInput] = field(
        description="The prices, each class, tier and service tier once."
    )


@strawberry.type(description="Answer to `setPrice`.")
class SetPricePayload:
    prices: list[Price] | None = field(description="What was appended; null when refused.")
    repricing: Repricing | None = field(
        description=(
            "The repricing of what had no price, begun on the way; null when there was nothing."
        )
    )
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the payload is read from."""

    prices: Sequence[price_list.Price] | None
    repricing: repricing.Repricing | None
    user_errors: Sequence[errors.UserError]


async def list_prices(
    info: Info,
    provider: str | None,
    model: str | None,
    at: datetime | None,
    first: int | None,
    after: str | None,
) -> Listing[price_list.Price]:
    """Prices in force at an instant."""
    context, when = info.context, given(at)
    page = paging(Named, context.scope, first, after, "prices", provider, model, when)
    async with context.database.connection() as connection:
        found = await price_list.list_prices(
            connection,
            context.scope,
            when or context.now,
            size=page.size,
            after=page.after,
            provider=given(provider),
            model=given(model),
        )
    return page.listing(found, lambda price: price.place)


async def list_unpriced_models(
    info: Info, range: RangeInput | None, first: int | None, after: str | None
) -> Listing[unpriced.UnpricedModel]:
    """Models that were used without a known price, on the local days that the range touches."""
    context, wanted = info.context, given(range)
    days = {}
    if wanted is not None:
        organization = await context.loaders.organization()
        calendar = await context.loaders.calendar()
        span = resolve_range(calendar, organization.cycles, wanted)
        days = {
            "first_date": organization.zones.day(span.start).date,
            "last_date": organization.zones.day(span.end - _MICROSECOND).date,
        }
    page = paging(Named, context.scope, first, after, "unpricedModels", wanted)
    async with context.database.connection() as connection:
        found = await unpriced.list_unpriced(
            connection, context.scope, size=page.size, after=page.after, **days
        )
    return page.listing(found, lambda model: model.place)


async def set_price(info: Info, input: Annotated[SetPriceInput, WHAT_TO_DO]) -> _Answer:
    """Appends prices for one model, and prices what had none."""
    context, scope = info.context, info.context.scope
    require_organization(context, input.organization_id)
    wanted = NewPrice(input.provider, input.model, input.starts_at, tuple(map(_rate, input.rates)))
    outcome = await change(
        context,
        lambda connection: price_change.set_price(connection, scope, wanted, now=context.now),
    )
    if outcome.made is None:
        return _Answer(None, None, outcome.user_errors)
    begun = await price_unpriced(context.database, scope)
    if begun is not None:
        context.loaders.forget()
        context.repricer.start(begun)
    async with context.database.connection() as connection:
        found = await price_list.load_prices(connection, scope, outcome.made)
    return _Answer([price for price in found if price is not None], begun, ())


def _rate(input: RateInput) -> NewRate:
    tier = given(input.service_tier) or ""
    return NewRate(input.token_class.name, input.dollars_per_million, input.min_input_tokens, tier)


async def _find(context: Context, id: UUID) -> price_list.Price | None:
    async with context.database.connection() as connection:
        [found] = await price_list.load_prices(connection, context.scope, [id])
    return found


node.finds(node.PRICE, _find)
