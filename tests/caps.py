"""Caps and reservations for tests: short ways to set, reserve, settle, and to see what stands."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tenants import Tenant

from models.access import Scope
from models.admission import Answer, Granted, SpendRequest
from models.admission_writer import Admission
from models.cap import Cap, CapPeriod, load_caps
from models.cap_change import CapSetting, set_cap
from models.cap_check import verify_caps
from models.cap_rule import CapScope
from models.db import Database
from models.event import UsageOutcome
from models.hold import extend, release
from models.ledger import Ledger
from models.reservation import Reservation, find_reservation
from models.settlement import Settled, SettledUsage, settle
from models.token import ReportedTokens
from models.write_queue import WriteQueue

D = Decimal


class Caps:
    """An organization's caps, as its OWNER on the command line works with them."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        self.database = database
        self.tenant = tenant
        self.scope = Scope.system(tenant.id)
        self.ledger = Ledger(database)
        self.admission = Admission(self.ledger)
        self.writer = WriteQueue(self.ledger)

    async def set(
        self,
        limit: str | int | Decimal,
        scope: CapScope = CapScope.ORGANIZATION,
        target_id: UUID | None = None,
        period: CapPeriod = CapPeriod.BILLING_CYCLE,
        *,
        now: datetime | None = None,
        **changes: Any,
    ) -> UUID:
        target = (
            target_id
            or {
                CapScope.ORGANIZATION: self.tenant.id,
                CapScope.WORKSPACE: self.tenant.workspace_id,
                CapScope.PROJECT: self.tenant.project_id,
                CapScope.API_KEY: self.tenant.api_key_id,
                CapScope.USER: self.tenant.user_id,
            }[scope]
        )
        setting = CapSetting(scope, target, period, D(limit), **changes)
        async with self.database.transaction() as connection:
            return await set_cap(connection, self.scope, setting, now or datetime.now(UTC))

    async def show(self, cap_id: UUID, now: datetime | None = None) -> Cap:
        async with self.database.connection() as connection:
            [cap] = await load_caps(connection, self.scope, now or datetime.now(UTC), [cap_id])
        assert cap is not None
        return cap

    async def figures(self, cap_id: UUID, now: datetime | None = None) -> tuple[Decimal, Decimal]:
        cap = await self.show(cap_id, now)
        return cap.spent, cap.held

    def request(self, key: str, amount: str | int | None = 1, **changes: Any) -> SpendRequest:
        project_id = changes.pop("project_id", self.tenant.project_id)
        dollars = D(amount) if amount is not None else None
        return SpendRequest(key, project_id, amount=dollars, **changes)

    async def reserve(self, key: str, amount: str | int | None = 1, **changes: Any) -> Answer:
        [answer] = await self.admission.reserve(
            self.tenant.id, [self.request(key, amount, **changes)]
        )
        return answer

    async def granted(self, key: str, amount: str | int | None = 1, **changes: Any) -> Granted:
        answer = await self.reserve(key, amount, **changes)
        assert isinstance(answer, Granted), answer
        return answer

    async def settle(
        self, key: str, tokens: ReportedTokens, *, is_final: bool = True, **changes: Any
    ) -> Settled:
        changes.setdefault("model", "claude-opus-4-5-20251101")
        changes.setdefault("provider", "anthropic")
        usage = SettledUsage(tokens, **changes)
        return await settle(self.database, self.writer, self.scope, key, usage, is_final=is_final)

    async def release(self, key: str) -> Reservation:
        async with self.database.transaction() as connection:
            return await release(connection, self.scope, key)

    async def extend(self, key: str, ttl_seconds: int) -> Reservation:
        async with self.database.transaction() as connection:
            return await extend(connection, self.scope, key, ttl_seconds)

    async def reservation(self, key: str) -> Reservation:
        async with self.database.connection() as connection:
            found = await find_reservation(connection, self.scope, key)
        assert found is not None
        return found

    async def record(self, *events: Any) -> list[UsageOutcome]:
        return await self.ledger.record(self.tenant.id, events)

    async def run_out(self, *keys: str) -> None:
        """Lets the time of reservations be over."""
        async with self.database.connection() as connection:
            await connection.execute(
                "UPDATE reservation SET expires_at = now() - interval '1 second'"
                " WHERE organization_id = $1 AND key = ANY ($2::text[])",
                self.tenant.id,
                keys,
            )

    async def verify(self) -> None:
        report = await verify_caps(self.database, self.tenant.id)
        assert report.is_clean, report.shown
