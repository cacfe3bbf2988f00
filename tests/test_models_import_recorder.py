"""What an import hands over: the next rows are read while the last ones are written."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from tenants import Tenant

from models import import_recorder
from models.db import Database
from models.event import UsageOutcome
from models.import_recorder import Candidate, ImportRecorder
from models.import_report import ImportListener
from models.ledger import Ledger
from models.quarantine import Doubt


class Rows:
    """Candidates, read one by one; `fails_at` is where the file ends too early."""

    def __init__(self, tenant: Tenant, count: int, fails_at: int = -1) -> None:
        self._tenant, self._count, self._fails_at = tenant, count, fails_at
        self.read_count = 0

    def __iter__(self) -> Iterator[Candidate | Doubt]:
        for number in range(self._count):
            if number == self._fails_at:
                raise OSError("gone")
            self.read_count += 1
            event = self._tenant.event(f"e{number}")
            yield Candidate(event.project_id, event, lambda reason: pytest.fail(reason))


class WatchedLedger(Ledger):
    """Notes how many rows had been read when a batch was sent, and when it was written."""

    def __init__(self, database: Database, rows: Rows) -> None:
        super().__init__(database)
        self._rows = rows
        self.seen: list[tuple[int, int]] = []

    async def record(self, *given: Any, **options: Any) -> list[UsageOutcome]:
        sent = self._rows.read_count
        outcomes = await super().record(*given, **options)
        for _ in range(50):
            await asyncio.sleep(0)
        self.seen.append((sent, self._rows.read_count))
        return outcomes


def recorder(ledger: Ledger, tenant: Tenant) -> ImportRecorder:
    async def find_project(name: str) -> UUID:
        raise AssertionError(name)

    return ImportRecorder(
        ledger.database, ledger, tenant.id, "test", find_project, ImportListener()
    )


async def test_one_batch_is_read_while_the_one_before_is_written(
    database: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_recorder, "BATCH_COUNT", 4)
    rows = Rows(tenant, 11)
    ledger = WatchedLedger(database, rows)
    writing, steps = recorder(ledger, tenant), []
    await writing.start("a file")
    await writing.record(iter(rows), lambda: steps.append(writing.report.recorded))
    assert ledger.seen == [(4, 8), (8, 11), (11, 11)]
    assert steps == [4, 8, 11]
    assert (writing.report.read, writing.report.recorded) == (11, 11)


async def test_what_was_read_before_a_file_breaks_off_is_recorded(
    database: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_recorder, "BATCH_COUNT", 4)
    rows = Rows(tenant, 11, fails_at=9)
    writing = recorder(WatchedLedger(database, rows), tenant)
    await writing.start("a file")
    with pytest.raises(OSError, match="gone"):
        await writing.record(iter(rows), lambda: None)
    assert writing.report.recorded == 8
