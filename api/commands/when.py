"""Days and instants as commands take them."""

from datetime import UTC, date, datetime

from models.errors import BadInputError
from models.local_time import TimeZones
from models.period import Calendar


def parse_when(text: str, zones: TimeZones) -> datetime:
    """An instant: RFC 3339 with a zone, or the beginning of a day in the organization's zone."""
    try:
        if len(text) == len("2026-01-31"):
            return Calendar(zones, datetime.now(UTC)).day_start(date.fromisoformat(text))
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        instant = None
    if instant is None or instant.tzinfo is None:
        expected = "a day (2026-01-31) or an instant with a zone (2026-01-31T12:00:00Z)"
        raise BadInputError(f"{text!r} is not a time; {expected} is expected.")
    return instant.astimezone(UTC)
