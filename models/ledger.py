"""Recording usage: normalise, price, deduplicate, append and roll up, in one transaction a batch.

`Ledger.record` answers each event by itself (recorded, duplicate, conflict, rejected with reasons);
the batch is there as a whole or not at all. Locks are taken in the order of the design: runs and
jobs, rates, ledger keys, rollups. Refused here: deciding who may write, and waiting for a balance.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from uuid import UUID

import asyncpg

from models.adoption import Adoption, with_adoption
from models.cap_posting import Settlement
from models.checked import Checked, checked
from models.db import Database, sql
from models.errors import ConflictError, UserError
from models.event import UNATTRIBUTED, JobRef, RunRef, UsageEvent, UsageOutcome, UsageStatus
from models.hold import lock_settlements
from models.ledger_write import write
from models.local_time import TimeZones
from models.posted import gather_posted
from models.posting import NOTHING, Attribution, Entry, Posted, grows_anothers, post
from models.price import PriceBook, Rate, load_price_book
from models.public_price import public_version
from models.rate import insert_rates
from models.run import Activity, Stored, merge
from models.run_store import stored
from models.said import JobKey, Named, RunKey, gather_events, gather_run
from models.token import TokenCounts

PRICES_SECONDS = 60
"""How old its view of public prices may be, in a process that others adopt prices beside."""
_RACE_COUNT = 10
Answer = TypeVar("Answer")
_KNOWN_RATE_COUNT = 100_000


class _RacedError(Exception):
    """Another writer took a part first; nothing of this batch was kept."""


@dataclass(frozen=True, slots=True)
class _Context:
    """What the organization says about a batch, and what is posted under its keys."""

    workspace_ids: Mapping[UUID, UUID]
    api_key_ids: frozenset[UUID | None]
    user_ids: frozenset[UUID | None]
    zones: TimeZones
    prices: PriceBook
    posted: Mapping[str, Posted]
    stored: Stored


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a batch names, of which its context tells what is there."""

    named: Named
    project_ids: Collection[UUID]
    api_key_ids: Collection[UUID] = ()
    user_ids: Collection[UUID] = ()
    event_keys: Collection[str] = ()

    @classmethod
    def of(cls, said: Sequence[Checked], named: Named) -> Self:
        """What events name; the keys only of those that can be recorded."""
        events = [each.event for each in said]
        return cls(
            named,
            {event.project_id for event in events},
            {event.api_key_id for event in events if event.api_key_id is not None},
            {event.user_id for event in events if event.user_id is not None},
            {each.event.counted_key for each in said if not each.errors},
        )

    def parameters(self) -> tuple[Collection[Any], ...]:
        """Of `ledger_context.sql`, from the second on."""
        runs, jobs = self.named.runs, self.named.jobs
        return (
            *(self.project_ids, self.api_key_ids, self.user_ids, self.event_keys),
            *([run.project_id for run in runs], [run.key for run in runs]),
            [job.run.project_id for job in jobs],
            [job.run.key for job in jobs],
            [job.key for job in jobs],
        )


@dataclass(slots=True)
class _Plan:
    """What a batch comes to: the answers in order, and what is to be written."""

    outcomes: list[UsageOutcome]
    entries: list[Entry] = field(default_factory=list)
    rates: dict[UUID, Rate] = field(default_factory=dict)


