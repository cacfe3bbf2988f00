"""Downloads by address: once, for a minute, and only what was asked for by who might see it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog
from graphql_client import Asker, member, owner
from postgres_server import FreshDatabase
from starlette.datastructures import Headers
from tenants import PRICED, Tenant

from api.app import create_app
from api.billing import Billing
from api.settings import Settings
from models.access import Role, Scope
from models.db import Database
from models.errors import UnauthenticatedError
from models.event import RunRef
from models.export import Exports
from models.ids import PROJECT, WORKSPACE, encode, uuid7
from models.ledger import Ledger
from resolvers.context import Context, create_context
from resolvers.schema import schema

MUTATION = """mutation ($input: CreateDownloadInput!) { createDownload(input: $input) {
  url expiresAt userErrors { code field } } }"""
GONE = "There is no such download; an address works once, for a minute."


@pytest.fixture
async def browser(database: Database, migrated: FreshDatabase) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without any credential."""
    exports = Exports(migrated.app_dsn, pool_size=2)
    await exports.start()

    async def authenticate(_headers: Headers) -> Scope:
        raise UnauthenticatedError("no")

    def context(served: Database, scope: Scope, request_id: str) -> Context:
        return create_context(served, scope, request_id)

    app = create_app(
        Settings(),
        schema=schema,
        database=database,
        authenticate=authenticate,
        context_factory=context,
        routes=Billing(database, exports, authenticate, context).routes(),
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await exports.close()


@pytest.fixture
async def spent(ledger: Ledger, tenant: Tenant) -> Tenant:
    events = [
        tenant.event(
            f"e{number}", run=RunRef(f"run {number}"), project_id=tenant.project_ids[number % 2]
        )
        for number in range(4)
    ]
    await ledger.record(tenant.id, events)
    return tenant


def entries(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    dates = {"first": "2026-03-01", "last": "2026-03-31"}
    asked = {"workspaceId": encode(WORKSPACE, tenant.id, tenant.workspace_id)}
    return {"usageEntries": {**asked, "range": {"dates": dates}, **changes}}


async def address(asker: Asker, asked: dict[str, Any]) -> str:
    made = (await asker.ask(MUTATION, input=asked))["createDownload"]
    assert made["userErrors"] == []
    return str(made["url"])


def executions(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    return sorted(line.split(",")[1] for line in answer.text.splitlines()[1:])


async def test_an_address_works_once(
    browser: httpx.AsyncClient, database: Database, spent: Tenant
) -> None:
    url = await address(owner(database, spent), entries(spent))
    assert (await browser.head(url)).status_code == 405
    first, *others = await asyncio.gather(*(browser.get(url) for _ in range(4)))
    answers = sorted([first, *others], key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 404, 404, 404]
    assert executions(answers[0]) == [f"run {number}" for number in range(4)]
    assert answers[1].json()["error"]["message"] == GONE
    assert answers[0].headers["content-disposition"].startswith('attachment; filename="usage-wksp_')


async def test_it_opens_what_who_asked_could_see(
    browser: httpx.AsyncClient, database: Database, spent: Tenant
) -> None:
    guest = member(database, spent, Role.VIEWER, spent.project_ids[1])
    url = await address(guest, entries(spent))
    assert executions(await browser.get(url)) == ["run 1", "run 3"]
    near = encode(PROJECT, spent.id, spent.project_id)
    narrowed = entries(spent, filter={"projectIds": [near]}, limit=1)
    answer = await browser.get(await address(owner(database, spent), narrowed))
    assert len(executions(answer)) == 1
    assert answer.headers["x-truncated"] == "true"
    whole = await address(owner(database, spent), entries(spent, limit=None))
    assert len(executions(await browser.get(whole))) == 4


async def test_api_calls_take_an_administrator(
    browser: httpx.AsyncClient, database: Database, spent: Tenant
) -> None:
    asked = {"apiCalls": entries(spent, filter={"models": [PRICED]})["usageEntries"]}
    answer = await browser.get(await address(owner(database, spent), asked))
    assert len(answer.text.splitlines()) == 5
    guest = member(database, spent, Role.ADMIN, spent.project_ids[1])
    assert (await guest.refused(MUTATION, input=asked)).code == "FORBIDDEN"


async def test_an_address_that_is_late_or_made_up_opens_nothing(
    browser: httpx.AsyncClient, database: Database, spent: Tenant
) -> None:
    asker = owner(database, spent)
    url = await address(asker, entries(spent))
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO download SELECT organization_id, $2, secret_hash, asked, created_at,"
            " now() - interval '1 second' FROM download WHERE organization_id = $1",
            spent.id,
            late := uuid7(),
        )
    raw = bytearray(base64.urlsafe_b64decode(url.partition("token=")[2] + "=="))
    expired = bytes(raw[:16]) + late.bytes + bytes(raw[32:])
    raw[-1] ^= 1
    bodies = set()
    for token in ("", "x", "é", "A" * 5000, *map(_text, (bytes(raw), expired, bytes(56)))):
        answer = await browser.get("/api/billing/download", params={"token": token})
        bodies.add((answer.status_code, answer.json()["error"]["message"]))
    assert (404, GONE) in bodies
    assert {status for status, _ in bodies} <= {400, 404}
    assert executions(await browser.get(url))
    await address(asker, entries(spent))
    async with database.connection() as connection:
        kept = await connection.fetchval(
            "SELECT count(*) FROM download WHERE organization_id = $1", spent.id
        )
    assert kept == 1  # what is late goes when the next one is made


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_what_makes_no_sense_is_told(database: Database, spent: Tenant) -> None:
    asker = owner(database, spent)
    made = (await asker.ask(MUTATION, input=entries(spent, limit=0)))["createDownload"]
    assert made == {
        "url": None,
        "expiresAt": None,
        "userErrors": [{"code": "OUT_OF_RANGE", "field": ["usageEntries", "limit"]}],
    }
    dates = {"first": "2026-03-02", "last": "2026-03-01"}
    backward = entries(spent, range={"dates": dates})["usageEntries"]
    for what in ("usageEntries", "apiCalls"):
        made = (await asker.ask(MUTATION, input={what: backward}))["createDownload"]
        path = [what, "range", "dates", "last"]
        assert made["userErrors"] == [{"code": "INVALID", "field": path}]
    foreign = entries(spent, workspaceId=encode(WORKSPACE, spent.id, uuid7()))
    assert (await asker.refused(MUTATION, input=foreign)).code == "NOT_FOUND"


async def test_no_secret_is_logged_or_kept(
    browser: httpx.AsyncClient, database: Database, spent: Tenant
) -> None:
    with structlog.testing.capture_logs() as lines:
        url = await address(owner(database, spent), entries(spent))
        async with database.connection() as connection:
            rows = await connection.fetch(
                "SELECT d::text FROM download AS d WHERE organization_id = $1", spent.id
            )
        await browser.get(url)
    token = url.partition("token=")[2]
    assert any(line["event"] == "request" for line in lines)
    assert token not in str(lines)
    secret = base64.urlsafe_b64decode(token + "==")[32:]
    assert secret.hex() not in str(rows)


async def test_it_lasts_a_minute(database: Database, spent: Tenant) -> None:
    async with database.connection() as connection:
        await address(owner(database, spent), entries(spent))
        life = await connection.fetchval(
            "SELECT expires_at - created_at FROM download WHERE organization_id = $1", spent.id
        )
    assert life == timedelta(minutes=1)
