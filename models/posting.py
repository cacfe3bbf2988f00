"""What an event adds to what was posted under its key: the pure half of writing the ledger.

Given the parts that the ledger holds for a key and what an event says now, `post` decides whether
the event is new, a duplicate, a conflict, or grows a call, and makes the entries to append. Every
entry proves itself: cost = tokens * rate, exactly. Where a growing call changes its rate (a context
tier, a price found meanwhile), what was posted is taken back at the old rate and posted again at
the new one. Refused: I/O, and anything that another row could change.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import orjson

from models.errors import UserError
from models.event import UNATTRIBUTED, UsageEvent, UsageOutcome, UsageStatus
from models.ids import uuid7
from models.local_time import LocalDay
from models.price import PriceBook, Rate
from models.token import TokenCounts

USAGE, ADJUSTMENT = "USAGE", "ADJUSTMENT"
RATE_CHANGED = "the call grew into another rate"
_ZERO = TokenCounts()
_ANOTHERS = UserError(
    "CONFLICT",
    "callKey was used before for another project; nothing was changed.",
    ("stream", "callKey"),
)


# Not frozen, though nobody changes them: freezing doubles what making one costs, and there are two
# for every event.
@dataclass(slots=True)
class Attribution:
    """Whose and what kind of call it is: fixed by the first part of a key."""

    project_id: UUID
    workspace_id: UUID
    occurred_at: datetime
    day: LocalDay
    provider: str | None
    model: str | None
    operation: str
    outcome: str
    run_id: UUID | None = None
    job_id: UUID | None = None
    agent_type: str = UNATTRIBUTED
    initiator: str | None = None
    surface: str | None = None
    service_tier: str = ""
    api_key_id: UUID | None = None
    user_id: UUID | None = None
    reservation_id: UUID | None = None


@dataclass(slots=True)
class Entry:
    """A row of the ledger, apart from the organization and the instant of writing."""

    id: UUID
    event_key: str
    part: int
    attribution: Attribution
    tokens: TokenCounts
    requests: int
    unpriced: int
    content_hash: bytes
    kind: str = USAGE
    rate_id: UUID | None = None
    cost: Decimal | None = None
    source_cost: Decimal | None = None
    duration_ms: int | None = None
    report_key: str | None = None
    input_includes_cache: bool | None = None
    output_includes_reasoning: bool | None = None
    corrects_id: UUID | None = None
    reason: str | None = None
    import_id: UUID | None = None


class Posted:
    """The parts under one key and their sums: what an event is compared with."""

    def __init__(self, parts: Iterable[Entry] = ()) -> None:
        self.parts = sorted(parts, key=lambda entry: entry.part)
        self.tokens = sum((entry.tokens for entry in self.parts), _ZERO)
        self.requests = sum(entry.requests for entry in self.parts)
        self.unpriced = sum(entry.unpriced for entry in self.parts)

    @property
    def is_live(self) -> bool:
        """Whether the call counts: it was posted, and not taken back since."""
        return self.requests > 0

    @property
    def stands(self) -> bool:
        """Whether something is left of it; parts of an import that was undone may be gone."""
        return self.is_live or self.tokens != _ZERO

    @property
    def next_part(self) -> int:
        return self.parts[-1].part + 1 if self.parts else 0

    @property
    def head(self) -> Entry:
        """The last part that counted as the call's request: its attribution and rate hold."""
        return next(entry for entry in reversed(self.parts) if entry.requests > 0)

    @property
    def cost(self) -> Decimal | None:
        """Dollars posted so far; None while unpriced."""
        if self.head.rate_id is None:
            return None
        return sum((entry.cost for entry in self.parts if entry.cost is not None), Decimal(0))

    @property
    def duration_ms(self) -> int | None:
        """The duration that counts, when one was stated and not taken back."""
        stated = [entry for entry in self.parts if entry.duration_ms is not None]
        balance = sum(1 if entry.kind == USAGE else -1 for entry in stated)
        return stated[-1].duration_ms if balance > 0 else None

    def append(self, entries: Iterable[Entry]) -> "Posted":
        """The same key after more parts."""
        return Posted([*self.parts, *entries])


NOTHING = Posted()


@dataclass(slots=True)
class Posting:
    """What became of an event and the entries that it adds."""

    outcome: UsageOutcome
    entries: tuple[Entry, ...] = ()
    rate: Rate | None = None


def content_hash(event: UsageEvent) -> bytes:
    """16 bytes over the billing fields as sent: no defaults of ours, no job status, no duration.

    Kept for ever beside the entry, so neither the order of the fields nor their form changes: a
    JSON list. Takes events that `event_check` passed.
    """
    run, job, tokens, source_cost = event.run, event.job, event.tokens, event.source_cost
    fields = (
        event.project_id,
        run.key if run is not None else None,
        (job.key, job.agent_type, job.initiator) if job is not None else None,
        event.occurred_at.astimezone(UTC) if event.occurred_at is not None else None,
        event.provider,
        event.model,
        event.operation,
        event.outcome,
        event.surface,
        event.service_tier,
        event.api_key_id,
        event.user_id,
        event.call_key,
        str(source_cost.normalize()) if source_cost is not None else None,
        tokens.input_tokens,
        tokens.output_tokens,
        tokens.cache_read_tokens,
        tokens.cache_write_5m_tokens,
        tokens.cache_write_1h_tokens,
        tokens.reasoning_tokens,
        tokens.input_includes_cache,
        tokens.output_includes_reasoning,
    )
    # asyncpg's UUIDs are of a class of their own, which orjson does not know; the text is the same.
    return hashlib.blake2b(orjson.dumps(fields, default=str), digest_size=16).digest()


