"""A document of spans put on the ledger: which are calls, whose they are, which are billed.

Every span ends in one of four counts: billed, duplicate (its call is there already), unbilled (no
call, or one whose tokens another span stands for), rejected with its reason. Sending a document
again bills nothing; a span that comes again with other content changes nothing, and is told of.
Refused: recording a part of a chunk, and answers that name what is not the caller's.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from models.access import Scope
from models.db import Database
from models.event import UsageEvent, UsageOutcome, UsageStatus
from models.event_check import check
from models.otel import names_span, usage_event
from models.otel_mark import settle_spans
from models.otel_project import REFUSALS, ProjectFinder
from models.otel_span import Span, SpanError
from models.otel_tree import Tree, is_around
from models.otel_usage import states_tokens

Record = Callable[[UUID, Sequence[UsageEvent]], Awaitable[list[UsageOutcome]]]
CHUNK_EVENTS = 1000
CHANGED = "a span was sent before with other content; nothing was changed"
_TURN_SPANS = 200
_REASONS_TOLD = 5
_REASON_LENGTH = 300


@dataclass(slots=True)
class Report:
    """What became of a document's spans."""

    billed: int = 0
    duplicate: int = 0
    unbilled: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def reject(self, reason: str) -> None:
        """Counts a span that cannot be recorded."""
        self.rejected += 1
        self.reasons[reason[:_REASON_LENGTH]] += 1

    def warn(self, reason: str) -> None:
        """Tells of a span that was taken, but not quite as it was meant."""
        self.reasons[reason] += 1

    @property
    def message(self) -> str:
        """The most frequent reasons, for the sender's log; empty when there is nothing to say."""
        told = [f"{reason} ({count})" for reason, count in self.reasons.most_common(_REASONS_TOLD)]
        if len(self.reasons) > _REASONS_TOLD:
            told.append(f"{len(self.reasons) - _REASONS_TOLD} other reasons")
        return "; ".join(told)


@dataclass(frozen=True, slots=True)
class _Call:
    """A span that states tokens and may be recorded, with its event."""

    span: Span
    event: UsageEvent
    has_tokens: bool


class Intake:
    """Takes documents of spans. `record` writes events; see `models.write_queue`."""

    def __init__(self, database: Database, record: Record) -> None:
        self._database = database
        self._record = record

    async def receive(
        self,
        scope: Scope,
        spans: Sequence[Span],
        project_header: str | None = None,
        *,
        now: datetime | None = None,
    ) -> Report:
        """Bills the calls among the spans. `project_header` names their project if they do not.

        Raises what recording raises; what was recorded until then is a duplicate the next time.
        """
        now = now or datetime.now(UTC)
        report = Report()
        finder = ProjectFinder(self._database, scope, project_header)
        tree = Tree(spans)
        calls = await self._calls(scope, spans, tree, finder, now, report)
        billed = await self._settle(scope.organization_id, spans, tree, calls, now)
        report.unbilled += len(calls) - len(billed)
        for start in range(0, len(billed), CHUNK_EVENTS):
            events = [call.event for call in billed[start : start + CHUNK_EVENTS]]
            for outcome in await self._record(scope.organization_id, events):
                _count(report, outcome)
        return report

    async def _calls(
        self,
        scope: Scope,
        spans: Sequence[Span],
        tree: Tree,
        finder: ProjectFinder,
        now: datetime,
        report: Report,
    ) -> dict[int, _Call]:
        """The spans that are calls, by position; all others are counted in the report."""
        calls: dict[int, _Call] = {}
        for position, span in enumerate(spans):
            if position % _TURN_SPANS == _TURN_SPANS - 1:
                await asyncio.sleep(0)  # a large document lets others have their turn
            if not states_tokens(span.attributes) or is_around(span):
                report.unbilled += 1
                continue
            try:
                project_id = await finder.find(span)
                event = usage_event(span, tree, scope, project_id, now)
            except (SpanError, *REFUSALS) as error:
                report.reject(str(error))
                continue
            counts, errors = check(event)
            if counts is None:
                report.reject("; ".join(error.message for error in errors))
                continue
            calls[position] = _Call(span, event, has_tokens=counts.total > 0)
        return calls

    async def _settle(
        self,
        organization_id: UUID,
        spans: Sequence[Span],
        tree: Tree,
        calls: dict[int, _Call],
        now: datetime,
    ) -> list[_Call]:
        """The calls that are billed, in order. Spans of other kinds hand marks on upward."""
        places = range(len(spans))
        is_billed = await settle_spans(
            self._database,
            organization_id,
            tree,
            spans,
            [place in calls for place in places],
            [place in calls and calls[place].has_tokens for place in places],
            now,
        )
        return [call for place, call in calls.items() if is_billed[place]]


def _count(report: Report, outcome: UsageOutcome) -> None:
    if outcome.status is UsageStatus.RECORDED:
        report.billed += 1
    elif outcome.status is UsageStatus.DUPLICATE:
        report.duplicate += 1
    elif outcome.status is UsageStatus.CONFLICT:
        _count_repeated(report, outcome.event_key)
    else:
        report.reject("; ".join(error.message for error in outcome.errors))


def _count_repeated(report: Report, event_key: str) -> None:
    """A second span of one answer differs by nature; the same span should not."""
    report.duplicate += 1
    if names_span(event_key):
        report.warn(CHANGED)
