"""The table of who may do what at every door: a row for each thing that can be asked.

A row states only what the schema does not: where a thing stands, and what a nested field takes. The
rest is the permission that `resolvers/permissions.py` puts into the root field. What must have a
row is read out of the schema (`to_cover`), what a row covers out of its own document.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLObjectType,
    InlineFragmentNode,
    ListValueNode,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    parse,
    visit,
)
from otel_documents import chat, document, make_span
from tenant_world import PRICED, Caller, Standing

from models.access import Role
from models.otel_attribute import API_KEY_ID, PROJECT_ID, USER_ID
from resolvers.permissions import Permission
from resolvers.schema import Mutation, Query, schema

SCHEMA = schema._schema
TYPES = SCHEMA.type_map
ALLOWED, FORBIDDEN = "ALLOWED", "FORBIDDEN"
NOT_FOUND, UNAUTHENTICATED = "NOT_FOUND", "UNAUTHENTICATED"
# Places where a role given at a level counts, and places that are seen from it without a role.
REACH = {
    "organization": {"organization", "workspace", "project"},
    "workspace": {"workspace", "project"},
    "project": {"project"},
}
SEEN = {"project": {"workspace"}, "another project": {"workspace"}}
# Variables that are no ids, with their types.
TEXTS = {
    "fresh": "String!", "runKey": "String!", "after": "String", "holdKey": "String!",
    "freedKey": "String!",
}  # fmt: skip
Values = Mapping[str, str | None]


@dataclass(frozen=True)
class Request:
    """What goes over the wire, without a credential."""

    path: str
    content: bytes
    method: str = "POST"


@dataclass(frozen=True)
class Row:
    """One thing to ask.

    `place` is where it stands, `least` the least role there (None: whoever sees it), `hides`
    whether a lower role is not even told that it is there. `ids` are the names of the ids that it
    sends, `leaver` the level at which somebody has a role to lose before each asking. With `above`
    the role counts only where it was given above the place. `key` is the name of a text that means
    something of the tenant's own.
    """

    name: str
    covers: frozenset[str]
    ids: tuple[str, ...]
    id_places: frozenset[str]
    place: str
    least: Role | None
    request: Callable[[Mapping[str, str], Values], Request]
    hides: bool = False
    leaver: str = ""
    above: bool = False
    key: str = ""

    @property
    def pages(self) -> bool:
        """Whether it sends a cursor."""
        return any(name.endswith("(after)") for name in self.id_places)


def expected(row: Row, caller: Caller) -> str:
    """What somebody is answered."""
    if row.place == "nowhere":
        return ALLOWED
    if caller.standing is Standing.NOBODY:
        return UNAUTHENTICATED
    if caller.standing is Standing.MISDIRECTED:
        return NOT_FOUND
    if caller.standing is Standing.STRANGER:
        return NOT_FOUND if row.ids or row.key else ALLOWED
    held = caller.role if row.place in REACH.get(caller.level, ()) else None
    is_seen = held or row.place == "organization" or row.place in SEEN.get(caller.level, ())
    if row.place == "request" or (is_seen and row.least is None):
        return ALLOWED
    if not is_seen:
        return NOT_FOUND
    if row.above and caller.level == row.place:
        return FORBIDDEN
    if held is None or row.least is None or held < row.least:
        return NOT_FOUND if row.hides else FORBIDDEN
    return ALLOWED


def _permissions() -> Iterator[tuple[str, Permission]]:
    for root in (Query, Mutation):
        for field in root.__strawberry_definition__.fields:  # type: ignore[attr-defined]
            first, *rest = field.name.split("_")
            name = first + "".join(word.capitalize() for word in rest)
            yield name, field.metadata["permission"]


PERMISSIONS = dict(_permissions())
DECLARED: Any = object()


def asks(
    text: str, place: str = "", *, least: Role | None = DECLARED, name: str = "", **others: Any
) -> Row:
    """A row of GraphQL. `$x` in the text is an id, or one of `TEXTS`; all of them are declared."""
    root = text.replace("(", " ").split()[0]
    permission = PERMISSIONS[root]
    kind = "mutation" if root in TYPES["Mutation"].fields else "query"  # type: ignore[attr-defined]
    words = "".join(c if c.isalnum() or c == "$" else " " for c in text).split()
    names = tuple(dict.fromkeys(word[1:] for word in words if word.startswith("$")))
    declared = ", ".join(f"${each}: {TEXTS.get(each, 'ID!')}" for each in names)
    query = f"{kind}{f' ({declared})' if names else ''} {{ {text} }}"
    seen = _Places()
    info = TypeInfo(SCHEMA)
    visit(parse(query), TypeInfoVisitor(info, seen.bind(info)))

    def request(ids: Mapping[str, str], texts: Values) -> Request:
        values = {each: texts[each] if each in TEXTS else ids[each] for each in names}
        return Request("/graphql", orjson.dumps({"query": query, "variables": values}))

    return Row(
        name=name or seen.asked[-1],
        covers=frozenset(seen.asked),
        ids=tuple(each for each in names if each not in TEXTS),
        id_places=frozenset(seen.variables),
        place=place or permission.level,
        least=permission.role if least is DECLARED else least,
        request=request,
        key=next((each for each in names if each in ("holdKey", "freedKey")), ""),
        **others,
    )


class _Places(Visitor):
    """Notes fields as coordinates (`Query.project`, `Project.budget`) and where variables stand."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.variables: list[str] = []
        self._argument = ""

    def bind(self, info: TypeInfo) -> "_Places":
        self._info = info
        return self

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, field = self._info.get_parent_type(), self._info.get_field_def()
        assert parent is not None, node.name.value
        assert field is not None, f"{parent.name} has no field {node.name.value}"
        self._field = f"{parent.name}.{node.name.value}"
        if field.args or parent.name in ("Query", "Mutation"):
            self.asked.append(self._field)

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> None:
        self.asked.append(f"node({node.type_condition.name.value})")

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        if isinstance(node.value, VariableNode):
            self.variables.append(f"{self._field}({node.name.value})")

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        parent = self._info.get_parent_input_type()
        listed = node.value.values if isinstance(node.value, ListValueNode) else (node.value,)
        if any(isinstance(value, VariableNode) for value in listed):
            self.variables.append(f"{get_named_type(parent)}.{node.name.value}")


