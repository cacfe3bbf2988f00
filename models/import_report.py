"""What an import tells: its progress, what it could not read or take, its counts, earlier imports.

Counted per import: `read` = `recorded` + `duplicate` + `quarantined`, of which `unpriced` were
recorded without a price; `unreadable` are lines of logs, or files, apart from those.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from models.db import Database, sql
from models.ids import uuid7
from models.usage_log import Unreadable


class ImportStage(StrEnum):
    """What an import is at. Reading advances in bytes, recording in calls."""

    READING = "READING"
    RECORDING = "RECORDING"


@dataclass(frozen=True, slots=True)
class QuarantinedCall:
    """A call that was not taken, and why; of a row also where it stands."""

    event_key: str
    reason: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ImportListener:
    """Who is told as it goes: `on_progress` of the stage, how much is done and of how much."""

    on_progress: Callable[[ImportStage, int, int], None] = lambda stage, done, total: None
    on_unreadable: Callable[[Unreadable], None] = lambda unreadable: None
    on_quarantined: Callable[[QuarantinedCall], None] = lambda quarantined: None


@dataclass(slots=True)
class ImportReport:
    """What an import read and what became of it; `total_cost` is what it added, in dollars."""

    id: UUID = field(default_factory=uuid7)
    files: int = 0
    lines: int = 0
    read: int = 0
    recorded: int = 0
    duplicate: int = 0
    unpriced: int = 0
    quarantined: int = 0
    unreadable: int = 0
    total_cost: Decimal = Decimal(0)

    @property
    def is_clean(self) -> bool:
        """Whether every line was read and every call was taken."""
        return self.unreadable == 0 and self.quarantined == 0


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """An earlier run of an importer, as stored.

    `total_cost` is what stands of what it recorded, in dollars: 0 when it was taken back.
    """

    id: UUID
    format: str
    source: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    read: int
    recorded: int
    duplicate: int
    unpriced: int
    quarantined: int
    unreadable: int
    total_cost: Decimal


async def list_imports(
    database: Database, organization_id: UUID, limit: int = 100
) -> list[ImportRecord]:
    """The latest runs of importers in an organization, the latest first."""
    async with database.connection() as connection:
        rows: Iterable[Iterable[object]] = await connection.fetch(
            sql("import_list"), organization_id, limit
        )
    return [ImportRecord(*row) for row in rows]  # type: ignore[arg-type]
