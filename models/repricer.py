"""Recalculations that go on after their mutation has answered: this process's share of them.

One task a job. Every half minute jobs are looked for whose process died, of any organization, and
carried on. Closing stops at once: what a page has not committed is as if it had not begun, and
somebody takes the job over.
"""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from models.db import Database
from models.repricing import Repricing
from models.repricing_run import carry_on, find_abandoned

LOOK_SECONDS = 30
_log = logging.getLogger(__name__)


class Repricer:
    """Carries recalculations on in the background."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None

    def start(self, repricing: Repricing) -> None:
        """Carries a recalculation on, if there is something left to do."""
        if repricing.is_running:
            self._start(repricing.organization_id, repricing.id)

    async def watch(self) -> None:
        """Begins to look for abandoned recalculations."""
        self._watch = asyncio.create_task(self._look_again_and_again())

    async def look(self) -> None:
        """Takes up what was abandoned."""
        async with self._database.connection() as connection:
            found = await find_abandoned(connection)
        for organization_id, id in found:
            self._start(organization_id, id)

    async def wait(self) -> None:
        """Waits until everything that was started here is over."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def close(self) -> None:
        """Stops everything."""
        tasks = [*self._tasks.values(), *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._watch = None

    def _start(self, organization_id: UUID, id: UUID) -> None:
        if id not in self._tasks:
            task = asyncio.create_task(self._carry_on(organization_id, id))
            self._tasks[id] = task
            task.add_done_callback(lambda _task: self._tasks.pop(id, None))

    async def _carry_on(self, organization_id: UUID, id: UUID) -> None:
        try:
            await carry_on(self._database, organization_id, id)
        except Exception:
            # Whoever looks next tries again; a job that could be ended has been.
            _log.exception("repricing %s was interrupted", id)

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:
                _log.warning("abandoned repricings could not be looked for: %s", error)
            await asyncio.sleep(LOOK_SECONDS)
