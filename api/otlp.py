"""`POST /v1/traces`: OpenTelemetry in, over OTLP/HTTP, in protobuf or JSON.

As the specification has it: 200 with an ExportTraceServiceResponse, which tells how many spans were
refused and why; for a request that failed as a whole a `google.rpc.Status` in the request's own
encoding, with 429 or 503 and `retry-after` where sending it again helps. Which spans are billed is
for `models/otel_intake.py`. Refused: metrics and logs, which hold no calls to bill.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from api.body import header, read_body
from api.errors import RequestRefusedError, classify, headers_of, report, status_of
from api.otlp_body import JSON, PROTOBUF, decode, encode_status, encode_success
from api.request_id import info_of
from api.settings import Settings
from api.unpack import CODINGS, unpack
from models.access import Scope
from models.errors import UnavailableError
from models.otel_intake import Intake, Report
from models.otel_project import HEADER
from models.otel_span import Span

PATH = "/v1/traces"
GRPC_CODES = {
    "BAD_USER_INPUT": 3,
    "CONFLICT": 10,
    "FORBIDDEN": 7,
    "INTERNAL": 13,
    "NOT_FOUND": 5,
    "RATE_LIMITED": 8,
    "UNAUTHENTICATED": 16,
    "UNAVAILABLE": 14,
}
"""`google.rpc.Code` of every error code."""
_RETRY_AFTER_SECONDS = 1
# What a thread costs is not worth it below: a body of this size is decoded in about a millisecond.
_LARGE_BODY = 32_768
log = structlog.get_logger("aicost.otlp")


class OtlpDoor:
    """The ASGI application behind `/v1/traces`."""

    def __init__(
        self,
        settings: Settings,
        authenticate: Callable[[Headers], Awaitable[Scope]],
        intake: Intake,
    ) -> None:
        self._max_bytes = settings.limit_otlp_bytes
        self._seconds = settings.limit_request_seconds
        self._authenticate = authenticate
        self._intake = intake

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        # A sender whose encoding is not known can at least read JSON.
        media_type = JSON
        try:
            media_type = _media_type(request.scope) or JSON
            received = await self._receive(request)
        except ClientDisconnect:
            raise
        except Exception as error:
            return _failed(request, error, media_type)
        body = encode_success(media_type, received.rejected, received.message)
        return Response(body, media_type=media_type)

    async def _receive(self, request: Request) -> Report:
        info = info_of(request.scope)
        info.operation = "traces"
        reach = await self._authenticate(request.headers)
        info.organization_id = reach.organization_id
        spans = await self._read(request)
        try:
            async with asyncio.timeout(self._seconds) as limit:
                received = await self._intake.receive(reach, spans, _project(request.scope))
        except TimeoutError:
            if not limit.expired():
                raise
            message = (
                f"The spans were not all recorded within {self._seconds:g} s; send them again."
            )
            raise UnavailableError(message) from None
        log.info(
            "spans received",
            billed=received.billed,
            duplicate=received.duplicate,
            unbilled=received.unbilled,
            rejected=received.rejected,
        )
        return received

    async def _read(self, request: Request) -> list[Span]:
        media_type = _media_type(request.scope)
        if media_type is None:
            message = f"The content-type should be {PROTOBUF} or {JSON}."
            raise RequestRefusedError(415, message)
        coding = (header(request.scope, b"content-encoding") or "identity").strip().lower()
        if coding not in CODINGS:
            message = "The content-encoding should be gzip or deflate, or none."
            raise RequestRefusedError(415, message)
        packed = await read_body(request, self._max_bytes)

        def read() -> list[Span]:
            return decode(unpack(packed, coding, self._max_bytes), media_type)

        if len(packed) < _LARGE_BODY and coding == "identity":
            return read()
        return await asyncio.to_thread(read)


def _media_type(scope: AsgiScope) -> str | None:
    """The request's encoding; None for one that OTLP does not have."""
    told = (header(scope, b"content-type") or "").split(";", 1)[0].strip().lower()
    return told if told in (PROTOBUF, JSON) else None


def _project(scope: AsgiScope) -> str | None:
    """The project that the request names; names are UTF-8, though HTTP says Latin-1."""
    value = header(scope, HEADER.encode())
    try:
        return value and value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _failed(request: Request, error: Exception, media_type: str) -> Response:
    told = classify(error)
    report(error, told)
    info = info_of(request.scope)
    info.error_codes = (told.code,)
    status, headers = status_of(told), headers_of(told)
    if status in (429, 503):
        headers.setdefault("retry-after", str(_RETRY_AFTER_SECONDS))
    code = GRPC_CODES["UNAVAILABLE" if status == 503 else told.code]
    message = f"{told.message} (request {info.id})"
    return Response(
        encode_status(media_type, code, message),
        status_code=status,
        media_type=media_type,
        headers=headers,
    )
