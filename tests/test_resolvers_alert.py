"""Alerts: each state of 004 as it comes, lasts under one id, and goes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from billed import billed_tenant, change_billing, entry, post
from graphql_client import Asker, owner
from tenants import NOON, PRICED, Tenant, make_tenant

from models.access import Scope
from models.budget import set_limit
from models.cap import CapPeriod
from models.cap_change import CapSetting, set_cap
from models.cap_rule import CapAction, CapScope
from models.db import Database
from models.ledger import Ledger

NOW = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)
ALERTS = """{ organization { alerts { id kind severity message since resetsAt unit limit used
  usedPct actionUrl cap { limit spent scope } project { id } runOut { date } } } }"""


async def alerts(asker: Asker) -> dict[str, Any]:
    found = (await asker.ask(ALERTS))["organization"]["alerts"]
    ranks = ["CRITICAL", "WARNING", "INFO"]
    places = [ranks.index(it["severity"]) for it in found]
    assert places == sorted(places), "worst first"
    return {it["kind"]: it for it in found}


async def use(database: Database, tenant: Tenant, *dollars_by_day: Any) -> None:
    """Posts so many dollars on each day of March, one after the other."""
    for day, dollars in enumerate(dollars_by_day):
        at = START + timedelta(days=day, hours=12)
        if dollars:
            await post(database, tenant, [entry(tenant, dollars, at)], at)


async def test_nothing_is_wrong_where_little_is_used(database: Database) -> None:
    tenant = await billed_tenant(database, START, plan="team")
    await use(database, tenant, *["0.1"] * 19)
    assert await alerts(owner(database, tenant, NOW)) == {}


async def test_credits_are_on_track_then_nearly_out_then_out(database: Database) -> None:
    """Nothing for ten days, then a tenth of the month's credits a day."""
    tenant = await billed_tenant(database, START, plan="team")
    await use(database, tenant, *[0] * 10, *[1] * 4)
    asker = owner(database, tenant, START + timedelta(days=14))
    [track] = (await alerts(asker)).values()
    assert (track["kind"], track["severity"]) == ("ON_TRACK_TO_RUN_OUT", "WARNING")
    assert (track["used"], track["limit"], track["unit"]) == ("40", "100", "CREDITS")
    assert START + timedelta(days=10) <= datetime.fromisoformat(track["since"]) <= asker.now
    assert track["resetsAt"] == "2026-04-01T00:00:00Z"
    assert track["runOut"]["date"] in track["message"]
    assert track["actionUrl"]
    again = (await alerts(asker.at(START + timedelta(days=14, hours=3))))["ON_TRACK_TO_RUN_OUT"]
    assert (again["id"], again["since"]) == (track["id"], track["since"])

    await use(database, tenant, *[0] * 14, *[1] * 5)
    nearly = await alerts(asker.at(START + timedelta(days=19)))
    assert list(nearly) == ["CREDITS_NEARLY_OUT", "ON_TRACK_TO_RUN_OUT"]
    assert nearly["CREDITS_NEARLY_OUT"]["since"] == "2026-03-19T00:00:00Z"
    assert "10 credits are left of 100 credits" in nearly["CREDITS_NEARLY_OUT"]["message"]
    assert nearly["ON_TRACK_TO_RUN_OUT"]["id"] == track["id"]

    await use(database, tenant, *[0] * 19, 2)
    [out] = (await alerts(asker.at(START + timedelta(days=20)))).values()
    assert (out["kind"], out["severity"], out["used"]) == ("CREDITS_OUT", "CRITICAL", "110")
    assert out["since"] == "2026-03-20T12:00:00Z", "the very posting"
    assert out["message"] == "All credits are used up; the next come on 2026-04-01."
    assert await alerts(asker.at(START + timedelta(days=32))) == {}, "a new cycle began"


