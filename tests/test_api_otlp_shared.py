"""Documents of real instrumentations, posted as they are; not part of this repository.

They are looked for where `test_shared_data.py` looks; without them these tests skip. Run with `-s`
to see what each set came to.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.protobuf.json_format import ParseDict
from imports import ledger_totals
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_door import otlp_client, post_json, post_protobuf
from tenants import Tenant
from test_shared_data import SHARED

from models.db import Database
from models.ledger import Ledger
from models.money import plain
from models.otel_intake import Intake, Report
from models.rollup_check import verify

OTEL = SHARED / "otel"
pytestmark = pytest.mark.skipif(not OTEL.is_dir(), reason=f"no shared data: {OTEL} is not there")


@dataclass(frozen=True)
class Expected:
    """What a set comes to in an organization of its own: spans, tokens by class, dollars."""

    spans: tuple[int, int, int, int]
    tokens: tuple[int, ...]
    cost: str
    unpriced: int


# Summed up from the documents and priced by genai-prices itself, apart from this project's code;
# of the mixed vendor documents only one names a model, and several reuse one span.
SETS = {
    "openai_v2.traces": Expected((66, 43, 0, 0), (1870, 0, 0, 0, 1294, 0), "0.00658306", 0),
    "openai_v2.metrics": Expected((0, 0, 0, 0), (0, 0, 0, 0, 0, 0), "0", 0),
    "traceloop_anthropic.traces": Expected(
        (71, 16, 0, 0), (15_834, 9_316, 9_316, 0, 9_484, 0), "0.1637412", 31
    ),
    "langfuse_otlp_testspans_half": Expected(
        (9, 6, 50, 0), (5_476, 57_239, 7_109, 0, 1_016, 50), "0.000151", 8
    ),
    # 1167 input tokens, once 1163 written to the cache and 187 output, once read and 202:
    # (4 * 3 + 1163 * 3.75 + 187 * 15 + 4 * 3 + 1163 * 0.30 + 202 * 15) / 10^6.
    "traceloop_anthropic_cache_write": Expected(
        (2, 0, 0, 0), (8, 1_163, 1_163, 0, 389, 0), "0.01056915", 0
    ),
    # 1149 input tokens twice, the second time 1024 of them read from a cache:
    # (1149 * 0.15 + 315 * 0.60 + 125 * 0.15 + 1024 * 0.075 + 353 * 0.60) / 10^6.
    "traceloop_openai_cache_reasoning": Expected(
        (2, 0, 0, 0), (1_274, 1_024, 0, 0, 668, 0), "0.0006687", 0
    ),
    "contrib_openai_cache_read": Expected((1, 0, 0, 0), (22, 0, 0, 0, 6, 0), "0.0000069", 0),
    "contrib_openai_embeddings": Expected((1, 0, 0, 0), (7, 0, 0, 0, 0, 0), "0.00000014", 0),
    "contrib_openai_metrics_token_usage": Expected((0, 0, 0, 0), (0,) * 6, "0", 0),
    "contrib_openai_semconv_latest": Expected((1, 0, 0, 0), (12, 0, 0, 0, 12, 0), "0.000009", 0),
    "contrib_openai_semconv_legacy_gen_ai.system": Expected(
        (1, 0, 0, 0), (12, 0, 0, 0, 12, 0), "0.000009", 0
    ),
}


class Watched(Intake):
    """An intake that adds up what became of spans."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        super().__init__(database, ledger.record)
        self.total = Report()

    async def receive(self, *args: Any, **kwargs: Any) -> Report:
        report = await super().receive(*args, **kwargs)
        self.total.billed += report.billed
        self.total.duplicate += report.duplicate
        self.total.unbilled += report.unbilled
        self.total.rejected += report.rejected
        self.total.reasons += report.reasons
        return report

    @property
    def spans(self) -> tuple[int, int, int, int]:
        total = self.total
        return (total.billed, total.duplicate, total.unbilled, total.rejected)


def documents(file: Path) -> Iterator[Any]:
    texts = file.read_bytes().splitlines() if file.suffix == ".jsonl" else [file.read_bytes()]
    for text in texts:
        document = orjson.loads(text)
        yield document.get("otlp", document)


def as_protobuf(document: Any) -> bytes:
    """The same document in OTLP's other encoding."""
    for of_resource in document.get("resourceSpans", ()):
        for of_scope in of_resource["scopeSpans"]:
            for span in of_scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    if span.get(name):
                        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    request = ParseDict(document, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    return bytes(request.SerializeToString())


FILES = sorted([*OTEL.glob("*.jsonl"), *OTEL.glob("samples/*.json")])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_documents_as_they_are(
    database: Database, ledger: Ledger, tenant: Tenant, file: Path
) -> None:
    intake = Watched(database, ledger)
    async with otlp_client(database, intake, tenant) as client:
        for document in documents(file):
            answer = await post_json(client, document)
            assert answer.status_code == 200
        once, totals = intake.spans, await ledger_totals(database, tenant.id)
        for document in documents(file):
            assert (await post_json(client, document)).status_code == 200
            answer = await post_protobuf(client, as_protobuf(document))
            assert answer.status_code == 200
    print(f"\n{file.name}: billed, duplicate, unbilled, rejected {once}; {totals}")
    assert await ledger_totals(database, tenant.id) == totals
    assert intake.spans[0] == once[0]
    assert (await verify(database, tenant.id)).is_clean
    assert Expected(once, totals.tokens, plain(totals.cost), totals.unpriced) == SETS[file.stem]
