"""The one table from the domain's error codes to each door, and what an exception may tell.

Whatever is not a `DomainError` is masked: the caller learns a code and the request id, the log
learns the exception, once. Refused: texts of exceptions in answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
import structlog
from asyncpg.exceptions import _base as asyncpg_base
from starlette.responses import Response

from models.errors import BadInputError, DomainError, UnavailableError, UserErrors

log = structlog.get_logger("aicost.errors")

INTERNAL_MESSAGE = "Something went wrong."
_RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Rendering:
    """How each door says one code."""

    status: int
    graphql: str
    trpc: str
    trpc_number: int


RENDERINGS: Mapping[str, Rendering] = {
    "BAD_USER_INPUT": Rendering(400, "BAD_USER_INPUT", "BAD_REQUEST", -32600),
    "UNAUTHENTICATED": Rendering(401, "UNAUTHENTICATED", "UNAUTHORIZED", -32001),
    "FORBIDDEN": Rendering(403, "FORBIDDEN", "FORBIDDEN", -32003),
    "NOT_FOUND": Rendering(404, "NOT_FOUND", "NOT_FOUND", -32004),
    "CONFLICT": Rendering(409, "CONFLICT", "CONFLICT", -32009),
    "RATE_LIMITED": Rendering(429, "RATE_LIMITED", "TOO_MANY_REQUESTS", -32029),
    "INTERNAL": Rendering(500, "INTERNAL", "INTERNAL_SERVER_ERROR", -32603),
    "UNAVAILABLE": Rendering(503, "UNAVAILABLE", "SERVICE_UNAVAILABLE", -32603),
}

# How tRPC says what is wrong with the HTTP request itself, where 400 is not exact enough.
TRPC_REFUSALS: Mapping[int, tuple[str, int]] = {
    405: ("METHOD_NOT_SUPPORTED", -32005),
    408: ("TIMEOUT", -32008),
    413: ("PAYLOAD_TOO_LARGE", -32013),
    415: ("UNSUPPORTED_MEDIA_TYPE", -32015),
}

# PostgreSQL is away, going away, full, or too slow. InternalClientError is what asyncpg raises
# when the server dies in mid-answer; it has no documented base.
_UNAVAILABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
# InterfaceErrors that are mistakes of ours: waiting does not mend them.
_MISTAKES = (asyncpg_base.DataError, asyncpg_base.ClientConfigurationError)
_UNSTORABLE_TEXT = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)


class RequestRefusedError(BadInputError):
    """The HTTP request itself is at fault; `status` says how, more exactly than 400."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


def classify(error: BaseException) -> DomainError:
    """What the caller may be told about any exception."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, UserErrors):
        first = error.errors[0]
        return BadInputError(first.message, field=first.field)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DomainError):
            return cause
        if isinstance(cause, _UNSTORABLE_TEXT):
            return BadInputError("A text holds a character that cannot be stored, such as NUL.")
        if isinstance(cause, _UNAVAILABLE) and not isinstance(cause, _MISTAKES):
            return UnavailableError(retry_after_seconds=_RETRY_AFTER_SECONDS)
        cause = cause.__cause__
    return DomainError(INTERNAL_MESSAGE)


def report(error: BaseException, told: DomainError) -> None:
    """Logs what the caller is not told. Errors that are the caller's own are no news."""
    if told is error:
        return
    if told.code == "INTERNAL":
        log.error("unexpected error", exc_info=error)
    elif told.code == "UNAVAILABLE":
        log.warning("database unavailable", error=type(error).__name__, reason=str(error)[:200])


def status_of(error: DomainError) -> int:
    """The HTTP status by which an error is answered."""
    if isinstance(error, RequestRefusedError):
        return error.status
    return RENDERINGS[error.code].status


def headers_of(error: DomainError) -> dict[str, str]:
    """The HTTP headers that belong to an error's answer."""
    headers = dict(error.headers) if isinstance(error, RequestRefusedError) else {}
    if isinstance(error, UnavailableError):
        headers["retry-after"] = str(error.retry_after_seconds)
    if error.code == "UNAUTHENTICATED":
        headers["www-authenticate"] = "Bearer"
    return headers


def graphql_extensions(error: DomainError, request_id: str) -> dict[str, Any]:
    """The `extensions` of an entry in GraphQL's `errors`."""
    extensions: dict[str, Any] = {
        "code": RENDERINGS[error.code].graphql,
        "requestId": request_id,
    }
    if isinstance(error, UnavailableError):
        extensions["retryAfterSeconds"] = error.retry_after_seconds
    return extensions


def trpc_code(error: DomainError) -> tuple[str, int]:
    """The name and the number that a tRPC client knows an error by."""
    if isinstance(error, RequestRefusedError) and error.status in TRPC_REFUSALS:
        return TRPC_REFUSALS[error.status]
    rendering = RENDERINGS[error.code]
    return rendering.trpc, rendering.trpc_number


def rest_response(error: DomainError, request_id: str) -> Response:
    """The answer of every door that has no error format of its own."""
    body = {
        "error": {
            "code": error.code,
            "message": error.message,
            "field": ".".join(error.field) if error.field else None,
            "requestId": request_id,
        }
    }
    return Response(
        orjson.dumps(body),
        status_code=status_of(error),
        media_type="application/json",
        headers=headers_of(error),
    )
