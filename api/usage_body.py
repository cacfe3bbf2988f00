"""The body of `POST /v1/usage`: events as a JSON array, or as NDJSON, gzip accepted.

Events have the fields of GraphQL's `UsageEventInput`. Refused as a whole: bodies that are not JSON,
too large or too many. An event that does not fit is answered by itself.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from graphql import GraphQLError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from api.body import header, parse_json, read_body
from api.errors import RequestRefusedError
from api.unpack import CODINGS, unpack
from models.errors import UserError
from models.event import CallOutcome, Initiator, Operation, RunStatus, Surface
from resolvers.scalars import parse_date_time, parse_decimal

JSON, NDJSON = "application/json", "application/x-ndjson"
_CODES = {
    "missing": "REQUIRED",
    "greater_than_equal": "OUT_OF_RANGE",
    "less_than_equal": "OUT_OF_RANGE",
}


def _instant(value: object) -> datetime:
    try:
        return parse_date_time(value)
    except GraphQLError as error:
        raise ValueError(error.message) from None


def _decimal(value: object) -> Decimal:
    try:
        return parse_decimal(value)
    except GraphQLError as error:
        raise ValueError(error.message) from None


Instant = Annotated[datetime, BeforeValidator(_instant)]
Money = Annotated[Decimal, BeforeValidator(_decimal)]
Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True)]


class _Said(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, protected_namespaces=()
    )


class StreamBody(_Said):
    """`StreamReportInput`."""

    call_key: Text
    final: Flag = False


class RunBody(_Said):
    """`RunInput`."""

    key: Text
    parent_key: Text | None = None
    workflow: Text | None = None
    trigger: Text | None = None
    status: RunStatus | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None


class JobBody(_Said):
    """`JobInput`."""

    key: Text
    agent_type: Text
    initiator: Initiator | None = None
    status: RunStatus | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None


class UsageBody(_Said):
    """`UsageEventInput`."""

    event_key: Text
    project_id: Text
    model: Text
    occurred_at: Instant | None = None
    run: RunBody | None = None
    job: JobBody | None = None
    provider: Text | None = None
    operation: Operation = Operation.COMPLETION
    outcome: CallOutcome = CallOutcome.SUCCEEDED
    surface: Surface = Surface.API
    service_tier: Text | None = None
    api_key_id: Text | None = None
    user_id: Text | None = None
    input_tokens: Count = 0
    output_tokens: Count = 0
    cache_read_tokens: Count | None = None
    cache_write_5m_tokens: Annotated[Count | None, Field(alias="cacheWrite5mTokens")] = None
    cache_write_1h_tokens: Annotated[Count | None, Field(alias="cacheWrite1hTokens")] = None
    reasoning_tokens: Count | None = None
    input_includes_cache: Flag | None = None
    output_includes_reasoning: Flag | None = None
    duration_ms: Count | None = None
    source_cost: Money | None = None
    stream: StreamBody | None = None


async def read_events(request: Request, max_bytes: int) -> list[Any]:
    """The events of a body, as parsed JSON; raises RequestRefusedError."""
    media_type = (header(request.scope, b"content-type") or "").split(";")[0].strip().lower()
    if media_type not in (JSON, NDJSON):
        raise RequestRefusedError(415, f"The content-type should be {JSON} or {NDJSON}.")
    coding = (header(request.scope, b"content-encoding") or "identity").strip().lower()
    if coding not in CODINGS:
        raise RequestRefusedError(415, "The content-encoding should be gzip, or none.")
    body = unpack(await read_body(request, max_bytes), coding, max_bytes)
    if media_type == NDJSON:
        lines = enumerate(body.split(b"\n"), 1)
        return [parse_json(line, f"Line {number}") for number, line in lines if line.strip()]
    events = parse_json(body)
    if not isinstance(events, list):
        raise RequestRefusedError(400, "The body should be a JSON array of events.")
    return events


def parse_event(value: Any) -> UsageBody | list[UserError]:
    """One event, or what to put right about it, by field."""
    try:
        return UsageBody.model_validate(value)
    except ValidationError as error:
        return [_user_error(detail) for detail in error.errors(include_url=False)]


def key_of(value: Any) -> str:
    """The name of an event that does not fit, as far as it has one."""
    key = value.get("eventKey") if isinstance(value, dict) else None
    return key[:255] if isinstance(key, str) else ""


def _user_error(detail: Any) -> UserError:
    path: Sequence[Any] = [part for part in detail["loc"] if not str(part).startswith("function-")]
    name = str(path[-1]) if path else "event"
    code = _CODES.get(detail["type"], "INVALID")
    if detail["type"] == "extra_forbidden":
        message = f"{name} is no field of an event."
    elif detail["type"] == "missing":
        message = f"{name} is missing; a value is required."
    else:
        message = f"{name}: {detail['msg']}, not {_shown(detail['input'])}."
    return UserError(code, message, tuple(str(part) for part in path) or None)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
