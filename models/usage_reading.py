"""One provider's answer read in one format: its counts, their classes, and what it left unread.

Refused: fractions, negative numbers and text where whole tokens are counted, more cached or
reasoning tokens than there are tokens, and cache writes by life that exceed what was written.
"""

import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from models.errors import UserError, UserErrors
from models.token import MAX_COUNT, ReportedTokens, TokenCounts
from models.usage_format import UsageFormat

if TYPE_CHECKING:
    from models.usage_format import Step

Path = tuple[str, ...]
Body = Mapping[str, object]

INNER_CALLS = {"advisor_message", "compaction"}
"""Iterations of Anthropic's `usage` that are billed beside it; its `message` ones repeat it."""

_WRAPPERS = {"response", "result"}
_ROOTS = {"usage", "usageMetadata"}
_TOTALS = {"total", "total_tokens", "totalTokens", "totalTokenCount"}
_MAX_DEPTH = 8
_REPORTED_AS = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadTokens": "cache_read_tokens",
    "cacheWrite5mTokens": "cache_write_tokens",
    "cacheWrite1hTokens": "cache_write_1h_tokens",
    "reasoningTokens": "output_reasoning_tokens",
}


@dataclass(frozen=True, slots=True)
class UsageReading:
    """A body read in one format. With errors its tokens mean nothing."""

    format: UsageFormat
    values: Mapping[str, int | Decimal]
    """The format's sums by name; tokens are whole."""
    tokens: TokenCounts
    errors: tuple[UserError, ...]
    unread: Mapping[str, int]
    """Counts above zero, by path, that the format does not know; a total that it contradicts."""
    read_count: int


def read_as(format_: UsageFormat, body: Body) -> UsageReading | None:
    """None when the body is not in this format: a count that it must have is missing."""
    placed = _place(format_.root, body)
    if placed is None:
        return None
    usage, root = placed
    found = [(each, locate(each.path, usage)) for each in format_.counts]
    if any(each.required and at is None for each, at in found):
        return None
    values: dict[str, int | Decimal] = {}
    paths: dict[str, Path] = {}
    refused: dict[Path, UserError] = {}
    read: set[Path] = set()
    for each, at in found:
        if at is None:
            continue
        path = (*root, *at[0])
        whole = each.adds_to.endswith("_tokens")
        count = _count(at[1], whole=whole)
        if count is None:
            refused[path] = _bad_count(path, at[1], whole=whole)
        values[each.adds_to] = values.get(each.adds_to, 0) + (count or 0)
        paths.setdefault(each.adds_to, path)
        read.add(path)
    if not read:
        return None
    tokens, errors = TokenCounts(), tuple(refused.values())
    if not errors:
        try:
            tokens = _tokens(values, paths)
        except UserErrors as contradiction:
            errors = contradiction.errors
    # A total cannot tell anything of counts that are wrong themselves.
    unread = dict(_unread(format_, body, read, None if errors else tokens.total))
    return UsageReading(format_, values, tokens, errors, unread, len(read))


def usage_part(format_: UsageFormat, body: Body) -> tuple[Body, Path]:
    """All that may hold counts: the outermost part of the root that is no mere wrapper."""
    depth = next(n for n, step in enumerate(format_.root) if step not in _WRAPPERS)
    return _place(format_.root[: depth + 1], body) or (body, ())


def iterations(format_: UsageFormat, body: Body) -> Iterator[tuple[Path, Body]]:
    """The calls that Anthropic lists in a `usage`, each with its path."""
    if not any(each.path == ("cache_creation_input_tokens",) for each in format_.counts):
        return
    usage, path = usage_part(format_, body)
    listed = usage.get("iterations")
    if isinstance(listed, list | tuple):
        for index, each in enumerate(listed):
            if isinstance(each, Mapping):
                yield (*path, "iterations", str(index)), each


def locate(path: "tuple[Step, ...]", body: Body) -> tuple[Path, object] | None:
    """A value and where it stands; null says no more than nothing."""
    at: object = body
    walked: list[str] = []
    for step in path:
        if isinstance(step, str):
            if not isinstance(at, Mapping):
                return None
            at = at.get(step)
            walked.append(step)
        else:
            index = _matching(step.field, step.match.is_match, at)
            if index is None or not isinstance(at, Sequence):
                return None
            at = at[index]
            walked.append(str(index))
    return None if at is None else (tuple(walked), at)


def refusal(code: str, message: str, path: Path) -> UserErrors:
    """One error, to be raised."""
    return UserErrors([UserError(code, message, path)])


