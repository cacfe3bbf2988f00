"""Reading the usage explorer (000): one row for each run with what it spent in a range.

Newest start first; then, of runs that began before the range and go on into it, the latest; then
what each project spent outside any run, so that all rows together are all that was spent. A run
that did not spend in the range has no row, one that spends in two ranges has one in both. Pages go
by keyset in both directions and cost the same wherever they lie. Refused: writing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.hours import hours_of
from models.local_time import TimeZones
from models.page import FIRST_INSTANT, At, Page
from models.period import Calendar, add_months
from models.pipeline import PipelineRun
from models.usage_entry_statement import (
    RUN_COLUMNS,
    Bounds,
    Months,
    Sought,
    Stretch,
    statement,
)

OUTSIDE_ANY = FIRST_INSTANT
"""Where what was spent outside any run stands: after every run."""


@dataclass(frozen=True, slots=True)
class UsageEntryFilter:
    """Which rows: what is given is all met, a list by any of its values."""

    project_ids: tuple[UUID, ...] | None = None
    workflows: tuple[str, ...] | None = None
    triggers: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    is_on_demand: bool | None = None


class Figures(NamedTuple):
    """What was spent in the range, in the order of the statements' columns."""

    models: Sequence[str]
    total_tokens: int
    cost: Decimal
    unpriced: int
    on_demand_cost: Decimal


class UsageEntry(NamedTuple):
    """A run's row; of what a project spent outside any run when `run` is None."""

    organization_id: UUID
    project_id: UUID
    run: PipelineRun | None
    start: datetime
    end: datetime
    figures: Figures

    @property
    def place(self) -> At:
        """Where the row stands in the list."""
        if self.run is None:
            return At(OUTSIDE_ANY, self.project_id)
        return At(self.run.started_at, self.run.id)

    @property
    def started_at(self) -> datetime:
        """When the run began, possibly before the range; outside any, where the range begins."""
        return self.start if self.run is None else self.run.started_at

    @property
    def workflow(self) -> str | None:
        """Name of the workflow."""
        return None if self.run is None else self.run.workflow

    @property
    def trigger(self) -> str | None:
        """What set the run off."""
        return None if self.run is None else self.run.trigger

    @property
    def entry_type(self) -> str:
        """`ON_DEMAND` when any of it is beyond the limit, else `INCLUDED`."""
        return "ON_DEMAND" if self.figures.on_demand_cost else "INCLUDED"

    @property
    def models(self) -> Sequence[str]:
        """Models used, most tokens first."""
        return self.figures.models

    @property
    def total_tokens(self) -> int:
        """All tokens in the range."""
        return self.figures.total_tokens

    @property
    def cost(self) -> Decimal:
        """Dollars in the range, unpriced transactions left out."""
        return self.figures.cost

    @property
    def on_demand_cost(self) -> Decimal:
        """The part of it beyond the limit."""
        return self.figures.on_demand_cost

    @property
    def unpriced_transactions(self) -> int:
        """Transactions without a known price."""
        return self.figures.unpriced


def sought(
    organization_id: UUID,
    workspace_id: UUID,
    project_ids: Sequence[UUID] | None,
    zones: TimeZones,
    start: datetime,
    end: datetime,
    wanted: UsageEntryFilter,
) -> Sought:
    """What a list is asked for. `project_ids` are those within reach, None for all."""
    hours, months = hours_of(zones, start, end), _whole_months(zones, start, end)
    if months is not None and (months.start < hours.first or months.end > hours.end):
        months = None  # clocks were moved as it began: by the hour, then
    return Sought(
        organization_id=organization_id,
        workspace_id=workspace_id,
        project_ids=within_reach(project_ids, wanted.project_ids),
        start=start,
        end=end,
        day_start=start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0),
        hours=hours,
        months=months,
        workflows=wanted.workflows,
        triggers=wanted.triggers,
        models=wanted.models,
        is_on_demand=wanted.is_on_demand,
    )


def within_reach(
    reached: Sequence[UUID] | None, wanted: Sequence[UUID] | None
) -> tuple[UUID, ...] | None:
    """The wanted projects among those within reach; None stands for all on either side."""
    if reached is None or wanted is None:
        chosen = wanted if reached is None else reached
        return None if chosen is None else tuple(chosen)
    return tuple(set(wanted) & set(reached))


def _whole_months(zones: TimeZones, start: datetime, end: datetime) -> Months | None:
    """The local months that lie in a range as a whole; None without any."""
    early, late = Calendar(zones, start), Calendar(zones, end)
    first = early.current_month
    if early.month(first).start < start:
        first = add_months(first, 1)
    if first >= late.current_month:
        return None
    last = late.month(late.current_month).start
    return Months(first, late.current_month, early.month(first).start, last)


async def list_usage_entries(
    connection: asyncpg.Connection,
    what: Sought,
    size: int,
    place: At | None = None,
    *,
    is_backward: bool = False,
) -> Page[UsageEntry]:
    """A page after `place`, or before it when backward; in the order of the list either way."""
    found: list[UsageEntry] = []
    for stretch, after in stretches(what, place, is_backward=is_backward):
        bounds = Bounds(after, size=size + 1 - len(found), is_backward=is_backward)
        text, arguments = statement(what, stretch, bounds)
        rows = await connection.fetch(text, *arguments.values)
        found.extend(_entry(what, row) for row in rows)
        if len(found) > size:
            break
    page = found[:size]
    return Page(page[::-1] if is_backward else page, len(found) > size)


def stretches(
    what: Sought, place: At | None, *, is_backward: bool = False
) -> list[tuple[Stretch, At | None]]:
    """The stretches that lie on the way from a place on, nearest first, each with its beginning."""
    is_outside = place is not None and place.instant == OUTSIDE_ANY
    found = [] if is_outside and not is_backward else [Stretch.WALK, Stretch.STRADDLING]
    has_outside = what.workflows is None and what.triggers is None
    if has_outside and (is_outside or place is None or not is_backward):
        found.append(Stretch.OUTSIDE)
    return [
        (stretch, place if (stretch is Stretch.OUTSIDE) is is_outside else None)
        for stretch in (reversed(found) if is_backward else found)
    ]


def _entry(what: Sought, row: asyncpg.Record) -> UsageEntry:
    *run, models, tokens, cost, unpriced, on_demand = row
    figures = Figures(models or (), tokens, cost, unpriced, on_demand)
    found = PipelineRun._make(run) if len(run) == len(RUN_COLUMNS) else None
    project_id = found.project_id if found else run[0]
    return UsageEntry(what.organization_id, project_id, found, what.start, what.end, figures)
