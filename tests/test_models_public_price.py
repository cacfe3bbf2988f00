"""The public list: every model costs what genai-prices says, and adoption appends what changed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, Provider, TieredPrices
from hypothesis import given
from hypothesis import strategies as st

from models.price import PriceBook, PriceRow
from models.public_price import PRICE_KEYS, public_rows, source
from models.token import TokenClass, TokenCounts

# Before most dated prices and after all, inside and outside of DeepSeek's hours.
INSTANTS = (
    datetime(2026, 2, 1, 2, 30, tzinfo=UTC),
    datetime(2026, 10, 20, 7, tzinfo=UTC),
    datetime(2026, 11, 20, 16, 30, tzinfo=UTC),
    datetime(2027, 6, 1, 3, 59, 59, tzinfo=UTC),
)
USAGES = (TokenCounts(3, 17, 29, 31, 37, 41), TokenCounts(300_003, 600_001, 3, 9, 1001, 7))
HALF_A_STEP = Decimal("0.0000005")
# What we do not count: sounds, images, pages, characters, searches, citations.
UNBILLED_KEYS = {
    "audio_hours",
    "cache_audio_read_mtok",
    "cache_image_read_mtok",
    "input_annotated_document_kpages",
    "input_audio_hours",
    "input_audio_mtok",
    "input_document_kpages",
    "input_image_mtok",
    "input_mchars",
    "input_text_messages_kcount",
    "input_video_mtok",
    "output_audio_mtok",
    "output_citation_mtok",
    "output_image_mtok",
    "output_video_mtok",
    "storage_searches_kcount",
    "web_searches_kcount",
}


@cache
def rows() -> list[PriceRow]:
    return public_rows()


@cache
def book() -> PriceBook:
    return PriceBook(rows())


def models() -> Iterator[tuple[Provider, ModelInfo]]:
    """Those that their own id finds: an earlier model of the provider may claim it too."""
    for provider in providers:
        for model in provider.models:
            if provider.find_model(model.id) is model:
                yield provider, model


def lists(model: ModelInfo) -> list[ConditionalPrice]:
    if isinstance(model.prices, ModelPrice):
        return [ConditionalPrice(prices=model.prices)]
    return model.prices


def figures(model: ModelInfo) -> Iterator[Decimal]:
    """All token prices of a model, tiers and variants included."""
    variants = model.price_variants or []
    for prices in [*(each.prices for each in lists(model)), *(each.prices for each in variants)]:
        for key in PRICE_KEYS:
            value = getattr(prices, key)
            if isinstance(value, TieredPrices):
                yield from (value.base, *(tier.price for tier in value.tiers))
            elif value is not None:
                yield value


def is_rounded(model: ModelInfo) -> bool:
    return any(Decimal(round(each, 6)) != each for each in figures(model))


def usage(tokens: TokenCounts) -> Usage:
    return Usage(
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write_5m + tokens.cache_write_1h,
        cache_write_5m_tokens=tokens.cache_write_5m,
        cache_write_1h_tokens=tokens.cache_write_1h,
        output_reasoning_tokens=tokens.reasoning,
    )


def difference(
    provider: Provider,
    model: ModelInfo,
    at: datetime,
    tokens: TokenCounts,
    context: Mapping[str, str],
) -> Decimal | None:
    """Our cost minus the package's; None when we know no price."""
    tier = ",".join(
        value if key in ("service_tier", "processing", "speed") else f"{key}:{value}"
        for key, value in context.items()
    )
    rate = book().resolve(
        provider.id, model.id, at, input_tokens=tokens.input_tokens, service_tier=tier
    )
    if rate is None:
        return None
    theirs = model.calc_price(
        usage(tokens), provider, genai_request_timestamp=at, price_context=context
    )
    return rate.cost(tokens, 1) - theirs.total_price


