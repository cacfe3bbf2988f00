"""004's figures over GraphQL, each recomputed from the ledger through its joined tables."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from access_world import make_person
from billed import billed_tenant, change_billing, entry, post
from graphql_client import Asker, member, owner
from tenants import Tenant, make_tenant

from models.access import Principal, Role, Scope
from models.db import Database
from models.event import Surface
from models.ids import encode
from models.ledger import Ledger
from models.membership import grant_role
from models.rollup import ROLLUPS
from models.rollup_check import rebuild
from models.token import ReportedTokens
from models.workspace import create_workspace, create_workspace_group
from resolvers import node

NOW = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
SURFACES = (Surface.WEB, Surface.CLI, Surface.API, None)
SERIES = """query ($range: RangeInput!, $granularity: Granularity!) { organization {
  usageSeries(range: $range, granularity: $granularity) {
    id unit total unpricedTransactions period { start end firstDate lastDate }
    lines { surface total points { amount period { start end firstDate } } } } } }"""
TOPS = """query ($range: RangeInput, $first: Int, $after: String) { organization {
  topWorkspaces(range: $range, first: $first, after: $after) { ...Page unit
    period { firstDate lastDate } nodes { workspace { name } ...W } }
  topWorkspaceGroups(range: $range) { nodes { group { name } ...G } }
  topUsers(range: $range) { nodes { user { id } ...U } } } }
