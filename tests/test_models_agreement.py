"""Everything agrees: one project's month is the same number wherever it is asked for.

Monthly summary and its breakdown, trend, daily series, explorer pages and file, API calls and their
file, token analytics, FOCUS, series and rankings of the organization and the ledger: to the last
digit, what has no price counted alike.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from graphql_client import Asker, owner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tenants import PRICED, Tenant, make_tenant

from models.access import Scope
from models.api_call import CallsWanted
from models.api_call_export import ApiCallExport
from models.billing_cycle import BillingCycles, CycleAnchors
from models.db import Database
from models.event import JobRef, RunRef, UsageEvent
from models.export import Export, write_csv
from models.focus import FocusExport
from models.ids import PROJECT, WORKSPACE, encode
from models.ledger import Ledger
from models.local_time import TimeZones
from models.period import Calendar
from models.price_change import NewPrice, NewRate, set_price
from models.repricing import Wanted, post_rehearsed, rehearse
from models.token import ReportedTokens
from models.usage_entry import UsageEntryFilter, sought
from models.usage_export import UsageExport

ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Havana"]
NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)
MONTHS = [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
REPORTS = """query ($project: ID!, $workspace: ID!, $month: Month!, $days: RangeInput!,
                    $until: Date!, $after: String) {
  project(id: $project) {
    monthlySummary(month: $month) { totalCost unpricedTransactions totalTokens
      agentBreakdown { cost unpricedTransactions totalTokens } }
    monthlyTrend(months: 1, until: $month) { cost unpricedTransactions totalTokens }
    dailySpend(days: 31, until: $until) { date cost unpricedTransactions totalTokens } }
  organization { tokenUsage(filter: {range: $days, projectId: $project}) {
    cost unpricedTransactions totalTokens
    daily { cost unpricedTransactions inputTokens outputTokens }
    breakdown { cost unpricedTransactions totalTokens } } }
  workspace(id: $workspace) {
    usageEntries(range: $days, filter: {projectIds: [$project]}, first: 7, after: $after) {
      nodes { cost unpricedTransactions totalTokens } pageInfo { hasNextPage endCursor } } } }"""

FIGURES = """query ($days: RangeInput!) { organization {
  days: usageSeries(range: $days, granularity: DAY) { ...Series }
  weeks: usageSeries(range: $days, granularity: WEEK) { ...Series }
  topUsers(range: $days) { nodes { cost: amount unpricedTransactions } }
  topWorkspaces(range: $days) { nodes { cost: amount unpricedTransactions } } } }
