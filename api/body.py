"""Bodies, those of requests checked before anything reads them: size, coding, media type, JSON.

Every door that takes a body takes it through here. Refused with a 4xx that says what was expected:
compressed bodies, charsets other than UTF-8, media types that a browser sends across origins
without asking first, and JSON that is not JSON (NaN, Infinity, numbers beyond a double, lone
surrogates, nesting without end).
"""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Scope, Send

from api.errors import RequestRefusedError

_CLOSE = {"connection": "close"}


def header(scope: Scope, name: bytes) -> str | None:
    """The one value of a header that may be sent once; raises RequestRefusedError for two."""
    found = [value for key, value in scope["headers"] if key == name]
    if len(found) > 1:
        raise RequestRefusedError(400, f"The header {name.decode()} was sent more than once.")
    return found[0].decode("latin-1") if found else None


def require_json(scope: Scope) -> None:
    """Refuses a body that does not say that it is plain JSON in UTF-8."""
    content_type = header(scope, b"content-type")
    if content_type is None:
        raise RequestRefusedError(415, "The request has no content-type: send application/json.")
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if media_type != "application/json":
        raise RequestRefusedError(415, "The content-type is not application/json.")
    for parameter in parameters:
        if parameter and parameter.replace('"', "") not in ("charset=utf-8", "charset=utf8"):
            raise RequestRefusedError(415, "The body should be JSON in UTF-8.")
    coding = header(scope, b"content-encoding")
    if coding is not None and coding.strip().lower() not in ("", "identity"):
        raise RequestRefusedError(415, "Compressed bodies are not accepted here.")


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body; raises RequestRefusedError (413) as soon as it is known to be too large."""
    announced = header(request.scope, b"content-length")
    if announced is not None and announced.isdecimal() and int(announced[:20]) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def parse_json(text: bytes | str, what: str = "The body") -> Any:
    """The value of a JSON text; raises RequestRefusedError (400) for anything else."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        # The message says what and where; the text itself stays out of it.
        raise RequestRefusedError(400, f"{what} is not JSON: {error}") from None


async def send_json(send: Send, body: bytes) -> None:
    """Answers 200 with JSON, without making a Response of it."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _too_large(max_bytes: int) -> RequestRefusedError:
    # What the client still sends is not worth reading.
    return RequestRefusedError(413, f"The body is larger than {max_bytes} bytes.", headers=_CLOSE)
