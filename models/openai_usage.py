"""OpenAI's usage and cost exports: what a bucket's result, or a row of the dashboard's CSV, states.

From the administration API (`/v1/organization/usage/*`, `/v1/organization/costs`; objects
`organization.usage.completions.result`, `.embeddings.result`, `.moderations.result`,
`organization.costs.result` of OpenAI's OpenAPI document 2.3.0): pages of buckets, buckets, or one
on a line. The dashboard's CSV has the same names in a row for each result. Never tried on a real
export. Counts are sums over many requests: `input_tokens` contains the cached ones, and those
written to a cache; there is nothing of single requests in them.

A result is split into parts of at most `PART_TOKENS` a class, because a sum of many requests must
not be priced as one request with a long context. Buckets grow while their time lasts, so parts are
cumulative: exporting again adds what came. Refused: results that do not name a model, and what is
not counted in tokens (images, sound, storage, sessions). A cost is kept as what the source says,
beside our own figures, with no tokens, so that nothing is billed twice.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from models.row_file import CSV_SUFFIXES, DOCUMENT_SUFFIXES, LINE_SUFFIXES, FileError
from models.row_format import FileKind, ReadRow, RowFormat
from models.usage_row import Row, stated
from models.usage_value import RowError, count, flag, number, shown

PROVIDER = "openai"
DEFAULT_PROJECT = "openai"
PART_TOKENS = 90_000
"""A part's input, fresh, read and written, stays below 272,000, where long contexts begin."""
_USAGE = {
    "organization.usage.completions.result": "COMPLETION",
    "organization.usage.embeddings.result": "EMBEDDING",
    "organization.usage.moderations.result": "COMPLETION",
}
_COSTS = "organization.costs.result"
_GROUPS = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier")
_COUNTS = ("input_tokens", "output_tokens", "num_model_requests")
_LONGEST_KEY = 240
_STANDARD = ("", "default", "standard", "auto")


def openai_usage_format() -> RowFormat:
    """The format."""

    def start(columns: Sequence[str] | None) -> ReadRow:
        if columns is not None and "start_time" not in columns:
            raise FileError("is no usage or cost export of OpenAI: no start_time")
        if columns is not None and not {"input_tokens", "amount_value"} & set(columns):
            raise FileError("counts no tokens and no dollars: no input_tokens, no amount_value")
        return _read

    suffixes = CSV_SUFFIXES + LINE_SUFFIXES + DOCUMENT_SUFFIXES
    return RowFormat("openai-usage", suffixes, FileKind.LINES, start, _rows)


def _rows(value: Any) -> list[Any]:
    """The results of a page, of several, of a bucket; each with the time of its bucket."""
    if isinstance(value, list):
        return [row for each in value for row in _rows(each)]
    if not isinstance(value, Mapping):
        return [value]
    if isinstance(value.get("data"), list):
        return _rows(value["data"])
    results = value.get("results", value.get("result"))
    if not isinstance(results, list):
        return [value]
    times = {name: value.get(name) for name in ("start_time", "end_time")}
    return [{**times, **each} if isinstance(each, Mapping) else each for each in results]


def _read(row: Any) -> list[Row]:
    if not isinstance(row, Mapping):
        raise RowError(f"is {shown(row)}; an object is expected")
    kind = row.get("object")
    is_cost = kind == _COSTS or "amount" in row or "amount_value" in row
    if not stated({name: row.get(name) for name in (*_COUNTS, "amount", "amount_value")}):
        # A day of the dashboard's CSV on which nothing happened.
        if kind in (None, *_USAGE, _COSTS):
            return []
        raise RowError(f"{kind} is not counted in tokens")
    if kind is not None and kind not in _USAGE and not is_cost:
        raise RowError(f"{shown(kind)} is not counted in tokens")
    names = _names(row, is_cost=is_cost)
    try:
        return [{**names, **_cost(row)}] if is_cost else list(_parts(row, names))
    except RowError as error:
        raise RowError(str(error), names) from error


