"""The rollups: one declaration each, from which come the upsert, the recount and the comparison.

Because the statement that writes the ledger, `rebuild` and `verify` are all made from the same
declaration, a rollup cannot mean one thing when written and another when checked. Refused here:
reading for pages (see `summary.py`) and anything that the ledger alone does not imply.

What the whole organization came to has rollups of its own, so that what asks for it reads as many
rows whatever the ledger and however many the projects. Every writer of an organization changes the
same rows of them, so they are written last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

_NIL = "'00000000-0000-0000-0000-000000000000'::uuid"
_MONTH = "date_trunc('month', e.local_date)::date"
# The hour's local beginning, from the offset stored on the entry: no time zone table is asked, so
# a newer one cannot change the past.
HOUR_START = (
    "date_trunc('hour', e.occurred_at + make_interval(secs => e.utc_offset_seconds), 'UTC')"
    " - make_interval(secs => e.utc_offset_seconds)"
)
"""The UTC instant at which the local hour of an entry `e` begins."""
_TWO_TOKEN_SUMS = {
    "input_tokens": "e.input + e.cache_read + e.cache_write_5m + e.cache_write_1h",
    "output_tokens": "e.output + e.reasoning",
}
_SIX_TOKEN_SUMS = {
    name: f"e.{name}"
    for name in ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
}
_COST = {"cost": "coalesce(e.cost, 0)", "unpriced": "e.unpriced"}
_SPEND = {"requests": "e.requests", **_TWO_TOKEN_SUMS, **_COST}
_ALL_TOKENS = {
    "requests": "e.requests",
    "tokens": " + ".join(_SIX_TOKEN_SUMS.values()),
    **_COST,
}
_JOB_SUMS = ("jobs_ended", "jobs_succeeded")


@dataclass(frozen=True)
class Rollup:
    """A table of sums over entries `e` of the ledger.

    `keys` and `sums` map columns to expressions over one entry; `latest` to expressions of which
    the greatest is kept. `job_keys`, where jobs are counted too, maps the same keys to expressions
    over a finished job `j`. `attributes` are columns that follow from the keys. `where` leaves
    entries out. `date` is the key column by which a month of it is found. `by_project` is
    the rollup whose rows this one adds up for the whole organization, if it does.
    """

    table: str
    date: str
    keys: dict[str, str]
    sums: dict[str, str]
    attributes: dict[str, str] = field(default_factory=dict)
    latest: dict[str, str] = field(default_factory=dict)
    job_keys: dict[str, str] = field(default_factory=dict)
    where: str = "true"
    by_project: "Rollup | None" = None

    @property
    def columns(self) -> list[str]:
        """Every column but the organization's, in the order of the statements."""
        jobs = _JOB_SUMS if self.job_keys else ()
        return [*self.keys, *self.attributes, *self.sums, *jobs, *self.latest]

    def recount(self, entries: str, jobs: str) -> str:
        """A query for the rows that these sources imply; both are FROM items named e and j."""
        grouped = {**self.keys, **self.attributes}
        places = ", ".join(str(place) for place in range(1, len(grouped) + 1))
        selected = [
            *(f"{expression} AS {name}" for name, expression in grouped.items()),
            *(f"sum({expression}) AS {name}" for name, expression in self.sums.items()),
            *(f"0::bigint AS {name}" for name in _JOB_SUMS if self.job_keys),
            *(f"max({expression}) AS {name}" for name, expression in self.latest.items()),
        ]
        spend = (
            f"SELECT {', '.join(selected)} FROM {entries}"  # noqa: S608 - names of ours
            f" WHERE {self.where} GROUP BY {places}"
        )
        if not self.job_keys:
            return spend
        counted = [
            *(self.job_keys[name] for name in grouped),
            *("0" for _ in self.sums),
            "sum(j.ended)",
            "sum(j.succeeded)",
        ]
        counts = f"SELECT {', '.join(counted)} FROM {jobs} GROUP BY {places}"  # noqa: S608
        totals = ", ".join(f"sum({name}) AS {name}" for name in (*self.sums, *_JOB_SUMS))
        return (
            f"SELECT {', '.join(grouped)}, {totals}"  # noqa: S608
            f" FROM ({spend} UNION ALL {counts}) AS both_sources GROUP BY {places}"
        )

    def sum_up(self, rows: str) -> str:
        """A query for what rows of `by_project` imply; they are a FROM item named r."""
        keys = ", ".join(f"r.{name}" for name in self.keys)
        sums = ", ".join(f"sum(r.{name}) AS {name}" for name in self.sums)
        return f"SELECT {keys}, {sums} FROM {rows} GROUP BY {keys}"  # noqa: S608 - names of ours

    def upsert(self, entries: str, jobs: str) -> str:
        """Adds what these sources imply."""
        return self.add(self.recount(entries, jobs))

    def add(self, rows: str) -> str:
        """Adds the rows of a query, in the order of the key so that writers never cross."""
        added = ", ".join(
            [
                *(
                    f"{name} = {self.table}.{name} + EXCLUDED.{name}"
                    for name in (*self.sums, *(_JOB_SUMS if self.job_keys else ()))
                ),
                *(
                    f"{name} = greatest({self.table}.{name}, EXCLUDED.{name})"
                    for name in self.latest
                ),
            ]
        )
        columns = ", ".join(self.columns)
        keys = ", ".join(self.keys)
        return (
            f"INSERT INTO {self.table} (organization_id, {columns})"  # noqa: S608 - names of ours
            f" SELECT $1, {columns} FROM ({rows}) AS added ORDER BY {keys}"
            f" ON CONFLICT (organization_id, {keys}) DO UPDATE SET {added}"
        )


