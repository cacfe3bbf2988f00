"""OTLP documents for tests, in JSON as instrumentations send them, and spans for the models."""

import itertools
from typing import Any

from models.otel_span import Attributes, Span

NOON_NANOS = 1_773_576_000_000_000_000
"""15 March 2026, 12:00 UTC."""
SECOND = 1_000_000_000
_numbers = itertools.count(1)


def trace_id() -> str:
    return f"{next(_numbers):032x}"


def span_id() -> str:
    return f"{next(_numbers):016x}"


def make_span(attributes: Attributes | None = None, **fields: Any) -> Span:
    """A span of its own trace that took two seconds at noon of 15 March 2026, UTC."""
    values: dict[str, Any] = {
        "trace_id": trace_id(),
        "span_id": span_id(),
        "start_nanos": NOON_NANOS,
        "end_nanos": NOON_NANOS + 2 * SECOND,
        "attributes": attributes or {},
    }
    return Span(**(values | fields))


def chat(
    input_tokens: int = 1000, output_tokens: int = 100, model: str = "gpt-4o", **others: Any
) -> dict[str, Any]:
    """Attributes of a call in the current conventions."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": model,
        "gen_ai.usage.input_tokens": input_tokens,
        "gen_ai.usage.output_tokens": output_tokens,
        **others,
    }


def usage(**counts: Any) -> dict[str, Any]:
    """Counts under `gen_ai.usage.`; two underscores stand for a dot."""
    return {f"gen_ai.usage.{name.replace('__', '.')}": count for name, count in counts.items()}


def document(*spans: Span) -> dict[str, Any]:
    """The spans as OTLP/JSON, each under a resource of its own."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": attributes(span.resource)},
                "scopeSpans": [{"scope": {"name": span.scope}, "spans": [span_json(span)]}],
            }
            for span in spans
        ]
    }


def span_json(span: Span) -> dict[str, Any]:
    told = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": "a span",
        "kind": 3,
        "startTimeUnixNano": str(span.start_nanos),
        "endTimeUnixNano": str(span.end_nanos),
        "attributes": attributes(span.attributes),
        "status": {"code": 2} if span.is_error else {},
        "flags": 256,
    }
    if span.parent_span_id:
        told["parentSpanId"] = span.parent_span_id
    return told


def attributes(values: Attributes) -> list[dict[str, Any]]:
    return [{"key": name, "value": _any_value(value)} for name, value in values.items()]


def _any_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value}
