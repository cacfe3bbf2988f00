"""Ends reservations whose time is over, though nobody comes back: this process's share of it.

Every few seconds organizations with due reservations are looked for, and each one's are ended, some
in a transaction; what another process is ending is waited for. Admission does the same on demand,
so that nothing is denied for what only this would free.
"""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from models.admission_writer import expire_all
from models.db import Database, sql

LOOK_SECONDS = 5
_ORGANIZATIONS_AT_ONCE = 50
_log = logging.getLogger(__name__)


class Expirer:
    """Ends due reservations in the background."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watch: asyncio.Task[None] | None = None

    async def watch(self) -> None:
        """Begins to look for due reservations."""
        self._watch = asyncio.create_task(self._look_again_and_again())

    async def look(self) -> int:
        """Ends what is due; tells how many reservations that were."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql("reservation_due_anywhere"), _ORGANIZATIONS_AT_ONCE)
        return sum([await self._end_due(row["organization_id"]) for row in rows])

    async def _end_due(self, organization_id: UUID) -> int:
        """One organization's; where that fails the others do not wait for it."""
        try:
            return await expire_all(self._database, organization_id)
        except Exception as error:
            _log.warning("due reservations of %s could not be ended: %s", organization_id, error)
            return 0

    async def close(self) -> None:
        """Stops looking; a transaction on its way is as if it had not begun."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:
                _log.warning("due reservations could not be ended: %s", error)
            await asyncio.sleep(LOOK_SECONDS)
