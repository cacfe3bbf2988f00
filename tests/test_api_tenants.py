"""Who may do what at every door, and nothing of another tenant, ever.

Rows are those of `tenant_table.py`, columns those who ask (`tenant_world.Caller`). In every cell
the outcome is the expected one, what is refused changes nothing, and what is not found answers byte
for byte like what does not exist. That no answer leaks is checked with each of them, by `Doors`.
"""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import tenant_table as table
from postgres_server import FreshDatabase
from starlette.routing import Route
from tenant_doors import Doors, open_doors
from tenant_table import ALLOWED, NOT_FOUND, UNAUTHENTICATED, Row
from tenant_trpc import CHANGING, GRAPHQL_ROWS, PROCEDURES, READING
from tenant_trpc import ROWS as TRPC_ROWS
from tenant_world import Caller, Standing

from api.usage_body import UsageBody
from models.db import Database
from models.ids import decode
from models.ledger import Ledger

USED = "last_used_at"  # of a key, noted whatever its request is then refused
CHANGE = 'mutation { createWorkspace(input: {name: "x"}) { __typename } }'
ROWS = [*GRAPHQL_ROWS, *CHANGING]
BATCHES = [READING[start : start + 20] for start in range(0, len(READING), 20)]
OWN_FIELDS = {"project_id", "api_key_id", "user_id"}


@pytest.fixture(scope="module")
async def doors(
    migrated: FreshDatabase, database: Database, ledger: Ledger
) -> AsyncIterator[Doors]:
    async with open_doors(migrated, database, ledger) as opened:
        yield opened


def test_everything_that_can_be_asked_has_a_row() -> None:
    fields, places = table.to_cover()
    assert not fields - set().union(*(row.covers for row in ROWS))
    assert not places - set().union(*(row.id_places for row in ROWS))
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {name for name in UsageBody.model_fields if name.endswith("_id")} == OWN_FIELDS


def test_every_procedure_has_a_row() -> None:
    missing = {it.name for it in PROCEDURES} - set().union(*(row.covers for row in TRPC_ROWS))
    assert not missing, "write a row for the way they go, in tenant_table.py"


