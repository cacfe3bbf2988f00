"""Spans to the ledger: every dialect with its tokens and cost, each answer once, refusals."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from imports import ledger_totals
from otel_documents import NOON_NANOS, SECOND, chat, make_span, usage
from otel_intake import counts, entries, receive
from tenants import Tenant

from models.db import Database
from models.ids import NIL, USER, encode
from models.ledger import Ledger
from models.otel_intake import Intake
from models.rollup_check import verify

SONNET = "claude-3-5-sonnet-20240620"
ANTHROPIC = {"gen_ai.system": "Anthropic", "gen_ai.response.model": SONNET}


def metadata(**body: Any) -> dict[str, str]:
    return {"ai.response.providerMetadata": json.dumps(body)}


# What a span says; the disjoint classes that it comes to; dollars, by hand, or None: unpriced.
# Prices per million: gpt-4o 2.50/1.25/10, gpt-4o-mini 0.15/0.075/0.60, gpt-4 30/60, embedding 0.02,
# Claude 3.5 Sonnet 3, read 0.30, written 3.75 (5 m) and 6 (1 h), 15.
DIALECTS: list[tuple[str, str, dict[str, Any], tuple[int, ...], str | None]] = [
    (
        "current conventions",
        "opentelemetry.util.genai.handler",
        chat(1000, 200, "gpt-4o-mini-2024-07-18")
        | usage(cache_read__input_tokens=400, reasoning__output_tokens=50),
        (600, 400, 0, 0, 150, 50),
        "0.00024",  # 600 * 0.15 + 400 * 0.075 + 200 * 0.60
    ),
    (
        "conventions before 1.37, other spelling",
        "opentelemetry.instrumentation.openai_v2",
        {"gen_ai.system": "OpenAI", "gen_ai.request.model": "gpt-4-0613"}
        | usage(prompt_tokens=100, completion_tokens=10),
        (100, 0, 0, 0, 10, 0),
        "0.0036",  # 100 * 30 + 10 * 60
    ),
    (
        "embeddings",
        "opentelemetry.instrumentation.openai_v2",
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "text-embedding-3-small",
        }
        | usage(input_tokens=7),
        (7, 0, 0, 0, 0, 0),
        "0.00000014",
    ),
    (
        "OpenLLMetry, written to the cache",
        "opentelemetry.instrumentation.anthropic",
        ANTHROPIC
        | usage(input_tokens=1167, output_tokens=187, total_tokens=1354)
        | usage(cache_read__input_tokens=0, cache_creation__input_tokens=1163),
        (4, 0, 1163, 0, 187, 0),
        "0.00717825",  # 4 * 3 + 1163 * 3.75 + 187 * 15
    ),
    (
        "OpenLLMetry, read from the cache, older spelling",
        "opentelemetry.instrumentation.anthropic",
        ANTHROPIC
        | usage(prompt_tokens=1167, completion_tokens=202)
        | usage(cache_read_input_tokens=1163, cache_creation_input_tokens=0),
        (4, 1163, 0, 0, 202, 0),
        "0.0033909",  # 4 * 3 + 1163 * 0.30 + 202 * 15
    ),
    (
        "both spellings of one count",
        "litellm",
        ANTHROPIC
        | usage(input_tokens=100, cache_read__input_tokens=20, cache_read_input_tokens=20)
        | usage(cache_creation__input_tokens=10, cache_creation_input_tokens=10),
        (70, 20, 10, 0, 0, 0),
        "0.0002535",  # 70 * 3 + 20 * 0.30 + 10 * 3.75
    ),
    (
        "OpenInference",
        "openinference.instrumentation.openai",
        {
            "openinference.span.kind": "LLM",
            "llm.provider": "openai",
            "llm.model_name": "gpt-4o",
            "llm.token_count.prompt": 50_000,
            "llm.token_count.completion": 200,
            "llm.token_count.total": 50_200,
            "llm.token_count.prompt_details.cache_read": 40_000,
            "llm.token_count.completion_details.reasoning": 60,
        },
        (10_000, 40_000, 0, 0, 140, 60),
        "0.077",  # 10,000 * 2.50 + 40,000 * 1.25 + 200 * 10
    ),
    (
        "OpenInference, written to the cache",
        "openinference.instrumentation.agno",
        {
            "llm.provider": "anthropic",
            "llm.model_name": SONNET,
            "llm.token_count.prompt": 50_000,
            "llm.token_count.completion": 200,
            "llm.token_count.prompt_details.cache_read": 40_000,
            "llm.token_count.prompt_details.cache_write": 5_000,
        },
        (5_000, 40_000, 5_000, 0, 200, 0),
        "0.04875",  # 5,000 * 3 + 40,000 * 0.30 + 5,000 * 3.75 + 200 * 15
    ),
    (
        "AI SDK",
        "ai",
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.provider": "openai.responses",
            "ai.model.id": "gpt-4o",
            "ai.usage.inputTokens": 1000,
            "ai.usage.outputTokens": 100,
            "ai.usage.cachedInputTokens": "600",
            "ai.usage.reasoningTokens": 40,
        },
        (400, 600, 0, 0, 60, 40),
        "0.00275",  # 400 * 2.50 + 600 * 1.25 + 100 * 10
    ),
    (
        "AI SDK, Anthropic's own input, without what was cached",
        "ai",
        {"gen_ai.system": "anthropic.messages", "ai.model.provider": "anthropic.messages"}
        | {"gen_ai.response.model": SONNET}
        | usage(input_tokens=10_000, output_tokens=300)
        | metadata(
            anthropic={
                "usage": {
                    "input_tokens": 10_000,
                    "cache_creation_input_tokens": 4_000,
                    "cache_read_input_tokens": 2_000,
                }
            }
        ),
        (10_000, 2_000, 4_000, 0, 300, 0),
        "0.0501",  # 10,000 * 3 + 2,000 * 0.30 + 4,000 * 3.75 + 300 * 15
    ),
    (
        "AI SDK, Anthropic's input added up, an hour's cache",
        "ai",
        {"ai.model.provider": "anthropic.messages", "gen_ai.response.model": SONNET}
        | usage(input_tokens="18495", output_tokens="445")
        | {"ai.usage.cachedInputTokens": "16399"}
        | metadata(
            anthropic={
                "usage": {
                    "input_tokens": 7,
                    "cache_creation_input_tokens": 2_089,
                    "cache_read_input_tokens": 16_399,
                    "cache_creation": {"ephemeral_1h_input_tokens": 89},
                }
            }
        ),
        (7, 16_399, 2_000, 89, 445, 0),
        "0.0196497",  # 7 * 3 + 16,399 * 0.30 + 2,000 * 3.75 + 89 * 6 + 445 * 15
    ),
    (
        "AI SDK, Bedrock",
        "ai",
        {"ai.model.provider": "amazon-bedrock", "ai.model.id": "no-such-model"}
        | usage(input_tokens=100)
        | metadata(bedrock={"usage": {"cacheReadInputTokens": 5_000}}),
        (100, 5_000, 0, 0, 0, 0),
        None,
    ),
    (
        "pydantic-ai",
        "pydantic-ai",
        {"gen_ai.operation.name": "chat", "gen_ai.system": "openai"}
        | {"gen_ai.request.model": "gpt-4o"}
        | usage(input_tokens=300, output_tokens=30, details__cache_read_tokens=100),
        (200, 100, 0, 0, 30, 0),
        "0.000925",  # 200 * 2.50 + 100 * 1.25 + 30 * 10
    ),
    (
        "ADK, cached tokens in the body",
        "gcp.vertex.agent",
        {"gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "no-such-model"}
        | usage(input_tokens=1000, output_tokens=200)
        | {
            "gcp.vertex.agent.llm_response": json.dumps(
                {"usage_metadata": {"cached_content_token_count": 800}}
            )
        },
        (200, 800, 0, 0, 200, 0),
        None,
    ),
    (
        "only a part of the output is told",
        "gcp.vertex.agent",
        {"gen_ai.request.model": "no-such-model"} | usage(reasoning__output_tokens=25),
        (0, 0, 0, 0, 0, 25),
        None,
    ),
    (
        "bare names, Azure under its former name",
        "",
        {"gen_ai.system": "az.ai.openai", "gen_ai.request.model": "gpt-4o"}
        | {"prompt_tokens": 500, "completion_tokens": 50.0, "input_cached_tokens": 100},
        (400, 100, 0, 0, 50, 0),
        "0.001625",  # 400 * 2.50 + 100 * 1.25 + 50 * 10
    ),
    (
        "a library's name for the provider",
        "opentelemetry.instrumentation.langchain",
        {"gen_ai.system": "Langchain", "gen_ai.request.model": "gpt-4o"}
        | usage(input_tokens=100, output_tokens=10),
        (100, 0, 0, 0, 10, 0),
        "0.00035",
    ),
    (
        "a convention that is told",
        "strands-agents",
        ANTHROPIC
        | usage(input_tokens=100, output_tokens=10, cache_write_input_tokens=400)
        | {"aicost.input_includes_cache": False},
        (100, 0, 400, 0, 10, 0),
        "0.00195",  # 100 * 3 + 400 * 3.75 + 10 * 15
    ),
    (
        "no model",
        "opentelemetry.instrumentation.anthropic",
        {"gen_ai.provider.name": "anthropic", "gen_ai.operation.name": "chat"}
        | usage(input_tokens=17, output_tokens=220),
        (17, 0, 0, 0, 220, 0),
        None,
    ),
]


@pytest.fixture
def intake(database: Database, ledger: Ledger) -> Intake:
    return Intake(database, ledger.record)


@pytest.mark.parametrize(
    ("scope", "told", "tokens", "cost"),
    [case[1:] for case in DIALECTS],
    ids=[case[0] for case in DIALECTS],
)
async def test_dialects(
    database: Database,
    intake: Intake,
    tenant: Tenant,
    scope: str,
    told: dict[str, Any],
    tokens: tuple[int, ...],
    cost: str | None,
) -> None:
    report = await receive(intake, tenant, make_span(told, scope=scope))
    assert counts(report) == (1, 0, 0, 0), report.message
    totals = await ledger_totals(database, tenant.id)
    assert totals.tokens == tokens
    assert totals.unpriced == (cost is None)
    assert totals.cost == Decimal(cost or 0)


async def test_what_an_event_is_made_of(database: Database, intake: Intake, tenant: Tenant) -> None:
    agent = make_span(
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "UI/UX",
            "gen_ai.agent.id": "agent-7",
            "gen_ai.conversation.id": "conversation-1",
            "gen_ai.workflow.name": "Redesign",
            **usage(input_tokens=1000, output_tokens=100),
        },
        end_nanos=NOON_NANOS + 9 * SECOND,
        is_error=True,
    )
    call = make_span(
        chat(
            **{
                "gen_ai.response.id": "chatcmpl-1",
                "openai.response.service_tier": "default",
                "gen_ai.usage.cost": 0.0034,
            }
        ),
        trace_id=agent.trace_id,
        parent_span_id=agent.span_id,
        start_nanos=NOON_NANOS + 1_999,
        end_nanos=NOON_NANOS + 1_999 + 1_500_400_000,
        is_error=True,
        resource={
            "aicost.surface": "cli",
            "aicost.user.id": encode(USER, NIL, tenant.user_id),
        },
    )
    assert counts(await receive(intake, tenant, call, agent)) == (1, 0, 1, 0)
    (entry,) = await entries(database, tenant)
    noon = datetime(2026, 3, 15, 12, tzinfo=UTC)
    assert entry["event_key"] == "otel:openai:chatcmpl-1"
    assert entry["occurred_at"] == noon + timedelta(microseconds=1)
    assert entry["duration_ms"] == 1500
    assert (entry["provider"], entry["model"]) == ("openai", "gpt-4o")
    assert (entry["operation"], entry["outcome"]) == ("COMPLETION", "FAILED")
    assert (entry["surface"], entry["service_tier"]) == ("CLI", "")
    assert (entry["api_key_id"], entry["user_id"]) == (tenant.api_key_id, tenant.user_id)
    assert entry["source_cost"] == Decimal("0.0034")
    assert (entry["run_key"], entry["workflow"]) == ("conversation-1", "Redesign")
    assert entry["agent_type"] == "ui-ux"
    assert entry["job_key"] == f"{agent.trace_id}:agent-7"
    assert (entry["job_status"], entry["job_finished_at"]) == ("FAILED", noon + timedelta(0, 9))
    assert entry["run_status"] == "SUCCEEDED"


async def test_the_trace_is_the_run_where_no_conversation_is(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    span = make_span(chat())
    await receive(intake, tenant, span)
    (entry,) = await entries(database, tenant)
    assert entry["event_key"] == f"otel-span:{span.trace_id}:{span.span_id}"
    assert (entry["run_key"], entry["job_id"]) == (span.trace_id, None)
    assert entry["agent_type"] == "unattributed"


async def test_one_answer_is_billed_once(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    told = chat(**{"gen_ai.response.id": "chatcmpl-9"})
    other = chat(900, 90, **{"gen_ai.response.id": "chatcmpl-9"})
    assert counts(await receive(intake, tenant, make_span(told), make_span(other))) == (1, 1, 0, 0)
    assert counts(await receive(intake, tenant, make_span(told))) == (0, 1, 0, 0)
    elsewhere = chat(**{"gen_ai.response.id": "chatcmpl-9", "gen_ai.provider.name": "groq"})
    assert counts(await receive(intake, tenant, make_span(elsewhere))) == (1, 0, 0, 0)
    assert len(await entries(database, tenant)) == 2
    assert (await verify(database, tenant.id)).is_clean


async def test_a_long_answer_id_is_a_key_all_the_same(intake: Intake, tenant: Tenant) -> None:
    told = chat(**{"gen_ai.response.id": "r" * 400})
    assert counts(await receive(intake, tenant, make_span(told))) == (1, 0, 0, 0)
    assert counts(await receive(intake, tenant, make_span(told))) == (0, 1, 0, 0)


async def test_a_span_that_changed_changes_nothing_and_is_told_of(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    span = make_span(chat())
    assert counts(await receive(intake, tenant, span)) == (1, 0, 0, 0)
    assert counts(await receive(intake, tenant, span)) == (0, 1, 0, 0)
    changed = replace(span, attributes=chat(5))
    report = await receive(intake, tenant, changed)
    assert counts(report) == (0, 1, 0, 0)
    assert "sent before with other content" in report.message
    assert (await ledger_totals(database, tenant.id)).tokens == (1000, 0, 0, 0, 100, 0)


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (chat(-5), {}, "inputTokens is -5"),
    (chat(**usage(cache_read__input_tokens=1001)), {}, "1001 cached tokens cannot be among 1000"),
    (chat(**usage(reasoning_tokens=101)), {}, "101 reasoning tokens cannot be among 100"),
    (chat(**usage(input_tokens="many")), {}, "gen_ai.usage.input_tokens is 'many'"),
    (chat(**usage(input_tokens=1.5)), {}, "gen_ai.usage.input_tokens is 1.5"),
    (chat(**usage(input_tokens=True)), {}, "gen_ai.usage.input_tokens is True"),
    (chat(model="m" * 256), {}, "model has 256 characters"),
    (chat(model="m\0"), {}, "holds a NUL"),
    (chat(), {"start_nanos": NOON_NANOS + 4000 * SECOND}, "still to come"),
    (chat(), {"trace_id": "", "span_id": ""}, "neither valid ids nor gen_ai.response.id"),
    (chat(), {"span_id": "0" * 16}, "neither valid ids nor gen_ai.response.id"),
    (chat(), {"resource": {"aicost.surface": "phone"}}, "aicost.surface is 'phone'"),
    (chat(), {"resource": {"aicost.api_key.id": "nonsense"}}, "no such API key"),
    (chat(), {"resource": {"aicost.user.id": "nonsense"}}, "no such user"),
    (chat(), {"resource": {"aicost.project.id": "nonsense"}}, "no such project"),
    (chat(), {"resource": {"aicost.project": "n\0"}}, "cannot be printed"),
    (chat(), {"resource": {"aicost.input_includes_cache": 7}}, "true or false is expected"),
]


@pytest.mark.parametrize(
    ("told", "fields", "reason"), REFUSED, ids=[reason for _, _, reason in REFUSED]
)
async def test_refused_spans_say_why_and_harm_no_other(
    intake: Intake, tenant: Tenant, told: Any, fields: Any, reason: str
) -> None:
    report = await receive(intake, tenant, make_span(told, **fields), make_span(chat()))
    assert counts(report) == (1, 0, 0, 1)
    assert reason in report.message


async def test_times_that_go_wrong_lose_no_money(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    spans = [
        make_span(chat(), end_nanos=NOON_NANOS - 5),
        make_span(chat(), start_nanos=0),
        make_span(chat(), start_nanos=0, end_nanos=0),
        make_span(chat(), start_nanos=NOON_NANOS - 700 * 86_400 * SECOND),
    ]
    assert counts(await receive(intake, tenant, *spans)) == (4, 0, 0, 0)
    assert counts(await receive(intake, tenant, *spans)) == (0, 4, 0, 0)
    durations = [entry["duration_ms"] for entry in await entries(database, tenant)]
    assert durations[:3] == [None, None, None]


async def test_reasons_are_told_briefly(intake: Intake, tenant: Tenant) -> None:
    spans = [make_span(chat(-count)) for count in range(1, 9)]
    report = await receive(intake, tenant, *spans, make_span(chat(-1)))
    assert report.rejected == 9
    assert "inputTokens is -1; expected a whole number" in report.message
    assert report.message.endswith("3 other reasons")
