"""Asking for 004's figures of an organization: arguments checked, reports loaded.

They are for ADMINs of the organization in which the request acts.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from strawberry import UNSET, argument

from models import usage_series
from models.access import Role
from models.credit_usage import CreditUsage
from models.directory import Organization
from models.errors import BadInputError
from models.page import Named
from models.period import Period
from models.ranking import Spend, Subject, rank
from models.spend_unit import SpendUnit, unit_of
from models.stretch import Stretch
from resolvers.connection import After, First, Listing, paging
from resolvers.context import Context, Info
from resolvers.enums import Granularity
from resolvers.field import given
from resolvers.period import RangeInput, RangePreset, resolve_stretch
from resolvers.permissions import require_acting

_LONGEST_HOURS = timedelta(days=usage_series.HOUR_DAYS, hours=1)  # in them clocks may go back
THIS_CYCLE = RangeInput(preset=RangePreset.THIS_CYCLE)
Counted = Annotated[
    RangeInput | None,
    argument(
        description=(
            "What to count: the local days that it touches; the running cycle when omitted."
        )
    ),
]
Covered = Annotated[
    RangeInput,
    argument(
        description="What to cover; with DAY and WEEK all local days that it touches, as a whole."
    ),
]
OfLength = Annotated[Granularity, argument(description="Length of a bucket; HOUR up to 7 days.")]


@dataclass(frozen=True, slots=True)
class Ranking(Listing[Spend]):
    """What a connection of those who used most is read from."""

    unit: SpendUnit
    period: Period


async def get_credit_usage(root: Organization, info: Info) -> CreditUsage:
    """The running cycle of the organization, for those who may see its figures."""
    context = _admins(root, info)
    return await context.loaders.credit_usage()


async def get_usage_series(
    root: Organization, info: Info, range: Covered, granularity: OfLength
) -> usage_series.UsageSeries:
    """Use over time."""
    context = _admins(root, info)
    length = usage_series.Granularity[granularity.name]
    unit, stretch = await _stretch(context, range)
    calendar = await context.loaders.calendar()
    period = stretch.period
    if length is not usage_series.Granularity.HOUR:
        period = calendar.days(period.first_date, period.last_date)
    elif period.end - period.start > _LONGEST_HOURS:
        message = f"granularity is HOUR, which covers at most {usage_series.HOUR_DAYS} days."
        raise BadInputError(message, field=("granularity",))
    async with context.database.connection() as connection:
        return await usage_series.load_series(
            connection, context.scope, calendar, unit, period, length
        )


def _top(subject: Subject) -> Callable[..., Awaitable[Ranking]]:
    async def resolve(
        root: Organization,
        info: Info,
        range: Counted = THIS_CYCLE,
        first: First = 20,
        after: After = UNSET,
    ) -> Ranking:
        context, wanted = _admins(root, info), given(range) or THIS_CYCLE
        page = paging(Named, context.scope, first, after, "top", subject, wanted)
        unit, stretch = await _stretch(context, wanted)
        first_date, last_date = stretch.period.first_date, stretch.period.last_date
        async with context.database.connection() as connection:
            found = await rank(
                connection,
                context.scope,
                subject,
                unit,
                first_date,
                last_date,
                size=page.size,
                after=page.after,
            )
        listing = page.listing(found, lambda spend: spend.place)
        period = (await context.loaders.calendar()).days(first_date, last_date)
        return Ranking(
            listing.nodes, listing.has_next, listing.has_previous, listing.cursor_of, unit, period
        )

    return resolve


get_top_workspaces = _top(Subject.WORKSPACE)
get_top_workspace_groups = _top(Subject.WORKSPACE_GROUP)
get_top_users = _top(Subject.USER)


def _admins(root: Organization, info: Info) -> Context:
    require_acting(info.context, root.id)
    info.context.scope.require_organization(Role.ADMIN)
    return info.context


async def _stretch(context: Context, range: RangeInput) -> tuple[SpendUnit, Stretch]:
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    stretch = resolve_stretch(calendar, organization.cycles, range)
    return unit_of(organization.billing_mode), stretch