async def test_every_route_has_a_row(doors: Doors) -> None:
    assert all(isinstance(route, Route) for route in doors.routes)
    doors_of_rows = set().union(*(row.covers for row in (*table.DOORS, *TRPC_ROWS)))
    doors_of_rows -= {procedure.name for procedure in PROCEDURES}
    assert {route.path for route in doors.routes} == (
        {"/graphql"} | doors_of_rows | table.OPEN | table.BY_ADDRESS
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_everybody_is_answered_as_the_table_says(doors: Doors, row: Row) -> None:
    await doors.prepare(row)
    ours, theirs = await doors.digests(doors.ours, USED), await doors.digests(doors.theirs, USED)
    allowed, refusals = [], set()
    for caller in doors.callers:
        outcome = table.expected(row, caller)
        if outcome == ALLOWED:
            allowed.append(caller)
            continue
        body = await _refused(doors, caller, row, outcome)
        if outcome == UNAUTHENTICATED:
            refusals.add(body)
    assert len(refusals) == 1
    assert await doors.digests(doors.ours, USED) == ours
    assert await doors.digests(doors.theirs, USED) == theirs

    await _are_allowed(doors, row, [it for it in allowed if it.standing is Standing.STRANGER])
    assert await doors.digests(doors.ours, USED) == ours
    theirs = await doors.digests(doors.theirs, USED)
    await _are_allowed(doors, row, [it for it in allowed if it.standing is Standing.OURS])
    assert await doors.digests(doors.theirs, USED) == theirs


@pytest.mark.parametrize("rows", BATCHES, ids=lambda rows: f"{rows[0].name} and on")
async def test_a_batch_answers_everybody_call_by_call(doors: Doors, rows: list[Row]) -> None:
    """What a procedure reads, beside others in the same request."""
    ours, theirs = await doors.digests(doors.ours, USED), await doors.digests(doors.theirs, USED)
    for caller in doors.callers:
        answers = await doors.ask_together(caller, [(row, None) for row in rows])
        outcomes = [answer.outcome for answer in answers]
        assert outcomes == [table.expected(row, caller) for row in rows], caller
        if NOT_FOUND not in outcomes:
            continue
        unknown = [{name: doors.ours.unknown(name) for name in row.ids} for row in rows]
        asker, ids = caller, unknown
        if caller.standing is Standing.MISDIRECTED:
            asker, ids = caller.naming(doors.ours.unknown("organization")), [{}] * len(rows)
        in_vain = await doors.ask_together(asker, list(zip(rows, ids, strict=True)))
        for outcome, answer, other in zip(outcomes, answers, in_vain, strict=True):
            assert outcome != NOT_FOUND or answer == other, caller
    assert await doors.digests(doors.ours, USED) == ours
    assert await doors.digests(doors.theirs, USED) == theirs


async def _refused(doors: Doors, caller: Caller, row: Row, outcome: str) -> str:
    answer = await doors.ask(caller, row)
    assert answer.outcome == outcome, (caller, answer)
    assert (answer.status == 401) is (outcome == UNAUTHENTICATED)
    if outcome == NOT_FOUND:
        assert answer == await doors.ask_in_vain(caller, row), caller
    return answer.body


async def _are_allowed(doors: Doors, row: Row, callers: list[Caller]) -> None:
    for caller in callers:
        answer = await doors.ask(caller, row)
        assert (answer.outcome, answer.status) == (ALLOWED, 200), (caller, answer)


async def test_who_asks_at_once_is_answered_as_alone(doors: Doors) -> None:
    """Credentials that wait together are looked up together, and events are written together."""
    asked = [row for row in ROWS if row.name in ("Query.viewer", "Query.project")]
    cells = [(caller, row) for row in asked for caller in doors.callers] * 3
    alone = [await doors.ask(caller, row) for caller, row in cells]
    shuffled = random.Random(7).sample(range(len(cells)), len(cells))
    at_once = await asyncio.gather(*(doors.ask(*cells[place]) for place in shuffled))
    assert [alone[place] for place in shuffled] == at_once

    (row,) = [row for row in ROWS if row.name == "/v1/usage"]
    realms = {doors.strongest.name: doors.ours, doors.stranger.name: doors.theirs}
    writers = [doors.strongest, doors.stranger] * 20
    written = await asyncio.gather(
        *(doors.ask(writer, row, realms[writer.name].ids) for writer in writers)
    )
    for writer, answer in zip(writers, written, strict=True):
        (result,) = answer.document["results"]
        owner = decode(result["transactionId"]).organization_id
        assert (result["status"], owner) == ("RECORDED", realms[writer.name].organization_id)


@pytest.mark.parametrize("path", sorted(table.OPEN))
async def test_open_routes_say_the_same_to_everybody(doors: Doors, path: str) -> None:
    bodies = set()
    for caller in doors.callers:
        answer = await doors.get(caller, path)
        assert answer.status == 200
        for realm in (doors.ours, doors.theirs):
            assert not [mark for mark in realm.marks if mark in answer.body]
        bodies.add(answer.body)
    assert len(bodies) == 1 or path == "/metrics"  # which counts


async def test_a_query_by_get_is_asked_by_somebody(doors: Doors) -> None:
    ours = await doors.digests(doors.ours, USED)
    for caller in doors.callers:
        asked = await doors.get(caller, "/graphql", query="{ viewer { id } }")
        changed = await doors.get(
            caller,
            "/graphql",
            query='mutation { createWorkspace(input: {name: "x"}) { __typename } }',
        )
        refused = {Standing.NOBODY: 401, Standing.MISDIRECTED: 404}.get(caller.standing)
        assert (asked.status, changed.status) == (refused or 200, refused or 405)
    assert await doors.digests(doors.ours, USED) == ours
