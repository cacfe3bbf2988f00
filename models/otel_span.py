"""A span of OpenTelemetry, brought down to what a bill needs, and how its attributes are read.

Instrumentations agree on few names and on fewer types: counts come as integers, as decimals and as
text. A count that is none of them is refused with its name; it is never read as zero.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Scalar = str | int | float | bool
Attributes = Mapping[str, Scalar]

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_TRACE_ID, _SPAN_ID = re.compile("[0-9a-f]{32}"), re.compile("[0-9a-f]{16}")
_SHOWN = 40


class SpanError(Exception):
    """A span that states usage which cannot be recorded, and why."""


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Ids are hexadecimal, as sent; an id, a parent or a time that is not there is empty.

    `attributes` and `resource` hold the scalars among `otel_attribute.WANTED`, nothing else:
    prompts and answers never get this far.
    """

    trace_id: str
    span_id: str
    parent_span_id: str = ""
    scope: str = ""
    start_nanos: int = 0
    end_nanos: int = 0
    is_error: bool = False
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)

    @property
    def has_identity(self) -> bool:
        """Whether both ids are what the specification takes: 16 and 8 bytes, not all zero."""
        return is_span_id(self.span_id) and bool(
            _TRACE_ID.fullmatch(self.trace_id) and self.trace_id.strip("0")
        )

    def told(self, name: str) -> Scalar | None:
        """An attribute of the span or, if it has none, of its resource; blank texts say nothing."""
        for attributes in (self.attributes, self.resource):
            if name in attributes and not is_blank(attributes[name]):
                return attributes[name]
        return None


def is_span_id(text: str) -> bool:
    """Whether a text is a span's id: 16 hexadecimal digits that are not all zero."""
    return bool(_SPAN_ID.fullmatch(text) and text.strip("0"))


def is_blank(value: Scalar) -> bool:
    """Whether a value says nothing: an empty text, or the NaN that stands for "unknown"."""
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, float) and math.isnan(value)


def first_text(attributes: Attributes, names: Sequence[str]) -> str | None:
    """The first of several attributes that holds a text."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def first_count(attributes: Attributes, names: Sequence[str]) -> int | None:
    """The first of several attributes that states a count; raises SpanError if it is none."""
    for name in names:
        if name in attributes and not is_blank(attributes[name]):
            return _count(name, attributes[name])
    return None


def _count(name: str, value: Scalar) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    raise SpanError(f"{name} is {ascii(value)[:_SHOWN]}; a whole number is expected")
