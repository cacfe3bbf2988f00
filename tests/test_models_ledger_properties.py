"""Invariants of the ledger under generated histories, against a plain-Python account of them.

Conservation: every total is the sum of what the events cost. Idempotency: any order, repetition and
batching of the same events gives the same state. Rollups equal a recount whatever the zone.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tenants import Tenant, make_tenant

from models.db import Database
from models.event import JobRef, RunRef, RunStatus, Surface, UsageEvent
from models.ledger import Ledger
from models.price import load_price_book
from models.rollup import HOUR, ORGANIZATION_DAY, ORGANIZATION_HOUR
from models.rollup_check import rebuild, verify
from models.token import ReportedTokens

ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
# Month edges, changes of the clock and a leap day, to the microsecond.
EDGES = [
    datetime(2026, 1, 31, 18, 15, tzinfo=UTC),
    datetime(2026, 2, 1, tzinfo=UTC),
    datetime(2026, 2, 1, 5, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
]
instants = st.builds(
    lambda edge, microseconds: edge + timedelta(microseconds=microseconds),
    st.sampled_from(EDGES),
    st.sampled_from([-1, 0, 1, 3_600_000_000, -86_400_000_000]),
)
models = st.sampled_from(
    [
        ("anthropic", "claude-opus-4-5-20251101"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("openai", "gpt-4o"),
        (None, "no-such-model"),
    ]
)
counts = st.integers(0, 400_000)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What some callers have to report: events as plain values, keys not repeated."""
    size = draw(st.integers(1, 12))
    events = []
    for number in range(size):
        provider, model = draw(models)
        events.append(
            {
                "event_key": f"e{number}",
                "place": draw(st.integers(0, 2)),
                "provider": provider,
                "model": model,
                "occurred_at": draw(instants),
                "tokens": ReportedTokens(
                    input_tokens=draw(counts),
                    output_tokens=draw(counts),
                    cache_read_tokens=draw(counts),
                    input_includes_cache=False,
                ),
                "run": draw(st.sampled_from([None, "r1", "r2"])),
                "job": draw(st.sampled_from([None, "j1", "j2"])),
                "status": draw(st.sampled_from([None, *RunStatus])),
                "surface": draw(st.sampled_from([None, *Surface])),
                "duration_ms": draw(st.sampled_from([None, 0, 17, 5000])),
            }
        )
    return events


def as_events(tenant: Tenant, history: Sequence[dict[str, Any]]) -> list[UsageEvent]:
    events = []
    for values in history:
        fields = dict(values)
        place, run, job = fields.pop("place"), fields.pop("run"), fields.pop("job")
        status = fields.pop("status")
        if run is not None:
            fields["run"] = RunRef(run)
            if job is not None:
                fields["job"] = JobRef(job, "testing", status=status)
        events.append(UsageEvent(project_id=tenant.project_ids[place], **fields))
    return events


async def state(database: Database, tenant: Tenant) -> dict[str, Any]:
    """Everything that pages could show, without ids and instants of writing."""
    async with database.connection() as connection:
        names = {project: place for place, project in enumerate(tenant.project_ids)}
        months = await connection.fetch(
            "SELECT * FROM rollup_month WHERE organization_id = $1", tenant.id
        )
        jobs = await connection.fetch(
            "SELECT j.key, r.key AS run, j.project_id, j.status, j.started_at, j.finished_at"
            " FROM agent_job AS j JOIN pipeline_run AS r ON r.id = j.run_id"
            " WHERE j.organization_id = $1",
            tenant.id,
        )
        total = await connection.fetchval(
            "SELECT coalesce(sum(cost), 0) FROM credit_transaction WHERE organization_id = $1",
            tenant.id,
        )

    def plain(row: Any) -> tuple[Any, ...]:
        return tuple(
            names[value] if name == "project_id" else value
            for name, value in row.items()
            if name != "organization_id"
        )

    # A row of zeros is what is left of a job that moved: it shows nothing.
    shown = (row for row in months if row["requests"] or row["jobs_ended"] or row["unpriced"])
    return {
        "months": sorted(map(plain, shown), key=repr),
        "jobs": sorted(map(plain, jobs), key=repr),
        "total": total,
    }


async def send(
    ledger: Ledger, tenant: Tenant, events: list[UsageEvent], chance: random.Random
) -> None:
    """Sends every event at least once, in any order, with repetitions, in batches of any size."""
    sending = [*events, *chance.choices(events, k=len(events))]
    chance.shuffle(sending)
    while sending:
        size = chance.randint(1, len(sending))
        await ledger.record(tenant.id, sending[:size])
        sending = sending[size:]


slow = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@slow
@given(history=histories(), zone=st.sampled_from(ZONES), seed=st.integers(0, 2**32))
async def test_any_order_repetition_and_batching_gives_the_same_state(
    database: Database, ledger: Ledger, history: list[dict[str, Any]], zone: str, seed: int
) -> None:
    straight = await make_tenant(database, time_zone=zone)
    shuffled = await make_tenant(database, time_zone=zone)
    await ledger.record(straight.id, as_events(straight, history))
    await send(ledger, shuffled, as_events(shuffled, history), random.Random(seed))
    assert await state(database, shuffled) == await state(database, straight)
    for tenant in (straight, shuffled):
        report = await verify(database, tenant.id)
        assert report.is_clean, report.shown


