"""The usage explorer's rows against the ledger, whatever the range, zone, page and filter."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from billed import change_billing
from hypothesis import given, settings
from hypothesis import strategies as st
from tenants import PRICED, Tenant, make_tenant

from models.db import Database
from models.event import RunRef, UsageEvent
from models.hours import hours_of
from models.ledger import Ledger
from models.local_time import TimeZones
from models.page import At
from models.rollup_check import rebuild, verify
from models.token import ReportedTokens
from models.usage_entry import UsageEntry, UsageEntryFilter, list_usage_entries, sought
from models.usage_entry_statement import Sought

# Half-hour offsets, and clocks that move by half an hour, or at midnight.
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana"]
# Lord Howe moves its clocks on 5 April 2026 (UTC), Berlin and Havana in March.
FIRST = datetime(2026, 3, 4, tzinfo=UTC)
DAYS = 40


def zones_of(name: str) -> TimeZones:
    return TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], [name])


def events_of(tenant: Tenant, seed: int) -> list[UsageEvent]:
    """Calls of runs that last minutes, hours, days and weeks, and of none."""
    chance = random.Random(seed)
    events = []
    for number in range(25):
        run = RunRef(f"run-{number}", workflow=chance.choice(["build", "review", None]),
            trigger=chance.choice(["manual", "schedule"]))  # fmt: skip
        begin = FIRST + timedelta(minutes=chance.randrange(DAYS * 1440))
        length = chance.choice([5, 90, 1500, 20_000])
        project = chance.choice(tenant.project_ids)
        for call in range(chance.randrange(1, 6)):
            at = begin + timedelta(minutes=chance.randrange(length), seconds=chance.randrange(60))
            events.append(_event(tenant, chance, f"{number}-{call}", project, at, run))
    for call in range(30):
        at = FIRST + timedelta(minutes=chance.randrange(DAYS * 1440))
        project = chance.choice(tenant.project_ids[:2])
        events.append(_event(tenant, chance, f"none-{call}", project, at, None))
    chance.shuffle(events)
    return events


def _event(
    tenant: Tenant, chance: random.Random, key: str, project: UUID, at: datetime, run: RunRef | None
) -> UsageEvent:
    return tenant.event(
        key,
        project_id=project,
        run=run,
        occurred_at=at,
        model=chance.choice([PRICED, "gpt-4o", "nobody-knows"]),
        provider=None,
        tokens=ReportedTokens(input_tokens=chance.randrange(500), output_tokens=7),
    )


@dataclass
class Spent:
    """A row worked out from the ledger."""

    cost: Decimal = Decimal(0)
    tokens: int = 0
    unpriced: int = 0
    by_model: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Books:
    """A tenant's ledger as read row by row."""

    def __init__(self, tenant: Tenant, rows: Sequence[Any], runs: Sequence[Any]) -> None:
        self.tenant, self.rows = tenant, rows
        self.runs = {row["id"]: row for row in runs}

    def expected(self, start: datetime, end: datetime) -> list[tuple[At, Spent]]:
        found: dict[At, Spent] = defaultdict(Spent)
        for row in self.rows:
            if not start <= row["occurred_at"] < end:
                continue
            run = self.runs.get(row["run_id"])
            place = (
                At(run["started_at"], run["id"])
                if run
                else At(datetime(1, 1, 1, tzinfo=UTC), row["project_id"])
            )
            spent = found[place]
            spent.cost += row["cost"] or 0
            spent.unpriced += row["unpriced"]
            tokens = sum(row[name] for name in ("input", "output", "cache_read", "reasoning"))
            spent.tokens += tokens
            spent.by_model[row["model"]] += tokens
        return sorted(found.items(), key=lambda item: item[0], reverse=True)

    def sought(self, start: datetime, end: datetime, **filters: Any) -> Sought:
        return sought(
            self.tenant.id,
            self.tenant.workspace_id,
            None,
            zones_of(self.tenant.time_zone),
            start,
            end,
            UsageEntryFilter(**filters),
        )


