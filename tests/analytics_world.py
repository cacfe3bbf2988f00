"""A tenant with usage of every kind, and its ledger as plain rows to recount answers from.

Calls that streamed, that were repriced, taken back and recorded again; with and without keys,
initiators, durations and prices; on both sides of midnights and of changes of the clock.
"""

import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from repricing import UNKNOWN, make_import, posted, price, shown
from tenants import PRICED, Tenant, make_tenant

from models.access import Scope
from models.db import Database
from models.event import CallOutcome, Initiator, JobRef, Operation, RunRef, UsageEvent
from models.ids import uuid7
from models.ledger import Ledger
from models.local_time import load_time_zones
from models.period import Calendar
from models.token import ReportedTokens
from models.transaction import CreditTransaction, Rate
from models.undo import undo_import
from models.usage_sums import Sums

START, END = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 4, 10, tzinfo=UTC)
NOW = datetime(2026, 4, 10, 12, 30, tzinfo=UTC)
CALLS = 170
MODELS = [
    ("anthropic", PRICED, Operation.COMPLETION),
    ("anthropic", "claude-sonnet-4-5-20250929", Operation.COMPLETION),
    ("openai", "gpt-4o", Operation.COMPLETION),
    ("openai", "text-embedding-3-small", Operation.EMBEDDING),
    ("anthropic", UNKNOWN, Operation.COMPLETION),
    ("openai", "nobody-knows", Operation.COMPLETION),
    (None, "nobody-knows", Operation.COMPLETION),
]
# Midnights of the zones and their changes of the clock, either side of them.
EDGES = [
    edge + timedelta(microseconds=step)
    for edge in (
        datetime(2026, 2, 1, 5, tzinfo=UTC),
        datetime(2026, 1, 31, 18, 15, tzinfo=UTC),
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 3, 15, 18, 15, tzinfo=UTC),
        datetime(2026, 4, 1, 4, tzinfo=UTC),
    )
    for step in (-1, 0)
]


class World:
    """The tenant: its first two projects and first key are of its workspace, the third project of
    `other_workspace_id`. `entries` are the rows of its ledger, each with its local `day`.
    """

    def __init__(
        self,
        database: Database,
        tenant: Tenant,
        other_workspace_id: UUID,
        other_key_id: UUID,
        calendar: Calendar,
        entries: list[dict[str, Any]],
    ) -> None:
        self.database = database
        self.tenant = tenant
        self.other_workspace_id = other_workspace_id
        self.other_key_id = other_key_id
        self.calendar = calendar
        self.entries = entries

    @property
    def scope(self) -> Scope:
        return Scope.system(self.tenant.organization_id)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        async with self.database.connection() as connection:
            yield connection

    def met(self, keep: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """The entries to keep."""
        return [row for row in self.entries if keep(row)]


def summed(rows: Iterable[dict[str, Any]]) -> Sums:
    """What entries come to."""
    total = Sums()
    for row in rows:
        inputs = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
        total += Sums(
            row["requests"],
            sum(row[name] for name in inputs),
            row["output"] + row["reasoning"],
            row["cost"] or Decimal(0),
            row["unpriced"],
        )
    return total


def grouped(
    rows: Iterable[dict[str, Any]], key: Callable[[dict[str, Any]], Any]
) -> dict[Any, Sums]:
    """The same by a key, without what corrections have brought to nothing."""
    parts: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        parts.setdefault(key(row), []).append(row)
    sums = {name: summed(part) for name, part in parts.items()}
    return {name: it for name, it in sums.items() if it.is_something}


async def make_world(database: Database, ledger: Ledger, time_zone: str) -> World:
    """Records the history and reads it back."""
    tenant = await make_tenant(database, time_zone=time_zone)
    other_workspace, other_key = await _another_workspace(database, tenant)
    chance = random.Random(time_zone)
    mistaken = await make_import(database, tenant)
    events = [_call(tenant, other_key, chance, number) for number in range(CALLS)]
    for number in range(0, CALLS, 9):
        events[number] = replace(events[number], import_id=mistaken)
    await _record(ledger, tenant, events)
    await _record(ledger, tenant, [it for event in events[::4] for it in _growth(event, chance)])
    await undo_import(database, tenant.id, mistaken)
    await _record(ledger, tenant, [replace(event, import_id=None) for event in events[::18]])
    await price(database, tenant, UNKNOWN)
    await posted(database, tenant, await shown(database, tenant))
    async with database.connection() as connection:
        calendar = Calendar(await load_time_zones(connection, tenant.id), NOW)
    return World(database, tenant, other_workspace, other_key, calendar, await _entries(tenant))


async def _record(ledger: Ledger, tenant: Tenant, events: list[UsageEvent]) -> None:
    outcomes = await ledger.record(tenant.id, events, now=NOW)
    assert not any(outcome.errors for outcome in outcomes)


async def _another_workspace(database: Database, tenant: Tenant) -> tuple[UUID, UUID]:
    workspace_id, key_id = uuid7(), uuid7()
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO workspace (organization_id, id, name, created_at)"
            " VALUES ($1, $2, 'Other', now())",
            tenant.id, workspace_id,
        )  # fmt: skip
        await connection.execute(
            "UPDATE project SET workspace_id = $3 WHERE organization_id = $1 AND id = $2",
            tenant.id, tenant.project_ids[2], workspace_id,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO api_key (organization_id, id, name, prefix, secret_hash, role, created_at)"
            " VALUES ($1, $2, '=cmd|''/c calc''!A1', 'aic_othr', $3, 'OWNER', now())",
            tenant.id, key_id, key_id.bytes * 2,
        )  # fmt: skip
    return workspace_id, key_id