def to_cover() -> tuple[set[str], set[str]]:
    """What the schema has: fields that need a row, and places of ids and cursors."""
    fields, places = set(), set()
    for type_ in TYPES.values():
        if type_.name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                if field.args or type_.name in ("Query", "Mutation"):
                    fields.add(f"{type_.name}.{name}")
                places |= {
                    f"{type_.name}.{name}({argument})"
                    for argument, meaning in field.args.items()
                    if get_named_type(meaning.type).name == "ID" or argument in ("after", "before")
                }
        elif isinstance(type_, GraphQLInputObjectType):
            places |= {
                f"{type_.name}.{name}"
                for name, field in type_.fields.items()
                if get_named_type(field.type).name == "ID"
            }
    nodes = SCHEMA.get_possible_types(TYPES["Node"])  # type: ignore[arg-type]
    return fields | {f"node({type_.name})" for type_ in nodes}, places


# ---- what can be asked

MONEY = "totalCost totalTokens totalJobs unpricedTransactions"
PAGE = "pageInfo { endCursor hasNextPage }"
ERRORS = "userErrors { code message field }"
NAMED = "id name"
ORGANIZATION, WORKSPACE, PROJECT = "organization(id: $organization)", "workspace(id: $first)", (
    "project(id: $near)"
)  # fmt: skip
ENTRY = "id cost eventKey callKey model provider run { id key } apiKey { name } user { name }"
EXECUTION = "id cost totalTokens models workflow project { id name } run { id key }"
CALL_ROW = "id cost model provider inputTokens apiKey { name } project { name } run { key }"
RANGE = "range: {preset: LAST_7_DAYS}"
EVENT = f'eventKey: $fresh, model: "{PRICED}", inputTokens: 1'
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
DAYS = f'{{dates: {{first: "{TODAY}", last: "{TODAY}"}}}}'
RATES = ", ".join(f'{{tokenClass: {name}, dollarsPerMillion: "1"}}' for name in ("INPUT", "OUTPUT"))
REPRICED = "status difference lines { model }"
USED = f"{{range: {DAYS}, workspaceId: $first, projectId: $near}}"
CALL = f"projectId: $near, apiKeyId: $key, userId: $user, {EVENT}"

