"""Reading a provider's answer: from its `usage` to disjoint token classes.

Which format a body is in follows from what it says: the reading that explains the most of its
counts holds. Refused: a body in no known format, and readings that explain equally much and
disagree. A stated total only checks; it is never added.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from models.errors import UserErrors
from models.model_name import canonical_provider, identify
from models.token import TokenCounts
from models.usage_format import DEFAULT, UsageFormat, formats_at
from models.usage_reading import (
    INNER_CALLS,
    Body,
    UsageReading,
    iterations,
    locate,
    read_as,
    refusal,
    shown,
    usage_part,
)

_MODEL_PATHS = (("model",), ("modelVersion",), ("result", "model"))
_TIER_FIELDS = ("service_tier", "serviceTier", "trafficType")
_STANDARD_TIERS = {"", "auto", "default", "on_demand", "standard"}
_TIER_NAMES = {"on_demand_flex": "flex", "on_demand_priority": "priority"}
# Kinds of tokens that lie inside the six classes, though some models price them apart.
_OTHER_KINDS = ("audio", "image", "video", "citation")


@dataclass(frozen=True, slots=True)
class UsageBody:
    """What a body says. Counts outside `tokens` are named so that nothing is lost unseen."""

    tokens: TokenCounts
    provider: str | None
    """The one stated, by its usual id, else the one that the model's name tells."""
    model: str | None
    flavor: str
    """The format in which the body was read."""
    service_tier: str | None = None
    """As price rows name it; None is the standard one, or not stated."""
    other_kinds: Mapping[str, int] = field(default_factory=dict)
    """Tokens of sound, images, video and citations: inside `tokens`, and billed as text."""
    unbilled: Mapping[str, int | Decimal] = field(default_factory=dict)
    """What is no token and is not billed: searches, seconds of sound, pages."""
    unread: Mapping[str, int] = field(default_factory=dict)
    """Counts above zero that the format does not know, by path; a total that differs."""
    inner_calls: tuple["UsageBody", ...] = ()
    """Calls that the provider made within this one and bills beside it, not inside `tokens`."""


def read_usage(provider: str | None, body: Body, *, flavor: str | None = None) -> UsageBody:
    """Reads a response's whole body or its usage alone; raises `UserErrors` for what it refuses.

    `flavor` names the format (`chat`, `responses`, `anthropic`, ...): then nothing is weighed, and
    what the format does not know is left unread.
    """
    if not isinstance(body, Mapping):
        raise refusal("INVALID", f"The body is {shown(body)}; expected an object.", ("body",))
    model = _model(body)
    seller = _seller(provider, model)
    formats = _named(formats_at(seller), flavor)
    readings = [reading for each in formats if (reading := read_as(each, body)) is not None]
    if not readings:
        raise _no_format(formats, body)
    reading = _choose(readings)
    usage = _usage_body(reading, seller, model, _service_tier(body, reading.format))
    inner = tuple(_inner_calls(reading.format, body, usage))
    return replace(usage, inner_calls=inner) if inner else usage


def _seller(provider: str | None, model: str | None) -> str | None:
    if provider is not None:
        if not provider.strip():
            raise refusal("INVALID", "provider is empty; expected a name or none.", ("provider",))
        return canonical_provider(provider)
    known = identify(None, model) if model is not None else None
    return known.provider if known is not None else None


def _named(formats: tuple[UsageFormat, ...], flavor: str | None) -> tuple[UsageFormat, ...]:
    if flavor is None:
        return formats
    named = tuple(each for each in formats if each.flavor == flavor)
    if not named:
        names = ", ".join(dict.fromkeys(each.flavor for each in formats))
        raise refusal("INVALID", f"flavor is {flavor!r}; expected one of {names}.", ("flavor",))
    return named[:1]  # the provider's own format stands before a widespread one of the same name


def _choose(readings: Sequence[UsageReading]) -> UsageReading:
    """The reading that leaves least unread; of equal ones the provider's own, its usual one."""
    left = [
        each
        for each in readings
        if not any(other.unread.keys() < each.unread.keys() for other in readings)
    ]
    left = [each for each in left if each.format.is_own] or left
    left = [each for each in left if each.format.flavor == DEFAULT] or left
    for each in left:
        if each.errors:
            raise UserErrors(each.errors)
    if len({each.tokens for each in left}) > 1:
        names = ", ".join(each.format.flavor for each in left)
        message = f"usage can be read as {names}, with different counts; expected a flavor."
        raise refusal("REQUIRED", message, ("flavor",))
    return max(left, key=lambda each: each.read_count)


def _usage_body(
    reading: UsageReading, provider: str | None, model: str | None, tier: str | None
) -> UsageBody:
    other_kinds: dict[str, int] = {}
    unbilled: dict[str, int | Decimal] = {}
    for name, count in reading.values.items():
        if not count:
            continue
        if not name.endswith("_tokens"):
            unbilled[name] = count
        elif any(kind in name for kind in _OTHER_KINDS):
            other_kinds[name] = int(count)
    return UsageBody(
        tokens=reading.tokens,
        provider=provider,
        model=model,
        flavor=reading.format.flavor,
        service_tier=tier,
        other_kinds=other_kinds,
        unbilled=unbilled,
        unread=reading.unread,
    )


def _inner_calls(format_: UsageFormat, body: Body, outer: UsageBody) -> Iterator[UsageBody]:
    """A compaction by the same model, an advisor by another one: they are not in `usage` itself."""
    for path, each in iterations(format_, body):
        if each.get("type") not in INNER_CALLS:
            continue
        reading = read_as(format_, each)
        if reading is None:
            message = f"{'.'.join(path)} states no usage; expected {_needed(format_)}."
            raise refusal("REQUIRED", message, path)
        if reading.errors:
            errors = reading.errors
            raise UserErrors([replace(each, field=(*path, *(each.field or ()))) for each in errors])
        yield _usage_body(reading, outer.provider, _model(each) or outer.model, outer.service_tier)


def _model(body: Body) -> str | None:
    for path in _MODEL_PATHS:
        found = locate(path, body)
        if found is not None and isinstance(found[1], str) and found[1].strip():
            return found[1]
    return None


def _service_tier(body: Body, format_: UsageFormat) -> str | None:
    """The tier and the speed that the body states, put together as price rows put them."""
    places = (body, usage_part(format_, body)[0])
    tiers = (_tier(place.get(name)) for place in places for name in _TIER_FIELDS)
    speeds = (_tier(place.get("speed")) for place in places)
    stated = [next((each for each in kind if each), None) for kind in (tiers, speeds)]
    return ",".join(each for each in stated if each) or None


def _tier(stated: object) -> str | None:
    if isinstance(stated, Mapping):  # Bedrock: {"type": "flex"}
        stated = stated.get("type")
    if not isinstance(stated, str):
        return None
    name = stated.strip().lower()
    return None if name in _STANDARD_TIERS else _TIER_NAMES.get(name, name)


def _no_format(formats: Sequence[UsageFormat], body: Body) -> UserErrors:
    choices = dict.fromkeys(f"{'.'.join(each.root)} with {_needed(each)}" for each in formats)
    root = formats[0].root[0]
    value = f"{root} is {shown(body[root])}" if root in body else "No usage is stated"
    return refusal("REQUIRED", f"{value}; expected {'; or '.join(choices)}.", (root,))


def _needed(format_: UsageFormat) -> str:
    needed = [each for each in format_.counts if each.required] or format_.counts[:1]
    names = (".".join(step for step in each.path if isinstance(step, str)) for each in needed)
    return " and ".join(dict.fromkeys(names))
