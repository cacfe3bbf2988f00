"""Token counts: the six disjoint classes that are priced apart, and counts as providers state them.

Providers count in different conventions (OpenAI's input contains what was read from a cache,
Anthropic's does not); from this module on every class is disjoint and a sum is only ever a sum.
Refused: a convention that has to be guessed, and counts that contradict each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from models.errors import UserError, UserErrors

MAX_COUNT = 2**53 - 1
"""The largest count that JavaScript reads exactly, and so the largest that is taken."""


class TokenClass(StrEnum):
    """Kinds of tokens that are priced apart, in the order of the fields of `TokenCounts`."""

    INPUT = "INPUT"
    CACHE_READ = "CACHE_READ"
    CACHE_WRITE_5M = "CACHE_WRITE_5M"
    CACHE_WRITE_1H = "CACHE_WRITE_1H"
    OUTPUT = "OUTPUT"
    REASONING = "REASONING"


# Not frozen, for the reason that `event.py` gives; nobody changes them.
@dataclass(slots=True, unsafe_hash=True)
class TokenCounts:
    """Tokens by class, no token in two of them. A difference may be negative."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    def __add__(self, other: "TokenCounts") -> "TokenCounts":
        return TokenCounts(
            self.input + other.input,
            self.cache_read + other.cache_read,
            self.cache_write_5m + other.cache_write_5m,
            self.cache_write_1h + other.cache_write_1h,
            self.output + other.output,
            self.reasoning + other.reasoning,
        )

    def __sub__(self, other: "TokenCounts") -> "TokenCounts":
        return TokenCounts(
            self.input - other.input,
            self.cache_read - other.cache_read,
            self.cache_write_5m - other.cache_write_5m,
            self.cache_write_1h - other.cache_write_1h,
            self.output - other.output,
            self.reasoning - other.reasoning,
        )

    @property
    def input_tokens(self) -> int:
        """What people are shown as input: cached tokens included."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def output_tokens(self) -> int:
        """What people are shown as output: reasoning included."""
        return self.output + self.reasoning

    @property
    def total(self) -> int:
        """All tokens."""
        return self.input_tokens + self.output_tokens

    @property
    def any_negative(self) -> bool:
        """Whether some class is below zero."""
        return min(self.as_tuple()) < 0

    def as_tuple(self) -> tuple[int, int, int, int, int, int]:
        """The counts in the order of `TokenClass`."""
        return (
            self.input,
            self.cache_read,
            self.cache_write_5m,
            self.cache_write_1h,
            self.output,
            self.reasoning,
        )

    def positive_difference(self, posted: "TokenCounts") -> "TokenCounts":
        """What these cumulative counts add to what was posted; a class that fell adds nothing."""
        risen = self - posted
        return TokenCounts(*(max(count, 0) for count in risen.as_tuple()))


@dataclass(slots=True, unsafe_hash=True)
class ReportedTokens:
    """Counts as a provider states them. None is "not stated"; what is stated needs its convention.

    `cache_write_5m_tokens` also takes writes of unknown life.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_includes_cache: bool | None = None
    output_includes_reasoning: bool | None = None

    def normalise(self) -> TokenCounts:
        """The disjoint classes; raises `UserErrors` that name every field to put right."""
        return self._plain() or self._normalise()

    def _plain(self) -> TokenCounts | None:
        """The counts where nothing is contained in anything else, and no rule can object.

        That is most of them, found out at a fraction of the cost.
        """
        read, write_5m, write_1h = (
            self.cache_read_tokens,
            self.cache_write_5m_tokens,
            self.cache_write_1h_tokens,
        )
        if self.reasoning_tokens is not None:
            return None
        is_cached = not (read is None and write_5m is None and write_1h is None)
        if is_cached and self.input_includes_cache is not False:
            return None
        counts = (
            self.input_tokens,
            read or 0,
            write_5m or 0,
            write_1h or 0,
            self.output_tokens,
        )
        if min(counts) < 0 or sum(counts) > MAX_COUNT:
            return None
        return TokenCounts(*counts)

    def _normalise(self) -> TokenCounts:
        errors = list(self._range_errors()) or list(self._contradictions())
        if errors:
            raise UserErrors(errors)
        cached = self._cached_tokens
        reasoning = self.reasoning_tokens or 0
        return TokenCounts(
            input=self.input_tokens - (cached if self.input_includes_cache else 0),
            cache_read=self.cache_read_tokens or 0,
            cache_write_5m=self.cache_write_5m_tokens or 0,
            cache_write_1h=self.cache_write_1h_tokens or 0,
            output=self.output_tokens - (reasoning if self.output_includes_reasoning else 0),
            reasoning=reasoning,
        )

    @property
    def _cached_tokens(self) -> int:
        return (
            (self.cache_read_tokens or 0)
            + (self.cache_write_5m_tokens or 0)
            + (self.cache_write_1h_tokens or 0)
        )

    def _cache_fields(self) -> dict[str, int | None]:
        return {
            "cacheReadTokens": self.cache_read_tokens,
            "cacheWrite5mTokens": self.cache_write_5m_tokens,
            "cacheWrite1hTokens": self.cache_write_1h_tokens,
        }

    def _range_errors(self) -> Iterator[UserError]:
        counts = {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            **self._cache_fields(),
            "reasoningTokens": self.reasoning_tokens,
        }
        for name, count in counts.items():
            if count is not None and not 0 <= count <= MAX_COUNT:
                message = f"{name} is {count}; expected a whole number from 0 to {MAX_COUNT}."
                yield UserError("OUT_OF_RANGE", message, (name,))
        total = sum(count for count in counts.values() if count is not None and count > 0)
        if total > MAX_COUNT and all((count or 0) <= MAX_COUNT for count in counts.values()):
            message = f"The counts of one call add up to {total}; at most {MAX_COUNT} is kept."
            yield UserError("OUT_OF_RANGE", message, ("inputTokens",))

    def _contradictions(self) -> Iterator[UserError]:
        stated = [name for name, count in self._cache_fields().items() if count is not None]
        if stated and self.input_includes_cache is None:
            message = f"{stated[0]} needs inputIncludesCache: whether inputTokens contains it."
            yield UserError("REQUIRED", message, ("inputIncludesCache",))
        if self.reasoning_tokens is not None and self.output_includes_reasoning is None:
            message = "reasoningTokens needs outputIncludesReasoning: whether outputTokens has it."
            yield UserError("REQUIRED", message, ("outputIncludesReasoning",))
        if self.input_includes_cache and self._cached_tokens > self.input_tokens:
            message = (
                f"{self._cached_tokens} cached tokens cannot be among "
                f"{self.input_tokens} input tokens."
            )
            # The first cache count that is above zero: there is one, or the sum were not.
            first = next(name for name, count in self._cache_fields().items() if count)
            yield UserError("INVALID", message, (first,))
        if self.output_includes_reasoning and (self.reasoning_tokens or 0) > self.output_tokens:
            message = (
                f"{self.reasoning_tokens} reasoning tokens cannot be among "
                f"{self.output_tokens} output tokens."
            )
            yield UserError("INVALID", message, ("reasoningTokens",))
