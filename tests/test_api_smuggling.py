"""Ids, cursors and keys of another tenant, put wherever one can be put by the strongest of ours.

Every place of the schema and of the other doors that takes an id gets foreign, unknown, mismatched
and malformed ones: what exists somewhere else answers byte for byte like what exists nowhere. Keys
that callers choose mean something within their own tenant, and a stream within its own project.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from otel_documents import chat, document, make_span
from postgres_server import FreshDatabase
from tenant_doors import Answer, Doors, fresh, open_doors
from tenant_table import ALLOWED, NOT_FOUND, Row
from tenant_trpc import GRAPHQL_ROWS
from tenant_trpc import ROWS as TRPC_ROWS
from tenant_world import PRICED, Caller, Standing

from models import ids
from models.db import Database
from models.ids import NIL, decode, encode, uuid7
from models.ledger import Ledger
from models.otel_attribute import PROJECT_ID
from models.otel_project import HEADER

ROWS = [*GRAPHQL_ROWS, *TRPC_ROWS]
USED = "last_used_at"
PLACES = [(row, name) for row in ROWS for name in row.ids]
ANY_KIND = {"Query.node(id)", "CapFilter.targetId"}
OTHER_KINDS = ("near", "first", "user")
PAGES = [row for row in ROWS if row.pages]
TOTALS = """{
  crossProjectSummary { totalCost totalTokens projectCount projects { project { id } cost } }
  projects(first: 100) { nodes { id name budget { spent } } pageInfo { hasNextPage } }
  organization { name
    workspaces(first: 100) { nodes { id } } members(first: 100) { nodes { id } }
    apiKeys(first: 100) { nodes { id } } }
  viewer { organizations { id } } }"""


@pytest.fixture(scope="module")
async def doors(
    migrated: FreshDatabase, database: Database, ledger: Ledger
) -> AsyncIterator[Doors]:
    async with open_doors(migrated, database, ledger) as opened:
        yield opened


def strangers_ids(doors: Doors, name: str) -> list[str]:
    """Sound ids of that kind which are not ours: foreign, unknown, and of mixed parts."""
    kind, foreign = doors.ours.kinds[name], doors.theirs.ids[name]
    here, there = doors.ours.organization_id, decode(foreign).id
    sound = [foreign, doors.theirs.unknown(name), doors.ours.unknown(name)]
    if kind == ids.USER:
        return sound
    return [*sound, encode(kind, here, there), encode(kind, uuid7(), uuid7())]


def no_ids(doors: Doors, row: Row, name: str) -> list[str]:
    """What is no id of that kind: other kinds, ours and theirs, and damaged ones."""
    kind, own, foreign = doors.ours.kinds[name], doors.ours.ids[name], doors.theirs.ids[name]
    realms = [doors.theirs]
    if not row.id_places & ANY_KIND:
        realms.append(doors.ours)
    others = [realm.ids[other] for realm in realms for other in OTHER_KINDS]
    wrong = [id for id in others if decode(id).kind != kind]
    renamed = [f"{kind}{id[4:]}" for id in wrong if id[4:] not in (own[4:], foreign[4:])]
    damaged = ["x", own[:-1], f"{own}A", own.upper(), own.replace("_", "-", 1), own + foreign]
    if row.name != "/v1/traces":  # where an empty attribute is none
        damaged.append("")
    organizations = {NIL, *(realm.organization_id for realm in (doors.ours, doors.theirs))}
    thing = decode(own)
    mixed = [encode(kind, other, thing.id) for other in organizations - {thing.organization_id}]
    longer = encode(kind, thing.organization_id, thing.id, "x")
    return [*wrong, *renamed, *mixed, longer, *damaged, "' OR 1=1 --"]


@pytest.mark.parametrize(("row", "name"), PLACES, ids=lambda it: getattr(it, "name", it))
async def test_no_id_of_others_is_of_use(doors: Doors, row: Row, name: str) -> None:
    await doors.prepare(row)
    before = await both_digests(doors)
    for candidates in (strangers_ids(doors, name), no_ids(doors, row, name)):
        answers = await all_answers(doors, row, [{name: id} for id in candidates])
        assert len(answers) == 1, answers
        assert answers.pop().outcome == NOT_FOUND
    assert await both_digests(doors) == before


async def all_answers(doors: Doors, row: Row, asked: list[dict[str, str]]) -> set[Answer]:
    """What the strongest of ours is answered; a procedure is asked for many in one batch."""
    caller = doors.strongest
    if row not in TRPC_ROWS:
        return {await doors.ask(caller, row, ids) for ids in asked}
    batches = [asked[start : start + 20] for start in range(0, len(asked), 20)]
    answers = [await doors.ask_together(caller, [(row, ids) for ids in it]) for it in batches]
    return {answer for batch in answers for answer in batch}


async def both_digests(doors: Doors) -> list[dict[str, str]]:
    """Everything of both, but for our marks of spans: a span is marked before its key is found."""
    ours, theirs = [await doors.digests(realm, USED) for realm in (doors.ours, doors.theirs)]
    return [{**ours, "otel_mark": ""}, theirs]


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
async def test_no_cursor_of_others_is_of_use(doors: Doors, row: Row) -> None:
    foreign = cursor(await doors.ask(doors.stranger, row, doors.theirs.ids))
    own = cursor(await doors.ask(doors.strongest, row))
    other = next(each for each in PAGES if each.id_places != row.id_places)
    elsewhere = cursor(await doors.ask(doors.strongest, other))
    assert (await doors.ask(doors.strongest, row, after=own)).outcome == ALLOWED
    answers = {
        await doors.ask(doors.strongest, row, after=after)
        for after in (foreign, elsewhere, "x", foreign[::-1], own[:-4])
    }
    assert [answer.outcome for answer in answers] == ["BAD_USER_INPUT"]


def cursor(answer: Answer) -> str:
    """The only `endCursor` in an answer."""
    found = list(_find(answer.document, "endCursor"))
    assert len(found) == 1
    assert found[0]
    return str(found[0])


def _find(value: Any, name: str) -> list[Any]:
    if isinstance(value, list):
        return [found for each in value for found in _find(each, name)]
    if not isinstance(value, dict):
        return []
    return [value[name]] if name in value else _find(list(value.values()), name)


# ---- beside what is one's own


async def graphql(doors: Doors, caller: Caller, query: str, *said: str) -> Answer:
    return await doors.send(caller, "/graphql", orjson.dumps({"query": query}), list(said))


@pytest.mark.parametrize(
    "text",
    [
        "{{ a: project(id: {own}) {{ id }} b: project(id: {other}) {{ id name }} }}",
        "{{ a: node(id: {own}) {{ id }} b: node(id: {other}) {{ id }} }}",
        "mutation {{ a: removeBudgetLimit(input: {{projectId: {own}}}) {{ project {{ id }} }}"
        " b: removeBudgetLimit(input: {{projectId: {other}}}) {{ project {{ id }} }} }}",
        'mutation {{ setBudgetLimits(input: {{limits: [{{projectId: {own}, limitDollars: "1"}},'
        ' {{projectId: {other}, limitDollars: "1"}}]}})'
        " {{ results {{ userErrors {{ code }} }} }} }}",
    ],
    ids=["project", "node", "aliased mutation", "bulk"],
)
async def test_ones_own_lends_nothing_to_its_neighbours(doors: Doors, text: str) -> None:
    own, foreign = doors.ours.ids["near"], doors.theirs.ids["near"]
    before = await doors.digests(doors.theirs, USED)
    answers = set()
    for other in (foreign, doors.theirs.unknown("near"), doors.ours.unknown("near")):
        query = text.format(own=f'"{own}"', other=f'"{other}"')
        answers.add(await graphql(doors, doors.strongest, query, own, other))
    (answer,) = answers
    assert answer.outcome == NOT_FOUND
    assert answer.document["data"].get("a", answer) is not None
    assert await doors.digests(doors.theirs, USED) == before


async def test_of_many_events_only_ones_own_are_written(doors: Doors) -> None:
    before = await doors.digests(doors.theirs, USED)
    for foreign in (doors.theirs.ids["near"], doors.theirs.unknown("near")):
        events = [event(project) for project in (doors.ours.ids["near"], foreign)]
        answer = await doors.send(doors.strongest, "/v1/usage", orjson.dumps(events), [foreign])
        statuses = [result["status"] for result in answer.document["results"]]
        assert (statuses, answer.outcome) == (["RECORDED", "REJECTED"], NOT_FOUND)
    assert await doors.digests(doors.theirs, USED) == before


# ---- keys that callers choose


def event(project: str, **changes: Any) -> dict[str, Any]:
    said = {"eventKey": fresh(), "projectId": project, "model": PRICED, "inputTokens": 1}
    return said | changes


async def record(doors: Doors, caller: Caller, project: str, **changes: Any) -> dict[str, Any]:
    body = orjson.dumps([event(project, **changes)])
    said = [text for text in _texts(changes) if text]
    answer = await doors.send(caller, "/v1/usage", body, said)
    (result,) = answer.document["results"]
    return dict(result)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("what", ["event", "stream", "run", "parent", "job"])
async def test_keys_of_others_are_free(doors: Doors, what: str) -> None:
    word = doors.theirs.word
    said: dict[str, dict[str, Any]] = {
        "event": {"eventKey": f"{word}-e1"},
        "stream": {"stream": {"callKey": f"{word}-stream"}},
        "run": {"run": {"key": f"{word}-run"}},
        "parent": {"run": {"key": fresh(), "parentKey": f"{word}-parent"}},
        "job": {
            "run": {"key": f"{word}-run"},
            "job": {"key": f"{word}-job-1", "agentType": f"{word} agent"},
        },
    }
    before = await doors.digests(doors.theirs, USED)
    result = await record(doors, doors.strongest, doors.ours.ids["near"], **said[what])
    assert (result["status"], result["cost"]) == ("RECORDED", "0.000005")
    assert decode(result["transactionId"]).organization_id == doors.ours.organization_id
    assert await doors.digests(doors.theirs, USED) == before


async def test_a_run_of_others_is_not_found_by_its_key(doors: Doors) -> None:
    row = next(row for row in ROWS if "Query.pipelineRun" in row.covers)
    answers = {
        await doors.ask(doors.strongest, row, runKey=key)
        for key in (f"{doors.theirs.word}-parent-only", fresh(), "")
    }
    assert [answer.outcome for answer in answers] == [NOT_FOUND]


async def test_a_stream_of_a_project_out_of_reach_is_not_grown(doors: Doors) -> None:
    """Within the tenant: a role at one project writes nothing to its neighbour."""
    caller = next(caller for caller in doors.callers if caller.level == "another project")
    sibling = encode(ids.PROJECT, doors.ours.organization_id, doors.ours.world.sibling)
    before = await doors.digests(doors.ours, USED)
    key = f"{doors.ours.word}-stream"
    for tokens in (1, doors.ours.tokens, 2 * doors.ours.tokens):
        result = await record(
            doors,
            caller,
            sibling,
            stream={"callKey": key},
            inputTokens=tokens,
            run={"key": fresh()},
        )
        assert (result["status"], result["transactionId"], result["cost"]) == (
            "CONFLICT",
            None,
            None,
        )
        assert [error["field"] for error in result["userErrors"]] == [
            ["events", "0", "stream", "callKey"]
        ]
    assert await doors.digests(doors.ours, USED) == before
    own = {"callKey": f"{doors.ours.word}-sibling-stream"}
    grown = await record(doors, caller, sibling, stream=own, inputTokens=2 * doors.ours.tokens)
    assert grown["status"] == "RECORDED"


@pytest.mark.parametrize("how", ["attribute", "header"])
async def test_a_trace_names_no_project_of_others(doors: Doors, how: str) -> None:
    answers, before = set(), await both_digests(doors)
    for project in strangers_ids(doors, "near"):
        told = {PROJECT_ID: project} if how == "attribute" else {}
        headers = {HEADER: project} if how == "header" else {}
        body = orjson.dumps(document(make_span(chat(1, 1, **told))))
        answers.add(await doors.send(doors.strongest, "/v1/traces", body, [project], **headers))
    (answer,) = answers
    assert answer.outcome == NOT_FOUND
    assert await both_digests(doors) == before


async def test_a_span_of_others_is_billed_to_whoever_sends_it(doors: Doors) -> None:
    span = make_span(chat(1, 1, **{"gen_ai.response.id": fresh()}))
    answers = []
    for caller, realm in ((doors.stranger, doors.theirs), (doors.strongest, doors.ours)):
        headers = {HEADER: realm.ids["near"]}
        before = await doors.digests(realm, USED)
        body = orjson.dumps(document(span))
        answers.append(await doors.send(caller, "/v1/traces", body, [], **headers))
        assert (await doors.digests(realm, USED))["credit_transaction"] != before[
            "credit_transaction"
        ]
    assert answers[0] == answers[1]


# ---- counting


async def test_nothing_that_others_do_is_counted(doors: Doors) -> None:
    before = await graphql(doors, doors.strongest, TOTALS)
    theirs = await doors.digests(doors.theirs, USED)
    for row in ROWS:
        if any(place.startswith("Mutation.") for place in row.covers) and not row.leaver:
            answer = await doors.ask(doors.stranger, row, doors.theirs.ids)
            assert answer.outcome == ALLOWED, row.name
    await record(doors, doors.stranger, doors.theirs.ids["near"])
    assert await doors.digests(doors.theirs, USED) != theirs
    assert await graphql(doors, doors.strongest, TOTALS) == before
    own = await doors.owner.fetchval(
        "SELECT count(*) FROM project WHERE organization_id = $1", doors.ours.organization_id
    )
    assert before.document["data"]["crossProjectSummary"]["projectCount"] == own


async def test_a_role_given_by_strangers_moves_nobody(doors: Doors) -> None:
    """An ADMIN elsewhere who knows an address learns its person's name, and gets no more."""
    person = next(caller for caller in doors.callers if caller.name == "the OWNER's token")
    assert person.standing is Standing.OURS
    query = "{ organization { id } projects { nodes { id } } }"
    before, ours = await graphql(doors, person, query), await doors.digests(doors.ours, USED)
    address = await doors.owner.fetchval(
        "SELECT email FROM app_user WHERE id = $1", doors.ours.world.owner_id
    )
    given = await give_role(doors, address)
    assert given["user"]["name"] == f"{doors.ours.word} owner"
    await doors.ask(doors.stranger, update_row(), fresh="!!! the first by name")
    assert await graphql(doors, person, query) == before
    assert await doors.digests(doors.ours, USED) == ours


def update_row() -> Row:
    return next(row for row in ROWS if "Mutation.updateOrganization" in row.covers)


async def give_role(doors: Doors, address: str) -> dict[str, Any]:
    """A role given by the stranger; the answer tells the person's name, so it is not searched."""
    asked = f'grantMembership(input: {{email: "{address}", role: OWNER}})'
    query = f"mutation {{ {asked} {{ membership {{ user {{ name }} }} }} }}"
    headers = dict(doors.stranger.headers)
    response = await doors.client.post("/graphql", json={"query": query}, headers=headers)
    return dict(response.json()["data"]["grantMembership"]["membership"])