def _by_run_or_job(table: str, column: str, job_keys: dict[str, str]) -> Rollup:
    return Rollup(
        table,
        "month",
        keys={column: f"e.{column}", "month": _MONTH},
        attributes={"project_id": "e.project_id"},
        sums=_SPEND,
        job_keys=job_keys,
        where=f"e.{column} IS NOT NULL",
    )


_JOB_MONTH = "date_trunc('month', j.finished_date)::date"
_CALL = {
    "provider": "coalesce(e.provider, '')",
    "model": "coalesce(e.model, '')",
}

HOUR = Rollup(
    "rollup_hour",
    "local_date",
    keys={
        "local_date": "e.local_date",
        "hour_start": HOUR_START,
        "project_id": "e.project_id",
        "surface": "coalesce(e.surface, '')",
    },
    sums=_SPEND,
)
DAY = Rollup(
    "rollup_day",
    "local_date",
    keys={
        "local_date": "e.local_date",
        "project_id": "e.project_id",
        "agent_type": "e.agent_type",
        "initiator": "coalesce(e.initiator, '')",
        "surface": "coalesce(e.surface, '')",
        **_CALL,
        "operation": "e.operation",
        "outcome": "e.outcome",
        "rate_id": f"coalesce(e.rate_id, {_NIL})",
    },
    sums={"requests": "e.requests", **_SIX_TOKEN_SUMS, **_COST},
)
PROJECT_DAY = Rollup(
    "rollup_project_day",
    "local_date",
    keys={"project_id": "e.project_id", "local_date": "e.local_date"},
    sums=_SPEND,
    job_keys={"project_id": "j.project_id", "local_date": "j.finished_date"},
)
MONTH = Rollup(
    "rollup_month",
    "month",
    keys={"project_id": "e.project_id", "month": _MONTH, "agent_type": "e.agent_type"},
    sums=_SPEND,
    job_keys={
        "project_id": "j.project_id",
        "month": _JOB_MONTH,
        "agent_type": "j.agent_type",
    },
)
RUN_MONTH = _by_run_or_job(
    "rollup_run_month",
    "run_id",
    {"run_id": "j.run_id", "month": _JOB_MONTH, "project_id": "j.project_id"},
)
JOB_MONTH = _by_run_or_job("rollup_job_month", "job_id", {})
USER_DAY = Rollup(
    "rollup_user_day",
    "local_date",
    keys={
        "local_date": "e.local_date",
        "user_id": f"coalesce(e.user_id, {_NIL})",
        "project_id": "e.project_id",
    },
    sums=_SPEND,
)
KEY_DAY = Rollup(
    "rollup_key_day",
    "local_date",
    keys={
        "project_id": "e.project_id",
        "local_date": "e.local_date",
        "api_key_id": f"coalesce(e.api_key_id, {_NIL})",
        **_CALL,
        "operation": "e.operation",
        "outcome": "e.outcome",
    },
    sums=_SPEND,
    latest={"last_at": "e.occurred_at"},
)
# A call is counted by the entry that states its duration; the entry that takes it back states it
# again.
DURATION_DAY = Rollup(
    "rollup_duration_day",
    "local_date",
    keys={
        "project_id": "e.project_id",
        "local_date": "e.local_date",
        "api_key_id": f"coalesce(e.api_key_id, {_NIL})",
        **_CALL,
        "bucket": "duration_bucket(e.duration_ms)",
    },
    sums={"calls": "CASE WHEN e.kind = 'USAGE' THEN 1 ELSE -1 END"},
    where="e.duration_ms IS NOT NULL",
)
RUN_HOUR = Rollup(
    "rollup_run_hour",
    "local_date",
    keys={
        "project_id": "e.project_id",
        "run_id": f"coalesce(e.run_id, {_NIL})",
        "hour_start": HOUR_START,
        "local_date": "e.local_date",
        "model": _CALL["model"],
    },
    sums=_ALL_TOKENS,
)
OUTSIDE_MONTH = Rollup(
    "rollup_outside_month",
    "month",
    keys={"project_id": "e.project_id", "month": _MONTH, "model": _CALL["model"]},
    sums=_ALL_TOKENS,
    where="e.run_id IS NULL",
)
# What runs cost beyond the limit (000). Fed by deductions, one by one with their entries, under the
# lock of the organization's balance (`deduction.py`); the others are fed by the ledger.
ON_DEMAND = Rollup(
    "rollup_on_demand",
    "local_date",
    keys={
        "run_id": f"coalesce(e.run_id, {_NIL})",
        "local_date": "e.local_date",
        "hour_start": HOUR_START,
        "project_id": "e.project_id",
    },
    sums={"on_demand_cost": "e.on_demand_cost"},
    where="e.on_demand_cost <> 0",
)
_WHOLE = {"requests": "e.requests", **_COST}
ORGANIZATION_HOUR = Rollup(
    "rollup_organization_hour",
    "local_date",
    keys={name: HOUR.keys[name] for name in ("local_date", "hour_start", "surface")},
    sums=_WHOLE,
    by_project=HOUR,
)
ORGANIZATION_DAY = Rollup(
    "rollup_organization_day",
    "local_date",
    keys={name: HOUR.keys[name] for name in ("local_date", "surface")},
    sums=_WHOLE,
    by_project=HOUR,
)
ORGANIZATION_USER_DAY = Rollup(
    "rollup_organization_user_day",
    "local_date",
    keys={name: USER_DAY.keys[name] for name in ("local_date", "user_id")},
    sums=_WHOLE,
    by_project=USER_DAY,
)
# In this order in every statement that writes the ledger. PostgreSQL executes them from the last to
# the first: those of the whole organization stand first, since their locks are to be held shortest.
ROLLUPS = (
    ORGANIZATION_DAY, ORGANIZATION_HOUR, ORGANIZATION_USER_DAY,
    HOUR, DAY, PROJECT_DAY, MONTH, RUN_MONTH, JOB_MONTH, USER_DAY, KEY_DAY, RUN_HOUR, OUTSIDE_MONTH,
    DURATION_DAY,
)  # fmt: skip


