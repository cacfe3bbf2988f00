"""Usage bodies: one hand-computed answer per provider, what is refused, and what always holds."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from usage_bodies import (
    ANSWERS,
    ANTHROPIC,
    BEDROCK,
    CODEX,
    COHERE,
    GEMINI_CLI,
    GOOGLE,
    GROQ,
    MISTRAL,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    PERPLEXITY,
    TOGETHER,
    XAI,
    Json,
)

from models.errors import UserErrors
from models.token import MAX_COUNT, TokenCounts
from models.usage_body import UsageBody, read_usage

ROOTS = {"google": "usageMetadata", "gemini-cli": "tokens", "live": "usageMetadata"}


def refusal(provider: str | None, body: Any, **options: Any) -> tuple[str, str, str]:
    """Code, field and message of the only error."""
    with pytest.raises(UserErrors) as caught:
        read_usage(provider, body, **options)
    (error,) = caught.value.errors
    return error.code, ".".join(error.field or ()), error.message


def usage_of(body: Json) -> Json:
    """The usage alone."""
    for key in ("usage", "usageMetadata", "tokens"):
        if isinstance(body.get(key), dict):
            return dict(body[key])
    return body


@pytest.mark.parametrize(
    ("provider", "body", "flavor", "tokens"),
    ANSWERS,
    ids=[f"{provider}-{flavor}" for provider, _, flavor, _ in ANSWERS],
)
def test_known_answers(provider: str, body: Json, flavor: str, tokens: TokenCounts) -> None:
    usage = read_usage(provider, body)
    assert (usage.tokens, usage.flavor, usage.provider) == (tokens, flavor, provider)
    # The usage alone says the same, and so does the format by its name.
    assert read_usage(provider, usage_of(body)).tokens == tokens
    named = read_usage(provider, body, flavor=flavor)
    assert (named.tokens, named.unread) == (tokens, usage.unread)


@pytest.mark.parametrize(
    ("body", "provider", "model"),
    [
        (OPENAI_CHAT, "openai", "gpt-4o-2024-08-06"),
        (OPENAI_RESPONSES, "openai", "gpt-5-2025-08-07"),
        (ANTHROPIC, "anthropic", "claude-sonnet-4-5-20250929"),
        (GOOGLE, "google", "gemini-2.5-flash"),
        (XAI, "x-ai", "grok-4"),
        (GEMINI_CLI, "google", "gemini-2.5-pro"),
        (TOGETHER, None, "meta-llama/Llama-3.3-70B"),
        (BEDROCK, None, None),
        (COHERE, None, None),
        (CODEX, None, None),
    ],
)
def test_without_a_provider_the_model_tells_it_and_the_counts_are_the_same(
    body: Json, provider: str | None, model: str | None
) -> None:
    usage = read_usage(None, body)
    assert (usage.provider, usage.model) == (provider, model)
    assert usage.tokens == next(tokens for _, each, _, tokens in ANSWERS if each is body)


def test_a_provider_is_named_as_price_lists_name_it() -> None:
    assert read_usage("Bedrock", BEDROCK).provider == "aws"
    assert read_usage("azure.ai.openai", OPENAI_CHAT).provider == "azure"
    unknown = read_usage(" My-Gateway ", OPENAI_CHAT)
    assert (unknown.provider, unknown.tokens.reasoning) == ("my-gateway", 120)


@pytest.mark.parametrize(
    ("body", "tier"),
    [
        (OPENAI_CHAT, None),
        (OPENAI_RESPONSES, "flex"),
        (ANTHROPIC, None),
        (GOOGLE, "flex"),
        (BEDROCK, "priority"),
        (GROQ, None),
        (MISTRAL, None),
        ({**MISTRAL, "service_tier": 3}, None),
        ({"usage": {**ANTHROPIC["usage"], "speed": "fast"}}, "fast"),
        ({"usage": {**ANTHROPIC["usage"], "speed": "standard"}}, None),
        ({"usage": {**ANTHROPIC["usage"], "service_tier": "batch", "speed": "fast"}}, "batch,fast"),
    ],
)
def test_the_service_tier_is_named_as_price_rows_name_it(body: Json, tier: str | None) -> None:
    assert read_usage(None, body).service_tier == tier


def test_what_is_not_billed_by_its_own_price_is_listed() -> None:
    assert read_usage("openai", OPENAI_CHAT).other_kinds == {"input_audio_tokens": 40}
    assert read_usage("google", GOOGLE).other_kinds == {"input_image_tokens": 200}
    perplexity = read_usage("perplexity", PERPLEXITY)
    assert perplexity.other_kinds == {"output_citation_tokens": 200}
    assert perplexity.unbilled == {"web_searches": 18}
    assert read_usage("anthropic", ANTHROPIC).unbilled == {"web_searches": 2}
    pages = read_usage("mistral", {"usage_info": {"pages_processed": 4}}, flavor="ocr")
    assert (pages.tokens, pages.unbilled) == (TokenCounts(), {"input_document_pages": 4})
    sound = read_usage("openai", {"usage": {"seconds": 12.5}}, flavor="live")
    assert sound.unbilled == {"audio_seconds": Decimal("12.5")}


def test_counts_that_no_rule_reads_are_listed() -> None:
    anthropic = read_usage("anthropic", ANTHROPIC)
    assert anthropic.unread == {"usage.server_tool_use.web_fetch_requests": 1}
    # A format that is named is kept to, and what it loses is shown.
    named = read_usage("openai", ANTHROPIC, flavor="responses")
    assert named.tokens == TokenCounts(input=10, output=90)
    assert named.unread["usage.cache_read_input_tokens"] == 2000
    # Gemini behind OpenAI's format: its thoughts are in the total only.
    compatible = {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109}
    assert read_usage("google", {"usage": compatible}).unread == {"usage.total_tokens": 109}
    assert read_usage("openai", OPENAI_RESPONSES).unread == {}


def test_a_provider_may_answer_in_the_format_of_another() -> None:
    tokens = TokenCounts(10, 2000, 200, 300, 60, 30)
    for provider in ("aws", "azure", "google", "litellm", "together"):
        assert read_usage(provider, ANTHROPIC).tokens == tokens, provider
    # Its own format is given up only for one that explains more.
    inside = {**XAI["usage"], "completion_tokens": 103}
    assert read_usage("x-ai", {"usage": inside}).tokens == TokenCounts(26, 6, 0, 0, 9, 94)


def test_a_named_format_is_the_provider_s_own_before_a_widespread_one() -> None:
    inside = {"usage": {**XAI["usage"], "completion_tokens": 103}}
    named = read_usage("x-ai", inside, flavor="chat")
    assert (named.tokens, named.unread) == (
        TokenCounts(26, 6, 0, 0, 103, 94),
        {"usage.total_tokens": 135},
    )


def test_a_whole_answer_is_not_taken_for_a_usage() -> None:
    nothing = {"input_tokens": 0, "output_tokens": 0}
    body = {"input": "question", "output": [{"type": "message"}], "usage": nothing}
    assert read_usage(None, body).tokens == TokenCounts()
    assert read_usage(None, {"input": 3, "output": 2}).tokens == TokenCounts(input=3, output=2)


def test_depth_does_no_harm() -> None:
    deep: Json = {}
    for _ in range(20_000):
        deep = {"tokens": deep}
    assert read_usage("openai", {**OPENAI_CHAT, "usage": {**OPENAI_CHAT["usage"], "x": deep}})
    assert refusal("openai", {"usage": {"x": deep}})[0] == "REQUIRED"


def test_calls_inside_a_call_are_read_beside_it() -> None:
    def iteration(kind: str, **counts: Any) -> Json:
        return {"type": kind, "cache_read_input_tokens": 0, **counts}

    iterations = [
        iteration("compaction", input_tokens=180_000, output_tokens=3500),
        iteration("message", input_tokens=23_000, output_tokens=1000),
        iteration("advisor_message", model="claude-opus-4-8", input_tokens=2518, output_tokens=22),
        iteration("something_new", input_tokens=7, output_tokens=0),
    ]
    usage = {"input_tokens": 23_000, "output_tokens": 1000, "iterations": iterations}
    body = read_usage("anthropic", {"model": "claude-sonnet-4-6", "usage": usage})
    assert body.tokens == TokenCounts(input=23_000, output=1000)
    assert [(each.model, each.tokens.as_tuple()) for each in body.inner_calls] == [
        ("claude-sonnet-4-6", (180_000, 0, 0, 0, 3500, 0)),
        ("claude-opus-4-8", (2518, 0, 0, 0, 22, 0)),
    ]
    assert body.unread == {"usage.iterations.3.input_tokens": 7}
    broken = {**usage, "iterations": [{"type": "compaction", "input_tokens": 1}]}
    code, field, message = refusal("anthropic", {"usage": broken})
    assert (code, field) == ("REQUIRED", "usage.iterations.0")
    assert message.endswith("expected input_tokens and output_tokens.")
    wrong = {**usage, "iterations": [iteration("compaction", input_tokens=-1, output_tokens=0)]}
    assert refusal("anthropic", {"usage": wrong})[:2] == (
        "INVALID",
        "usage.iterations.0.input_tokens",
    )


@pytest.mark.parametrize(
    ("counts", "field", "message"),
    [
        ({"prompt_tokens": "12"}, "prompt_tokens", "is '12'; expected a whole number from 0 to"),
        ({"prompt_tokens": -5}, "prompt_tokens", "is -5;"),
        ({"prompt_tokens": 1.5}, "prompt_tokens", "is 1.5;"),
        ({"prompt_tokens": True}, "prompt_tokens", "is True;"),
        ({"prompt_tokens": float("nan")}, "prompt_tokens", "is nan;"),
        ({"completion_tokens": MAX_COUNT + 1}, "completion_tokens", "is 9007199254740992;"),
        (
            {"prompt_tokens_details": {"cached_tokens": 1001}},
            "prompt_tokens_details.cached_tokens",
            "1001 cached tokens cannot be among 1000 input tokens.",
        ),
        (
            {"completion_tokens_details": {"reasoning_tokens": 301}},
            "completion_tokens_details.reasoning_tokens",
            "301 reasoning tokens cannot be among 300 output tokens.",
        ),
    ],
)
def test_counts_that_make_no_sense_are_refused(counts: Json, field: str, message: str) -> None:
    body = {"usage": {**OPENAI_CHAT["usage"], **counts}}
    code, at, said = refusal("openai", body)
    assert (code, at) == ("INVALID", f"usage.{field}")
    assert message in said


def test_a_format_that_knows_less_does_not_hide_a_contradiction() -> None:
    # Cerebras' own format knows no cached tokens; stated ones have to be right all the same.
    usage = {**OPENAI_CHAT["usage"], "prompt_tokens_details": {"cached_tokens": 1001}}
    assert refusal("cerebras", {"usage": usage})[1] == "usage.prompt_tokens_details.cached_tokens"
    assert read_usage("cerebras", OPENAI_CHAT).tokens.cache_read == 600


def test_cache_writes_by_life_cannot_exceed_what_was_written() -> None:
    usage = {**ANTHROPIC["usage"], "cache_creation_input_tokens": 499}
    code, field, message = refusal("anthropic", {"usage": usage})
    assert (code, field) == ("INVALID", "usage.cache_creation.ephemeral_5m_input_tokens")
    assert "add up to 500; expected at most 499" in message
    # What is stated as written without a life counts as five minutes.
    usage = {**ANTHROPIC["usage"], "cache_creation": {"ephemeral_1h_input_tokens": 300}}
    tokens = read_usage("anthropic", {"usage": usage}).tokens
    assert (tokens.cache_write_5m, tokens.cache_write_1h) == (200, 300)


def test_what_is_in_no_format_is_refused() -> None:
    code, field, message = refusal("groq", {"id": "1", "model": "llama", "usage": None})
    assert (code, field) == ("REQUIRED", "usage")
    assert message.startswith("usage is None; expected usage with prompt_tokens and completion_to")
    assert refusal("groq", {})[2].startswith("No usage is stated; expected ")
    assert refusal("groq", {"usage": {"total_tokens": 5}})[0] == "REQUIRED"
    assert refusal("groq", [])[:2] == ("INVALID", "body")
    assert refusal(" ", OPENAI_CHAT)[:2] == ("INVALID", "provider")
    code, field, message = refusal("groq", GROQ, flavor="telepathy")
    assert (code, field) == ("INVALID", "flavor")
    assert message.startswith("flavor is 'telepathy'; expected one of default, chat, responses")
    assert refusal("openai", ANTHROPIC, flavor="chat")[0] == "REQUIRED"
    # The message is short whatever was sent.
    assert len(refusal("groq", {"usage": {"note": "x" * 10_000}})[2]) < 1000


def test_readings_that_explain_equally_much_and_disagree_are_refused() -> None:
    usage = {
        "input_tokens": 100,
        "cached_input_tokens": 40,
        "cache_read_input_tokens": 30,
        "output_tokens": 5,
    }
    code, field, message = refusal(None, {"usage": usage})
    assert (code, field) == ("REQUIRED", "flavor")
    assert message == (
        "usage can be read as anthropic, codex, with different counts; expected a flavor."
    )
    assert read_usage(None, {"usage": usage}, flavor="codex").tokens.input == 60


# ---------------------------------- what always holds

count = st.integers(0, 10**9)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, Json, int, int]:
    """A provider, its usage, and what it bills as input and as output."""
    fresh, read, short, long = draw(count), draw(count), draw(count), draw(count)
    answer, thought = draw(count), draw(count)
    everything = fresh + read + short + long
    family = draw(st.sampled_from(["openai", "anthropic", "google", "aws", "x-ai"]))
    if family == "openai":
        details = {"cached_tokens": read, "cache_write_tokens": short + long}
        usage: Json = {
            "prompt_tokens": everything,
            "prompt_tokens_details": details,
            "completion_tokens": answer + thought,
            "completion_tokens_details": {"reasoning_tokens": thought},
        }
    elif family == "anthropic":
        usage = {
            "input_tokens": fresh,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": short + long,
            "cache_creation": {
                "ephemeral_5m_input_tokens": short,
                "ephemeral_1h_input_tokens": long,
            },
            "output_tokens": answer + thought,
            "output_tokens_details": {"thinking_tokens": thought},
        }
    elif family == "google":
        usage = {
            "promptTokenCount": everything - short,
            "toolUsePromptTokenCount": short,
            "cachedContentTokenCount": read,
            "candidatesTokenCount": answer,
            "thoughtsTokenCount": thought,
        }
    elif family == "aws":
        usage = {
            "inputTokens": fresh,
            "cacheReadInputTokens": read,
            "cacheWriteInputTokens": short + long,
            "cacheDetails": [{"ttl": "1h", "inputTokens": long}],
            "outputTokens": answer + thought,
        }
    else:
        usage = {
            "prompt_tokens": everything,
            "prompt_tokens_details": {"cached_tokens": read},
            "completion_tokens": answer,
            "completion_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": everything + answer + thought,
        }
    return family, usage, everything, answer + thought


@given(bodies())
def test_sums_are_kept_and_no_class_is_negative(drawn: tuple[str, Json, int, int]) -> None:
    provider, usage, input_tokens, output_tokens = drawn
    body = read_usage(provider, usage)
    assert (body.tokens.input_tokens, body.tokens.output_tokens) == (input_tokens, output_tokens)
    assert not body.tokens.any_negative
    assert body.unread == {}
    whole: Json = {ROOTS.get(provider, "usage"): usage}
    assert read_usage(provider, whole) == body


names = st.sampled_from(
    ["usage", "usageMetadata", "tokens", "model", "iterations", "type", "cache_creation"]
    + [key for _, body, _, _ in ANSWERS for key in usage_of(body)]
)
leaves = (
    st.none() | st.booleans() | st.integers(-5, 50) | st.floats(-1, 9) | st.sampled_from(["", "7"])
)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=25,
)


@given(
    st.none() | st.sampled_from(["openai", "anthropic", "google", "aws", "cohere", "x-ai", "?"]),
    st.dictionaries(names, documents, max_size=8),
)
def test_whatever_is_sent_is_read_without_a_negative_class_or_refused_by_name(
    provider: str | None, body: Mapping[str, object]
) -> None:
    outcome: UsageBody | UserErrors
    try:
        outcome = read_usage(provider, body)
    except UserErrors as refused:
        outcome = refused
    if isinstance(outcome, UserErrors):
        assert all(error.message and error.field for error in outcome.errors)
    else:
        assert not outcome.tokens.any_negative
