"""An event with all that is known of it before anything is looked up.

Made where there is time for it: while callers wait for their turn, or while PostgreSQL writes what
came before. Refused: deciding about an event (`posting.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.errors import UserError
from models.event import UsageEvent
from models.event_check import check
from models.posting import content_hash
from models.token import TokenCounts

_NONE = TokenCounts()


# Not frozen, for the reason that `event.py` gives; nobody changes them.
@dataclass(slots=True)
class Checked:
    """An event, its tokens in disjoint classes and its content's hash, or what to put right."""

    event: UsageEvent
    counts: TokenCounts
    digest: bytes
    errors: Sequence[UserError] = ()


def checked(event: UsageEvent) -> Checked:
    """Looks at one event by itself."""
    counts, errors = check(event)
    if counts is None:
        return Checked(event, _NONE, b"", errors)
    return Checked(event, counts, content_hash(event))
