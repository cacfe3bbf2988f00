"""`/trpc`: every procedure for a stock tRPC 11 client, without a line of JavaScript here.

A procedure runs a document on the public schema, so that resolvers, permissions and errors are
GraphQL's (`trpc_procedures.py` lists them). The order is tRPC's own: the request as a whole, then
for each call its procedure, its method, its credential, its input. Queries of a batch run at once,
mutations one after the other. Refused: subscriptions, and queries by POST.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import strawberry
from starlette import types as asgi
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.errors import RequestRefusedError, classify, headers_of, report, status_of
from api.graphql import Authenticate, ContextFactory
from api.graphql_execution import Execution
from api.request_id import RequestInfo, info_of
from api.settings import Settings
from api.trpc_procedure import Prepared, Procedures
from api.trpc_procedures import PROCEDURES, Procedure
from api.trpc_wire import JSON, Asked, Lines, failure, read_calls, status_of_batch, success
from models.errors import DomainError, NotFoundError, UnavailableError, UserErrors

METHODS = {"query": "GET", "mutation": "POST"}
_MOST_CALLS = 20
_MAX_LOGGED_NAME = 100
_MAX_SHOWN_PATH = 100
# Answers hang on headers and on who asks: no cache may keep them.
_HEADERS = {"vary": "trpc-accept, accept", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one call."""

    envelope: dict[str, Any]
    error: DomainError | None = None

    @property
    def status(self) -> int:
        return 200 if self.error is None else status_of(self.error)


@dataclass(slots=True)
class _Session:
    """What the calls of a request share: procedures, inputs and caller, each settled once."""

    asked: Asked
    info: RequestInfo
    procedures: list[Prepared | None]
    kind: str
    deadline: float
    context: Any = None
    refusal: Exception | None = None
    inputs: Mapping[str, Any] | RequestRefusedError | None = None
    codes: set[str] = field(default_factory=set)

    def input(self, place: int) -> Any:
        """The input of a call; raises RequestRefusedError when the inputs are not JSON."""
        if self.inputs is None:
            try:
                self.inputs = self.asked.inputs()
            except RequestRefusedError as error:
                self.inputs = error
        if isinstance(self.inputs, RequestRefusedError):
            raise self.inputs
        return self.inputs.get(str(place))


