"""An organization's prices: set, shown in force and by history, against the book that bills."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from access_world import EVERY_ROLE
from tenants import NOON, PRICED, Tenant, make_tenant

from models.access import Principal, Role, Scope
from models.db import Database
from models.errors import ForbiddenError, UserErrors
from models.ledger import Ledger
from models.page import Named
from models.price import load_price_book
from models.price_change import NewPrice, NewRate, set_price
from models.price_list import (
    CLASSES,
    EVERY_CLASS,
    Price,
    list_prices,
    load_prices,
    price_history,
)
from models.token import ReportedTokens, TokenClass
from models.unpriced import UnpricedModel, list_unpriced

NOW = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)
INPUT, OUTPUT = NewRate("INPUT", Decimal(2)), NewRate("OUTPUT", Decimal(8))
HOUSE = NewPrice("House", "House-1", START, (INPUT, OUTPUT))


def admin(tenant: Tenant) -> Scope:
    return Scope(Principal(tenant.id, tenant.user_id, None), Role.ADMIN)


async def set_(database: Database, tenant: Tenant, wanted: NewPrice) -> list[Price]:
    """Sets prices and answers the rows."""
    scope = admin(tenant)
    async with database.transaction() as connection:
        ids = await set_price(connection, scope, wanted, now=NOW)
        found = await load_prices(connection, scope, ids)
    assert None not in found
    return [price for price in found if price is not None]


async def in_force(
    database: Database, tenant: Tenant, at: datetime = NOW, size: int = 100, **filters: str
) -> list[Price]:
    """Every price in force, read a page at a time."""
    found: list[Price] = []
    after: Named | None = None
    while True:
        async with database.connection() as connection:
            page = await list_prices(
                connection, admin(tenant), at, size=size, after=after, **filters
            )
        found += page.items
        if not page.has_next:
            return found
        after = found[-1].place


def told(prices: Sequence[Price]) -> list[tuple[str, int, str | None, str, str]]:
    return [
        (p.token_class, p.min_input_tokens, p.service_tier, f"{p.dollars_per_million}", p.source)
        for p in prices
    ]


async def test_a_price_is_appended_and_shown(database: Database, tenant: Tenant) -> None:
    made = await set_(database, tenant, HOUSE)
    assert told(made) == [
        ("INPUT", 0, None, "2", "ORGANIZATION"),
        ("OUTPUT", 0, None, "8", "ORGANIZATION"),
    ]
    shown = await in_force(database, tenant, provider="house", model="house-1")
    assert told(shown) == told(made)
    assert {(p.provider, p.model, p.starts_at, p.ends_at) for p in shown} == {
        ("house", "House-1", START, None)
    }
    assert (
        await in_force(database, tenant, START - timedelta(microseconds=1), model="house-1") == []
    )
    other = await make_tenant(database)
    assert await in_force(database, other, model="house-1") == []
    async with database.connection() as connection:
        assert await load_prices(connection, admin(other), [made[0].id]) == [None]


async def test_an_act_leaves_an_audit_event_and_the_same_again_changes_nothing(
    database: Database, tenant: Tenant
) -> None:
    first = await set_(database, tenant, HOUSE)
    again = await set_(
        database, tenant, replace(HOUSE, rates=(replace(OUTPUT, service_tier=" "), INPUT))
    )
    assert [price.id for price in again] == [price.id for price in reversed(first)]
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT user_id, action, subject_kind, subject_id, new_value FROM audit_event"
            " WHERE organization_id = $1",
            tenant.id,
        )
    [row] = rows
    assert tuple(row)[:4] == (tenant.user_id, "price.set", "price", first[0].id)
    assert json.loads(row["new_value"]) == {
        "provider": "house",
        "model": "House-1",
        "startsAt": START.isoformat(),
        "rates": [
            {"tokenClass": "INPUT", "dollarsPerMillion": "2", "minInputTokens": 0,
             "serviceTier": None},
            {"tokenClass": "OUTPUT", "dollarsPerMillion": "8", "minInputTokens": 0,
             "serviceTier": None},
        ],
    }  # fmt: skip


async def test_a_later_word_about_one_start_replaces_the_one_before(
    database: Database, tenant: Tenant
) -> None:
    await set_(database, tenant, HOUSE)
    corrected = replace(HOUSE, rates=(NewRate("INPUT", Decimal("2.5")),))
    await set_(database, tenant, corrected)
    shown = await in_force(database, tenant, model="House-1")
    assert told(shown) == [
        ("INPUT", 0, None, "2.5", "ORGANIZATION"),
        ("OUTPUT", 0, None, "8", "ORGANIZATION"),
    ]
    back = await set_(database, tenant, HOUSE)
    assert told(await in_force(database, tenant, model="House-1")) == told(back)
    async with database.connection() as connection:
        history = await price_history(connection, admin(tenant), "house-1")
    assert [str(row.dollars_per_million) for row in history] == ["2", "2.5", "2", "8", "8"]


async def test_ends_are_where_later_ones_begin(database: Database, tenant: Tenant) -> None:
    later = START + timedelta(days=40)
    [first, _] = await set_(database, tenant, HOUSE)
    await set_(database, tenant, replace(HOUSE, starts_at=later))
    assert {p.ends_at for p in await in_force(database, tenant, model="House-1")} == {later}
    assert {p.ends_at for p in await in_force(database, tenant, later, model="House-1")} == {None}
    async with database.connection() as connection:
        [shown] = await load_prices(connection, admin(tenant), [first.id])
    assert shown is not None
    assert shown.ends_at == later


async def test_own_prices_go_before_public_ones_from_their_first_tier_on(
    database: Database, tenant: Tenant
) -> None:
    public = {p.token_class: p for p in await in_force(database, tenant, model=PRICED)}
    assert set(public) == {"INPUT", "CACHE_READ", "CACHE_WRITE_5M", "CACHE_WRITE_1H", "OUTPUT"}
    rates = (NewRate("INPUT", Decimal(1)), NewRate("OUTPUT", Decimal(3), 1000))
    await set_(database, tenant, NewPrice("anthropic", PRICED, START, rates))
    shown = [p for p in await in_force(database, tenant, model=PRICED) if p.is_own]
    assert told(shown) == [
        ("INPUT", 0, None, "1", "ORGANIZATION"),
        ("OUTPUT", 1000, None, "3", "ORGANIZATION"),
    ]
    # Under the public list's own name the two meet: input is shadowed, output only for large calls.
    name = public["INPUT"].model
    await set_(database, tenant, NewPrice("anthropic", name, START, rates))
    found = await in_force(database, tenant, provider="anthropic", model=name)
    assert [(*told([p])[0][:2], p.source) for p in found if p.token_class == "INPUT"] == [
        ("INPUT", 0, "ORGANIZATION")
    ]
    assert [(p.min_input_tokens, p.source) for p in found if p.token_class == "OUTPUT"] == [
        (0, "PUBLIC"),
        (1000, "ORGANIZATION"),
    ]


async def test_the_list_is_what_the_book_bills(database: Database, tenant: Tenant) -> None:
    """For public models of one provider, at two instants: the first tiers are the rate's prices."""
    async with database.connection() as connection:
        book = await load_price_book(connection, tenant.id)
    for at in (NOW, NOW.replace(hour=20)):
        shown = await in_force(database, tenant, at, size=7, provider="deepseek")
        shown += await in_force(database, tenant, at, provider="google")
        assert shown
        models = {(p.provider, p.model) for p in shown if p.token_class == "INPUT"}
        checked = 0
        for provider, model in models:
            rate = book.resolve(provider, model, at, input_tokens=0)
            if rate is None or rate.model != model:
                continue
            first = {
                p.token_class: p.dollars_per_million
                for p in shown
                if (p.model, p.provider) == (model, provider)
                and p.min_input_tokens == 0
                and p.service_tier is None
            }
            prices = dict(zip(CLASSES, rate.prices, strict=False))
            assert {name: prices[name] for name in first} == first, model
            checked += 1
        assert checked > 10


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_pages_come_to_the_whole_list_in_order(
    database: Database, tenant: Tenant, size: int
) -> None:
    rates = tuple(
        NewRate(token_class, Decimal(1), least, tier)
        for token_class in (TokenClass.OUTPUT, TokenClass.INPUT)
        for least in (0, 200_001, 9)
        for tier in ("", "Batch")
    )
    await set_(database, tenant, replace(HOUSE, rates=rates))
    await set_(database, tenant, replace(HOUSE, provider="a-house"))
    shown = await in_force(database, tenant, size=size, model="house-1")
    assert [(p.provider, p.token_class, p.service_tier, p.min_input_tokens) for p in shown] == [
        ("a-house", "INPUT", None, 0),
        ("a-house", "OUTPUT", None, 0),
        *(
            ("house", token_class, tier, least)
            for token_class in ("INPUT", "OUTPUT")
            for tier in (None, "batch")
            for least in (0, 9, 200_001)
        ),
    ]


