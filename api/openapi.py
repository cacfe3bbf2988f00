"""`/openapi.json`: what REST offers, for programs that make clients of it.

Written by hand beside the doors: they parse their parameters themselves, and a test holds the two
together. GraphQL and tRPC describe themselves.
"""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.billing import FILTERS as USAGE_FILTERS
from api.billing import PATH as BILLING
from api.billing_query import CALL_FILTERS
from api.health import own_version
from resolvers.download import PATH as DOWNLOAD

OPENAPI_PATH = "/openapi.json"
_TEXT = {"type": "string"}
_RANGE = {
    "from": ("First instant in the range, RFC 3339 with a zone.", "date-time"),
    "to": (
        "First instant after the range; when absent now, or the end that a cursor bears.",
        "date-time",
    ),
    "preset": (
        "Instead of from and to: 1d, 7d, 30d, MTD, last_month, in the organization's zone; 30d when"
        " nothing is given.",
        None,
    ),
}
_MEANINGS = {
    "workspaceId": "Which workspace.",
    "cursor": "After this cursor, or with a leading ~ before it; of the same range and filter.",
    "projectId": "Only these projects.",
    "workflow": "Only these workflows.",
    "trigger": "Only these triggers.",
    "model": "Calls of these models; executions that used any of them, with all that they spent.",
    "type": "Included or On-Demand.",
    "apiKeyId": "Only these keys.",
    "provider": "Only these providers.",
    "operation": "COMPLETION or EMBEDDING.",
    "outcome": "SUCCEEDED or FAILED.",
    "format": "csv or parquet.",
    "token": "The address's secret.",
}
_SEVERAL = {"projectId", "workflow", "trigger", "model", "apiKeyId", "provider"}
_REFUSALS = {
    "400": "Something makes no sense; `field` names it.",
    "401": "No credential that holds.",
    "403": "This takes a stronger role.",
    "404": "There is no such thing, or it is not the caller's to see.",
    "503": "PostgreSQL is away, or too many exports are under way.",
}


def _parameter(name: str, *, is_required: bool = False) -> dict[str, Any]:
    meaning, form = _RANGE.get(name, (_MEANINGS.get(name, ""), None))
    schema: dict[str, Any] = {**_TEXT, **({"format": form} if form else {})}
    if name in _SEVERAL:
        schema = {"type": "array", "items": schema}
    return {
        "name": name,
        "in": "query",
        "required": is_required,
        "description": meaning,
        "schema": schema,
    }


def _limit(meaning: str) -> dict[str, Any]:
    return {"name": "limit", "in": "query", "description": meaning, "schema": _TEXT}


def _responses(meaning: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    refusals = {
        status: {"description": text, "content": error} for status, text in _REFUSALS.items()
    }
    good = {"description": meaning, "content": {media_type: {"schema": schema}}}
    return {"200": good, **refusals}


def _get(summary: str, names: tuple[str, ...], answer: dict[str, Any], **more: Any) -> Any:
    parameters = [_parameter("workspaceId", is_required=True), *map(_parameter, names)]
    parameters += more.pop("parameters", [])
    return {"get": {"summary": summary, "parameters": parameters, "responses": answer, **more}}


def _post(summary: str, media_types: tuple[str, ...], answer: dict[str, Any]) -> Any:
    content: dict[str, Any] = {media_type: {"schema": {}} for media_type in media_types}
    body = {"required": True, "content": content}
    return {"post": {"summary": summary, "requestBody": body, "responses": answer}}


def _csv(meaning: str) -> dict[str, Any]:
    return _responses(meaning, "text/csv", _TEXT)


def _json(meaning: str, name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return _responses(meaning, "application/json", schema)


def _paths() -> dict[str, Any]:
    range_ = tuple(_RANGE)
    cut = "Cut where x-truncated is true; x-next-cursor goes on."
    return {
        f"{BILLING}/usage": _get(
            "Executions with their cost in a range, a page at a time.",
            (*range_, "cursor", *USAGE_FILTERS),
            _json("A page, newest start first.", "UsagePage"),
            parameters=[_limit("How many, up to 100.")],
        ),
        f"{BILLING}/usage/export": _get(
            "The same as CSV.",
            (*range_, "cursor", *USAGE_FILTERS),
            _csv(f"Date,Execution,Workflow,Trigger,Model,Tokens,Cost (USD). {cut}"),
            parameters=[_limit("Most rows, 10000 when absent; all streams everything.")],
        ),
        f"{BILLING}/api-calls/export": _get(
            "API calls as CSV, one a row, for administrators of the workspace.",
            (*range_, *CALL_FILTERS),
            _csv("Newest first."),
        ),
        f"{BILLING}/focus/export": _get(
            "Spend as FOCUS 1.2, by whole days.",
            (*range_, "projectId", "format"),
            _csv("A row for each day, project, model, token class and price."),
        ),
        DOWNLOAD: {
            "get": {
                "summary": "A file, once, by the address that `createDownload` made.",
                "security": [],
                "parameters": [_parameter("token", is_required=True)],
                "responses": _csv("The file."),
            }
        },
        "/v1/usage": _post(
            "Records usage events, with a result for each.",
            ("application/json", "application/x-ndjson"),
            _json("What became of each event, in order.", "Results"),
        ),
        "/v1/traces": _post(
            "Takes OpenTelemetry traces (OTLP over HTTP).",
            ("application/x-protobuf", "application/json"),
            _json("What was refused.", "PartialSuccess"),
        ),
        **{
            path: {"get": {"summary": summary, "security": [], "responses": _told(summary)}}
            for path, summary in (
                ("/healthz", "The process lives."),
                ("/readyz", "PostgreSQL answers."),
                ("/metrics", "Figures for Prometheus."),
            )
        },
    }


def _told(summary: str) -> dict[str, Any]:
    return {"200": {"description": summary}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def document() -> dict[str, Any]:
    """The description, as OpenAPI 3.1 has it."""
    cell = {"type": ["string", "null"]}
    count = {"type": "integer"}
    row = _object(
        date={**_TEXT, "format": "date-time"}, execution=cell, executionId=cell, projectId=_TEXT,
        type={"enum": ["Included", "On-Demand"]}, workflow=cell, trigger=cell,
        models={"type": "array", "items": _TEXT}, tokens=count, cost=_TEXT, onDemandCost=_TEXT,
        unpricedTransactions=count, shown=_object(model=_TEXT, cost=_TEXT),
    )  # fmt: skip
    page = _object(
        **{"from": _TEXT, "to": _TEXT, "timeZone": _TEXT},
        data={"type": "array", "items": row},
        has_more={"type": "boolean"}, next_cursor=cell, previous_cursor=cell,
    )  # fmt: skip
    error = _object(error=_object(code=_TEXT, message=_TEXT, field=cell, requestId=_TEXT))
    return {
        "openapi": "3.1.0",
        "info": {"title": "aicost", "version": own_version()},
        "security": [{"bearer": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": error,
                "UsagePage": page,
                "Results": _object(results={"type": "array", "items": {"type": "object"}}),
                "PartialSuccess": _object(partialSuccess={"type": "object"}),
            },
        },
    }


async def openapi(_request: Request) -> Response:
    """The description, the same for everybody."""
    return Response(orjson.dumps(document()), media_type="application/json")
