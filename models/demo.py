"""The demo organization: made, and filled with usage through the ledger like any other.

Filling is an import of the format `demo`: its row keeps the instant up to which usage is planned
and whether it is done. So a filling that was cut short goes on with the same plan at the next
start, adding only what is missing, and `aicost import undo` takes it back. Refused: filling an
organization of the same name that somebody else made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from models import demo_world as world
from models.access import Role, Scope, user_access
from models.api_key import create_key, list_keys
from models.budget import load_budgets, set_limit
from models.db import Database, sql
from models.demo_billing import batches, begin_credits, limit_at, posted_at, set_caps
from models.demo_plan import DemoCall, plan
from models.errors import ConflictError
from models.event import UsageEvent, UsageStatus
from models.ids import uuid7
from models.import_report import ImportReport
from models.ledger import Ledger
from models.level import Level
from models.local_time import load_time_zones
from models.membership import grant_role
from models.naming import name_taken
from models.organization import (
    find_organization,
    get_or_create_organization,
    list_organizations,
)
from models.period import Calendar
from models.project import create_project, list_projects
from models.user import get_or_create_user, list_users
from models.workspace import create_workspace, create_workspace_group

FORMAT = "demo"

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo organization. `as_of` is the instant up to which it has usage."""

    organization_id: UUID
    import_id: UUID
    as_of: datetime
    status: str

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done, also because it was taken back."""
        return self.status != "RUNNING"

    @property
    def is_undone(self) -> bool:
        """Whether the usage was taken back, as an import can be."""
        return self.status == "UNDONE"


@dataclass(frozen=True, slots=True)
class _Ids:
    """What the names in a plan stand for in the database."""

    projects: Mapping[str, UUID]
    users: Mapping[str, UUID]
    keys: Mapping[str, UUID]


@dataclass(slots=True)
class _Filling:
    """One pass over the plan: what it did, and how many unpriced calls all passes have seen."""

    demo: Demo
    ids: _Ids
    report: ImportReport
    unpriced: int = 0


async def find_demo(database: Database, *, name: str = world.NAME) -> Demo | None:
    """The demo organization, complete or not; None when there is none of ours by that name."""
    async with database.connection() as connection:
        organization_id = await find_organization(connection, name)
        if organization_id is None:
            return None
        return await _find(connection, organization_id)


async def is_demo_due(database: Database) -> bool:
    """Whether a start should fill: there is no organization yet, or a filling was cut short."""
    demo = await find_demo(database)
    if demo is not None:
        return not demo.is_complete
    async with database.connection() as connection:
        return not await list_organizations(connection)


async def fill_demo(
    database: Database,
    ledger: Ledger,
    *,
    now: datetime | None = None,
    name: str = world.NAME,
    scale: float = 1.0,
    progress: Progress = lambda done, total: None,
) -> ImportReport:
    """Makes the organization when it is new, and adds the usage that is missing.

    `now` counts for a new one only: the usage goes up to it. `scale` says how much there is.
    Raises UserErrors where an organization that is not ours has the name.
    """
    demo = await database.retry(
        lambda connection: _get_or_create(connection, name, now or datetime.now(UTC))
    )
    if demo.is_complete:
        return ImportReport(id=demo.import_id)
    async with database.connection() as connection:
        ids = await _load_ids(connection, Scope.system(demo.organization_id))
    filling = _Filling(demo, ids, ImportReport(id=demo.import_id))
    calls = plan(demo.as_of, scale=scale)
    for batch in batches(calls, demo.as_of):
        await _record(database, ledger, filling, batch)
        await _save(database, filling, finished_at=None)
        progress(filling.report.read, len(calls))
    spent = await database.retry(lambda connection: _set_limits(connection, demo, ids))
    project_id = ids.projects.get(world.CAPPED)
    capped = {id: amount for id, amount in spent.items() if id == project_id and amount > 0}
    await set_caps(database, Scope.system(demo.organization_id), demo.as_of, capped)
    await _save(database, filling, finished_at=datetime.now(UTC))
    return filling.report


async def _find(connection: asyncpg.Connection, organization_id: UUID) -> Demo | None:
    row = await connection.fetchrow(sql("demo_find"), organization_id)
    if row is None:
        return None
    return Demo(organization_id, row["id"], row["started_at"], row["status"])


async def _get_or_create(connection: asyncpg.Connection, name: str, now: datetime) -> Demo:
    organization_id, is_new = await get_or_create_organization(connection, name, world.TIME_ZONE)
    if is_new:
        await connection.execute(
            sql("import_start"), organization_id, uuid7(), FORMAT, "made up", now
        )
        await _found(connection, Scope.system(organization_id))
        await begin_credits(connection, Scope.system(organization_id), now)
    demo = await _find(connection, organization_id)
    if demo is None:
        raise name_taken("organization", name)
    return demo


async def _found(connection: asyncpg.Connection, scope: Scope) -> None:
    """Makes everybody and everything that spending needs."""
    users = {
        person.email: (await get_or_create_user(connection, person.email, name=person.name))[0]
        for person in world.PEOPLE
    }
    workspaces = {}
    for group, names in world.GROUPS.items():
        group_id = await create_workspace_group(connection, scope, group)
        for name in names:
            workspaces[name] = await create_workspace(connection, scope, name, group_id=group_id)
    # People before projects: whoever owns one has to belong to the organization already.
    for person in world.PEOPLE:
        if person.project is None:
            level = (
                Level(workspace_id=workspaces[person.workspace]) if person.workspace else Level()
            )
            await grant_role(connection, scope, users[person.email], person.role, level)
    for project in world.PROJECTS:
        project_id = await create_project(
            connection,
            scope,
            project.name,
            workspaces[project.workspace],
            owner_id=users[project.owner],
        )
        for person in world.PEOPLE:
            if person.project == project.name:
                level = Level(project_id=project_id)
                await grant_role(connection, scope, users[person.email], person.role, level)
    for key in world.KEYS:
        await create_key(connection, scope, name=key, role=Role.MEMBER)


async def _load_ids(connection: asyncpg.Connection, scope: Scope) -> _Ids:
    return _Ids(
        {row["name"]: row["id"] for row in await list_projects(connection, scope)},
        {row["email"]: row["id"] for row in await list_users(connection, scope)},
        {key.name: key.id for key in await list_keys(connection, scope)},
    )


async def _record(
    database: Database, ledger: Ledger, filling: _Filling, calls: Sequence[DemoCall]
) -> None:
    events = [_event(filling, call) for call in calls if call.project in filling.ids.projects]
    outcomes = await ledger.record(filling.demo.organization_id, events, now=posted_at(calls))
    report = filling.report
    report.read += len(calls)
    # Of a project that was renamed meanwhile, or in conflict with what was changed meanwhile.
    report.quarantined += len(calls) - len(events)
    for outcome in outcomes:
        if outcome.status is UsageStatus.RECORDED:
            report.recorded += 1
            report.unpriced += outcome.is_unpriced
            report.total_cost += outcome.cost or 0
        elif outcome.status is UsageStatus.DUPLICATE:
            report.duplicate += 1
        else:
            report.quarantined += 1
        filling.unpriced += outcome.is_unpriced


def _event(filling: _Filling, call: DemoCall) -> UsageEvent:
    ids = filling.ids
    return replace(
        call.event,
        project_id=ids.projects[call.project],
        user_id=ids.users.get(call.email) if call.email else None,
        api_key_id=ids.keys.get(call.key) if call.key else None,
        import_id=filling.demo.import_id,
    )


async def _save(database: Database, filling: _Filling, *, finished_at: datetime | None) -> None:
    """Keeps how far it has come. What an earlier pass of the same import recorded, it recorded."""
    report = filling.report
    counts = (report.read, report.recorded + report.duplicate, 0, filling.unpriced)
    async with database.connection() as connection:
        tag = await connection.execute(
            sql("import_save"),
            filling.demo.organization_id,
            filling.demo.import_id,
            *counts,
            report.quarantined,
            report.unreadable,
            finished_at,
        )
        demo = await _find(connection, filling.demo.organization_id)
    if tag != "UPDATE 1" and (demo is None or demo.is_undone):
        raise ConflictError("The demo was taken back while it was filled.")


async def _set_limits(connection: asyncpg.Connection, demo: Demo, ids: _Ids) -> dict[UUID, Decimal]:
    """Gives projects their limits, those of a percentage by what the running month has spent.

    Answers what that is.
    """
    owner_id = ids.users.get(world.ADA)
    owner = await user_access(connection, owner_id, demo.organization_id) if owner_id else None
    scope = owner or Scope.system(demo.organization_id)
    zones = await load_time_zones(connection, demo.organization_id)
    wanted = {ids.projects[each.name]: each for each in world.PROJECTS if each.name in ids.projects}
    budgets = await load_budgets(connection, scope, Calendar(zones, demo.as_of), list(wanted))
    for budget in budgets:
        project = wanted[budget.project_id]
        if project.limit_pct is not None and budget.spent > 0:
            limit = limit_at(budget.spent, project.limit_pct)
            await set_limit(connection, scope, budget.project_id, limit)
        elif project.limit_dollars is not None:
            await set_limit(connection, scope, budget.project_id, Decimal(project.limit_dollars))
    return {budget.project_id: budget.spent for budget in budgets}
