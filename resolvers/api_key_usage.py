"""001's analytics: spend and speed of a workspace's API calls by key, model, provider and hour."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import argument, field

from models import api_key_usage, directory
from models.access import Role
from models.api_key_usage import load_api_key_usage
from models.ids import KEY_USAGE, encode
from resolvers.api_key import ApiKey
from resolvers.context import Context, Info
from resolvers.field import computed, given, summed
from resolvers.loaders import HoursKey
from resolvers.period import Period, RangeInput, RangePreset, resolve_stretch
from resolvers.scalars import BigInt

LAST_30_DAYS = RangeInput(preset=RangePreset.LAST_30_DAYS)
CallsRange = Annotated[
    RangeInput | None, argument(description="Which calls; the last 30 days when omitted.")
]


def _id(root: api_key_usage.ApiKeyUsage) -> strawberry.ID:
    span = f"{root.period.start.isoformat()}/{root.period.end.isoformat()}"
    return strawberry.ID(encode(KEY_USAGE, root.organization_id, root.workspace_id, span))


async def _api_key(root: api_key_usage.Usage, info: Info) -> directory.ApiKey | None:
    return await info.context.loaders.api_key.load(root.api_key_id) if root.api_key_id else None


def _pct_of_total(root: api_key_usage.Usage) -> float:
    return root.share_pct()


def _error_share(root: api_key_usage.Usage) -> float | None:
    return root.failed / root.sums.requests if root.sums.requests else None


async def _hours(root: api_key_usage.ApiKeyUsage, info: Info) -> Sequence[api_key_usage.HourUsage]:
    return await info.context.loaders.hours.load(HoursKey(root.workspace_id, root.stretch))


@strawberry.type(description="What calls come to.")
class _CallSums:
    requests: BigInt = summed("requests", description="Calls.")
    input_tokens: BigInt = summed("input_tokens", description="Input tokens, cached ones included.")
    output_tokens: BigInt = summed(
        "output_tokens", description="Output tokens, reasoning included."
    )
    total_tokens: BigInt = summed("total_tokens", description="Sum of the two.")
    cost: Decimal = summed("cost", description="Dollars, unpriced calls left out.")
    unpriced_transactions: BigInt = summed(
        "unpriced", description="Transactions without a known price, left out of `cost`."
    )


@strawberry.type(description="What calls come to, and how they went.")
class _Calls(_CallSums):
    pct_of_total: float = computed(
        _pct_of_total, description="Share of all keys' cost, 0..100; 0 when nothing was spent."
    )
    duration_p50_ms: int | None = field(
        name="durationP50Ms",
        description=(
            "Half of the calls were at most this long, exact below 32 ms and within 3.2 % above; "
            "null when none stated a duration."
        ),
    )
    duration_p95_ms: int | None = field(
        name="durationP95Ms",
        description=(
            "95 % of the calls were at most this long, as exact; null when none stated a duration."
        ),
    )
    error_share: float | None = computed(
        _error_share, description="Calls that failed / calls, 0..1; null without calls."
    )
    last_used_at: datetime | None = field(description="The last call in the range.")


@strawberry.type(description="One API key's part.")
class ApiKeySpend(_Calls):
    api_key: ApiKey | None = computed(
        _api_key, description="Which key; null for calls without one and in totals."
    )


@strawberry.type(description="One model's part, or that of all models of one provider.")
class ModelCalls(_Calls):
    provider: str | None = field(description="Who ran the model; null when not known.")
    model: str | None = field(
        description="The model's exact name; null in what is summed by provider."
    )


@strawberry.type(description="One hour of the day over all days of the range.")
class HourCalls(_CallSums):
    hour: int = field(description="The local hour that it begins with, 0 to 23.")


@strawberry.type(description="Spend and speed by API key over a range (001).")
class ApiKeyUsage:
    id: strawberry.ID = computed(_id, description="Identity of (workspace, range), for caches.")
    period: Period = field(description="What it covers.")
    keys: list[ApiKeySpend] = field(
        description="One row for each key that was used, highest cost first, at most 1,000."
    )
    models: list[ModelCalls] = field(
        description=("The same calls by provider and model, highest cost first, at most 1,000.")
    )
    providers: list[ModelCalls] = field(
        description="The same calls by provider, highest cost first, at most 1,000."
    )
    hours: list[HourCalls] = computed(
        _hours, description="The same calls by hour of the day, all 24, empty ones included."
    )
    totals: ApiKeySpend = field(description="All of them together; `apiKey` is null.")


async def get_api_key_usage(
    context: Context, workspace: directory.Workspace, range: RangeInput | None
) -> api_key_usage.ApiKeyUsage:
    """A workspace's calls over a range. ADMIN of the workspace."""
    context.scope.require_workspace(workspace.id, Role.ADMIN)
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    stretch = resolve_stretch(calendar, organization.cycles, given(range) or LAST_30_DAYS)
    async with context.database.connection() as connection:
        return await load_api_key_usage(connection, context.scope, workspace.id, stretch)
