"""Token counts that two instrumentations hand on only inside the provider's own answer.

Vercel's AI SDK carries `ai.response.providerMetadata`, Google's ADK carries its whole response.
They say what no attribute says: tokens written to a cache and, for Anthropic, whether the input
that the span states contains the cached ones. A body that does not parse, or that says nothing,
changes nothing. Refused: ADK's attribute in spans of another scope.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from models.otel_attribute import ADK_RESPONSE, AI_INPUT_DETAILS, AI_PROVIDER_METADATA
from models.otel_span import Attributes, Span

_ADK_SCOPE = "gcp.vertex.agent"
_LARGEST_BODY = 1_000_000


@dataclass(frozen=True, slots=True)
class BodyCounts:
    """What a body says; None is "nothing". `input_includes_cache` speaks of the span's input."""

    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    input_includes_cache: bool | None = None


NOTHING = BodyCounts()


def body_counts(span: Span, input_tokens: int | None) -> BodyCounts:
    """The counts in a span's body. `input_tokens` is what the span itself states."""
    if AI_PROVIDER_METADATA in span.attributes:
        metadata = _parsed(span.attributes, AI_PROVIDER_METADATA)
        return _ai_sdk(metadata, input_tokens, AI_INPUT_DETAILS in span.attributes)
    if span.scope == _ADK_SCOPE and ADK_RESPONSE in span.attributes:
        usage = _inner(_parsed(span.attributes, ADK_RESPONSE), "usage_metadata")
        return BodyCounts(cache_read=_whole(usage, "cached_content_token_count"))
    return NOTHING


def _ai_sdk(metadata: dict[str, Any], input_tokens: int | None, states_total: bool) -> BodyCounts:
    """AI SDK 6 states the whole input; before, it handed on the provider's count as it was."""
    if "anthropic" in metadata:
        return _anthropic(_inner(metadata, "anthropic"), input_tokens, states_total)
    if "bedrock" in metadata:
        usage = _inner(_inner(metadata, "bedrock"), "usage")
        # Bedrock counts cached tokens apart from its input.
        return BodyCounts(
            cache_read=_whole(usage, "cacheReadInputTokens"),
            cache_write_5m=_whole(usage, "cacheWriteInputTokens"),
            input_includes_cache=states_total,
        )
    openai = _inner(metadata, "openai")
    return BodyCounts(
        cache_read=_whole(openai, "cachedPromptTokens"),
        reasoning=_whole(openai, "reasoningTokens"),
    )


def _anthropic(
    metadata: dict[str, Any], input_tokens: int | None, states_total: bool
) -> BodyCounts:
    usage = _inner(metadata, "usage")
    read = _whole(usage, "cache_read_input_tokens", metadata, "cacheReadInputTokens")
    written = _whole(usage, "cache_creation_input_tokens", metadata, "cacheCreationInputTokens")
    written_1h = _whole(_inner(usage, "cache_creation"), "ephemeral_1h_input_tokens")
    includes = states_total
    uncached = _whole(usage, "input_tokens")
    if uncached is not None:
        # Anthropic's own input excludes cached tokens: the span's equals it, or it was added up.
        includes = input_tokens != uncached
    return BodyCounts(
        cache_read=read,
        cache_write_5m=written - (written_1h or 0) if written is not None else None,
        cache_write_1h=written_1h,
        input_includes_cache=includes,
    )


def _parsed(attributes: Attributes, name: str) -> dict[str, Any]:
    text = attributes.get(name)
    if not isinstance(text, str) or len(text) > _LARGEST_BODY:
        return {}
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _inner(holder: dict[str, Any], name: str) -> dict[str, Any]:
    inner = holder.get(name)
    return inner if isinstance(inner, dict) else {}


def _whole(
    holder: dict[str, Any], name: str, other: dict[str, Any] | None = None, other_name: str = ""
) -> int | None:
    """A count of one holder, or of another under the name that it has there."""
    for each, its_name in ((holder, name), (other or {}, other_name)):
        count = each.get(its_name)
        if isinstance(count, int) and not isinstance(count, bool):
            return count
    return None