_BOOKS: dict[str, Books] = {}


async def books_of(database: Database, ledger: Ledger, zone: str) -> Books:
    """The same ledger for every example of a zone."""
    if zone not in _BOOKS:
        tenant = await make_tenant(database, time_zone=zone)
        events = events_of(tenant, seed=len(_BOOKS))
        for place in range(0, len(events), 20):
            await ledger.record(tenant.id, events[place : place + 20])
        async with database.connection() as connection:
            rows = await connection.fetch(
                "SELECT * FROM credit_transaction WHERE organization_id = $1", tenant.id
            )
            runs = await connection.fetch(
                "SELECT * FROM pipeline_run WHERE organization_id = $1", tenant.id
            )
        assert (await verify(database, tenant.id)).is_clean
        _BOOKS[zone] = Books(tenant, rows, runs)
    return _BOOKS[zone]


async def all_pages(
    database: Database, what: Sought, size: int, *, is_backward: bool = False
) -> list[UsageEntry]:
    """The whole list, page by page, from either end."""
    found: list[UsageEntry] = []
    place: At | None = None
    async with database.connection() as connection:
        while True:
            page = await list_usage_entries(connection, what, size, place, is_backward=is_backward)
            found = [*page.items, *found] if is_backward else [*found, *page.items]
            if not page.has_next:
                return found
            assert len(page.items) == size
            place = page.items[0 if is_backward else -1].place


def told(entries: Sequence[UsageEntry]) -> list[tuple[At, Spent]]:
    return [
        (
            entry.place,
            Spent(entry.cost, entry.total_tokens, entry.unpriced_transactions, set(entry.models)),  # type: ignore[arg-type]
        )
        for entry in entries
    ]


def as_told(expected: Sequence[tuple[At, Spent]]) -> list[tuple[At, Spent]]:
    return [
        (place, Spent(it.cost, it.tokens, it.unpriced, set(it.by_model)))  # type: ignore[arg-type]
        for place, it in expected
    ]


instants = st.one_of(
    st.integers(0, DAYS * 24).map(lambda hours: FIRST + timedelta(hours=hours)),
    st.integers(0, DAYS * 24 * 2).map(lambda halves: FIRST + timedelta(minutes=30 * halves)),
    st.integers(0, DAYS * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds)),
    st.sampled_from([datetime(2026, 4, day, tzinfo=UTC) for day in (1, 4, 5)]),
)


@settings(max_examples=60)
@given(st.sampled_from(ZONES), instants, instants, st.integers(1, 40), st.booleans())
async def test_pages_concatenated_are_what_the_ledger_holds(
    database: Database, ledger: Ledger, zone: str, one: datetime, other: datetime, size: int,
    is_backward: bool,
) -> None:  # fmt: skip
    books = await books_of(database, ledger, zone)
    start, end = min(one, other), max(one, other)
    if start == end:
        end += timedelta(minutes=17)
    found = await all_pages(database, books.sought(start, end), size, is_backward=is_backward)
    assert told(found) == as_told(books.expected(start, end))
    for entry in found:
        by_model = dict(books.expected(start, end))[entry.place].by_model
        tokens = [by_model[model] for model in entry.models]
        assert tokens == sorted(tokens, reverse=True)


@pytest.mark.parametrize("zone", ZONES)
async def test_local_months_are_what_the_ledger_holds(
    database: Database, ledger: Ledger, zone: str
) -> None:
    books = await books_of(database, ledger, zone)
    edges = [datetime(2026, month, 1, tzinfo=ZoneInfo(zone)) for month in (2, 3, 4, 5)]
    for start in edges:
        for end in edges:
            if start < end:
                found = await all_pages(database, books.sought(start, end), 100)
                assert told(found) == as_told(books.expected(start, end))