# What rollups tell entries apart by, but for the duration, and what they add up.
_TOLD_APART = (
    *("project_id", "local_date", "utc_offset_seconds", "run_id", "job_id", "agent_type"),
    *("initiator", "surface", "provider", "model", "operation", "outcome", "rate_id"),
    *("api_key_id", "user_id"),
)
_ADDED_UP = {
    **dict.fromkeys(("requests", "unpriced", *_SIX_TOKEN_SUMS), "bigint"),
    "cost": "numeric",
}
ADDED_COLUMNS = (*_TOLD_APART, *_ADDED_UP, "occurred_at", "kind", "duration_ms")
"""The columns of an entry that rollups are made of."""


def condense(entries: str) -> str:
    """A query for entries that stand for these in every rollup but DURATION_DAY, and are fewer.

    A session's calls of an hour differ in their tokens only: adding them up once makes the work of
    ten rollups less.
    """
    names = ", ".join(f"e.{name}" for name in _TOLD_APART)
    sums = ", ".join(f"sum(e.{name})::{kind} AS {name}" for name, kind in _ADDED_UP.items())
    return (
        f"SELECT {names}, max(e.occurred_at) AS occurred_at, {sums}"  # noqa: S608 - names of ours
        f" FROM {entries} GROUP BY {names}, {HOUR_START}"
    )


def write_statements(entries: str, jobs: str, rollups: Sequence[Rollup] = ROLLUPS) -> str:
    """The rollups' upserts as CTEs of one statement, fed by the FROM items `entries`, `jobs`."""
    return ",\n".join(
        f"{rollup.table}_written AS ({rollup.upsert(entries, jobs)})" for rollup in rollups
    )
