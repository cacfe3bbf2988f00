"""Organizations that pay in credits, for tests, and what is posted to them at stated costs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tenants import NOON, Tenant, make_tenant

from models.access import Scope
from models.billing import BillingChange, set_billing
from models.credit_balance import Balance, load_balance
from models.credit_check import verify_credits
from models.db import Database
from models.ids import uuid7
from models.ledger_write import write
from models.local_time import TimeZones
from models.posting import Attribution, Entry
from models.token import TokenCounts

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
UTC_ALWAYS = TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], ["UTC"])


def entry(tenant: Tenant, cost: object, occurred_at: datetime = NOON, **changes: Any) -> Entry:
    """An entry of a stated cost; None for an unpriced one."""
    id = uuid7()
    attribution = Attribution(
        project_id=tenant.project_id,
        workspace_id=tenant.workspace_id,
        occurred_at=occurred_at,
        day=UTC_ALWAYS.day(occurred_at),
        provider="anthropic",
        model="model",
        operation="COMPLETION",
        outcome="SUCCEEDED",
    )
    made = Entry(
        id=id,
        event_key=str(id),
        part=0,
        attribution=attribution,
        tokens=TokenCounts(),
        requests=1,
        unpriced=1 if cost is None else 0,
        content_hash=bytes(16),
        cost=None if cost is None else Decimal(str(cost)),
    )
    return replace(made, **changes)


async def change_billing(database: Database, tenant: Tenant, now: datetime, **changes: Any) -> None:
    """Changes how a tenant pays."""
    change = BillingChange(**changes)
    async with database.transaction() as connection:
        await set_billing(connection, Scope.system(tenant.id), change, now=now)


async def billed_tenant(database: Database, now: datetime = MARCH, **changes: Any) -> Tenant:
    """100 credits a month at ten credits a dollar, since `now`."""
    tenant = await make_tenant(database)
    values = {
        "billing_mode": "CREDITS",
        "monthly_credits": Decimal(100),
        "credits_per_dollar": Decimal(10),
    }
    await change_billing(database, tenant, now, **(values | changes))
    return tenant


async def post(
    database: Database, tenant: Tenant, entries: Sequence[Entry], now: datetime = NOON
) -> None:
    """Posts entries in one transaction."""

    async def work(connection: Any) -> bool:
        return await write(connection, tenant.id, now, entries)

    assert await database.retry(work)


async def balance_of(database: Database, tenant: Tenant, now: datetime = NOON) -> Balance:
    """The balance as pages read it; proved first."""
    report = await verify_credits(database, tenant.id)
    assert not report.shown
    async with database.connection() as connection:
        found = await load_balance(connection, tenant.id, now)
    assert found is not None
    return found