fragment Series on UsageSeries { cost: total unpricedTransactions lines { points { amount } } }"""


class Total(NamedTuple):
    """A month as one of the reports tells it; None for what it does not tell."""

    cost: Decimal
    tokens: int | None
    unpriced: int | None


def events_of(tenant: Tenant, choose: Callable[[Any], Any]) -> list[UsageEvent]:
    """Calls about the ends of months, priced or not, in runs and jobs or in none, some streamed."""
    zone = ZoneInfo(tenant.time_zone)
    edges = [datetime(2026, month, 1, tzinfo=zone).astimezone(UTC) for month in (2, 3, 4, 5)]
    events = []
    for number in range(choose(st.integers(3, 14))):
        at = choose(st.sampled_from(edges)) + choose(
            st.sampled_from([timedelta(), timedelta(microseconds=-1), timedelta(hours=-1),
                timedelta(days=3, minutes=7), timedelta(days=11), timedelta(hours=5)])
        )  # fmt: skip
        run = choose(st.sampled_from([None, RunRef("a"), RunRef("b", workflow="w"), RunRef("c")]))
        job = JobRef("j", "research") if run and choose(st.booleans()) else None
        event = tenant.event(
            f"e{number}",
            occurred_at=at,
            run=run,
            job=job,
            project_id=choose(st.sampled_from(tenant.project_ids[:2])),
            model=choose(st.sampled_from([PRICED, "gpt-4o", "nobody-knows"])),
            provider=None,
            tokens=ReportedTokens(
                input_tokens=choose(st.integers(0, 10**6)),
                output_tokens=choose(st.integers(0, 999)),
            ),
        )
        events.append(event)
        if choose(st.integers(0, 3)) == 0:
            streamed = replace(event, event_key=f"s{number}", call_key=f"call {number}")
            grown = replace(streamed, event_key=f"t{number}", tokens=ReportedTokens(
                input_tokens=10**6 + 5, output_tokens=1_000))  # fmt: skip
            events += [streamed, grown]
    return events


async def text_of(database: Database, export: Export) -> list[dict[str, str]]:
    chunks: list[bytes] = []

    async def keep(chunk: bytes) -> None:
        chunks.append(chunk)

    async with database.connection() as connection:
        await write_csv(connection, export, keep)
    return list(csv.DictReader(io.StringIO(b"".join(chunks).decode(), newline="")))


def summed(rows: Sequence[Any]) -> Total:
    """Of rows that tell all three."""
    return Total(
        sum((Decimal(row.get("totalCost") or row.get("cost") or 0) for row in rows), Decimal(0)),
        sum(_tokens(row) for row in rows),
        sum(row["unpricedTransactions"] for row in rows),
    )


def told_of(rows: Sequence[Any]) -> Total:
    """Of rows that tell no tokens."""
    return Total(
        sum((Decimal(row["cost"]) for row in rows), Decimal(0)),
        None,
        sum(row["unpricedTransactions"] for row in rows),
    )


def _tokens(row: Any) -> int:
    if "totalTokens" in row:
        return int(row["totalTokens"])
    return int(row["inputTokens"] + row["outputTokens"])


def priced(rows: Sequence[dict[str, str]], column: str) -> Decimal:
    told = (row[column] for row in rows)
    return sum((Decimal(cell) for cell in told if cell not in ("", "unpriced")), Decimal(0))


async def over_graphql(
    asker: Asker, tenant: Tenant, project: UUID, month: date
) -> dict[str, Total]:
    last = (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    variables = {
        "project": encode(PROJECT, tenant.id, project),
        "workspace": encode(WORKSPACE, tenant.id, tenant.workspace_id),
        "month": f"{month:%Y-%m}",
        "days": {"dates": {"first": month.isoformat(), "last": last.isoformat()}},
        "until": last.isoformat(),
    }
    pages, after = [], None
    while True:
        data = await asker.ask(REPORTS, after=after, **variables)
        page = data["workspace"]["usageEntries"]
        pages += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    about, tokens = data["project"], data["organization"]["tokenUsage"]
    days = [day for day in about["dailySpend"] if day["date"][:7] == f"{month:%Y-%m}"]
    return {
        "summary": summed([about["monthlySummary"]]),
        "breakdown": summed(about["monthlySummary"]["agentBreakdown"]),
        "trend": summed(about["monthlyTrend"]),
        "daily": summed(days),
        "token usage": summed([tokens]),
        "token usage by day": summed(tokens["daily"]),
        "token usage by model": summed(tokens["breakdown"]),
        "explorer": summed(pages),
    }


async def of_organization(asker: Asker, month: date) -> dict[str, Total]:
    """All projects together, by surface, person and workspace."""
    last = (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    days = {"dates": {"first": month.isoformat(), "last": last.isoformat()}}
    about = (await asker.ask(FIGURES, days=days))["organization"]
    found = {name: told_of([about[name]]) for name in ("days", "weeks")}
    for name in ("days", "weeks"):
        points = [point for line in about[name]["lines"] for point in line["points"]]
        assert sum(Decimal(point["amount"]) for point in points) == found[name].cost
    for name in ("topUsers", "topWorkspaces"):
        found[name] = told_of(about[name]["nodes"])
    return found


async def as_files(
    database: Database, tenant: Tenant, project: UUID, month: date
) -> dict[str, Total]:
    zones = TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], [tenant.time_zone])
    calendar = Calendar(zones, NOW)
    period = calendar.month(month)
    what = sought(
        tenant.id, tenant.workspace_id, None, zones, period.start, period.end,
        UsageEntryFilter(project_ids=(project,)),
    )  # fmt: skip
    usage = await text_of(database, UsageExport(what))
    focus = await text_of(
        database,
        FocusExport(
            tenant.id, tenant.workspace_id, [project], calendar,
            BillingCycles(zones, CycleAnchors(1)), period.first_date, period.last_date,
        ),
    )  # fmt: skip
    tokens = (row for row in focus if row["ConsumedUnit"] == "Tokens")
    unpriced = sum(int(row["x_UnpricedTransactions"]) for row in focus)
    return {
        "usage file": Total(
            priced(usage, "Cost (USD)"), sum(int(row["Tokens"]) for row in usage), None
        ),
        "FOCUS": Total(
            priced(focus, "EffectiveCost"),
            sum(int(row["ConsumedQuantity"]) for row in tokens),
            unpriced,
        ),
    }


async def of_calls(database: Database, tenant: Tenant, month: date) -> Total:
    """All projects together: 001's file knows no projects."""
    zones = TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], [tenant.time_zone])
    calendar = Calendar(zones, NOW)
    period = calendar.month(month)
    wanted = CallsWanted(tenant.workspace_id, period.start, period.end)
    rows = await text_of(database, ApiCallExport(tenant.id, calendar, wanted))
    counts = ("Input Tokens", "Output Tokens")
    return Total(
        priced(rows, "Cost (USD)"),
        sum(int(row[name]) for row in rows for name in counts),
        sum(row["Cost (USD)"] == "unpriced" for row in rows),
    )


