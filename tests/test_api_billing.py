"""`/api/billing/usage` and its export over HTTP: pages, CSV read back, and what is refused."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pyarrow.parquet
import pytest
from door import AUTHORIZATION, SECRET
from graphql_client import MARCH, owner
from postgres_server import FreshDatabase
from starlette.datastructures import Headers
from tenants import PRICED, Tenant, make_tenant

from api.app import create_app
from api.billing import Billing
from api.openapi import document
from api.settings import Settings
from models import export as export_module
from models import usage_export
from models.access import Principal, Role, Scope
from models.db import Database
from models.errors import UnauthenticatedError
from models.event import RunRef
from models.export import Exports
from models.ids import PROJECT, WORKSPACE, encode
from models.ledger import Ledger
from models.money import plain
from resolvers.context import Context, create_context
from resolvers.schema import schema

HEADER = "Date,Execution,Workflow,Trigger,Model,Tokens,Cost (USD)"
HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "＋1", "－1", "＠x", 'a "quoted", text',
    "two\nlines", "'; DROP TABLE x; --", "\\.", "$1", "ünïcödé 🙂",
]  # fmt: skip
NOW = MARCH + timedelta(hours=1)


@pytest.fixture(scope="module")
async def exports(migrated: FreshDatabase) -> AsyncIterator[Exports]:
    started = Exports(migrated.app_dsn, pool_size=2)
    await started.start()
    yield started
    await started.close()


@asynccontextmanager
async def client_of(
    database: Database, exports: Exports, scope: Scope
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks over HTTP at a fixed instant."""

    async def authenticate(headers: Headers) -> Scope:
        if headers.get("authorization") != AUTHORIZATION["authorization"]:
            raise UnauthenticatedError("no")
        return scope

    def context(served: Database, scope: Scope, request_id: str) -> Context:
        return create_context(served, scope, request_id, now=NOW)

    app = create_app(
        Settings(),
        schema=schema,
        database=database,
        authenticate=authenticate,
        context_factory=context,
        routes=Billing(database, exports, authenticate, context).routes(),
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=AUTHORIZATION
    ) as client:
        yield client


@pytest.fixture
async def client(
    database: Database, exports: Exports, tenant: Tenant
) -> AsyncIterator[httpx.AsyncClient]:
    scope = Scope(Principal(tenant.id, tenant.user_id, None), Role.OWNER)
    async with client_of(database, exports, scope) as started:
        yield started


def workspace(tenant: Tenant) -> str:
    return encode(WORKSPACE, tenant.id, tenant.workspace_id)