def test_every_model_and_service_tier_costs_what_the_package_says() -> None:
    compared, wrong = 0, []
    for provider, model in models():
        for context in ({}, *(variant.when for variant in model.price_variants or ())):
            for at in INSTANTS:
                for tokens in USAGES:
                    off = difference(provider, model, at, tokens, context)
                    if off is None:
                        continue
                    compared += 1
                    bound = tokens.total * HALF_A_STEP / 10**6 if is_rounded(model) else 0
                    if abs(off) > bound:
                        wrong.append((provider.id, model.id, context, at, tokens, off))
    assert wrong == []
    assert compared > 15_000


def test_few_figures_are_rounded() -> None:
    """All are recurring decimals of resellers; a rounding moves a cost by 5e-13 a token at most."""
    rounded = [each for _, model in models() for each in figures(model) if round(each, 6) != each]
    assert 0 < len(rounded) < 50
    assert {provider.id for provider, model in models() if is_rounded(model)} == {
        "huggingface_together",
        "openrouter",
    }
    assert all(row.dollars_per_million == round(row.dollars_per_million, 6) for row in rows())


token_counts = st.builds(TokenCounts, *[st.integers(0, 500_000)] * 6)
NAMES = ["claude-opus-4-6", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-haiku-5-5"]


@given(
    st.sampled_from(NAMES),
    token_counts,
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
def test_any_usage_at_any_time_costs_what_the_package_says(
    name: str, tokens: TokenCounts, at: datetime
) -> None:
    provider = next(each for each in providers if each.id == "anthropic")
    model = provider.find_model(name)
    assert model is not None
    assert difference(provider, model, at, tokens, {}) == 0


def test_models_without_token_prices_are_unpriced_except_the_free_ones() -> None:
    priced = {(row.provider, row.model) for row in rows()}
    for provider in providers:
        for model in provider.models:
            has_tokens = any(True for _ in figures(model))
            is_free = provider.id == "openrouter" and model.id.endswith(":free")
            assert ((provider.id, model.id) in priced) is (has_tokens or is_free)


def test_the_package_states_no_price_of_zero() -> None:
    """Were it to, somebody has to decide whether that is a price or a gap."""
    assert all(each > 0 for _, model in models() for each in figures(model))
    zeros = [row for row in rows() if row.dollars_per_million == 0]
    free = [row for row in zeros if row.token_class == TokenClass.INPUT]
    assert free
    assert all(row.provider == "openrouter" and row.model.endswith(":free") for row in free)
    # The others: the output of models that are billed by input alone.
    assert {row.token_class for row in zeros} == {TokenClass.INPUT, TokenClass.OUTPUT}


def test_every_price_key_is_billed_or_known_to_be_left() -> None:
    used = {
        key
        for provider in providers
        for model in provider.models
        for prices in lists(model)
        for key, value in vars(prices.prices).items()
        if value is not None
    }
    assert used - set(PRICE_KEYS) == UNBILLED_KEYS
    assert set(PRICE_KEYS) <= used


def test_rows_have_one_price_per_key() -> None:
    keys = [
        (
            row.provider,
            row.model.lower(),
            row.token_class,
            row.min_input_tokens,
            row.service_tier,
            row.starts_at,
            row.daily_from,
        )
        for row in rows()
    ]
    assert len(set(keys)) == len(keys)
    assert {row.source for row in rows()} == {source()}


def test_hours_of_the_day_have_their_price() -> None:
    """DeepSeek's day of 2026: dearer from 01:00 to 04:00 and from 06:00 to 10:00 UTC."""
    prices = []
    for hour in (0, 1, 3, 4, 6, 9, 10):
        at = datetime(2026, 11, 20, hour, tzinfo=UTC)
        rate = book().resolve("deepseek", "deepseek-v4-flash", at, input_tokens=1)
        assert rate is not None
        prices.append(rate.output)
    low, high = prices[0], prices[1]
    assert low < high
    assert prices == [low, high, high, low, high, high, low]
