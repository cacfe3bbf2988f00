"""Invariants of repricing under generated histories.

Exactness: totals move by the difference shown, to the last digit. Convergence: a ledger that was
priced late and repriced shows what one shows that knew the prices from the first. Proof: whatever
came before and after (repetition, growth, streams, imports taken back), rollups equal a recount and
every cost its tokens times its rate.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repricing import (
    EVER,
    UNKNOWN,
    admin,
    assert_proved,
    calls,
    finished,
    make_import,
    posted,
    price,
    shown,
    total,
)
from tenants import NOON, PRICED, Tenant, make_tenant
from test_models_ledger_properties import as_events, histories, state

from models import repricing, repricing_page
from models.db import Database
from models.event import UsageEvent
from models.ledger import Ledger
from models.price import load_price_book
from models.price_change import NewRate
from models.reprice import rate_now
from models.repricing import price_unpriced
from models.token import ReportedTokens
from models.undo import undo_import

slow = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LARGE = NewRate("INPUT", Decimal("7.000001"), 200_001)


@pytest.fixture(params=[5000, -1], ids=["at once", "page by page"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of carrying it out, the long one by pages of three."""
    monkeypatch.setattr(repricing, "SHORT_CALLS", request.param)
    monkeypatch.setattr(repricing_page, "PAGE_ROWS", 3)


async def own_prices(database: Database, tenant: Tenant) -> None:
    """A price for what has none, and others, in two tiers, for what has some; within the year."""
    await price(database, tenant, "no-such-model", 3, 9, LARGE)
    await price(database, tenant, PRICED, 4, 20, LARGE)
    await price(
        database, tenant, "gpt-4o", 1, 1, provider="openai", starts_at=NOON - timedelta(days=14)
    )


async def durations(database: Database, tenant: Tenant) -> list[tuple[Any, ...]]:
    """Without the provider: that of a call that named none is sought when it is recorded."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT local_date, model, bucket, calls FROM rollup_duration_day"
            " WHERE organization_id = $1 AND calls <> 0 ORDER BY 1, 2, 3",
            tenant.id,
        )
    return [tuple(row) for row in rows]


@slow
@given(history=histories(), split=st.integers(0, 12), grows=st.booleans())
async def test_priced_late_comes_to_the_same_as_priced_from_the_first(
    database: Database,
    ledger: Ledger,
    way: None,
    history: list[dict[str, Any]],
    split: int,
    grows: bool,
) -> None:
    late, early = await make_tenant(database), await make_tenant(database)
    await own_prices(database, early)
    both = []
    for tenant in (late, early):
        events = [replace(event, is_cumulative=grows) for event in as_events(tenant, history)]
        await ledger.record(tenant.id, events[:split])
        if tenant is late:
            await own_prices(database, late)
            before, dry = await total(database, late), await shown(database, late)
            assert (await posted(database, late, dry)).lines == dry.lines
            assert await total(database, late) == before + dry.difference
            await assert_proved(database, late)
            assert (await shown(database, late)).lines == []
        # What was repriced is sent once more, grown by a half where it may grow.
        again = [_grown(event) if grows else event for event in events]
        await ledger.record(tenant.id, again)
        await assert_proved(database, tenant)
        both.append((await state(database, tenant), await durations(database, tenant)))
    assert both[0] == both[1]


def _grown(event: UsageEvent) -> UsageEvent:
    tokens = event.tokens
    return replace(event, tokens=replace(tokens, input_tokens=(tokens.input_tokens or 0) * 3 // 2))


counts = st.integers(0, 300_000)
keys = st.sampled_from(["k1", "k2", "k3"])
models = st.sampled_from([UNKNOWN, PRICED])
operations = st.lists(
    st.one_of(
        st.tuples(st.just("event"), keys, counts, models),
        st.tuples(st.just("growing"), keys, counts, models),
        st.tuples(st.just("report"), keys, counts, models),
        st.tuples(st.just("import"), keys, counts, models, st.integers(0, 2)),
        st.tuples(st.just("undo"), st.integers(0, 2)),
        st.tuples(st.just("price"), models, st.integers(0, 9)),
        st.tuples(st.just("reprice")),
        st.tuples(st.just("unpriced")),
    ),
    min_size=3,
    max_size=14,
)


class History:
    """A tenant's ledger, and what may be done to it."""

    def __init__(self, database: Database, ledger: Ledger, tenant: Tenant) -> None:
        self.database, self.ledger, self.tenant = database, ledger, tenant
        self.imports: dict[int, UUID] = {}

    async def event(self, key: str, tokens: int, model: str, **more: Any) -> None:
        counted = ReportedTokens(input_tokens=tokens, output_tokens=tokens // 3)
        event = self.tenant.event(key, model=model, tokens=counted, duration_ms=tokens, **more)
        await self.ledger.record(self.tenant.id, [event])

    async def growing(self, key: str, tokens: int, model: str) -> None:
        await self.event(key, tokens, model, is_cumulative=True)

    async def report(self, key: str, tokens: int, model: str) -> None:
        await self.event(f"{key} {tokens}", tokens, model, call_key=key)

    async def import_(self, key: str, tokens: int, model: str, number: int) -> None:
        if number not in self.imports:
            self.imports[number] = await make_import(self.database, self.tenant)
        await self.event(key, tokens, model, is_cumulative=True, import_id=self.imports[number])

    async def undo(self, number: int) -> None:
        if number in self.imports:
            await undo_import(self.database, self.tenant.id, self.imports.pop(number))

    async def price(self, model: str, dollars: int) -> None:
        await price(self.database, self.tenant, model, dollars, dollars, LARGE)

    async def reprice(self) -> None:
        before, dry = (
            await total(self.database, self.tenant),
            await shown(self.database, self.tenant),
        )
        run = await posted(self.database, self.tenant, dry)
        assert run.lines == dry.lines
        assert await total(self.database, self.tenant) == before + dry.difference
        await self.assert_stands_at_todays_prices()

    async def unpriced(self) -> None:
        before = await total(self.database, self.tenant)
        run = await price_unpriced(self.database, admin(self.tenant))
        if run is not None:
            run = await finished(self.database, self.tenant, run)
            assert await total(self.database, self.tenant) == before + run.difference
            assert all(line.transactions == line.unpriced_transactions for line in run.lines)

    async def assert_stands_at_todays_prices(self) -> None:
        async with self.database.connection() as connection:
            book = await load_price_book(connection, self.tenant.id)
        for key, parts in (await calls(self.database, self.tenant)).items():
            if not parts.is_live:
                continue
            rate = rate_now(parts, book)
            assert parts.unpriced == (rate is None), key
            assert parts.cost == (rate.cost(parts.tokens, 1) if rate else None), key


@slow
@given(operations=operations)
async def test_whatever_comes_before_and_after_everything_stays_proved(
    database: Database, ledger: Ledger, way: None, operations: list[tuple[Any, ...]]
) -> None:
    tenant = await make_tenant(database)
    history = History(database, ledger, tenant)
    acts: dict[str, Callable[..., Any]] = {
        "event": history.event,
        "growing": history.growing,
        "report": history.report,
        "import": history.import_,
        "undo": history.undo,
        "price": history.price,
        "reprice": history.reprice,
        "unpriced": history.unpriced,
    }
    for name, *arguments in operations:
        await acts[name](*arguments)
    await history.reprice()
    await assert_proved(database, tenant)
    for parts in (await calls(database, tenant)).values():
        assert parts.requests in (0, 1)
    for number in list(history.imports):
        await history.undo(number)
    await history.reprice()
    assert (await shown(database, tenant, EVER)).lines == []
    await assert_proved(database, tenant)
