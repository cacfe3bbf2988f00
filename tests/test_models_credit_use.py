"""Credits by hour and day: where a posting falls, and that nothing is lost on the way."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest
from tenants import Tenant

from models.credit_balance import CREDITS, Balance, lock_balance, save_balance
from models.credit_use import PostingHour, add_credits, posting_hour
from models.db import Database
from models.event import Surface
from models.ids import NIL, uuid7
from models.ledger import Ledger
from models.local_time import LocalDay, TimeZones
from models.posting import Attribution, Entry
from models.token import ReportedTokens, TokenCounts

NOON = datetime(2026, 3, 15, 12, 40, tzinfo=UTC)
AT = PostingHour(date(2026, 3, 15), NOON.replace(minute=0))


def zone(name: str) -> TimeZones:
    return TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], [name])


def entry(tenant: Tenant, project: int = 0, **changes: object) -> Entry:
    of = Attribution(
        tenant.project_ids[project], tenant.workspace_id, NOON, LocalDay(NOON.date(), 0),
        "anthropic", "model", "COMPLETION", "SUCCEEDED",
    )  # fmt: skip
    of.user_id, of.surface = changes.get("user_id"), changes.get("surface")  # type: ignore[assignment]
    unpriced = 1 if changes.get("is_unpriced") else 0
    return Entry(uuid7(), "e", 0, of, TokenCounts(), 1, unpriced, b"")


async def locked(connection: asyncpg.Connection, tenant: Tenant) -> Balance:
    balance = await lock_balance(connection, tenant.id, NOON)
    assert balance is not None
    return balance


async def rows(database: Database, table: str, tenant: Tenant) -> set[tuple[object, ...]]:
    async with database.connection() as connection:
        found = await connection.fetch(
            f"SELECT * FROM {table} WHERE organization_id = $1", tenant.id
        )
    return {tuple(row)[1:] for row in found}


@pytest.mark.parametrize(
    ("name", "recorded_at", "day", "hour"),
    [
        ("UTC", NOON, "2026-03-15", "2026-03-15T12:00"),
        ("Asia/Kathmandu", NOON, "2026-03-15", "2026-03-15T12:15"),
        ("Asia/Kathmandu", NOON.replace(hour=18), "2026-03-16", "2026-03-15T18:15"),
        # Summer time begins at 1:00 UTC, and ends at 1:00 UTC with an hour that comes twice.
        ("Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "2026-03-29",
         "2026-03-29T01:00"),
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25",
         "2026-10-25T00:00"),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25",
         "2026-10-25T01:00"),
    ],
)  # fmt: skip
def test_a_posting_falls_into_a_local_hour(
    name: str, recorded_at: datetime, day: str, hour: str
) -> None:
    found = posting_hour(zone(name), recorded_at, datetime(2026, 1, 1, tzinfo=UTC))
    assert found == (date.fromisoformat(day), datetime.fromisoformat(f"{hour}Z"))


def test_a_clock_that_is_behind_posts_into_the_cycle_that_has_begun() -> None:
    late = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
    begun = late + timedelta(seconds=1)
    assert posting_hour(zone("Europe/Berlin"), late, begun) == (date(2026, 4, 1), begun)


async def test_what_is_taken_is_added_by_hour_and_by_day(
    database: Database, tenant: Tenant
) -> None:
    person, tiny = tenant.user_id, Decimal("0.000000000000000001")
    taken = [
        (entry(tenant, user_id=person, surface="WEB"), Decimal("1.5")),
        (entry(tenant, user_id=person, surface="CLI"), tiny),
        (entry(tenant, 1, surface="WEB"), Decimal("-0.25")),
        (entry(tenant, 1, is_unpriced=True), Decimal(0)),
    ]
    async with database.transaction() as connection:
        await add_credits(connection, tenant.id, AT, taken)
        await add_credits(connection, tenant.id, AT, taken[:1])
    first, second = tenant.project_ids[:2]
    assert await rows(database, "credit_use_hour", tenant) == {
        (*AT, "WEB", 3, 0, Decimal("2.75")),
        (*AT, "CLI", 1, 0, tiny),
        (*AT, "", 1, 1, Decimal(0)),
    }
    assert await rows(database, "credit_use_day", tenant) == {
        (AT.local_date, first, person, 3, 0, Decimal(3) + tiny),
        (AT.local_date, second, NIL, 2, 1, Decimal("-0.25")),
    }


async def test_what_was_taken_is_never_deleted(database: Database, tenant: Tenant) -> None:
    async with database.connection() as connection:
        for table in ("credit_use_hour", "credit_use_day"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(
                    f"DELETE FROM {table} WHERE organization_id = $1", UUID(int=1)
                )


async def test_the_days_of_a_cycle_add_up_to_what_the_balance_says_was_used(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    """Late usage, a rate that changes, what is given back, and what has no price."""
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    balance = Balance(
        CREDITS, "free", None, Decimal("33.333333"), None, start - timedelta(days=60), None,
        start, end, monthly_granted=Decimal("0.1"),
    )  # fmt: skip
    async with database.transaction() as connection:
        await save_balance(connection, tenant.id, balance)
    late = tenant.event("late", occurred_at=start - timedelta(days=3), surface=Surface.WEB)
    before = tenant.event("before", occurred_at=start - timedelta(days=90))
    unpriced = tenant.event("unpriced", model="nobody-knows", provider=None)
    stream = tenant.event("s1", call_key="s", tokens=ReportedTokens(input_tokens=10))
    grown = tenant.event("s2", call_key="s", tokens=ReportedTokens(input_tokens=300_000))
    await ledger.record(tenant.id, [late, before, unpriced, stream], now=NOON)
    async with database.transaction() as connection:
        balance = await locked(connection, tenant)
        balance.credits_per_dollar = Decimal("77.7")
        await save_balance(connection, tenant.id, balance)
    await ledger.record(tenant.id, [grown, tenant.event()], now=NOON + timedelta(days=1))
    async with database.transaction() as connection:
        balance = await locked(connection, tenant)
        sums = await connection.fetch(
            "SELECT sum(credits), sum(requests), sum(unpriced) FROM credit_use_day"
            " WHERE organization_id = $1 UNION ALL SELECT sum(credits), sum(requests),"
            " sum(unpriced) FROM credit_use_hour WHERE organization_id = $1 UNION ALL"
            " SELECT sum(monthly_credits + bonus_credits + overage_credits), 4, 1"
            " FROM credit_deduction WHERE organization_id = $1 AND cycle_start = $2",
            tenant.id,
            start,
        )
    assert {tuple(row) for row in sums} == {(balance.used, 4, 1)}
    assert balance.overage > 0