async def spend(ledger: Ledger, tenant: Tenant, names: list[str]) -> None:
    """A run for each name, which is its key, workflow, trigger and a model of its own."""
    events = [
        tenant.event(
            f"e{number}",
            run=RunRef(name, workflow=name, trigger=name),
            occurred_at=MARCH - timedelta(minutes=number),
            model=PRICED if number % 2 else name,
            provider="anthropic" if number % 2 else None,
        )
        for number, name in enumerate(names)
    ]
    events.append(tenant.event("outside", occurred_at=MARCH - timedelta(days=1)))
    await ledger.record(tenant.id, events)


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.splitlines()[0] == HEADER
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_a_file_read_back_is_what_was_spent(
    client: httpx.AsyncClient, ledger: Ledger, tenant: Tenant
) -> None:
    await spend(ledger, tenant, HOSTILE)
    answer = await client.get(
        "/api/billing/usage/export", params={"workspaceId": workspace(tenant)}
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    name = f"usage-{workspace(tenant)}-2026-03-20.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "x-truncated" not in answer.headers
    rows = rows_of(answer.text)
    defused = [f"'{name}" if name[0] in "=+-@\t\r\n＝＋－＠" else name for name in HOSTILE]
    for column in ("Execution", "Workflow", "Trigger"):
        assert [row[column] for row in rows] == [*defused, ""]
    assert [row["Model"] for row in rows[::2]] == defused[::2] + [PRICED] * (len(rows) % 2)
    assert {row["Tokens"] for row in rows} == {"150"}
    assert {row["Cost (USD)"] for row in rows[:-1:2]} == {"unpriced"}
    assert {row["Cost (USD)"] for row in rows[1::2]} == {"0.00175"}
    assert rows[0]["Date"] == "2026-03-20T09:30:00.000000Z"


async def test_pages_and_files_are_the_same_rows(
    client: httpx.AsyncClient, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_export, "BATCH_SIZE", 3)
    await spend(ledger, tenant, [f"run {number}" for number in range(10)])
    asked = {"workspaceId": workspace(tenant), "preset": "7d"}
    whole = (await client.get("/api/billing/usage", params=asked)).json()
    file = await client.get("/api/billing/usage/export", params={**asked, "limit": "all"})
    assert [row["Execution"] for row in rows_of(file.text)] == [
        row["execution"] or "" for row in whole["data"]
    ]
    total = sum(Decimal(row["cost"]) for row in whole["data"])
    numbers = [row["Cost (USD)"] for row in rows_of(file.text) if row["Cost (USD)"] != "unpriced"]
    assert sum(map(Decimal, numbers)) == total
    pages, cursor = [], None
    while True:
        turn = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/billing/usage", params=asked | turn)).json()
        pages.append(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [page["has_more"] for page in pages] == [True, True, False]
    assert [row for page in pages for row in page["data"]] == whole["data"]
    assert pages[0]["previous_cursor"] is None
    back = await client.get(
        "/api/billing/usage",
        params={**asked, "limit": 4, "cursor": pages[1]["previous_cursor"]},
    )
    assert back.json() == pages[0]


@pytest.mark.parametrize("limit", [1, 4, 10, 11, 12])
async def test_a_file_that_is_cut_says_where_to_go_on(
    client: httpx.AsyncClient, ledger: Ledger, tenant: Tenant, limit: int
) -> None:
    await spend(ledger, tenant, [f"run {number}" for number in range(10)])
    asked = {"workspaceId": workspace(tenant), "preset": "MTD"}
    whole = rows_of((await client.get("/api/billing/usage/export", params=asked)).text)
    assert len(whole) == 11
    first = await client.get("/api/billing/usage/export", params={**asked, "limit": limit})
    found = rows_of(first.text)
    assert found == whole[:limit]
    assert first.headers.get("x-truncated") == ("true" if limit < 11 else None)
    if limit < 11:
        cursor = first.headers["x-next-cursor"]
        rest = await client.get("/api/billing/usage/export", params={**asked, "cursor": cursor})
        assert [*found, *rows_of(rest.text)] == whole


async def test_cursors_of_graphql_go_on_here(
    client: httpx.AsyncClient, database: Database, ledger: Ledger, tenant: Tenant
) -> None:
    await spend(ledger, tenant, [f"run {number}" for number in range(4)])
    asker = owner(database, tenant, NOW)
    query = """query ($id: ID!, $after: String) { workspace(id: $id) { usageEntries(
      range: {preset: LAST_30_DAYS}, first: 2, after: $after) {
        nodes { run { key } } pageInfo { endCursor } } } }"""
    data = await asker.ask(query, id=workspace(tenant))
    cursor = data["workspace"]["usageEntries"]["pageInfo"]["endCursor"]
    asked = {"workspaceId": workspace(tenant), "cursor": cursor}
    page = (await client.get("/api/billing/usage", params={**asked, "limit": 1})).json()
    assert [row["execution"] for row in page["data"]] == ["run 2"]
    data = await asker.ask(query, id=workspace(tenant), after=page["next_cursor"])
    nodes = data["workspace"]["usageEntries"]["nodes"]
    assert nodes == [{"run": {"key": "run 3"}}, {"run": None}]


@pytest.mark.parametrize("path", ["usage", "usage/export"])
async def test_a_range_without_an_end_goes_on_to_where_it_ended(
    client: httpx.AsyncClient, ledger: Ledger, tenant: Tenant, path: str
) -> None:
    await spend(ledger, tenant, [f"run {number}" for number in range(4)])
    begin = "2026-03-20T00:00:00Z"
    earlier = {"from": begin, "to": "2026-03-20T10:00:00Z"}  # the clock stood there
    asked = {"workspaceId": workspace(tenant)}
    first = await client.get("/api/billing/usage", params={**asked, **earlier, "limit": 2})
    asked["cursor"] = first.json()["next_cursor"]
    by_cursor = await client.get(f"/api/billing/{path}", params=asked)
    by_both = await client.get(f"/api/billing/{path}", params={**asked, "from": begin})
    assert (by_both.status_code, by_both.content) == (200, by_cursor.content)
    params = {**asked, "from": "2026-03-19T00:00:00Z"}
    other = await client.get(f"/api/billing/{path}", params=params)
    assert (other.status_code, other.json()["error"]["field"]) == (400, "cursor")


async def test_methods_are_told(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/billing/usage")
    message = "POST is not taken here; GET or HEAD is expected."
    assert (answer.status_code, answer.json()["error"]["message"]) == (405, message)


async def test_presets_are_echoed_as_instants_of_the_organization(
    database: Database, exports: Exports
) -> None:
    tenant = await make_tenant(database, time_zone="Europe/Berlin")
    scope = Scope(Principal(tenant.id, tenant.user_id, None), Role.OWNER)
    async with client_of(database, exports, scope) as client:
        for preset, start, end in (
            ("1d", "2026-03-19T11:00:00Z", "2026-03-20T11:00:00Z"),
            ("7d", "2026-03-13T23:00:00Z", "2026-03-20T23:00:00Z"),
            ("30d", "2026-02-18T23:00:00Z", "2026-03-20T23:00:00Z"),
            ("MTD", "2026-02-28T23:00:00Z", "2026-03-20T10:30:00Z"),
            ("last_month", "2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z"),
        ):
            asked = {"workspaceId": workspace(tenant), "preset": preset}
            page = (await client.get("/api/billing/usage", params=asked)).json()
            assert (page["from"], page["to"], page["data"]) == (start, end, []), preset
            file = await client.get("/api/billing/usage/export", params=asked)
            assert file.text == HEADER + "\n"


async def test_filters_are_met(client: httpx.AsyncClient, ledger: Ledger, tenant: Tenant) -> None:
    await spend(ledger, tenant, ["a", "b", "c"])
    near = encode(PROJECT, tenant.id, tenant.project_id)
    for params, keys in (
        ({"workflow": ["a", "c"]}, ["a", "c"]),
        ({"trigger": "b"}, ["b"]),
        ({"model": PRICED}, ["b", None]),
        ({"type": "On-Demand"}, []),
        ({"type": "Included", "projectId": near}, ["a", "b", "c", None]),
        ({"projectId": encode(PROJECT, tenant.id, tenant.project_ids[1])}, []),
    ):
        asked = {"workspaceId": workspace(tenant), **params}
        page = (await client.get("/api/billing/usage", params=asked)).json()
        assert [row["execution"] for row in page["data"]] == keys, params


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"from": "2026-03-20"}, "from"),
    ({"from": "2026-03-20T00:00:00"}, "from"),
    ({"from": "2026-03-20T00:00:00Z", "to": "2026-03-19T00:00:00Z"}, "to"),
    ({"from": "2026-03-19T00:00:00Z", "to": "2026-03-19T00:00:00Z"}, "to"),
    ({"to": "2026-03-19T00:00:00Z"}, "from"),
    ({"from": "2026-03-20T10:30:00Z"}, "from"),  # not before now
    ({"from": "0001-01-01T00:00:00Z"}, "from"),
    ({"preset": "8d"}, "preset"),
    ({"preset": "7d", "from": "2026-03-19T00:00:00Z"}, "preset"),
    ({"limit": "0"}, "limit"),
    ({"limit": "-1"}, "limit"),
    ({"limit": "１"}, "limit"),
    ({"limit": "9" * 5000}, "limit"),
    ({"cursor": "nonsense"}, "cursor"),
    ({"cursor": "~nonsense"}, "cursor"),
    ({"type": "free"}, "type"),
    ({"workflows": "a"}, "workflows"),
    ({"preset": ["7d", "30d"]}, "preset"),
    ({"workspaceId": ["a", "b"]}, "workspaceId"),
    ({"workflow": "x\0y"}, "workflow"),
]