class Ledger:
    """Writes the ledger of any organization. Keeps public prices and known rates in memory."""

    def __init__(self, database: Database, *, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._database = database
        self._clock = clock
        self._public: PriceBook | None = None
        self._public_version: datetime | None = None
        self._public_seen_ns = 0
        self._known_rates: set[tuple[UUID, UUID]] = set()

    async def record(
        self,
        organization_id: UUID,
        events: Sequence[UsageEvent] | Sequence[Checked],
        *,
        now: datetime | None = None,
        on_sent: Callable[[], None] | None = None,
    ) -> list[UsageOutcome]:
        """Records a batch and answers each event, in order; they may be checked already.

        `now` stands for an omitted `occurred_at` and is the entries' `recorded_at`; the clock's
        when None. `on_sent` is called when the batch is with PostgreSQL and this process has
        nothing to do for it; perhaps repeatedly, perhaps never. Raises what asyncpg raises when the
        database is away: nothing was written.
        """
        instant = now or datetime.now(UTC)
        # Checked before anything is sent: not every text can be.
        said = [each if isinstance(each, Checked) else checked(each) for each in events]
        named = gather_events((each.event for each in said if not each.errors), instant)
        plan = await self._in_turn(
            organization_id,
            _Asked.of(said, named),
            lambda adoption, context: self._record(
                adoption, context, said, named, instant, on_sent
            ),
        )
        self._remember_rates(organization_id, plan.rates)
        return plan.outcomes

    async def record_run(
        self,
        organization_id: UUID,
        project_id: UUID,
        run: RunRef,
        jobs: Sequence[JobRef] = (),
        *,
        now: datetime | None = None,
    ) -> UUID:
        """Makes or updates a run and its jobs without usage, and answers the run's id.

        The caller has checked both (`event_check.check_activity`) and the project.
        """
        instant = now or datetime.now(UTC)
        named = gather_run(project_id, run, jobs, instant)

        async def bring_up(adoption: Adoption, context: _Context) -> UUID:
            activity = merge(named, context.stored, context.workspace_ids, context.zones)
            await self._write(adoption, instant, [], activity)
            return activity.runs[RunKey(project_id, run.key)].id

        return await self._in_turn(organization_id, _Asked(named, {project_id}), bring_up)

    @property
    def database(self) -> Database:
        """Where it writes."""
        return self._database

    def forget_prices(self) -> None:
        """Reads public prices anew with the next batch."""
        self._public = None

    async def _in_turn(
        self,
        organization_id: UUID,
        asked: _Asked,
        work: Callable[[Adoption, _Context], Awaitable[Answer]],
    ) -> Answer:
        """Does `work` with its context in a transaction: anew, alone, if another was quicker.

        Beside others again where the gate cannot be closed soon.
        """

        async def decide(adoption: Adoption) -> Answer:
            context = await self._load_context(adoption.connection, organization_id, asked)
            return await work(adoption, context)

        for _ in range(_RACE_COUNT):
            with suppress(_RacedError):
                return await with_adoption(self._database, organization_id, decide)
            # Beside others it could be raced again, and again.
            with suppress(_RacedError, asyncpg.LockNotAvailableError):
                return await with_adoption(self._database, organization_id, decide, is_alone=True)
        raise ConflictError("The same events are being written by too many callers; send again.")

    async def _record(
        self,
        adoption: Adoption,
        context: _Context,
        said: Sequence[Checked],
        named: Named,
        now: datetime,
        on_sent: Callable[[], None] | None,
    ) -> _Plan:
        connection, organization_id = adoption.connection, adoption.organization_id
        judged = [_judge(each, context) for each in said]
        sound = [each for each in judged if isinstance(each, Checked)]
        telling = list(_without_conflicts(sound, context.posted))
        if len(telling) < len(said):
            named = gather_events(telling, now)
        activity = merge(named, context.stored, context.workspace_ids, context.zones)
        plan = _plan(judged, context, activity, now)
        await self._insert_rates(connection, organization_id, plan.rates, now)
        events = [each.event for each in said]
        holds = await lock_settlements(connection, organization_id, events, plan.outcomes)
        if on_sent is not None:
            asyncio.get_running_loop().call_soon(on_sent)
        await self._write(adoption, now, plan.entries, activity, holds)
        return plan

    async def _write(
        self,
        adoption: Adoption,
        now: datetime,
        entries: Sequence[Entry],
        activity: Activity,
        holds: Sequence[Settlement] = (),
    ) -> None:
        await adoption.find(activity.adopted)
        connection, organization_id = adoption.connection, adoption.organization_id
        if not await write(connection, organization_id, now, entries, activity, holds):
            raise _RacedError
        await adoption.count(activity.adopted)

    async def _load_context(
        self, connection: asyncpg.Connection, organization_id: UUID, asked: _Asked
    ) -> _Context:
        """One statement, and a second one where the organization has prices of its own."""
        prices = await self._public_prices(connection)
        [row] = await connection.fetch(sql("ledger_context"), organization_id, *asked.parameters())
        if not row["zone_names"]:
            raise LookupError(f"organization {organization_id} does not exist")
        if row["has_prices"]:
            prices = await load_price_book(connection, organization_id, public=prices)
        return _Context(
            dict(zip(row["project_ids"], row["workspace_ids"], strict=True)),
            frozenset([None, *row["api_key_ids"]]),
            frozenset([None, *row["user_ids"]]),
            TimeZones(row["zone_starts"], row["zone_names"]),
            prices,
            gather_posted(row["posted"]),
            stored(row["runs"], row["jobs"]),
        )

    async def price_book(
        self, connection: asyncpg.Connection, organization_id: UUID, has_own: bool
    ) -> PriceBook:
        """The prices that an organization is billed by; `has_own` where it has any of its own."""
        public = await self._public_prices(connection)
        if not has_own:
            return public
        return await load_price_book(connection, organization_id, public=public)

    async def _public_prices(self, connection: asyncpg.Connection) -> PriceBook:
        """The public book, read anew when another process has adopted prices: within a minute."""
        age_ns = self._clock() - self._public_seen_ns
        if self._public is not None and age_ns < PRICES_SECONDS * 10**9:
            return self._public
        version = await public_version(connection)
        if self._public is None or version != self._public_version:
            self._public = await load_price_book(connection)
            self._public_version = version
        self._public_seen_ns = self._clock()
        return self._public

    async def _insert_rates(
        self,
        connection: asyncpg.Connection,
        organization_id: UUID,
        rates: Mapping[UUID, Rate],
        now: datetime,
    ) -> None:
        new = [rate for id, rate in rates.items() if (organization_id, id) not in self._known_rates]
        await insert_rates(connection, organization_id, new, now)

    def _remember_rates(self, organization_id: UUID, rates: Iterable[UUID]) -> None:
        if len(self._known_rates) > _KNOWN_RATE_COUNT:
            self._known_rates.clear()
        self._known_rates.update((organization_id, id) for id in rates)


def _judge(said: Checked, context: _Context) -> Checked | UsageOutcome:
    """The event, if everything that it names is there."""
    event, errors = said.event, [*said.errors]
    if event.project_id not in context.workspace_ids:
        errors.append(_missing("projectId", "project"))
    if event.api_key_id not in context.api_key_ids:
        errors.append(_missing("apiKeyId", "API key"))
    if event.user_id not in context.user_ids:
        errors.append(_missing("userId", "user"))
    if errors:
        return UsageOutcome(event.event_key, UsageStatus.REJECTED, errors=tuple(errors))
    return said


def _missing(name: str, noun: str) -> UserError:
    return UserError("NOT_FOUND", f"There is no such {noun}.", (name,))


def _without_conflicts(
    sound: Sequence[Checked], posted: Mapping[str, Posted]
) -> Iterator[UsageEvent]:
    """Events that may name runs and jobs: a conflict changes nothing, not even a job's status."""
    first = {key: parts.head.content_hash for key, parts in posted.items() if parts.is_live}
    for each in sound:
        event = each.event
        if event.is_growing:
            if not grows_anothers(event, posted.get(event.counted_key, NOTHING)):
                yield event
        elif first.setdefault(event.counted_key, each.digest) == each.digest:
            yield event


def _plan(
    judged: Sequence[Checked | UsageOutcome],
    context: _Context,
    activity: Activity,
    now: datetime,
) -> _Plan:
    """Decides event after event; what one posts is what the next one under its key finds."""
    plan = _Plan([])
    grown: dict[str, tuple[Posted, tuple[Entry, ...]]] = {}
    for each in judged:
        if isinstance(each, UsageOutcome):
            plan.outcomes.append(each)
            continue
        event = each.event
        key = event.counted_key
        if key in grown:
            earlier, added = grown[key]
            before = earlier.append(added)
        else:
            before = context.posted.get(key, NOTHING)
        attribution = _attribute(event, each.counts, context, activity, now)
        posting = post(event, each.digest, each.counts, attribution, before, context.prices)
        plan.outcomes.append(posting.outcome)
        if posting.entries:
            grown[key] = (before, posting.entries)
            plan.entries.extend(posting.entries)
        if posting.rate is not None:
            plan.rates[posting.rate.id] = posting.rate
    return plan


def _attribute(
    event: UsageEvent, counts: TokenCounts, context: _Context, activity: Activity, now: datetime
) -> Attribution:
    at = event.occurred_at or now
    run = job = None
    if event.run is not None:
        key = RunKey(event.project_id, event.run.key)
        run = activity.runs.get(key)
        job = activity.jobs.get(JobKey(key, event.job.key)) if event.job is not None else None
    initiator = event.job.initiator if event.job is not None else None
    return Attribution(
        project_id=event.project_id,
        workspace_id=context.workspace_ids[event.project_id],
        occurred_at=at,
        day=context.zones.day(at),
        provider=event.provider or _found_provider(event, counts, context.prices, at),
        model=event.model,
        operation=event.operation,
        outcome=event.outcome,
        run_id=run.id if run is not None else None,
        job_id=job.id if job is not None else None,
        agent_type=job.agent_type if job is not None else UNATTRIBUTED,
        initiator=initiator or (job.initiator if job is not None else None),
        surface=event.surface,
        service_tier=event.service_tier,
        api_key_id=event.api_key_id,
        user_id=event.user_id,
        reservation_id=event.reservation_id,
    )


def _found_provider(
    event: UsageEvent, counts: TokenCounts, prices: PriceBook, at: datetime
) -> str | None:
    rate = prices.resolve(
        None, event.model, at, input_tokens=counts.input_tokens, service_tier=event.service_tier
    )
    return rate.provider if rate is not None else None
