"""Keys looked up together: requests that wait at the same time share one statement.

Every request is answered by a look-up that began after it came, so that a key stops the moment it
is revoked, as if each had asked by itself. Whoever comes while one is under way waits for the
next. Refused: remembering an answer beyond those who waited for it.
"""

import asyncio
from collections.abc import Iterable, Iterator

from models.access import KeyAccess, key_accesses
from models.db import Database

_Answer = asyncio.Future[KeyAccess | None]


class KeyLookup:
    """What keys may reach, by the SHA-256 of their secrets; one statement at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[bytes, list[_Answer]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, secret_hash: bytes) -> KeyAccess | None:
        """As `access.key_access`; raises what that raises."""
        answer: _Answer = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(secret_hash, []).append(answer)
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                # Whoever is ready in this turn of the loop comes along.
                await asyncio.sleep(0)
                asked, self._waiting = self._waiting, {}
                await self._answer(asked)
        finally:
            self._task = None

    async def _answer(self, asked: dict[bytes, list[_Answer]]) -> None:
        try:
            async with self._database.connection() as connection:
                found = await key_accesses(connection, list(asked))
        except Exception as error:
            for answer in _open(asked.values()):
                answer.set_exception(error)
            return
        for secret_hash, answers in asked.items():
            for answer in _open([answers]):
                answer.set_result(found.get(secret_hash))


def _open(asked: Iterable[list[_Answer]]) -> Iterator[_Answer]:
    """The answers that somebody still waits for: others have hung up."""
    return (answer for answers in asked for answer in answers if not answer.done())
