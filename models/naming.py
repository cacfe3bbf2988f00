"""Names of things and of time zones, as people write them and as they are kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from zoneinfo import available_timezones

import asyncpg

from models.errors import UserError, UserErrors

NAME_LENGTH = 200


def clean_name(name: str, field: str = "name") -> str:
    """A name as it is kept: without space around it, 1 to 200 characters, all of them printable."""
    cleaned = name.strip()
    if not 1 <= len(cleaned) <= NAME_LENGTH:
        message = f"{field} has {len(cleaned)} characters; 1 to {NAME_LENGTH} are expected."
        raise UserErrors([UserError("OUT_OF_RANGE", message, (field,))])
    if not cleaned.isprintable():
        message = f"{field} holds characters that cannot be printed."
        raise UserErrors([UserError("INVALID", message, (field,))])
    return cleaned


def clean_time_zone(name: str) -> str:
    """An IANA time zone's name; raises UserErrors for any other."""
    if name not in _zone_names():
        message = f"timeZone is {name!r}; an IANA name such as Europe/Berlin is expected."
        raise UserErrors([UserError("INVALID", message, ("timeZone",))])
    return name


@cache
def _zone_names() -> frozenset[str]:
    # "localtime" and "Factory" are names of files, not of places.
    return frozenset(available_timezones() - {"localtime", "Factory"})


@contextmanager
def one_of_a_name(kind: str, name: str) -> Iterator[None]:
    """Turns the database's refusal of a second thing of one name into a CONFLICT for the caller."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise name_taken(kind, name) from error


def name_taken(kind: str, name: str) -> UserErrors:
    """What is raised when a kind of thing has one of that name already."""
    message = f"There is a {kind} named {name!r} already."
    return UserErrors([UserError("CONFLICT", message, ("name",))])