@slow
@given(history=histories(), zone=st.sampled_from(ZONES))
async def test_totals_are_what_the_events_cost(
    database: Database, ledger: Ledger, history: list[dict[str, Any]], zone: str
) -> None:
    tenant = await make_tenant(database, time_zone=zone)
    events = as_events(tenant, history)
    await ledger.record(tenant.id, events)
    async with database.connection() as connection:
        prices = await load_price_book(connection)
    expected, unpriced = Decimal(0), 0
    for event in events:
        tokens = event.tokens.normalise()
        assert event.occurred_at is not None
        rate = prices.resolve(
            event.provider, event.model, event.occurred_at, input_tokens=tokens.input_tokens
        )
        expected += rate.cost(tokens, 1) if rate else 0
        unpriced += rate is None
    shown = await state(database, tenant)
    assert shown["total"] == expected
    async with database.connection() as connection:
        for table in ("rollup_hour", "rollup_day", "rollup_project_day", "rollup_month",
                      "rollup_user_day", "rollup_key_day", "rollup_organization_hour",
                      "rollup_organization_day", "rollup_organization_user_day"):  # fmt: skip
            row = await connection.fetchrow(
                f"SELECT sum(cost) AS cost, sum(unpriced) AS unpriced FROM {table}"
                " WHERE organization_id = $1",
                tenant.id,
            )
            assert (row["cost"], row["unpriced"]) == (expected, unpriced), table


@slow
@given(
    reports=st.lists(st.tuples(counts, counts, counts), min_size=1, max_size=6),
    seed=st.integers(0, 2**32),
)
async def test_a_growing_call_comes_to_the_largest_of_each_counter(
    database: Database, ledger: Ledger, reports: list[tuple[int, int, int]], seed: int
) -> None:
    tenant = await make_tenant(database)
    model = {"model": "claude-sonnet-4-5-20250929", "is_cumulative": True}
    events = [
        tenant.event(
            tokens=ReportedTokens(
                input_tokens=fresh,
                cache_read_tokens=cached,
                output_tokens=output,
                input_includes_cache=False,
            ),
            **model,
        )
        for fresh, cached, output in reports
    ]
    await send(ledger, tenant, events, random.Random(seed))
    async with database.connection() as connection:
        prices = await load_price_book(connection)
        row = await connection.fetchrow(
            "SELECT sum(input) AS input, sum(cache_read) AS cache_read, sum(output) AS output,"
            " sum(requests) AS requests, sum(cost) AS cost FROM credit_transaction"
            " WHERE organization_id = $1",
            tenant.id,
        )
    largest = [max(column) for column in zip(*reports, strict=True)]
    assert [row["input"], row["cache_read"], row["output"]] == largest
    assert row["requests"] == 1
    event = events[0]
    assert event.occurred_at is not None
    tokens = ReportedTokens(
        input_tokens=largest[0],
        cache_read_tokens=largest[1],
        output_tokens=largest[2],
        input_includes_cache=False,
    ).normalise()
    rate = prices.resolve(
        event.provider, event.model, event.occurred_at, input_tokens=tokens.input_tokens
    )
    assert rate is not None
    assert row["cost"] == rate.cost(tokens, 1)
    report = await verify(database, tenant.id)
    assert report.is_clean, report.shown


async def test_damage_is_found_and_mended(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    events = [
        tenant.event(f"e{number}", run=RunRef("r"), job=JobRef("j", "testing"), duration_ms=number)
        for number in range(20)
    ]
    await ledger.record(tenant.id, events)
    damages = [
        "UPDATE rollup_month SET cost = cost + 0.000000000001",
        "UPDATE rollup_day SET input = input - 1",
        "UPDATE rollup_hour SET requests = requests + 1",
        "UPDATE rollup_key_day SET last_at = last_at - interval '1 second'",
        "DELETE FROM rollup_run_month",
        "DELETE FROM rollup_duration_day",
        "UPDATE rollup_organization_hour SET cost = cost + 0.000000000001",
        "UPDATE rollup_organization_hour SET local_date = local_date + 400",
        "UPDATE rollup_organization_day SET unpriced = unpriced - 1",
        "DELETE FROM rollup_organization_user_day",
        "DELETE FROM rollup_user_day",
    ]
    for damage in damages:
        async with database.connection() as connection:
            await connection.execute(f"{damage} WHERE organization_id = $1", tenant.id)
        report = await verify(database, tenant.id)
        assert not report.is_clean, damage
        assert report.shown
        await rebuild(database, tenant.id)
        assert (await verify(database, tenant.id)).is_clean, damage


async def test_a_projects_months_are_mended_in_the_organizations_sums_too(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    """Sums of the whole organization are right again with those of the project that spoilt them."""
    second = tenant.project_ids[1]
    await ledger.record(tenant.id, [tenant.event("a"), tenant.event("b", project_id=second)])
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE rollup_hour SET cost = cost + 1 WHERE organization_id = $1 AND project_id = $2",
            tenant.id,
            second,
        )
    await rebuild(database, tenant.id, rollups=[ORGANIZATION_HOUR, ORGANIZATION_DAY])
    [wrong] = (await verify(database, tenant.id)).shown
    assert (wrong.rollup, wrong.key["project_id"]) == ("rollup_hour", second)
    await rebuild(database, tenant.id, project_id=second, rollups=[HOUR])
    report = await verify(database, tenant.id, project_id=second)
    assert (report.differences, report.cost_difference) == (2, 2)
    assert {it.rollup for it in report.shown} == {ORGANIZATION_HOUR.table, ORGANIZATION_DAY.table}
    await rebuild(database, tenant.id, project_id=second)
    assert (await verify(database, tenant.id)).is_clean
