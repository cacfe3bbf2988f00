"""Budgets: a project's monthly threshold, shown, set and taken away."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import asyncpg
import strawberry
from strawberry import UNSET, field

from models import budget, directory, errors
from models.ids import encode
from models.page import At
from resolvers import node
from resolvers.connection import After, First, Listing, PageInfo, paging
from resolvers.context import Context, Info
from resolvers.enums import BudgetStatus
from resolvers.field import computed
from resolvers.mutation import WHAT_TO_DO, change
from resolvers.node import Node, parse_id, shows
from resolvers.permissions import project_in_reach
from resolvers.project import Project, project_of
from resolvers.scalars import Month
from resolvers.user import User
from resolvers.user_error import UserError

MOST_LIMITS = 100


def _id(root: budget.Budget) -> strawberry.ID:
    return strawberry.ID(encode(node.BUDGET, root.organization_id, root.project_id))


async def _updated_by(root: budget.Budget, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.updated_by) if root.updated_by else None


async def _changed_by(root: budget.BudgetChange, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.changed_by) if root.changed_by else None


async def _changes(
    root: budget.Budget, info: Info, first: First = 20, after: After = UNSET
) -> Listing[budget.BudgetChange]:
    context = info.context
    page = paging(At, context.scope, first, after, "budget.changes", root.project_id)
    found = await context.loaders.budget_changes.load(page.key(root.project_id))
    return page.listing(found, lambda item: At(item.changed_at, item.id))


@strawberry.type(description="One change of a budget limit, from the audit table.")
class BudgetChange:
    changed_at: datetime = field(description="When.")
    changed_by: User | None = computed(
        _changed_by,
        description="Who; null for a key that belongs to nobody.",
    )
    old_limit: Decimal | None = field(description="The limit before; null when there was none.")
    new_limit: Decimal | None = field(description="The limit after; null when it was removed.")


@strawberry.type(description="One entry of a page of budget changes.")
class BudgetChangeEdge:
    cursor: str = field(description="Where it stands.")
    node: BudgetChange = field(description="The change.")


@strawberry.type(description="Changes of a budget limit, a page at a time.")
class BudgetChangeConnection:
    edges: list[BudgetChangeEdge] = field(description="Entries with their cursors.")
    nodes: list[BudgetChange] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.type(
    description="A project's monthly threshold. It warns and never blocks; a cap blocks."
)
class Budget(Node):
    is_type_of = shows(budget.Budget)

    id: strawberry.ID = computed(_id, description="Opaque id, one for each project.")
    project: Project = computed(project_of, description="Whose threshold.")
    limit: Decimal | None = field(
        description="Dollars a month; null when none is set, and 0 is a limit.",
    )
    month: Month = field(description="The running month.")
    spent: Decimal = field(description="Dollars of the running month.")
    remaining: Decimal | None = field(
        description="`limit` minus `spent`, negative when exceeded; null without a limit.",
    )
    pct: float | None = field(
        description="`spent` / `limit` * 100; null without a limit and with a limit of 0.",
    )
    status: BudgetStatus = field(description="Where the month stands.")
    updated_at: datetime | None = field(
        description="When the limit was last changed; null when never.",
    )
    updated_by: User | None = computed(
        _updated_by,
        description="Who changed it last; null when never, or a key that belongs to nobody.",
    )
    changes: BudgetChangeConnection | None = computed(
        _changes,
        description="Earlier changes, newest first.",
    )


@strawberry.input(description="A threshold for one project.")
class SetBudgetLimitInput:
    project_id: strawberry.ID = field(description="Which project.")
    limit_dollars: Decimal = field(
        description="Dollars a month, 0 to 1e9, up to 12 decimals; 0 is a limit.",
    )


@strawberry.input(description="A threshold to take away.")
class RemoveBudgetLimitInput:
    project_id: strawberry.ID = field(description="Which project.")


@strawberry.input(description="Thresholds for several projects.")
class SetBudgetLimitsInput:
    limits: list[SetBudgetLimitInput] = field(description="1 to 100, each project once.")


@strawberry.type(description="Answer to `setBudgetLimit` and `removeBudgetLimit`.")
class SetBudgetLimitPayload:
    budget: Budget | None = field(description="The threshold as it is now; null when refused.")
    project: Project | None = field(
        description=(
            "The project, from which a page can ask again for what it shows; null when refused."
        ),
    )
    user_errors: list[UserError] = field(description="What to put right.")


@strawberry.type(description="What became of one threshold.")
class SetBudgetLimitsResult:
    project_id: strawberry.ID = field(description="The project as given.")
    budget: Budget | None = field(description="The threshold as it is now; null when refused.")
    user_errors: list[UserError] = field(
        description="What to put right; `field` begins with `limits` and the position.",
    )


@strawberry.type(description="Answer to `setBudgetLimits`.")
class SetBudgetLimitsPayload:
    results: list[SetBudgetLimitsResult] = field(
        description="One for each limit, in the order given.",
    )
    user_errors: list[UserError] = field(description="What to put right in the call as a whole.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the payload of one change is read from."""

    budget: budget.Budget | None
    project: directory.Project | None
    user_errors: Sequence[errors.UserError]


