"""One process's reach to PostgreSQL: a pool of asyncpg connections, and Tortoise on the same pool.

Hot paths take a connection here and run named SQL; administration goes through Tortoise. Refused:
session state on pooled connections (see `asyncpg_engine.PooledConnection`), and statements that
outlive the pool's `statement_timeout` unless their transaction asks for more.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib import resources
from typing import Any, TypeVar, cast

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, get_current_context, set_global_context

APP = "aicost"
MODEL_MODULES = (
    "models.tenancy",
    "models.activity",
    "models.transaction",
    "models.credit_table",
    "models.billing_setting",
    "models.price_table",
    "models.usage_import",
    "models.quarantine",
    "models.repricing_table",
    "models.cap_table",
)
RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
)
"""What says that the server cannot be reached: whoever asks next would wait for the same."""
_RETRY_COUNT = 5
_CONNECT_TIMEOUT_SECONDS = 5
Answer = TypeVar("Answer")


@cache
def sql(name: str) -> str:
    """The statement in `models/sql/<name>.sql`, without its leading comment."""
    text = resources.files("models").joinpath("sql", f"{name}.sql").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return "\n".join(lines).strip().rstrip(";")


def tortoise_config(dsn: str, **pool: Any) -> dict[str, Any]:
    """Tortoise's configuration for one DSN: our engine, our models, our migrations."""
    credentials = {
        "dsn": dsn,
        "min_size": 0,
        "max_size": 4,
        "connect_timeout_seconds": _CONNECT_TIMEOUT_SECONDS,
        "statement_cache_size": 1000,
        "session_settings": {},
        **pool,
    }
    return {
        "connections": {"default": {"engine": "models.asyncpg_engine", "credentials": credentials}},
        "apps": {
            APP: {
                "models": list(MODEL_MODULES),
                "default_connection": "default",
                "migrations": "migrations",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


class Database:
    """A started pool. `statement_timeout_seconds` of 0 means none (command line, maintenance).

    With `has_generic_plans` a statement is planned once a connection: for pools that serve, where
    planning anew costs more than executing, and no statement gains from knowing its parameters.
    """

    def __init__(
        self,
        dsn: str,
        *,
        pool_size: int = 10,
        statement_timeout_seconds: float = 5,
        statement_cache_size: int = 1000,
        has_generic_plans: bool = False,
    ) -> None:
        self._config = tortoise_config(
            dsn,
            max_size=pool_size,
            statement_cache_size=statement_cache_size,
            session_settings={
                "application_name": APP,
                "timezone": "UTC",
                "jit": "off",
                "plan_cache_mode": "force_generic_plan" if has_generic_plans else "auto",
                "statement_timeout": f"{statement_timeout_seconds * 1000:.0f}",
                "idle_in_transaction_session_timeout": "60000",
            },
        )
        self._context: TortoiseContext | None = None
        self._client: AsyncpgDBClient | None = None
        self.version: str | None = None

    async def start(self) -> None:
        """Makes the pool; connects lazily, so that a server that is away is no error here.

        The first database started in a process is the one that Tortoise's models use everywhere;
        a second one serves them only inside `with database.orm():`.
        """
        self._context = TortoiseContext()
        with self._context:
            await self._context.init(config=self._config, use_tz=True, timezone="UTC")
            client = cast(AsyncpgDBClient, get_connection("default"))
        await client.create_connection(with_db=True)
        if get_current_context() is None:
            set_global_context(self._context)
        self._client = client

    def orm(self) -> TortoiseContext:
        """Makes Tortoise's models use this database inside a `with`."""
        if self._context is None:
            raise RuntimeError("the database was not started")
        return self._context

    async def close(self) -> None:
        """Waits for connections in use, then closes all."""
        if self._context is not None:
            await self._context.close_connections()
        self._context = self._client = None

    @property
    def pool(self) -> asyncpg.Pool:
        """The pool itself: for its gauges, and for tests that empty it."""
        if self._client is None or self._client._pool is None:
            raise RuntimeError("the database was not started")
        return self._client._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection outside any transaction: each statement stands by itself."""
        async with self.pool.acquire() as connection:
            yield cast(asyncpg.Connection, connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection inside one READ COMMITTED transaction, rolled back by any exception."""
        async with self.pool.acquire() as connection, connection.transaction():
            yield cast(asyncpg.Connection, connection)

    async def retry(
        self, work: Callable[[asyncpg.Connection], Awaitable[Answer]], *, timeout_seconds: float = 0
    ) -> Answer:
        """Runs `work` in a transaction, again after a deadlock or a serialization failure.

        `timeout_seconds` replaces the pool's statement timeout for this transaction when not 0.
        """
        for attempt in range(_RETRY_COUNT):
            try:
                async with self.transaction() as connection:
                    if timeout_seconds:
                        await connection.execute(
                            f"SET LOCAL statement_timeout = {round(timeout_seconds * 1000)}"
                        )
                    return await work(connection)
            except RETRIED:
                if attempt == _RETRY_COUNT - 1:
                    raise
                await asyncio.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable")

    async def ping(self) -> None:
        """Asks the server for a sign of life; raises what asyncpg or the socket raises."""
        async with self.connection() as connection:
            self.version = await connection.fetchval("SHOW server_version", timeout=2)
