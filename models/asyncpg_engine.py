"""Tortoise's engine for aicost: asyncpg from a DSN of ours, without leaking connections.

Named in the Tortoise configuration as `engine` (which looks for "asyncpg" in the module's name to
choose its dialect). It exists because Tortoise 1.1.9 loses a pool connection for good whenever a
task is cancelled between taking it and having begun the transaction, and clients that hang up
cancel tasks all day. Plans are renewed here as tables grow. Refused: connection settings other
than a DSN and pool sizes.
"""

import time
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

FIRST_PLANS_SECONDS, PLANS_SECONDS = 0.25, 10.0
"""How long a new connection keeps its plans, doubling each time, and how long an old one does."""


class PooledConnection(asyncpg.Connection):
    """A connection that skips asyncpg's reset query, which costs 40 % of a short read.

    Safe because nothing in aicost sets session state: settings come with the connection or by
    SET LOCAL, and there are no session locks, listeners or temporary tables on pooled ones. An
    open transaction is still rolled back.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._plans_last = FIRST_PLANS_SECONDS
        self._plans_end = time.monotonic() + self._plans_last

    def get_reset_query(self) -> str:
        return ""

    async def renew_plans(self) -> None:
        """Has statements planned anew from time to time; see docs/decisions/0013-young-tables.md.

        A plan that was made while a table was empty may read all of it for every row looked up, and
        nothing but ANALYZE would end it, which autovacuum does a minute later or not at all.
        """
        now = time.monotonic()
        if now >= self._plans_end:
            self._plans_last = min(self._plans_last * 2, PLANS_SECONDS)
            self._plans_end = now + self._plans_last
            await self.execute("DISCARD PLANS")


async def _renew_plans(connection: Any) -> None:
    await connection.renew_plans()


class _GuardedTransactionContext(TransactionContextPooled):
    """Gives the connection back when the task is cancelled on the way in."""

    async def __aenter__(self) -> TransactionalDBClient:
        try:
            return await super().__aenter__()
        except BaseException:
            await self._give_back()
            raise

    async def _give_back(self) -> None:
        connection = self.client._connection
        if connection is None:
            return
        # BEGIN may be on its way: whatever state the session is in dies with it.
        connection.terminate()
        await self.client._parent._pool.release(connection)
        if hasattr(self, "token"):
            get_connections().reset(self.token)


class client_class(AsyncpgDBClient):  # noqa: N801 - the name that Tortoise looks for
    """Pooled asyncpg client; its credentials are a DSN, pool sizes and session settings."""

    async def create_pool(self, **_: Any) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            dsn=self.extra["dsn"],
            min_size=self.extra["min_size"],
            max_size=self.extra["max_size"],
            timeout=self.extra["connect_timeout_seconds"],
            statement_cache_size=self.extra["statement_cache_size"],
            max_cacheable_statement_size=0,  # any: what writes the ledger is longer than most
            server_settings=self.extra["session_settings"],
            connection_class=PooledConnection,
            setup=_renew_plans,
        )

    def _in_transaction(self) -> TransactionContext:
        return _GuardedTransactionContext(TransactionWrapper(self), self._pool_init_lock)
