"""A server process of its own that reserves, for tests of several at once.

    python tests/cap_worker.py DSN < job.json

The job says the organization, the requests (key, project, amount, and what else applies) and, for
some of them, what becomes of the hold. All start together; the answers go out as one JSON object.
"""

import asyncio
import json
import sys
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from models.access import Scope
from models.admission import Granted, SpendRequest
from models.admission_queue import AdmissionQueue
from models.admission_writer import Admission
from models.db import Database
from models.errors import UserErrors
from models.hold import release
from models.ledger import Ledger
from models.settlement import SettledUsage, settle
from models.token import ReportedTokens
from models.write_queue import WriteQueue

MODEL = {"model": "claude-opus-4-5-20251101", "provider": "anthropic"}


class Worker:
    """One process's queues."""

    def __init__(self, database: Database, organization_id: UUID) -> None:
        self.database = database
        self.organization_id = organization_id
        ledger = Ledger(database)
        self.queue = AdmissionQueue(Admission(ledger))
        self.writer = WriteQueue(ledger)
        self.granted: list[str] = []
        self.answers: Counter[str] = Counter()

    async def play(self, asked: dict[str, Any]) -> None:
        """Reserves, and then does with the hold what is asked."""
        then = asked.pop("then", None)
        key = asked["key"]
        request = SpendRequest(
            key=key,
            project_id=UUID(asked["project_id"]),
            amount=Decimal(asked["amount"]),
            run_key=asked.get("run_key"),
            api_key_id=UUID(asked["api_key_id"]) if "api_key_id" in asked else None,
            user_id=UUID(asked["user_id"]) if "user_id" in asked else None,
        )
        answer = await self.queue.reserve(self.organization_id, request)
        self.answers[type(answer).__name__] += 1
        if not isinstance(answer, Granted):
            return
        self.granted.append(key)
        scope = Scope.system(self.organization_id)
        if then == "settle":
            usage = SettledUsage(ReportedTokens(100, 50), **MODEL)
            await settle(self.database, self.writer, scope, key, usage)
        elif then == "release":
            with suppress(UserErrors):  # its time may be over
                async with self.database.transaction() as connection:
                    await release(connection, scope, key)


async def main(dsn: str) -> None:
    """Plays the job on standard input."""
    job = json.load(sys.stdin)
    database = Database(dsn, pool_size=4, statement_timeout_seconds=30, has_generic_plans=True)
    await database.start()
    worker = Worker(database, UUID(job["organization_id"]))
    try:
        await asyncio.gather(*map(worker.play, job["requests"]))
    finally:
        await database.close()
    print(json.dumps({"granted": worker.granted, "answers": worker.answers}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
