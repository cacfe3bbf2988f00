"""Names as callers write them: which price list they mean, and when that cannot be told."""

import pytest

from models.model_name import MAX_NAME_LENGTH, PricedModel, canonical_provider, identify


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        # dated and aliased names
        ("anthropic", "claude-opus-4-5-20251101", ("anthropic", "anthropic", "claude-opus-4-5")),
        ("openai", "gpt-4o-2024-08-06", ("openai", "openai", "gpt-4o")),
        ("OpenAI", " GPT-4o ", ("openai", "openai", "gpt-4o")),
        # without a provider, by the only one that claims the name
        (None, "gpt-5.2-20251211", ("openai", "openai", "gpt-5.2")),
        (None, "gemini-2.5-pro", ("google", "google", "gemini-2.5-pro")),
        # the provider before a slash, as LiteLLM writes it
        (None, "openai/gpt-4o", ("openai", "openai", "gpt-4o")),
        ("litellm", "openai/gpt-4o", ("openai", "openai", "gpt-4o")),
        (None, "openrouter/openai/gpt-4o", ("openrouter", "openrouter", "openai/gpt-4o")),
        (
            "anthropic",
            "anthropic/claude-sonnet-4-5",
            ("anthropic", "anthropic", "claude-sonnet-4-5"),
        ),
        ("google", "models/gemini-2.5-pro", ("google", "google", "gemini-2.5-pro")),
        # OpenTelemetry's names of providers
        ("gcp.vertex_ai", "gemini-2.5-flash", ("google", "google", "gemini-2.5-flash")),
        ("x_ai", "grok-4", ("x-ai", "x-ai", "grok-4-0709")),
        # sold by one, priced by another's list
        ("azure.ai.openai", "gpt-4o", ("azure", "openai", "gpt-4o")),
        ("azure", "claude-opus-4-5", ("azure", "anthropic", "claude-opus-4-5")),
        # Bedrock's way of writing, dearer than Anthropic's own
        (
            None,
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ("aws", "aws", "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ),
    ],
)
def test_names_find_their_price_list(
    provider: str | None, model: str, expected: tuple[str, str, str]
) -> None:
    assert identify(provider, model) == PricedModel(*expected)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "<synthetic>"),
        ("anthropic", ""),
        (None, "<synthetic>"),
        (None, "llama-3.3-70b-versatile"),  # sold by many, claimed by none
        ("nobody", "gpt-4o"),
        ("openai", "ft:gpt-4.1-2025-04-14:acme"),
        ("openai", "anthropic/claude-sonnet-4-5"),
        ("openai", "gpt-4o" + "o" * MAX_NAME_LENGTH),
    ],
)
def test_names_that_say_too_little_find_nothing(provider: str | None, model: str) -> None:
    assert identify(provider, model) is None


def test_unknown_providers_keep_their_name() -> None:
    assert canonical_provider(" My-Own-GPU ") == "my-own-gpu"
    assert canonical_provider("aws.bedrock") == "aws"
