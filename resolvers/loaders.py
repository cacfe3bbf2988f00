"""Data loaders: what many fields of a request ask for one by one is fetched in one statement.

The only way from an object's field to the database. Loaders live as long as their request and are
made when first used. Refused: statements that are not batched, and rows out of the scope's reach.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple, TypeVar
from uuid import UUID

import asyncpg
from aiodataloader import DataLoader

from models.access import Scope
from models.alert import Alert, load_alerts
from models.api_key_usage import HourUsage, load_hours
from models.billing import Billing, load_billing
from models.budget import Budget, BudgetChange, list_changes, load_budgets
from models.cap import Cap, load_caps
from models.credit_grant import CreditGrant, list_grants
from models.credit_usage import CreditUsage, load_credit_usage
from models.db import Database
from models.directory import (
    ApiKey,
    Membership,
    Organization,
    Person,
    Project,
    Workspace,
    WorkspaceGroup,
    list_api_keys,
    list_memberships,
    list_organizations,
    list_projects_of_workspaces,
    list_workspace_groups,
    list_workspaces,
    load_api_keys,
    load_organization,
    load_people,
    load_projects,
    load_workspace_groups,
    load_workspaces,
)
from models.entry import CreditTransaction, EntryFilter, list_entries, load_entries
from models.page import Page, PageKey
from models.period import Calendar
from models.pipeline import (
    AgentJob,
    PipelineRun,
    Totals,
    list_jobs,
    list_runs,
    load_job_totals,
    load_jobs,
    load_run_totals,
    load_runs,
)
from models.portfolio import CrossProjectSummary, ProjectScope, load_portfolio
from models.reservation import Reservation, load_reservation_caps, load_reservations
from models.stretch import Stretch
from models.summary import (
    MonthKey,
    MonthlySummary,
    Point,
    RunSpend,
    SpanKey,
    TopRunsKey,
    load_daily,
    load_summaries,
    load_top_runs,
    load_trends,
)

Key = TypeVar("Key")
Value = TypeVar("Value")
Read = Callable[[asyncpg.Connection, Scope, Sequence[Key]], Awaitable[list[Value]]]
DatedRead = Callable[[asyncpg.Connection, Scope, Calendar, Sequence[Key]], Awaitable[list[Value]]]


class EntriesKey(NamedTuple):
    """A page of the entries that meet a filter."""

    page: PageKey
    wanted: EntryFilter


class PortfolioKey(NamedTuple):
    """A month of a portfolio."""

    month: date
    covered: ProjectScope


class HoursKey(NamedTuple):
    """The calls of a workspace over a range."""

    workspace_id: UUID
    stretch: Stretch


class Loaders:
    """The loaders of one request."""

    def __init__(self, database: Database, scope: Scope, now: datetime) -> None:
        self._database = database
        self._scope = scope
        self._now = now

    def forget(self) -> None:
        """Forgets everything that was fetched: something has been changed."""
        for name in [name for name, held in vars(self).items() if isinstance(held, DataLoader)]:
            delattr(self, name)

    def _batched(self, read: Read[Key, Value]) -> DataLoader[Key, Value]:
        async def load(keys: list[Key]) -> list[Value]:
            async with self._database.connection() as connection:
                return await read(connection, self._scope, keys)

        return DataLoader(load)

    def _dated(self, read: DatedRead[Key, Value]) -> DataLoader[Key, Value]:
        async def load(keys: list[Key]) -> list[Value]:
            calendar = await self.calendar()
            async with self._database.connection() as connection:
                return await read(connection, self._scope, calendar, keys)

        return DataLoader(load)

    async def organization(self) -> Organization:
        """The organization in which the request acts."""
        return await self._organization.load(self._scope.organization_id)

    async def organizations(self) -> list[Organization]:
        """The organizations of the person who asks."""
        async with self._database.connection() as connection:
            return await list_organizations(connection, self._scope)

    async def calendar(self) -> Calendar:
        """Its days and months."""
        return Calendar((await self.organization()).zones, self._now)

    async def credit_usage(self) -> CreditUsage:
        """The organization's running cycle; whom it may be shown to is for the caller to decide."""
        return await self._credit_usage.load(self._scope.organization_id)

    @cached_property
    def _credit_usage(self) -> DataLoader[UUID, CreditUsage]:
        async def load(keys: list[UUID]) -> list[CreditUsage]:
            organization, calendar = await self.organization(), await self.calendar()
            async with self._database.connection() as connection:
                usage = await load_credit_usage(connection, self._scope, organization, calendar)
            return [usage] * len(keys)

        return DataLoader(load)

    async def alerts(self) -> list[Alert]:
        """What needs attention in the organization; refuses those who may not see its figures."""
        usage, calendar = await self.credit_usage(), await self.calendar()
        async with self._database.connection() as connection:
            return await load_alerts(connection, self._scope, calendar, usage)

    @cached_property
    def _organization(self) -> DataLoader[UUID, Organization]:
        async def read(
            connection: asyncpg.Connection, scope: Scope, keys: Sequence[UUID]
        ) -> list[Organization]:
            return [await load_organization(connection, scope)] * len(keys)

        return self._batched(read)

    # ---- things by id

    @cached_property
    def workspace(self) -> DataLoader[UUID, Workspace | None]:
        """Workspaces."""
        return self._batched(load_workspaces)

    @cached_property
    def workspace_group(self) -> DataLoader[UUID, WorkspaceGroup | None]:
        """Workspace groups."""
        return self._batched(load_workspace_groups)

    @cached_property
    def project(self) -> DataLoader[UUID, Project | None]:
        """Projects. The organization comes along with them and is remembered too."""

        async def read(
            connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
        ) -> list[Project | None]:
            found, organization = await load_projects(connection, scope, ids)
            if organization is not None:
                self._organization.prime(organization.id, organization)
            return found

        return self._batched(read)

    @cached_property
    def person(self) -> DataLoader[UUID, Person | None]:
        """People."""
        return self._batched(load_people)

    @cached_property
    def api_key(self) -> DataLoader[UUID, ApiKey | None]:
        """API keys."""
        return self._batched(load_api_keys)

    @cached_property
    def run(self) -> DataLoader[UUID, PipelineRun | None]:
        """Pipeline runs."""
        return self._batched(load_runs)

    @cached_property
    def run_totals(self) -> DataLoader[UUID, Totals]:
        """What runs cost."""
        return self._batched(load_run_totals)

    @cached_property
    def job(self) -> DataLoader[UUID, AgentJob | None]:
        """Agent jobs."""
        return self._batched(load_jobs)

    @cached_property
    def job_totals(self) -> DataLoader[UUID, Totals]:
        """What jobs cost."""
        return self._batched(load_job_totals)

    @cached_property
    def entry(self) -> DataLoader[UUID, CreditTransaction | None]:
        """Entries of the ledger."""
        return self._batched(load_entries)

    @cached_property
    def budget(self) -> DataLoader[UUID, Budget]:
        """Budgets, by project."""
        return self._dated(load_budgets)

    @cached_property
    def billing(self) -> DataLoader[UUID, Billing]:
        """How the organization pays."""

        async def read(
            connection: asyncpg.Connection, scope: Scope, keys: Sequence[UUID]
        ) -> list[Billing]:
            return [await load_billing(connection, scope, self._now)] * len(keys)

        return self._batched(read)

    @cached_property
    def cap(self) -> DataLoader[UUID, Cap | None]:
        """Caps."""

        async def read(
            connection: asyncpg.Connection, scope: Scope, ids: Sequence[UUID]
        ) -> list[Cap | None]:
            return await load_caps(connection, scope, self._now, ids)

        return self._batched(read)

    @cached_property
    def reservation(self) -> DataLoader[UUID, Reservation | None]:
        """Reservations."""
        return self._batched(load_reservations)

    @cached_property
    def reservation_caps(self) -> DataLoader[UUID, list[UUID]]:
        """The ids of the caps that hold reservations."""
        return self._batched(load_reservation_caps)

    # ---- pages of lists

    @cached_property
    def workspaces(self) -> DataLoader[PageKey, Page[Workspace]]:
        """Workspaces of the organization."""

        async def read(
            connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
        ) -> list[Page[Workspace]]:
            return [await list_workspaces(connection, scope, key) for key in keys]

        return self._batched(read)

    @cached_property
    def workspace_groups(self) -> DataLoader[PageKey, Page[WorkspaceGroup]]:
        """Workspace groups of the organization."""

        async def read(
            connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
        ) -> list[Page[WorkspaceGroup]]:
            return [await list_workspace_groups(connection, scope, key) for key in keys]

        return self._batched(read)

    @cached_property
    def api_keys(self) -> DataLoader[PageKey, Page[ApiKey]]:
        """Keys of workspaces, or by its own id of the organization."""
        return self._batched(list_api_keys)

    @cached_property
    def memberships(self) -> DataLoader[PageKey, Page[Membership]]:
        """Memberships of the organization."""

        async def read(
            connection: asyncpg.Connection, scope: Scope, keys: Sequence[PageKey]
        ) -> list[Page[Membership]]:
            return [await list_memberships(connection, scope, key) for key in keys]

        return self._batched(read)

    @cached_property
    def projects_of_workspace(self) -> DataLoader[PageKey, Page[Project]]:
        """Projects of workspaces."""
        return self._batched(list_projects_of_workspaces)

    @cached_property
    def runs_of_project(self) -> DataLoader[PageKey, Page[PipelineRun]]:
        """Runs of projects."""
        return self._batched(list_runs)

    @cached_property
    def jobs_of_run(self) -> DataLoader[PageKey, Page[AgentJob]]:
        """Jobs of runs."""
        return self._batched(list_jobs)

    @cached_property
    def budget_changes(self) -> DataLoader[PageKey, Page[BudgetChange]]:
        """Changes of budgets, by project."""
        return self._batched(list_changes)

    @cached_property
    def credit_grants(self) -> DataLoader[PageKey, Page[CreditGrant]]:
        """Grants of credits to the organization."""
        return self._batched(list_grants)

    @cached_property
    def entries(self) -> DataLoader[EntriesKey, Page[CreditTransaction]]:
        """Entries of projects; a statement for each filter that is asked for."""

        async def read(
            connection: asyncpg.Connection, scope: Scope, keys: Sequence[EntriesKey]
        ) -> list[Page[CreditTransaction]]:
            by_filter: dict[EntryFilter, list[EntriesKey]] = defaultdict(list)
            for key in keys:
                by_filter[key.wanted].append(key)
            found: dict[EntriesKey, Page[CreditTransaction]] = {}
            for wanted, same in by_filter.items():
                pages = [key.page for key in same]
                read_pages = await list_entries(connection, scope, pages, wanted)
                found.update(zip(same, read_pages, strict=True))
            return [found[key] for key in keys]

        return self._batched(read)

    # ---- reports

    @cached_property
    def summary(self) -> DataLoader[MonthKey, MonthlySummary]:
        """Months of projects."""
        return self._dated(load_summaries)

    @cached_property
    def top_runs(self) -> DataLoader[TopRunsKey, list[RunSpend]]:
        """The most expensive runs of months; their shares are of the summary's total."""

        async def load(keys: list[TopRunsKey]) -> list[list[RunSpend]]:
            months = [MonthKey(key.project_id, key.month) for key in keys]
            totals = [found.total_cost for found in await self.summary.load_many(months)]
            async with self._database.connection() as connection:
                return await load_top_runs(connection, self._scope, keys, totals)

        return DataLoader(load)

    @cached_property
    def trend(self) -> DataLoader[SpanKey, list[Point]]:
        """Months of projects in a row."""
        return self._dated(load_trends)

    @cached_property
    def daily(self) -> DataLoader[SpanKey, list[Point]]:
        """Days of projects in a row."""
        return self._dated(load_daily)

    @cached_property
    def portfolio(self) -> DataLoader[PortfolioKey, CrossProjectSummary]:
        """Months over all projects."""

        async def read(
            connection: asyncpg.Connection,
            scope: Scope,
            calendar: Calendar,
            keys: Sequence[PortfolioKey],
        ) -> list[CrossProjectSummary]:
            return [await load_portfolio(connection, scope, calendar, *key) for key in keys]

        return self._dated(read)

    @cached_property
    def hours(self) -> DataLoader[HoursKey, list[HourUsage]]:
        """Calls of workspaces by hour of the day."""

        async def read(
            connection: asyncpg.Connection,
            scope: Scope,
            calendar: Calendar,
            keys: Sequence[HoursKey],
        ) -> list[list[HourUsage]]:
            return [await load_hours(connection, scope, calendar, *key) for key in keys]

        return self._dated(read)
