"""Every field of every type that a question can reach answers, for every kind of thing."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from caps import Caps
from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_union_type,
)
from graphql_client import MARCH, owner
from tenants import PRICED, Tenant

from models.db import Database
from models.event import Initiator, JobRef, RunRef, RunStatus, Surface
from models.ids import encode, uuid7
from models.ledger import Ledger
from models.price_change import NewPrice, NewRate, set_price
from models.repricing import Wanted, rehearse
from resolvers import node
from resolvers.schema import schema

TYPES = schema._schema.type_map
NODES = sorted(type_.name for type_ in schema._schema.get_possible_types(TYPES["Node"]))  # type: ignore[arg-type]
DEPTH = 2
DAYS = "{range: {preset: LAST_30_DAYS}}"
# What fields need to be told, by their names.
ARGUMENTS = {
    "usageSeries": "(range: {preset: LAST_7_DAYS}, granularity: DAY)",
    "tokenUsage": f"(filter: {DAYS})",
    "usageEntries": f"({DAYS[1:-1]})",
    "usageFilterOptions": f"({DAYS[1:-1]})",
    "tokenUsageComparison": f"(base: {DAYS}, other: {DAYS})",
}
REHEARSED = "scope: PROJECT, period: DAY, limit: 0, range: {preset: THIS_MONTH}"


def selection(type_: GraphQLObjectType, depth: int) -> str:
    """All fields of a type, those that lead on to others as far down as `depth`."""
    return " ".join(filter(None, (_field(*item, depth) for item in type_.fields.items())))


def _field(name: str, field: GraphQLField, depth: int) -> str:
    arguments = ARGUMENTS.get(name, "")
    if not arguments and any(is_required_argument(argument) for argument in field.args.values()):
        raise AssertionError(f"{name} needs an argument: write it into this test")
    named = get_named_type(field.type)
    if is_leaf_type(named):
        return name
    if is_union_type(named):
        return f"{name} {{ __typename ... on Node {{ id }} }}"
    assert isinstance(named, GraphQLObjectType)
    return f"{name}{arguments} {{ __typename {selection(named, depth - 1)} }}" if depth else ""


async def repriced(database: Database, tenant: Tenant) -> tuple[UUID, UUID]:
    """A price of the organization's own, and a rehearsal in which it changes something."""
    scope = owner(database, tenant, MARCH).scope
    rates = (NewRate("INPUT", Decimal(1)), NewRate("OUTPUT", Decimal(1), service_tier="batch"))
    wanted = NewPrice("anthropic", PRICED, MARCH.replace(day=1), rates)
    async with database.transaction() as connection:
        [price, _] = await set_price(connection, scope, wanted, now=MARCH)
    shown = await rehearse(database, scope, Wanted(MARCH.replace(day=1), MARCH))
    assert shown.lines
    return price, shown.id


async def held(caps: Caps) -> tuple[UUID, UUID]:
    """A cap, and a reservation `r` of the run `r` that holds under it."""
    cap = await caps.set(5)
    return cap, (await caps.granted("r", run_key="r")).reservation_id


