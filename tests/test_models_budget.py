"""Budget limits: who sets them, what is accepted, and that every change is written down."""

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tenants import Tenant, make_tenant

from models.access import Principal, Role, Scope
from models.billing_setting import BillingSetting, BillingSettingChange
from models.budget import (
    BudgetChange,
    check_limit,
    list_changes,
    load_budgets,
    remove_limit,
    set_limit,
)
from models.db import Database
from models.errors import ForbiddenError, NotFoundError, UserErrors
from models.ids import uuid7
from models.ledger import Ledger
from models.local_time import load_time_zones
from models.money import BudgetStatus
from models.page import PageKey
from models.period import Calendar


def scope(tenant: Tenant, role: Role = Role.OWNER) -> Scope:
    return Scope(Principal(tenant.organization_id, tenant.user_id, tenant.api_key_id), role)


async def change(database: Database, tenant: Tenant, limit: str | None) -> bool:
    async with database.transaction() as connection:
        if limit is None:
            return await remove_limit(connection, scope(tenant), tenant.project_id)
        return await set_limit(connection, scope(tenant), tenant.project_id, Decimal(limit))


async def kept(tenant: Tenant) -> list[str]:
    rows = BillingSetting.filter(organization_id=tenant.organization_id)
    return [value for (value,) in await rows.values_list("value")]


async def changes(tenant: Tenant) -> list[tuple[Any, ...]]:
    rows = BillingSettingChange.filter(organization_id=tenant.organization_id)
    return list(
        await rows.order_by("changed_at", "id").values_list("old_value", "new_value", "key")
    )


KEY = "ai_budget_monthly_limit"


async def test_every_change_is_written_down_once(database: Database, tenant: Tenant) -> None:
    assert await change(database, tenant, "100")
    assert not await change(database, tenant, "100.00")
    assert await change(database, tenant, "0")
    assert await kept(tenant) == ["0"]
    assert await change(database, tenant, None)
    assert not await change(database, tenant, None)
    assert await kept(tenant) == []
    assert await changes(tenant) == [(None, "100", KEY), ("100", "0", KEY), ("0", None, KEY)]
    row = await BillingSettingChange.filter(organization_id=tenant.organization_id).first().values()
    assert row is not None
    assert (row["changed_by_id"], row["api_key_id"]) == (tenant.user_id, tenant.api_key_id)


@pytest.mark.parametrize(
    "limit", ["0", "1000000000", "999999999.999999999999", "0.000000000001", "1.0000000000000"]
)
def test_limits_from_nothing_to_a_billion_are_accepted(limit: str) -> None:
    assert check_limit(Decimal(limit)) == []


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("-0.01", "OUT_OF_RANGE"),
        ("1000000000.000000000001", "OUT_OF_RANGE"),
        ("1e60", "OUT_OF_RANGE"),
        ("0.0000000000001", "TOO_PRECISE"),
    ],
)
async def test_other_limits_are_refused_by_field_and_change_nothing(
    database: Database, tenant: Tenant, limit: str, code: str
) -> None:
    await change(database, tenant, "5")
    with pytest.raises(UserErrors) as refused:
        await change(database, tenant, limit)
    (error,) = refused.value.errors
    assert (error.code, error.field) == (code, ("limitDollars",))
    assert len(error.message) < 120
    assert await kept(tenant) == ["5"]
    assert len(await changes(tenant)) == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
async def test_setting_and_removing_take_an_administrator(
    database: Database, tenant: Tenant, role: Role
) -> None:
    await change(database, tenant, "5")

    async def attempt(work: Awaitable[bool]) -> None:
        with pytest.raises(ForbiddenError):
            await work

    async with database.transaction() as connection:
        weak = scope(tenant, role)
        await attempt(set_limit(connection, weak, tenant.project_id, Decimal(1)))
        await attempt(remove_limit(connection, weak, tenant.project_id))
    assert await kept(tenant) == ["5"]


async def test_a_foreign_project_and_an_unknown_one_answer_alike(
    database: Database, tenant: Tenant
) -> None:
    foreign = (await make_tenant(database)).project_id
    told = []
    for project in (foreign, uuid7()):
        async with database.transaction() as connection:
            for work in (
                set_limit(connection, scope(tenant), project, Decimal(1)),
                remove_limit(connection, scope(tenant), project),
            ):
                with pytest.raises(NotFoundError) as refused:
                    await work
                told.append(refused.value.message)
    assert len(set(told)) == 1


async def test_concurrent_changes_form_one_chain(database: Database, tenant: Tenant) -> None:
    """Each change's old value is the one before it, however many come at once."""
    limits = [str(number) for number in range(1, 25)]
    await asyncio.gather(*(change(database, tenant, limit) for limit in limits))
    rows = await changes(tenant)
    assert len(rows) == len(limits)
    olds, news = [old for old, _, _ in rows], [new for _, new, _ in rows]
    assert olds == [None, *news[:-1]]
    assert sorted(news, key=int) == limits
    assert await kept(tenant) == [news[-1]]


async def test_the_same_limit_sent_at_once_is_one_change(
    database: Database, tenant: Tenant
) -> None:
    changed = await asyncio.gather(*(change(database, tenant, "9") for _ in range(12)))
    assert sum(changed) == 1
    assert len(await changes(tenant)) == 1


async def test_a_change_that_fails_leaves_neither_limit_nor_row(
    database: Database, tenant: Tenant
) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await set_limit(connection, scope(tenant), tenant.project_id, Decimal(3))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await kept(tenant) == []
    assert await changes(tenant) == []


async def test_a_budget_shows_the_running_month_and_the_latest_change(
    database: Database, tenant: Tenant, ledger: Ledger
) -> None:
    project: UUID = tenant.project_id
    event = tenant.event()
    assert event.occurred_at is not None
    (outcome,) = await ledger.record(tenant.organization_id, [event])
    assert outcome.cost is not None
    await change(database, tenant, "0.002")
    async with database.connection() as connection:
        zones = await load_time_zones(connection, tenant.organization_id)
        calendar = Calendar(zones, event.occurred_at)
        shown, other = await load_budgets(
            connection, scope(tenant), calendar, [project, tenant.project_ids[1]]
        )
        (first, second) = [
            (await list_changes(connection, scope(tenant), [key]))[0]
            for key in (PageKey(project, 1), PageKey(tenant.project_ids[1], 1))
        ]
    assert shown.limit == Decimal("0.002")
    assert shown.spent == outcome.cost
    assert shown.status is BudgetStatus.WARNING
    assert shown.remaining == Decimal("0.002") - outcome.cost
    assert shown.pct == pytest.approx(87.5)
    assert shown.updated_by == tenant.user_id
    assert shown.updated_at is not None
    assert (other.limit, other.spent, other.status) == (None, 0, BudgetStatus.NONE)
    assert (other.updated_at, other.remaining, other.pct) == (None, None, None)
    (latest,) = first.items
    assert isinstance(latest, BudgetChange)
    assert (latest.old_limit, latest.new_limit) == (None, Decimal("0.002"))
    assert not first.has_next
    assert list(second.items) == []
