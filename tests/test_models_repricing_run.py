"""Long recalculations: compared before they post, cut short, taken over, beside other writers."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from repricing import (
    EVER,
    UNKNOWN,
    admin,
    assert_proved,
    by_pages,
    calls,
    finished,
    posted,
    price,
    shown,
    stale,
    total,
)
from tenants import Tenant

from models import repricing_run
from models.db import Database
from models.ledger import Ledger
from models.repricing import load_repricing, post_rehearsed, price_unpriced, rehearse
from models.repricing_run import carry_on
from models.token import ReportedTokens


async def test_a_long_run_whose_figures_moved_fails_with_nothing_posted(
    database: Database, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_pages(monkeypatch)
    events = [tenant.event(f"e{number}", model=UNKNOWN) for number in range(7)]
    await ledger.record(tenant.id, events)
    await price(database, tenant)
    dry = await rehearse(database, admin(tenant), EVER)
    assert (dry.status, dry.progress_pct, dry.lines) == ("RUNNING", 0, [])
    assert "not a dry run that is done" in await stale(database, tenant, dry)
    dry = await finished(database, tenant, dry)
    begun = await post_rehearsed(database, admin(tenant), EVER, dry.id)
    await price(database, tenant, input_=3)
    other = await shown(database, tenant)
    assert "Another repricing" in await stale(database, tenant, other)
    async with database.transaction() as connection:
        # As a price that was known when the dry run was made, and is not any more, would do.
        await connection.execute(
            "UPDATE repricing_line SET cost_after = cost_after + 1 WHERE repricing_id = $1", dry.id
        )
    failed = await finished(database, tenant, begun)
    assert (failed.status, failed.failure, failed.lines) == ("FAILED", repricing_run.MOVED, [])
    assert failed.finished_at is not None
    assert await total(database, tenant) == 0
    assert (await posted(database, tenant, other)).lines == other.lines


class KilledError(BaseException):
    """The process is gone."""


def dying(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The worker dies in the midst of a step, once it has made some."""
    count = 0
    add_lines = repricing_run.add_lines

    async def add_or_die(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if count > after:
            raise KilledError
        await add_lines(*arguments)

    monkeypatch.setattr(repricing_run, "add_lines", add_or_die)


@pytest.mark.parametrize("after", [0, 1, 3])
async def test_a_job_whose_process_died_is_taken_over(
    database: Database,
    ledger: Ledger,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    by_pages(monkeypatch)
    events = [
        tenant.event(f"e{number}", model=UNKNOWN, project_id=tenant.project_ids[number % 2])
        for number in range(9)
    ]
    await ledger.record(tenant.id, events)
    await price(database, tenant)
    dry = await shown(database, tenant)
    begun = await post_rehearsed(database, admin(tenant), EVER, dry.id)
    with monkeypatch.context() as patched:
        dying(patched, after)
        with pytest.raises(KilledError):
            await carry_on(database, tenant.id, begun.id)
    await assert_proved(database, tenant)
    # A new price does not change what was begun.
    await price(database, tenant, input_=3)
    assert (await finished(database, tenant, begun)).status == "RUNNING"
    assert (tenant.id, begun.id) not in await abandoned(database)
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE repricing SET touched_at = touched_at - interval '61 seconds' WHERE id = $1",
            begun.id,
        )
    assert (tenant.id, begun.id) in await abandoned(database)
    done = await finished(database, tenant, begun)
    assert (done.status, done.lines) == ("DONE", dry.lines)
    assert await total(database, tenant) == dry.difference
    await assert_proved(database, tenant)


async def abandoned(database: Database) -> Sequence[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await repricing_run.find_abandoned(connection)


async def test_a_fault_ends_a_dry_run_as_failed(
    database: Database, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_pages(monkeypatch)
    await ledger.record(tenant.id, [tenant.event(model=UNKNOWN)])

    async def fault(*_arguments: Any) -> None:
        raise ArithmeticError("secret")

    begun = await rehearse(database, admin(tenant), EVER)
    monkeypatch.setattr(repricing_run, "find_changes", fault)
    with pytest.raises(ArithmeticError):
        await carry_on(database, tenant.id, begun.id)
    failed = await load_repricing(database, admin(tenant), begun.id)
    assert (failed.status, failed.failure) == ("FAILED", "ArithmeticError")


async def test_two_workers_do_not_work_on_one_job(
    database: Database, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_pages(monkeypatch)
    await ledger.record(tenant.id, [tenant.event(f"e{n}", model=UNKNOWN) for n in range(9)])
    await price(database, tenant)
    dry = await shown(database, tenant)
    begun = await post_rehearsed(database, admin(tenant), EVER, dry.id)
    await asyncio.gather(*(carry_on(database, tenant.id, begun.id) for _ in range(4)))
    done = await load_repricing(database, admin(tenant), begun.id)
    assert (done.status, done.lines) == ("DONE", dry.lines)
    assert await total(database, tenant) == dry.difference


async def test_calls_may_grow_while_they_are_repriced(
    database: Database, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both write; nothing is lost, and all stands at today's price in the end."""
    by_pages(monkeypatch, 5)
    events = [tenant.event(f"e{n}", model=UNKNOWN, is_cumulative=True) for n in range(30)]
    await ledger.record(tenant.id, events)
    await price(database, tenant)
    run = await price_unpriced(database, admin(tenant))
    assert run is not None
    more = ReportedTokens(input_tokens=1000, output_tokens=50)
    growth = [ledger.record(tenant.id, [replace(event, tokens=more)]) for event in reversed(events)]
    await asyncio.gather(carry_on(database, tenant.id, run.id), *growth)
    run = await finished(database, tenant, run)
    assert run.status == "DONE"
    assert await total(database, tenant) == 30 * Decimal("0.0024")
    assert all(parts.requests == 1 for parts in (await calls(database, tenant)).values())
    await assert_proved(database, tenant)
