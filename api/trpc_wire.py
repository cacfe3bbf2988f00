"""tRPC 11 on the wire: which calls a request makes, and the envelopes that its client reads.

A request is one call, or a batch (`?batch=1`) of several; a batch is answered by an array, or line
by line (`trpc-accept: application/jsonl`) as its calls are done. Refused as a whole, before any
call: bodies that are not said to be JSON, paths that are not percent-encoded UTF-8, batches that
are too long, and lines without a batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from starlette.requests import Request

from api.body import header, parse_json, read_body, require_json
from api.errors import RequestRefusedError, status_of, trpc_code
from models.errors import DomainError, UnavailableError, UserError

PREFIX = "/trpc/"
ROUTE = PREFIX + "{path:path}"
ACCEPT_HEADER = "trpc-accept"
LINES = "application/jsonl"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    """The calls of a request: their paths, and their inputs as they came."""

    method: str
    paths: Sequence[str]
    is_batch: bool
    wants_lines: bool
    raw_input: bytes | str

    def inputs(self) -> Mapping[str, Any]:
        """The input of each call by its place, as text; raises RequestRefusedError."""
        if not self.raw_input:
            return {}
        what = "The parameter input" if self.method == "GET" else "The body"
        given = parse_json(self.raw_input, what)
        if not self.is_batch:
            return {"0": given}
        if not isinstance(given, dict):
            raise RequestRefusedError(400, '"input" needs to be an object when doing a batch call')
        return given


async def read_calls(request: Request, *, max_bytes: int, max_calls: int) -> Asked:
    """The calls that a request makes; raises RequestRefusedError for what is refused as a whole."""
    is_get = request.method == "GET"
    if not is_get:
        _require_json(request)
    path = _path(request)
    is_batch = _parameter(request, "batch") == "1"
    paths = path.split(",") if is_batch else [path]
    if len(paths) > max_calls:
        raise RequestRefusedError(400, f"Batch call exceeds maximum size of {max_calls}")
    wants_lines = _wants_lines(request)
    if wants_lines and not is_batch:
        message = "Streaming requests must be batched (you can do a batch of 1)"
        raise RequestRefusedError(400, message)
    raw = _parameter(request, "input") if is_get else await read_body(request, max_bytes)
    return Asked(request.method, paths, is_batch, wants_lines, raw)


def _require_json(request: Request) -> None:
    if header(request.scope, b"content-type") is None:
        raise RequestRefusedError(415, "Missing content-type header")
    require_json(request.scope)


def _path(request: Request) -> str:
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise RequestRefusedError(400, "The path is not percent-encoded UTF-8.") from None
    path: str = request.path_params["path"]
    return path


def _parameter(request: Request, name: str) -> str:
    """The first of the values that a parameter of the URL has."""
    values = request.query_params.getlist(name)
    return values[0] if values else ""


def _wants_lines(request: Request) -> bool:
    asked = header(request.scope, ACCEPT_HEADER.encode())
    if asked is not None:
        return asked.strip() == LINES
    accepted = ",".join(request.headers.getlist("accept")).split(",")
    return any(part.strip() == LINES for part in accepted)


# ---- envelopes


def success(value: Any) -> dict[str, Any]:
    """What a call that went well is answered."""
    return {"result": {"data": value}}


def failure(
    error: DomainError,
    request_id: str,
    *,
    path: str | None = None,
    user_errors: Sequence[UserError] = (),
) -> dict[str, Any]:
    """What a call, or a whole request (`path` None), that went wrong is answered."""
    name, number = trpc_code(error)
    data: dict[str, Any] = {"code": name, "httpStatus": status_of(error)}
    if path is not None:
        data["path"] = path
    data["requestId"] = request_id
    if isinstance(error, UnavailableError):
        data["retryAfterSeconds"] = error.retry_after_seconds
    if user_errors:
        data["userErrors"] = [
            {"code": each.code, "message": each.message, "field": each.field}
            for each in user_errors
        ]
    return {"error": {"message": error.message, "code": number, "data": data}}


def status_of_batch(statuses: Sequence[int]) -> int:
    """The status of a batch: that of its calls where they agree, and 207 where they do not."""
    return statuses[0] if len(set(statuses)) == 1 else 207


class Lines:
    """A batch as JSON lines: a head that promises an answer to each call, then each in three steps.

    The steps are those in which tRPC's own server resolves an answer: that it is a result, that
    the result has data, and the data.
    """

    def __init__(self, count: int) -> None:
        self._promised = count
        self._count = count

    def head(self) -> bytes:
        """The first line."""
        return _line({str(place): [[0], [None, 0, place]] for place in range(self._count)})

    def answer(self, place: int, envelope: Mapping[str, Any]) -> bytes:
        """The lines of one answer."""
        return b"".join(self._answer(place, envelope))

    def _answer(self, place: int, envelope: Mapping[str, Any]) -> Iterator[bytes]:
        if "error" in envelope:
            yield _line([place, 0, [[envelope]]])
            return
        result, data = self._promise(), self._promise()
        yield _line([place, 0, [[{"result": 0}], ["result", 0, result]]])
        yield _line([result, 0, [[{"data": 0}], ["data", 0, data]]])
        yield _line([data, 0, [[envelope["result"]["data"]]]])

    def _promise(self) -> int:
        self._promised += 1
        return self._promised - 1


def _line(value: Any) -> bytes:
    return orjson.dumps(value) + b"\n"
