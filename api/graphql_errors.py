"""GraphQL's `errors`: what each failure may tell, with a code and the request's id.

Errors of the request (syntax, validation, variables) are the caller's and told as they are. Errors
of fields are told when the domain raised them; everything else is masked and logged once, even
when one failure in a batch made a hundred fields fail.
"""

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError

from api.errors import classify, graphql_extensions, report
from models.errors import BadInputError, DomainError

# How graphql-core begins the refusal of an argument whose variable was null where it may not be.
_ARGUMENT_REFUSAL = "Argument '"


def request_errors(errors: Iterable[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """Errors in a document or its variables."""
    return [_entry(error, BadInputError(error.message), request_id) for error in errors]


def field_errors(errors: Iterable[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """Errors from running fields; logs those that are not the caller's."""
    failures = list(errors)
    told = told_errors(failures)
    return [_entry(error, domain, request_id) for error, domain in zip(failures, told, strict=True)]


def told_errors(errors: Iterable[GraphQLError]) -> list[DomainError]:
    """What may be told of each error from running fields; logs those that are not the caller's."""
    known: dict[int, DomainError] = {}
    told = []
    for error in errors:
        cause = _cause(error)
        if id(cause) not in known:
            known[id(cause)] = _classify(cause)
            report(cause, known[id(cause)])
        told.append(known[id(cause)])
    return told


def refusal(error: DomainError, request_id: str) -> list[dict[str, Any]]:
    """The one error of a request that was refused as a whole."""
    return [{"message": error.message, "extensions": graphql_extensions(error, request_id)}]


def codes(entries: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """The codes in some entries, each once, for the log and the metrics."""
    return tuple(sorted({entry["extensions"]["code"] for entry in entries}))


def _cause(error: GraphQLError) -> Exception:
    """The innermost exception: what was raised, below what graphql-core wrapped around it."""
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _classify(cause: Exception) -> DomainError:
    if isinstance(cause, GraphQLError) and cause.message.startswith(_ARGUMENT_REFUSAL):
        return BadInputError(cause.message)
    return classify(cause)


def _entry(error: GraphQLError, told: DomainError, request_id: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": told.message}
    if error.locations:
        entry["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        entry["path"] = error.path
    entry["extensions"] = graphql_extensions(told, request_id)
    return entry
