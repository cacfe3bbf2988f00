"""CSV of any length: COPY after COPY into whoever takes the bytes, at the speed of the taker.

An export is a header and statements one after the other, each of at most `BATCH_SIZE` rows, so that
no snapshot lasts long. Cells that hold what somebody else wrote are defused in SQL: a spreadsheet
must not take them for formulas. Quoting is RFC 4180's, by PostgreSQL. Refused: values written into
SQL by hand (see `arguments.py`), and rows in this process's memory.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import asyncpg

from models.arguments import Arguments
from models.db import Database
from models.errors import UnavailableError

BATCH_SIZE = 50_000
CHUNK_BYTES = 64 * 1024
_WAIT_SECONDS = 5
# = + - @ TAB CR LF, and the fullwidth forms of the first four.
_DANGEROUS = ", ".join(str(ord(sign)) for sign in "=+-@\t\r\n＝＋－＠")
Write = Callable[[bytes], Awaitable[object]]
Statement = tuple[str, Arguments]


class Export(Protocol):
    """Rows to be written as CSV."""

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns."""

    def statements(self, connection: asyncpg.Connection) -> AsyncIterator[Statement]:
        """What selects the rows, in their order, some at a time."""


def text_cell(expression: str) -> str:
    """A text of somebody else's, defused by a leading `'` where a spreadsheet would calculate."""
    return (
        f"CASE WHEN ascii({expression}) IN ({_DANGEROUS}) THEN '''' || {expression}"
        f" ELSE {expression} END"
    )


def number_cell(expression: str) -> str:
    """An exact number in plain digits, without zeros at its end."""
    return f"trim_scale({expression})"


def instant_cell(expression: str) -> str:
    """An instant in UTC, RFC 3339."""
    return f"""to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def id_cell(kind: str, organization: str, id: str) -> str:
    """The public id of a thing, as `ids.encode` makes it."""
    return (
        f"'{kind}_' || rtrim(translate(encode(uuid_send({organization}) || uuid_send({id}),"
        " 'base64'), '+/', '-_'), '=')"
    )


async def write_csv(connection: asyncpg.Connection, export: Export, write: Write) -> None:
    """Writes a whole export, in chunks, each when the one before has been taken.

    When anything fails the connection is cut: what is on its way from the server is not waited for.
    """
    chunks = _Chunks(write)
    try:
        await chunks.add((",".join(_quoted(name) for name in export.header) + "\n").encode())
        async for text, arguments in export.statements(connection):
            copied = await arguments.written_into(connection, text)
            await connection.copy_from_query(copied, output=chunks.add, format="csv")
        await chunks.flush()
    except BaseException:
        connection.terminate()
        raise


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name or '"' in name else name


class _Chunks:
    """Gathers what comes in small pieces."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._pieces: list[bytes] = []
        self._size = 0

    async def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= CHUNK_BYTES:
            await self.flush()

    async def flush(self) -> None:
        if self._pieces:
            chunk = b"".join(self._pieces)
            self._pieces, self._size = [], 0
            await self._write(chunk)


class Exports:
    """The pool of exports: statements as long as they need, and never the connections of pages."""

    def __init__(self, dsn: str, *, pool_size: int) -> None:
        self._database = Database(
            dsn, pool_size=pool_size, statement_timeout_seconds=0, statement_cache_size=100
        )

    async def start(self) -> None:
        """Makes the pool; connects lazily."""
        await self._database.start()

    async def close(self) -> None:
        """Waits for exports under way, then closes."""
        await self._database.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection; raises UnavailableError when all are in use for too long."""
        try:
            taken: Any = await self._database.pool.acquire(timeout=_WAIT_SECONDS)
        except TimeoutError as error:
            raise UnavailableError(
                "Too many exports are under way; try again shortly.", retry_after_seconds=10
            ) from error
        try:
            yield taken
        finally:
            await self._database.pool.release(taken)
