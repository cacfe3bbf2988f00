"""Reading quarantined rows again: as they were understood, with corrections, or anew by a map.

What the ledger takes now is resolved as RECORDED, with an audit event; the rest stays open with its
new reason. Goes by batches; a second attempt continues. Refused: reading anew rows of formats that
know no map.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from models.access import Scope
from models.column_map import ColumnMap
from models.db import Database, sql
from models.errors import UserErrors
from models.event import UsageEvent, UsageStatus
from models.import_recorder import FindProject, is_ahead, reason_of
from models.ledger import Ledger
from models.quarantine import BATCH_COUNT, OpenRow, Resolution, Selection, open_rows, resolve
from models.usage_row import Row, flatten, read_event
from models.usage_value import RowError

_MAPPED = ("csv", "jsonl")


@dataclass(slots=True)
class RetryReport:
    """Rows that were read again and what became of them; `still` lists ids with new reasons."""

    recorded: int = 0
    duplicate: int = 0
    total_cost: Decimal = Decimal(0)
    still: list[tuple[UUID, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Corrections:
    """What to read rows with: values that replace those of all, and a map for rows of CSV or JSON.

    A value of "" takes the column away.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    column_map: ColumnMap | None = None

    def understand(self, row: OpenRow) -> dict[str, Any]:
        """The row in columns of ours; raises RowError when it cannot be read at all."""
        known = dict(row.understood or {})
        if self.column_map is not None and row.format in _MAPPED:
            known |= self._mapped(row, known)
        elif row.understood is None:
            raise RowError(row.reason)
        known |= self.values
        return {name: value for name, value in known.items() if value != ""}

    def _mapped(self, row: OpenRow, known: Row) -> dict[str, Any]:
        try:
            original = json.loads(row.original)
        except ValueError as error:
            raise RowError(row.reason) from error
        if self.column_map is None or not isinstance(original, dict):
            raise RowError(row.reason)
        mapped = self.column_map.apply(dict(flatten(original)))
        # The key and the project that it had hold unless the map says others.
        kept = {name: known[name] for name in ("eventKey", "project") if name in known}
        return dict.fromkeys(known, "") | kept | mapped


class Retry:
    """Tries open rows of an organization again."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        scope: Scope,
        corrections: Corrections,
        find_project: FindProject,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._scope = scope
        self._corrections = corrections
        self._find_project = find_project
        self._projects: dict[str, UUID] = {}
        self._now = datetime.now(UTC)
        self.report = RetryReport()

    async def run(self, selection: Selection) -> RetryReport:
        """Goes through the rows in the order in which they were kept."""
        after = None
        while True:
            async with self._database.connection() as connection:
                rows = await open_rows(
                    connection, self._scope.organization_id, selection, after=after
                )
            if rows:
                await self._batch(rows)
                after = rows[-1].id
            if len(rows) < BATCH_COUNT:
                return self.report

    async def _batch(self, rows: list[OpenRow]) -> None:
        tried: list[OpenRow] = []
        events: list[UsageEvent] = []
        refused: list[tuple[OpenRow, str]] = []
        for row in rows:
            try:
                events.append(await self._event(row))
                tried.append(row)
            except RowError as error:
                refused.append((row, str(error)))
            except UserErrors as error:
                refused.append((row, f"project: {error}"))
        organization_id = self._scope.organization_id
        outcomes = await self._ledger.record(organization_id, events) if events else []
        resolved = []
        for row, outcome in zip(tried, outcomes, strict=True):
            if outcome.status is UsageStatus.RECORDED:
                self.report.recorded += 1
                self.report.total_cost += outcome.cost or 0
                resolved.append(row)
            elif outcome.status is UsageStatus.DUPLICATE:
                self.report.duplicate += 1
                resolved.append(row)
            else:
                refused.append((row, reason_of(outcome)))
        await self._decide(resolved, refused)

    async def _event(self, row: OpenRow) -> UsageEvent:
        stated = read_event(self._corrections.understand(row))
        if is_ahead(stated.event, self._now):
            raise RowError("occurredAt is in the future")
        project = stated.project
        if not isinstance(project, UUID):
            if project not in self._projects:
                self._projects[project] = await self._find_project(project)
            project = self._projects[project]
        return replace(stated.event, project_id=project, import_id=row.import_id)

    async def _decide(self, resolved: list[OpenRow], refused: list[tuple[OpenRow, str]]) -> None:
        """What stays open keeps what was understood of it, not corrections that did not help."""
        values = self._corrections.values
        said: dict[str, object] = {"set": dict(values)} if values else {}
        async with self._database.transaction() as connection:
            if resolved:
                await resolve(
                    connection,
                    self._scope,
                    "quarantine.retry",
                    resolved,
                    Resolution.RECORDED,
                    self._now,
                    said,
                )
            for row, reason in refused:
                self.report.still.append((row.id, reason))
                await connection.execute(
                    sql("quarantine_reason"), self._scope.organization_id, row.id, reason
                )