QUERIES = [
    asks(f"viewer {{ id user {{ name }} organization {{ {NAMED} }} organizations {{ {NAMED} }} }}"),
    asks(f"organization(id: $organization) {{ {NAMED} plan timeZone viewerRole today }}"),
    asks(f"organization {{ {NAMED} }}", name="organization, unnamed"),
    # A workspace is seen, too, by those who have but a project in it.
    asks(f"workspace(id: $first) {{ {NAMED} group {{ {NAMED} }} }}", "workspace", least=None),
    asks(f"project(id: $near) {{ {NAMED} owner {{ name }} budget {{ limit spent pct }} }}"),
    asks(f"projects(first: 1, after: $after) {{ nodes {{ {NAMED} }} {PAGE} }}"),
    asks(
        f"projects(filter: {{workspaceId: $first}}) {{ nodes {{ {NAMED} }} }}", "workspace",
        least=None, name="projects of a workspace",
    ),
    asks(
        f"projects(filter: {{ownerId: $user}}) {{ nodes {{ {NAMED} }} }}", "organization",
        least=None, name="projects of an owner",
    ),
    asks("pipelineRun(projectId: $near, key: $runKey) { id key workflow cost totalTokens }"),
    asks("agentTypes { agentType label }"),
    asks(f"monthlySummary(projectId: $near) {{ {MONEY} project {{ {NAMED} }} }}"),
    asks("monthlyTrend(projectId: $near) { cost totalTokens }"),
    asks("dailySpend(projectId: $near, days: 2) { cost totalTokens }"),
    asks(f"recentTransactions(projectId: $near) {{ {ENTRY} }}"),
    asks(f"crossProjectSummary {{ {MONEY} projectCount }}"),
    asks(f"crossProjectSummary {{ projects {{ project {{ {NAMED} }} cost }} }}"),
]  # fmt: skip
NODES = [
    asks(f"node(id: $organization) {{ id ... on Organization {{ {NAMED} }} }}", "organization",
         least=None),
    asks(f"node(id: $group) {{ id ... on WorkspaceGroup {{ {NAMED} }} }}", "organization",
         least=None),
    asks(f"node(id: $first) {{ id ... on Workspace {{ {NAMED} }} }}", "workspace", least=None),
    asks(f"node(id: $near) {{ id ... on Project {{ {NAMED} }} }}", "project"),
    asks(f"node(id: $user) {{ id ... on User {{ {NAMED} email }} }}", "organization", least=None),
    asks(f"node(id: $key) {{ id ... on ApiKey {{ {NAMED} prefix lastUsedAt }} }}", "project",
         least=Role.ADMIN, hides=True),
    asks("node(id: $run) { id ... on PipelineRun { key workflow cost parent { key } } }",
         "project"),
    asks("node(id: $job) { id ... on AgentJob { key cost run { key } } }", "project"),
    asks(f"node(id: $transaction) {{ id ... on CreditTransaction {{ {ENTRY} }} }}", "project"),
    asks("node(id: $price) { id ... on Price { model dollarsPerMillion } }", "organization",
         least=None),
    asks("node(id: $repricing) { id ... on Repricing { status difference lines { model } } }",
         "organization", least=Role.ADMIN, hides=True),
    asks("node(id: $alert) { id ... on Alert { message } }", "organization", least=Role.ADMIN,
         hides=True),
    asks("node(id: $budget) { id ... on Budget { limit spent updatedBy { name } } }", "project"),
]  # fmt: skip
OWN = "organization(id: $organization)"
NESTED = [
    asks(f"{OWN} {{ workspaces(first: 1, after: $after) {{ nodes {{ {NAMED} }} {PAGE} }} }}",
         "organization", least=None),
    asks(f"{OWN} {{ workspaceGroups(first: 1, after: $after) {{ nodes {{ {NAMED} }} {PAGE} }} }}",
         "organization", least=None),
    asks(f"{OWN} {{ members(first: 1, after: $after) {{ nodes {{ user {{ name email }} role }} "
         f"{PAGE} }} }}", "organization", least=Role.ADMIN),
    asks(f"{OWN} {{ apiKeys(first: 1, after: $after) {{ nodes {{ {NAMED} prefix }} {PAGE} }} }}",
         "organization", least=Role.ADMIN),
    asks(f"{OWN} {{ prices(first: 1, after: $after) {{ nodes {{ id model dollarsPerMillion }} "
         f"{PAGE} }} }}", "organization", least=None),
    asks(f"{OWN} {{ unpricedModels(first: 1, after: $after) {{ nodes {{ model totalTokens }} "
         f"{PAGE} }} }}", "organization", least=Role.ADMIN),
    asks(f"{OWN} {{ crossProjectSummary {{ {MONEY} projectCount }} }}", "organization",
         least=None),
    asks(f"{OWN} {{ billing {{ plan creditsPerDollar includedDollars cycleAnchorDay }} }}",
         "organization", least=Role.ADMIN, name="billing"),
    asks(f"{OWN} {{ billing {{ grants(first: 1, after: $after) {{ nodes {{ credits reason }} "
         f"{PAGE} }} }} }}", "organization", least=Role.ADMIN),
    asks(f"{OWN} {{ alerts {{ kind message project {{ {NAMED} }} }} }}", "organization",
         least=Role.ADMIN, name="alerts"),
    asks(f"{OWN} {{ creditUsage {{ used average: averagePerDay projectedTotal }} }}",
         "organization", least=Role.ADMIN, name="creditUsage"),
    asks(f"{OWN} {{ usageSeries(range: {DAYS}, granularity: HOUR) {{ total lines {{ surface "
         "points { amount } } } }", "organization", least=Role.ADMIN),
    asks(f"{OWN} {{ topWorkspaces(first: 1, after: $after) {{ nodes {{ amount workspace {{ "
         f"{NAMED} }} }} {PAGE} }} }}", "organization", least=Role.ADMIN),
    asks(f"{OWN} {{ topWorkspaceGroups(first: 1, after: $after) {{ nodes {{ amount group {{ "
         f"{NAMED} }} }} {PAGE} }} }}", "organization", least=Role.ADMIN),
    asks(f"{OWN} {{ topUsers(first: 1, after: $after) {{ nodes {{ amount user {{ {NAMED} email }} "
         f"}} {PAGE} }} }}", "organization", least=Role.ADMIN),
    asks("workspace(id: $first) { usageBar { usedPct showsUpgrade } }", "workspace",
         least=Role.VIEWER, name="usageBar"),
    asks(f"{OWN} {{ tokenUsage(filter: {USED}) {{ id cost totalTokens models "
         "breakdown(sort: MODEL) { model cost } } }", "organization", least=Role.ADMIN,
         name="tokenUsage"),
    asks(f"{OWN} {{ tokenUsageComparison(base: {USED}, other: {{range: {DAYS}}}) {{ costChange "
         "other { models breakdown { model cost } } } }", "organization", least=Role.ADMIN,
         name="tokenUsageComparison"),
    asks(f"workspace(id: $first) {{ projects(first: 1, after: $after) {{ nodes {{ {NAMED} }} "
         f"{PAGE} }} }}", "workspace", least=None),
    asks(f"workspace(id: $first) {{ usageEntries({RANGE}, first: 1, after: $after) {{ nodes {{ "
         f"{EXECUTION} }} {PAGE} }} }}", "workspace", least=None),
    asks(f"workspace(id: $first) {{ usageEntries({RANGE}, last: 1, before: $after) {{ nodes {{ "
         f"{EXECUTION} }} {PAGE} }} }}", "workspace", least=None, name="usageEntries backward"),
    asks(f"project(id: $near) {{ workspace {{ usageEntries({RANGE}, filter: {{projectIds: [$near]}}"
         f") {{ nodes {{ {EXECUTION} }} }} }} }}", name="usageEntries of a project"),
    asks(f"workspace(id: $first) {{ usageFilterOptions({RANGE}) {{ workflows triggers models "
         f"projects {{ {NAMED} }} }} }}", "workspace", least=None),
    asks(f"workspace(id: $first) {{ apiCalls(first: 1, after: $after) {{ nodes {{ {CALL_ROW} }} "
         f"{PAGE} }} }}", "workspace", least=Role.ADMIN),
    asks(f"workspace(id: $first) {{ apiCalls(last: 1, before: $after) {{ nodes {{ {CALL_ROW} }} "
         f"{PAGE} }} }}", "workspace", least=Role.ADMIN, name="apiCalls backward"),
    asks(f"workspace(id: $first) {{ apiCalls(filter: {{apiKeyIds: [$key]}}) {{ nodes {{ {CALL_ROW} "
         "} } }", "workspace", least=Role.ADMIN, name="apiCalls of a key"),
    asks("workspace(id: $first) { apiKeyUsage { id totals { cost totalTokens } keys { cost "
         "apiKey { name } } models { model cost } hours { cost } } }", "workspace",
         least=Role.ADMIN),
    asks(f"workspace(id: $first) {{ apiKeys(first: 1, after: $after) {{ nodes {{ {NAMED} prefix }} "
         f"{PAGE} }} }}", "workspace", least=Role.ADMIN),
    asks(f"project(id: $near) {{ monthlySummary {{ {MONEY} }} }}"),
    asks("project(id: $near) { monthlySummary { topRuns { runId run { key } cost } } }"),
    asks("project(id: $near) { monthlyTrend { cost } }"),
    asks("project(id: $near) { dailySpend(days: 2) { cost } }"),
    asks(f"project(id: $near) {{ recentTransactions {{ {ENTRY} }} }}"),
    asks(f"project(id: $near) {{ transactions(first: 1, after: $after) {{ nodes {{ {ENTRY} }} "
         f"{PAGE} }} }}"),
    asks("project(id: $near) { transactions(filter: {runId: $run}) { nodes { eventKey cost } } }",
         name="transactions of a run"),
    asks(f"project(id: $near) {{ pipelineRuns(first: 1, after: $after) {{ nodes {{ id key cost }} "
         f"{PAGE} }} }}"),
    asks("node(id: $run) { ... on PipelineRun { jobs(first: 1, after: $after) { nodes { key cost } "
         f"{PAGE} }} }} }}", "project"),
    asks("project(id: $near) { budget { changes(first: 1, after: $after) { nodes { oldLimit "
         f"changedBy {{ name }} }} {PAGE} }} }} }}"),
]  # fmt: skip
CHANGES = [
    asks(f'setBudgetLimit(input: {{projectId: $near, limitDollars: "5"}}) {{ budget {{ limit }} '
         f"project {{ {NAMED} }} {ERRORS} }}"),
    asks(f"removeBudgetLimit(input: {{projectId: $near}}) {{ project {{ {NAMED} }} {ERRORS} }}"),
    asks('setBudgetLimits(input: {limits: [{projectId: $near, limitDollars: "5"}]}) { results {'
         f" projectId budget {{ limit }} {ERRORS} }} {ERRORS} }}"),
    asks(f"recordUsage(input: {{events: [{{{CALL}}}]}}) {{ results {{ status cost {ERRORS} }} "
         f"{ERRORS} }}"),
    asks("createDownload(input: {usageEntries: {workspaceId: $first, range: {preset: TODAY}}}) { "
         f"expiresAt {ERRORS} }}", "workspace", least=None, name="createDownload of executions"),
    asks("createDownload(input: {apiCalls: {workspaceId: $first, range: {preset: TODAY}}}) { "
         f"expiresAt {ERRORS} }}", "workspace", least=Role.ADMIN, name="createDownload of calls"),
    asks("recordRun(input: {projectId: $near, run: {key: $fresh, parentKey: $runKey}}) { run { key "
         f"parent {{ id }} }} {ERRORS} }}"),
    asks("setPrice(input: {organizationId: $organization, provider: \"anthropic\", model: $fresh, "
         f'startsAt: "{TODAY}T00:00:00Z", rates: [{RATES}]}}) {{ prices {{ model }} {ERRORS} }}'),
    asks(f"repriceUsage(input: {{organizationId: $organization, range: {DAYS}, dryRun: true}}) {{ "
         f"repricing {{ {REPRICED} }} {ERRORS} }}"),
    asks(f"repriceUsage(input: {{organizationId: $organization, range: {DAYS}, dryRun: false, "
         f"afterDryRunId: $rehearsal}}) {{ repricing {{ {REPRICED} }} {ERRORS} }}",
         name="repriceUsage after a rehearsal"),
    asks(f"updateOrganization(input: {{name: $fresh}}) {{ organization {{ {NAMED} }} {ERRORS} }}"),
    asks('updateBilling(input: {plan: "starter", includedDollars: "1000"}) { organization { plan } '
         f"{ERRORS} }}", least=Role.OWNER),
    asks('grantCredits(input: {key: $fresh, credits: "5", reason: "referral"}) { isDuplicate '
         f"organization {{ id }} {ERRORS} }}", least=Role.OWNER),
    asks(f"createWorkspace(input: {{name: $fresh}}) {{ workspace {{ {NAMED} }} {ERRORS} }}"),
    asks("renameWorkspace(input: {workspaceId: $first, name: $fresh}) { workspace { id } "
         f"{ERRORS} }}"),
    asks(f"createWorkspaceGroup(input: {{name: $fresh}}) {{ workspaceGroup {{ {NAMED} }} "
         f"{ERRORS} }}"),
    asks("renameWorkspaceGroup(input: {workspaceGroupId: $group, name: $fresh}) { workspaceGroup { "
         f"id }} {ERRORS} }}"),
    asks("setWorkspaceGroup(input: {workspaceId: $first, workspaceGroupId: $group}) { workspace { "
         f"id }} {ERRORS} }}"),
    asks(f"unsetWorkspaceGroup(input: {{workspaceId: $first}}) {{ workspace {{ id }} {ERRORS} }}"),
    asks("createProject(input: {workspaceId: $first, name: $fresh}) { project { id } "
         f"{ERRORS} }}"),
    asks("createProject(input: {workspaceId: $first, name: $fresh, ownerId: $user}) { project { id "
         f"owner {{ name }} }} {ERRORS} }}", least=Role.OWNER, name="createProject for somebody"),
    asks(f"renameProject(input: {{projectId: $near, name: $fresh}}) {{ project {{ id }} {ERRORS} "
         "}"),
    asks("setProjectOwner(input: {projectId: $near, ownerId: $user}) { project { id owner { name } "
         f"}} {ERRORS} }}"),
    asks(f"renameApiKey(input: {{apiKeyId: $key, name: $fresh}}) {{ apiKey {{ id }} {ERRORS} }}",
         "project"),
    asks(f"rotateApiKey(input: {{apiKeyId: $rotated}}) {{ apiKey {{ {NAMED} }} {ERRORS} }}",
         "project"),
    asks(f"revokeApiKey(input: {{apiKeyId: $ended}}) {{ apiKey {{ {NAMED} }} {ERRORS} }}",
         "project"),
]  # fmt: skip
LEVELS = {
    "organization": "", "workspace": ", workspaceId: $first", "project": ", projectId: $near",
}  # fmt: skip
for _place, _at in LEVELS.items():
    _granted = f"membership {{ role user {{ name }} }} {ERRORS}"
    _made = f"apiKey {{ {NAMED} }} {ERRORS}"
    CHANGES += [
        asks(f"grantMembership(input: {{email: $fresh, role: {_role.name}{_at}}}) {{ {_granted} }}",
             _place, least=_least, name=f"grantMembership of {_role.name} at {_place}")
        for _role, _least in ((Role.VIEWER, Role.ADMIN), (Role.OWNER, Role.OWNER))
    ]  # fmt: skip
    CHANGES += [
        asks(f"createApiKey(input: {{name: $fresh, role: {_role.name}{_at}}}) {{ {_made} }}",
             _place, least=_least, name=f"createApiKey of {_role.name} at {_place}")
        for _role, _least in ((Role.VIEWER, Role.ADMIN), (Role.OWNER, Role.OWNER))
    ]  # fmt: skip
    CHANGES.append(
        asks(f"revokeMembership(input: {{userId: $leaver{_at}}}) {{ user {{ id }} {ERRORS} }}",
             _place, name=f"revokeMembership at {_place}", leaver=_place)
    )  # fmt: skip


