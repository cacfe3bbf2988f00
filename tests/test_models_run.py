"""Runs and jobs that two writers make at once: one of each, counted once, whoever is first."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tenants import NOON, Tenant

from models.db import Database
from models.event import JobRef, RunRef, RunStatus
from models.ledger import Ledger
from models.rollup_check import verify


@pytest.mark.parametrize("parent", [None, "parent"])
async def test_who_comes_second_takes_what_the_first_one_made(
    database: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, parent: str | None
) -> None:
    """Both look, neither finds anything, and both want to make it."""
    met, load = asyncio.Barrier(2), Ledger._load_context
    looks = 0

    async def load_with_the_other(ledger: Ledger, *asked: Any) -> Any:
        nonlocal looks
        looks += 1
        is_first = looks <= 2
        context = await load(ledger, *asked)
        if is_first:
            await met.wait()
        return context

    monkeypatch.setattr(Ledger, "_load_context", load_with_the_other)
    ends = [NOON, NOON + timedelta(minutes=5)]
    events = [
        tenant.event(
            f"e{number}",
            run=RunRef("run", parent),
            job=JobRef("job", "research", None, RunStatus.SUCCEEDED, None, end),
        )
        for number, end in enumerate(ends)
    ]
    sent = await asyncio.gather(*(Ledger(database).record(tenant.id, [each]) for each in events))
    assert [outcome.status for [outcome] in sent] == ["RECORDED", "RECORDED"]
    assert looks > 2
    async with database.connection() as connection:
        runs = await connection.fetch(
            "SELECT key FROM pipeline_run WHERE organization_id = $1 ORDER BY key", tenant.id
        )
        jobs = await connection.fetch(
            "SELECT finished_at FROM agent_job WHERE organization_id = $1", tenant.id
        )
        ended = await connection.fetchval(
            "SELECT sum(jobs_ended) FROM rollup_project_day WHERE organization_id = $1", tenant.id
        )
    assert [row["key"] for row in runs] == [*([parent] if parent else []), "run"]
    assert [row["finished_at"] for row in jobs] == [ends[1]]
    assert ended == 1
    assert (await verify(database, tenant.id)).is_clean
