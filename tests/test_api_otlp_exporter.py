"""OpenTelemetry's own SDK and exporter, told nothing but where to send and with which key."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from door import make_schema, make_settings
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode
from otel_documents import chat
from otel_intake import entries
from starlette.datastructures import Headers
from starlette.routing import Route
from tenants import Tenant

from api.app import create_app
from api.auth import Authenticator
from api.otlp import PATH, OtlpDoor
from models.access import Role, Scope
from models.api_key import create_key
from models.db import Database
from models.ledger import Ledger
from models.level import Level
from models.otel_intake import Intake
from models.write_queue import WriteQueue


@pytest.fixture
async def address(database: Database, ledger: Ledger) -> AsyncIterator[str]:
    """A server of our own on a free port, with the real credentials and the real write queue."""
    settings = make_settings()
    authenticator, writer = Authenticator(database), WriteQueue(ledger)

    async def authenticate(headers: Headers) -> Scope:
        return await authenticator.authenticate(headers.get("authorization"))

    door = OtlpDoor(settings, authenticate, Intake(database, writer.record))
    app = create_app(
        settings,
        schema=make_schema(),
        database=database,
        authenticate=authenticate,
        context_factory=lambda *_: None,
        routes=[Route(PATH, door, methods=["POST"])],
    )
    config = uvicorn.Config(app, port=0, lifespan="off", ws="none", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody when it is
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"http://{host}:{port}"
    server.should_exit = True
    await serving
    await writer.close()
    await authenticator.close()


async def secret_of(database: Database, tenant: Tenant, role: Role, level: Level) -> str:
    async with database.transaction() as connection:
        system = Scope.system(tenant.id)
        made = await create_key(connection, system, name="exporter", role=role, level=level)
    return made.secret


def trace(exporter: OTLPSpanExporter, service: str | None = None) -> None:
    """An agent that calls a model twice, in two batches; the second call fails."""
    resource = Resource.create({"service.name": service} if service else {})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("an.instrumentation")
    with tracer.start_as_current_span("invoke_agent") as agent:
        agent.set_attribute("gen_ai.operation.name", "invoke_agent")
        agent.set_attribute("gen_ai.usage.input_tokens", 2000)
        for number in range(2):
            with tracer.start_as_current_span("chat gpt-4o") as span:
                span.set_attributes(chat(**{"gen_ai.response.id": f"chatcmpl-{service}-{number}"}))
                span.set_attribute("gen_ai.response.finish_reasons", ["stop"])
                if number:
                    span.set_status(Status(StatusCode.ERROR, "cut short"))
            assert provider.force_flush()
    provider.shutdown()


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
async def test_an_exporter_configured_by_the_environment(
    database: Database,
    tenant: Tenant,
    address: str,
    compression: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = await secret_of(database, tenant, Role.MEMBER, Level(project_id=tenant.project_id))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization=Bearer%20{secret}")
    exporter = OTLPSpanExporter(compression=Compression(compression))
    await asyncio.to_thread(trace, exporter)
    await asyncio.to_thread(trace, exporter)
    found = await entries(database, tenant)
    assert [entry["outcome"] for entry in found] == ["SUCCEEDED", "FAILED"]
    assert {entry["project_id"] for entry in found} == {tenant.project_id}
    assert all(entry["cost"] is not None for entry in found)
    assert found[0]["run_id"] == found[1]["run_id"]


async def test_an_owner_needs_no_project_beforehand(
    database: Database, tenant: Tenant, address: str
) -> None:
    secret = await secret_of(database, tenant, Role.OWNER, Level())
    exporter = OTLPSpanExporter(
        endpoint=f"{address}{PATH}", headers={"Authorization": f"Bearer {secret}"}
    )
    await asyncio.to_thread(trace, exporter, "checkout")
    async with database.connection() as connection:
        names = await connection.fetch(
            "SELECT DISTINCT p.name FROM credit_transaction AS t"
            " JOIN project AS p ON p.id = t.project_id WHERE t.organization_id = $1",
            tenant.id,
        )
    assert [row["name"] for row in names] == ["checkout"]
    assert len(await entries(database, tenant)) == 2