async def test_everything_is_listed_by_provider_and_model(
    database: Database, tenant: Tenant
) -> None:
    async with database.connection() as connection:
        page = await list_prices(connection, admin(tenant), NOW, size=5000, classes=EVERY_CLASS)
    names = [(p.provider, p.model.lower()) for p in page.items]
    assert names == sorted(names)
    assert len(set(names)) > 500


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"provider": " "}, "REQUIRED", ("provider",)),
        ({"model": ""}, "REQUIRED", ("model",)),
        ({"model": "x" * 256}, "OUT_OF_RANGE", ("model",)),
        ({"model": "a\x00b"}, "INVALID", ("model",)),
        ({"starts_at": NOW - timedelta(days=400, seconds=1)}, "OUT_OF_RANGE", ("startsAt",)),
        ({"rates": ()}, "OUT_OF_RANGE", ("rates",)),
        ({"rates": (INPUT,)}, "REQUIRED", ("rates",)),
        ({"rates": (OUTPUT,)}, "REQUIRED", ("rates",)),
        ({"rates": (replace(INPUT, min_input_tokens=1), OUTPUT)}, "REQUIRED", ("rates",)),
        ({"rates": (INPUT, OUTPUT, INPUT)}, "INVALID", ("rates", "2")),
        ({"rates": (INPUT, replace(OUTPUT, token_class="REQUEST"))}, "INVALID",
         ("rates", "1", "tokenClass")),
        ({"rates": (INPUT, replace(OUTPUT, dollars_per_million=Decimal("-0.1")))}, "OUT_OF_RANGE",
         ("rates", "1", "dollarsPerMillion")),
        ({"rates": (INPUT, replace(OUTPUT, dollars_per_million=Decimal("100000.01")))},
         "OUT_OF_RANGE", ("rates", "1", "dollarsPerMillion")),
        ({"rates": (INPUT, replace(OUTPUT, dollars_per_million=Decimal("0.0000001")))},
         "TOO_PRECISE", ("rates", "1", "dollarsPerMillion")),
        ({"rates": (INPUT, replace(OUTPUT, min_input_tokens=-1))}, "OUT_OF_RANGE",
         ("rates", "1", "minInputTokens")),
        ({"rates": (INPUT, replace(OUTPUT, service_tier="x" * 256))}, "OUT_OF_RANGE",
         ("rates", "1", "serviceTier")),
    ],
)  # fmt: skip
async def test_what_cannot_be_names_its_field(
    database: Database, tenant: Tenant, changes: dict[str, object], code: str, field: tuple[str]
) -> None:
    with pytest.raises(UserErrors) as refused:
        await set_(database, tenant, replace(HOUSE, **changes))  # type: ignore[arg-type]
    assert (code, field) in [(error.code, error.field) for error in refused.value.errors]
    assert await in_force(database, tenant, provider="house") == []