def shown(value: object) -> str:
    """A value in a message, cut short in length and depth: bodies may be large."""
    return reprlib.repr(value)


def _place(root: Path, body: Body) -> tuple[Body, Path] | None:
    """The object that holds the counts and its path: below its root, or the body itself."""
    for skipped, step in enumerate(root):
        if step in body:
            found = locate(root[skipped:], body)
            at = found[1] if found is not None else None
            return (at, root[skipped:]) if isinstance(at, Mapping) else None
    return None if _ROOTS & body.keys() else (body, ())


def _matching(name: str, is_match: Callable[[str], bool], items: object) -> int | None:
    if not isinstance(items, list | tuple):
        return None
    for index, item in enumerate(items):
        value = item.get(name) if isinstance(item, Mapping) else None
        if isinstance(value, str) and is_match(value):
            return index
    return None


def _count(value: object, *, whole: bool) -> int | Decimal | None:
    """A number from 0 on, exact; some providers write whole numbers with a decimal point."""
    if type(value) is int:
        return value if 0 <= value <= MAX_COUNT else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite() or not 0 <= exact <= MAX_COUNT:
        return None
    if exact == exact.to_integral_value():
        return int(exact)
    return None if whole else exact


def _bad_count(path: Path, value: object, *, whole: bool) -> UserError:
    kind = "a whole number" if whole else "a number"
    message = f"{'.'.join(path)} is {shown(value)}; expected {kind} from 0 to {MAX_COUNT}."
    return UserError("INVALID", message, path)


def _tokens(values: Mapping[str, int | Decimal], paths: Mapping[str, Path]) -> TokenCounts:
    """The disjoint classes of counts whose input holds cached tokens and output reasoning."""
    stated = {name: int(count) for name, count in values.items() if name.endswith("_tokens")}
    written = stated.get("cache_write_tokens", 0)
    lives = ("cache_write_5m_tokens", "cache_write_1h_tokens")
    by_life = sum(stated.get(life, 0) for life in lives)
    if by_life > written:
        path = next(paths[life] for life in lives if stated.get(life))
        message = (
            f"{'.'.join(path)}: cache writes by life add up to {by_life}; expected at most "
            f"{written}, all that is stated as written."
        )
        raise refusal("INVALID", message, path)
    reported = ReportedTokens(
        input_tokens=stated.get("input_tokens", 0),
        output_tokens=stated.get("output_tokens", 0),
        cache_read_tokens=stated.get("cache_read_tokens"),
        # What is not said to live for an hour: five minutes is what providers write by default.
        cache_write_5m_tokens=written - stated.get("cache_write_1h_tokens", 0),
        cache_write_1h_tokens=stated.get("cache_write_1h_tokens"),
        reasoning_tokens=stated.get("output_reasoning_tokens"),
        input_includes_cache=True,
        output_includes_reasoning=True,
    )
    try:
        return reported.normalise()
    except UserErrors as refused:
        raise UserErrors([_at_its_path(each, paths) for each in refused.errors]) from None


def _at_its_path(error: UserError, paths: Mapping[str, Path]) -> UserError:
    """The same error, where the body says it and not our own input."""
    path = paths.get(_REPORTED_AS.get(error.field[0], "")) if error.field else None
    if path is None:
        return error
    return UserError(error.code, f"{'.'.join(path)}: {error.message}", path)


def _unread(
    format_: UsageFormat, body: Body, read: set[Path], total: int | None
) -> Iterator[tuple[str, int]]:
    # Iterations repeat the usage, or are read as calls of their own.
    known = INNER_CALLS | {"message"}
    inner = [path for path, each in iterations(format_, body) if each.get("type") in known]
    at, root = usage_part(format_, body)
    for path, count in _whole_counts(at, root):
        if path in read or any(path[: len(each)] == each for each in inner):
            continue
        if path[-1] not in _TOTALS or total not in (count, None):
            yield ".".join(path), count


def _whole_counts(at: object, path: Path) -> Iterator[tuple[Path, int]]:
    if len(path) > _MAX_DEPTH:
        return
    if isinstance(at, Mapping):
        for key, value in at.items():
            yield from _whole_counts(value, (*path, str(key)))
    elif isinstance(at, list | tuple):
        for index, value in enumerate(at):
            yield from _whole_counts(value, (*path, str(index)))
    elif isinstance(at, int) or (path and "oken" in path[-1]):
        # Times and prices are fractions, or are not called tokens.
        count = _count(at, whole=True)
        if count:
            yield path, int(count)
