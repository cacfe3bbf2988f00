"""Which entries of the ledger a list shows."""

from collections.abc import Iterable
from uuid import UUID

import strawberry
from strawberry import UNSET, field

from models.agent_type import canonical
from models.entry import EntryFilter
from resolvers import node
from resolvers.context import Context
from resolvers.enums import TransactionKind
from resolvers.field import given
from resolvers.period import RangeInput, Span, resolve_range


@strawberry.input(description="Which entries of the ledger. Fields given are all met.")
class TransactionFilter:
    range: RangeInput | None = field(default=UNSET, description="When the call was made.")
    kinds: list[TransactionKind] | None = field(
        default=UNSET, description="Kinds; all when omitted."
    )
    agent_types: list[str] | None = field(
        default=UNSET,
        description="Kinds of agents, by any spelling of their names.",
    )
    run_id: strawberry.ID | None = field(default=UNSET, description="Only this run, by our id.")
    model: str | None = field(default=UNSET, description="Only this model.")
    is_unpriced: bool | None = field(
        default=UNSET,
        description="Only entries without a price (true) or with one (false).",
    )


NO_FILTER = EntryFilter()


async def entry_filter(context: Context, wanted: TransactionFilter | None) -> EntryFilter:
    """The filter in the domain's terms; raises BadInputError or NotFoundError."""
    wanted = given(wanted)
    if wanted is None:
        return NO_FILTER
    kinds, agent_types = given(wanted.kinds), given(wanted.agent_types)
    run_id, span = given(wanted.run_id), await _span(context, given(wanted.range))
    return EntryFilter(
        kinds=None if kinds is None else _sorted(kind.name for kind in kinds),
        agent_types=None if agent_types is None else _sorted(map(canonical, agent_types)),
        run_id=None if run_id is None else await _run_id(context, run_id),
        model=given(wanted.model),
        is_unpriced=given(wanted.is_unpriced),
        start=span.start if span else None,
        end=span.end if span else None,
    )


async def _run_id(context: Context, public_id: str) -> UUID:
    """A run within reach: of any other it is not told whether it exists."""
    id = node.parse_id(context.scope, node.RUN, public_id)
    if await context.loaders.run.load(id) is None:
        raise node.not_found(node.RUN)
    return id


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


async def _span(context: Context, wanted: RangeInput | None) -> Span | None:
    if wanted is None:
        return None
    organization = await context.loaders.organization()
    calendar = await context.loaders.calendar()
    return resolve_range(calendar, organization.cycles, wanted)
