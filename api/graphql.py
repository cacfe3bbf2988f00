"""`/graphql`: GraphQL over HTTP to the letter, on the schema that it is given.

The order: media types, body, credential, document with its limits, variables, execution, and the
answer with its errors masked. graphql-core runs the schema directly rather than through
strawberry's view, which answers 500 to malformed bodies and logs every refused document.
Refused: schema extensions (they would not run), batches, mutations by GET, WebSockets.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import strawberry
from graphql import ExecutionResult
from starlette import types as asgi
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.errors import RequestRefusedError, classify, headers_of, report, status_of
from api.graphql_body import LEGACY_JSON, GraphQLRequest, negotiate, read_request
from api.graphql_document import Documents, RefusedDocumentError
from api.graphql_errors import codes, field_errors, refusal, request_errors
from api.graphql_execution import Execution
from api.ide import ide_response
from api.request_id import RequestInfo, info_of
from api.settings import Settings
from models.access import Scope
from models.errors import UnauthenticatedError, UnavailableError

Authenticate = Callable[[Headers], Awaitable[Scope]]
ContextFactory = Callable[[Any, Scope, str], Any]

_MAX_LOGGED_NAME = 100
# Answers hang on the Accept header and on who asks: no cache may keep them.
_HEADERS = {"vary": "accept", "cache-control": "no-store"}


class GraphQLDoor:
    """The ASGI application behind `/graphql`."""

    def __init__(
        self,
        schema: strawberry.Schema,
        settings: Settings,
        *,
        database: Any,
        authenticate: Authenticate,
        context_factory: ContextFactory,
    ) -> None:
        self._execution = Execution(schema)
        self._settings = settings
        self._database = database
        self._authenticate = authenticate
        self._context_factory = context_factory
        self._documents = Documents(self._execution.schema, settings)

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        request = Request(scope, receive)
        response = await self._respond(request, info_of(scope))
        await response(scope, receive, send)

    async def _respond(self, request: Request, info: RequestInfo) -> Response:
        media_type = LEGACY_JSON
        try:
            if self._wants_ide(request):
                return ide_response()
            media_type = negotiate(",".join(request.headers.getlist("accept")))
            asked = await read_request(request, self._settings.limit_body_bytes)
            result = await self._answer_in_time(request, asked, info)
            return _answered(result, media_type, info)
        except RefusedDocumentError as error:
            # A sound request with an unsound document: an error status only where clients know
            # the media type that allows it.
            entries = request_errors(error.errors, info.id)
            return _response({"errors": entries}, _lenient(400, media_type), media_type, info)
        except ClientDisconnect:
            raise
        except Exception as error:
            return self._refused(error, media_type, info)

    def _refused(self, error: Exception, media_type: str, info: RequestInfo) -> Response:
        told = classify(error)
        report(error, told)
        status = status_of(told)
        if status == 400 and not isinstance(told, RequestRefusedError):
            status = _lenient(status, media_type)
        body = {"errors": refusal(told, info.id)}
        return _response(body, status, media_type, info, headers_of(told))

    async def _answer_in_time(
        self, request: Request, asked: GraphQLRequest, info: RequestInfo
    ) -> ExecutionResult:
        seconds = self._settings.limit_request_seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                return await self._answer(request, asked, info)
        except TimeoutError:
            if not limit.expired():
                raise
            raise UnavailableError(f"The answer took longer than {seconds:g} s.") from None

    async def _answer(
        self, request: Request, asked: GraphQLRequest, info: RequestInfo
    ) -> ExecutionResult:
        reach, stranger = await self._identify(request)
        document = self._documents.prepare(asked.query)
        operation = document.operation(asked.operation_name)
        if stranger is not None and not operation.is_meta:
            raise stranger
        info.operation = operation.kind
        info.operation_name = operation.name and operation.name[:_MAX_LOGGED_NAME]
        if request.method == "GET" and operation.kind != "query":
            raise RequestRefusedError(405, "GET is for queries only.", headers={"allow": "POST"})
        self._documents.check_sizes(document, operation, asked.variables)
        context = None
        if reach is not None:
            info.organization_id = reach.organization_id
            context = self._context_factory(self._database, reach, info.id)
        return await self._execution.run(document.ast, asked.variables, context, operation.name)

    async def _identify(self, request: Request) -> tuple[Scope | None, UnauthenticatedError | None]:
        """Who asks; a stranger goes on only where the schema itself may be read by anyone."""
        try:
            return await self._authenticate(request.headers), None
        except UnauthenticatedError as error:
            if not self._settings.introspection:
                raise
            return None, error

    def _wants_ide(self, request: Request) -> bool:
        return (
            self._settings.ide
            and request.method == "GET"
            and "query" not in request.query_params
            and "text/html" in request.headers.get("accept", "")
        )


def _answered(result: ExecutionResult, media_type: str, info: RequestInfo) -> Response:
    """An answer with data. When the database failed every root field, there is none."""
    if not result.errors:
        return _response({"data": result.data}, 200, media_type, info)
    entries = field_errors(result.errors, info.id)
    nothing_came = result.data is None or not any(v is not None for v in result.data.values())
    if nothing_came and codes(entries) == (UnavailableError.code,):
        body = {"errors": entries}
        return _response(body, 503, media_type, info, headers_of(UnavailableError()))
    return _response({"errors": entries, "data": result.data}, 200, media_type, info)


def _lenient(status: int, media_type: str) -> int:
    """The older media type answers an unsound document under 200, the newer one may not."""
    return 200 if media_type == LEGACY_JSON else status


def _response(
    body: dict[str, Any],
    status: int,
    media_type: str,
    info: RequestInfo,
    headers: dict[str, str] | None = None,
) -> Response:
    info.error_codes = codes(body.get("errors", ()))
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type=f"{media_type}; charset=utf-8",
        headers={**_HEADERS, **(headers or {})},
    )