@pytest.mark.parametrize(
    ("action", "limit", "kind", "severity"),
    [
        (CapAction.BLOCK, "12.4", "CAP_NEAR", "WARNING"),
        (CapAction.WARN, "12.4", "CAP_NEAR", "INFO"),
        (CapAction.BLOCK, "10", "CAP_REACHED", "CRITICAL"),
        (CapAction.WARN, "10", "CAP_REACHED", "WARNING"),
        (CapAction.BLOCK, "12.6", None, None),
    ],
)
async def test_caps_are_near_and_reached(
    database: Database, action: CapAction, limit: str, kind: str | None, severity: str | None
) -> None:
    tenant = await make_tenant(database)
    async with database.transaction() as connection:
        setting = CapSetting(
            CapScope.PROJECT, tenant.project_id, CapPeriod.MONTH, Decimal(limit), action=action
        )
        await set_cap(connection, Scope.system(tenant.id), setting, START)
        await connection.execute(
            "UPDATE cap SET updated_at = $2 WHERE organization_id = $1", tenant.id, START
        )
    await use(database, tenant, 2, 4, 4)
    found = await alerts(owner(database, tenant, NOW))
    if kind is None:
        assert found == {}
        return
    [cap] = found.values()
    assert (cap["kind"], cap["severity"], cap["used"]) == (kind, severity, "10")
    assert (cap["limit"], cap["unit"]) == (limit, "DOLLARS")
    assert cap["since"] == "2026-03-03T00:00:00Z", "the day on which it came to that"
    assert cap["resetsAt"] == "2026-04-01T00:00:00Z"
    assert "the project project 0" in cap["message"]
    assert cap["cap"] == {"limit": limit, "spent": "10", "scope": "PROJECT"}


async def test_the_organizations_own_cap_is_what_may_be_used_in_dollars(
    database: Database,
) -> None:
    tenant = await make_tenant(database)
    async with database.transaction() as connection:
        for period, limit in ((CapPeriod.BILLING_CYCLE, 20), (CapPeriod.DAY, 1)):
            setting = CapSetting(CapScope.ORGANIZATION, tenant.id, period, Decimal(limit))
            await set_cap(connection, Scope.system(tenant.id), setting, START)
    await use(database, tenant, *[1] * 15)
    asker = owner(database, tenant, START + timedelta(days=15))
    usage = (await asker.ask(
        "{ organization { creditUsage { unit allocation used remaining usedPct"
        " runOut { date isBeforeCycleEnd } spendCap { limit period } } } }"
    ))["organization"]["creditUsage"]  # fmt: skip
    assert (usage["unit"], usage["allocation"], usage["used"]) == ("DOLLARS", "20", "15")
    assert (usage["remaining"], usage["usedPct"]) == ("5", 75)
    assert usage["runOut"] == {"date": "2026-03-21", "isBeforeCycleEnd": True}
    assert usage["spendCap"] == {"limit": "20", "period": "BILLING_CYCLE"}
    [track] = (await alerts(asker)).values()
    assert track["kind"] == "ON_TRACK_TO_RUN_OUT"
    assert "the room under the spend cap" in track["message"]


async def test_budgets_warn_since_the_day_that_passed_them(
    database: Database, tenant: Tenant
) -> None:
    async with database.transaction() as connection:
        for project, limit in zip(tenant.project_ids, (10, 12, 20), strict=True):
            await set_limit(connection, Scope.system(tenant.id), project, Decimal(limit))
        await connection.execute(
            "UPDATE billing_setting SET updated_at = $2 WHERE organization_id = $1",
            tenant.id,
            START,
        )
    for project in tenant.project_ids:
        for day in range(10):
            made = entry(tenant, 1, START + timedelta(days=day))
            made.attribution.project_id = project
            await post(database, tenant, [made], NOON)
    found = await alerts(owner(database, tenant, NOW))
    exceeded, warning = found["BUDGET_EXCEEDED"], found["BUDGET_WARNING"]
    assert len(found) == 2
    assert (exceeded["limit"], warning["limit"]) == ("10", "12")
    assert exceeded["since"] == warning["since"] == "2026-03-10T00:00:00Z"
    assert exceeded["severity"] == "WARNING"
    assert exceeded["project"]["id"] in exceeded["actionUrl"]
    assert warning["usedPct"] == pytest.approx(10 / 12 * 100)


async def test_usage_without_a_price_is_alerted(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    asker = owner(database, tenant, NOW)
    await ledger.record(tenant.id, [tenant.event("priced", model=PRICED)], now=NOW)
    assert await alerts(asker) == {}
    await ledger.record(tenant.id, [tenant.event("e2", model="nobody-knows")], now=NOW)
    [unpriced] = (await alerts(asker)).values()
    assert (unpriced["kind"], unpriced["severity"]) == ("UNPRICED_USAGE", "INFO")
    assert unpriced["since"] == "2026-03-15T00:00:00Z"
    assert unpriced["message"].startswith("1 call of this cycle")


async def test_a_higher_allotment_ends_the_state(database: Database) -> None:
    tenant = await billed_tenant(database, START, plan="team")
    await use(database, tenant, 11)
    asker = owner(database, tenant, NOW)
    assert list(await alerts(asker)) == ["CREDITS_OUT"]
    await change_billing(database, tenant, NOW, monthly_credits=Decimal(1000))
    assert await alerts(asker) == {}
