"""A process that reserves and settles until it is killed, and says every step that it knows done.

    python tests/cap_spender.py DSN ORGANIZATION PROJECT ROUND SEED

Lines on standard output: `asked KEY`, `granted KEY`, `denied KEY`, `settling KEY`, `settled KEY`.
A step is said before it is begun and when it was acknowledged; the reader knows what may be lost.
"""

import asyncio
import sys
from decimal import Decimal
from random import Random
from uuid import UUID

from cap_worker import MODEL

from models.access import Scope
from models.admission import Granted, SpendRequest
from models.admission_queue import AdmissionQueue
from models.admission_writer import Admission
from models.db import Database
from models.ledger import Ledger
from models.settlement import SettledUsage, settle
from models.token import ReportedTokens
from models.write_queue import WriteQueue

AMOUNT = Decimal("0.5")
_TASKS = 8
_LONGEST_CALL_SECONDS = 0.01


def say(step: str, key: str) -> None:
    """Tells at once: what a killed process kept to itself was not acknowledged to anybody."""
    sys.stdout.write(f"{step} {key}\n")
    sys.stdout.flush()


async def spend(
    database: Database, organization_id: UUID, project_id: UUID, prefix: str, random: Random
) -> None:
    """Spends without end."""
    ledger = Ledger(database)
    queue, writer = AdmissionQueue(Admission(ledger)), WriteQueue(ledger)
    scope = Scope.system(organization_id)

    async def task(number: int) -> None:
        count = 0
        while True:
            count += 1
            key = f"{prefix}/{number}/{count}"
            say("asked", key)
            request = SpendRequest(key, project_id, amount=AMOUNT, ttl_seconds=3600)
            answer = await queue.reserve(organization_id, request)
            if not isinstance(answer, Granted):
                say("denied", key)
                continue
            say("granted", key)
            await asyncio.sleep(random.uniform(0, _LONGEST_CALL_SECONDS))
            say("settling", key)
            usage = SettledUsage(ReportedTokens(100, 50), **MODEL)
            await settle(database, writer, scope, key, usage)
            say("settled", key)

    await asyncio.gather(*(task(number) for number in range(_TASKS)))


async def main() -> None:
    """Spends as the arguments say."""
    dsn, organization_id, project_id, prefix, seed = sys.argv[1:]
    database = Database(dsn, pool_size=4, statement_timeout_seconds=30, has_generic_plans=True)
    await database.start()
    await spend(database, UUID(organization_id), UUID(project_id), prefix, Random(seed))


if __name__ == "__main__":
    asyncio.run(main())
