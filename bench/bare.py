"""A Starlette route that runs given SQL and answers its rows as JSON, and does nothing else.

    python bench/bare.py PORT DSN FILE

The yardstick of what our doors cost: the same server program, the same statements with the same
parameters, one after the other. FILE is a pickled list of (text, parameters), made by `doors.py`.
"""

import pickle
import sys
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from statements import bare_connection

PATH = "/bare"


def _application(dsn: str, statements: list[tuple[str, tuple[Any, ...]]]) -> Starlette:
    connection: asyncpg.Connection | None = None

    async def answer(_request: Request) -> Response:
        nonlocal connection
        if connection is None:
            connection = await bare_connection(dsn)
        found = [
            [dict(row) for row in await connection.fetch(text, *parameters)]
            for text, parameters in statements
        ]
        return Response(orjson.dumps(found, default=str), media_type="application/json")

    return Starlette(routes=[Route(PATH, answer)])


if __name__ == "__main__":
    port, dsn, file = sys.argv[1:]
    # Written by this benchmark a moment ago.
    app = _application(dsn, pickle.loads(Path(file).read_bytes()))  # noqa: S301
    uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", access_log=False)
