"""Which spans of a trace are billed, whole or in pieces: the innermost, each token once."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from imports import ledger_totals
from otel_documents import chat, make_span, span_id, trace_id, usage
from otel_intake import counts, entries, receive
from tenants import Tenant

from models.db import Database
from models.ledger import Ledger
from models.otel_intake import Intake
from models.otel_span import Span

AROUND: list[dict[str, Any]] = [
    {"gen_ai.operation.name": "invoke_agent"},
    {"gen_ai.operation.name": "invoke_workflow"},
    {"gen_ai.operation.name": "execute_tool"},
    {"openinference.span.kind": "AGENT"},
    {"openinference.span.kind": "chain"},
    {"openinference.span.kind": "TOOL", "gen_ai.operation.name": "chat"},
    {"traceloop.span.kind": "workflow"},
    {"ai.operationId": "ai.generateText"},
    {"operation.name": "ai.streamText my-function"},
    {"gen_ai.agent.name": "roulette_agent", "model_name": "gpt-4o"},
]


@pytest.fixture
def intake(database: Database, ledger: Ledger) -> Intake:
    return Intake(database, ledger.record)


@pytest.mark.parametrize("told", AROUND, ids=lambda told: " ".join(map(str, told.values())))
async def test_what_is_around_a_call_is_not_billed(
    intake: Intake, tenant: Tenant, told: dict[str, Any]
) -> None:
    span = make_span(usage(input_tokens=1000, output_tokens=100) | told)
    assert counts(await receive(intake, tenant, span)) == (0, 0, 1, 0)


async def test_spans_without_tokens_are_no_calls(intake: Intake, tenant: Tenant) -> None:
    spans = [
        make_span({}),
        make_span({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}),
        make_span({"gen_ai.usage.total_tokens": 140, "llm.token_count.total": 100}),
        make_span({"gen_ai.usage.input_tokens": ""}),
        make_span({"gen_ai.usage.input_tokens": float("nan")}),
    ]
    assert counts(await receive(intake, tenant, *spans)) == (0, 0, 5, 0)


def family(levels: int = 3) -> list[Span]:
    """A wrapper, something in between that states nothing, and the call itself, outermost first."""
    trace, ids = trace_id(), [span_id() for _ in range(levels)]
    parents = ["", *ids]
    told = [chat(), *({} for _ in range(levels - 2)), chat()]
    return [
        make_span(attributes, trace_id=trace, span_id=id, parent_span_id=parent)
        for id, parent, attributes in zip(ids, parents, told, strict=False)
    ]


@pytest.mark.parametrize("batches", [[[0, 1, 2]], [[2], [1], [0]], [[2, 1], [0]], [[2], [1, 0]]])
async def test_a_wrapper_is_not_billed_however_its_trace_is_cut(
    database: Database, intake: Intake, tenant: Tenant, batches: list[list[int]]
) -> None:
    spans = family()
    for _ in range(2):
        for batch in batches:
            await receive(intake, tenant, *(spans[place] for place in batch))
    (entry,) = await entries(database, tenant)
    assert entry["event_key"].endswith(spans[2].span_id)


async def test_a_call_whose_wrapper_came_first_is_not_billed(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    wrapper, between, call = family()
    assert counts(await receive(intake, tenant, wrapper)) == (1, 0, 0, 0)
    assert counts(await receive(intake, tenant, between)) == (0, 0, 1, 0)
    assert counts(await receive(intake, tenant, call)) == (0, 0, 1, 0)
    assert counts(await receive(intake, tenant, wrapper, between, call)) == (0, 1, 2, 0)
    assert len(await entries(database, tenant)) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_one_of_a_family_is_billed_where_its_trace_hangs_together(
    database: Database, intake: Intake, tenant: Tenant, order: tuple[int, ...]
) -> None:
    """What lies between two calls ties them together when it comes between them, as SDKs send."""
    spans = family()
    for place in order:
        await receive(intake, tenant, spans[place])
    expected = 1 if order[1] == 1 else 2
    assert len(await entries(database, tenant)) == expected


async def test_siblings_are_billed_each(intake: Intake, tenant: Tenant) -> None:
    agent = make_span({"gen_ai.operation.name": "invoke_agent", **usage(input_tokens=3000)})
    calls = [
        make_span(chat(), trace_id=agent.trace_id, parent_span_id=agent.span_id) for _ in range(3)
    ]
    assert counts(await receive(intake, tenant, *calls, agent)) == (3, 0, 1, 0)


async def test_a_call_without_counts_does_not_stand_for_its_wrapper(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    wrapper, _, call = family()
    silent = replace(call, attributes=chat(0, 0), parent_span_id=wrapper.span_id)
    await receive(intake, tenant, silent, wrapper)
    totals = await ledger_totals(database, tenant.id)
    assert totals.tokens == (1000, 0, 0, 0, 100, 0)


async def test_a_trace_that_runs_in_circles_ends(intake: Intake, tenant: Tenant) -> None:
    first = make_span(chat())
    second = make_span(chat(), trace_id=first.trace_id, parent_span_id=first.span_id)
    first = replace(first, parent_span_id=second.span_id)
    itself = make_span(chat())
    itself = replace(itself, parent_span_id=itself.span_id)
    report = await receive(intake, tenant, first, second, itself)
    assert counts(report) == (1, 0, 2, 0)


async def test_a_deep_trace_is_settled_at_once(intake: Intake, tenant: Tenant) -> None:
    trace, ids = trace_id(), [span_id() for _ in range(3000)]
    spans = [
        make_span(chat(), trace_id=trace, span_id=id, parent_span_id=parent)
        for id, parent in zip(ids, ["", *ids], strict=False)
    ]
    assert counts(await receive(intake, tenant, *spans)) == (1, 0, 2999, 0)
