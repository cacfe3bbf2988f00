"""What a cap would have done to the past: worked out by hand, and against a plain replay."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from access_world import key_with, make_world, person_with
from caps import Caps
from hypothesis import given, settings
from hypothesis import strategies as st
from tenants import Tenant, make_tenant

from models import rehearsal
from models.access import Role, Scope
from models.admission import Granted
from models.cap import CapPeriod
from models.cap_rule import CapScope
from models.db import Database, sql
from models.errors import BadInputError, ForbiddenError, NotFoundError, UnavailableError
from models.event import RunRef, UsageEvent
from models.ids import uuid7
from models.ledger import Ledger
from models.level import Level
from models.local_time import TimeZones, load_time_zones
from models.period import Calendar
from models.rehearsal import CapRehearsal, Replay, Wanted, rehearse
from models.token import ReportedTokens

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
MARCH = (FIRST, datetime(2026, 4, 1, tzinfo=UTC))


def spent(tenant: Tenant, key: str, dollars: int, at: datetime, **changes: Any) -> UsageEvent:
    """A call at 5 dollars for a million tokens."""
    tokens = ReportedTokens(input_tokens=dollars * 200_000, output_tokens=0)
    return tenant.event(key, occurred_at=at, tokens=tokens, **changes)


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


async def record(ledger: Ledger, tenant: Tenant, *events: UsageEvent) -> None:
    outcomes = await ledger.record(tenant.organization_id, events, now=NOW)
    assert not any(outcome.errors for outcome in outcomes)


async def asked(
    database: Database,
    tenant: Tenant,
    limit: str,
    period: str = "DAY",
    *,
    scope: str = "ORGANIZATION",
    target: UUID | None = None,
    unit: str = "DOLLARS",
    span: tuple[datetime, datetime] = MARCH,
    asker: Scope | None = None,
) -> CapRehearsal:
    wanted = Wanted(
        scope,
        target or tenant.organization_id,
        period,
        Decimal(limit),
        unit,
        *span,
    )
    return await rehearse(database, asker or Scope.system(tenant.id), wanted, now=NOW)


def told(found: CapRehearsal) -> list[tuple[str, str, int, Decimal]]:
    """Strikes as a table: the period's first day, when, how many calls, how much."""
    return [
        (
            f"{strike.period.first_date:%m-%d}",
            f"{strike.struck_at:%d %H:%M}",
            strike.blocked_calls,
            strike.blocked_amount,
        )
        for strike in found.strikes
    ]


