"""Reading values out of a log's JSON, with reasons that name the place and not the content."""

from datetime import UTC, datetime
from typing import Any, TypeGuard

import orjson

from models.token import MAX_COUNT
from models.usage_log import UnreadableLineError

Json = dict[str, Any]
YEARS = range(1970, 9001)


def parse_object(line: bytes) -> Json:
    """A line's JSON object."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UnreadableLineError(f"is not JSON: {error.msg}") from error
    if not isinstance(value, dict):
        raise UnreadableLineError("is not a JSON object")
    return value


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value is a text that says something and can be kept."""
    return isinstance(value, str) and value.strip() != "" and "\0" not in value


def inner(source: Json, name: str) -> Json:
    """An object within another; empty where there is none."""
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def instant(source: Json, name: str) -> datetime:
    """An instant of ISO 8601 with a zone, in UTC."""
    value = source.get(name)
    if not is_text(value):
        raise UnreadableLineError(f"{name} is missing or not a text")
    try:
        moment = datetime.fromisoformat(value)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableLineError(f"{name} is not an instant of ISO 8601") from error
    if moment.tzinfo is None:
        raise UnreadableLineError(f"{name} bears no zone")
    # The ledger would refuse it, and with it the whole session that it began or ended.
    if utc.year not in YEARS:
        raise UnreadableLineError(f"{name} is of the year {utc.year}")
    return utc


def counts(source: Json, names: tuple[str, ...]) -> tuple[int, ...] | None:
    """Whole numbers by name, 0 where one is missing; None where one is no such number."""
    found = tuple(source.get(name, 0) for name in names)
    if any(type(value) is not int or abs(value) > MAX_COUNT for value in found):
        return None
    return found