@settings(max_examples=20)
@given(
    st.sampled_from([None, ("build",), ("build", "review")]),
    st.sampled_from([None, ("manual",)]),
    st.sampled_from([None, ("nobody-knows",), (PRICED, "gpt-4o")]),
    st.sampled_from([None, True, False]),
)
async def test_filters_are_all_met(
    database: Database,
    ledger: Ledger,
    workflows: tuple[str, ...] | None,
    triggers: tuple[str, ...] | None,
    models: tuple[str, ...] | None,
    is_on_demand: bool | None,
) -> None:
    books = await books_of(database, ledger, "Europe/Berlin")
    start, end = FIRST + timedelta(days=3), FIRST + timedelta(days=30, minutes=7)
    what = books.sought(
        start,
        end,
        workflows=workflows,
        triggers=triggers,
        models=models,
        is_on_demand=is_on_demand,
        project_ids=tuple(books.tenant.project_ids[:2]),
    )

    def is_met(place: At, spent: Spent) -> bool:
        run = books.runs.get(place.id)
        project = run["project_id"] if run else place.id
        return (
            project in books.tenant.project_ids[:2]
            and (workflows is None or (run is not None and run["workflow"] in workflows))
            and (triggers is None or (run is not None and run["trigger"] in triggers))
            and (models is None or bool(set(models) & set(spent.by_model)))
            and not is_on_demand
        )

    expected = [item for item in books.expected(start, end) if is_met(*item)]
    assert told(await all_pages(database, what, 7)) == as_told(expected)
    assert told(await all_pages(database, what, 7, is_backward=True)) == as_told(expected)


async def test_a_page_stays_while_runs_arrive(database: Database, ledger: Ledger) -> None:
    tenant = await make_tenant(database)
    books = Books(tenant, [], [])
    what = books.sought(FIRST, FIRST + timedelta(days=9))

    async def spend(number: int) -> None:
        at = FIRST + timedelta(hours=number)
        event = tenant.event(f"e{number}", run=RunRef(f"r{number}"), occurred_at=at)
        await ledger.record(tenant.id, [event])

    for number in range(6):
        await spend(number)
    async with database.connection() as connection:
        first = await list_usage_entries(connection, what, 3)
        await spend(50)
        second = await list_usage_entries(connection, what, 3, first.items[-1].place)
        before = await list_usage_entries(
            connection, what, 3, second.items[0].place, is_backward=True
        )
        newest = await list_usage_entries(
            connection, what, 3, first.items[0].place, is_backward=True
        )
    keys = [[entry.run.key for entry in page.items if entry.run] for page in (first, second)]
    assert keys == [["r5", "r4", "r3"], ["r2", "r1", "r0"]]
    assert (before.items, [it.run.key for it in newest.items if it.run]) == (first.items, ["r50"])


async def test_a_run_that_starts_earlier_than_was_known_is_found(
    database: Database, ledger: Ledger
) -> None:
    tenant = await make_tenant(database)
    books = Books(tenant, [], [])
    run = RunRef("long")
    for number, day in enumerate((9, 5, 12, 1)):
        event = tenant.event(f"e{number}", run=run, occurred_at=FIRST + timedelta(days=day))
        await ledger.record(tenant.id, [event])
    for day, count in ((0, 4), (2, 3), (6, 2), (10, 1), (13, 0)):
        what = books.sought(FIRST + timedelta(days=day), FIRST + timedelta(days=90))
        found = await all_pages(database, what, 10)
        assert [entry.total_tokens for entry in found] == [150 * count] * bool(count)


async def test_a_span_that_is_missing_is_told_and_made_again(
    database: Database, ledger: Ledger
) -> None:
    tenant = await make_tenant(database)
    run = RunRef("long")
    events = [
        tenant.event(f"e{day}", run=run, occurred_at=FIRST + timedelta(days=day)) for day in (0, 40)
    ]
    await ledger.record(tenant.id, events)
    assert (await verify(database, tenant.id)).is_clean
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE run_span SET last_date = first_date + 1 WHERE organization_id = $1", tenant.id
        )
    assert (await verify(database, tenant.id)).differences == 1
    await rebuild(database, tenant.id)
    assert (await verify(database, tenant.id)).is_clean


