"""Which spans of a trace are billed: the innermost that state tokens, each token once.

Spans of agents, workflows, tools and the like repeat what the calls below them used; so do wrappers
(a framework's span around a client library's). The former are known by what they say they are, the
latter by having a call below them. A trace comes in pieces, children first, so what was decided is
remembered as a mark per span: `BILLED`; `ABOVE` a billed one; `BELOW` a billed one, for children
that come after all. Pure: `otel_mark.py` keeps the marks. Refused: deciding by token counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from models.otel_attribute import (
    AGENT_NAME,
    MODEL,
    OPENINFERENCE_KIND,
    OPERATION,
    TRACELOOP_KIND,
)
from models.otel_span import Span, first_text, is_span_id
from models.otel_usage import ai_operation

SpanKey = tuple[str, str]
"""A span's trace id and span id."""

_LINEAGE = 64
_OPERATIONS_AROUND = frozenset(
    {
        "create_agent",
        "execute_event_loop_cycle",
        "execute_tool",
        "handoff",
        "invoke_agent",
        "invoke_workflow",
        "plan",
        "retrieval",
    }
)
_KINDS_AROUND = frozenset(
    {"AGENT", "CHAIN", "EVALUATOR", "GUARDRAIL", "PROMPT", "RERANKER", "RETRIEVER", "TASK", "TOOL"}
    | {"WORKFLOW"}
)


class Mark(StrEnum):
    """What was decided about a span."""

    BILLED = "BILLED"
    ABOVE = "ABOVE"
    BELOW = "BELOW"


@dataclass(frozen=True, slots=True)
class Settlement:
    """Which calls are billed, in the order of the spans, and what is to be remembered."""

    is_billed: list[bool]
    new_marks: dict[SpanKey, Mark]


class Tree:
    """The spans of one document, by trace, and the way up from each."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = {key_of(span): span for span in spans if span.has_identity}

    @property
    def keys(self) -> set[SpanKey]:
        """The spans and the parents that they name."""
        parents = (_parent_key(span) for span in self._spans.values())
        return {*self._spans, *(key for key in parents if key is not None)}

    def above(self, span: Span) -> Iterator[SpanKey]:
        """The way up: parents as far as they are here, and the first one that is not."""
        seen = {key_of(span)}
        step: Span | None = span if span.has_identity else None
        while step is not None:
            parent = _parent_key(step)
            if parent is None or parent in seen:
                return
            seen.add(parent)
            yield parent
            step = self._spans.get(parent)

    def lineage(self, span: Span) -> Iterator[Span]:
        """The span and those above it that are here, innermost first, within reason."""
        yield span
        for key in islice(self.above(span), _LINEAGE):
            if key in self._spans:
                yield self._spans[key]


def key_of(span: Span) -> SpanKey:
    """What names a span within an organization."""
    return (span.trace_id, span.span_id)


def is_around(span: Span) -> bool:
    """Whether a span says that it is not itself a call of a model, but something with calls in it.

    One that names an agent, and neither an operation nor a model, is an agent's run (pydantic-ai
    before it named operations).
    """
    attributes = span.attributes
    kind = first_text(attributes, (OPENINFERENCE_KIND,)) or first_text(
        attributes, (TRACELOOP_KIND,)
    )
    if kind is not None and kind.upper() in _KINDS_AROUND:
        return True
    operation = first_text(attributes, OPERATION)
    if operation is not None:
        return operation.lower() in _OPERATIONS_AROUND
    if ai_operation(attributes):
        # `ai.generateText` repeats what `ai.generateText.doGenerate` below it used.
        return ".do" not in ai_operation(attributes)
    names_agent = first_text(attributes, AGENT_NAME) is not None
    return names_agent and kind is None and first_text(attributes, MODEL) is None


def settle(
    tree: Tree,
    spans: Sequence[Span],
    is_call: Sequence[bool],
    covers: Sequence[bool],
    known: Mapping[SpanKey, Mark],
) -> Settlement:
    """Decides about every call of a document, given what is `known` from earlier ones.

    A call that `covers` takes the place of the spans above it; one without any tokens does not.
    Whatever was billed stays billed, so that a document sent again is decided as it was.
    """
    below = _all_below(tree, spans, known)
    calls = [call and not under for call, under in zip(is_call, below, strict=True)]
    above: set[SpanKey] = set()
    for span, call, covering in zip(spans, calls, covers, strict=True):
        if (call and covering) or known.get(key_of(span)) is Mark.ABOVE:
            _climb(tree, span, above)
    above |= {key for key, mark in known.items() if mark is Mark.ABOVE}
    is_billed = [
        call and key_of(span) not in above for span, call in zip(spans, calls, strict=True)
    ]
    marks = dict.fromkeys(above, Mark.ABOVE)
    for span, under, billed in zip(spans, below, is_billed, strict=True):
        if span.has_identity and (under or billed):
            marks[key_of(span)] = Mark.BILLED if billed else Mark.BELOW
    return Settlement(is_billed, {key: mark for key, mark in marks.items() if key not in known})


def _all_below(tree: Tree, spans: Sequence[Span], known: Mapping[SpanKey, Mark]) -> list[bool]:
    """Whether an earlier document had a billed span above, which then stands for the span."""
    settled = {key: mark is Mark.BELOW for key, mark in known.items()}
    under = {key: mark in (Mark.BILLED, Mark.BELOW) for key, mark in known.items()}
    answers = []
    for span in spans:
        path, answer = [key_of(span)], False
        for key in tree.above(span):
            if key in under:
                answer = under[key]
                break
            path.append(key)
        for key in path:
            # Each span's way is walked once, however deep the trace is.
            under.setdefault(key, answer)
        answers.append(settled.get(path[0], answer))
    return answers


def _climb(tree: Tree, span: Span, above: set[SpanKey]) -> None:
    """Marks everything above a span, up to where somebody climbed before."""
    for key in tree.above(span):
        if key in above:
            return
        above.add(key)


def _parent_key(span: Span) -> SpanKey | None:
    return (span.trace_id, span.parent_span_id) if is_span_id(span.parent_span_id) else None
