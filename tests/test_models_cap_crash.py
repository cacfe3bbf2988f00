"""kill -9 between reserving and settling, in a short form: see cap_crash.py, which plays twenty."""

import os

from cap_crash import crash
from caps import Caps
from postgres_server import FreshDatabase
from tenants import Tenant

from models.db import Database

ROUNDS = int(os.environ.get("AICOST_CRASH_ROUNDS", "2"))


async def test_a_killed_process_loses_and_leaks_nothing(
    migrated: FreshDatabase, database: Database, tenant: Tenant
) -> None:
    report = await crash(Caps(database, tenant), migrated.app_dsn, rounds=ROUNDS)
    assert report.rounds == ROUNDS
    assert report.landed > 0