# ---- the doors beside GraphQL


def _event(ids: Mapping[str, str], texts: Values) -> Request:
    event = {
        "eventKey": texts["fresh"],
        "projectId": ids["near"],
        "apiKeyId": ids["key"],
        "userId": ids["user"],
        "model": PRICED,
        "inputTokens": 1,
    }
    return Request("/v1/usage", orjson.dumps([event]))


def _trace(ids: Mapping[str, str], texts: Values) -> Request:
    told = {PROJECT_ID: ids["near"], API_KEY_ID: ids["key"], USER_ID: ids["user"]}
    nanos = int(datetime.now(UTC).timestamp()) * 1_000_000_000
    call = chat(1, 1, **{"gen_ai.response.id": texts["fresh"]}, **told)
    span = make_span(call, start_nanos=nanos, end_nanos=nanos + 1)
    return Request("/v1/traces", orjson.dumps(document(span)))


def _door(path: str, request: Callable[[Mapping[str, str], Values], Request]) -> Row:
    covers, ids = frozenset({path}), ("near", "key", "user")
    return Row(path, covers, ids, frozenset(), "project", Role.MEMBER, request)


def _billing(name: str, least: Role | None = None) -> Row:
    """A door below `/api/billing`, which is asked about a workspace."""
    path = f"/api/billing/{name}"

    def request(ids: Mapping[str, str], _texts: Values) -> Request:
        asked = {"workspaceId": ids["first"], "preset": "7d"}
        return Request(f"{path}?{urlencode(asked)}", b"", "GET")

    covers = frozenset({path})
    return Row(path, covers, ("first",), frozenset(), "workspace", least, request)


DOORS = [
    _door("/v1/usage", _event), _door("/v1/traces", _trace), _billing("usage"),
    _billing("usage/export"), _billing("focus/export"),
    _billing("api-calls/export", Role.ADMIN),
]  # fmt: skip
# Routes that say the same to everybody, and nothing about anybody.
OPEN = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
# Asked with no credential but an address that works once: tests/test_api_download.py.
BY_ADDRESS = {"/api/billing/download"}
ROWS = [*QUERIES, *NODES, *NESTED, *CHANGES, *DOORS]