async def test_what_is_blocked_is_not_spent(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    """10 a day. On the 2nd 7 pass, 4 does not, 3 still does; on the 3rd exactly 10 do."""
    await record(
        ledger,
        tenant,
        spent(tenant, "a", 7, at(2, 1)),
        spent(tenant, "b", 4, at(2, 2)),
        spent(tenant, "c", 3, at(2, 3), project_id=tenant.project_ids[1]),
        spent(tenant, "d", 1, at(2, 4)),
        spent(tenant, "e", 10, at(3)),
        spent(tenant, "f", 11, at(4)),
        tenant.event("u", model="no-such-model", occurred_at=at(4)),
    )
    by_day = await asked(database, tenant, "10")
    assert told(by_day) == [("03-02", "02 02:00", 2, 5), ("03-04", "04 12:00", 1, 11)]
    assert (by_day.blocked_calls, by_day.blocked_amount) == (3, 16)
    assert by_day.unpriced_transactions == 1
    assert (by_day.period.start, by_day.period.end, by_day.unit) == (*MARCH, "DOLLARS")
    for period in ("MONTH", "BILLING_CYCLE"):
        by_month = await asked(database, tenant, "10", period)
        assert told(by_month) == [("03-01", "02 02:00", 4, 26)]
    assert told(await asked(database, tenant, "36")) == []
    nothing = await asked(database, tenant, "0")
    assert (nothing.blocked_calls, nothing.blocked_amount) == (6, 36)


async def test_only_the_range_is_replayed(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    """Half a day before it and half a day after count for nothing."""
    await record(
        ledger,
        tenant,
        *(spent(tenant, f"{hour}", 6, at(2, hour)) for hour in (1, 11, 12, 23)),
        spent(tenant, "next", 6, at(3, 0)),
    )
    found = await asked(database, tenant, "10", span=(at(2, 11), at(2, 23)))
    assert told(found) == [("03-02", "02 12:00", 1, 6)]


async def test_parts_of_a_call_are_one_call(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    """Streamed 3, then 5 in all, is a call of 5; what came to nothing is none."""
    at_noon = at(2)
    await record(ledger, tenant, spent(tenant, "r1", 3, at_noon, call_key="stream"))
    await record(ledger, tenant, spent(tenant, "r2", 5, at_noon, call_key="stream"))
    await record(ledger, tenant, spent(tenant, "later", 6, at(2, 13)))
    assert told(await asked(database, tenant, "5")) == [("03-02", "02 13:00", 1, 6)]
    assert told(await asked(database, tenant, "4")) == [("03-02", "02 12:00", 2, 11)]


async def test_each_kind_of_thing_counts_its_own(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    near, sibling, _ = tenant.project_ids
    group = uuid7()
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO workspace_group (organization_id, id, name, created_at)"
            " VALUES ($1, $2, 'Group', now())",
            tenant.id,
            group,
        )
        await connection.execute(
            "UPDATE workspace SET group_id = $2 WHERE organization_id = $1", tenant.id, group
        )
    await record(
        ledger,
        tenant,
        spent(tenant, "parent", 1, at(2, 1), run=RunRef("parent")),
        spent(tenant, "child", 2, at(2, 2), run=RunRef("child", "parent")),
        spent(tenant, "grandchild", 4, at(31, 2), run=RunRef("grandchild", "child")),
        spent(tenant, "other", 8, at(2, 4), run=RunRef("other")),
        spent(tenant, "key", 16, at(2, 5), api_key_id=tenant.api_key_id),
        spent(tenant, "user", 32, at(2, 6), user_id=tenant.user_id, project_id=sibling),
        tenant.event("u", model="no-such-model", occurred_at=at(2), user_id=tenant.user_id),
    )
    async with database.connection() as connection:
        runs = await connection.fetch(
            "SELECT key, id FROM pipeline_run WHERE organization_id = $1", tenant.id
        )
    run = {row["key"]: row["id"] for row in runs}
    rows: Sequence[tuple[str, UUID, int, int]] = (
        ("ORGANIZATION", tenant.id, 63, 1),
        ("WORKSPACE_GROUP", group, 63, 1),
        ("WORKSPACE", tenant.workspace_id, 63, 1),
        ("PROJECT", near, 31, 1),
        ("PROJECT", sibling, 32, 0),
        ("RUN", run["parent"], 7, 0),
        ("RUN", run["child"], 6, 0),
        ("RUN", run["other"], 8, 0),
        ("API_KEY", tenant.api_key_id, 16, 0),
        ("USER", tenant.user_id, 32, 1),
    )
    for scope, target, blocked, unpriced in rows:
        found = await asked(database, tenant, "0", scope=scope, target=target)
        assert (found.blocked_amount, found.unpriced_transactions) == (blocked, unpriced), scope
    whole = await asked(database, tenant, "3", "RUN", scope="RUN", target=run["parent"])
    assert told(whole) == [("03-01", "31 02:00", 1, 4)]
    assert whole.strikes[0].period == whole.period


async def test_credits_are_counted_at_their_rate(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    await record(ledger, tenant, *(spent(tenant, f"{n}", 1, at(2, n)) for n in range(3)))
    with pytest.raises(BadInputError, match="pays"):
        await asked(database, tenant, "250", unit="CREDITS")
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE organization SET billing_mode = 'CREDITS' WHERE id = $1", tenant.id
        )
    found = await asked(database, tenant, "250", unit="CREDITS")
    assert told(found) == [("03-02", "02 02:00", 1, 100)]


async def test_days_are_local(database: Database, ledger: Ledger) -> None:
    """In Kathmandu, 18:14 and 18:15 of UTC lie on two days."""
    tenant = await make_tenant(database, time_zone="Asia/Kathmandu")
    await record(
        ledger,
        tenant,
        spent(tenant, "a", 6, at(2, 18, 14)),
        spent(tenant, "b", 6, at(2, 18, 15)),
        spent(tenant, "c", 6, at(3, 18, 14)),
    )
    assert told(await asked(database, tenant, "6")) == [("03-03", "03 18:14", 1, 6)]


async def test_it_blocks_what_a_cap_blocks(database: Database, ledger: Ledger) -> None:
    """The same calls, reserved one after another, and rehearsed as if all had been made."""
    chance = random.Random(11)
    calls = [chance.randrange(1, 9) for _ in range(30)]
    capped, past = [await make_tenant(database) for _ in range(2)]
    caps, now = Caps(database, capped), datetime.now(UTC)
    runs = [
        await ledger.record_run(tenant.id, tenant.project_id, RunRef("run"))
        for tenant in (capped, past)
    ]
    await caps.set(40, CapScope.RUN, runs[0], CapPeriod.RUN)
    blocked = []
    for place, cost in enumerate(calls):
        if isinstance(await caps.reserve(f"k{place}", cost, run_key="run"), Granted):
            tokens = ReportedTokens(input_tokens=cost * 200_000, output_tokens=0)
            await caps.settle(f"k{place}", tokens)
        else:
            blocked.append(place)
    assert 0 < len(blocked) < len(calls)
    made = [now + timedelta(seconds=place - 60) for place in range(len(calls))]
    await record(
        ledger,
        past,
        *(
            spent(past, f"k{place}", cost, made[place], run=RunRef("run"))
            for place, cost in enumerate(calls)
        ),
    )
    span = (now - timedelta(hours=1), now)
    found = await asked(database, past, "40", "RUN", scope="RUN", target=runs[1], span=span)
    assert (found.blocked_calls, found.blocked_amount) == (
        len(blocked),
        sum(calls[place] for place in blocked),
    )
    assert [strike.struck_at for strike in found.strikes] == [made[blocked[0]]]


def test_strikes_are_cut_at_four_hundred_and_sums_are_not() -> None:
    calendar = Calendar(TimeZones([FIRST], ["UTC"]), NOW)
    replay = Replay(Decimal(0), lambda instant: calendar.day(instant.date()))
    for day in range(500):
        replay.call(FIRST + timedelta(days=day), Decimal(2))
    assert len(replay.strikes) == 400
    assert replay.strikes[0].struck_at == FIRST
    assert (replay.blocked_calls, replay.blocked_amount) == (500, 1000)


async def test_one_that_takes_too_long_says_what_helps(
    database: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = "coalesce(sum(unpriced), 0)::bigint"
    slow = rehearsal.sql("rehearsal_unpriced").replace(
        count, f"{count} + length(pg_sleep(9)::text)"
    )
    monkeypatch.setattr(
        rehearsal, "sql", lambda name: slow if name == "rehearsal_unpriced" else sql(name)
    )
    monkeypatch.setattr(rehearsal, "SECONDS", 0.2)
    with pytest.raises(UnavailableError, match="shorter range"):
        await asked(database, tenant, "1")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"limit": "-1"}, "limit"),
        ({"limit": "1000000000.1"}, "limit"),
        ({"limit": "0.0000000000001"}, "limit"),
        ({"period": "RUN"}, "period"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    database: Database, tenant: Tenant, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInputError) as refused:
        await asked(database, tenant, **{"limit": "1", **changes})
    assert refused.value.field == ("input", field)


async def test_only_who_administers_the_thing_may_ask(database: Database) -> None:
    async with database.transaction() as connection:
        world = await make_world(connection)
        key = await key_with(connection, world, Role.ADMIN, Level(project_id=world.near))
        person = await person_with(connection, world, Role.MEMBER)
        manager = await person_with(connection, world, Role.ADMIN, Level(workspace_id=world.first))
    tenant = Tenant(world.organization_id, world.first, [world.near], world.owner_id, uuid7())
    assert key.api_key_id is not None

    async def refusal(asker: Scope, scope: str, target: UUID) -> type[Exception] | None:
        try:
            await asked(database, tenant, "1", scope=scope, target=target, asker=asker)
        except (NotFoundError, ForbiddenError) as refused:
            return type(refused)
        return None

    things = (
        ("ORGANIZATION", tenant.id),
        ("WORKSPACE", world.first),
        ("WORKSPACE", world.second),
        ("PROJECT", world.near),
        ("PROJECT", world.far),
        ("API_KEY", key.api_key_id),
        ("USER", world.owner_id),
    )
    forbidden, hidden = ForbiddenError, NotFoundError
    answers = {
        "system": (world.system, [None] * 7),
        "member": (person, [forbidden] * 5 + [hidden, forbidden]),
        "manager": (manager, [forbidden, None, hidden, None, hidden, None, forbidden]),
        "key": (key, [forbidden, forbidden, hidden, None, hidden, None, forbidden]),
    }
    for name, (asker, expected) in answers.items():
        assert [await refusal(asker, *thing) for thing in things] == expected, name
    for scope in ("ORGANIZATION", "WORKSPACE_GROUP", "WORKSPACE", "PROJECT", "RUN", "API_KEY"):
        assert await refusal(world.system, scope, uuid7()) is hidden


def plain_replay(
    calls: Sequence[tuple[datetime, int]], limit: int, period_of: Callable[[datetime], Any]
) -> dict[Any, tuple[datetime, int, int]]:
    """The same in the plainest words: by period, the first strike, how many, how much."""
    passed: dict[Any, int] = {}
    struck: dict[Any, tuple[datetime, int, int]] = {}
    for instant, dollars in calls:
        period = period_of(instant)
        if passed.get(period, 0) + dollars <= limit:
            passed[period] = passed.get(period, 0) + dollars
        else:
            first, count, amount = struck.get(period, (instant, 0, 0))
            struck[period] = (first, count + 1, amount + dollars)
    return struck


@settings(max_examples=25)
@given(
    calls=st.lists(
        st.tuples(st.integers(0, 40 * 24), st.integers(0, 9), st.integers(0, 1)), max_size=25
    ),
    limit=st.integers(0, 20),
    hours=st.tuples(st.integers(0, 500), st.integers(501, 960)),
    period=st.sampled_from(["DAY", "MONTH"]),
    of_project=st.booleans(),
)
async def test_a_replay_equals_the_plain_one(
    database: Database,
    ledger: Ledger,
    calls: list[tuple[int, int, int]],
    limit: int,
    hours: tuple[int, int],
    period: str,
    of_project: bool,
) -> None:
    """Calls at any hours in two projects, each streamed in two parts, some at the same instant."""
    tenant = await make_tenant(database, time_zone="America/New_York", project_count=2)
    start, end = (FIRST + timedelta(hours=hour) for hour in hours)
    events = [
        spent(
            tenant,
            f"{place} {part}",
            dollars * part // 2,
            FIRST + timedelta(hours=hour),
            project_id=tenant.project_ids[project],
            call_key=f"call {place}",
        )
        for part in (1, 2)
        for place, (hour, dollars, project) in enumerate(calls)
    ]
    for event in events:
        await record(ledger, tenant, event)
    async with database.connection() as connection:
        zone = (await load_time_zones(connection, tenant.id)).at(NOW)
    kept = sorted(
        (hour, place, dollars)
        for place, (hour, dollars, project) in enumerate(calls)
        if hours[0] <= hour < hours[1] and (project == 0 or not of_project)
    )
    expected = plain_replay(
        [(FIRST + timedelta(hours=hour), dollars) for hour, _, dollars in kept],
        limit,
        lambda instant: f"{instant.astimezone(zone):{'%m-%d' if period == 'DAY' else '%m-01'}}",
    )
    scope, target = ("PROJECT", tenant.project_id) if of_project else ("ORGANIZATION", tenant.id)
    found = await asked(
        database, tenant, str(limit), period, scope=scope, target=target, span=(start, end)
    )
    assert {
        f"{strike.period.first_date:%m-%d}": (
            strike.struck_at,
            strike.blocked_calls,
            strike.blocked_amount,
        )
        for strike in found.strikes
    } == expected
    assert found.blocked_amount == sum(amount for _, _, amount in expected.values())
