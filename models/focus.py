"""FOCUS 1.2: spend as rows that cost tools read, whatever the provider.

A row is one day, project, model, token class and price, from the rollup by day: quantity times unit
price is its cost, exactly, and all rows of a project's month are that month's total. What had no
price keeps its quantity, with empty costs and a row that counts the transactions. All of FOCUS's
columns are there, those that nothing here fills are empty; columns of ours begin with `x_`.
Refused: parts of days, for which there is no rollup.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.arguments import Arguments
from models.billing_cycle import BillingCycles
from models.errors import BadInputError
from models.export import Statement, id_cell, text_cell
from models.ids import ORGANIZATION, PROJECT, WORKSPACE
from models.period import Calendar

_DAYS_AT_A_TIME = 7
_MICROSECOND = timedelta(microseconds=1)
_CLASSES = (
    ("INPUT", "input", "Input Tokens"),
    ("CACHE_READ", "cache_read", "Cache Read Tokens"),
    ("CACHE_WRITE_5M", "cache_write_5m", "5-minute Cache Write Tokens"),
    ("CACHE_WRITE_1H", "cache_write_1h", "1-hour Cache Write Tokens"),
    ("OUTPUT", "output", "Output Tokens"),
    ("REASONING", "reasoning", "Reasoning Tokens"),
)
_COST = "trim_scale(line.quantity * line.price * line.per_unit)"
_PRICE = "trim_scale(line.price)"
_CREDITS = "CASE WHEN org.billing_mode = 'CREDITS' THEN org.credits_per_dollar ELSE 1 END"
_PROVIDER = "coalesce(nullif(spent.provider, ''), 'unknown')"
Cell = Callable[[str], str]


class _Text(NamedTuple):
    """A text of somebody else's."""

    expression: str


class _Instant(NamedTuple):
    """An instant."""

    expression: str


# In FOCUS's own order, which is the alphabet's; then ours. None stands for what does not apply.
_COLUMNS: Mapping[str, _Text | _Instant | str | None] = {
    "AvailabilityZone": None,
    "BilledCost": _COST,
    "BillingAccountId": id_cell(ORGANIZATION, "org.id", "org.id"),
    "BillingAccountName": _Text("org.name"),
    "BillingAccountType": "'Organization'",
    "BillingCurrency": "'USD'",
    "BillingPeriodEnd": _Instant("day.cycle_end"),
    "BillingPeriodStart": _Instant("day.cycle_start"),
    "CapacityReservationId": None,
    "CapacityReservationStatus": None,
    "ChargeCategory": "'Usage'",
    "ChargeClass": None,
    "ChargeDescription": _Text("(spent.model || ': ' || line.meter)"),
    "ChargeFrequency": "'Usage-Based'",
    "ChargePeriodEnd": _Instant("day.end_at"),
    "ChargePeriodStart": _Instant("day.start_at"),
    "CommitmentDiscountCategory": None,
    "CommitmentDiscountId": None,
    "CommitmentDiscountName": None,
    "CommitmentDiscountQuantity": None,
    "CommitmentDiscountStatus": None,
    "CommitmentDiscountType": None,
    "CommitmentDiscountUnit": None,
    "ConsumedQuantity": "line.quantity",
    "ConsumedUnit": "line.unit",
    "ContractedCost": _COST,
    "ContractedUnitPrice": _PRICE,
    "EffectiveCost": _COST,
    "InvoiceId": None,
    "InvoiceIssuerName": _Text(_PROVIDER),
    "ListCost": _COST,
    "ListUnitPrice": _PRICE,
    "PricingCategory": "'Standard'",
    "PricingCurrency": "CASE org.billing_mode WHEN 'CREDITS' THEN 'Credits' ELSE 'USD' END",
    "PricingCurrencyContractedUnitPrice": f"trim_scale(line.price * {_CREDITS})",
    "PricingCurrencyEffectiveCost": f"trim_scale({_COST} * {_CREDITS})",
    "PricingCurrencyListUnitPrice": f"trim_scale(line.price * {_CREDITS})",
    "PricingQuantity": "trim_scale(line.quantity * line.per_unit)",
    "PricingUnit": "line.pricing_unit",
    "ProviderName": _Text(_PROVIDER),
    "PublisherName": _Text(_PROVIDER),
    "RegionId": None,
    "RegionName": None,
    "ResourceId": id_cell(PROJECT, "org.id", "project.id"),
    "ResourceName": _Text("project.name"),
    "ResourceType": "'Project'",
    "ServiceCategory": "'AI and Machine Learning'",
    "ServiceName": _Text(_PROVIDER),
    "ServiceSubcategory": "'Generative AI'",
    "SkuId": _Text(f"({_PROVIDER} || '/' || spent.model)"),
    "SkuMeter": "line.meter",
    "SkuPriceDetails": None,
    "SkuPriceId": "rate.id::text || '/' || line.class",
    "SubAccountId": id_cell(WORKSPACE, "org.id", "workspace.id"),
    "SubAccountName": _Text("workspace.name"),
    "SubAccountType": "'Workspace'",
    "Tags": None,
    "x_LocalDate": "day.local_date",
    "x_Model": _Text("spent.model"),
    "x_Operation": "spent.operation",
    "x_ServiceTier": _Text("nullif(rate.service_tier, '')"),
    "x_TokenClass": "line.class",
    "x_UnpricedTransactions": "CASE line.class WHEN 'REQUEST' THEN spent.unpriced ELSE 0 END",
}


def _cells(text: Cell, instant: Cell) -> dict[str, str]:
    """Expressions by column; `text` and `instant` make cells of those that are such."""
    found = {}
    for name, cell in _COLUMNS.items():
        match cell:
            case _Text(expression):
                found[name] = text(expression)
            case _Instant(expression):
                found[name] = instant(expression)
            case _:
                found[name] = cell or "NULL::text"
    return found


