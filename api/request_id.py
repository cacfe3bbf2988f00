"""What is known about the request being answered: its id, and what the log and metrics say of it.

One `RequestInfo` a request lives in the ASGI scope; doors fill in what they learn. Refused: query
texts, variables, credentials and names of people, which neither the log nor the metrics may hold.
"""

import os
import re
from collections.abc import Iterable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

HEADER = "x-request-id"
_HEADER = HEADER.encode()
_SCOPE_KEY = "aicost.request"
current_id: ContextVar[str | None] = ContextVar("current_id", default=None)
"""The id of the request that is being answered, for the log."""
# What a proxy in front may name a request: short, and nothing that could break a log line.
_ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{8,64}")


@dataclass(slots=True)
class RequestInfo:
    """Filled in on the way; read once when the answer is out."""

    id: str
    organization_id: UUID | None = None
    operation: str = ""
    operation_name: str | None = None
    error_codes: tuple[str, ...] = ()


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The id that a proxy gave the request, when it is a sound one, or a new one."""
    for name, value in headers:
        if name == _HEADER and _ACCEPTED.fullmatch(value):
            return value.decode("ascii")
    return os.urandom(16).hex()


def start(scope: MutableMapping[str, Any]) -> RequestInfo:
    """Puts a new `RequestInfo` into an ASGI scope."""
    info = RequestInfo(request_id(scope["headers"]))
    scope[_SCOPE_KEY] = info
    return info


def info_of(scope: MutableMapping[str, Any]) -> RequestInfo:
    """The `RequestInfo` of an ASGI scope that went through `RequestMiddleware`."""
    info: RequestInfo = scope[_SCOPE_KEY]
    return info
