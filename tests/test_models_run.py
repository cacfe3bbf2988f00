"""Runs and jobs that two writers make at once: one of each, counted once, whoever is first."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tenants import NOON, Tenant
from test_models_cap_race import until_blocked

from models import gate
from models.db import Database
from models.event import JobRef, RunRef, RunStatus
from models.ids import uuid7
from models.ledger import Ledger
from models.rollup_check import verify
from models.run_store import make_runs
from models.said import RunKey


class Meeting:
    """Makes two writers look before either writes: neither finds what the other makes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        self._met, self._load = asyncio.Barrier(2), Ledger._load_context

        async def load_with_the_other(ledger: Ledger, *asked: Any) -> Any:
            self.looks += 1
            is_first = self.looks <= 2
            context = await self._load(ledger, *asked)
            if is_first:
                await self._met.wait()
            return context

        monkeypatch.setattr(Ledger, "_load_context", load_with_the_other)


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    return Meeting(monkeypatch)


async def keys_of_runs(database: Database, tenant: Tenant) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT key FROM pipeline_run WHERE organization_id = $1 ORDER BY key", tenant.id
        )
    return [row["key"] for row in rows]


@pytest.mark.parametrize("parent", [None, "parent"])
async def test_who_comes_second_takes_what_the_first_one_made(
    database: Database, tenant: Tenant, meeting: Meeting, parent: str | None
) -> None:
    """Both look, neither finds anything, and both want to make it."""
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
    assert meeting.looks > 2
    async with database.connection() as connection:
        jobs = await connection.fetch(
            "SELECT finished_at FROM agent_job WHERE organization_id = $1", tenant.id
        )
        ended = await connection.fetchval(
            "SELECT sum(jobs_ended) FROM rollup_project_day WHERE organization_id = $1", tenant.id
        )
    assert await keys_of_runs(database, tenant) == [*([parent] if parent else []), "run"]
    assert [row["finished_at"] for row in jobs] == [ends[1]]
    assert ended == 1
    assert (await verify(database, tenant.id)).is_clean


@pytest.mark.parametrize(
    "runs",
    [
        [RunRef("a"), RunRef("a")],
        [RunRef("a", "parent"), RunRef("b", "parent")],
        [RunRef("a"), RunRef("b", "a")],
        [RunRef("a", "b"), RunRef("b", "c")],
    ],
)
async def test_nothing_refers_to_a_run_that_another_made(
    database: Database, tenant: Tenant, meeting: Meeting, runs: Sequence[RunRef]
) -> None:
    """What was to be its id is in no entry, and in no child."""
    events = [tenant.event(f"e{number}", run=run) for number, run in enumerate(runs)]
    sent = await asyncio.gather(*(Ledger(database).record(tenant.id, [each]) for each in events))
    assert [outcome.status for [outcome] in sent] == ["RECORDED", "RECORDED"]
    assert meeting.looks > 2
    named = {key for run in runs for key in (run.key, run.parent_key) if key is not None}
    assert await keys_of_runs(database, tenant) == sorted(named)
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT r.key, p.key AS parent FROM pipeline_run AS r"
            " JOIN pipeline_run AS p ON p.organization_id = $1 AND p.id = r.parent_id"
            " WHERE r.organization_id = $1 ORDER BY r.key",
            tenant.id,
        )
    parents = [(run.key, run.parent_key) for run in runs if run.parent_key is not None]
    assert [(row["key"], row["parent"]) for row in rows] == parents
    assert (await verify(database, tenant.id)).is_clean


@pytest.mark.usefixtures("meeting")
async def test_runs_without_usage_that_share_a_new_parent(
    database: Database, tenant: Tenant
) -> None:
    made = [
        Ledger(database).record_run(tenant.id, tenant.project_id, RunRef(key, "parent"))
        for key in ("a", "b")
    ]
    assert len(set(await asyncio.gather(*made))) == 2
    assert await keys_of_runs(database, tenant) == ["a", "b", "parent"]


@pytest.mark.usefixtures("meeting")
async def test_a_batch_that_is_decided_anew_says_once_what_is_wrong(
    database: Database, tenant: Tenant
) -> None:
    events = [tenant.event("e"), tenant.event("bad", project_id=uuid7())]
    sent = await asyncio.gather(*(Ledger(database).record(tenant.id, events) for _ in range(2)))
    assert sorted(outcomes[0].status for outcomes in sent) == ["DUPLICATE", "RECORDED"]
    for outcomes in sent:
        assert [error.field for error in outcomes[1].errors] == [("projectId",)]


