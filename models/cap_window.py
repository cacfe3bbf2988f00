"""The windows in which caps count, by local days: a cycle, a month, a day, a run's whole life.

A window is named by its first local day. An entry falls into the one of its own local day, which is
fixed when it is written; so a window can be counted again at any time, and a change of time zone or
of the anchor moves nothing that was counted. Refused: setting a window back; a new one is another
row.
"""

from datetime import date, timedelta
from typing import NamedTuple

from models.billing_cycle import CycleAnchors
from models.period import add_months

BILLING_CYCLE, MONTH, DAY, RUN = "BILLING_CYCLE", "MONTH", "DAY", "RUN"
_ONE_DAY = timedelta(days=1)


class Window(NamedTuple):
    """Local days, both included."""

    first: date
    last: date


LIFE = Window(date(1970, 1, 1), date(9999, 12, 31))
"""The one window of a cap on a run's whole life."""


class Windows:
    """Finds the window of a day, for one organization; without `anchors` cycles are unknown."""

    def __init__(self, anchors: CycleAnchors | None = None) -> None:
        self._anchors = anchors
        self._cycles: dict[date, Window] = {}

    def of(self, period: str, day: date) -> Window:
        """The window of a cap's period that a local day falls into."""
        if period == DAY:
            return Window(day, day)
        if period == MONTH:
            first = day.replace(day=1)
            return Window(first, add_months(first, 1) - _ONE_DAY)
        if period == RUN:
            return LIFE
        if day not in self._cycles:
            self._cycles[day] = self._cycle(day)
        return self._cycles[day]

    def _cycle(self, day: date) -> Window:
        if self._anchors is None:
            raise LookupError("the organization's cycles were not read")
        return Window(self._anchors.first_date(day), self._anchors.next_date(day) - _ONE_DAY)