def _names(row: Mapping[str, Any], *, is_cost: bool) -> dict[str, Any]:
    line_item = str(row.get("line_item") or "all line items")
    return stated(
        {
            "eventKey": _key(row, is_cost=is_cost),
            "occurredAt": _instant(row),
            "project": row.get("project_name") or row.get("project_id") or DEFAULT_PROJECT,
            "provider": PROVIDER,
            "model": line_item.partition(",")[0].strip() if is_cost else row.get("model"),
            "operation": _USAGE.get(str(row.get("object")), "COMPLETION"),
            "surface": "API",
            "serviceTier": _service_tier(row),
        }
    )


def _key(row: Mapping[str, Any], *, is_cost: bool) -> str:
    """Bucket and grouping, spelt alike whichever way the result came."""
    kind = str(row.get("object") or "").removesuffix(".result").rpartition(".")[2]
    what = "costs" if is_cost else kind or "completions"
    groups = {name: row.get(name) for name in (*_GROUPS, *(["line_item"] if is_cost else []))}
    if stated({"batch": groups["batch"]}):
        groups["batch"] = flag(groups["batch"])
    said = [f"{name}={value}" for name, value in stated(groups).items()]
    span = f"{_seconds(row, 'start_time')}-{_seconds(row, 'end_time')}"
    key = ":".join(("openai", what, span, *said))
    if len(key) <= _LONGEST_KEY:
        return key
    return f"openai:{what}:{span}:{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"


def _service_tier(row: Mapping[str, Any]) -> str:
    batch = row.get("batch")
    if batch not in (None, "") and flag(batch):
        return "batch"
    tier = str(row.get("service_tier") or "").lower()
    return "" if tier in _STANDARD else tier


def _cost(row: Mapping[str, Any]) -> dict[str, Any]:
    amount = row.get("amount")
    given = amount if isinstance(amount, Mapping) else {}
    currency = str(given.get("currency") or row.get("amount_currency") or "usd").lower()
    if currency != "usd":
        raise RowError(f"the amount is in {currency}; dollars are expected")
    return {"sourceCost": given.get("value", row.get("amount_value"))}


def _parts(row: Mapping[str, Any], names: Row) -> Iterator[Row]:
    """The same sums in parts. What came later only adds to parts, or makes more of them."""
    total = _count(row, "input_tokens")
    read, written = _count(row, "input_cached_tokens"), _count(row, "input_cache_write_tokens")
    output = _count(row, "output_tokens")
    fresh = total - read - written
    if min(total, read, written, output) < 0 or fresh < 0:
        said = f"{read + written} cached tokens cannot be among {total} input tokens"
        raise RowError(said if fresh < 0 else "a count is negative")
    counts = {
        "inputTokens": fresh,
        "cacheReadTokens": read,
        "cacheWrite5mTokens": written,
        "outputTokens": output,
    }
    part_count = max(1, -(-max(fresh, read, written) // PART_TOKENS))
    for part in range(part_count):
        split = {
            name: min(max(tokens - part * PART_TOKENS, 0), PART_TOKENS)
            for name, tokens in counts.items()
        }
        # No price depends on the length of answers, so they need not be split.
        split["outputTokens"] = output if part == 0 else 0
        key = names["eventKey"] if part == 0 else f"{names['eventKey']}:{part + 1}"
        yield {**names, **split, "eventKey": key, "inputIncludesCache": False, "cumulative": True}


def _count(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    if value in (None, ""):
        return 0
    try:
        return count(value)
    except RowError as error:
        raise RowError(f"{name} {error}") from error


def _seconds(row: Mapping[str, Any], name: str) -> int | str:
    value = row.get(name)
    if value in (None, ""):
        return ""
    try:
        return int(number(value, "seconds since 1970"))
    except RowError as error:
        raise RowError(f"{name} {error}") from error


def _instant(row: Mapping[str, Any]) -> str | None:
    seconds = _seconds(row, "start_time")
    if seconds == "":
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC).isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise RowError(f"start_time is {seconds}; no such instant") from error