async def test_a_new_run_is_not_held_while_one_that_came_in_between_is_waited_for(
    database: Database, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds that one may be about to make the new one: neither could go on."""
    looked, go_on, load = asyncio.Event(), asyncio.Event(), Ledger._load_context

    async def load_and_wait(ledger: Ledger, *asked: Any) -> Any:
        context = await load(ledger, *asked)
        looked.set()
        await go_on.wait()
        return context

    monkeypatch.setattr(Ledger, "_load_context", load_and_wait)
    events = [tenant.event(f"e{key}", run=RunRef(key)) for key in ("a", "b")]
    writing = asyncio.create_task(ledger.record(tenant.id, events))
    await looked.wait()
    a, b = (RunKey(tenant.project_id, key) for key in ("a", "b"))
    now, workspace_ids = datetime.now(UTC), [tenant.workspace_id]
    async with database.transaction() as earlier:
        made = await make_runs(earlier, tenant.id, [b], workspace_ids, now)
    async with database.transaction() as other:
        await gate.enter(other, tenant.id)
        await other.execute("SET LOCAL lock_timeout = '500ms'")
        await other.execute(
            "SELECT FROM pipeline_run WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE",
            tenant.id,
            made[b],
        )
        go_on.set()
        await until_blocked(other, writing)
        await make_runs(other, tenant.id, [a], workspace_ids, now)
    assert [outcome.status for outcome in await writing] == ["RECORDED", "RECORDED"]
    assert await keys_of_runs(database, tenant) == ["a", "b"]


async def test_a_run_that_was_begun_meanwhile_is_neither_waited_for_nor_held(
    database: Database, tenant: Tenant
) -> None:
    """Whoever holds it may be about to make the other one; whoever refers to it may have to."""
    a, b = (RunKey(tenant.project_id, key) for key in ("a", "b"))
    now, workspace_ids = datetime.now(UTC), [tenant.workspace_id] * 2
    async with database.transaction() as connection:
        earlier = await make_runs(connection, tenant.id, [b], workspace_ids[:1], now)
    hold = "SELECT FROM pipeline_run WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE"
    async with database.transaction() as other, database.transaction() as making:
        await other.execute(hold, tenant.id, earlier[b])
        await making.execute("SET LOCAL lock_timeout = '500ms'")
        made = await make_runs(making, tenant.id, [a, b], workspace_ids, now)
        assert made.keys() == {a, b}
        assert made[b] == earlier[b]
        await other.execute(hold.replace("NO KEY", ""), tenant.id, earlier[b])


@pytest.mark.usefixtures("meeting")
async def test_who_was_raced_does_not_wait_for_somebody_who_stays_inside(
    database: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An undo of a great import, say: everybody else would wait behind the closed gate, too."""
    monkeypatch.setattr(gate, "_PATIENCE_MS", 50)
    async with database.transaction() as other:
        await gate.enter(other, tenant.id)
        events = [tenant.event(f"e{number}", run=RunRef("run")) for number in range(2)]
        writing = [Ledger(database).record(tenant.id, [each]) for each in events]
        sent = await asyncio.wait_for(asyncio.gather(*writing), 10)
    assert [outcome.status for [outcome] in sent] == ["RECORDED", "RECORDED"]


async def test_nothing_is_held_before_the_gate_is_entered(
    database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    """One statement does both; whoever closed the gate may need what it holds."""
    work = {"run": RunRef("run"), "job": JobRef("job", "research")}
    await ledger.record(tenant.id, [tenant.event("e1", **work)])
    async with database.transaction() as other:
        await gate.close_gate(other, tenant.id)
        writing = asyncio.create_task(ledger.record(tenant.id, [tenant.event("e2", **work)]))
        await until_blocked(other, writing)
        for table in ("pipeline_run", "agent_job"):
            free = await other.fetch(
                f"SELECT FROM {table} WHERE organization_id = $1 FOR UPDATE SKIP LOCKED", tenant.id
            )
            assert len(free) == 1
    [outcome] = await writing
    assert outcome.status == "RECORDED"
