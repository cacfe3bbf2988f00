"""What every resolver of a request shares: who asks, when, and how rows are fetched.

One context serves one request in one organization. Its loaders remember what they fetched, so that
a thing asked for twice is read once; a mutation makes them forget.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import strawberry

from models.access import Scope
from models.admission_queue import AdmissionQueue
from models.admission_writer import Admission
from models.db import Database
from models.ledger import Ledger
from models.repricer import Repricer
from models.write_queue import WriteQueue
from resolvers.loaders import Loaders


@dataclass(frozen=True, slots=True)
class Context:
    """A request: its reach (`scope`), its instant (`now`), its id, and its ways to the database."""

    database: Database
    scope: Scope
    request_id: str
    loaders: Loaders
    now: datetime
    writer: WriteQueue
    repricer: Repricer
    admission: AdmissionQueue


def create_context(
    database: Database,
    scope: Scope,
    request_id: str,
    *,
    writer: WriteQueue | None = None,
    repricer: Repricer | None = None,
    admission: AdmissionQueue | None = None,
    now: datetime | None = None,
) -> Context:
    """The context of one request; `now` is the clock's unless given.

    Requests of one process share a `writer`, so that they are written together, an `admission`, so
    that they are admitted together, and a `repricer`.
    """
    instant = now or datetime.now(UTC)
    loaders = Loaders(database, scope, instant)
    queue = writer or WriteQueue(Ledger(database))
    return Context(
        database,
        scope,
        request_id,
        loaders,
        instant,
        queue,
        repricer or Repricer(database),
        admission or AdmissionQueue(Admission(queue.ledger)),
    )


Info = strawberry.Info[Context, None]