def _utc(expression: str) -> str:
    return f"""to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


_CSV = _cells(text_cell, _utc)
DECIMALS = frozenset(
    name
    for name in _COLUMNS
    if name.endswith(("Cost", "UnitPrice", "Quantity")) or name == "x_UnpricedTransactions"
)
"""Columns that hold numbers; all others are texts."""
INSTANTS = frozenset(name for name in _COLUMNS if name.endswith(("PeriodStart", "PeriodEnd")))
"""Columns that hold instants."""


@dataclass(frozen=True, slots=True)
class FocusExport:
    """The days from `first` to `last`, both included, of a workspace or, when None, of all.

    `project_ids` are those within reach, None for all.
    """

    organization_id: UUID
    workspace_id: UUID | None
    project_ids: Sequence[UUID] | None
    calendar: Calendar
    cycles: BillingCycles
    first: date
    last: date

    @property
    def header(self) -> Sequence[str]:
        """FOCUS's columns, then ours."""
        return tuple(_COLUMNS)

    async def statements(self, _connection: asyncpg.Connection) -> AsyncIterator[Statement]:
        """Rows of texts, some days at a time."""
        for days in self._days_at_a_time():
            yield self._statement(days, _CSV)

    def typed_statements(self) -> Iterator[Statement]:
        """The same rows with instants as such, and texts as they are: for files with types."""
        for days in self._days_at_a_time():
            yield self._statement(days, _cells(str, str))

    def _days_at_a_time(self) -> Iterator[list[date]]:
        day = self.first
        while day <= self.last:
            count = min(_DAYS_AT_A_TIME, (self.last - day).days + 1)
            yield [day + timedelta(days=n) for n in range(count)]
            day += timedelta(days=count)

    def _statement(self, days: Sequence[date], columns: Mapping[str, str]) -> Statement:
        give = Arguments()
        organization = give(self.organization_id, "uuid")
        cells = ", ".join(f'{cell} AS "{name}"' for name, cell in columns.items())
        conditions = [f"project.organization_id = {organization}"]
        if self.workspace_id is not None:
            conditions.append(f"project.workspace_id = {give(self.workspace_id, 'uuid')}")
        if self.project_ids is not None:
            conditions.append(f"project.id = ANY ({give(self.project_ids, 'uuid[]')})")
        text = f"""SELECT {cells}
FROM {self._days(days, give)}
JOIN LATERAL (
    SELECT r.project_id, r.provider, r.model, r.operation, r.rate_id, sum(r.requests) AS requests,
        {", ".join(f"sum(r.{name}) AS {name}" for _, name, _ in _CLASSES)},
        sum(r.unpriced) AS unpriced
    FROM rollup_day AS r
    WHERE r.organization_id = {organization} AND r.local_date = day.local_date
    GROUP BY r.project_id, r.provider, r.model, r.operation, r.rate_id
) AS spent ON true
JOIN project ON project.organization_id = {organization} AND project.id = spent.project_id
JOIN workspace
    ON workspace.organization_id = {organization} AND workspace.id = project.workspace_id
JOIN organization AS org ON org.id = {organization}
LEFT JOIN rate ON rate.organization_id = {organization} AND rate.id = spent.rate_id
CROSS JOIN LATERAL ({_lines()}
) AS line (place, class, meter, unit, pricing_unit, per_unit, quantity, price)
WHERE {" AND ".join(conditions)} AND (
    (line.class <> 'REQUEST' AND line.quantity <> 0)
    OR (line.class = 'REQUEST' AND (spent.unpriced <> 0 OR line.quantity * line.price <> 0)))
ORDER BY day.local_date, project.name, project.id, spent.provider, spent.model, spent.operation,
    spent.rate_id, line.place"""  # noqa: S608 - names of ours
        return text, give

    def _days(self, days: Sequence[date], give: Arguments) -> str:
        """Each day with where it and the billing cycle around it begin and end."""
        periods = [self.calendar.day(day) for day in days]
        cycles = [self.cycles.at(period.start) for period in periods]
        arrays = (
            give(days, "date[]"),
            give([period.start for period in periods], "timestamptz[]"),
            give([period.end for period in periods], "timestamptz[]"),
            give([cycle.start for cycle in cycles], "timestamptz[]"),
            give([cycle.end for cycle in cycles], "timestamptz[]"),
        )
        return (
            f"unnest({', '.join(arrays)})"
            " AS day (local_date, start_at, end_at, cycle_start, cycle_end)"
        )


def _lines() -> str:
    lines = [
        f"({place}, '{name}', '{meter}', 'Tokens', '1000000 Tokens', 0.000001, spent.{column},"
        f" rate.{column})"
        for place, (name, column, meter) in enumerate(_CLASSES)
    ]
    lines.append(
        "(6, 'REQUEST', 'Requests', 'Requests', '1000 Requests', 0.001, spent.requests,"
        " rate.request)"
    )
    return "\n    VALUES " + ",\n        ".join(lines)


def whole_days(calendar: Calendar, start: datetime, end: datetime) -> tuple[date, date]:
    """The first and last local day of a range; one that ends now covers today.

    Raises BadInputError for a range that begins or ends within a day.
    """
    first, last = calendar.local_date(start), calendar.local_date(end - _MICROSECOND)
    for name, instant, expected in (
        ("from", start, calendar.day_start(first)),
        ("to", end, calendar.day_start(last + timedelta(days=1))),
    ):
        if instant != expected and (name == "from" or end < calendar.now):
            zone = calendar.time_zone
            message = (
                f"{name} is {instant.isoformat()}; the beginning of a day in {zone} is expected."
            )
            raise BadInputError(message, field=(name,))
    return first, last
