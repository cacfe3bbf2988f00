"""The query part of `/api/billing/...`: every parameter checked, and told by its name when wrong.

Refused: parameters that nobody reads (a misspelt filter would be silently ignored), one-valued ones
sent twice, and instants without a zone.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from enum import Enum
from typing import TypeVar

from graphql import GraphQLError
from starlette.datastructures import QueryParams

from models.errors import BadInputError
from models.period import FIRST_YEAR, LAST_YEAR
from resolvers.call_report import ApiCallFilter
from resolvers.enums import CallOutcome, EntryType, Operation
from resolvers.period import InstantRangeInput, RangeInput, RangePreset
from resolvers.scalars import parse_date_time, print_date_time
from resolvers.usage_report import UsageEntryFilter

EVERYTHING = "all"
# 000's names, and the schema's own.
PRESETS = {
    "1d": RangePreset.LAST_24_HOURS,
    "7d": RangePreset.LAST_7_DAYS,
    "30d": RangePreset.LAST_30_DAYS,
    "mtd": RangePreset.THIS_MONTH,
    "last_month": RangePreset.LAST_MONTH,
    **{preset.name.lower(): preset for preset in RangePreset},
}
TYPES = {
    "included": EntryType.INCLUDED,
    "on-demand": EntryType.ON_DEMAND,
    "on_demand": EntryType.ON_DEMAND,
}
CALL_FILTERS = ("apiKeyId", "provider", "model", "operation", "outcome")
RANGE = ("from", "to", "preset")
_LONGEST_TEXT = 1_000
Member = TypeVar("Member", bound=Enum)
_MOST_VALUES = 100


class Query:
    """The parameters of one request."""

    def __init__(self, parameters: QueryParams, known: Collection[str]) -> None:
        self._parameters = parameters
        for name in parameters:
            if name not in known:
                wanted = ", ".join(sorted(known))
                raise BadInputError(
                    f"{name[:50]} is no parameter here; {wanted} are.", field=(name[:50],)
                )

    def one(self, name: str) -> str | None:
        """A parameter that may be sent once; None when absent or empty."""
        values = self._parameters.getlist(name)
        if len(values) > 1:
            raise BadInputError(f"{name} was sent more than once.", field=(name,))
        return self._text(name, values[0]) if values and values[0] else None

    def many(self, name: str) -> list[str] | None:
        """A parameter that may be sent several times; None when absent."""
        values = self._parameters.getlist(name)
        if len(values) > _MOST_VALUES:
            message = f"{name} was sent {len(values)} times; at most {_MOST_VALUES} are expected."
            raise BadInputError(message, field=(name,))
        return [self._text(name, value) for value in values] or None

    def _text(self, name: str, value: str) -> str:
        if len(value) > _LONGEST_TEXT:
            message = f"{name} has {len(value)} characters; at most {_LONGEST_TEXT} are expected."
            raise BadInputError(message, field=(name,))
        if "\0" in value:
            raise BadInputError(f"{name} holds NUL; text is expected.", field=(name,))
        return value

    def required(self, name: str) -> str:
        """A parameter that must be there; an empty one names nothing, but is there."""
        if name not in self._parameters:
            raise BadInputError(f"{name} is missing.", field=(name,))
        return self.one(name) or ""

    def limit(self, greatest: int | None, default: int) -> int | None:
        """How many rows; None for all, where there is no greatest number."""
        text = self.one("limit")
        if text is None:
            return default
        if greatest is None and text.lower() == EVERYTHING:
            return None
        most = greatest or 10**9
        if (
            not text.isascii()
            or not text.isdecimal()
            or len(text) > 10
            or not 1 <= int(text) <= most
        ):
            also = f" or {EVERYTHING}" if greatest is None else ""
            message = f"limit is {text[:50]!r}; a number from 1 to {most}{also} is expected."
            raise BadInputError(message, field=("limit",))
        return int(text)

    def range(self, now: datetime, default: RangePreset | None) -> RangeInput | None:
        """The range asked for; the default where none is, or None without."""
        start, end, preset = (self.one(name) for name in RANGE)
        if preset is not None:
            if start is not None or end is not None:
                message = "preset and from or to were both sent; one of the two is expected."
                raise BadInputError(message, field=("preset",))
            if preset.lower() not in PRESETS:
                message = f"preset is {preset[:50]!r}; one of {', '.join(PRESETS)} is expected."
                raise BadInputError(message, field=("preset",))
            return RangeInput(preset=PRESETS[preset.lower()])
        if start is None and end is None:
            return None if default is None else RangeInput(preset=default)
        if start is None:
            raise BadInputError("from is missing beside to.", field=("from",))
        begin, until = _instant("from", start), now if end is None else _instant("to", end)
        if until <= begin and end is None:
            message = f"from is {start[:50]!r}; an instant before now is expected without to."
            raise BadInputError(message, field=("from",))
        if until <= begin:
            message = f"to is {print_date_time(until)}; an instant after from is expected."
            raise BadInputError(message, field=("to",))
        return RangeInput(instants=InstantRangeInput(start=begin, end=until))

    def open_begin(self) -> datetime | None:
        """Where a range begins that was sent without an end; None where none was."""
        start, end = self.one("from"), self.one("to")
        return _instant("from", start) if start is not None and end is None else None

    def usage_filter(self) -> UsageEntryFilter:
        """Which executions."""
        name = self.one("type")
        if name is not None and name.lower() not in TYPES:
            message = f"type is {name[:50]!r}; Included or On-Demand is expected."
            raise BadInputError(message, field=("type",))
        return UsageEntryFilter(
            project_ids=self.many("projectId"),  # type: ignore[arg-type]
            workflows=self.many("workflow"),
            triggers=self.many("trigger"),
            models=self.many("model"),
            entry_type=None if name is None else TYPES[name.lower()],
        )

    def call_filter(self) -> ApiCallFilter:
        """Which API calls."""
        return ApiCallFilter(
            api_key_ids=self.many("apiKeyId"),  # type: ignore[arg-type]
            providers=self.many("provider"),
            models=self.many("model"),
            operation=self._member("operation", Operation),
            outcome=self._member("outcome", CallOutcome),
        )

    def _member(self, name: str, kind: type[Member]) -> Member | None:
        text = self.one(name)
        if text is None:
            return None
        if text.upper() not in kind.__members__:
            message = f"{name} is {text[:50]!r}; one of {', '.join(kind.__members__)} is expected."
            raise BadInputError(message, field=(name,))
        return kind[text.upper()]


def _instant(name: str, text: str) -> datetime:
    # A plus sign that was not escaped arrives as a blank.
    try:
        return parse_date_time(text.replace(" ", "+")).astimezone(UTC)
    except (GraphQLError, ValueError, OverflowError):
        span = f"from {FIRST_YEAR} to {LAST_YEAR}"
        message = (
            f"{name} is {text[:50]!r}; an instant {span}, as 2026-01-31T00:00:00Z, is expected."
        )
        raise BadInputError(message, field=(name,)) from None