class TrpcDoor:
    """The ASGI application behind `/trpc`."""

    def __init__(
        self,
        schema: strawberry.Schema,
        settings: Settings,
        *,
        database: Any,
        authenticate: Authenticate,
        context_factory: ContextFactory,
        procedures: Sequence[Procedure] = PROCEDURES,
    ) -> None:
        self._procedures = Procedures(Execution(schema), procedures)
        self._max_bytes = settings.limit_body_bytes
        self._seconds = settings.limit_request_seconds
        self._database = database
        self._authenticate = authenticate
        self._context_factory = context_factory

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        request = Request(scope, receive)
        info = info_of(scope)
        if request.method == "HEAD":
            await Response(status_code=204, headers=_HEADERS)(scope, receive, send)
            return
        try:
            session = await self._begin(request, info)
        except ClientDisconnect:
            raise
        except Exception as error:
            told = _told(error)
            info.error_codes = (told.code,)
            await _response(failure(told, info.id), status_of(told), [told])(scope, receive, send)
            return
        if session.asked.wants_lines:
            await self._stream(session, send)
            return
        response = await self._respond(session)
        await response(scope, receive, send)

    async def _begin(self, request: Request, info: RequestInfo) -> _Session:
        asked = await read_calls(request, max_bytes=self._max_bytes, max_calls=_MOST_CALLS)
        procedures = [self._procedures.find(path) for path in asked.paths]
        known = [procedure for procedure in procedures if procedure is not None]
        kinds = list(dict.fromkeys(procedure.kind for procedure in known))
        if len(kinds) > 1:
            message = f"Cannot mix procedure types in call: {', '.join(kinds)}"
            raise RequestRefusedError(400, message)
        kind = kinds[0] if kinds else ""
        info.operation = kind
        info.operation_name = ",".join(it.name for it in known)[:_MAX_LOGGED_NAME] or None
        deadline = asyncio.get_running_loop().time() + self._seconds
        session = _Session(asked, info, procedures, kind, deadline)
        if known and request.method == METHODS[kind]:
            await self._identify(request, session)
        return session

    async def _identify(self, request: Request, session: _Session) -> None:
        """Who asks, once for all calls; each is answered by itself that it may not."""
        try:
            async with asyncio.timeout_at(session.deadline):
                reach = await self._authenticate(request.headers)
        except Exception as error:
            session.refusal = error
            return
        session.info.organization_id = reach.organization_id
        session.context = self._context_factory(self._database, reach, session.info.id)

    # ---- answering

    async def _respond(self, session: _Session) -> Response:
        outcomes = dict([found async for found in self._outcomes(session)])
        ordered = [outcomes[place] for place in sorted(outcomes)]
        session.info.error_codes = tuple(sorted(session.codes))
        errors = [outcome.error for outcome in ordered if outcome.error is not None]
        status = status_of_batch([outcome.status for outcome in ordered])
        envelopes = [outcome.envelope for outcome in ordered]
        return _response(envelopes if session.asked.is_batch else envelopes[0], status, errors)

    async def _stream(self, session: _Session, send: asgi.Send) -> None:
        lines = Lines(len(session.asked.paths))
        headers = {"content-type": JSON, **_HEADERS}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": lines.head(), "more_body": True})
        async for place, outcome in self._outcomes(session):
            body = lines.answer(place, outcome.envelope)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        session.info.error_codes = tuple(sorted(session.codes))
        await send({"type": "http.response.body", "body": b""})

    async def _outcomes(self, session: _Session) -> AsyncIterator[tuple[int, _Outcome]]:
        """What becomes of each call, with its place, as they are done."""
        places = range(len(session.asked.paths))
        if session.kind == "mutation" or len(places) == 1:
            for place in places:
                yield await self._call(session, place)
            return
        tasks = [asyncio.create_task(self._call(session, place)) for place in places]
        try:
            for done in asyncio.as_completed(tasks):
                yield await done
        finally:
            for task in tasks:
                task.cancel()

    async def _call(self, session: _Session, place: int) -> tuple[int, _Outcome]:
        path = session.asked.paths[place]
        try:
            value = await self._answer(session, place, path)
        except Exception as error:
            told = _told(error)
            session.codes.add(told.code)
            user_errors = error.errors if isinstance(error, UserErrors) else ()
            envelope = failure(told, session.info.id, path=path, user_errors=user_errors)
            return place, _Outcome(envelope, told)
        return place, _Outcome(success(value))

    async def _answer(self, session: _Session, place: int, path: str) -> Any:
        procedure, method = session.procedures[place], session.asked.method
        if procedure is None:
            raise NotFoundError(f'No procedure found on path "{path[:_MAX_SHOWN_PATH]}"')
        if method != METHODS[procedure.kind]:
            raise RequestRefusedError(
                405,
                f'Unsupported {method}-request to {procedure.kind} procedure at path "{path}"',
                headers={"allow": METHODS[procedure.kind]},
            )
        if session.refusal is not None:
            raise session.refusal
        given = session.input(place) if procedure.inputs else None
        try:
            async with asyncio.timeout_at(session.deadline) as limit:
                return await self._procedures.call(procedure, given, session.context)
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"The answer took longer than {self._seconds:g} s."
            raise UnavailableError(message) from None


def _told(error: Exception) -> DomainError:
    """What may be told of an exception; logs the rest."""
    told = classify(error)
    report(error, told)
    return told


def _response(body: Any, status: int, errors: list[DomainError]) -> Response:
    headers = dict(_HEADERS)
    for error in errors:
        headers |= headers_of(error)
    return Response(orjson.dumps(body), status_code=status, media_type=JSON, headers=headers)
