"""One table from the domain's codes to each door, and masks on everything else."""

import json

import asyncpg
import pytest
import structlog
from asyncpg.exceptions import _base as asyncpg_base
from tortoise.exceptions import OperationalError

from api.errors import (
    INTERNAL_MESSAGE,
    RENDERINGS,
    RequestRefusedError,
    classify,
    graphql_extensions,
    report,
    rest_response,
)
from models import errors
from models.errors import (
    BadInputError,
    DomainError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
    UserError,
    UserErrors,
)

ROWS = [
    ("BAD_USER_INPUT", 400, "BAD_REQUEST", -32600),
    ("UNAUTHENTICATED", 401, "UNAUTHORIZED", -32001),
    ("FORBIDDEN", 403, "FORBIDDEN", -32003),
    ("NOT_FOUND", 404, "NOT_FOUND", -32004),
    ("CONFLICT", 409, "CONFLICT", -32009),
    ("RATE_LIMITED", 429, "TOO_MANY_REQUESTS", -32029),
    ("INTERNAL", 500, "INTERNAL_SERVER_ERROR", -32603),
    ("UNAVAILABLE", 503, "SERVICE_UNAVAILABLE", -32603),
]


@pytest.mark.parametrize(("code", "status", "trpc", "number"), ROWS)
def test_each_code_has_its_row(code: str, status: int, trpc: str, number: int) -> None:
    row = RENDERINGS[code]
    assert (row.status, row.graphql, row.trpc, row.trpc_number) == (status, code, trpc, number)


def test_no_code_of_the_domain_is_without_a_row() -> None:
    classes = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, DomainError)
    ]
    assert {value.code for value in classes} == set(RENDERINGS) == {row[0] for row in ROWS}


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("no"),
        FileNotFoundError("no socket there"),
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError("x"),
        asyncpg.InterfaceError("pool is closing"),
        asyncpg.InternalClientError("got result for unknown protocol state"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("x"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.AdminShutdownError("x"),
        asyncpg.LockNotAvailableError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_database_that_is_away_is_unavailable(error: Exception) -> None:
    assert classify(error).code == "UNAVAILABLE"
    wrapped = OperationalError(error)
    wrapped.__cause__ = error
    assert classify(wrapped).code == "UNAVAILABLE"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("x"),
        KeyError("x"),
        asyncpg.DataError("numeric field overflow"),
        asyncpg_base.DataError("invalid input for query argument $1"),
        asyncpg.UndefinedTableError("x"),
        asyncpg.UniqueViolationError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_mistake_of_ours_is_masked(error: Exception) -> None:
    told = classify(error)
    assert (told.code, told.message) == ("INTERNAL", INTERNAL_MESSAGE)


def test_user_errors_outside_a_mutation_are_bad_input() -> None:
    told = classify(UserErrors([UserError("INVALID", "Too long.", ("input", "name"))]))
    assert (told.code, told.message, told.field) == (
        "BAD_USER_INPUT",
        "Too long.",
        ("input", "name"),
    )


def test_rest_answers_have_one_shape() -> None:
    response = rest_response(BadInputError("No.", field=["from", "day"]), "id-1")
    assert response.status_code == 400
    assert json.loads(bytes(response.body)) == {
        "error": {
            "code": "BAD_USER_INPUT",
            "message": "No.",
            "field": "from.day",
            "requestId": "id-1",
        }
    }


@pytest.mark.parametrize(
    ("error", "status", "header", "value"),
    [
        (UnavailableError(retry_after_seconds=4), 503, "retry-after", "4"),
        (UnauthenticatedError("Who?"), 401, "www-authenticate", "Bearer"),
        (RequestRefusedError(405, "No.", headers={"allow": "GET"}), 405, "allow", "GET"),
    ],
)
def test_answers_bear_the_headers_that_belong_to_them(
    error: DomainError, status: int, header: str, value: str
) -> None:
    response = rest_response(error, "id")
    assert (response.status_code, response.headers[header]) == (status, value)


def test_graphql_extensions_say_when_to_come_back() -> None:
    assert graphql_extensions(UnavailableError(retry_after_seconds=2), "id") == {
        "code": "UNAVAILABLE",
        "requestId": "id",
        "retryAfterSeconds": 2,
    }
    assert "retryAfterSeconds" not in graphql_extensions(RateLimitedError("Slow down."), "id")


def test_only_what_the_caller_is_not_told_is_logged() -> None:
    bad_input = BadInputError("No.")
    bug, away = RuntimeError("a bug"), ConnectionRefusedError("away")
    with structlog.testing.capture_logs() as entries:
        for error in (bad_input, bug, away):
            report(error, classify(error))
    assert [entry["log_level"] for entry in entries] == ["error", "warning"]
    assert entries[0]["exc_info"] is bug
