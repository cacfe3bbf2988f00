"""Rows of the tenant table for caps, reservations and rehearsals: see `tenant_table.py`."""

from tenant_table import ERRORS, OWN, PAGE, asks
from tenant_world import PRICED

from models.access import Role

# What a cap limits: its scope, which of the tenant's things, and where that stands.
SCOPES = (
    ("ORGANIZATION", "organization", "organization"),
    ("WORKSPACE_GROUP", "group", "organization"),
    ("WORKSPACE", "first", "workspace"),
    ("PROJECT", "near", "project"),
    ("RUN", "run", "project"),
    ("API_KEY", "key", "project"),
    ("USER", "user", "organization"),
)
HELD = "id key held project { id }"

QUERIES = [
    asks(f"rehearseCap(input: {{scope: {scope}, scopeId: ${id}, period: MONTH, limit: 0, "
         "range: {preset: THIS_MONTH}}) { blockedCalls blockedAmount strikes { struckAt } }",
         place, hides=scope == "API_KEY", name=f"rehearseCap of {scope}")
    for scope, id, place in SCOPES
] + [
    asks(f"reservation(key: $holdKey) {{ {HELD} }}"),
    asks("node(id: $cap) { id ... on Cap { limit spent target { __typename } } }", "project"),
    asks("node(id: $reservation) { id ... on Reservation { key held caps { limit } } }",
         "project"),
    asks(f"{OWN} {{ caps(first: 1, after: $after) {{ nodes {{ id limit }} {PAGE} }} }}",
         "organization", least=None),
    asks("organization { caps(filter: {targetId: $near}) { nodes { limit } } }", "project",
         least=Role.VIEWER, name="caps of a project"),
    asks("organization { caps(filter: {appliesToProjectId: $near}) { nodes { limit } } }",
         "project", least=Role.VIEWER, name="caps that apply to a project"),
    asks(f"{OWN} {{ reservations(first: 1, after: $after) {{ nodes {{ {HELD} }} {PAGE} }} }}",
         "organization", least=None),
    asks("organization { reservations(filter: {projectId: $near, runId: $run}) { nodes { key } } }",
         "project", least=Role.VIEWER, name="reservations of a run"),
]  # fmt: skip
CHANGES = [
    asks(f"setCap(input: {{scope: {scope}, scopeId: ${id}, period: MONTH, limit: 900, action: "
         f"WARN}}) {{ cap {{ id limit }} {ERRORS} }}", place, name=f"setCap of {scope}",
         least=Role.OWNER if scope == "ORGANIZATION" else Role.ADMIN,
         above=scope in ("WORKSPACE", "PROJECT"), hides=scope == "API_KEY")
    for scope, id, place in SCOPES
] + [
    asks("setCap(input: {scope: RUN, scopeId: $run, period: RUN, limit: 1, allowanceOfCapId: "
         f"$parentCap}}) {{ cap {{ id }} {ERRORS} }}", "project", least=Role.ADMIN,
         name="setCap of an allowance"),
    asks(f"removeCap(input: {{capId: $gone}}) {{ removedCapId {ERRORS} }}", "project",
         least=Role.ADMIN, above=True),
    asks("reserveSpend(input: {key: $fresh, projectId: $near, apiKeyId: $key, userId: $user, "
         f'amount: "0.01"}}) {{ ... on SpendGranted {{ reservation {{ {HELD} }} }} '
         f"... on SpendRejected {{ {ERRORS} }} }}"),
    asks("settleReservation(input: {key: $holdKey, final: false, event: {eventKey: $fresh, model: "
         f'"{PRICED}", inputTokens: 1}}}}) {{ reservation {{ {HELD} }} {ERRORS} }}'),
    asks(f"releaseReservation(input: {{key: $freedKey}}) {{ reservation {{ id }} {ERRORS} }}"),
    asks("extendReservation(input: {key: $holdKey, ttlSeconds: 80000}) { reservation { id } "
         f"{ERRORS} }}"),
]  # fmt: skip
ROWS = [*QUERIES, *CHANGES]
