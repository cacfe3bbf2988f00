"""What one span says of one model call: whose model, which tokens, in which convention.

The convention is OpenTelemetry's (input contains what was cached, output what was reasoned), which
OpenLLMetry's and OpenInference's instrumentations keep for every provider, Anthropic included. What
departs from it is in `otel_body.py`, or says so by `aicost.input_includes_cache` and
`aicost.output_includes_reasoning`. Counts that contradict the convention are refused by the check
that every event passes, never bent.
"""

from dataclasses import dataclass
from decimal import Decimal

from models.event import Operation
from models.model_name import canonical_provider
from models.otel_attribute import (
    AI_OPERATION,
    CACHE_READ,
    CACHE_WRITE,
    INPUT,
    INPUT_INCLUDES_CACHE,
    MODEL,
    OPENINFERENCE_KIND,
    OPERATION,
    OUTPUT,
    OUTPUT_INCLUDES_REASONING,
    PROVIDER,
    REASONING,
    RESPONSE_ID,
    SERVICE_TIER,
    SOURCE_COST,
    TOKENS,
)
from models.otel_body import body_counts
from models.otel_span import Attributes, Span, SpanError, first_count, first_text, is_blank
from models.token import ReportedTokens

UNKNOWN_MODEL = "unknown"
"""Stands for the model of a call whose span names none: recorded, and unpriced."""
# Names that tell which library called, not who ran the model: the model's name then has to say it.
_LIBRARIES = frozenset(
    {
        "agno",
        "autogen",
        "crewai",
        "gateway",
        "haystack",
        "langchain",
        "langgraph",
        "litellm",
        "llamaindex",
        "pydantic-ai",
        "pydantic_ai",
        "semantic_kernel",
        "strands-agents",
        "vercel",
    }
)
_EMBEDDING = frozenset({"embedding", "embeddings", "embed"})
_STANDARD_TIERS = frozenset({"auto", "default", "standard"})
_COST_SCALE = Decimal("0.000000000001")
_MOST_DOLLARS = 10**12


@dataclass(frozen=True, slots=True)
class SpanUsage:
    """A model call as its span tells it."""

    model: str
    provider: str | None
    operation: Operation
    tokens: ReportedTokens
    response_id: str | None
    service_tier: str
    source_cost: Decimal | None


def states_tokens(attributes: Attributes) -> bool:
    """Whether a span states any count of tokens (totals do not count)."""
    return any(name in attributes and not is_blank(attributes[name]) for name in TOKENS)


def read_usage(span: Span) -> SpanUsage:
    """What a span with counts says; raises SpanError for what makes no sense."""
    attributes = span.attributes
    return SpanUsage(
        model=first_text(attributes, MODEL) or UNKNOWN_MODEL,
        provider=_provider(attributes),
        operation=_operation(attributes),
        tokens=_tokens(span),
        response_id=first_text(attributes, RESPONSE_ID),
        service_tier=_service_tier(attributes),
        source_cost=_source_cost(attributes),
    )


def ai_operation(attributes: Attributes) -> str:
    """The AI SDK's name of what a span is, such as `ai.embed.doEmbed`; empty for other spans."""
    told = first_text(attributes, AI_OPERATION) or ""
    return told.split(" ", 1)[0] if told.startswith("ai.") else ""


def _tokens(span: Span) -> ReportedTokens:
    attributes = span.attributes
    stated = first_count(attributes, INPUT)
    body = body_counts(span, stated)
    read = _or(first_count(attributes, CACHE_READ), body.cache_read)
    written = first_count(attributes, CACHE_WRITE)
    written_5m, written_1h = body.cache_write_5m, body.cache_write_1h
    if written is not None:
        written_5m = written - (written_1h or 0)
    reasoning = _or(first_count(attributes, REASONING), body.reasoning)
    includes_cache = _flag(span, INPUT_INCLUDES_CACHE)
    if includes_cache is None:
        includes_cache = body.input_includes_cache is not False
    includes_reasoning = _flag(span, OUTPUT_INCLUDES_REASONING) is not False
    cached = (read or 0) + (written_5m or 0) + (written_1h or 0)
    return ReportedTokens(
        # What is not stated is at least what is known to be part of it.
        input_tokens=_or(stated, cached if includes_cache else 0) or 0,
        output_tokens=_or(first_count(attributes, OUTPUT), reasoning if includes_reasoning else 0)
        or 0,
        cache_read_tokens=read,
        cache_write_5m_tokens=written_5m,
        cache_write_1h_tokens=written_1h,
        reasoning_tokens=reasoning,
        input_includes_cache=includes_cache,
        output_includes_reasoning=includes_reasoning,
    )


def _or(count: int | None, other: int | None) -> int | None:
    return other if count is None else count


def _flag(span: Span, name: str) -> bool | None:
    told = span.told(name)
    if told is None or isinstance(told, bool):
        return told
    if str(told).lower() in ("true", "false"):
        return str(told).lower() == "true"
    raise SpanError(f"{name} is {ascii(told)[:40]}; true or false is expected")


def _provider(attributes: Attributes) -> str | None:
    """The provider's usual id; None where only the model's name can tell."""
    name = (first_text(attributes, PROVIDER) or "").lower()
    if ai_operation(attributes) or "ai.model.provider" in attributes:
        name = name.split(".", 1)[0]  # `openai.responses`: the AI SDK adds which of its APIs it was
    if name.startswith("gcp."):
        name = "google"
    return None if not name or name in _LIBRARIES else canonical_provider(name)


def _operation(attributes: Attributes) -> Operation:
    named = (first_text(attributes, OPERATION) or "").lower() in _EMBEDDING
    kind = first_text(attributes, (OPENINFERENCE_KIND,)) or ""
    if named or kind.upper() == "EMBEDDING" or ai_operation(attributes).startswith("ai.embed"):
        return Operation.EMBEDDING
    return Operation.COMPLETION


def _service_tier(attributes: Attributes) -> str:
    tier = (first_text(attributes, SERVICE_TIER) or "").lower()
    return "" if tier in _STANDARD_TIERS else tier


def _source_cost(attributes: Attributes) -> Decimal | None:
    """Dollars as the source says; a figure that no bill can hold says nothing."""
    for name in SOURCE_COST:
        value = attributes.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            is_figure = 0 <= value < _MOST_DOLLARS  # NaN is neither
            return Decimal(repr(value)).quantize(_COST_SCALE) if is_figure else None
    return None
