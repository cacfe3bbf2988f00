"""`POST /v1/usage`: usage events in, a result for each in order.

The same recording as GraphQL's `recordUsage`, for programs that send much: no query to parse. 200
says that every event was looked at; what became of each stands in its result. Refused: bodies that
cannot be read, and calls of more than 1,000 events.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from api.body import send_json
from api.errors import RequestRefusedError
from api.request_id import info_of
from api.settings import Settings
from api.usage_body import key_of, parse_event, read_events
from models.access import Scope
from models.db import Database
from models.errors import UserError
from models.money import plain
from resolvers.context import Context
from resolvers.usage import Result, record_events, refused_count, rejected

ContextFactory = Callable[[Database, Scope, str], Context]


class UsageDoor:
    """The ASGI application behind `/v1/usage`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        authenticate: Callable[[Headers], Awaitable[Scope]],
        context_factory: ContextFactory,
    ) -> None:
        self._max_bytes = settings.limit_body_bytes
        self._database = database
        self._authenticate = authenticate
        self._context_factory = context_factory

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        info = info_of(scope)
        reach = await self._authenticate(request.headers)
        info.organization_id = reach.organization_id
        info.operation = "usage"
        events = await read_events(request, self._max_bytes)
        refusal = refused_count(len(events))
        if refusal is not None:
            raise RequestRefusedError(400, refusal.message)
        context = self._context_factory(self._database, reach, info.id)
        results = await _record(context, events)
        await send_json(send, orjson.dumps({"results": [_answer(result) for result in results]}))


async def _record(context: Context, events: Sequence[Any]) -> list[Result]:
    """Answers in the order of the events, whether they could be read or not."""
    parsed = [parse_event(event) for event in events]
    fit = [(place, event) for place, event in enumerate(parsed) if not isinstance(event, list)]
    answers = await record_events(
        context, [event for _, event in fit], places=[place for place, _ in fit]
    )
    recorded = iter(answers)
    return [
        rejected(key_of(event), place, said) if isinstance(said, list) else next(recorded)
        for place, (event, said) in enumerate(zip(events, parsed, strict=True))
    ]


def _answer(result: Result) -> dict[str, Any]:
    return {
        "eventKey": result.event_key,
        "status": result.status,
        "isUnpriced": result.is_unpriced,
        "transactionId": result.transaction_id,
        "cost": plain(result.cost) if result.cost is not None else None,
        "userErrors": [_error(error) for error in result.user_errors],
    }


def _error(error: UserError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "field": error.field}
