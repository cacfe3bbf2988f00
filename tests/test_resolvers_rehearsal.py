"""Rehearsing a cap over GraphQL."""

from datetime import UTC, datetime

from graphql_client import MARCH, Asker, owner
from tenants import Tenant

from models.db import Database
from models.ids import encode
from models.ledger import Ledger
from models.token import ReportedTokens
from resolvers.node import PROJECT

REHEARSE = """query ($p: ID!, $limit: Decimal!, $period: CapPeriod!, $range: RangeInput!) {
  rehearseCap(input: {scope: PROJECT, scopeId: $p, period: $period, limit: $limit, range: $range}) {
    period { start end firstDate lastDate } unit blockedCalls blockedAmount unpricedTransactions
    strikes { period { start end isOver } struckAt blockedCalls blockedAmount } } }"""


async def test_a_page_sees_when_it_would_have_struck(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    """3 of 5 calls of a dollar fit on each of two days; the range is resolved by the server."""
    tokens = ReportedTokens(input_tokens=200_000, output_tokens=0)
    events = [
        tenant.event(
            f"{day} {hour}", occurred_at=datetime(2026, 3, day, hour, tzinfo=UTC), tokens=tokens
        )
        for day in (2, 19)
        for hour in range(5)
    ]
    await ledger.record(tenant.organization_id, events, now=MARCH)
    asker = owner(database, tenant, MARCH)
    asked = {"p": encode(PROJECT, tenant.id, tenant.project_id), "limit": "3.5", "period": "DAY"}
    found = (await asker.ask(REHEARSE, range={"preset": "THIS_MONTH"}, **asked))["rehearseCap"]
    assert found == {
        "period": {
            "start": "2026-03-01T00:00:00Z",
            "end": "2026-03-20T09:30:00Z",
            "firstDate": "2026-03-01",
            "lastDate": "2026-03-20",
        },
        "unit": "DOLLARS",
        "blockedCalls": 4,
        "blockedAmount": "4",
        "unpricedTransactions": 0,
        "strikes": [
            {
                "period": {
                    "start": f"2026-03-{day:02}T00:00:00Z",
                    "end": f"2026-03-{day + 1:02}T00:00:00Z",
                    "isOver": True,
                },
                "struckAt": f"2026-03-{day:02}T03:00:00Z",
                "blockedCalls": 2,
                "blockedAmount": "2",
            }
            for day in (2, 19)
        ],
    }
    days = {"dates": {"first": "2026-03-03", "last": "2026-03-19"}}
    found = (await asker.ask(REHEARSE, range=days, **asked | {"period": "MONTH"}))["rehearseCap"]
    assert (found["blockedCalls"], len(found["strikes"])) == (2, 1)


async def test_what_makes_no_sense_is_refused(database: Database, tenant: Tenant) -> None:
    asker: Asker = owner(database, tenant, MARCH)
    asked = {"p": encode(PROJECT, tenant.id, tenant.project_id), "range": {"preset": "TODAY"}}
    for changes, told in (
        ({"limit": "-1", "period": "DAY"}, "limit is -1; 0 to 1000000000 is expected."),
        ({"limit": "1", "period": "RUN"}, "period is RUN; it goes with scope RUN only"),
    ):
        refused = await asker.refused(REHEARSE, **asked, **changes)
        assert refused.code == "BAD_USER_INPUT"
        assert refused.message.startswith(told)