async def test_what_was_brought_back_to_nothing_is_not_shown(
    database: Database, ledger: Ledger
) -> None:
    tenant = await make_tenant(database)
    await ledger.record(tenant.id, [tenant.event(run=RunRef("r"), occurred_at=FIRST)])
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE rollup_run_hour SET requests = 0, tokens = 0, cost = 0"
            " WHERE organization_id = $1",
            tenant.id,
        )
    what = Books(tenant, [], []).sought(FIRST, FIRST + timedelta(days=1))
    assert await all_pages(database, what, 10) == []


@settings(max_examples=200)
@given(st.sampled_from(ZONES), instants, st.integers(1, 40 * 86_400))
def test_hours_lie_in_the_range_and_windows_hold_the_rest(
    zone: str, start: datetime, seconds: int
) -> None:
    zones, end = zones_of(zone), start + timedelta(seconds=seconds)
    hours = hours_of(zones, start, end)
    assert start <= hours.first
    assert sum(((b - a) for a, b in hours.windows), timedelta()) <= timedelta(hours=4)
    assert all(start <= a < b <= end for a, b in hours.windows)
    chance = random.Random(seconds)
    around = [start, end, hours.first, hours.end]
    for _ in range(60):
        at = chance.choice(around) + timedelta(seconds=chance.randrange(-7200, 7200))
        offset = timedelta(seconds=zones.day(at).utc_offset_seconds)
        begin = (at + offset).replace(minute=0, second=0, microsecond=0) - offset
        by_hour = hours.first <= begin < hours.end
        by_window = not by_hour and any(a <= at < b for a, b in hours.windows)
        assert (by_hour or by_window) is (start <= at < end)


async def test_spans_are_found_at_their_nodes(database: Database) -> None:
    async with database.connection() as connection:
        node = await connection.fetchval(
            "SELECT span_node($1, $2)", date(2026, 3, 1), date(2026, 3, 9)
        )
    first, last = ((day - date(1970, 1, 1)).days for day in (date(2026, 3, 1), date(2026, 3, 9)))
    assert first < node <= last


async def test_what_is_beyond_the_limit_is_told_by_run(database: Database, ledger: Ledger) -> None:
    tenant = await make_tenant(database)
    included = Decimal("0.01")
    await change_billing(database, tenant, FIRST - timedelta(days=1), included_dollars=included)
    events = [
        tenant.event(
            f"e{number}",
            run=RunRef(f"r{number // 2}") if number < 8 else None,
            occurred_at=FIRST + timedelta(minutes=25 * number),
        )
        for number in range(12)
    ]
    await ledger.record(tenant.id, events, now=FIRST + timedelta(hours=6))
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT e.occurred_at, e.run_id, d.on_demand_cost FROM credit_transaction AS e"
            " JOIN credit_deduction AS d ON d.organization_id = $1 AND d.transaction_id = e.id"
            " WHERE e.organization_id = $1",
            tenant.id,
        )
    books = Books(tenant, [], [])
    for start, end in ((0, 600), (7, 268), (130, 140)):
        first, last = (FIRST + timedelta(minutes=at) for at in (start, end))
        expected: dict[UUID | None, Decimal] = defaultdict(Decimal)
        for row in rows:
            if first <= row["occurred_at"] < last:
                expected[row["run_id"]] += row["on_demand_cost"]
        whole = await all_pages(database, books.sought(first, last), 3)
        assert {entry.run and entry.run.id: entry.on_demand_cost for entry in whole} == expected
        for is_on_demand in (True, False):
            what = books.sought(first, last, is_on_demand=is_on_demand)
            some = await all_pages(database, what, 3)
            assert some == [it for it in whole if bool(it.on_demand_cost) is is_on_demand]
            assert {it.entry_type == "ON_DEMAND" for it in some} <= {is_on_demand}
    assert any(row["on_demand_cost"] for row in rows)