async def test_zero_is_a_price_and_a_known_model_needs_no_more_than_what_changes(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    free = NewPrice("anthropic", PRICED, START, (NewRate("OUTPUT", Decimal("0.000000")),))
    await set_(database, tenant, free)
    [outcome] = await ledger.record(tenant.id, [tenant.event()])
    assert outcome.cost == Decimal("0.0005")


@pytest.mark.parametrize("role", EVERY_ROLE)
async def test_prices_are_set_by_admins(database: Database, tenant: Tenant, role: Role) -> None:
    scope = Scope(Principal(tenant.id, tenant.user_id, None), role)
    async with database.transaction() as connection:
        if role >= Role.ADMIN:
            assert await set_price(connection, scope, HOUSE, now=NOW)
            return
        with pytest.raises(ForbiddenError):
            await set_price(connection, scope, HOUSE, now=NOW)
        with pytest.raises(ForbiddenError):
            await list_unpriced(connection, scope, size=10)


async def unpriced(
    database: Database, tenant: Tenant, size: int = 100, **days: object
) -> list[UnpricedModel]:
    found: list[UnpricedModel] = []
    after: Named | None = None
    while True:
        async with database.connection() as connection:
            page = await list_unpriced(
                connection,
                admin(tenant),
                size=size,
                after=after,
                **days,  # type: ignore[arg-type]
            )
        found += page.items
        if not page.has_next:
            return found
        after = found[-1].place


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_unpriced_models_come_with_what_they_leave_out(
    database: Database, tenant: Tenant, ledger: Ledger, size: int
) -> None:
    hours = [NOON + timedelta(hours=hour) for hour in (0, 30, 60)]
    calls = [
        ("a", None, "x-1", 100, hours[0]),
        ("b", None, "x-1", 100, hours[2]),
        ("c", "house", "x-1", 400, hours[1]),
        ("d", "house", "x-2", 100, hours[1]),
        ("e", "anthropic", PRICED, 10_000, hours[1]),
    ]
    events = [
        tenant.event(key, provider=provider, model=model, occurred_at=at,
                     tokens=ReportedTokens(input_tokens=tokens))
        for key, provider, model, tokens, at in calls
    ]  # fmt: skip
    await ledger.record(tenant.id, events)
    found = await unpriced(database, tenant, size)
    assert [tuple(each)[1:] for each in found] == [
        ("house", "x-1", 1, 400, hours[1], hours[1]),
        (None, "x-1", 2, 200, hours[0], hours[2]),
        ("house", "x-2", 1, 100, hours[1], hours[1]),
    ]
    day = hours[1].date()
    on_a_day = await unpriced(database, tenant, size, first_date=day, last_date=day)
    assert [(each.provider, each.model) for each in on_a_day] == [
        ("house", "x-1"),
        ("house", "x-2"),
    ]
