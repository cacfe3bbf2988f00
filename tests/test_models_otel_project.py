"""Which project spans belong to, by what they say and by who sends them."""

from typing import Any

import pytest
from otel_documents import chat, make_span
from otel_intake import NOW, counts, entries, scope_of
from tenants import Tenant, make_tenant

from models.access import Role, Scope
from models.db import Database
from models.ids import PROJECT, encode
from models.ledger import Ledger
from models.otel_intake import Intake


@pytest.fixture
def intake(database: Database, ledger: Ledger) -> Intake:
    return Intake(database, ledger.record)


async def names(database: Database, tenant: Tenant) -> list[str]:
    """Names of the projects that the tenant's entries are in."""
    async with database.connection() as connection:
        found = await connection.fetch(
            "SELECT id, name FROM project WHERE organization_id = $1", tenant.id
        )
    by_id = {row["id"]: row["name"] for row in found}
    return sorted({by_id[entry["project_id"]] for entry in await entries(database, tenant)})


async def send(
    intake: Intake, scope: Scope, resource: dict[str, Any], header: str | None = None
) -> tuple[tuple[int, int, int, int], str]:
    report = await intake.receive(scope, [make_span(chat(), resource=resource)], header, now=NOW)
    return counts(report), report.message


BILLED, REJECTED = (1, 0, 0, 0), (0, 0, 0, 1)


async def test_a_key_of_one_project_needs_to_say_nothing(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    scope = scope_of(tenant, Role.MEMBER, tenant.project_ids[2])
    assert (await send(intake, scope, {"service.name": "checkout"}))[0] == BILLED
    assert await names(database, tenant) == ["project 2"]


async def test_the_resource_goes_before_the_header_and_that_before_the_service(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    scope = scope_of(tenant)
    id = encode(PROJECT, tenant.id, tenant.project_ids[0])
    told = {"aicost.project.id": id, "aicost.project": "project 1", "service.name": "project 2"}
    assert (await send(intake, scope, told, "project 1"))[0] == BILLED
    assert await names(database, tenant) == ["project 0"]
    del told["aicost.project.id"]
    assert (await send(intake, scope, told, "project 2"))[0] == BILLED
    assert await names(database, tenant) == ["project 0", "project 1"]
    assert (await send(intake, scope, {"service.name": "project 0"}, "project 2"))[0] == BILLED
    assert await names(database, tenant) == ["project 0", "project 1", "project 2"]
    assert (await send(intake, scope, {"service.name": "project 2"}, id))[0] == BILLED


async def test_a_member_makes_no_project(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    for resource, header in (
        ({"service.name": "new"}, None),
        ({"aicost.project": "new"}, None),
        ({}, "new"),
    ):
        outcome, message = await send(intake, scope_of(tenant), resource, header)
        assert outcome == REJECTED
        assert "There is no project named 'new' within reach; name one by" in message
    async with database.connection() as connection:
        count = await connection.fetchval(
            "SELECT count(*) FROM project WHERE organization_id = $1", tenant.id
        )
    assert count == 3


async def test_an_admin_makes_a_project_by_using_it(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    scope = scope_of(tenant, Role.ADMIN)
    for _ in range(2):
        assert (await send(intake, scope, {"service.name": "checkout"}))[0] == BILLED
    assert (await send(intake, scope, {"service.name": "unknown_service:python"}))[0] == BILLED
    assert (await send(intake, scope, {}))[0] == BILLED
    assert await names(database, tenant) == ["OpenTelemetry", "checkout"]


async def test_the_only_project_needs_no_name(database: Database, intake: Intake) -> None:
    tenant = await make_tenant(database, project_count=1)
    assert (await send(intake, scope_of(tenant), {"service.name": "checkout"}))[0] == BILLED
    assert await names(database, tenant) == ["project 0"]


async def test_foreign_projects_and_none_answer_alike(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    other = await make_tenant(database)
    near, far = tenant.project_ids[:2]
    scope = scope_of(tenant, Role.MEMBER, near)
    answers = {
        await send(intake, scope, {"aicost.project.id": id})
        for id in (
            encode(PROJECT, other.id, other.project_id),
            encode(PROJECT, tenant.id, far),
            encode(PROJECT, tenant.id, other.project_id),
            encode("wksp", tenant.id, tenant.workspace_id),
            "project 0",
        )
    }
    assert answers == {(REJECTED, "There is no such project. (1)")}
    assert (await send(intake, scope, {"aicost.project": "project 1"}))[0] == REJECTED


async def test_a_viewer_records_nothing(intake: Intake, tenant: Tenant) -> None:
    outcome, message = await send(
        intake, scope_of(tenant, Role.VIEWER, tenant.project_id), {"aicost.project": "project 0"}
    )
    assert (outcome, message) == (REJECTED, "This takes MEMBER of the project. (1)")
    assert (await send(intake, scope_of(tenant, Role.VIEWER, tenant.project_id), {}))[0] == REJECTED


async def test_two_of_one_name_are_not_chosen_between(
    database: Database, intake: Intake, tenant: Tenant
) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO workspace (organization_id, id, name, created_at)"
            " VALUES ($1, gen_random_uuid(), 'Other', now())",
            tenant.id,
        )
        await connection.execute(
            "INSERT INTO project (organization_id, id, workspace_id, name, created_at)"
            " SELECT $1, gen_random_uuid(), id, 'project 0', now() FROM workspace"
            " WHERE organization_id = $1 AND name = 'Other'",
            tenant.id,
        )
    outcome, message = await send(intake, scope_of(tenant), {"aicost.project": "project 0"})
    assert outcome == REJECTED
    assert "Several projects are named 'project 0'; send aicost.project.id" in message
