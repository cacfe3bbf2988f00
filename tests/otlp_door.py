"""The OTLP door in tests: the application on a real database, and requests to it."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from door import client_of, make_schema, make_settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from otel_intake import scope_of
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import Route
from tenants import Tenant

from api.app import create_app
from api.otlp import PATH, OtlpDoor
from models.access import Role, Scope
from models.errors import UnauthenticatedError
from models.otel_intake import Intake
from models.otel_span import Attributes, Span

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


def otlp_app(database: Any, intake: Any, scope: Scope, **settings: Any) -> Starlette:
    """The application with this one door; its secret opens `scope`."""

    async def authenticate(headers: Headers) -> Scope:
        if headers.get("authorization") != "Bearer a-key-that-tests-know":
            raise UnauthenticatedError("Send a valid API key.")
        return scope

    read = make_settings(**settings)
    return create_app(
        read,
        schema=make_schema(),
        database=database,
        authenticate=authenticate,
        context_factory=lambda *_: None,
        routes=[Route(PATH, OtlpDoor(read, authenticate, intake), methods=["POST"])],
    )


@asynccontextmanager
async def otlp_client(
    database: Any, intake: Intake, tenant: Tenant, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key of the tenant's first project."""
    scope = scope_of(tenant, Role.MEMBER, tenant.project_id)
    async with client_of(otlp_app(database, intake, scope, **settings)) as client:
        yield client


async def post_json(client: httpx.AsyncClient, document: Any, **headers: str) -> httpx.Response:
    content = document if isinstance(document, bytes) else orjson.dumps(document)
    return await client.post(PATH, content=content, headers={**JSON, **headers})


async def post_protobuf(
    client: httpx.AsyncClient, content: bytes, **headers: str
) -> httpx.Response:
    return await client.post(PATH, content=content, headers={**PROTOBUF, **headers})


def packed(content: bytes) -> bytes:
    return gzip.compress(content)


def protobuf(*spans: Span) -> bytes:
    """The spans as a request in protobuf."""
    request = ExportTraceServiceRequest()
    for span in spans:
        of_resource = request.resource_spans.add(
            resource=Resource(attributes=_attributes(span.resource))
        )
        of_scope = of_resource.scope_spans.add()
        of_scope.scope.name = span.scope
        told = of_scope.spans.add(
            trace_id=bytes.fromhex(span.trace_id),
            span_id=bytes.fromhex(span.span_id),
            parent_span_id=bytes.fromhex(span.parent_span_id),
            start_time_unix_nano=span.start_nanos,
            end_time_unix_nano=span.end_nanos,
            attributes=_attributes(span.attributes),
        )
        told.status.code = 2 if span.is_error else 0
    return bytes(request.SerializeToString())


def _attributes(values: Attributes) -> list[KeyValue]:
    return [_attribute(name, value) for name, value in values.items()]


def _attribute(name: str, value: Any) -> KeyValue:
    attribute = KeyValue(key=name)
    if isinstance(value, bool):
        attribute.value.bool_value = value
    elif isinstance(value, int):
        attribute.value.int_value = value
    elif isinstance(value, float):
        attribute.value.double_value = value
    else:
        attribute.value.string_value = value
    return attribute
