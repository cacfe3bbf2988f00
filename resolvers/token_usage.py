"""002's page: tokens, requests and cost for one state of its filters, and two states compared."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET, argument, field

from models import token_usage
from models.access import Role
from models.errors import BadInputError
from models.ids import NIL, USAGE_REPORT, encode
from models.token_usage import Wanted, load_token_usage
from resolvers import node
from resolvers.context import Context, Info
from resolvers.field import computed, given, summed
from resolvers.period import Period, RangeInput, resolve_stretch
from resolvers.permissions import reachable_project
from resolvers.scalars import BigInt

Date = date  # the name `date` is a field's below


@strawberry.enum(description="Columns of the breakdown.")
class ModelSpendSort(Enum):
    PROVIDER = strawberry.enum_value("PROVIDER", description="Provider, then model.")
    MODEL = strawberry.enum_value("MODEL", description="Model.")
    REQUESTS = strawberry.enum_value("REQUESTS", description="Requests.")
    INPUT_TOKENS = strawberry.enum_value("INPUT_TOKENS", description="Input tokens.")
    OUTPUT_TOKENS = strawberry.enum_value("OUTPUT_TOKENS", description="Output tokens.")
    TOTAL_TOKENS = strawberry.enum_value("TOTAL_TOKENS", description="All tokens.")
    COST = strawberry.enum_value("COST", description="Cost; unpriced rows last.")


@strawberry.enum(description="002's three empty states.")
class TokenUsageEmptyState(Enum):
    NO_USAGE_YET = strawberry.enum_value("NO_USAGE_YET", description="Nothing was ever recorded.")
    NO_MATCH = strawberry.enum_value("NO_MATCH", description="Nothing matches these filters.")
    NO_DAILY = strawberry.enum_value(
        "NO_DAILY",
        description="Rows match, but none falls on a day that can be drawn.",
    )


@strawberry.input(description="One state of the filters of 002's page.")
class TokenUsageFilter:
    range: RangeInput = field(description="The days to show.")
    provider: str | None = field(
        default=UNSET,
        description="Only this provider; empty for requests whose provider is not known.",
    )
    model: str | None = field(default=UNSET, description="Only this model; needs `provider`.")
    workspace_id: strawberry.ID | None = field(default=UNSET, description="Only this workspace.")
    project_id: strawberry.ID | None = field(default=UNSET, description="Only this project.")


def _id(root: token_usage.TokenUsage) -> strawberry.ID:
    wanted, period = root.wanted, root.period
    span = (period.start.isoformat(), period.end.isoformat())
    filters = repr((*span, wanted.provider, wanted.model, wanted.workspace_id))
    rest = hashlib.sha256(filters.encode()).hexdigest()[:16]
    about = wanted.project_id or NIL
    return strawberry.ID(encode(USAGE_REPORT, root.organization_id, about, rest))


async def _requests_per_day(root: token_usage.TokenUsage, info: Info) -> float:
    count = root.wanted.stretch.day_count(await info.context.loaders.calendar())
    return root.sums.requests / count if count else 0.0


def _pct_of_total(root: token_usage.ModelSpend) -> float | None:
    return root.share_pct()


def _by_initiator(root: token_usage.TokenUsage) -> token_usage.TokenUsage:
    """The same page: the series is read from its days."""
    return root


def _breakdown(
    root: token_usage.TokenUsage,
    sort: Annotated[ModelSpendSort, argument(description="Column to sort by.")] = (
        ModelSpendSort.COST
    ),
    descending: Annotated[
        bool, argument(description="Highest first (true) or lowest first (false).")
    ] = True,
) -> list[token_usage.ModelSpend]:
    column = token_usage.ModelSpendSort[sort.name]
    return token_usage.sort_breakdown(root.breakdown, column, descending=descending)


UNPRICED = "Transactions without a known price, left out of `cost`."


@strawberry.type(description="One day of token usage.")
class TokenUsageDay:
    date: Date = field(description="Which local day.")
    requests: BigInt = summed("requests", description="Requests.")
    input_tokens: BigInt = summed("input_tokens", description="Input tokens.")
    output_tokens: BigInt = summed("output_tokens", description="Output tokens.")
    cost: Decimal = summed("cost", description="Dollars, unpriced requests left out.")
    unpriced_transactions: BigInt = summed("unpriced", description=UNPRICED)


@strawberry.type(description="One day of tokens by initiator; the four add up to the day's tokens.")
class InitiatorDay:
    date: Date = field(description="Which local day.")
    chat_agent: BigInt = field(description="Tokens of chat sessions: 002's main agent.")
    task_agent: BigInt = field(description="Tokens of task agents.")
    heartbeat: BigInt = field(description="Tokens of the heartbeat.")
    unattributed: BigInt = field(description="Tokens that nobody is named for.")


@strawberry.type(description="Token usage by who made the request.")
class InitiatorSeries:
    is_shown: bool = field(
        description="Whether to show the chart: task agents or the heartbeat used tokens.",
    )
    days: list[InitiatorDay] = field(
        description="One point a day, oldest first, empty days included."
    )


@strawberry.type(description="One provider's model, or all together.")
class ModelSpend:
    provider: str | None = field(
        description="Who ran the model; null in totals and when not known."
    )
    model: str | None = field(description="The model's exact name; null in totals.")
    requests: BigInt = summed("requests", description="Requests.")
    input_tokens: BigInt = summed("input_tokens", description="Input tokens.")
    output_tokens: BigInt = summed("output_tokens", description="Output tokens.")
    total_tokens: BigInt = summed("total_tokens", description="Sum of the two.")
    cost: Decimal | None = field(
        description=(
            "Dollars; null when none of its requests had a price: show unpriced, not $0.00."
        )
    )
    pct_of_total: float | None = computed(
        _pct_of_total, description="Share of the cost, 0..100; null when `cost` is."
    )
    unpriced_transactions: BigInt = summed("unpriced", description=UNPRICED)


@strawberry.type(
    description="Everything that 002's page shows, for one state of its filters; all parts agree."
)
class TokenUsage:
    id: strawberry.ID = computed(_id, description="Identity of (organization, filter), for caches.")
    period: Period = field(description="What it covers.")
    as_of: datetime = field(description="When these figures were read.")
    requests: BigInt = summed("requests", description="Model requests.")
    requests_per_day: float = computed(
        _requests_per_day, description="Requests by days in the range, days to come left out."
    )
    input_tokens: BigInt = summed(
        "input_tokens", description="Input (prompt) tokens, cached ones included."
    )
    output_tokens: BigInt = summed(
        "output_tokens", description="Output (completion) tokens, reasoning included."
    )
    total_tokens: BigInt = summed("total_tokens", description="Sum of the two.")
    cost: Decimal = summed(
        "cost", description="Dollars, unpriced requests left out: 002's estimated cost."
    )
    cost_per_request: Decimal | None = field(
        description=("`cost` by priced requests, to 12 decimals, half to even; null without any.")
    )
    unpriced_transactions: BigInt = summed("unpriced", description=UNPRICED)
    daily: list[TokenUsageDay] = field(
        description="One point a day, oldest first, empty days included."
    )
    by_initiator: InitiatorSeries = computed(
        _by_initiator, description="The same days by who made the request."
    )
    breakdown: list[ModelSpend] = computed(
        _breakdown, description="One row for each provider and model."
    )
    totals: ModelSpend = field(description="The breakdown's bottom row; equals the figures above.")
    providers: list[str] = field(
        description=(
            "Providers that occur in the range, whatever the provider and model filters say."
        )
    )
    models: list[str] = field(
        description="Models that occur in the range for the chosen provider, or for all."
    )
    empty_state: TokenUsageEmptyState | None = field(
        description="Why there is nothing to draw; null when there is something."
    )


@strawberry.type(description="Two states of the filters side by side, and other minus base.")
class TokenUsageComparison:
    base: TokenUsage = field(description="The first.")
    other: TokenUsage = field(description="The second.")
    requests_change: BigInt = field(description="Difference of requests.")
    tokens_change: BigInt = field(description="Difference of tokens.")
    cost_change: Decimal = field(description="Difference of dollars.")
    cost_change_pct: float | None = field(
        description="Difference of dollars by `base.cost` * 100; null when that is 0."
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the fields of a comparison are read from."""

    base: token_usage.TokenUsage
    other: token_usage.TokenUsage

    @property
    def requests_change(self) -> int:
        """Requests more than in the base."""
        return self.other.sums.requests - self.base.sums.requests

    @property
    def tokens_change(self) -> int:
        """Tokens more than in the base."""
        return self.other.sums.total_tokens - self.base.sums.total_tokens

    @property
    def cost_change(self) -> Decimal:
        """Dollars more than in the base."""
        return self.other.sums.cost - self.base.sums.cost

    @property
    def cost_change_pct(self) -> float | None:
        """The same as a part of the base's dollars."""
        base = self.base.sums.cost
        return float(self.cost_change / base * 100) if base else None