def _call(tenant: Tenant, other_key: UUID, chance: random.Random, number: int) -> UsageEvent:
    at = chance.choice(EDGES) if number % 6 == 0 else START + (END - START) * chance.random()
    provider, model, operation = chance.choice(MODELS)
    output = 0 if operation is Operation.EMBEDDING else chance.randrange(5_000)
    run = RunRef(f"run {chance.randrange(9)}", workflow=chance.choice(["a", "b"]))
    who = chance.choice([None, *Initiator])
    job = JobRef(f"job of {who}", "Research", who)
    return tenant.event(
        f"e{number}",
        project_id=tenant.project_ids[chance.choice([0, 0, 1, 2])],
        occurred_at=at,
        provider=provider,
        model=model,
        operation=operation,
        outcome=chance.choice([CallOutcome.SUCCEEDED] * 4 + [CallOutcome.FAILED]),
        tokens=ReportedTokens(
            input_tokens=chance.randrange(90_000),
            output_tokens=output,
            cache_read_tokens=chance.choice([0, chance.randrange(50_000)]),
            input_includes_cache=False,
        ),
        api_key_id=chance.choice([None, tenant.api_key_id, other_key]),
        duration_ms=chance.choice([None, chance.randrange(40), chance.randrange(90_000)]),
        run=run if number % 3 else None,
        job=job if number % 3 == 1 else None,
        is_cumulative=number % 4 == 0,
    )


def _growth(event: UsageEvent, chance: random.Random) -> list[UsageEvent]:
    """Later reports of the same call: some grow it, some repeat it, some cross a price tier."""
    before = event.tokens.input_tokens or 0
    more = [before + chance.randrange(60_000), before + chance.randrange(400_000)]
    return [
        replace(
            event,
            tokens=ReportedTokens(
                input_tokens=count,
                output_tokens=event.tokens.output_tokens,
                cache_read_tokens=event.tokens.cache_read_tokens,
                input_includes_cache=False,
            ),
            import_id=None,
        )
        for count in sorted(more)
    ]


async def _entries(tenant: Tenant) -> list[dict[str, Any]]:
    zone = ZoneInfo(tenant.time_zone)
    rows = await CreditTransaction.filter(organization_id=tenant.id).values(
        "id", "event_key", "part", "kind", "occurred_at", "requests", "unpriced", "input",
        "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "cost", "provider",
        "model", "operation", "outcome", "initiator", "api_key_id", "duration_ms", "project_id",
        "run_id", "rate_id", workspace_id="project__workspace_id", job_initiator="job__initiator",
    )  # fmt: skip
    # Organizations have rates of the same id: of these only its own.
    rates = await Rate.filter(organization_id=tenant.id)
    prices = {rate.id: (rate.input, rate.output) for rate in rates}
    return [
        row
        | {
            "day": row["occurred_at"].astimezone(zone).date(),
            "prices": prices.get(row["rate_id"]),
        }
        for row in rows
    ]
