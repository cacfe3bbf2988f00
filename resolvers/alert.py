"""What needs attention in an organization (004)."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry import field

from models import alert, directory
from models.access import Role
from resolvers import node
from resolvers.context import Context, Info
from resolvers.credit_usage import RunOut
from resolvers.enums import SpendUnit
from resolvers.field import computed
from resolvers.node import Node, public_id, shows
from resolvers.permissions import require_acting

if TYPE_CHECKING:
    from resolvers.cap import Cap
    from resolvers.project import Project

LazyCap = Annotated["Cap", strawberry.lazy("resolvers.cap")]
LazyProject = Annotated["Project", strawberry.lazy("resolvers.project")]


@strawberry.enum(description="States that are alerted.")
class AlertKind(Enum):
    ON_TRACK_TO_RUN_OUT = strawberry.enum_value(
        "ON_TRACK_TO_RUN_OUT", description="At this rate credits end before the cycle does."
    )
    CREDITS_NEARLY_OUT = strawberry.enum_value(
        "CREDITS_NEARLY_OUT", description="Few credits are left: less than a tenth."
    )
    CREDITS_OUT = strawberry.enum_value("CREDITS_OUT", description="No credits are left.")
    CAP_NEAR = strawberry.enum_value("CAP_NEAR", description="A cap is 80 % used.")
    CAP_REACHED = strawberry.enum_value("CAP_REACHED", description="A cap is used up and blocks.")
    BUDGET_WARNING = strawberry.enum_value("BUDGET_WARNING", description="A budget is 80 % used.")
    BUDGET_EXCEEDED = strawberry.enum_value("BUDGET_EXCEEDED", description="A budget is used up.")
    UNPRICED_USAGE = strawberry.enum_value(
        "UNPRICED_USAGE", description="Calls were made without a known price."
    )


@strawberry.enum(description="How bad an alert is.")
class AlertSeverity(Enum):
    INFO = strawberry.enum_value("INFO", description="Good to know.")
    WARNING = strawberry.enum_value("WARNING", description="Act soon.")
    CRITICAL = strawberry.enum_value("CRITICAL", description="Calls are blocked, or soon will be.")


def _severity(root: alert.Alert) -> str:
    return root.severity.name


async def _project(root: alert.Alert, info: Info) -> directory.Project | None:
    return await info.context.loaders.project.load(root.project_id) if root.project_id else None


@strawberry.type(description="What needs attention (004).")
class Alert(Node):
    is_type_of = shows(alert.Alert)

    id: strawberry.ID = computed(
        public_id(node.ALERT), description="Opaque id, the same as long as the state lasts."
    )
    kind: AlertKind = field(description="What it is about.")
    severity: AlertSeverity = computed(_severity, description="How bad.")
    message: str = field(description="For people, one sentence.")
    since: datetime = field(description="Since when the state lasts.")
    resets_at: datetime | None = field(
        description="When it ends by itself (cycle or period reset); null when it does not."
    )
    unit: SpendUnit | None = field(
        description="What the figures are measured in; null when there are none."
    )
    limit: Decimal | None = field(description="The limit in question; null when there is none.")
    used: Decimal | None = field(description="What was used of it.")
    used_pct: float | None = field(
        description="`used` / `limit` * 100; null without a limit or with one of 0."
    )
    project: LazyProject | None = computed(
        _project, description="The project, for budgets; null otherwise."
    )
    cap: LazyCap | None = field(description="The cap, for caps; null otherwise.")
    run_out: RunOut | None = field(description="The projection, for running out; null otherwise.")
    action_url: str | None = field(
        description="Path of the dashboard's page on which something can be done about it."
    )


async def get_alerts(root: directory.Organization, info: Info) -> list[alert.Alert]:
    """What needs attention now."""
    require_acting(info.context, root.id)
    info.context.scope.require_organization(Role.ADMIN)
    return await info.context.loaders.alerts()


async def _find(context: Context, id: UUID) -> alert.Alert | None:
    if not context.scope.sees_figures:
        return None
    return next((it for it in await context.loaders.alerts() if it.id == id), None)


node.finds(node.ALERT, _find)
