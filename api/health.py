"""`/healthz`: the process lives. `/readyz`: it can do its work, which takes PostgreSQL.

Liveness never asks PostgreSQL, so that an outage of it does not get healthy processes killed.
"""

import asyncio
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.errors import classify, headers_of
from models.errors import UnavailableError

_PING_SECONDS = 2
_NO_STORE = {"cache-control": "no-store"}


def own_version() -> str:
    """The version of this installation."""
    try:
        return version("aicost")
    except PackageNotFoundError:
        return "unknown"


class Health:
    """The two probes over one database."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._version = own_version()

    async def live(self, _request: Request) -> Response:
        """200 as long as the process answers; the server's version as it was last seen."""
        return _answer(
            200,
            {"status": "ok", "version": self._version, "postgresql": self._database.version},
        )

    async def ready(self, _request: Request) -> Response:
        """200 when PostgreSQL answers in time, else 503 with Retry-After."""
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self._database.ping()
        except Exception as error:
            told = classify(error)
            away = told if isinstance(told, UnavailableError) else UnavailableError()
            return _answer(503, {"status": "unavailable"}, headers_of(away))
        return _answer(200, {"status": "ok"})


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/json",
        headers={**_NO_STORE, **(headers or {})},
    )