@pytest.mark.parametrize(("params", "name"), REFUSED)
@pytest.mark.parametrize("path", ["usage", "usage/export"])
async def test_what_makes_no_sense_is_told_by_name(
    client: httpx.AsyncClient, tenant: Tenant, path: str, params: dict[str, Any], name: str
) -> None:
    asked = {"workspaceId": workspace(tenant), **params}
    answer = await client.get(f"/api/billing/{path}", params=asked)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (400, "BAD_USER_INPUT", name)


async def test_other_workspaces_do_not_exist(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    other = await make_tenant(database)
    bodies = set()
    for id in (workspace(other), encode(WORKSPACE, tenant.id, other.workspace_id), "../etc", ""):
        for path in ("usage", "usage/export"):
            answer = await client.get(f"/api/billing/{path}", params={"workspaceId": id})
            assert answer.status_code == 404
            bodies.add(answer.json()["error"]["message"])
    assert bodies == {"There is no such workspace."}
    missing = await client.get("/api/billing/usage")
    assert (missing.status_code, missing.json()["error"]["field"]) == (400, "workspaceId")
    refused = await client.get("/api/billing/usage", headers={"authorization": f"Basic {SECRET}"})
    assert refused.status_code == 401


async def test_who_hangs_up_gives_the_connection_back(
    database: Database, exports: Exports, ledger: Ledger, tenant: Tenant
) -> None:
    await spend(ledger, tenant, [f"run {number}" for number in range(50)])

    async def gone(chunk: bytes) -> None:
        raise ConnectionResetError

    async def hang_up() -> None:
        export = usage_export.UsageExport(await _what(database, tenant))
        async with exports.connection() as connection:
            await export_module.write_csv(connection, export, gone)

    for _ in range(5):
        with pytest.raises(ConnectionResetError):
            await hang_up()
    async with exports.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def _what(database: Database, tenant: Tenant) -> Any:
    from models.local_time import TimeZones
    from models.usage_entry import UsageEntryFilter, sought

    zones = TimeZones([MARCH.replace(year=1970)], ["UTC"])
    return sought(
        tenant.id, tenant.workspace_id, None, zones, MARCH - timedelta(days=9), NOW,
        UsageEntryFilter(),
    )  # fmt: skip


async def test_half_a_file_does_not_look_whole(
    client: httpx.AsyncClient, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spend(ledger, tenant, [f"run {number}" for number in range(20)])
    asked = {"workspaceId": workspace(tenant)}
    monkeypatch.setattr(export_module, "CHUNK_BYTES", 10)
    monkeypatch.setattr(usage_export, "BATCH_SIZE", 5)
    real, count = export_module.Arguments.written_into, 0

    async def fails_in_the_end(*arguments: Any) -> str:
        nonlocal count
        count += 1
        if count == 3:
            raise asyncpg.ConnectionDoesNotExistError("gone")
        return await real(*arguments)

    monkeypatch.setattr(export_module.Arguments, "written_into", fails_in_the_end)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await client.get("/api/billing/usage/export", params=asked)
    count = 2
    monkeypatch.setattr(export_module, "CHUNK_BYTES", 10**6)
    answer = await client.get("/api/billing/usage/export", params=asked)
    assert answer.status_code == 503


async def test_api_calls_are_for_administrators(
    client: httpx.AsyncClient, database: Database, exports: Exports, ledger: Ledger, tenant: Tenant
) -> None:
    await spend(ledger, tenant, ["=a", "b"])
    asked = {"workspaceId": workspace(tenant)}
    path = "/api/billing/api-calls/export"
    answer = await client.get(path, params=asked)
    name = f"api-calls-{workspace(tenant)}-2026-03-20.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["Model"] for row in rows] == ["'=a", PRICED, PRICED]
    assert list(rows[0])[:10] == [
        "Date", "API Key ID", "API Key Name", "Provider", "Model", "Input Tokens", "Output Tokens",
        "Completion Time (ms)", "Input Token Price (USD/1M tokens)",
        "Output Token Price (USD/1M tokens)",
    ]  # fmt: skip
    some = await client.get(path, params={**asked, "model": PRICED, "outcome": "succeeded"})
    assert len(some.text.splitlines()) == 3
    refused = await client.get(path, params={**asked, "operation": "DREAM"})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "operation")
    reach = {tenant.workspace_id: Role.MEMBER}
    scope = Scope(Principal(tenant.id, tenant.user_id, None), workspace_roles=reach)
    async with client_of(database, exports, scope) as other:
        assert (await other.get(path, params=asked)).status_code == 403


async def test_focus_as_csv_and_parquet(
    client: httpx.AsyncClient, ledger: Ledger, tenant: Tenant
) -> None:
    await spend(ledger, tenant, ["a", "b"])
    asked = {"workspaceId": workspace(tenant), "preset": "7d"}
    text = await client.get("/api/billing/focus/export", params=asked)
    rows = list(csv.DictReader(io.StringIO(text.text, newline="")))
    assert {row["x_LocalDate"] for row in rows} == {"2026-03-19", "2026-03-20"}
    file = await client.get("/api/billing/focus/export", params={**asked, "format": "parquet"})
    assert file.headers["content-type"] == "application/vnd.apache.parquet"
    name = f"focus-{workspace(tenant)}-2026-03-20.parquet"
    assert file.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert pyarrow.parquet.read_table(io.BytesIO(file.content)).num_rows == len(rows)
    for wrong, field in (
        ({"format": "xls"}, "format"),
        ({"preset": "1d"}, "from"),
        ({"limit": "3"}, "limit"),
    ):
        refused = await client.get("/api/billing/focus/export", params={**asked, **wrong})
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)


async def test_parameters_are_those_that_are_described(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    paths = document()["paths"]
    described = {path: about for path, about in paths.items() if path.startswith("/api/billing")}
    assert len(described) == 5
    for path, about in described.items():
        names = sorted(each["name"] for each in about["get"]["parameters"])
        assert all(each["description"] for each in about["get"]["parameters"]), path
        refused = await client.get(path, params={"bogus": "1"})
        told = refused.json()["error"]["message"]
        assert told == f"bogus is no parameter here; {', '.join(names)} are."


def test_numbers_are_plain() -> None:
    assert plain(Decimal("0.00175000")) == "0.00175"