async def in_ledger(database: Database, tenant: Tenant, month: date) -> dict[UUID, Total]:
    """By the instants, in Python."""
    zone = ZoneInfo(tenant.time_zone)
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT project_id, occurred_at, coalesce(cost, 0) AS cost, unpriced, input"
            " + cache_read + cache_write_5m + cache_write_1h + output + reasoning AS tokens"
            " FROM credit_transaction WHERE organization_id = $1",
            tenant.id,
        )
    found = dict.fromkeys(tenant.project_ids[:2], Total(Decimal(0), 0, 0))
    for project, at, cost, unpriced, tokens in rows:
        if at.astimezone(zone).date().replace(day=1) == month:
            known = found[project]
            found[project] = Total(
                known.cost + cost, (known.tokens or 0) + tokens, (known.unpriced or 0) + unpriced
            )
    return found


async def reprice(database: Database, tenant: Tenant) -> None:
    """Finds a price for what had none, and posts what that changes."""
    scope = Scope.system(tenant.id)
    rates = (NewRate("INPUT", Decimal("1.5")), NewRate("OUTPUT", Decimal(7)))
    price = NewPrice("acme", "nobody-knows", datetime(2026, 1, 1, tzinfo=UTC), rates)
    async with database.transaction() as connection:
        await set_price(connection, scope, price, now=NOW)
    wanted = Wanted(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
    shown = await rehearse(database, scope, wanted)
    await post_rehearsed(database, scope, wanted, shown.id)


@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])
@given(st.sampled_from(ZONES), st.data())
async def test_everything_agrees(
    database: Database, ledger: Ledger, zone: str, data: st.DataObject
) -> None:
    tenant = await make_tenant(database, time_zone=zone)
    await ledger.record(tenant.id, events_of(tenant, data.draw), now=NOW)
    if data.draw(st.booleans()):
        await reprice(database, tenant)
    month = data.draw(st.sampled_from(MONTHS))
    expected = await in_ledger(database, tenant, month)
    for project, total in expected.items():
        told = await over_graphql(owner(database, tenant, NOW), tenant, project, month)
        told |= await as_files(database, tenant, project, month)
        for name, found in told.items():
            known = total._replace(unpriced=None) if found.unpriced is None else total
            assert found == known, name
    one, other = expected.values()
    both = Total(
        one.cost + other.cost,
        (one.tokens or 0) + (other.tokens or 0),
        (one.unpriced or 0) + (other.unpriced or 0),
    )
    assert await of_calls(database, tenant, month) == both
    figures = await of_organization(owner(database, tenant, NOW), month)
    for name, found in figures.items():
        assert found == both._replace(tokens=None), name