@dataclass(frozen=True, slots=True)
class _Result:
    """What one result of several changes is read from."""

    project_id: str
    budget: budget.Budget | None
    user_errors: Sequence[errors.UserError]


@dataclass(frozen=True, slots=True)
class _Results:
    """What the payload of several changes is read from."""

    results: Sequence[_Result]
    user_errors: Sequence[errors.UserError]


Work = Callable[[asyncpg.Connection], Awaitable[bool]]


async def _change(context: Context, project_id: UUID, work: Work) -> _Answer:
    """Runs one change and shows what it left."""
    outcome = await change(context, work)
    if outcome.user_errors:
        return _Answer(None, None, outcome.user_errors)
    project = await project_in_reach(context, project_id)
    return _Answer(await context.loaders.budget.load(project_id), project, ())


async def set_budget_limit(
    info: Info, input: Annotated[SetBudgetLimitInput, WHAT_TO_DO]
) -> _Answer:
    """Sets a project's monthly threshold."""
    context, limit = info.context, input.limit_dollars
    id = parse_id(context.scope, node.PROJECT, input.project_id)
    return await _change(
        context, id, lambda connection: budget.set_limit(connection, context.scope, id, limit)
    )


async def remove_budget_limit(
    info: Info, input: Annotated[RemoveBudgetLimitInput, WHAT_TO_DO]
) -> _Answer:
    """Takes a project's threshold away."""
    context = info.context
    id = parse_id(context.scope, node.PROJECT, input.project_id)
    return await _change(
        context, id, lambda connection: budget.remove_limit(connection, context.scope, id)
    )


async def set_budget_limits(
    info: Info, input: Annotated[SetBudgetLimitsInput, WHAT_TO_DO]
) -> _Results:
    """Sets several thresholds, each by itself."""
    count = len(input.limits)
    if not 1 <= count <= MOST_LIMITS:
        message = f"limits has {count} entries; 1 to {MOST_LIMITS} are expected."
        return _Results((), [errors.UserError("OUT_OF_RANGE", message, ("limits",))])
    named = Counter(limit.project_id for limit in input.limits)
    results = []
    for position, limit in enumerate(input.limits):
        if named[limit.project_id] > 1:
            message = "projectId is named more than once; each project is expected once."
            refusal = errors.UserError("INVALID", message, ("projectId",))
            answer = _Answer(None, None, [refusal])
        else:
            answer = await _set_one_of_many(info, limit)
        at_position = [_at(position, error) for error in answer.user_errors]
        results.append(_Result(limit.project_id, answer.budget, at_position))
    return _Results(results, ())


async def _set_one_of_many(info: Info, limit: SetBudgetLimitInput) -> _Answer:
    """A refusal for want of reach or role is this result's, not the whole call's."""
    try:
        return await set_budget_limit(info, limit)
    except (errors.NotFoundError, errors.ForbiddenError) as refused:
        refusal = errors.UserError(refused.code, refused.message, ("projectId",))
        return _Answer(None, None, [refusal])


def _at(position: int, error: errors.UserError) -> errors.UserError:
    path = ("limits", str(position), *(error.field or ()))
    return errors.UserError(error.code, error.message, path)


async def _find(context: Context, id: UUID) -> budget.Budget | None:
    if await context.loaders.project.load(id) is None:
        return None
    return await context.loaders.budget.load(id)


node.finds(node.BUDGET, _find)
