"""Stretches of time: the period that figures cover, and the ranges that may be asked for."""

from datetime import date, datetime, timedelta
from enum import Enum
from typing import NamedTuple

import strawberry
from strawberry import field

from models import period as periods
from models.billing_cycle import BillingCycles
from models.errors import BadInputError
from models.period import Calendar, add_months
from models.stretch import LONGEST_DAYS, NotOnTheHourError, Stretch, cut, whole_days

_LONGEST_DAYS = 366


@strawberry.type(description="A stretch of time, half-open: `start` belongs to it, `end` does not.")
class Period:
    start: datetime = field(description="First instant in it.")
    end: datetime = field(description="First instant after it.")
    first_date: date = field(description="First local day in it.")
    last_date: date = field(description="Last local day in it.")
    time_zone: str = field(
        description="IANA name of the zone in which its days and months begin: the organization's.",
    )
    is_over: bool = field(
        description=(
            "Whether it is over; figures of a period that is not over still grow, those of one "
            "that is over change by corrections only."
        ),
    )


@strawberry.enum(
    description=(
        "Named ranges of 000, 002 and 004. Ranges of days end with today; a month to date ends now."
    )
)
class RangePreset(Enum):
    LAST_24_HOURS = strawberry.enum_value(
        "LAST_24_HOURS",
        description="24 local hours, ending with the running one (000's 1d, 004's 24 hours).",
    )
    TODAY = strawberry.enum_value("TODAY", description="Today.")
    YESTERDAY = strawberry.enum_value("YESTERDAY", description="Yesterday.")
    LAST_7_DAYS = strawberry.enum_value("LAST_7_DAYS", description="7 days with today.")
    LAST_14_DAYS = strawberry.enum_value("LAST_14_DAYS", description="14 days with today.")
    LAST_30_DAYS = strawberry.enum_value("LAST_30_DAYS", description="30 days with today.")
    LAST_90_DAYS = strawberry.enum_value("LAST_90_DAYS", description="90 days with today.")
    THIS_MONTH = strawberry.enum_value(
        "THIS_MONTH",
        description="The running calendar month (000's MTD).",
    )
    LAST_MONTH = strawberry.enum_value(
        "LAST_MONTH",
        description="The calendar month before the running one.",
    )
    THIS_CYCLE = strawberry.enum_value("THIS_CYCLE", description="The running billing cycle.")
    LAST_CYCLE = strawberry.enum_value(
        "LAST_CYCLE",
        description="The billing cycle before the running one.",
    )


@strawberry.input(description="Local days, both included.")
class DateRangeInput:
    first: date = field(description="First day.")
    last: date = field(description="Last day; not before `first`, at most 366 days after it.")


@strawberry.input(description="Instants, half-open.")
class InstantRangeInput:
    start: datetime = field(name="from", description="First instant in the range.")
    end: datetime = field(name="to", description="First instant after the range; after `from`.")


@strawberry.input(
    one_of=True,
    description=(
        "Which stretch of time: exactly one of the three. Echoed as a `Period` in the answer."
    ),
)
class RangeInput:
    preset: RangePreset | None = field(
        default=strawberry.UNSET,
        description="A named range, resolved by the server in the organization's zone.",
    )
    dates: DateRangeInput | None = field(default=strawberry.UNSET, description="Local days.")
    instants: InstantRangeInput | None = field(
        default=strawberry.UNSET,
        description="Instants; reports (not lists) take them on full local hours only.",
    )


class Span(NamedTuple):
    """A range as instants, half-open."""

    start: datetime
    end: datetime


def resolve_range(calendar: Calendar, cycles: BillingCycles, wanted: RangeInput) -> Span:
    """The instants of a range; raises BadInputError for one that is empty or too long."""
    if wanted.preset:
        return _preset(calendar, cycles, wanted.preset)
    if wanted.dates:
        first, last = wanted.dates.first, wanted.dates.last
        if not first <= last <= first + timedelta(days=_LONGEST_DAYS):
            message = f"last is {last}; {first} to {_LONGEST_DAYS} days after it is expected."
            raise BadInputError(message, field=("range", "dates", "last"))
        return _span(calendar.days(first, last))
    if not wanted.instants:
        raise BadInputError("range is empty; one of its fields is expected.", field=("range",))
    start, end = wanted.instants.start, wanted.instants.end
    if end <= start:
        message = f"to is {end.isoformat()}; an instant after from is expected."
        raise BadInputError(message, field=("range", "instants", "to"))
    return Span(start, end)


def resolve_stretch(calendar: Calendar, cycles: BillingCycles, wanted: RangeInput) -> Stretch:
    """The range of a report, in whole local days or full local hours; raises BadInputError.

    The running month goes to the end of today, so that its figures bear one name all day long.
    """
    if wanted.preset is RangePreset.THIS_MONTH:
        return whole_days(calendar, calendar.current_month, calendar.today)
    start, end = resolve_range(calendar, cycles, wanted)
    try:
        stretch = cut(calendar, start, end)
    except NotOnTheHourError as error:
        message = f"{error}; reports take instants on full local hours."
        raise BadInputError(message, field=("range", "instants")) from error
    if len(stretch.days) > LONGEST_DAYS:
        message = f"range touches {len(stretch.days)} days; at most {LONGEST_DAYS} are expected."
        raise BadInputError(message, field=("range", "instants"))
    return stretch


def _preset(calendar: Calendar, cycles: BillingCycles, preset: RangePreset) -> Span:
    today = calendar.today
    match preset:
        case RangePreset.LAST_24_HOURS:
            end = calendar.hour_end()
            return Span(end - timedelta(hours=24), end)
        case RangePreset.YESTERDAY:
            return _span(calendar.day(today - timedelta(days=1)))
        case RangePreset.THIS_MONTH:
            return Span(calendar.month(calendar.current_month).start, calendar.now)
        case RangePreset.LAST_MONTH:
            return _span(calendar.month(add_months(calendar.current_month, -1)))
        case RangePreset.THIS_CYCLE:
            return _span(cycles.running(calendar.now))
        case RangePreset.LAST_CYCLE:
            return _span(cycles.previous(calendar.now))
        case _:
            days = _PRESET_DAYS[preset]
            return _span(calendar.days(today - timedelta(days=days - 1), today))


_PRESET_DAYS = {
    RangePreset.TODAY: 1,
    RangePreset.LAST_7_DAYS: 7,
    RangePreset.LAST_14_DAYS: 14,
    RangePreset.LAST_30_DAYS: 30,
    RangePreset.LAST_90_DAYS: 90,
}


def _span(period: periods.Period) -> Span:
    return Span(period.start, period.end)