async def get_token_usage(context: Context, filter: TokenUsageFilter) -> token_usage.TokenUsage:
    """The page for one state of its filters. ADMIN of the organization."""
    context.scope.require_organization(Role.ADMIN)
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    provider, model = given(filter.provider), given(filter.model)
    if model is not None and provider is None:
        raise BadInputError("model needs a provider beside it.", field=("filter", "provider"))
    workspace_id, project_id = given(filter.workspace_id), given(filter.project_id)
    workspace = None if workspace_id is None else await _workspace_id(context, workspace_id)
    project = None if project_id is None else await reachable_project(context, project_id)
    wanted = Wanted(
        stretch=resolve_stretch(calendar, organization.cycles, filter.range),
        provider=provider,
        model=model,
        workspace_id=workspace,
        project_id=project.id if project else None,
    )
    async with context.database.connection() as connection:
        return await load_token_usage(connection, context.scope, wanted)


async def _workspace_id(context: Context, public_id: str) -> UUID:
    id = node.parse_id(context.scope, node.WORKSPACE, public_id)
    if await context.loaders.workspace.load(id) is None:
        raise node.not_found(node.WORKSPACE)
    return id


async def compare_token_usage(
    context: Context, base: TokenUsageFilter, other: TokenUsageFilter
) -> Comparison:
    """Two states of the filters. ADMIN of the organization."""
    return Comparison(await get_token_usage(context, base), await get_token_usage(context, other))


Filter = Annotated[TokenUsageFilter, argument(description="The state of the page's filters.")]
Base = Annotated[TokenUsageFilter, argument(description="The first.")]
Other = Annotated[TokenUsageFilter, argument(description="The second.")]
