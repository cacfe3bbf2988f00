"""Deciding whether money may be spent: what is asked, what fits, what is held and what is denied.

The pure half of admission. Requests that wait together are decided in their order of arrival: each
is granted when it fits under every cap that applies, as they stand with those granted before it, or
under none. Caps that only warn hold too and are named. Refused: I/O (see `admission_writer.py`),
and denying what fits at the moment of decision.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import orjson

from models.cap_rule import CapAction, CapRule, Credits, UnpricedPolicy, covered
from models.cap_window import Window
from models.credit_balance import exact
from models.errors import UserError
from models.event import KEY_LENGTH
from models.event_check import is_storable
from models.hold import LONGEST_SECONDS
from models.money import DECIMALS, ZERO, decimals, plain
from models.price import Rate
from models.token import MAX_COUNT, TokenCounts

GREATEST_AMOUNT = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """A call that is about to be made, to be priced at its most expensive."""

    model: str
    input_tokens: int
    max_output_tokens: int
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class SpendRequest:
    """Money to be held: dollars, or a call for us to price; exactly one of the two."""

    key: str
    project_id: UUID
    run_key: str | None = None
    job_key: str | None = None
    api_key_id: UUID | None = None
    user_id: UUID | None = None
    amount: Decimal | None = None
    call: CallEstimate | None = None
    ttl_seconds: int = 600


class DenialReason(StrEnum):
    """Why a reservation was denied."""

    CAP_REACHED = "CAP_REACHED"
    UNPRICED_MODEL = "UNPRICED_MODEL"
    CREDITS_OUT = "CREDITS_OUT"


@dataclass(frozen=True, slots=True)
class Granted:
    """The money is held. `warning_cap_ids` are caps with action WARN that it exceeds."""

    reservation_id: UUID
    warning_cap_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Denied:
    """It does not fit. Figures are of the widest cap that refused (`cap_id`), or of the credits.

    `requested` is in `unit`, None when it could not be priced. Whether the asker may see the
    figures is for the door to say.
    """

    reason: DenialReason
    cap_id: UUID | None
    scope: str
    unit: str
    limit: Decimal
    spent: Decimal
    held: Decimal
    requested: Decimal | None
    resets_at: datetime | None
    is_retryable: bool

    def message(self, *, may_see: bool) -> str:
        """For people; figures only where they may be seen."""
        what = f"the cap of the {self.scope.lower().replace('_', ' ')}"
        if self.reason is DenialReason.UNPRICED_MODEL:
            return f"The model's price is not known, and {what} refuses what has no price."
        if self.reason is DenialReason.CREDITS_OUT:
            what = "the credits that are left"
        asked = f"{plain(self.requested or ZERO)} {self.unit.lower()}"
        told = f"{asked} does not fit under {what}."
        if may_see:
            left = max(ZERO, self.limit - self.spent - self.held)
            told = (
                f"{asked} does not fit under {what}: {plain(left)} of {plain(self.limit)} is left"
                f" ({plain(self.spent)} spent, {plain(self.held)} held)."
            )
        if self.resets_at is not None:
            told += f" It begins anew at {self.resets_at.isoformat()}."
        return told


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request made no sense; nothing was looked at."""

    errors: tuple[UserError, ...]


Answer = Granted | Denied | Rejected


@dataclass(slots=True)
class Room:
    """What stands under a cap in one window while requests are decided; `added` is new."""

    rule: CapRule
    window: Window
    spent: Decimal
    held: Decimal
    added: Decimal = ZERO

    @property
    def taken(self) -> Decimal:
        """What is spent and held."""
        return self.spent + self.held + self.added


