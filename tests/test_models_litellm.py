"""LiteLLM's spend logs: every shape they come in, conventions, and what is refused."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from imports import counts, import_rows, ledger_totals, quarantined
from tenants import Tenant

from models.db import Database
from models.ledger import Ledger
from models.litellm import litellm_format
from models.token import TokenCounts
from models.usage_row import read_event
from models.usage_value import RowError

READ = litellm_format().start(None)


def row(request_id: str = "r1", usage: dict[str, Any] | None = None, **changes: Any) -> Any:
    """A row of 1,000 prompt and 100 completion tokens of gpt-4o, as the proxy answers it."""
    return {
        "request_id": request_id,
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.0035,
        "total_tokens": 1100,
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "startTime": "2026-03-15T12:00:00.250Z",
        "endTime": "2026-03-15T12:00:02.000Z",
        "model": "gpt-4o",
        "custom_llm_provider": "openai",
        "team_id": "shop",
        "session_id": "s1",
        "status": "success",
        "cache_hit": "False",
        "metadata": {"usage_object": usage or {}, "user_api_key": "hidden"},
        "messages": [{"role": "user", "content": "a secret"}],
    } | changes


CLAUDE = {"model": "claude-opus-4-5-20251101", "custom_llm_provider": "anthropic"}


def tokens(value: Any) -> TokenCounts:
    (read,) = READ(value)
    return read_event(read).event.tokens.normalise()


def test_a_row() -> None:
    (read,) = READ(row())
    stated = read_event(read)
    event = stated.event
    assert (stated.project, event.event_key, event.provider) == ("shop", "litellm:r1", "openai")
    assert (event.duration_ms, event.source_cost) == (1750, Decimal("0.0035"))
    assert event.run is not None
    assert (event.run.key, event.run.workflow) == ("s1", "litellm")
    assert event.tokens.normalise() == TokenCounts(input=1000, output=100)


@pytest.mark.parametrize(
    ("usage", "changes", "expected"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 400}}, {}, TokenCounts(600, 400, 0, 0, 100)),
        (
            {"completion_tokens_details": {"reasoning_tokens": 30}},
            {},
            TokenCounts(1000, output=70, reasoning=30),
        ),
        # Anthropic's, as LiteLLM adds them up: the text tokens say so.
        (
            {
                "cache_read_input_tokens": 300,
                "cache_creation_input_tokens": 200,
                "prompt_tokens_details": {
                    "text_tokens": 500,
                    "cache_creation_token_details": {"ephemeral_1h_input_tokens": 50},
                },
            },
            CLAUDE,
            TokenCounts(500, 300, 150, 50, 100),
        ),
        # And as Anthropic states them.
        (
            {"cache_read_input_tokens": 300, "prompt_tokens_details": {"text_tokens": 1000}},
            CLAUDE,
            TokenCounts(1000, 300, 0, 0, 100),
        ),
    ],
)
def test_counts_in_either_convention(
    usage: dict[str, Any], changes: dict[str, Any], expected: TokenCounts
) -> None:
    assert tokens(row(usage=usage, **changes)) == expected
    # Inside CSV and in older versions metadata is text.
    metadata = json.dumps({"additional_usage_values": usage})
    assert tokens(row(**changes) | {"metadata": metadata}) == expected


def test_what_a_row_leaves_open_is_for_the_caller_to_say() -> None:
    value = row(usage={"cache_read_input_tokens": 300}, **CLAUDE)
    (read,) = READ(value)
    assert "inputIncludesCache" not in read
    for includes, fresh in ((True, 700), (False, 1000)):
        (read,) = litellm_format(includes).start(None)(value)
        assert read_event(read).event.tokens.normalise().input == fresh


def test_names() -> None:
    (read,) = READ(
        row(
            model="azure/gpt-4o",
            custom_llm_provider="azure",
            team_id=None,
            session_id="",
            status="failure",
            call_type="aembedding",
            startTime="2026-03-15 12:00:00",
            endTime=None,
        )
    )
    stated = read_event(read)
    assert (stated.project, stated.event.model, stated.event.run) == ("litellm", "gpt-4o", None)
    assert (stated.event.outcome, stated.event.operation) == ("FAILED", "EMBEDDING")
    # Instants of the database are UTC's.
    assert stated.event.occurred_at is not None
    assert stated.event.occurred_at.isoformat() == "2026-03-15T12:00:00+00:00"


def test_answers_from_its_own_cache_are_no_calls() -> None:
    assert list(READ(row(cache_hit="True"))) == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1], "an object is expected"),
        (row(prompt_tokens="many"), "prompt_tokens is 'many'"),
        (row(startTime="noon"), "startTime is"),
        (row(metadata="{"), "metadata is not JSON"),
    ],
)
def test_what_cannot_be_read(value: Any, reason: str) -> None:
    with pytest.raises(RowError, match=reason):
        READ(value)


async def test_every_shape_of_file_gives_the_same_calls(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    values = [
        row("r1", {"prompt_tokens_details": {"cached_tokens": 400}}),
        row("r2", {"cache_read_input_tokens": 300}, **CLAUDE),
        row("r3", cache_hit="True"),
        row("r4", prompt_tokens=10, usage={"prompt_tokens_details": {"cached_tokens": 11}}),
    ]
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(values))
    # r1: 600*2.5 + 400*1.25 + 100*10 millionths; r2 and r4 cannot be trusted, r3 is no call.
    report = await import_rows(database, ledger, tenant.id, litellm_format(), answer)
    assert counts(report) == (3, 1, 0, 2)
    assert report.total_cost == Decimal("0.003")
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"data": values, "total": 4}))
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(f"{json.dumps(value)}\n" for value in values))
    table = tmp_path / "table.csv"
    names = [name for name in values[0] if name != "messages"]
    cells = [[json.dumps(value[name]).strip('"') for name in names] for value in values]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in cells]
    table.write_text("\n".join([",".join(names), *quoted]) + "\n")
    for path in (page, lines, table):
        again = await import_rows(database, ledger, tenant.id, litellm_format(), path)
        assert counts(again) == (3, 0, 1, 2), path
    assert (await ledger_totals(database, tenant.id)).requests == 1
    for kept in await quarantined(database, tenant.id):
        assert "secret" not in kept["original"]
        assert "hidden" not in kept["original"]


async def test_other_tables_are_refused(
    database: Database, ledger: Ledger, tenant: Tenant, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("request_id,model\nx,y\n")
    report = await import_rows(database, ledger, tenant.id, litellm_format(), path)
    assert (report.read, report.unreadable) == (0, 1)
