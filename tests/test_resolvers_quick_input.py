"""Quick inputs are what Strawberry would have built, field by field."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st
from strawberry import UNSET
from strawberry.types.arguments import InputContext, convert_argument

from resolvers import usage_input
from resolvers.enums import Operation, RunStatus, Surface
from resolvers.quick_input import quick
from resolvers.schema import schema

INPUTS = [
    usage_input.StreamReportInput,
    usage_input.RunInput,
    usage_input.JobInput,
    usage_input.UsageEventInput,
    usage_input.RecordUsageInput,
    usage_input.RecordRunInput,
]
NOW = datetime(2026, 3, 15, tzinfo=UTC)


def of(required: Mapping[str, Any], optional: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values as graphql-core hands them on: any of the optional fields missing, or null."""
    return st.fixed_dictionaries(
        {name: st.just(value) if not isinstance(value, st.SearchStrategy) else value
         for name, value in required.items()},
        optional={
            name: st.one_of(st.none(), value if isinstance(value, st.SearchStrategy)
                            else st.just(value))
            for name, value in optional.items()
        },
    )  # fmt: skip


RUNS = of(
    {"key": "r"},
    {"parentKey": "p", "workflow": "w", "status": RunStatus.FAILED, "startedAt": NOW},
)
JOBS = of({"key": "j", "agentType": "testing"}, {"finishedAt": NOW, "initiator": None})
EVENTS = of(
    {"eventKey": "e", "projectId": "p", "model": "m", "operation": Operation.EMBEDDING,
     "surface": Surface.CLI, "inputTokens": 1},
    {"run": RUNS, "job": JOBS, "cacheWrite5mTokens": 5, "cacheWrite1hTokens": 6, "userId": "u",
     "sourceCost": Decimal("0.1"), "stream": of({"callKey": "c"}, {}), "inputIncludesCache": True},
)  # fmt: skip


def convert(kind: type, value: Any) -> Any:
    return convert_argument(
        value, kind, schema.schema_converter.scalar_registry, schema.config, None
    )


@given(value=st.fixed_dictionaries({"events": st.lists(EVENTS, max_size=3)}))
def test_events_are_what_strawberry_makes_of_them(value: dict[str, Any]) -> None:
    built = convert(usage_input.RecordUsageInput, value)
    with ExitStack() as stack:
        for kind in INPUTS:
            definition: Any = kind.__strawberry_definition__  # type: ignore[attr-defined]
            stack.enter_context(patch.object(definition, "from_input", None))
        assert convert(usage_input.RecordUsageInput, value) == built


def test_what_was_left_out_is_unset_and_defaults_stand() -> None:
    value = {"eventKey": "e", "projectId": "p", "model": "m"}
    built = convert(usage_input.UsageEventInput, value)
    assert (built.run, built.cache_write_5m_tokens, built.surface) == (UNSET, UNSET, Surface.API)


@pytest.mark.parametrize("kind", [list[int], strawberry.Maybe[int]])
def test_a_field_that_only_strawberry_can_convert_is_refused(kind: Any) -> None:
    made = quick(strawberry.input(type("Made", (), {"__annotations__": {"field": kind}})))
    context = InputContext(None, schema.config, schema.schema_converter.scalar_registry, ())
    with pytest.raises(TypeError, match="a quick input has no"):
        made.__strawberry_definition__.from_input(made, {}, context)  # type: ignore[attr-defined]
