"""Receiving spans in tests: one document at a tenant's project, and what is then on the ledger."""

from datetime import UTC, datetime
from typing import Any

from tenants import Tenant

from models.access import Principal, Role, Scope
from models.db import Database
from models.otel_intake import Intake, Report
from models.otel_span import Span

NOW = datetime(2026, 3, 15, 13, tzinfo=UTC)


def scope_of(tenant: Tenant, role: Role = Role.MEMBER, *projects: Any) -> Scope:
    """A key with a role at some projects; at the organization when none is named."""
    principal = Principal(tenant.id, None, tenant.api_key_id)
    if not projects:
        return Scope(principal, role)
    return Scope(
        principal,
        project_roles=dict.fromkeys(projects, role),
        project_workspaces=dict.fromkeys(projects, tenant.workspace_id),
    )


async def receive(intake: Intake, tenant: Tenant, *spans: Span) -> Report:
    """One document at one of the tenant's projects."""
    scope = scope_of(tenant, Role.MEMBER, tenant.project_id)
    return await intake.receive(scope, spans, now=NOW)


def counts(report: Report) -> tuple[int, int, int, int]:
    return (report.billed, report.duplicate, report.unbilled, report.rejected)


async def entries(database: Database, tenant: Tenant) -> list[Any]:
    async with database.connection() as connection:
        return list(
            await connection.fetch(
                "SELECT t.*, r.key AS run_key, r.workflow, r.status AS run_status,"
                " r.finished_at AS run_finished_at, j.key AS job_key, j.status AS job_status,"
                " j.finished_at AS job_finished_at"
                " FROM credit_transaction AS t"
                " LEFT JOIN pipeline_run AS r"
                " ON r.organization_id = t.organization_id AND r.id = t.run_id"
                " LEFT JOIN agent_job AS j"
                " ON j.organization_id = t.organization_id AND j.id = t.job_id"
                " WHERE t.organization_id = $1 ORDER BY t.event_key",
                tenant.id,
            )
        )
