"""Values that occur, for the usage explorer's filters (000)."""

from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import argument, field

from models import directory, usage_filter_options
from models.usage_filter_options import load_usage_filter_options
from resolvers.context import Context, Info
from resolvers.field import computed
from resolvers.period import RangeInput, resolve_range

if TYPE_CHECKING:
    from resolvers.project import Project

LazyProject = Annotated["Project", strawberry.lazy("resolvers.project")]
WhereToLook = Annotated[RangeInput, argument(description="Where to look.")]


async def _projects(
    root: usage_filter_options.UsageFilterOptions, info: Info
) -> list[directory.Project]:
    found = await info.context.loaders.project.load_many(list(root.project_ids))
    return [project for project in found if project is not None]


@strawberry.type(
    description=(
        "Values that occur, for the explorer's filters; each list at most 1,000, most used first."
    )
)
class UsageFilterOptions:
    projects: list[LazyProject] = computed(_projects, description="Projects.")
    workflows: list[str] = field(description="Workflows.")
    triggers: list[str] = field(description="Triggers.")
    models: list[str] = field(description="Models.")


async def get_usage_filter_options(
    context: Context, workspace: directory.Workspace, range: RangeInput
) -> usage_filter_options.UsageFilterOptions:
    """What occurs in the projects of a workspace within the caller's reach."""
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    start, end = resolve_range(calendar, organization.cycles, range)
    period = calendar.between(start, end)
    async with context.database.connection() as connection:
        return await load_usage_filter_options(connection, context.scope, workspace.id, period)
