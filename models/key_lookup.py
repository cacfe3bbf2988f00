"""Keys looked up together: requests that wait at the same time share one statement.

Every request is answered by a look-up that began after it came, so that a key stops the moment it
is revoked, as if each had asked by itself. Whoever comes while one is under way waits for the
next. Refused: remembering an answer beyond those who waited for it.
"""

import asyncio

from models.access import KeyAccess, key_accesses
from models.db import Database


class KeyLookup:
    """What keys may reach, by the SHA-256 of their secrets; one statement at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[bytes, asyncio.Future[KeyAccess | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, secret_hash: bytes) -> KeyAccess | None:
        """As `access.key_access`; raises what that raises."""
        answer = self._waiting.get(secret_hash)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            self._waiting[secret_hash] = answer
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        # One caller's hanging up is no reason to leave the others without an answer.
        return await asyncio.shield(answer)

    async def _work(self) -> None:
        try:
            while self._waiting:
                # Whoever is ready in this turn of the loop comes along.
                await asyncio.sleep(0)
                asked, self._waiting = self._waiting, {}
                await self._answer(asked)
        finally:
            self._task = None

    async def _answer(self, asked: dict[bytes, asyncio.Future[KeyAccess | None]]) -> None:
        try:
            async with self._database.connection() as connection:
                found = await key_accesses(connection, list(asked))
        except Exception as error:
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()  # taken note of, should all who asked have hung up
            return
        for secret_hash, answer in asked.items():
            answer.set_result(found.get(secret_hash))
