"""Caps: limits that block or warn, shown, set and taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET, field

from models import cap, cap_change, cap_rule, directory, errors
from models import period as periods
from models.access import Scope
from models.ids import NIL, encode
from models.money import DECIMALS
from resolvers import node
from resolvers.api_key import ApiKey
from resolvers.cap_enums import CapAction, CapPeriod, CapScope, CapStatus, UnpricedPolicy
from resolvers.cap_target import KINDS
from resolvers.connection import PageInfo
from resolvers.context import Context, Info
from resolvers.enums import SpendUnit
from resolvers.field import computed, given
from resolvers.mutation import WHAT_TO_DO, change
from resolvers.node import Node, parse_id, public_id, shows
from resolvers.organization import Organization
from resolvers.period import Period
from resolvers.project import Project
from resolvers.run import PipelineRun
from resolvers.scalars import BigInt
from resolvers.user import User
from resolvers.user_error import UserError
from resolvers.workspace import Workspace, WorkspaceGroup

CapTarget = Annotated[
    Organization | WorkspaceGroup | Workspace | Project | PipelineRun | ApiKey | User,
    strawberry.union("CapTarget", description="What a cap may be set on."),
]


def shown(amount: Decimal | None) -> Decimal | None:
    """An amount as it is shown: credits are kept to more decimals than come out."""
    return None if amount is None else round(amount, DECIMALS)


def _amount(name: str) -> Any:
    def resolve(root: cap.Cap) -> Decimal | None:
        return shown(getattr(root, name))

    return resolve


async def _target(root: cap.Cap, info: Info) -> Any:
    loaders = info.context.loaders
    match root.scope:
        case cap_rule.CapScope.ORGANIZATION:
            return await loaders.organization()
        case cap_rule.CapScope.WORKSPACE_GROUP:
            return await loaders.workspace_group.load(root.target_id)
        case cap_rule.CapScope.WORKSPACE:
            return await loaders.workspace.load(root.target_id)
        case cap_rule.CapScope.PROJECT:
            return await loaders.project.load(root.target_id)
        case cap_rule.CapScope.RUN:
            return await loaders.run.load(root.target_id)
        case cap_rule.CapScope.API_KEY:
            return await loaders.api_key.load(root.target_id)
        case cap_rule.CapScope.USER:
            return await loaders.person.load(root.target_id)


def _current_period(root: cap.Cap) -> periods.Period | None:
    return root.window


async def _allowance_of(root: cap.Cap, info: Info) -> cap.Cap | None:
    if root.allowance_of_id is None:
        return None
    return await info.context.loaders.cap.load(root.allowance_of_id)


async def _updated_by(root: cap.Cap, info: Info) -> directory.Person | None:
    return await info.context.loaders.person.load(root.updated_by) if root.updated_by else None


def _viewer_can_change(root: cap.Cap, info: Info) -> bool:
    return cap.may_change(info.context.scope, root)


@strawberry.type(
    description="A limit that blocks or warns. At most one for each target, period and action."
)
class Cap(Node):
    is_type_of = shows(cap.Cap)

    id: strawberry.ID = computed(public_id(node.CAP), description="Opaque id.")
    scope: CapScope = field(description="What kind of thing it limits.")
    target: CapTarget = computed(_target, description="The thing it limits.")
    period: CapPeriod = field(description="The time over which it counts.")
    current_period: Period | None = computed(
        _current_period,
        description="The stretch it counts now; null for a whole run.",
    )
    unit: SpendUnit = field(description="What its amounts are measured in.")
    limit: Decimal = computed(_amount("limit"), description="The limit.")
    spent: Decimal = computed(_amount("spent"), description="What was spent in the current period.")
    held: Decimal = computed(_amount("held"), description="What is held by open reservations.")
    remaining: Decimal = computed(
        _amount("remaining"),
        description=(
            "`limit` minus `spent` minus `held`, never below 0: what may still be reserved."
        ),
    )
    used_pct: float | None = field(
        description="(`spent` + `held`) / `limit` * 100; null with a limit of 0.",
    )
    status: CapStatus = field(description="How it stands.")
    resets_at: datetime | None = field(
        description="When `spent` begins at 0 again; null for a whole run.",
    )
    action: CapAction = field(description="What it does when reached.")
    unpriced_policy: UnpricedPolicy = field(description="What it does about unknown prices.")
    assumed_input_price: Decimal | None = field(
        description="Dollars per million input tokens under ASSUME; null otherwise.",
    )
    assumed_output_price: Decimal | None = field(
        description="Dollars per million output tokens under ASSUME; null otherwise.",
    )
    allowance_of: "Cap | None" = computed(
        _allowance_of,
        description=(
            "The parent run's cap out of which this allowance was given; null when it stands by "
            "itself."
        ),
    )
    unpriced_transactions: BigInt = computed(
        lambda root: root.unpriced,
        description="Transactions without a known price, left out of `spent`.",
    )
    updated_at: datetime = field(description="When it was last changed.")
    updated_by: User | None = computed(
        _updated_by,
        description="Who changed it last; null for a key that belongs to nobody.",
    )
    viewer_can_change: bool = computed(
        _viewer_can_change, description="Whether the viewer may change it."
    )


@strawberry.type(description="One entry of a page of caps.")
class CapEdge:
    cursor: str = field(description="Where it stands.")
    node: Cap = field(description="The cap.")


@strawberry.type(description="Caps, a page at a time.")
class CapConnection:
    edges: list[CapEdge] = field(description="Entries with their cursors.")
    nodes: list[Cap] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where the page begins and ends.")


@strawberry.input(description="A cap to set.")
class SetCapInput:
    scope: CapScope = field(description="What kind of thing to limit.")
    scope_id: strawberry.ID = field(
        description="The thing to limit, by our id; must be of that kind."
    )
    period: CapPeriod = field(description="The time over which to count.")
    limit: Decimal = field(
        description="The limit, 0 to 1e9, up to 12 decimals; 0 lets nothing through."
    )
    unit: SpendUnit = field(default=SpendUnit.DOLLARS, description="What it is measured in.")
    action: CapAction = field(default=CapAction.BLOCK, description="What to do when reached.")
    unpriced_policy: UnpricedPolicy = field(
        default=UnpricedPolicy.BLOCK, description="What to do about unknown prices."
    )
    assumed_input_price: Decimal | None = field(
        default=UNSET, description="Dollars per million input tokens; required with ASSUME."
    )
    assumed_output_price: Decimal | None = field(
        default=UNSET, description="Dollars per million output tokens; required with ASSUME."
    )
    allowance_of_cap_id: strawberry.ID | None = field(
        default=UNSET,
        description="For a child run: the parent run's cap out of which this is given.",
    )


@strawberry.type(description="Answer to `setCap`.")
class SetCapPayload:
    cap: Cap | None = field(description="The cap as it is now; null when refused.")
    user_errors: list[UserError] = field(description="What to put right.")


@strawberry.input(description="A cap to take away.")
class RemoveCapInput:
    cap_id: strawberry.ID = field(description="Which cap.")


@strawberry.type(description="Answer to `removeCap`.")
class RemoveCapPayload:
    removed_cap_id: strawberry.ID | None = field(
        description="The id that is gone, for caches; null when refused."
    )
    user_errors: list[UserError] = field(description="What to put right.")


@dataclass(frozen=True, slots=True)
class _Set:
    """What the payload of `setCap` is read from."""

    cap: cap.Cap | None
    user_errors: Sequence[errors.UserError] = ()


@dataclass(frozen=True, slots=True)
class _Removed:
    """What the payload of `removeCap` is read from."""

    removed_cap_id: strawberry.ID | None
    user_errors: Sequence[errors.UserError] = ()


async def set_cap(info: Info, input: Annotated[SetCapInput, WHAT_TO_DO]) -> _Set:
    """Sets a cap, or changes the one with the same scope, thing, period and action."""
    context, scope = info.context, info.context.scope
    allowance_of = given(input.allowance_of_cap_id)
    setting = cap_change.CapSetting(
        scope=cap_rule.CapScope(input.scope.name),
        target_id=parse_id(scope, KINDS[input.scope], input.scope_id),
        period=cap.CapPeriod(input.period.name),
        limit=input.limit,
        unit=cap_rule.SpendUnit(input.unit.name),
        action=cap_rule.CapAction(input.action.name),
        unpriced_policy=cap_rule.UnpricedPolicy(input.unpriced_policy.name),
        assumed_input_price=given(input.assumed_input_price),
        assumed_output_price=given(input.assumed_output_price),
        allowance_of_id=None if allowance_of is None else _cap_id(scope, allowance_of),
    )
    outcome = await change(
        context,
        lambda connection: cap_change.set_cap(connection, scope, setting, context.now),
    )
    if outcome.made is None:
        return _Set(None, outcome.user_errors)
    return _Set(await context.loaders.cap.load(outcome.made))


def _cap_id(scope: Scope, text: str) -> UUID:
    """A cap's id; text that is none names no cap, as the change will say where it stands."""
    try:
        return parse_id(scope, node.CAP, text)
    except errors.NotFoundError:
        return NIL


async def remove_cap(info: Info, input: Annotated[RemoveCapInput, WHAT_TO_DO]) -> _Removed:
    """Takes a cap away."""
    context, scope = info.context, info.context.scope
    id = parse_id(scope, node.CAP, input.cap_id)

    async def work(connection: Any) -> bool:
        await cap_change.remove_cap(connection, scope, id)
        return True

    outcome = await change(context, work)
    if outcome.made is None:
        return _Removed(None, outcome.user_errors)
    return _Removed(strawberry.ID(encode(node.CAP, scope.organization_id, id)))


async def _find(context: Context, id: UUID) -> cap.Cap | None:
    return await context.loaders.cap.load(id)


node.finds(node.CAP, _find)