@dataclass(slots=True)
class CreditRoom:
    """The organization's credits while requests are decided."""

    allotted: Decimal
    used: Decimal
    held: Decimal
    resets_at: datetime
    rate: Credits
    added: Decimal = ZERO

    @property
    def taken(self) -> Decimal:
        """What is used and held."""
        return self.used + self.held + self.added


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that makes sense, with the rooms that it has to fit into, leaf to root.

    `dollars` is None when the call could not be priced.
    """

    request: SpendRequest
    dollars: Decimal | None
    rooms: Sequence[Room]
    credits: Credits
    now: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """What a granted request holds: dollars, credits, and an amount under each cap."""

    dollars: Decimal
    credits: Decimal
    is_unpriced: bool
    under: Sequence[tuple[Room, Decimal]]
    warnings: tuple[UUID, ...]


@dataclass(slots=True)
class _Refusal:
    """A cap that refuses, and what for."""

    room: Room
    reason: DenialReason
    asked: Decimal | None


@dataclass(slots=True)
class Verdict:
    """What became of an ask: what it holds, or why it is denied."""

    hold: Hold | None = None
    refusals: list[_Refusal] = field(default_factory=list)
    is_out_of_credits: bool = False


def content_hash(request: SpendRequest) -> bytes:
    """16 bytes over what is asked for, apart from its time to live."""
    call = request.call
    fields = (
        request.project_id,
        request.run_key,
        request.job_key,
        request.api_key_id,
        request.user_id,
        plain(request.amount) if request.amount is not None else None,
        (call.provider, call.model, call.input_tokens, call.max_output_tokens) if call else None,
    )
    return hashlib.blake2b(orjson.dumps(fields, default=str), digest_size=16).digest()


def check(request: SpendRequest) -> list[UserError]:
    """What to put right about a request, in the words of `ReserveSpendInput`."""
    errors = [*_text(request.key, "key")]
    if request.run_key is not None:
        errors += _text(request.run_key, "runKey")
    if request.job_key is not None:
        errors += _text(request.job_key, "jobKey")
        if request.run_key is None:
            errors.append(UserError("REQUIRED", "jobKey needs runKey", ("runKey",)))
    if (request.amount is None) == (request.call is None):
        message = "exactly one of amount and call is expected"
        errors.append(UserError("REQUIRED", message, ("amount",)))
    if request.amount is not None:
        errors += _amount(request.amount)
    if request.call is not None:
        errors += _call(request.call)
    if not 1 <= request.ttl_seconds <= LONGEST_SECONDS:
        message = f"ttlSeconds is {request.ttl_seconds}; 1 to {LONGEST_SECONDS} is expected."
        errors.append(UserError("OUT_OF_RANGE", message, ("ttlSeconds",)))
    return errors


def _text(text: str, *path: str) -> Iterable[UserError]:
    if not text or text.isspace():
        yield UserError("REQUIRED", f"{path[-1]} is empty; expected a name", path)
    elif len(text) > KEY_LENGTH:
        message = f"{path[-1]} has {len(text)} characters; expected at most {KEY_LENGTH}"
        yield UserError("OUT_OF_RANGE", message, path)
    elif not is_storable(text):
        message = f"{path[-1]} holds a NUL or half a surrogate pair; expected text"
        yield UserError("INVALID", message, path)


def _amount(amount: Decimal) -> Iterable[UserError]:
    if not amount.is_finite() or not 0 < amount <= GREATEST_AMOUNT:
        message = f"amount is {amount}; above 0 and at most {plain(GREATEST_AMOUNT)} is expected."
        yield UserError("OUT_OF_RANGE", message, ("amount",))
    elif decimals(amount) > DECIMALS:
        message = f"amount has {decimals(amount)} decimals; at most {DECIMALS} are kept."
        yield UserError("TOO_PRECISE", message, ("amount",))


def _call(call: CallEstimate) -> Iterable[UserError]:
    yield from _text(call.model, "call", "model")
    if call.provider is not None:
        yield from _text(call.provider, "call", "provider")
    counts = (("inputTokens", call.input_tokens), ("maxOutputTokens", call.max_output_tokens))
    for name, count in counts:
        if not 0 <= count <= MAX_COUNT:
            message = f"{name} is {count}; 0 to {MAX_COUNT} is expected."
            yield UserError("OUT_OF_RANGE", message, ("call", name))


def most_expensive(rate: Rate, call: CallEstimate) -> Decimal:
    """Dollars of a call at its dearest: nothing read from a cache, all output or all reasoning."""
    inputs = {"input": rate.input, "cache_write_5m": rate.cache_write_5m,
              "cache_write_1h": rate.cache_write_1h, "cache_read": rate.cache_read}  # fmt: skip
    outputs = {"output": rate.output, "reasoning": rate.reasoning}
    tokens = {
        max(inputs, key=lambda name: inputs[name]): call.input_tokens,
        max(outputs, key=lambda name: outputs[name]): call.max_output_tokens,
    }
    return rate.cost(TokenCounts(**tokens), 1)


def decide(asks: Sequence[Ask], credits: CreditRoom | None) -> list[Verdict]:
    """Decides in order; what one is granted is held when the next is decided."""
    with exact():
        return [_decide(ask, credits) for ask in asks]


def _decide(ask: Ask, credits: CreditRoom | None) -> Verdict:
    verdict = Verdict()
    under: list[tuple[Room, Decimal]] = []
    warnings: list[UUID] = []
    hidden = covered(room.rule for room in ask.rooms)
    for room in ask.rooms:
        rule = room.rule
        if rule.id in hidden:
            continue
        asked, refusal = _asked(ask, rule), DenialReason.CAP_REACHED
        fits = asked is not None and room.taken + asked <= rule.limit
        if asked is None:
            refusal = DenialReason.UNPRICED_MODEL
            fits = rule.unpriced_policy == UnpricedPolicy.ALLOW and room.taken < rule.limit
        if fits or rule.action == CapAction.WARN:
            under.append((room, asked or ZERO))
            warnings += [] if fits else [rule.id]
        else:
            if rule.unpriced_policy == UnpricedPolicy.ALLOW:
                refusal = DenialReason.CAP_REACHED
            verdict.refusals.append(_Refusal(room, refusal, asked))
    dollars = _dollars(ask, under)
    wanted = ask.credits.of(dollars, ask.now) if credits is not None else ZERO
    if credits is not None:
        is_empty = ask.dollars is None and credits.taken >= credits.allotted
        verdict.is_out_of_credits = is_empty or credits.taken + wanted > credits.allotted
    if verdict.refusals or verdict.is_out_of_credits:
        return verdict
    for room, amount in under:
        room.added += amount
    if credits is not None:
        credits.added += wanted
    verdict.hold = Hold(dollars, wanted, ask.dollars is None, under, tuple(warnings))
    return verdict


def _asked(ask: Ask, rule: CapRule) -> Decimal | None:
    """What is asked of a cap, in its unit; None when it is not to be priced."""
    dollars = ask.dollars
    if dollars is None:
        call = ask.request.call
        if call is None or not rule.assumes:
            return None
        dollars = rule.assumed_cost(call.input_tokens, call.max_output_tokens)
    return dollars if rule.unit == "DOLLARS" else ask.credits.of(dollars, ask.now)


def _dollars(ask: Ask, under: Iterable[tuple[Room, Decimal]]) -> Decimal:
    """Dollars held; where no price is known, the most that a cap assumes."""
    if ask.dollars is not None:
        return ask.dollars
    assumed = (amount for room, amount in under if room.rule.unit == "DOLLARS")
    return max(assumed, default=ZERO)


def denial(
    ask: Ask, verdict: Verdict, credits: CreditRoom | None, end: Callable[[Window], datetime | None]
) -> Denied:
    """What is told of an ask that was denied: the widest cap that refused, else the credits.

    `end` tells when a window does.
    """
    with exact():
        if not verdict.refusals:
            return _out_of_credits(ask, credits)
        widest = verdict.refusals[-1]
        room, rule = widest.room, widest.room.rule
        return Denied(
            reason=widest.reason,
            cap_id=rule.id,
            scope=rule.scope,
            unit=rule.unit,
            limit=rule.limit,
            spent=room.spent,
            held=room.held + room.added,
            requested=widest.asked,
            resets_at=end(room.window),
            is_retryable=not verdict.is_out_of_credits
            and all(_is_only_held(refusal) for refusal in verdict.refusals),
        )


def _is_only_held(refusal: _Refusal) -> bool:
    """Whether it would fit if nothing were held."""
    asked = refusal.asked
    return asked is not None and refusal.room.spent + asked <= refusal.room.rule.limit


def _out_of_credits(ask: Ask, credits: CreditRoom | None) -> Denied:
    assert credits is not None  # noqa: S101 - nothing else is left to have refused
    wanted = ask.credits.of(ask.dollars, ask.now) if ask.dollars is not None else None
    return Denied(
        reason=DenialReason.CREDITS_OUT,
        cap_id=None,
        scope="ORGANIZATION",
        unit="CREDITS",
        limit=credits.allotted,
        spent=credits.used,
        held=credits.held + credits.added,
        requested=wanted,
        resets_at=credits.resets_at,
        is_retryable=credits.used + (wanted or ZERO) <= credits.allotted,
    )