fragment Page on WorkspaceSpendConnection { pageInfo { hasNextPage endCursor } }
fragment W on WorkspaceSpend { requests amount pctOfTotal unpricedTransactions }
fragment G on WorkspaceGroupSpend { requests amount pctOfTotal unpricedTransactions }
fragment U on UserSpend { requests amount pctOfTotal unpricedTransactions }"""
USAGE = """{ organization { creditUsage {
  unit allocation used remaining usedPct daysElapsed daysRemaining averagePerDay
  unpricedTransactions projectedTotal projectedTotalLow projectedTotalHigh
  period { start end firstDate lastDate } asOf
  monthly { allocation used remaining resetsAt } bonus { allocation used remaining resetsAt }
  runOut { days date earliestDate latestDate isBeforeCycleEnd } } } }"""


@dataclass
class Spending:
    """A tenant with two workspaces, one of them in a group, and a second person."""

    tenant: Tenant
    asker: Asker
    people: list[UUID | None] = field(default_factory=list)


async def spend(database: Database, ledger: Ledger, tenant: Tenant) -> Spending:
    """Calls all over February and March, some unpriced, some posted long after they were made."""
    system = Scope.system(tenant.id)
    async with database.transaction() as connection:
        group = await create_workspace_group(connection, system, "Team")
        second = await create_workspace(connection, system, "Second", group_id=group)
        await connection.execute(
            "UPDATE project SET workspace_id = $3 WHERE organization_id = $1 AND id = $2",
            tenant.id, tenant.project_ids[2], second,
        )  # fmt: skip
        other = await make_person(connection)
        await grant_role(connection, system, other, Role.MEMBER)
    people: list[UUID | None] = [tenant.user_id, other, None]
    posted = []
    for number in range(60):
        at = datetime(2026, 1, 30, 23, 50, tzinfo=UTC) + timedelta(hours=19 * number)
        event = tenant.event(
            f"e{number}",
            occurred_at=at,
            project_id=tenant.project_ids[number % 3],
            user_id=people[number % 5 % 3],
            surface=SURFACES[number % 7 % 4],
            model="nobody-knows" if number % 11 == 3 else "claude-opus-4-5-20251101",
            tokens=ReportedTokens(input_tokens=100 + 7 * number, output_tokens=number),
        )
        late = timedelta(days=12 if number % 13 == 5 else 0, minutes=3)
        posted.append((at + late, event))
    for now, event in sorted(posted, key=lambda it: it[0]):
        [outcome] = await ledger.record(tenant.id, [event], now=now)
        assert not outcome.errors
    return Spending(tenant, owner(database, tenant, NOW), people)


async def in_dollars(database: Database, ledger: Ledger) -> Spending:
    tenant = await make_tenant(database, time_zone="Asia/Kathmandu")
    return await spend(database, ledger, tenant)


async def in_credits(database: Database, ledger: Ledger) -> Spending:
    """Pays in credits, at a rate that changed on the way."""
    tenant = await billed_tenant(database, datetime(2026, 1, 1, tzinfo=UTC))
    spending = await spend(database, ledger, tenant)
    await change_billing(database, tenant, NOW, credits_per_dollar=Decimal("33.3"))
    late = tenant.event("late", occurred_at=NOW - timedelta(days=25), surface=Surface.WEB)
    await ledger.record(tenant.id, [late], now=NOW)
    return spending


@pytest.fixture
async def dollars(database: Database, ledger: Ledger) -> Spending:
    return await in_dollars(database, ledger)


@pytest.fixture
async def credits(database: Database, ledger: Ledger) -> Spending:
    return await in_credits(database, ledger)


DOLLARS = (
    "SELECT w.name AS workspace, g.name AS team, t.user_id, t.surface, t.requests, t.unpriced,"
    " coalesce(t.cost, 0) AS amount, t.local_date AS day, t.occurred_at AS at"
)
CREDITS = (
    "SELECT w.name AS workspace, g.name AS team, t.user_id, t.surface, t.requests, t.unpriced,"
    " coalesce(d.monthly_credits + d.bonus_credits + d.overage_credits, 0) AS amount,"
    " t.recorded_at::date AS day, t.recorded_at AS at"
)


UNITS = {"DOLLARS": (in_dollars, DOLLARS), "CREDITS": (in_credits, CREDITS)}


async def ledger_of(database: Database, tenant: Tenant, columns: str) -> list[Any]:
    """Every entry with what it is counted under, joined anew."""
    async with database.connection() as connection:
        return list(await connection.fetch(
            f"{columns} FROM credit_transaction AS t"
            " JOIN project AS p ON p.organization_id = t.organization_id AND p.id = t.project_id"
            " JOIN workspace AS w ON w.organization_id = p.organization_id"
            " AND w.id = p.workspace_id"
            " LEFT JOIN workspace_group AS g ON g.organization_id = w.organization_id"
            " AND g.id = w.group_id"
            " LEFT JOIN credit_deduction AS d ON d.organization_id = t.organization_id"
            " AND d.transaction_id = t.id WHERE t.organization_id = $1",
            tenant.id,
        ))  # fmt: skip


def of_days(rows: list[Any], first: str, last: str) -> list[Any]:
    return [row for row in rows if first <= row["day"].isoformat() <= last]


def summed(rows: list[Any], by: str) -> dict[Any, tuple[int, Decimal, int]]:
    found: dict[Any, tuple[int, Decimal, int]] = {}
    for row in rows:
        requests, amount, unpriced = found.get(row[by], (0, Decimal(0), 0))
        found[row[by]] = (
            requests + row["requests"], amount + row["amount"], unpriced + row["unpriced"],
        )  # fmt: skip
    return found


def told(nodes: Any, name: Any) -> dict[Any, tuple[int, Decimal, int]]:
    return {
        name(it): (it["requests"], Decimal(it["amount"]), it["unpricedTransactions"])
        for it in nodes
    }


RANGES = [
    ({"preset": "THIS_CYCLE"}, "2026-03-01", "2026-03-31"),
    ({"preset": "LAST_7_DAYS"}, "2026-03-14", "2026-03-20"),
    ({"dates": {"first": "2026-01-20", "last": "2026-03-05"}}, "2026-01-20", "2026-03-05"),
]


@pytest.mark.parametrize("unit", UNITS)
async def test_rankings_are_what_the_ledger_says(
    database: Database, ledger: Ledger, unit: str
) -> None:
    make, columns = UNITS[unit]
    spending = await make(database, ledger)
    rows = await ledger_of(database, spending.tenant, columns)
    for range_, first, last in RANGES:
        here = of_days(rows, first, last)
        data = (await spending.asker.ask(TOPS, range=range_))["organization"]
        top = data["topWorkspaces"]
        assert (top["unit"], top["period"]) == (unit, {"firstDate": first, "lastDate": last})
        assert told(top["nodes"], lambda it: it["workspace"]["name"]) == summed(here, "workspace")
        groups = data["topWorkspaceGroups"]["nodes"]
        assert told(groups, lambda it: it["group"] and it["group"]["name"]) == summed(here, "team")
        users = summed(here, "user_id")
        assert told(data["topUsers"]["nodes"], lambda it: it["user"] and it["user"]["id"]) == {
            id and node.user_id(id): sums for id, sums in users.items()
        }
        for name in ("topWorkspaces", "topWorkspaceGroups", "topUsers"):
            amounts = [Decimal(it["amount"]) for it in data[name]["nodes"]]
            assert amounts == sorted(amounts, reverse=True)
            assert sum(it["pctOfTotal"] for it in data[name]["nodes"]) == pytest.approx(100)


@pytest.mark.parametrize("unit", UNITS)
async def test_series_are_what_the_ledger_says(
    database: Database, ledger: Ledger, unit: str
) -> None:
    make, columns = UNITS[unit]
    spending = await make(database, ledger)
    rows = await ledger_of(database, spending.tenant, columns)
    for range_, granularity in (
        ({"preset": "LAST_24_HOURS"}, "HOUR"),
        ({"preset": "LAST_7_DAYS"}, "HOUR"),
        ({"preset": "LAST_7_DAYS"}, "DAY"),
        ({"preset": "LAST_30_DAYS"}, "WEEK"),
        ({"dates": {"first": "2026-01-20", "last": "2026-04-05"}}, "DAY"),
    ):
        data = await spending.asker.ask(SERIES, range=range_, granularity=granularity)
        series = data["organization"]["usageSeries"]
        assert series["unit"] == unit
        names = [line["surface"] for line in series["lines"]]
        assert names[:2] == ["WEB", "CLI"]
        within = [
            row for row in rows
            if series["period"]["start"] <= stamp(row["at"]) < series["period"]["end"]
        ]  # fmt: skip
        assert {row["surface"] for row in within} <= set(names)
        for line in series["lines"]:
            of_line = [row for row in within if row["surface"] == line["surface"]]
            for point in line["points"]:
                period = point["period"]
                bucket = [
                    row["amount"] for row in of_line
                    if period["start"] <= stamp(row["at"]) < period["end"]
                ]  # fmt: skip
                assert Decimal(point["amount"]) == sum(bucket, Decimal(0))
            points = [Decimal(point["amount"]) for point in line["points"]]
            assert Decimal(line["total"]) == sum(points)
        assert Decimal(series["total"]) == sum(Decimal(it["total"]) for it in series["lines"])
        assert series["unpricedTransactions"] == sum(row["unpriced"] for row in within)


async def test_figures_are_right_while_the_organizations_sums_are_still_to_be_counted(
    database: Database, dollars: Spending
) -> None:
    """As on the day of the upgrade: what is due is not read, and what was counted is."""
    tenant, asker = dollars.tenant, dollars.asker
    month = {"dates": {"first": "2026-02-01", "last": "2026-02-28"}}
    day = {"dates": {"first": "2026-02-14", "last": "2026-02-16"}}

    async def answers() -> list[Any]:
        return [
            await asker.ask(SERIES, range=month, granularity="DAY"),
            await asker.ask(SERIES, range=day, granularity="HOUR"),
            (await asker.ask(TOPS, range=month))["organization"]["topUsers"],
            (await asker.ask(USAGE))["organization"]["creditUsage"],
        ]

    whole = [rollup for rollup in ROLLUPS if rollup.by_project is not None]

    async def change(statement: str) -> None:
        for rollup in whole:
            async with database.connection() as connection:
                await connection.execute(
                    statement.format(table=rollup.table, name=f"'{rollup.table}'"), tenant.id
                )

    right = await answers()
    assert all(Decimal(it["organization"]["usageSeries"]["total"]) > 0 for it in right[:2])
    assert len(right[2]["nodes"]) == 3
    assert Decimal(right[3]["used"]) > 0
    await change("DELETE FROM {table} WHERE organization_id = $1")
    for told, expected in zip(await answers(), right, strict=True):
        assert told != expected, "nothing is due, so the organization's sums are read"
    await change("INSERT INTO due_rollup VALUES ($1, {name})")
    assert await answers() == right
    for rollup in whole:
        await rebuild(database, tenant.id, rollups=[rollup])
    await change("DELETE FROM due_rollup WHERE organization_id = $1 AND rollup = {name}")
    assert await answers() == right


def stamp(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


async def test_the_cycle_adds_up_in_every_figure(database: Database, credits: Spending) -> None:
    usage = (await credits.asker.ask(USAGE))["organization"]["creditUsage"]
    data = (await credits.asker.ask(TOPS))["organization"]
    cycle = {"range": {"preset": "THIS_CYCLE"}, "granularity": "DAY"}
    series = (await credits.asker.ask(SERIES, **cycle))["organization"]["usageSeries"]
    sums = [
        sum(Decimal(it["amount"]) for it in data[name]["nodes"])
        for name in ("topWorkspaces", "topWorkspaceGroups", "topUsers")
    ]
    rows = of_days(await ledger_of(database, credits.tenant, CREDITS), "2026-03-01", "2026-03-31")
    used = sum((row["amount"] for row in rows), Decimal(0))
    buckets = [Decimal(usage[name]["used"]) for name in ("monthly", "bonus")]
    assert {Decimal(usage["used"]), Decimal(series["total"]), *sums, sum(buckets)} == {used}
    assert used > 0
    assert (usage["unit"], usage["allocation"]) == ("CREDITS", "100")
    assert Decimal(usage["remaining"]) == 100 - used
    assert usage["usedPct"] == pytest.approx(float(used))
    assert (usage["daysElapsed"], usage["daysRemaining"]) == (19, 12)
    elapsed = Decimal((NOW - datetime(2026, 3, 1, tzinfo=UTC)).total_seconds()) / 86400
    assert Decimal(usage["averagePerDay"]) == pytest.approx(used / elapsed)
    assert usage["monthly"]["resetsAt"] == usage["period"]["end"] == "2026-04-01T00:00:00Z"
    assert usage["bonus"]["resetsAt"] is None
    low, middle, high = (
        Decimal(usage[name])
        for name in ("projectedTotalLow", "projectedTotal", "projectedTotalHigh")
    )
    assert used <= low <= middle <= high
    assert usage["runOut"]["earliestDate"] <= usage["runOut"]["date"]
    assert usage["unpricedTransactions"] == sum(row["unpriced"] for row in rows)


async def test_dollars_have_no_buckets_and_no_limit(database: Database, dollars: Spending) -> None:
    usage = (await dollars.asker.ask(USAGE))["organization"]["creditUsage"]
    rows = of_days(await ledger_of(database, dollars.tenant, DOLLARS), "2026-03-01", "2026-03-31")
    assert Decimal(usage["used"]) == sum(row["amount"] for row in rows)
    missing = ("allocation", "remaining", "usedPct", "monthly", "bonus", "runOut")
    assert [usage[name] for name in missing] == [None] * len(missing)
    assert usage["unit"] == "DOLLARS"
    assert usage["period"]["start"] == "2026-02-28T18:15:00Z", "midnight in Kathmandu"


async def test_a_ranking_is_paged(credits: Spending) -> None:
    first = (await credits.asker.ask(TOPS, first=1))["organization"]["topWorkspaces"]
    assert len(first["nodes"]) == 1
    assert first["pageInfo"]["hasNextPage"]
    after = first["pageInfo"]["endCursor"]
    second = (await credits.asker.ask(TOPS, first=5, after=after))["organization"]["topWorkspaces"]
    assert len(second["nodes"]) == 1
    assert not second["pageInfo"]["hasNextPage"]
    shares = [first["nodes"][0]["pctOfTotal"], second["nodes"][0]["pctOfTotal"]]
    assert sum(shares) == pytest.approx(100)
    _, [error] = await credits.asker.run(TOPS, first=5, after="AAAA")
    assert error.code == "BAD_USER_INPUT"


async def test_hours_are_for_a_week_and_begin_on_the_hour(credits: Spending) -> None:
    month = {"range": {"preset": "THIS_CYCLE"}, "granularity": "HOUR"}
    _, [error] = await credits.asker.run(SERIES, **month)
    assert (error.code, error.path[-1]) == ("BAD_USER_INPUT", "usageSeries")
    odd = {"instants": {"from": "2026-03-01T10:30:00Z", "to": "2026-03-01T12:00:00Z"}}
    _, [error] = await credits.asker.run(SERIES, range=odd, granularity="HOUR")
    assert error.code == "BAD_USER_INPUT"


BAR = """query ($id: ID!) { workspace(id: $id) { usageBar {
  id usedPct isFreeTier showsUpgrade showsReferral } } }"""


@pytest.mark.parametrize(
    ("plan", "cost", "upgrade", "referral"),
    [
        ("team", "0", False, False),
        ("free", "0", True, False),
        ("team", "4.999999999999", False, False),
        ("team", "5", False, True),
        ("team", "7.499999999999", False, True),
        ("team", "7.5", True, True),
        ("team", "12", True, True),
    ],
)
async def test_the_bar_shows_its_buttons_from_a_half_and_from_three_quarters(
    database: Database, plan: str, cost: str, upgrade: bool, referral: bool
) -> None:
    tenant = await billed_tenant(database, datetime(2026, 3, 1, tzinfo=UTC), plan=plan)
    await post(database, tenant, [entry(tenant, cost)])
    workspace = encode(node.WORKSPACE, tenant.id, tenant.workspace_id)
    anybody = Asker(
        database,
        Scope(
            Principal(tenant.id, None, tenant.api_key_id),
            workspace_roles={tenant.workspace_id: Role.VIEWER},
        ),
        NOW,
    )
    bar = (await anybody.ask(BAR, id=workspace))["workspace"]["usageBar"]
    assert bar["usedPct"] == pytest.approx(float(cost) * 10)
    assert bar["isFreeTier"] == (plan == "free")
    assert (bar["showsUpgrade"], bar["showsReferral"]) == (upgrade, referral)


async def test_figures_of_the_organization_are_for_its_admins(
    database: Database, tenant: Tenant
) -> None:
    asker = member(database, tenant, Role.OWNER, tenant.project_id, now=NOW)
    for text in ("creditUsage { used }", "topUsers { unit }", "topWorkspaces { unit }"):
        data, [error] = await asker.run(f"{{ organization {{ name {text} }} }}")
        assert error.code == "FORBIDDEN"
        assert data["organization"]["name"]
    workspace = encode(node.WORKSPACE, tenant.id, tenant.workspace_id)
    _, [error] = await asker.run(BAR, id=workspace)
    assert error.code == "FORBIDDEN", "a project's people are not the workspace's"


CYCLES = [
    # Zone, anchor day, now, the cycle's first and last day, elapsed and remaining days.
    ("UTC", 31, "2026-02-28T12:00Z", "2026-02-28", "2026-03-30", 0, 31),
    ("UTC", 31, "2026-02-27T23:59Z", "2026-01-31", "2026-02-27", 27, 1),
    ("UTC", 30, "2026-03-15T00:00Z", "2026-02-28", "2026-03-29", 15, 15),
    ("UTC", 29, "2028-02-29T00:00Z", "2028-02-29", "2028-03-28", 0, 29),
    ("Europe/Berlin", 1, "2026-03-31T21:59Z", "2026-03-01", "2026-03-31", 30, 1),
    ("Europe/Berlin", 1, "2026-03-31T22:00Z", "2026-04-01", "2026-04-30", 0, 30),
    ("Asia/Kathmandu", 15, "2026-03-14T18:14Z", "2026-02-15", "2026-03-14", 27, 1),
    ("Asia/Kathmandu", 15, "2026-03-14T18:15Z", "2026-03-15", "2026-04-14", 0, 31),
]


@pytest.mark.parametrize(
    ("zone", "anchor", "now", "first", "last", "elapsed", "remaining"), CYCLES
)  # fmt: skip
async def test_days_are_those_of_the_cycle(
    database: Database,
    zone: str,
    anchor: int,
    now: str,
    first: str,
    last: str,
    elapsed: int,
    remaining: int,
) -> None:
    tenant = await make_tenant(database, time_zone=zone)
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE organization SET cycle_anchor_day = $2 WHERE id = $1", tenant.id, anchor
        )
    asker = owner(database, tenant, datetime.fromisoformat(now))
    usage = (await asker.ask(USAGE))["organization"]["creditUsage"]
    period = usage["period"]
    assert (period["firstDate"], period["lastDate"]) == (first, last)
    assert (usage["daysElapsed"], usage["daysRemaining"]) == (elapsed, remaining)


async def test_usage_from_before_the_zone_changed_its_clocks_is_in_its_hour(
    database: Database, ledger: Ledger
) -> None:
    """The hour that comes twice as summer time ends is two hours."""
    tenant = await make_tenant(database, time_zone="Europe/Berlin")
    at = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]
    events = [tenant.event(f"e{n}", occurred_at=instant) for n, instant in enumerate(at)]
    await ledger.record(tenant.id, events, now=at[2])
    day = {"dates": {"first": "2026-10-25", "last": "2026-10-25"}}
    asker = owner(database, tenant, at[2])
    data = await asker.ask(SERIES, range=day, granularity="HOUR")
    [*_, line] = data["organization"]["usageSeries"]["lines"]
    used = [place for place, point in enumerate(line["points"]) if point["amount"] != "0"]
    assert (len(line["points"]), used) == (25, [2, 3, 4])


async def test_credits_of_eighteen_decimals_are_shown_with_twelve(database: Database) -> None:
    """A cost of twelve decimals at a rate of six: all figures answer, and agree."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    tenant = await billed_tenant(database, start, credits_per_dollar=Decimal("0.333333"))
    await post(database, tenant, [entry(tenant, "1.000000000001"), entry(tenant, "299.9")], NOW)
    asker = owner(database, tenant, NOW)
    exact = Decimal("300.900000000001") * Decimal("0.333333")
    usage = (await asker.ask(USAGE))["organization"]["creditUsage"]
    [top] = (await asker.ask(TOPS))["organization"]["topUsers"]["nodes"]
    cycle = {"range": {"preset": "THIS_CYCLE"}, "granularity": "WEEK"}
    series = (await asker.ask(SERIES, **cycle))["organization"]["usageSeries"]
    shown = exact.quantize(Decimal("1e-12"))
    buckets = Decimal(usage["monthly"]["used"]) + Decimal(usage["bonus"]["used"])
    assert {Decimal(usage["used"]), Decimal(top["amount"]), Decimal(series["total"])} == {shown}
    assert buckets == 100, "the rest is beyond both"
    assert (await asker.ask("{ organization { alerts { used } } }"))["organization"]["alerts"]
