"""A database for a command: the user's or the embedded one, up to date, without time limits.

Works beside a running server on the same data. The embedded server is started when nobody runs it,
and stopped when nobody else uses it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import asyncpg

from api.settings import Settings
from models.db import Database, sql
from models.errors import UnavailableError
from models.migration import is_current, migrate
from models.postgres import EmbeddedServer
from models.public_price import adopt_public_prices, source
from models.rollup_fill import fill_due

Answer = TypeVar("Answer")
_POOL_SIZE = 4


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """How to connect: as the role that migrates, and as the one that works."""

    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Preparation:
    """What bringing a database up to date took: migrations by name, public prices by count."""

    migrations: list[str]
    prices: int


@contextmanager
def database_address(settings: Settings, *, is_watched: bool = False) -> Iterator[DatabaseAddress]:
    """The database of the settings, with a share in the embedded server where it is that one.

    An embedded server that is watched is started again should it die.
    """
    if settings.database_url is not None:
        url = settings.database_url
        owner = settings.owner_database_url or url
        yield DatabaseAddress(owner.get_secret_value(), url.get_secret_value())
        return
    server = EmbeddedServer(settings.data_dir, binaries=settings.pg_bin)
    with server as address, server.watched() if is_watched else nullcontext():
        yield DatabaseAddress(address.owner_dsn, address.app_dsn)


@asynccontextmanager
async def _connected(address: DatabaseAddress) -> AsyncIterator[asyncpg.Connection]:
    try:
        connection = await asyncpg.connect(dsn=address.app_dsn)
    except (OSError, asyncpg.PostgresError) as error:
        raise UnavailableError(f"The database cannot be reached: {error}") from error
    try:
        yield connection
    finally:
        await connection.close()


async def is_prepared(address: DatabaseAddress) -> bool:
    """Whether every migration has been applied."""
    async with _connected(address) as connection:
        return await is_current(connection)


async def may_change_ledger(address: DatabaseAddress) -> bool:
    """Whether the role that works could change what was recorded, being the owner itself."""
    async with _connected(address) as connection:
        return bool(await connection.fetchval(sql("ledger_is_writable")))


async def prepare(
    address: DatabaseAddress, *, progress: Callable[[str], object] | None = None
) -> Preparation:
    """Applies the migrations and the public prices that are missing, and counts due rollups."""
    async with _connected(address) as connection:
        applied: list[str] = []
        if not await is_current(connection):
            has_two_roles = address.owner_dsn != address.app_dsn
            role = await connection.fetchval("SELECT current_user") if has_two_roles else None
            applied = await migrate(address.owner_dsn, app_role=role, progress=progress)
        if await connection.fetch(sql("due_rollup_list")):
            await fill_due(address.app_dsn, progress=progress)
        adopted = await connection.fetch(sql("price_public_sources"))
        prices = 0
        if all(row["source"] != source() for row in adopted):
            prices = await adopt_public_prices(connection, now=datetime.now(UTC))
    return Preparation(applied, prices)


@asynccontextmanager
async def open_database(
    settings: Settings, *, pool_size: int = _POOL_SIZE
) -> AsyncIterator[Database]:
    """A started database, migrated, whose statements may take as long as they need."""
    held = database_address(settings)
    address = await asyncio.to_thread(held.__enter__)
    try:
        await prepare(address)
        database = Database(address.app_dsn, pool_size=pool_size, statement_timeout_seconds=0)
        await database.start()
        try:
            yield database
        finally:
            await database.close()
    finally:
        await asyncio.to_thread(held.__exit__, None, None, None)


def in_transaction(work: Callable[[asyncpg.Connection], Awaitable[Answer]]) -> Answer:
    """Runs a command's work in one transaction on the database of the environment."""

    async def session() -> Answer:
        async with open_database(Settings.load()) as database:
            return await database.retry(work)

    return asyncio.run(session())
