"""What repricing a call posts: taken back at its old rate, posted again at the one known now.

Both are adjustments with the call's own instant and dimensions, so every entry goes on proving
itself: cost = tokens * rate. The second counts as the call's request, and so is the head that
growth, repetition and undo build on. Each import's part of a call is moved by itself and keeps the
import's id: an import's cost stays what it stands at, and taking it back takes all of it back.
Left alone: calls that were taken back, and what no price is known for now (nothing is ever made
unpriced). Refused: I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from models.ids import uuid7
from models.posting import ADJUSTMENT, Entry, Posted
from models.price import PriceBook, Rate
from models.token import TokenCounts

PRICE_FOUND = "a price is known now"
PRICE_CHANGED = "another price is known now"


@dataclass(frozen=True, slots=True)
class Repriced:
    """One call that comes to something else now, and the entries that make it so.

    `cost_before` counts an unpriced call as 0.
    """

    provider: str | None
    model: str | None
    was_unpriced: bool
    cost_before: Decimal
    cost_after: Decimal
    rate: Rate
    entries: tuple[Entry, ...]


def rate_now(posted: Posted, prices: PriceBook) -> Rate | None:
    """The rate at which a call would be posted today; None when it has no price."""
    owed = posted.head.attribution
    return prices.resolve(
        owed.provider,
        owed.model or "",
        owed.occurred_at,
        input_tokens=posted.tokens.input_tokens,
        service_tier=owed.service_tier,
    )


def reprice(
    posted: Posted, prices: PriceBook, rates: Mapping[UUID, Rate], repricing_id: UUID
) -> Repriced | None:
    """What a live call comes to at the prices of `prices`; None when nothing changes.

    `rates` has the rate at which it stands. A call whose cost stays the same is left alone: two
    entries that come to nothing would only be noise.
    """
    head = posted.head
    rate = rate_now(posted, prices)
    if rate is None:
        return None
    old = rates[head.rate_id] if head.rate_id is not None else None
    before = old.cost(posted.tokens, posted.requests) if old is not None else Decimal(0)
    after = rate.cost(posted.tokens, posted.requests)
    if old is not None and before == after:
        return None
    reason = f"{PRICE_CHANGED if old is not None else PRICE_FOUND} (repricing {repricing_id})"
    return Repriced(
        provider=head.attribution.provider,
        model=head.attribution.model,
        was_unpriced=old is None,
        cost_before=before,
        cost_after=after,
        rate=rate,
        entries=tuple(_entries(posted, old, rate, reason)),
    )


def _entries(posted: Posted, old: Rate | None, rate: Rate, reason: str) -> Iterable[Entry]:
    """Taking back comes before posting again, so that the head is among what is posted again."""
    shares = [share for share in _shares(posted) if _stands(share)]
    part = posted.next_part
    for place, share in enumerate(shares):
        tokens, requests = TokenCounts() - share.tokens, -share.requests
        yield _entry(posted, share, part + place, tokens, requests, old, reason)
    part += len(shares)
    for place, share in enumerate(shares):
        yield _entry(posted, share, part + place, share.tokens, share.requests, rate, reason)


def _shares(posted: Posted) -> Iterable[Posted]:
    """What each import added to the call, and what came otherwise, in the order of first parts."""
    by_import: dict[UUID | None, list[Entry]] = {}
    for entry in posted.parts:
        by_import.setdefault(entry.import_id, []).append(entry)
    return map(Posted, by_import.values())


def _stands(share: Posted) -> bool:
    return share.tokens != TokenCounts() or share.requests != 0


def _entry(
    posted: Posted,
    share: Posted,
    part: int,
    tokens: TokenCounts,
    requests: int,
    rate: Rate | None,
    reason: str,
) -> Entry:
    """One half of moving a share. It states no duration: the call's own stays as it was counted."""
    head = posted.head
    return Entry(
        id=uuid7(),
        event_key=head.event_key,
        part=part,
        attribution=head.attribution,
        tokens=tokens,
        requests=requests,
        unpriced=requests if rate is None else 0,
        content_hash=head.content_hash,
        kind=ADJUSTMENT,
        rate_id=rate.id if rate is not None else None,
        cost=rate.cost(tokens, requests) if rate is not None else None,
        corrects_id=head.id,
        reason=reason,
        import_id=share.parts[0].import_id,
    )
