"""What recording does: each outcome, each column, each rollup, under repetition and races."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest
from tenants import NOON, Tenant, make_tenant

from models.db import Database
from models.event import CallOutcome, Initiator, JobRef, RunRef, RunStatus, Surface, UsageStatus
from models.ids import uuid7
from models.ledger import Ledger
from models.rollup_check import verify
from models.token import ReportedTokens

# claude-opus-4-5: $5 in, $25 out, $0.50 cache read, $6.25 and $10 cache writes, per million.
COST = Decimal("0.00175")


async def fetch(database: Database, statement: str, *values: object) -> list[asyncpg.Record]:
    async with database.connection() as connection:
        return list(await connection.fetch(statement, *values))


async def entries(database: Database, tenant: Tenant) -> list[asyncpg.Record]:
    return await fetch(
        database,
        "SELECT * FROM credit_transaction WHERE organization_id = $1 ORDER BY event_key, part",
        tenant.id,
    )


async def assert_proved(database: Database, tenant: Tenant) -> None:
    report = await verify(database, tenant.id)
    assert report.is_clean, report.shown
    assert report.cost_difference == 0


async def test_a_call_becomes_one_entry_with_its_exact_cost(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    event = tenant.event(
        run=RunRef("r1", workflow="nightly", trigger="schedule"),
        job=JobRef("j1", "UI_UX", Initiator.TASK_AGENT),
        surface=Surface.CLI,
        api_key_id=tenant.api_key_id,
        user_id=tenant.user_id,
        duration_ms=1234,
        source_cost=Decimal("0.002"),
    )
    [outcome] = await ledger.record(tenant.id, [event])
    assert (outcome.status, outcome.cost, outcome.is_unpriced) == ("RECORDED", COST, False)
    [row] = await entries(database, tenant)
    assert row["id"] == outcome.transaction_id
    assert row["cost"] == COST
    assert row["source_cost"] == Decimal("0.002")
    assert (row["agent_type"], row["initiator"], row["surface"]) == ("ui-ux", "TASK_AGENT", "CLI")
    assert (row["input"], row["output"], row["requests"], row["unpriced"]) == (100, 50, 1, 0)
    assert (row["local_date"], row["utc_offset_seconds"]) == (date(2026, 3, 15), 0)
    [run] = await fetch(database, "SELECT * FROM pipeline_run WHERE id = $1", row["run_id"])
    assert (run["key"], run["workflow"], run["trigger"], run["status"], run["started_at"]) == (
        "r1", "nightly", "schedule", "RUNNING", NOON,
    )  # fmt: skip
    await assert_proved(database, tenant)


async def test_token_classes_are_priced_apart(ledger: Ledger, tenant: Tenant) -> None:
    tokens = ReportedTokens(
        input_tokens=1000,
        output_tokens=300,
        cache_read_tokens=400,
        cache_write_5m_tokens=100,
        cache_write_1h_tokens=200,
        reasoning_tokens=50,
        input_includes_cache=True,
        output_includes_reasoning=True,
    )
    [outcome] = await ledger.record(tenant.id, [tenant.event(tokens=tokens)])
    micro = 300 * 5 + 400 * Decimal("0.5") + 100 * Decimal("6.25") + 200 * 10 + 300 * 25
    assert outcome.cost == micro / 1_000_000


async def test_an_unknown_model_is_unpriced_and_counted_never_zero(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    [outcome] = await ledger.record(tenant.id, [tenant.event(model="ft:gpt-4.1-custom-thing")])
    assert (outcome.status, outcome.is_unpriced, outcome.cost) == ("RECORDED", True, None)
    [row] = await fetch(
        database, "SELECT * FROM rollup_month WHERE organization_id = $1", tenant.id
    )
    assert (row["requests"], row["unpriced"], row["cost"]) == (1, 1, 0)
    await assert_proved(database, tenant)


async def test_the_same_event_again_is_a_duplicate_with_the_first_answer(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    [first] = await ledger.record(tenant.id, [tenant.event()])
    [again] = await ledger.record(tenant.id, [tenant.event()])
    assert again.status is UsageStatus.DUPLICATE
    assert (again.transaction_id, again.cost) == (first.transaction_id, first.cost)
    assert len(await entries(database, tenant)) == 1


async def test_duplicates_inside_a_batch_are_counted_once(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    batch = [tenant.event("a"), tenant.event("a"), tenant.event("b")]
    outcomes = await ledger.record(tenant.id, batch)
    assert [outcome.status for outcome in outcomes] == ["RECORDED", "DUPLICATE", "RECORDED"]
    [row] = await fetch(
        database, "SELECT * FROM rollup_month WHERE organization_id = $1", tenant.id
    )
    assert (row["requests"], row["cost"]) == (2, 2 * COST)


@pytest.mark.parametrize("is_same_batch", [True, False])
async def test_the_same_key_with_other_content_changes_nothing(
    database: Database, ledger: Ledger, tenant: Tenant, is_same_batch: bool
) -> None:
    other = tenant.event(
        tokens=ReportedTokens(input_tokens=7),
        run=RunRef("new run"),
        job=JobRef("new job", "testing", status=RunStatus.SUCCEEDED),
    )
    if is_same_batch:
        outcomes = await ledger.record(tenant.id, [tenant.event(), other])
    else:
        outcomes = [
            *await ledger.record(tenant.id, [tenant.event()]),
            *await ledger.record(tenant.id, [other]),
        ]
    assert [outcome.status for outcome in outcomes] == ["RECORDED", "CONFLICT"]
    assert len(await entries(database, tenant)) == 1
    assert not await fetch(
        database, "SELECT * FROM pipeline_run WHERE organization_id = $1", tenant.id
    )


async def test_a_retry_without_an_instant_does_not_conflict_with_itself(
    ledger: Ledger, tenant: Tenant
) -> None:
    event = tenant.event(occurred_at=None)
    [first] = await ledger.record(tenant.id, [event], now=NOON)
    [again] = await ledger.record(tenant.id, [event], now=NOON + timedelta(minutes=1))
    assert (first.status, again.status) == ("RECORDED", "DUPLICATE")


async def test_a_rejected_event_says_why_and_harms_nobody_else(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    stranger = await make_tenant(database)
    bad = [
        tenant.event("negative", tokens=ReportedTokens(input_tokens=-1)),
        tenant.event("foreign", project_id=stranger.project_id),
        tenant.event("unknown", project_id=uuid7()),
        tenant.event("key", api_key_id=stranger.api_key_id),
        tenant.event("user", user_id=stranger.user_id),
        tenant.event("nul", model="a\x00b"),
        tenant.event("a key that cannot be sent \x00"),
        tenant.event("another \ud800"),
        tenant.event("surrogate", model="a\ud800"),
        tenant.event("x" * 256),
        tenant.event("naive", occurred_at=datetime(2026, 1, 1)),
        tenant.event("guess", tokens=ReportedTokens(input_tokens=5, cache_read_tokens=1)),
        tenant.event("lonely", job=JobRef("j", "testing")),
    ]
    outcomes = await ledger.record(tenant.id, [*bad, tenant.event("good")])
    assert [outcome.status for outcome in outcomes] == ["REJECTED"] * len(bad) + ["RECORDED"]
    fields = [outcome.errors[0].field for outcome in outcomes[:-1]]
    assert fields[:5] == [
        ("inputTokens",), ("projectId",), ("projectId",), ("apiKeyId",), ("userId",),
    ]  # fmt: skip
    foreign, unknown = outcomes[1].errors[0], outcomes[2].errors[0]
    assert foreign == unknown
    assert len(await entries(database, tenant)) == 1


async def test_a_growing_call_posts_the_positive_difference(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    def at(output: int, minute: int = 0) -> object:
        return tenant.event(
            is_cumulative=True,
            tokens=ReportedTokens(input_tokens=100, output_tokens=output),
            occurred_at=NOON + timedelta(minutes=minute),
            project_id=tenant.project_ids[min(minute, 2)],
        )

    outcomes = []
    for event in (at(10), at(50, 1), at(30, 2), at(50)):
        outcomes += await ledger.record(tenant.id, [event])
    assert [outcome.status for outcome in outcomes] == [
        "RECORDED", "RECORDED", "DUPLICATE", "DUPLICATE",
    ]  # fmt: skip
    rows = await entries(database, tenant)
    assert [(row["part"], row["output"], row["requests"]) for row in rows] == [
        (0, 10, 1),
        (1, 40, 0),
    ]
    assert {(row["project_id"], row["occurred_at"]) for row in rows} == {(tenant.project_id, NOON)}
    assert sum(row["cost"] for row in rows) == COST
    await assert_proved(database, tenant)


async def test_a_call_that_grows_into_another_tier_stands_at_that_tier(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    model = {"model": "claude-sonnet-4-5-20250929", "is_cumulative": True, "duration_ms": 5}
    small = tenant.event(tokens=ReportedTokens(input_tokens=150_000), **model)
    large = tenant.event(tokens=ReportedTokens(input_tokens=250_000), **model)
    await ledger.record(tenant.id, [small])
    [outcome] = await ledger.record(tenant.id, [large])
    rows = await entries(database, tenant)
    assert [row["kind"] for row in rows] == ["USAGE", "ADJUSTMENT", "USAGE"]
    # $3 per million up to 200,000 input tokens, $6 for the whole call beyond.
    assert sum(row["cost"] for row in rows) == Decimal("1.5")
    assert outcome.cost == Decimal("1.05")
    assert sum(row["requests"] for row in rows) == 1
    await assert_proved(database, tenant)


async def test_job_counts_follow_the_end_of_a_job(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    def ending(key: str, status: RunStatus | None, end: datetime | None) -> object:
        job = JobRef("j1", "testing", status=status, finished_at=end)
        return tenant.event(key, run=RunRef("r1"), job=job)

    async def counts() -> list[tuple[date, int, int]]:
        rows = await fetch(
            database,
            "SELECT * FROM rollup_project_day WHERE organization_id = $1 AND jobs_ended <> 0",
            tenant.id,
        )
        return [(row["local_date"], row["jobs_ended"], row["jobs_succeeded"]) for row in rows]

    await ledger.record(tenant.id, [ending("1", RunStatus.RUNNING, None)])
    assert await counts() == []
    await ledger.record(tenant.id, [ending("2", RunStatus.FAILED, NOON)])
    assert await counts() == [(date(2026, 3, 15), 1, 0)]
    later = NOON + timedelta(days=20)
    await ledger.record(tenant.id, [ending("3", RunStatus.SUCCEEDED, later)])
    assert await counts() == [(date(2026, 4, 4), 1, 1)]
    await ledger.record(tenant.id, [ending("4", None, NOON), ending("2", RunStatus.FAILED, NOON)])
    assert await counts() == [(date(2026, 4, 4), 1, 1)]
    await assert_proved(database, tenant)


async def test_a_parent_run_is_made_when_first_named(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await ledger.record(tenant.id, [tenant.event(run=RunRef("child", parent_key="parent"))])
    rows = await fetch(
        database,
        "SELECT c.key, p.key AS parent FROM pipeline_run AS c"
        " LEFT JOIN pipeline_run AS p ON p.id = c.parent_id"
        " WHERE c.organization_id = $1 ORDER BY c.key",
        tenant.id,
    )
    assert [tuple(row) for row in rows] == [("child", "parent"), ("parent", None)]


@pytest.mark.parametrize(
    ("time_zone", "instant", "day", "offset"),
    [
        ("Asia/Kathmandu", datetime(2026, 1, 31, 18, 14, 59, tzinfo=UTC), date(2026, 1, 31), 20700),
        ("Asia/Kathmandu", datetime(2026, 1, 31, 18, 15, tzinfo=UTC), date(2026, 2, 1), 20700),
        ("America/New_York", datetime(2026, 3, 8, 6, 59, tzinfo=UTC), date(2026, 3, 8), -18000),
        ("America/New_York", datetime(2026, 3, 8, 7, 0, tzinfo=UTC), date(2026, 3, 8), -14400),
        ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), date(2026, 11, 1), -14400),
        ("America/New_York", datetime(2026, 11, 1, 6, 30, tzinfo=UTC), date(2026, 11, 1), -18000),
    ],
)
async def test_days_are_local_to_the_organization(
    database: Database,
    ledger: Ledger,
    time_zone: str,
    instant: datetime,
    day: date,
    offset: int,
) -> None:
    tenant = await make_tenant(database, time_zone=time_zone)
    await ledger.record(tenant.id, [tenant.event(occurred_at=instant)])
    [row] = await entries(database, tenant)
    assert (row["local_date"], row["utc_offset_seconds"]) == (day, offset)
    [hour] = await fetch(
        database, "SELECT * FROM rollup_hour WHERE organization_id = $1", tenant.id
    )
    local = instant + timedelta(seconds=offset)
    begun = local.replace(minute=0, second=0) - timedelta(seconds=offset)
    assert hour["hour_start"] == begun
    await assert_proved(database, tenant)


async def test_one_key_sent_by_many_at_once_is_recorded_once(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    sent = await asyncio.gather(*(ledger.record(tenant.id, [tenant.event()]) for _ in range(32)))
    statuses = [outcome.status for [outcome] in sent]
    assert statuses.count(UsageStatus.RECORDED) == 1
    assert statuses.count(UsageStatus.DUPLICATE) == 31
    assert len({outcome.transaction_id for [outcome] in sent}) == 1
    await assert_proved(database, tenant)


async def test_batches_in_opposite_order_do_not_block_each_other_for_good(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    def batch(writer: int) -> list[object]:
        events = [
            tenant.event(
                f"{writer}-{number}",
                project_id=tenant.project_ids[number % 3],
                run=RunRef(f"r{number % 5}"),
                job=JobRef(f"j{number % 7}", "testing", finished_at=NOON),
                model=["claude-opus-4-5", "gpt-4o", "gemini-2.5-pro"][number % 3],
                provider=["anthropic", "openai", "google"][number % 3],
            )
            for number in range(60)
        ]
        return events if writer % 2 else events[::-1]

    sent = await asyncio.gather(*(ledger.record(tenant.id, batch(writer)) for writer in range(8)))
    assert {outcome.status for outcomes in sent for outcome in outcomes} == {"RECORDED"}
    assert len(await entries(database, tenant)) == 480
    await assert_proved(database, tenant)


async def test_growing_reports_that_race_add_up_to_the_largest(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    def report(output: int) -> object:
        return tenant.event(
            is_cumulative=True, tokens=ReportedTokens(input_tokens=100, output_tokens=output)
        )

    await asyncio.gather(*(ledger.record(tenant.id, [report(n)]) for n in range(10, 60, 10)))
    rows = await entries(database, tenant)
    assert sum(row["output"] for row in rows) == 50
    assert sum(row["requests"] for row in rows) == 1
    await assert_proved(database, tenant)


async def test_a_failed_batch_leaves_nothing(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    broken = replace(tenant.event("b", run=RunRef("r")), import_id=uuid7())
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await ledger.record(tenant.id, [tenant.event("a"), broken])
    assert await entries(database, tenant) == []
    assert not await fetch(
        database, "SELECT * FROM pipeline_run WHERE organization_id = $1", tenant.id
    )


@pytest.mark.parametrize(
    "table", ["credit_transaction", "credit_deduction", "credit_grant", "rate", "price"]
)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
async def test_the_serving_role_can_only_append(
    database: Database, server: object, table: str, statement: str
) -> None:
    if getattr(server, "app_role", None) is None:
        pytest.skip("the server's user may not make roles, so one role does everything")
    text = statement.format(table)
    if table == "credit_deduction":
        text = text.replace("id = id", "posted_at = posted_at")
    async with database.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(text)


async def test_failed_calls_count_with_what_they_cost(ledger: Ledger, tenant: Tenant) -> None:
    [outcome] = await ledger.record(tenant.id, [tenant.event(outcome=CallOutcome.FAILED)])
    assert outcome.cost == COST


async def test_reports_of_a_stream_may_come_twice_and_out_of_order(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    def report(number: int, output: int) -> object:
        return tenant.event(
            f"report {number}",
            call_key="call",
            tokens=ReportedTokens(input_tokens=100, output_tokens=output),
        )

    sent = [report(1, 10), report(3, 50), report(2, 30), report(3, 50), report(1, 10)]
    outcomes = [outcome for event in sent for outcome in await ledger.record(tenant.id, [event])]
    assert [outcome.status for outcome in outcomes] == [
        "RECORDED", "RECORDED", "DUPLICATE", "DUPLICATE", "DUPLICATE",
    ]  # fmt: skip
    rows = await entries(database, tenant)
    assert [row["report_key"] for row in rows] == ["report 1", "report 3"]
    assert sum(row["cost"] for row in rows) == COST
    assert sum(row["requests"] for row in rows) == 1
    # An event that happens to be called like the call is another thing.
    [other] = await ledger.record(tenant.id, [tenant.event("call")])
    assert other.status is UsageStatus.RECORDED
    await assert_proved(database, tenant)
