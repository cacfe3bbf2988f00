"""Many callers on two server processes: exactly what fits is granted, whatever else happens."""

import asyncio
import json
import random
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from caps import Caps
from postgres_server import FreshDatabase
from tenants import Tenant

from models.cap import CapPeriod
from models.cap_rule import CapScope
from models.db import Database
from models.event import RunRef
from models.expirer import Expirer

D = Decimal
WORKER = Path(__file__).with_name("cap_worker.py")


@pytest.fixture
def caps(database: Database, tenant: Tenant) -> Caps:
    return Caps(database, tenant)


async def play(
    migrated: FreshDatabase, caps: Caps, requests: list[dict[str, Any]], processes: int = 2
) -> list[dict[str, Any]]:
    """Plays requests on several processes, dealt out in turn."""

    async def process(place: int) -> dict[str, Any]:
        job = {"organization_id": str(caps.tenant.id), "requests": requests[place::processes]}
        started = await asyncio.create_subprocess_exec(
            sys.executable, str(WORKER), migrated.app_dsn,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            cwd=WORKER.parent.parent,
        )  # fmt: skip
        output, _ = await started.communicate(json.dumps(job).encode())
        assert started.returncode == 0
        answer: dict[str, Any] = json.loads(output)
        return answer

    return await asyncio.gather(*(process(place) for place in range(processes)))


def granted(played: list[dict[str, Any]]) -> list[str]:
    return [key for each in played for key in each["granted"]]


def asked(caps: Caps, key: str, amount: str | Decimal | int, **more: Any) -> dict[str, Any]:
    project = str(more.pop("project_id", caps.tenant.project_id))
    return {"key": key, "project_id": project, "amount": str(amount), **more}


@pytest.mark.parametrize("count", [64, 256])
async def test_equal_requests_get_exactly_what_fits(
    migrated: FreshDatabase, caps: Caps, count: int
) -> None:
    cap_id = await caps.set("10.5", CapScope.PROJECT)
    played = await play(migrated, caps, [asked(caps, f"r{n}", 1) for n in range(count)])
    assert len(granted(played)) == 10
    assert await caps.figures(cap_id) == (0, 10)
    await caps.verify()


async def test_mixed_amounts_never_exceed_and_nothing_that_fits_is_refused(
    migrated: FreshDatabase, caps: Caps
) -> None:
    chance = random.Random(7)
    cap_id = await caps.set(100)
    amounts = {f"r{n}": D(chance.randint(1, 999)) / 100 for n in range(128)}
    played = await play(migrated, caps, [asked(caps, key, amounts[key]) for key in amounts])
    taken = granted(played)
    held = sum(amounts[key] for key in taken)
    assert await caps.figures(cap_id) == (0, held)
    assert held <= 100
    refused = [amount for key, amount in amounts.items() if key not in taken]
    # Nothing was freed meanwhile, so whatever was refused at some moment does not fit now either.
    assert all(held + amount > 100 for amount in refused)


async def test_one_key_sent_64_times_is_granted_once(migrated: FreshDatabase, caps: Caps) -> None:
    """Under a cap, whose lock keeps callers apart, and where nothing but the key does."""
    cap_id = await caps.set(10, CapScope.PROJECT)
    free = caps.tenant.project_ids[1]
    requests = [asked(caps, "capped", 3) for _ in range(64)]
    requests += [asked(caps, "free", 3, project_id=free) for _ in range(64)]
    played = await play(migrated, caps, requests)
    assert sum(each["answers"].get("Granted", 0) for each in played) == 128
    assert await caps.figures(cap_id) == (0, 3)
    await caps.verify()


async def test_everything_at_once_on_crossing_scopes(migrated: FreshDatabase, caps: Caps) -> None:
    """Reserved, settled, released, expired and recorded under five scopes; limits change."""
    tenant, chance = caps.tenant, random.Random(11)
    await caps.record(tenant.event(run=RunRef("run")))
    async with caps.database.connection() as connection:
        run_id = await connection.fetchval(
            "SELECT id FROM pipeline_run WHERE organization_id = $1", tenant.id
        )
    await caps.set(40, CapScope.RUN, run_id, CapPeriod.RUN)
    await caps.set(1000)
    for project_id in tenant.project_ids:
        await caps.set(60, CapScope.PROJECT, project_id, CapPeriod.DAY)
    await caps.set(80, CapScope.API_KEY)
    await caps.set(90, CapScope.USER)
    requests = [
        asked(
            caps, f"r{n}", chance.randint(1, 3), project_id=chance.choice(tenant.project_ids),
            then=chance.choice(["settle", "release", None]),
            **({"run_key": "run"} if chance.random() < 0.5 else {}),
            **({"api_key_id": str(tenant.api_key_id)} if chance.random() < 0.7 else {}),
            **({"user_id": str(tenant.user_id)} if chance.random() < 0.7 else {}),
        )
        for n in range(128)
    ]  # fmt: skip
    playing = asyncio.create_task(play(migrated, caps, requests))
    expirer, number = Expirer(caps.database), 0
    while not playing.done():
        project_id = tenant.project_ids[number % 3]
        await caps.set(50 + number % 7, CapScope.PROJECT, project_id, CapPeriod.DAY)
        run = RunRef("run")
        event = tenant.event(f"e{number}", project_id=project_id, occurred_at=None, run=run)
        await caps.record(event)
        await caps.run_out(f"r{chance.randrange(128)}")
        await expirer.look()
        number += 1
    assert granted(await playing)
    await caps.verify()


async def test_a_cap_set_among_writers_misses_nothing(caps: Caps) -> None:
    """Writers in flight are counted by the cap or by what it begins with, never by both."""
    tenant = caps.tenant
    done = False

    async def write(writer: int) -> int:
        count = 0
        while not done:
            await caps.record(tenant.event(f"{writer}/{count}", occurred_at=None))
            count += 1
        return count

    writers = [asyncio.create_task(write(number)) for number in range(4)]
    scopes = [CapScope.ORGANIZATION, CapScope.WORKSPACE, CapScope.PROJECT]
    for period in (CapPeriod.DAY, CapPeriod.MONTH, CapPeriod.BILLING_CYCLE):
        for scope in scopes:
            await caps.set(10, scope, period=period)
    done = True
    count = sum(await asyncio.gather(*writers))
    cap = await caps.show(await caps.set(10, period=CapPeriod.DAY))
    assert cap.spent == count * D("0.00175")
    await caps.verify()
