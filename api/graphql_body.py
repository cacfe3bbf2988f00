"""GraphQL over HTTP: which request is meant, and in which media type to answer.

https://graphql.github.io/graphql-over-http/draft/. Refused: batches, form bodies, methods other
than GET and POST, and parameters of the wrong JSON type.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from api.body import parse_json, read_body, require_json
from api.errors import RequestRefusedError

GRAPHQL_JSON = "application/graphql-response+json"
LEGACY_JSON = "application/json"
_MAX_PARAMETERS = 20


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What a client asks for, whichever way it came."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)


async def read_request(request: Request, max_bytes: int) -> GraphQLRequest:
    """The GraphQL request in an HTTP request; raises RequestRefusedError."""
    if request.method == "GET":
        return _check(_parameters(request.scope["query_string"]))
    if request.method == "POST":
        require_json(request.scope)
        return _check(parse_json(await read_body(request, max_bytes)))
    raise RequestRefusedError(405, "GraphQL takes GET and POST.", headers={"allow": "GET, POST"})


@lru_cache(maxsize=256)
def negotiate(accept: str | None) -> str:
    """The media type to answer in; raises RequestRefusedError (406) when none is acceptable."""
    if accept is None or not accept.strip():
        return LEGACY_JSON
    best: tuple[float, int, str] | None = None
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        media_type, rank = _matched(media_range)
        quality = _quality(parameters)
        if media_type is None or not quality > 0:
            continue
        if best is None or (quality, rank) > best[:2]:
            best = (quality, rank, media_type)
    if best is None:
        raise RequestRefusedError(406, f"Answers come as {GRAPHQL_JSON} or {LEGACY_JSON}.")
    return best[2]


def _matched(media_range: str) -> tuple[str | None, int]:
    """Which of our media types a range names, and how plainly."""
    if media_range in (GRAPHQL_JSON, LEGACY_JSON):
        return media_range, 2
    if media_range == "application/*":
        return LEGACY_JSON, 1
    return (LEGACY_JSON if media_range == "*/*" else None), 0


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _parameters(query_string: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError:
        raise RequestRefusedError(400, "The URL's query is not percent-encoded UTF-8.") from None
    parameters: dict[str, Any] = {}
    for name, value in pairs:
        if name in parameters:
            raise RequestRefusedError(400, "A parameter of the URL is given twice.")
        parameters[name] = value
    for name in ("variables", "extensions"):
        if name in parameters:
            text = parameters[name]
            parameters[name] = parse_json(text, f"The parameter {name}") if text else None
    if parameters.get("operationName") == "":
        parameters["operationName"] = None
    return parameters


def _check(parameters: Any) -> GraphQLRequest:
    if isinstance(parameters, list):
        raise RequestRefusedError(400, "Batches are not accepted: send one JSON object.")
    if not isinstance(parameters, dict):
        raise RequestRefusedError(400, "The body should be a JSON object with a query.")
    query = parameters.get("query")
    if not isinstance(query, str) or not query.strip():
        raise RequestRefusedError(400, "The parameter query should be a GraphQL document.")
    operation_name = parameters.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise RequestRefusedError(400, "The parameter operationName should be a string or null.")
    for name in ("variables", "extensions"):
        if not isinstance(parameters.get(name), dict | None):
            raise RequestRefusedError(400, f"The parameter {name} should be an object or null.")
    return GraphQLRequest(query, operation_name, parameters.get("variables") or {})
