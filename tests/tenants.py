"""Organizations for tests, written straight into the tables, and events for them."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.db import Database
from models.event import UsageEvent
from models.ids import uuid7
from models.token import ReportedTokens

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
PRICED = "claude-opus-4-5-20251101"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Tenant:
    """An organization with one workspace, some projects, a person and a key."""

    organization_id: UUID
    workspace_id: UUID
    project_ids: list[UUID]
    user_id: UUID
    api_key_id: UUID
    time_zone: str = "UTC"
    names: dict[UUID, str] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return self.organization_id

    @property
    def project_id(self) -> UUID:
        """The first project."""
        return self.project_ids[0]

    def event(self, event_key: str = "e1", **changes: Any) -> UsageEvent:
        """A priced call of 100 input and 50 output tokens at noon of 15 March 2026, UTC."""
        values: dict[str, Any] = {
            "event_key": event_key,
            "project_id": self.project_id,
            "model": PRICED,
            "provider": "anthropic",
            "tokens": ReportedTokens(input_tokens=100, output_tokens=50),
            "occurred_at": NOON,
        }
        return UsageEvent(**(values | changes))


async def make_tenant(
    database: Database, *, time_zone: str = "UTC", project_count: int = 3
) -> Tenant:
    """Writes an organization with everything that spending needs."""
    number = next(_numbers)
    now = datetime.now(UTC)
    tenant = Tenant(
        uuid7(), uuid7(), [uuid7() for _ in range(project_count)], uuid7(), uuid7(), time_zone
    )
    id = tenant.organization_id
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO organization (id, name, time_zone, billing_mode, plan, cycle_anchor_day,"
            " credits_per_dollar, created_at) VALUES ($1, $2, $3, 'BYOM', 'free', 1, 100, $4)",
            id,
            f"Tenant {number}",
            time_zone,
            now,
        )
        await connection.execute(
            "INSERT INTO organization_time_zone VALUES ($1, '1970-01-01Z', $2)", id, time_zone
        )
        await connection.execute(
            "INSERT INTO app_user (id, email, name, created_at) VALUES ($1, $2, 'Owner', $3)",
            tenant.user_id,
            f"owner-{tenant.user_id}@example.com",
            now,
        )
        await connection.execute(
            "INSERT INTO user_organization VALUES ($1, $2)", tenant.user_id, id
        )
        await connection.execute(
            "INSERT INTO membership (organization_id, id, user_id, role, created_at)"
            " VALUES ($1, $2, $3, 'OWNER', $4)",
            id,
            uuid7(),
            tenant.user_id,
            now,
        )
        await connection.execute(
            "INSERT INTO workspace (organization_id, id, name, created_at)"
            " VALUES ($1, $2, 'Default', $3)",
            id,
            tenant.workspace_id,
            now,
        )
        for place, project_id in enumerate(tenant.project_ids):
            await connection.execute(
                "INSERT INTO project (organization_id, id, workspace_id, owner_id, name,"
                " created_at) VALUES ($1, $2, $3, $4, $5, $6)",
                id,
                project_id,
                tenant.workspace_id,
                tenant.user_id,
                f"project {place}",
                now,
            )
        await connection.execute(
            "INSERT INTO api_key (organization_id, id, name, prefix, secret_hash, role, created_at)"
            " VALUES ($1, $2, 'key', 'aic_test', $3, 'OWNER', $4)",
            id,
            tenant.api_key_id,
            tenant.api_key_id.bytes * 2,
            now,
        )
    return tenant
