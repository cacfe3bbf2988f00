"""Real usage bodies with the counts expected of them, which are not part of this repository.

They are looked for in AICOST_SHARED_DATA, else beside the repository; without them these skip.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.token import TokenCounts
from models.usage_body import read_usage

BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SHARED = Path(os.environ.get("AICOST_SHARED_DATA") or BESIDE)
BODIES = SHARED / "provider_usage" / "usages_half.json"
OTHER_KINDS = ("audio", "image", "video", "citation")

pytestmark = pytest.mark.skipif(
    not BODIES.is_file(), reason=f"no shared data: {BODIES} is not there"
)


@dataclass(frozen=True)
class Case:
    """What one format of one provider is expected to make of a body."""

    body: dict[str, Any]
    provider: str
    flavor: str
    expected: dict[str, int]

    @property
    def tokens(self) -> TokenCounts:
        return disjoint(self.expected)

    @property
    def is_disputed(self) -> bool:
        """Azure and Moonshot state cache writes where OpenAI does; the expectation drops them.

        They would be billed as fresh input. The expectations of the same bodies at OpenAI and at
        OpenRouter have them, and so has the version of genai-prices that is installed.
        """
        usage = self.body.get("usage", {})
        details = [
            usage.get(name) or {} for name in ("prompt_tokens_details", "input_tokens_details")
        ]
        return (
            (self.provider, self.flavor)
            in {("azure", "chat"), ("azure", "responses"), ("moonshotai", "chat")}
            and any(each.get("cache_write_tokens") for each in details)
            and "cache_write_tokens" not in self.expected
        )  # fmt: skip


def disjoint(expected: dict[str, int]) -> TokenCounts:
    """The expectation's counts (input with cached, output with reasoning) as classes."""
    count = Counter(expected)
    return TokenCounts(
        input=count["input_tokens"] - count["cache_read_tokens"] - count["cache_write_tokens"],
        cache_read=count["cache_read_tokens"],
        cache_write_5m=count["cache_write_tokens"] - count["cache_write_1h_tokens"],
        cache_write_1h=count["cache_write_1h_tokens"],
        output=count["output_tokens"] - count["output_reasoning_tokens"],
        reasoning=count["output_reasoning_tokens"],
    )


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """The bodies, each with what every format is expected to make of it."""
    found: list[dict[str, Any]] = json.loads(BODIES.read_text())
    return found


def cases(rows: list[dict[str, Any]]) -> Iterator[Case]:
    for row in rows:
        for extracted in row["extracted"]:
            for each in extracted["extractors"]:
                yield Case(row["body"], each["provider_id"], each["api_flavor"], extracted["usage"])


def test_every_stated_expectation_is_met(rows: list[dict[str, Any]]) -> None:
    met = disputed = 0
    for case in cases(rows):
        usage = read_usage(case.provider, case.body, flavor=case.flavor)
        if case.is_disputed:
            disputed += 1
            assert usage.tokens.input + usage.tokens.cache_write_5m == case.tokens.input
            continue
        met += 1
        assert usage.tokens == case.tokens, case
        assert not usage.tokens.any_negative
        stated = {name: count for name, count in case.expected.items() if count}
        assert usage.other_kinds == {
            name: count
            for name, count in stated.items()
            if name.endswith("_tokens") and any(kind in name for kind in OTHER_KINDS)
        }, case
        assert usage.unbilled == {
            name: count for name, count in stated.items() if not name.endswith("_tokens")
        }, case
    assert (len(rows), met, disputed) == (789, 9532, 13)


def test_a_body_alone_is_read_as_one_of_its_expectations(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        expected = {disjoint(each["usage"]) for each in row["extracted"]}
        body = row["body"]
        assert read_usage(None, body).tokens in expected, body
        part = body.get("usage") or body.get("usageMetadata") or body["meta"]["billed_units"]
        if "meta" not in body:
            assert read_usage(None, part).tokens in expected, body


def test_nothing_that_a_body_counts_is_lost_unseen(rows: list[dict[str, Any]]) -> None:
    """The sum holds wherever a total is stated, save for one body, which says so."""
    named = {"total_tokens", "totalTokens", "totalTokenCount"}
    differing = Counter(
        path
        for row in rows
        for path in read_usage(None, row["body"]).unread
        if path.rpartition(".")[2] in named
    )
    assert differing == {"usage.total_tokens": 1}
    advised = [call for row in rows for call in read_usage(None, row["body"]).inner_calls]
    assert [call.tokens.total for call in advised] == [2540, 2663]
