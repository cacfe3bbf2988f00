"""The log: one JSON object a line that tells what happened, and nothing that must not be told."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from door import ORGANIZATION_ID, SECRET, client_of, make_app, make_settings

import api.logging
from api.logging import configure


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, before = root.handlers, root.level, structlog.get_config()
    stream = io.StringIO()
    configure(make_settings(), stream)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.configure(**before)
    api.logging._Requests.write = None


def entries(output: io.StringIO, event: str = "request") -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    return [line for line in lines if line["event"] == event]


async def test_each_request_has_one_line(output: io.StringIO) -> None:
    async with client_of(make_app()) as client:
        response = await client.post(
            "/graphql",
            json={"query": "query Greeting { hello }"},
            headers={"x-request-id": "from-a-proxy"},
        )
    assert response.status_code == 200
    (entry,) = entries(output)
    assert entry["duration_ms"] > 0
    del entry["duration_ms"], entry["time"]
    assert entry == {
        "level": "info",
        "event": "request",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "request_id": "from-a-proxy",
        "organization": str(ORGANIZATION_ID),
        "operation": "query",
        "operation_name": "Greeting",
        "errors": None,
    }


async def test_no_secret_text_or_variable_is_logged(output: io.StringIO) -> None:
    query = 'query ($how: String!) { fail(how: $how) hello(name: "needle-in-the-text") }'
    async with client_of(make_app()) as client:
        await client.post("/graphql", json={"query": query, "variables": {"how": "bug"}})
        await client.post("/graphql", json={"query": "{ hello(name: needle-in-the-text) "})
        await client.post("/graphql", json={"query": query, "variables": {"how": ["needle-var"]}})
        greeting = {"query": "query ($n: String) { hello(name: $n) }"}
        await client.get("/graphql", params={**greeting, "variables": '{"n": "needle-var"}'})
        await client.get("/nowhere?key=needle-var")
    assert len(entries(output)) == 5
    for needle in (SECRET, "needle-in-the-text", "needle-var"):
        assert needle not in output.getvalue()


async def test_an_unexpected_error_is_logged_once_with_its_request(output: io.StringIO) -> None:
    query = '{ a: fail(how: "bug") b: fail(how: "bug") }'
    async with client_of(make_app()) as client:
        response = await client.post("/graphql", json={"query": query})
    assert len(response.json()["errors"]) == 2
    (entry,) = entries(output, "unexpected error")
    assert entry["request_id"] == response.headers["x-request-id"]
    assert "RuntimeError" in entry["exception"]
    assert "Traceback" in entry["exception"]
    (request,) = entries(output)
    assert request["errors"] == ["INTERNAL"]


async def test_a_clients_mistake_is_one_line_without_a_document(output: io.StringIO) -> None:
    async with client_of(make_app()) as client:
        await client.post("/graphql", json={"query": "{ nothing }"})
    (line,) = output.getvalue().splitlines()
    assert json.loads(line)["level"] == "info"


async def test_ids_do_not_leak_into_the_next_request(output: io.StringIO) -> None:
    async with client_of(make_app()) as client:
        await client.get("/healthz")
        await client.get("/healthz")
    structlog.get_logger().info("afterwards")
    first, second = entries(output)
    assert first["request_id"] != second["request_id"]
    (afterwards,) = entries(output, "afterwards")
    assert "request_id" not in afterwards


def test_libraries_speak_json_too_and_uvicorn_is_brief(output: io.StringIO) -> None:
    server = logging.getLogger("uvicorn.error")
    server.warning("Invalid HTTP request received.")
    server.error("Exception in ASGI application\n")
    server.info("Application startup complete.")
    logging.getLogger("some.library").warning("%s things", 3)
    events = [json.loads(line)["event"] for line in output.getvalue().splitlines()]
    assert events == ["Application startup complete.", "3 things"]


def test_the_console_shows_no_local_variables(output: io.StringIO) -> None:
    configure(make_settings(log_format="console"), output)
    password = "hunter" + "2"
    try:
        raise RuntimeError("for the log")
    except RuntimeError:
        structlog.get_logger().exception("unexpected error")
    assert "RuntimeError: for the log" in output.getvalue()
    assert password not in output.getvalue()


def test_the_level_is_kept(output: io.StringIO) -> None:
    configure(make_settings(log_level="warning"), output)
    structlog.get_logger().info("quiet")
    logging.getLogger("some.library").info("quiet")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in output.getvalue().splitlines()] == ["loud"]