def grows_anothers(event: UsageEvent, posted: Posted) -> bool:
    """Whether a report names a call of another project, which is not its sender's to grow.

    Its sender's rights were checked at the project that it names, and posting goes to the call's.
    """
    if event.call_key is None or not posted.stands:
        return False
    return posted.head.attribution.project_id != event.project_id


def post(
    event: UsageEvent,
    digest: bytes,
    counts: TokenCounts,
    attribution: Attribution,
    posted: Posted,
    prices: PriceBook,
) -> Posting:
    """Decides about one event; `attribution` is used only where the key has none that stands.

    `digest` is the event's `content_hash`, `counts` are its tokens in disjoint classes.
    """
    if not posted.parts:
        return _first(event, digest, counts, attribution, prices)
    if posted.is_live and not event.is_growing:
        return Posting(_repeated(event, digest, posted))
    if grows_anothers(event, posted):
        return Posting(UsageOutcome(event.event_key, UsageStatus.CONFLICT, errors=(_ANOTHERS,)))
    owed = posted.head.attribution if posted.stands else attribution
    added = counts.positive_difference(posted.tokens) if posted.stands else counts
    if posted.is_live and added == _ZERO:
        return Posting(_answer(event, UsageStatus.DUPLICATE, posted.head, posted.cost))
    target = posted.tokens + added
    rate = _resolve(prices, owed, target)
    rate_id = rate.id if rate is not None else None
    if posted.stands and posted.head.rate_id != rate_id:
        back = _taken_back(event, digest, posted)
        duration_ms = posted.duration_ms or event.duration_ms
        again = _entry(event, digest, owed, back.part + 1, target, 1, rate, duration_ms)
        cost = again.cost + (back.cost or 0) if again.cost is not None else None
        outcome = _answer(event, UsageStatus.RECORDED, again, cost)
        return Posting(outcome, (back, again), rate)
    duration_ms = event.duration_ms if posted.duration_ms is None else None
    requests = 0 if posted.is_live else 1
    entry = _entry(event, digest, owed, posted.next_part, added, requests, rate, duration_ms)
    return Posting(_answer(event, UsageStatus.RECORDED, entry, entry.cost), (entry,), rate)


def _first(
    event: UsageEvent,
    digest: bytes,
    counts: TokenCounts,
    attribution: Attribution,
    prices: PriceBook,
) -> Posting:
    """The whole of a call of which nothing was posted: most events."""
    rate = _resolve(prices, attribution, counts)
    entry = _entry(event, digest, attribution, 0, counts, 1, rate, event.duration_ms)
    return Posting(_answer(event, UsageStatus.RECORDED, entry, entry.cost), (entry,), rate)


def reversal(entry: Entry, part: int, reason: str) -> Entry:
    """The adjustment that takes one entry back: its opposite, at its own instant and dimensions."""
    return replace(
        entry,
        id=uuid7(),
        part=part,
        kind=ADJUSTMENT,
        tokens=_ZERO - entry.tokens,
        requests=-entry.requests,
        unpriced=-entry.unpriced,
        cost=-entry.cost if entry.cost is not None else None,
        source_cost=None,
        corrects_id=entry.id,
        reason=reason,
        import_id=None,
    )


def _repeated(event: UsageEvent, digest: bytes, posted: Posted) -> UsageOutcome:
    head = posted.head
    if head.content_hash == digest:
        return _answer(event, UsageStatus.DUPLICATE, head, posted.cost)
    return UsageOutcome(event.event_key, UsageStatus.CONFLICT)


def _answer(
    event: UsageEvent, status: UsageStatus, entry: Entry, cost: Decimal | None
) -> UsageOutcome:
    is_unpriced = entry.rate_id is None
    return UsageOutcome(event.event_key, status, is_unpriced, entry.id, cost)


def _resolve(prices: PriceBook, owed: Attribution, tokens: TokenCounts) -> Rate | None:
    return prices.resolve(
        owed.provider,
        owed.model or "",
        owed.occurred_at,
        input_tokens=tokens.input_tokens,
        service_tier=owed.service_tier,
    )


def _taken_back(event: UsageEvent, digest: bytes, posted: Posted) -> Entry:
    """One adjustment that brings the key's sums to nothing at the rate that they stand at."""
    head = posted.head
    costs = (entry.cost for entry in posted.parts if entry.cost is not None)
    return Entry(
        id=uuid7(),
        event_key=event.counted_key,
        part=posted.next_part,
        attribution=head.attribution,
        tokens=_ZERO - posted.tokens,
        requests=-posted.requests,
        unpriced=-posted.unpriced,
        content_hash=digest,
        kind=ADJUSTMENT,
        rate_id=head.rate_id,
        cost=-sum(costs, Decimal(0)) if head.rate_id is not None else None,
        duration_ms=posted.duration_ms,
        report_key=event.report_key,
        corrects_id=head.id,
        reason=RATE_CHANGED,
        import_id=event.import_id,
    )


def _entry(
    event: UsageEvent,
    digest: bytes,
    owed: Attribution,
    part: int,
    tokens: TokenCounts,
    requests: int,
    rate: Rate | None,
    duration_ms: int | None,
) -> Entry:
    return Entry(
        id=uuid7(),
        event_key=event.counted_key,
        part=part,
        attribution=owed,
        tokens=tokens,
        requests=requests,
        unpriced=requests if rate is None else 0,
        content_hash=digest,
        rate_id=rate.id if rate is not None else None,
        cost=rate.cost(tokens, requests) if rate is not None else None,
        source_cost=event.source_cost,
        duration_ms=duration_ms,
        report_key=event.report_key,
        input_includes_cache=event.tokens.input_includes_cache,
        output_includes_reasoning=event.tokens.output_includes_reasoning,
        import_id=event.import_id,
    )
