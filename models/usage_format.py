"""Formats of usage bodies: where each provider's answers state which count.

The rules are those of genai-prices; here stand only the formats that it lacks. Providers serve one
another's formats, so the widespread ones are known for every provider. Refused: any reading of a
body, which is `usage_body.py`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_prices.types import ArrayMatch, UsageExtractor

    Step = str | ArrayMatch

DEFAULT: Final = "default"
"""The flavor that a provider itself calls its usual one."""

# What genai-prices has no format for: root of the counts, then count by count where it is found and
# what it adds to. The package's input holds cached tokens and its output holds reasoning.
_Rules = tuple[str, tuple[tuple[str, str], ...]]
_CODEX: _Rules = (  # its `token_count` and `turn.completed` events; reasoning is inside output
    "usage",
    (
        ("input_tokens", "input_tokens"),
        ("cached_input_tokens", "cache_read_tokens"),
        ("output_tokens", "output_tokens"),
        ("reasoning_output_tokens", "output_reasoning_tokens"),
    ),
)
_GEMINI_CLI: _Rules = (  # `tokens` of its session files; thoughts and tool results stand outside
    "tokens",
    (
        ("input", "input_tokens"),
        ("tool", "input_tokens"),
        ("cached", "cache_read_tokens"),
        ("output", "output_tokens"),
        ("thoughts", "output_tokens"),
        ("thoughts", "output_reasoning_tokens"),
    ),
)
_DEEPSEEK_CACHE: _Rules = (  # the documented fields; not every gateway adds OpenAI's beside them
    "usage",
    (
        ("prompt_tokens", "input_tokens"),
        ("prompt_cache_hit_tokens", "cache_read_tokens"),
        ("completion_tokens", "output_tokens"),
        ("completion_tokens_details.reasoning_tokens", "output_reasoning_tokens"),
    ),
)
_VOYAGE: _Rules = ("usage", (("total_tokens", "input_tokens"),))  # it states nothing else
_OPTIONAL = {
    "tool", "cached", "thoughts", "cached_input_tokens", "reasoning_output_tokens",
    "completion_tokens_details.reasoning_tokens",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Count:
    """One count of a format: where under the root it stands and which sum it belongs to."""

    path: "tuple[Step, ...]"
    adds_to: str
    required: bool


@dataclass(frozen=True, slots=True)
class UsageFormat:
    """How one API words its usage. `is_own`: the provider's, not one that it may serve as well."""

    flavor: str
    is_own: bool
    root: tuple[str, ...]
    counts: tuple[Count, ...]


@cache
def formats_at(provider: str | None) -> tuple[UsageFormat, ...]:
    """The formats in which a provider may answer: its own ones, then the widespread ones."""
    own = [_from_library(each, is_own=True) for each in _extractors().get(provider or "", ())]
    if provider == "deepseek":
        own.append(_from_rules("cache-hit", _DEEPSEEK_CACHE, is_own=True))
    if provider == "google":
        own.append(_live(own[0]))
    if provider == "voyageai":
        own.append(_from_rules("embeddings", _VOYAGE, is_own=True))
    known = [replace(each, is_own=False) for each in own]
    return (*own, *(each for each in _widespread() if each not in known))


@cache
def _widespread() -> tuple[UsageFormat, ...]:
    library = [
        ("openai", "chat", "chat"),
        ("openai", "responses", "responses"),
        ("openai", "embeddings", "embeddings"),
        ("anthropic", DEFAULT, "anthropic"),
        ("google", DEFAULT, "google"),
        ("aws", DEFAULT, "bedrock"),
        ("cohere", DEFAULT, "cohere"),
        ("cohere", "embeddings", "cohere-embeddings"),
    ]
    return (
        *(_from_library(_find(provider, old), flavor=new) for provider, old, new in library),
        _from_rules("codex", _CODEX),
        _from_rules("gemini-cli", _GEMINI_CLI),
    )


def _find(provider: str, flavor: str) -> "UsageExtractor":
    return next(each for each in _extractors()[provider] if each.api_flavor == flavor)


@cache
def _extractors() -> "Mapping[str, tuple[UsageExtractor, ...]]":
    # Half a second of import: only once a body is read.
    from genai_prices.data import providers

    return {each.id: tuple(each.extractors or ()) for each in providers}


def _from_library(
    extractor: "UsageExtractor", *, flavor: str | None = None, is_own: bool = False
) -> UsageFormat:
    root = (extractor.root,) if isinstance(extractor.root, str) else extractor.root
    return UsageFormat(
        flavor=flavor or extractor.api_flavor,
        is_own=is_own,
        root=tuple(str(step) for step in root),
        counts=tuple(
            Count(
                (each.path,) if isinstance(each.path, str) else tuple(each.path),
                each.dest,
                each.required,
            )
            for each in extractor.mappings
        ),
    )


def _from_rules(flavor: str, rules: _Rules, *, is_own: bool = False) -> UsageFormat:
    root, counts = rules
    return UsageFormat(
        flavor=flavor,
        is_own=is_own,
        root=(root,),
        counts=tuple(
            Count(tuple(path.split(".")), adds_to, path not in _OPTIONAL)
            for path, adds_to in counts
        ),
    )


def _live(usual: UsageFormat) -> UsageFormat:
    """Gemini's Live API: as usual, but what was answered is counted under another name."""
    renamed = {
        "candidatesTokenCount": "responseTokenCount",
        "candidatesTokensDetails": "responseTokensDetails",
    }
    counts = (
        Count(
            tuple(renamed.get(step, step) if isinstance(step, str) else step for step in each.path),
            each.adds_to,
            each.required,
        )
        for each in usual.counts
    )
    return UsageFormat("live", is_own=True, root=usual.root, counts=tuple(counts))
