"""OTLP's trace request in protobuf, read field by field: spans out, everything else passed over.

A generated parser builds the whole document first: 20 MiB of empty messages become 2.3 GB and hold
the interpreter for four seconds, whoever sends them. Read this way a document costs what is kept of
it, and other requests go on meanwhile. The numbers are those of opentelemetry-proto 1.10 (its
files trace, common and resource). Fields that are unknown, or of another wire type, are passed
over, as protobuf does. Refused: bodies cut short, and texts that are kept and are not UTF-8.
"""

from collections.abc import Iterator
from struct import unpack_from

from models.otel_attribute import WANTED
from models.otel_span import Attributes, Scalar, Span

_VARINT, _FIXED64, _BYTES, _GROUP, _GROUP_END, _FIXED32 = range(6)
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_ERROR = 2
_DEEPEST = 100
_WANTED = {name.encode(): name for name in WANTED}
_LONGEST_KEY = max(map(len, _WANTED))

Field = tuple[int, int, int, int]
"""A field's number and wire type; then its value, or where its bytes begin and end."""


class WireError(Exception):
    """The bytes are no protobuf message."""


def read_spans(body: bytes) -> Iterator[Span]:
    """The spans of an ExportTraceServiceRequest, one after another; raises WireError."""
    for start, end in _messages(body, 0, len(body), 1):
        resource: dict[str, Scalar] = {}
        for inner in _messages(body, start, end, 1):
            _add_attributes(resource, body, *inner, 1)
        for of_scope in _messages(body, start, end, 2):
            scope = ""
            for inner in _messages(body, *of_scope, 1):
                for name in _messages(body, *inner, 1):
                    scope = _text(body, *name)
            for span in _messages(body, *of_scope, 2):
                yield _span(body, *span, scope, resource)


def _span(body: bytes, start: int, end: int, scope: str, resource: Attributes) -> Span:
    ids = {1: "", 2: "", 4: ""}
    times = {7: 0, 8: 0}
    attributes: dict[str, Scalar] = {}
    is_error = False
    for number, kind, at, stop in _fields(body, start, end):
        if kind == _BYTES:
            if number == 9:
                _add_attribute(attributes, body, at, stop)
            elif number in ids:
                ids[number] = body[at:stop].hex()
            elif number == 15:
                is_error = _status(body, at, stop, is_error)
        elif kind == _FIXED64 and number in times:
            times[number] = unpack_from("<Q", body, at)[0]
    return Span(ids[1], ids[2], ids[4], scope, times[7], times[8], is_error, attributes, resource)


def _status(body: bytes, start: int, end: int, is_error: bool) -> bool:
    for number, kind, value, _ in _fields(body, start, end):
        if (number, kind) == (3, _VARINT):
            is_error = value & 0xFFFF_FFFF == _ERROR
    return is_error


def _add_attributes(
    attributes: dict[str, Scalar], body: bytes, start: int, end: int, number: int
) -> None:
    for inner in _messages(body, start, end, number):
        _add_attribute(attributes, body, *inner)


def _add_attribute(attributes: dict[str, Scalar], body: bytes, start: int, end: int) -> None:
    key = None
    value: Scalar | None = None
    for number, kind, at, stop in _fields(body, start, end):
        if kind != _BYTES:
            continue
        if number == 1:
            key = _WANTED.get(body[at:stop]) if stop - at <= _LONGEST_KEY else None
        elif number == 2:
            value = _any_value(body, at, stop)
    if key is not None and value is not None:
        attributes[key] = value


def _any_value(body: bytes, start: int, end: int) -> Scalar | None:
    """The scalar of an AnyValue; None for arrays, lists of pairs and bytes, which nobody reads."""
    value: Scalar | None = None
    for number, kind, at, stop in _fields(body, start, end):
        if (number, kind) == (1, _BYTES):
            value = _text(body, at, stop)
        elif (number, kind) == (2, _VARINT):
            value = at != 0
        elif (number, kind) == (3, _VARINT):
            value = at - 2**64 if at >= 2**63 else at
        elif (number, kind) == (4, _FIXED64):
            value = unpack_from("<d", body, at)[0]
        elif number in (5, 6, 7) and kind == _BYTES:
            value = None
    return value


def _text(body: bytes, start: int, end: int) -> str:
    try:
        return body[start:end].decode()
    except UnicodeDecodeError:
        raise WireError from None


def _messages(body: bytes, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Where the messages of one field are."""
    for number, kind, at, stop in _fields(body, start, end):
        if number == wanted and kind == _BYTES:
            yield at, stop


def _fields(body: bytes, at: int, end: int) -> Iterator[Field]:
    """The fields of the message between two places."""
    while at < end:
        tag, at = _varint(body, at, end)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 2**29:
            raise WireError
        if kind == _VARINT:
            value, at = _varint(body, at, end)
            yield number, kind, value, 0
            continue
        if kind == _GROUP:
            at = _after_group(body, at, end, number)
            continue
        start, at = _span_of(body, at, end, kind)
        yield number, kind, start, at


def _span_of(body: bytes, at: int, end: int, kind: int) -> tuple[int, int]:
    """Where the bytes of a field begin and end."""
    if kind == _BYTES:
        length, at = _varint(body, at, end)
    elif kind in _WIDTHS:
        length = _WIDTHS[kind]
    else:
        raise WireError
    if at + length > end:
        raise WireError
    return at, at + length


def _after_group(body: bytes, at: int, end: int, number: int) -> int:
    """The place after a group, protobuf's older kind of message, and all groups within it."""
    open_groups = [number]
    while open_groups:
        tag, at = _varint(body, at, end)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 2**29 or len(open_groups) > _DEEPEST:
            raise WireError
        if kind == _GROUP:
            open_groups.append(number)
        elif kind == _GROUP_END:
            if open_groups.pop() != number:
                raise WireError
        elif kind == _VARINT:
            _, at = _varint(body, at, end)
        else:
            _, at = _span_of(body, at, end, kind)
    return at


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """A number of up to ten bytes and the place after it."""
    if at >= end:
        raise WireError
    byte = body[at]
    if byte < 0x80:
        return byte, at + 1
    value, shift = byte & 0x7F, 7
    for place in range(at + 1, min(at + 10, end)):
        byte = body[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
        shift += 7
    raise WireError