@pytest.fixture
async def ids(database: Database, tenant: Tenant, ledger: Ledger) -> dict[str, str]:
    """The public id of one thing of every kind, with a ledger in which every column is filled."""
    job = JobRef(
        "j", "UI/UX", Initiator.TASK_AGENT, RunStatus.SUCCEEDED, finished_at=MARCH.replace(hour=9)
    )
    run = RunRef("r", "parent", "workflow", "manual", RunStatus.SUCCEEDED, finished_at=MARCH)
    parent = tenant.event("e0", run=RunRef("parent"))
    event = tenant.event(
        run=run,
        job=job,
        surface=Surface.CLI,
        api_key_id=tenant.api_key_id,
        user_id=tenant.user_id,
        duration_ms=1200,
    )
    events = [parent, event, tenant.event("e2", model="nobody-knows")]
    outcomes = await ledger.record(tenant.organization_id, events, now=MARCH)
    group = uuid7()
    async with database.transaction() as connection:
        found = await connection.fetchrow(
            "SELECT run_id, job_id FROM credit_transaction WHERE organization_id = $1 AND id = $2",
            tenant.organization_id,
            outcomes[1].transaction_id,
        )
        await connection.execute(
            "INSERT INTO workspace_group (organization_id, id, name, created_at)"
            " VALUES ($1, $2, 'Group', now())",
            tenant.organization_id,
            group,
        )
        await connection.execute(
            "UPDATE workspace SET group_id = $2 WHERE organization_id = $1",
            tenant.organization_id,
            group,
        )
        await connection.execute(
            "INSERT INTO credit_deduction (organization_id, transaction_id, on_demand_cost,"
            " monthly_credits, credits_per_dollar, running_total, posted_at)"
            " VALUES ($1, $2, 0.001, 0.5, 100, 1, now())",
            tenant.organization_id,
            outcomes[1].transaction_id,
        )
    price, repricing = await repriced(database, tenant)
    cap, reservation = await held(Caps(database, tenant))
    things = {
        "Alert": (node.ALERT, uuid5(tenant.organization_id, "UNPRICED_USAGE 2026-03-01")),
        "Organization": (node.ORGANIZATION, tenant.organization_id),
        "WorkspaceGroup": (node.WORKSPACE_GROUP, group),
        "Workspace": (node.WORKSPACE, tenant.workspace_id),
        "Project": (node.PROJECT, tenant.project_id),
        "ApiKey": (node.API_KEY, tenant.api_key_id),
        "PipelineRun": (node.RUN, found["run_id"]),
        "AgentJob": (node.JOB, found["job_id"]),
        "CreditTransaction": (node.TRANSACTION, outcomes[1].transaction_id),
        "Budget": (node.BUDGET, tenant.project_id),
        "Price": (node.PRICE, price),
        "Repricing": (node.REPRICING, repricing),
        "Cap": (node.CAP, cap),
        "Reservation": (node.RESERVATION, reservation),
    }
    public = {name: encode(kind, tenant.id, id) for name, (kind, id) in things.items()}  # type: ignore[arg-type]
    return public | {"User": node.user_id(tenant.user_id)}


@pytest.mark.parametrize("name", NODES)
async def test_every_field_of_every_thing_answers(
    database: Database, tenant: Tenant, ids: dict[str, str], name: str
) -> None:
    type_ = TYPES[name]
    assert isinstance(type_, GraphQLObjectType)
    fields = selection(type_, DEPTH)
    data = await owner(database, tenant, MARCH).ask(
        f"query ($id: ID!) {{ node(id: $id) {{ __typename id ... on {name} {{ {fields} }} }} }}",
        id=ids[name],
    )
    assert data["node"]["__typename"] == name
    assert data["node"]["id"] == ids[name]


@pytest.mark.parametrize("name", sorted(TYPES["Query"].fields))  # type: ignore[attr-defined]
async def test_every_question_answers(
    database: Database, tenant: Tenant, ids: dict[str, str], name: str
) -> None:
    query = TYPES["Query"]
    assert isinstance(query, GraphQLObjectType)
    field = query.fields[name]
    known = {"projectId": ids["Project"], "key": "r", "id": ids.get(name.capitalize())}
    known["id"] = known["id"] or ids["Project"]
    inputs = {"rehearseCap": f'{{{REHEARSED}, scopeId: "{ids["Project"]}"}}'}
    given = [
        f"{argument}: {inputs[name]}" if argument == "input" else f'{argument}: "{known[argument]}"'
        for argument, meaning in field.args.items()
        if isinstance(meaning.type, GraphQLNonNull) and is_required_argument(meaning)
    ]
    arguments = f"({', '.join(given)})" if given else ""
    named = get_named_type(field.type)
    inner = selection(named, DEPTH) if isinstance(named, GraphQLObjectType) else "id"
    data: Any = await owner(database, tenant, MARCH).ask(
        f"{{ {name}{arguments} {{ __typename {inner} }} }}"
    )
    assert data[name]
