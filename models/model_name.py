"""Which price list a call belongs to: from a provider's and a model's name as callers write them.

The matching rules are those of genai-prices (aliases, dated names, providers that resell); nothing
else of that package decides here, least of all its money. Refused: names that fit two providers
equally, since a wrong guess is a wrong bill.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.types import Provider

MAX_NAME_LENGTH = 255
# Names of providers in OpenTelemetry and LiteLLM that the package's own rules miss or misread
# (it takes `azure.ai.openai` for OpenAI).
_PROVIDER_ALIASES = {
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure-openai": "azure",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "fireworks_ai": "fireworks",
    "x_ai": "x-ai",
}
# Amazon Bedrock writes models as vendor.model, often with a region before: nobody else does.
_BEDROCK_NAME = re.compile(
    r"(?:[a-z-]+\.)?"
    r"(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|moonshot|openai|qwen|writer)\.[a-z]"
)


@dataclass(frozen=True, slots=True)
class PricedModel:
    """A model at a provider. `list_provider` keeps its prices: another one for resold models."""

    provider: str
    list_provider: str
    model: str


@lru_cache(maxsize=4096)
def canonical_provider(provider: str) -> str:
    """The provider's usual id; a name that nobody knows is its own, in lower case."""
    name = provider.strip().lower()
    known = _find_provider(name)
    return known.id if known is not None else name


@lru_cache(maxsize=4096)
def identify(provider: str | None, model: str) -> PricedModel | None:
    """The price list's model for a call, or None when no list or more than one could be meant."""
    name = model.strip().lower()
    if not name or len(name) > MAX_NAME_LENGTH:
        return None
    if provider is None or provider.strip().lower() == "litellm":
        return _identify_by_name(name)
    known = _find_provider(provider.strip().lower())
    return None if known is None else _identify_at(known, name)


def _identify_at(provider: "Provider", name: str) -> PricedModel | None:
    if found := _find_model(provider, name):
        return found
    prefix, _, rest = name.partition("/")
    if prefix == "models" and rest:  # Google's API answers `models/gemini-...`
        return _find_model(provider, rest)
    stated = _find_provider(prefix) if rest else None
    if stated is not None and stated.id == provider.id:
        return _find_model(provider, rest)
    return None


def _identify_by_name(name: str) -> PricedModel | None:
    """Without a provider: the one that the name states, else the only one that claims the name."""
    prefix, _, rest = name.partition("/")
    if rest and (stated := _find_provider(prefix)) and (found := _identify_at(stated, rest)):
        return found
    if _BEDROCK_NAME.match(name):
        bedrock = _find_provider("aws")
        return None if bedrock is None else _find_model(bedrock, name)
    claims = (each for each in _providers() if each.model_match and each.model_match.is_match(name))
    found_at = [found for each in claims if (found := _identify_at(each, name))]
    return found_at[0] if len(found_at) == 1 else None


def _find_model(provider: "Provider", name: str) -> PricedModel | None:
    model = provider.find_model(name, all_providers=_providers())
    if model is None:
        return None
    if any(model is own for own in provider.models):
        return PricedModel(provider.id, provider.id, model.id)
    lender = next(each for each in _providers() if any(model is own for own in each.models))
    return PricedModel(provider.id, lender.id, model.id)


def _find_provider(name: str) -> "Provider | None":
    # The snapshot's own finders remember every name that they were ever asked: unbounded.
    from genai_prices.data_snapshot import find_provider_by_id

    return find_provider_by_id(_providers(), _PROVIDER_ALIASES.get(name, name))


@cache
def _providers() -> "list[Provider]":
    # Half a second of import: only once a price is asked for.
    from genai_prices.data import providers

    return providers
