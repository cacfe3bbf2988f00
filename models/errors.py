"""The errors that the domain knows, each stating a fact. Doors render them; nothing else does.

Refused here: HTTP statuses, GraphQL codes, stack traces. `api/errors.py` has the one table that
maps a `code` to each door.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class DomainError(Exception):
    """Something that the caller may be told, in words that hold no SQL and no foreign names."""

    code = "INTERNAL"

    def __init__(self, message: str, *, field: Sequence[str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = tuple(field) if field is not None else None


class BadInputError(DomainError):
    """The request makes no sense; names field, value and what was expected."""

    code = "BAD_USER_INPUT"


class UnauthenticatedError(DomainError):
    """No credential, or one that does not hold."""

    code = "UNAUTHENTICATED"


class ForbiddenError(DomainError):
    """The caller may see the thing, but not do this to it."""

    code = "FORBIDDEN"


class NotFoundError(DomainError):
    """The thing does not exist, or is not the caller's to see: the two answer alike."""

    code = "NOT_FOUND"


class ConflictError(DomainError):
    """The same key was used before with other content, or the thing was changed meanwhile."""

    code = "CONFLICT"


class RateLimitedError(DomainError):
    """The caller asks more than it may."""

    code = "RATE_LIMITED"


class UnavailableError(DomainError):
    """PostgreSQL is away or did not answer in time; trying again later helps."""

    code = "UNAVAILABLE"

    def __init__(
        self,
        message: str = "The database is not available; try again shortly.",
        *,
        retry_after_seconds: int = 1,
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class UserError:
    """What the caller of a mutation can put right. `code` is a member of `UserErrorCode`."""

    code: str
    message: str
    field: tuple[str, ...] | None = None


class UserErrors(Exception):  # noqa: N818 - it carries user errors and is none
    """Raised inside a mutation's transaction so that it rolls back; answered as `userErrors`."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)
