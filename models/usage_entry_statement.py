"""The statements behind the usage explorer: which runs, in which order, and what each spent.

Three stretches make a list. `WALK` goes down the index of a workspace's runs by their beginning,
from the range's end to the beginning of its first day; `STRADDLING` finds the runs that began on an
earlier day and go on into the range, by `run_span`; `OUTSIDE` has a row for each project. Sums come
from the rollups by run and hour, and for the two hours that a range may cut, from the ledger.
`OFFSET 0` keeps a planner that knows no values from reading a table where an index is meant.
Refused: executing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from uuid import UUID

from models.arguments import Arguments
from models.hours import Hours
from models.ids import NIL
from models.page import At
from models.rollup import HOUR_START

RUN_COLUMNS = (
    *("id", "organization_id", "project_id", "parent_id", "key", "workflow", "trigger", "status"),
    *("started_at", "finished_at"),
)
FIGURES = "spent.models, spent.tokens, spent.cost, spent.unpriced, beyond.on_demand_cost"
_NODE_BITS = 20
_EPOCH = date(1970, 1, 1)
_SUMS = ("requests", "tokens", "cost", "unpriced")
_TOKENS = "e.input + e.cache_read + e.cache_write_5m + e.cache_write_1h + e.output + e.reasoning"
_SOMETHING = "(m.requests <> 0 OR m.tokens <> 0 OR m.cost <> 0 OR m.unpriced <> 0)"


class Stretch(Enum):
    """The three stretches of a list, in its order."""

    WALK = 1
    STRADDLING = 2
    OUTSIDE = 3


@dataclass(frozen=True, slots=True)
class Sought:
    """A list: of which workspace, in which range, met by which filters.

    `day_start` is where the day (in UTC) of the range's beginning begins; `months` are the first
    days of the local months that lie in the range as a whole, and where the first of them begins
    and the last one ends.
    """

    organization_id: UUID
    workspace_id: UUID
    project_ids: tuple[UUID, ...] | None
    start: datetime
    end: datetime
    day_start: datetime
    hours: Hours
    months: "Months | None"
    workflows: tuple[str, ...] | None = None
    triggers: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    is_on_demand: bool | None = None


@dataclass(frozen=True, slots=True)
class Months:
    """Whole local months in a row: `end_date` and `end` are not in them."""

    first_date: date
    end_date: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """A part of a stretch: what comes after a place, and as far as another, which is in it."""

    after: At | None = None
    until: At | None = None
    size: int | None = None
    is_backward: bool = False


def statement(
    what: Sought, stretch: Stretch, bounds: Bounds, select: str | None = None
) -> tuple[str, Arguments]:
    """The rows of a part of a stretch, and the statement's values.

    `select` are expressions over `run` (in OUTSIDE `project`), `spent` and `beyond`; when None, the
    run (or the project's id) and the figures.
    """
    build = _Statement(what)
    is_outside = stretch is Stretch.OUTSIDE
    subject = "project" if is_outside else "run"
    keys = ("project.id",) if is_outside else ("run.started_at", "run.id")
    conditions = [
        f"{subject}.organization_id = {build.organization}",
        f"{subject}.workspace_id = {build.workspace}",
        *(build.of_project() if is_outside else build.of_run(stretch, bounds)),
        *build.between(keys, bounds),
        *build.met_by_figures(),
    ]
    source = build.straddling() if stretch is Stretch.STRADDLING else None
    source = source or ("project" if is_outside else "pipeline_run AS run")
    figures = build.figures_outside() if is_outside else build.figures_of_run()
    if select is None:
        shown = ["project.id"] if is_outside else [f"run.{name}" for name in RUN_COLUMNS]
        select = ", ".join([*shown, FIGURES])
    direction = "ASC" if bounds.is_backward else "DESC"
    order = ", ".join(f"{key} {direction}" for key in keys)
    limit = "" if bounds.size is None else f"\nLIMIT {build.give(bounds.size, 'integer')}"
    text = (
        f"{build.edges()}SELECT {select}\nFROM {source}\n{figures}\n"
        f"WHERE {' AND '.join(conditions)}\nORDER BY {order}{limit}"
    )
    return text, build.give


def places(what: Sought, stretch: Stretch, after: At | None, count: int) -> tuple[str, Arguments]:
    """The place as many candidates further on, with spend or without: a row or none."""
    build = _Statement(what)
    conditions = [
        f"run.organization_id = {build.organization}",
        f"run.workspace_id = {build.workspace}",
        *build.of_run(stretch, Bounds(after)),
        *build.between(("run.started_at", "run.id"), Bounds(after)),
    ]
    return (
        f"SELECT run.started_at, run.id FROM pipeline_run AS run"  # noqa: S608 - names of ours
        f" WHERE {' AND '.join(conditions)} ORDER BY run.started_at DESC, run.id DESC"
        f" OFFSET {build.give(count - 1, 'bigint')} LIMIT 1",
        build.give,
    )


class _Statement:
    """One statement in the making: its parts, each of which adds the values that it needs."""

    def __init__(self, what: Sought) -> None:
        self.what = what
        self.give = Arguments()
        self.organization = self.give(what.organization_id, "uuid")
        self.workspace = self.give(what.workspace_id, "uuid")

    def of_run(self, stretch: Stretch, bounds: Bounds) -> list[str]:
        """What a run must be, apart from what it spent."""
        conditions = self._began(stretch, bounds)
        what, give = self.what, self.give
        if what.project_ids is not None:
            conditions.append(f"run.project_id = ANY ({give(what.project_ids, 'uuid[]')})")
        for column, values in (("workflow", what.workflows), ("trigger", what.triggers)):
            if values is not None:
                conditions.append(f"run.{column} = ANY ({give(values, 'text[]')})")
        return conditions

    def _began(self, stretch: Stretch, bounds: Bounds) -> list[str]:
        """When a run must have begun, no wider than the place allows.

        An index begins at the bound of its first column, not at the row that a place is, and would
        walk from there to the place.
        """
        is_walk, after = stretch is Stretch.WALK, bounds.after
        earliest = self.what.day_start if is_walk else None
        end, sign = self.what.end if is_walk else self.what.day_start, "<"
        if after is not None and bounds.is_backward:
            earliest = max(earliest or after.instant, after.instant)
        elif after is not None and after.instant < end:
            end, sign = after.instant, "<="
        conditions = [f"run.started_at {sign} {self.give(end, 'timestamptz')}"]
        if earliest is not None:
            conditions.append(f"run.started_at >= {self.give(earliest, 'timestamptz')}")
        return conditions

    def of_project(self) -> list[str]:
        """What a project must be, apart from what it spent."""
        if self.what.project_ids is None:
            return []
        return [f"project.id = ANY ({self.give(self.what.project_ids, 'uuid[]')})"]

    def between(self, keys: Sequence[str], bounds: Bounds) -> list[str]:
        """Where a row must stand."""
        conditions, row = [], ", ".join(keys)
        for place, sign in (
            (bounds.after, ">" if bounds.is_backward else "<"),
            (bounds.until, "<=" if bounds.is_backward else ">="),
        ):
            if place is not None:
                values = [self.give(place.id, "uuid")]
                if len(keys) > 1:
                    values.insert(0, self.give(place.instant, "timestamptz"))
                conditions.append(f"({row}) {sign} ({', '.join(values)})")
        return conditions

    def met_by_figures(self) -> list[str]:
        """What must have been spent."""
        what, conditions = self.what, ["spent.is_something"]
        if what.models is not None:
            conditions.append(f"spent.models && {self.give(what.models, 'text[]')}")
        if what.is_on_demand is not None:
            sign = "<>" if what.is_on_demand else "="
            conditions.append(f"beyond.on_demand_cost {sign} 0")
        return conditions

    def straddling(self) -> str:
        """Runs that began before the day on which the range begins, and go on into that day."""
        day = self.what.day_start.astimezone(UTC).date()
        nodes, of_day = self.give(span_nodes(day), "integer[]"), self.give(day, "date")
        return f"""(
    SELECT r.*
    FROM unnest({nodes}) AS node (number)
    CROSS JOIN LATERAL (
        SELECT s.run_id
        FROM run_span AS s
        WHERE s.organization_id = {self.organization} AND s.workspace_id = {self.workspace}
            AND span_node(s.first_date, s.last_date) = node.number
            AND s.last_date >= {of_day} AND s.first_date < {of_day}
        OFFSET 0
    ) AS span
    JOIN pipeline_run AS r
        ON r.organization_id = {self.organization} AND r.id = span.run_id
) AS run"""  # noqa: S608 - names of ours

    def figures_of_run(self) -> str:
        """What each run spent."""
        hours = self._hours("run.project_id", "run.id", self.what.hours.first, self.what.hours.end)
        return self._figures([hours], "run.project_id", "run.id")

    def figures_outside(self) -> str:
        """What each project spent outside any run: whole months, and the hours beside them."""
        what, nil = self.what, self.give(NIL, "uuid")
        if what.months is None:
            parts = [self._hours("project.id", nil, what.hours.first, what.hours.end)]
        else:
            first = self.give(what.months.first_date, "date")
            end = self.give(what.months.end_date, "date")
            parts = [
                f"SELECT o.model, {_sums('o')} FROM rollup_outside_month AS o"  # noqa: S608
                f" WHERE o.organization_id = {self.organization} AND o.project_id = project.id"
                f" AND o.month >= {first} AND o.month < {end}",
            ]
            beside = (
                (what.hours.first, what.months.start),
                (what.months.end, what.hours.end),
            )
            parts += [self._hours("project.id", nil, *part) for part in beside if part[0] < part[1]]
        return self._figures(parts, "project.id", nil)

    def _hours(self, project: str, run: str, first: datetime, end: datetime) -> str:
        return (
            f"SELECT h.model, {_sums('h')} FROM rollup_run_hour AS h"  # noqa: S608 - names of ours
            f" WHERE h.organization_id = {self.organization} AND h.project_id = {project}"
            f" AND h.run_id = {run} AND h.hour_start >= {self.give(first, 'timestamptz')}"
            f" AND h.hour_start < {self.give(end, 'timestamptz')}"
        )

    def _figures(self, parts: list[str], project: str, run: str) -> str:
        first = self.give(self.what.hours.first, "timestamptz")
        end = self.give(self.what.hours.end, "timestamptz")
        beyond = [
            f"SELECT o.on_demand_cost FROM rollup_on_demand AS o"  # noqa: S608 - names of ours
            f" WHERE o.organization_id = {self.organization} AND o.project_id = {project}"
            f" AND o.run_id = {run} AND o.hour_start >= {first} AND o.hour_start < {end}"
        ]
        if self.what.hours.windows:
            of_edge = f"FROM edge WHERE edge.project_id = {project} AND edge.run_id = {run}"
            parts = [*parts, f"SELECT edge.model, {_sums('edge')} {of_edge}"]
            beyond.append(f"SELECT edge.on_demand_cost {of_edge}")
        return f"""CROSS JOIN LATERAL (
    SELECT array_agg(m.model ORDER BY m.tokens DESC, m.model)
            FILTER (WHERE m.model <> '' AND {_SOMETHING}) AS models,
        sum(m.tokens)::bigint AS tokens, sum(m.cost) AS cost, sum(m.unpriced)::bigint AS unpriced,
        bool_or({_SOMETHING}) AS is_something
    FROM (
        SELECT p.model, {", ".join(f"sum(p.{name}) AS {name}" for name in _SUMS)}
        FROM ({" UNION ALL ".join(parts)}) AS p
        GROUP BY p.model
    ) AS m
) AS spent
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.on_demand_cost), 0) AS on_demand_cost
    FROM ({" UNION ALL ".join(beyond)}) AS b
) AS beyond"""  # noqa: S608 - names of ours

    def edges(self) -> str:
        """What was spent in hours that the range cuts, from the ledger, as a CTE; or nothing."""
        hours = self.what.hours
        if not hours.windows:
            return ""
        starts, ends = zip(*hours.windows, strict=True)
        first, end = self.give(hours.first, "timestamptz"), self.give(hours.end, "timestamptz")
        nil = self.give(NIL, "uuid")
        return f"""WITH edge AS MATERIALIZED (
    SELECT e.project_id, coalesce(e.run_id, {nil}) AS run_id, coalesce(e.model, '') AS model,
        sum(e.requests) AS requests, sum({_TOKENS}) AS tokens, sum(coalesce(e.cost, 0)) AS cost,
        sum(e.unpriced) AS unpriced, sum(coalesce(d.on_demand_cost, 0)) AS on_demand_cost
    FROM project AS p
    CROSS JOIN unnest({self.give(starts, "timestamptz[]")}, {self.give(ends, "timestamptz[]")})
        AS cut (start_at, end_at)
    CROSS JOIN LATERAL (
        SELECT * FROM credit_transaction AS t
        WHERE t.organization_id = {self.organization} AND t.project_id = p.id
            AND t.occurred_at >= cut.start_at AND t.occurred_at < cut.end_at
        OFFSET 0
    ) AS e
    LEFT JOIN credit_deduction AS d
        ON d.organization_id = {self.organization} AND d.transaction_id = e.id
    WHERE p.organization_id = {self.organization} AND p.workspace_id = {self.workspace}
        AND NOT ({HOUR_START} >= {first} AND {HOUR_START} < {end})
    GROUP BY 1, 2, 3
)
"""  # noqa: S608 - names of ours


def _sums(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in _SUMS)


def span_nodes(day: date) -> list[int]:
    """The nodes around which spans may lie that go on into this day: see `span_node`."""
    number = (day - _EPOCH).days
    return [
        (number >> (bit + 1) << (bit + 1)) | 1 << bit for bit in range(_NODE_BITS) if number >= 0
    ]
