"""LiteLLM's spend logs: what one row of `LiteLLM_SpendLogs` states.

Rows come as the proxy answers them (`/spend/logs`: a JSON array, or `{"data": [...]}`), one on a
line, or as CSV from its database. Their columns are those of `SpendLogsPayload` in BerriAI/litellm
`litellm/proxy/_types.py`; what providers count beyond the three token columns is in `metadata`, as
`usage_object` or, in older versions, `additional_usage_values`
(`litellm/proxy/spend_tracking/spend_tracking_utils.py`). Never tried on a real database.

`prompt_tokens` contains cached tokens as everywhere in LiteLLM, except that for Anthropic's models
versions and routes differ (`litellm/llms/anthropic/chat/transformation.py` adds them, pass-through
routes and older versions do not: issue 15056). Where neither `text_tokens` nor the caller tells,
the row is not trusted. Refused: answers from LiteLLM's own cache are no calls, and are passed over.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from models.model_name import canonical_provider
from models.row_file import (
    CSV_SUFFIXES,
    DOCUMENT_SUFFIXES,
    LINE_SUFFIXES,
    FileError,
)
from models.row_format import FileKind, ReadRow, RowFormat
from models.usage_row import Row, stated
from models.usage_value import RowError, count, instant, shown

DEFAULT_PROJECT = "litellm"
_NEEDED = ("request_id", "startTime", "model", "prompt_tokens", "completion_tokens")
# What the quarantine keeps of a row: never messages and answers.
_KEPT = (
    *_NEEDED, "call_type", "spend", "total_tokens", "endTime", "model_group", "custom_llm_provider",
    "user", "team_id", "end_user", "session_id", "status", "cache_hit",
)  # fmt: skip
_USAGE = ("usage_object", "additional_usage_values")
_FAMILY = ("claude", "anthropic")
_EMBEDDING = ("embedding", "aembedding")
_MILLISECOND = timedelta(milliseconds=1)
_UTC = "+00:00"


def litellm_format(input_includes_cache: bool | None = None) -> RowFormat:
    """The format; `input_includes_cache` is what the caller knows of Anthropic's models."""

    def start(columns: Sequence[str] | None) -> ReadRow:
        missing = [name for name in _NEEDED if columns is not None and name not in columns]
        if missing:
            raise FileError(f"is no export of LiteLLM_SpendLogs: no {', '.join(missing)}")
        return lambda row: _read(row, input_includes_cache)

    suffixes = CSV_SUFFIXES + LINE_SUFFIXES + DOCUMENT_SUFFIXES
    return RowFormat("litellm", suffixes, FileKind.LINES, start, _rows, _keep)


def _rows(value: Any) -> Sequence[Any]:
    rows = value.get("data") if isinstance(value, dict) and "request_id" not in value else value
    return rows if isinstance(rows, list) else [value]


def _keep(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return None
    kept = {name: row[name] for name in _KEPT if name in row}
    try:
        metadata = _object(row.get("metadata"))
    except RowError:
        metadata = {}
    return kept | {"metadata": {name: metadata[name] for name in _USAGE if name in metadata}}


def _read(row: Any, input_includes_cache: bool | None) -> list[Row]:
    if not isinstance(row, Mapping):
        raise RowError(f"is {shown(row)}; an object is expected")
    if str(row.get("cache_hit")).lower() == "true":
        return []
    read = _names(row)
    try:
        metadata = _object(row.get("metadata"))
        usage = next((found for name in _USAGE if (found := _object(metadata.get(name)))), {})
        read |= _tokens(row, usage, read, input_includes_cache)
        read |= _times(row)
    except RowError as error:
        raise RowError(str(error), read) from error
    return [read]


def _names(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row is about: a session is a run, a team a project."""
    provider = str(row.get("custom_llm_provider") or "")
    model = str(row.get("model") or "")
    failed = str(row.get("status") or "success").lower() == "failure"
    return stated(
        {
            "eventKey": f"litellm:{row['request_id']}" if row.get("request_id") else None,
            "project": row.get("team_id") or DEFAULT_PROJECT,
            "provider": canonical_provider(provider) if provider else None,
            # Models are named `provider/model` where the caller named them so.
            "model": model.removeprefix(f"{provider}/") if provider else model,
            "operation": "EMBEDDING" if row.get("call_type") in _EMBEDDING else "COMPLETION",
            "outcome": "FAILED" if failed else "SUCCEEDED",
            "surface": "API",
            "run.key": row.get("session_id"),
            "run.workflow": "litellm" if row.get("session_id") else None,
            "sourceCost": row.get("spend"),
        }
    )


def _tokens(
    row: Mapping[str, Any],
    usage: Mapping[str, Any],
    names: Mapping[str, Any],
    input_includes_cache: bool | None,
) -> dict[str, Any]:
    details = _object(usage.get("prompt_tokens_details"))
    made = _object(usage.get("completion_tokens_details"))
    read = _first(usage.get("cache_read_input_tokens"), details.get("cached_tokens"))
    written = _first(usage.get("cache_creation_input_tokens"), details.get("cache_creation_tokens"))
    lives = _object(details.get("cache_creation_token_details"))
    long = _first(lives.get("ephemeral_1h_input_tokens"))
    tokens: dict[str, Any] = {
        "inputTokens": _count(row, "prompt_tokens"),
        "outputTokens": _count(row, "completion_tokens"),
        "cacheReadTokens": read or None,
        "cacheWrite5mTokens": written - long or None,
        "cacheWrite1hTokens": long or None,
    }
    if reasoning := _first(made.get("reasoning_tokens")):
        tokens |= {"reasoningTokens": reasoning, "outputIncludesReasoning": True}
    if read or written:
        tokens["inputIncludesCache"] = _convention(
            tokens["inputTokens"], read + written, details, names, input_includes_cache
        )
    return stated(tokens)


def _convention(
    prompt: int,
    cached: int,
    details: Mapping[str, Any],
    names: Mapping[str, Any],
    input_includes_cache: bool | None,
) -> bool | None:
    """Whether the prompt contains the cached tokens; None where a row leaves it open."""
    said = f"{names.get('provider')} {names.get('model')}".lower()
    if not any(name in said for name in _FAMILY):
        return True
    fresh = details.get("text_tokens")
    if fresh is not None and prompt in (count(fresh), count(fresh) + cached):
        return prompt != count(fresh)
    return input_includes_cache


def _times(row: Mapping[str, Any]) -> dict[str, Any]:
    started = _instant(row, "startTime")
    if started is None:
        return {}
    ended = _instant(row, "endTime")
    duration = {} if ended is None else {"durationMs": (ended - started) // _MILLISECOND}
    return {"occurredAt": started.isoformat(), **duration}


def _instant(row: Mapping[str, Any], name: str) -> datetime | None:
    """The database keeps instants of UTC without a zone."""
    value = row.get(name)
    if value in (None, ""):
        return None
    said = str(value)
    has_zone = said.endswith("Z") or said[10:].count("+") + said[10:].count("-") > 0
    try:
        return instant(said if has_zone else said + _UTC)
    except RowError as error:
        raise RowError(f"{name} {error}") from error


def _object(value: Any) -> Mapping[str, Any]:
    """JSON inside JSON, or in a cell of CSV, comes as text."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError as error:
            raise RowError("metadata is not JSON") from error
    return value if isinstance(value, Mapping) else {}


def _count(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    if value in (None, ""):
        return 0
    try:
        return count(value)
    except RowError as error:
        raise RowError(f"{name} {error}") from error


def _first(*values: Any) -> int:
    return next((count(value) for value in values if value is not None), 0)
