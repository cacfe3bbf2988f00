"""The usage explorer as CSV (000): the rows of its pages, in their order, as many as wanted.

The header is 000's to the letter. What did not add to an on-demand bill is printed as its number
all the same: the column adds up to the totals. A row of which nothing had a price says so.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC

import asyncpg

from models.export import BATCH_SIZE, Statement, instant_cell, number_cell, text_cell
from models.page import At
from models.usage_entry import OUTSIDE_ANY, stretches
from models.usage_entry_statement import Bounds, Sought, Stretch, places, statement

HEADER = ("Date", "Execution", "Workflow", "Trigger", "Model", "Tokens", "Cost (USD)")
_FIGURES = (
    text_cell("array_to_string(spent.models, '; ')"),
    "spent.tokens",
    "CASE WHEN spent.unpriced > 0 AND spent.cost = 0 THEN 'unpriced'"
    f" ELSE {number_cell('spent.cost')}::text END",
)
_RUN_PLACE = "run.started_at, run.id"
_RUN_CELLS = (
    instant_cell("run.started_at"),
    *(text_cell(f"run.{name}") for name in ("key", "workflow", "trigger")),
    *_FIGURES,
)


class UsageExport:
    """The rows of a list after a place, as far as another, which is in it; None for either end."""

    header: Sequence[str] = HEADER

    def __init__(self, what: Sought, after: At | None = None, until: At | None = None) -> None:
        self._what = what
        self._after = after
        self._until = until

    async def statements(self, connection: asyncpg.Connection) -> AsyncIterator[Statement]:
        """Runs of the walk some at a time; what went on from before, and what was outside any."""
        for stretch, after in stretches(self._what, self._after):
            is_last = self._until is not None and stretch is _stretch_of(self._what, self._until)
            until = self._until if is_last else None
            if stretch is Stretch.WALK:
                async for bounds in self._walk(connection, after, until):
                    yield statement(self._what, stretch, bounds, ", ".join(_RUN_CELLS))
            else:
                cells = _RUN_CELLS if stretch is Stretch.STRADDLING else self._outside_cells()
                yield statement(self._what, stretch, Bounds(after, until), ", ".join(cells))
            if is_last:
                return

    async def _walk(
        self, connection: asyncpg.Connection, after: At | None, until: At | None
    ) -> AsyncIterator[Bounds]:
        while True:
            text, arguments = places(self._what, Stretch.WALK, after, BATCH_SIZE)
            row = await connection.fetchrow(text, *arguments.values)
            place = At(*row) if row is not None else None
            if place is None or (until is not None and place <= until):
                yield Bounds(after, until)
                return
            yield Bounds(after, place)
            after = place

    def _outside_cells(self) -> Sequence[str]:
        start = self._what.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return (f"'{start}'", "NULL", "NULL", "NULL", *_FIGURES)


def _stretch_of(what: Sought, place: At) -> Stretch:
    """Where a place of a row lies."""
    if place.instant == OUTSIDE_ANY:
        return Stretch.OUTSIDE
    return Stretch.WALK if place.instant >= what.day_start else Stretch.STRADDLING


async def cut(
    connection: asyncpg.Connection, what: Sought, after: At | None, limit: int
) -> At | None:
    """The place of the last of `limit` rows if more follow it; None when that is all there is."""
    left, last = limit, after
    for stretch, begin in stretches(what, after):
        text, arguments = _counted(what, stretch, begin, left)
        [[count, instant, id]] = await connection.fetch(text, *arguments.values)
        if count >= left and left:
            last = At(OUTSIDE_ANY if instant is None else instant, id)
        if count > left:
            return last
        left -= count
    return None


def _counted(what: Sought, stretch: Stretch, after: At | None, size: int) -> Statement:
    """How many rows there are, up to one more than `size`, and the place of the last of `size`."""
    place = "NULL::timestamptz, project.id" if stretch is Stretch.OUTSIDE else _RUN_PLACE
    text, give = statement(what, stretch, Bounds(after, size=size + 1), place)
    of_last = f"FILTER (WHERE found.number = {give(size, 'bigint')})"
    return (
        f"SELECT count(*), max(found.instant) {of_last}, (array_agg(found.id) {of_last})[1]"  # noqa: S608
        f" FROM (SELECT page.instant, page.id, row_number() OVER () AS number"
        f" FROM ({text}) AS page (instant, id)) AS found",
        give,
    )
