"""OTLP's two encodings of a trace request -> spans, and its answers in the same encoding.

Protobuf is read by `otlp_wire.py`, JSON here: OTLP departs from the JSON of protobuf (ids in
hexadecimal), and unknown fields are passed over. Of attributes only the scalars that somebody
reads are kept. Refused, each with its place: values of the wrong JSON type, ids that are not
hexadecimal, numbers that do not fit their field; and more than `MOST_SPANS`.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from api.body import parse_json
from api.errors import RequestRefusedError
from api.otlp_wire import WireError, read_spans
from models.otel_attribute import WANTED
from models.otel_span import Attributes, Scalar, Span

MOST_SPANS = 100_000
"""Most spans of one request: a collector sends some thousands, an SDK some hundreds."""
PROTOBUF, JSON = "application/x-protobuf", "application/json"
_ERROR = 2
_LARGEST_TIME = 2**64 - 1


def decode(body: bytes, media_type: str) -> list[Span]:
    """The spans of a body; raises RequestRefusedError (400) for one that is no trace request."""
    if media_type == JSON:
        return _bounded(_json_spans(parse_json(body))) if body else []
    try:
        return _bounded(read_spans(body))
    except WireError:
        message = "The body is not an ExportTraceServiceRequest in protobuf."
        raise RequestRefusedError(400, message) from None


def _bounded(spans: Iterable[Span]) -> list[Span]:
    kept = list(islice(spans, MOST_SPANS + 1))
    if len(kept) > MOST_SPANS:
        raise RequestRefusedError(413, f"The body has more than {MOST_SPANS} spans.")
    return kept


def encode_success(media_type: str, rejected: int, message: str) -> bytes:
    """The answer to a request that was taken: how many spans were not, and why.

    A message without rejected spans is a warning, as the specification allows.
    """
    if media_type == JSON:
        told = {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": message}}
        return orjson.dumps(told if message else {})
    return _field(1, _number_field(1, rejected) + _field(2, message.encode()))


def encode_status(media_type: str, code: int, message: str) -> bytes:
    """A `google.rpc.Status`: field 1 the code, field 2 the message."""
    if media_type == JSON:
        return orjson.dumps({"code": code, "message": message})
    return _number_field(1, code) + _field(2, message.encode())


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field; an empty one is left out, as protobuf does."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content if content else b""


def _number_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value) if value else b""


def _json_spans(document: Any) -> Iterator[Span]:
    for of_resource, at in _objects(_object(document, "the body"), "resourceSpans", ""):
        resource = _json_attributes(_object(of_resource.get("resource"), f"{at}.resource"), at)
        for of_scope, where in _objects(of_resource, "scopeSpans", at):
            scope = _text(_object(of_scope.get("scope"), f"{where}.scope"), "name", where)
            for span, place in _objects(of_scope, "spans", where):
                yield _json_span(span, scope, resource, place)


def _json_span(span: dict[str, Any], scope: str, resource: Attributes, at: str) -> Span:
    status = _object(span.get("status"), f"{at}.status").get("code")
    return Span(
        _hexadecimal(span, "traceId", at),
        _hexadecimal(span, "spanId", at),
        _hexadecimal(span, "parentSpanId", at),
        scope,
        _nanos(span, "startTimeUnixNano", at),
        _nanos(span, "endTimeUnixNano", at),
        status in (_ERROR, "STATUS_CODE_ERROR"),
        _json_attributes(span, at),
        resource,
    )


def _json_attributes(holder: dict[str, Any], at: str) -> Attributes:
    kept: dict[str, Scalar] = {}
    for attribute, where in _objects(holder, "attributes", at):
        key = attribute.get("key")
        if isinstance(key, str) and key in WANTED:
            value = _scalar(_object(attribute.get("value"), f"{where}.value"), where)
            if value is not None:
                kept[key] = value
    return kept


def _scalar(value: dict[str, Any], at: str) -> Scalar | None:
    """An AnyValue that is a scalar; lists, maps and bytes are nothing that a bill is made of."""
    if isinstance(text := value.get("stringValue"), str):
        return text
    if (flag := value.get("boolValue")) is not None:
        return flag if isinstance(flag, bool) else _refuse(f"{at}.value.boolValue", "a boolean")
    if (whole := value.get("intValue")) is not None:
        return _int64(whole, f"{at}.value.intValue")
    if (number := value.get("doubleValue")) is not None:
        return _double(number, f"{at}.value.doubleValue")
    return None


def _int64(value: Any, at: str) -> int:
    number = _integer(value)
    if number is None or not -(2**63) <= number < 2**63:
        return int(_refuse(at, "a 64-bit integer, as a number or in a string"))
    return number


def _nanos(holder: dict[str, Any], name: str, at: str) -> int:
    value = holder.get(name)
    number = 0 if value is None else _integer(value)
    if number is None or not 0 <= number <= _LARGEST_TIME:
        return int(_refuse(f"{at}.{name}", "nanoseconds since 1970, as a string"))
    return number


def _integer(value: Any) -> int | None:
    """An integer as protobuf's JSON writes it: a number without fraction, or its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdecimal():
        return int(value[:40])
    return None


def _double(value: Any, at: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return float(_refuse(at, "a number"))


def _text(holder: dict[str, Any], name: str, at: str) -> str:
    value = holder.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else str(_refuse(f"{at}.{name}", "a string"))


def _hexadecimal(holder: dict[str, Any], name: str, at: str) -> str:
    text = _text(holder, name, at).lower()
    try:
        bytes.fromhex(text)
    except ValueError:
        _refuse(f"{at}.{name}", "hexadecimal digits")
    return text


def _object(value: Any, at: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        _refuse(at, "an object")
    found: dict[str, Any] = value
    return found


def _objects(holder: dict[str, Any], name: str, at: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of an array, each with its place."""
    values = holder.get(name)
    if values is None:
        return
    where = f"{at}.{name}".removeprefix(".")
    if not isinstance(values, list):
        _refuse(where, "an array")
    for number, value in enumerate(values):
        yield _object(value, f"{where}[{number}]"), f"{where}[{number}]"


def _refuse(at: str, expected: str) -> Any:
    raise RequestRefusedError(400, f"{at} should be {expected}.")
