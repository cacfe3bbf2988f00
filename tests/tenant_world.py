"""Two tenants with data of every kind, everybody who may knock at their doors, and what they own.

A tenant's every name holds its word, and its every id its organization, so that whatever of it an
answer holds is found there by a search for `marks`.
"""

import base64
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import jwt
from access_world import World, make_person, make_world

from api.auth import ORGANIZATION_HEADER
from models import ids
from models.access import Role, Scope
from models.admission import Granted, SpendRequest
from models.admission_queue import AdmissionQueue
from models.admission_writer import Admission
from models.api_key import create_key, make_secret, revoke_key
from models.billing import grant_bonus
from models.budget import set_limit
from models.cap import CapPeriod
from models.cap_change import CapSetting, set_cap
from models.cap_rule import CapScope
from models.db import Database
from models.event import JobRef, RunRef, RunStatus, UsageEvent
from models.ids import NIL, encode, uuid7
from models.ledger import Ledger
from models.level import Level
from models.membership import grant_role
from models.organization import rename_organization
from models.price_change import NewPrice, NewRate, set_price
from models.project import rename_project, set_project_owner
from models.repricing import Wanted, post_rehearsed, rehearse
from models.token import ReportedTokens
from models.workspace import create_workspace_group, rename_workspace, set_workspace_group

JWT_SECRET = "a shared secret of at least thirty-two bytes, for tokens of these tests"
ISSUER, AUDIENCE = "https://issuer.example", "aicost"
PRICED = "claude-opus-4-5-20251101"
# Where a credential may hold, by the name of its level; `first` and `near` are what is asked about.
LEVELS = {
    "organization": lambda world: Level(),
    "workspace": lambda world: Level(workspace_id=world.first),
    "project": lambda world: Level(project_id=world.near),
    "another project": lambda world: Level(project_id=world.sibling),
    "another workspace": lambda world: Level(workspace_id=world.second),
}


@dataclass(frozen=True)
class Realm:
    """A tenant. `ids` are public ids of one thing of every kind, by what it is called."""

    word: str
    world: World
    subject: str
    ids: dict[str, str]
    kinds: Mapping[str, str]
    leaver_id: UUID
    tokens: int
    marks: list[str] = field(default_factory=list)

    @property
    def organization_id(self) -> UUID:
        return self.world.organization_id

    @property
    def system(self) -> Scope:
        return self.world.system

    def unknown(self, name: str) -> str:
        """The id of a thing of the same kind that this organization does not have."""
        kind = self.kinds[name]
        return encode(kind, NIL if kind == ids.USER else self.organization_id, uuid7())


async def make_realm(database: Database, ledger: Ledger, word: str, tokens: int) -> Realm:
    """A tenant whose names hold `word`, and whose every call has `tokens` input tokens."""
    async with database.transaction() as connection:
        world = await make_world(connection)
        group = await _name_things(connection, world, word)
        subject = f"{word}-{uuid7()}"
        await connection.execute(
            "UPDATE app_user SET subject = $2, name = $3 WHERE id = $1",
            world.owner_id, subject, f"{word} owner",
        )  # fmt: skip
        await set_project_owner(connection, world.system, world.near, world.owner_id)
        leaver = await make_person(connection)
        await grant_role(connection, world.system, leaver, Role.VIEWER, world.level("project"))
        for dollars in (Decimal(5), Decimal(50)):
            await set_limit(connection, world.system, world.near, dollars)
            now = datetime.now(UTC)
            await grant_bonus(connection, world.system, dollars, f"{word} bonus", now=now)
        keys = [
            await create_key(
                connection,
                world.system,
                name=f"{word} {name} key",
                role=Role.VIEWER,
                level=world.level("project"),
            )
            for name in ("plain", "rotated", "ended")
        ]
    rows = await _spend(ledger, world, word, tokens)
    unpriced = f"UNPRICED_USAGE {datetime.now(UTC).date().replace(day=1)}"
    reserved = await _reserve(ledger, world, word)
    things = {
        "alert": (ids.ALERT, uuid5(world.organization_id, unpriced)),
        "organization": (ids.ORGANIZATION, world.organization_id),
        "group": (ids.WORKSPACE_GROUP, group),
        "first": (ids.WORKSPACE, world.first),
        "near": (ids.PROJECT, world.near),
        "budget": (ids.BUDGET, world.near),
        "key": (ids.API_KEY, keys[0].id),
        "rotated": (ids.API_KEY, keys[1].id),
        "ended": (ids.API_KEY, keys[2].id),
        "user": (ids.USER, world.owner_id),
        "leaver": (ids.USER, leaver),
    }
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT run_id, job_id FROM credit_transaction WHERE organization_id = $1 AND id = $2",
            world.organization_id, rows[0],
        )  # fmt: skip
    things |= {
        "transaction": (ids.TRANSACTION, rows[0]),
        "run": (ids.RUN, row["run_id"]),
        "job": (ids.JOB, row["job_id"]),
    } | await _price(database, world, word)
    things |= await _cap(database, world, things["run"][1])
    things |= {"reservation": (ids.RESERVATION, reserved)}
    realm = Realm(
        word,
        world,
        subject,
        {name: public(world, kind, id) for name, (kind, id) in things.items()},
        {name: kind for name, (kind, _) in things.items()},
        leaver,
        tokens,
    )
    realm.marks.extend(await _marks(database, realm))
    return realm


def public(world: World, kind: str, id: UUID) -> str:
    return encode(kind, NIL if kind == ids.USER else world.organization_id, id)


async def _name_things(connection: asyncpg.Connection, world: World, word: str) -> UUID:
    system = world.system
    await rename_organization(connection, system, f"{word} organization {uuid7()}")
    for id, name in ((world.first, "first"), (world.second, "second")):
        await rename_workspace(connection, system, id, f"{word} {name}")
    for id, name in ((world.near, "near"), (world.sibling, "sibling"), (world.far, "far")):
        await rename_project(connection, system, id, f"{word} {name}")
    group = await create_workspace_group(connection, system, f"{word} group")
    await set_workspace_group(connection, system, world.first, group)
    return group


async def _spend(ledger: Ledger, world: World, word: str, tokens: int) -> list[UUID]:
    """Entries of every project: priced and unpriced, with runs, jobs, a stream, and without."""
    now = datetime.now(UTC)
    parent = RunRef(f"{word}-parent", workflow=f"{word} flow", status=RunStatus.SUCCEEDED)
    run = RunRef(f"{word}-run", parent.key, f"{word} flow", "schedule")
    jobs = [JobRef(f"{word}-job-{n}", f"{word} agent", status=RunStatus.SUCCEEDED) for n in (1, 2)]

    def event(key: str, project: UUID = world.near, **changes: Any) -> UsageEvent:
        return UsageEvent(
            f"{word}-{key}",
            project,
            changes.pop("model", PRICED),
            ReportedTokens(input_tokens=tokens, output_tokens=7),
            now,
            "anthropic",
            **changes,
        )

    events = [
        event("e1", run=run, job=jobs[0], user_id=world.owner_id),
        event("e2", run=run, job=jobs[1]),
        event("e3", run=parent),
        event("e4", model=f"{word}-model"),
        event("e8", model=f"{word}-nameless"),
        event("e5", call_key=f"{word}-stream"),
        event("e6", world.sibling, call_key=f"{word}-sibling-stream"),
        event("e7", world.far),
    ]
    outcomes = await ledger.record(world.organization_id, events, now=now)
    recorded = [outcome.transaction_id for outcome in outcomes if outcome.transaction_id]
    assert len(recorded) == len(events)
    return recorded


async def _reserve(ledger: Ledger, world: World, word: str) -> UUID:
    """Money held for a run, and some more to give back; answers the first one's id."""
    queue = AdmissionQueue(Admission(ledger))
    wanted = [
        SpendRequest(
            f"{word}-{name}", world.near, f"{word}-run", amount=Decimal(1), ttl_seconds=80_000
        )
        for name in ("hold", "freed", "first")
    ]
    [held, *_] = [await queue.reserve(world.organization_id, request) for request in wanted]
    assert isinstance(held, Granted)
    return held.reservation_id


async def _cap(database: Database, world: World, run_id: UUID) -> dict[str, tuple[str, UUID]]:
    """Caps on a project and two runs; one of them is there to be taken away."""
    async with database.connection() as connection:
        parent_id = await connection.fetchval(
            "SELECT parent_id FROM pipeline_run WHERE organization_id = $1 AND id = $2",
            world.organization_id, run_id,
        )  # fmt: skip
    places = {
        "cap": (CapScope.PROJECT, world.near, CapPeriod.MONTH),
        "parentCap": (CapScope.RUN, parent_id, CapPeriod.RUN),
    }
    made = {
        name: (ids.CAP, await make_cap(database, world, *place)) for name, place in places.items()
    }
    return {**made, "gone": (ids.CAP, await cap_to_remove(database, world))}


async def cap_to_remove(database: Database, world: World) -> UUID:
    """A cap on the project `near`: the one that is there, or a new one."""
    return await make_cap(database, world, CapScope.PROJECT, world.near, CapPeriod.DAY)


async def make_cap(
    database: Database, world: World, scope: CapScope, target_id: UUID, period: CapPeriod
) -> UUID:
    setting = CapSetting(scope, target_id, period, Decimal(1_000))
    now = datetime.now(UTC)
    return await database.retry(partial(set_cap, scope=world.system, setting=setting, now=now))


async def _price(database: Database, world: World, word: str) -> dict[str, tuple[str, UUID]]:
    """A price of its own for the model that had none, and the repricing by it, rehearsed first."""
    now = datetime.now(UTC)
    rates = tuple(NewRate(name, Decimal(3)) for name in ("INPUT", "OUTPUT"))
    price = NewPrice("anthropic", f"{word}-model", now - timedelta(days=9), rates)
    async with database.transaction() as connection:
        [price_id, _] = await set_price(connection, world.system, price, now=now)
    wanted = Wanted(now - timedelta(days=1), now + timedelta(minutes=1))
    shown = await rehearse(database, world.system, wanted)
    posted = await post_rehearsed(database, world.system, wanted, shown.id)
    assert (shown.status, posted.status, len(posted.lines)) == ("DONE", "DONE", 1)
    return {
        "price": (ids.PRICE, price_id),
        "repricing": (ids.REPRICING, posted.id),
        "rehearsal": (ids.REPRICING, shown.id),
    }


async def _marks(database: Database, realm: Realm) -> list[str]:
    """Texts that no other tenant may ever be shown."""
    async with database.connection() as connection:
        people = await connection.fetch(
            "SELECT id, email FROM app_user JOIN user_organization ON user_id = id"
            " WHERE organization_id = $1",
            realm.organization_id,
        )
    # The organization's 16 bytes begin every public id: 21 characters of it whatever follows.
    start = base64.urlsafe_b64encode(realm.organization_id.bytes).decode()[:21]
    of_people = [
        text
        for person in people
        for text in (person["email"], str(person["id"]), encode(ids.USER, NIL, person["id"]))
    ]
    return [realm.word, start, str(realm.organization_id), str(realm.tokens), *of_people]


# ---- everybody who may knock


class Standing(Enum):
    """How somebody stands to the tenant that is asked about."""

    NOBODY = "no credential that holds"
    OURS = "of the tenant"
    STRANGER = "of another tenant"
    MISDIRECTED = "of another tenant, naming ours in the header"


@dataclass(frozen=True)
class Caller:
    """Somebody who asks: what they send, and the role that they hold at a level of `LEVELS`."""

    name: str
    standing: Standing
    headers: Mapping[str, str] = field(repr=False)
    role: Role | None = None
    level: str = ""
    hidden: tuple[str, ...] = ()

    def naming(self, organization: str) -> "Caller":
        """The same, naming another organization."""
        return replace(self, headers={**self.headers, ORGANIZATION_HEADER: organization})


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


def token(subject: str, *, secret: str = JWT_SECRET, age_seconds: int = 0) -> str:
    claims = {"sub": subject, "iss": ISSUER, "aud": AUDIENCE}
    return jwt.encode({**claims, "exp": int(time.time()) + 3600 - age_seconds}, secret)


async def make_callers(database: Database, ours: Realm, theirs: Realm) -> list[Caller]:
    async with database.transaction() as connection:
        return [
            *await _nobodies(connection, ours),
            *await _members(connection, ours),
            *await _strangers(connection, ours, theirs),
        ]


async def _secret(
    connection: asyncpg.Connection, realm: Realm, role: Role, level: str = "organization"
) -> tuple[UUID, str]:
    made = await create_key(
        connection,
        realm.system,
        name=f"{realm.word} {role.name} of {level}",
        role=role,
        level=LEVELS[level](realm.world),
    )
    return made.id, made.secret


async def _nobodies(connection: asyncpg.Connection, realm: Realm) -> list[Caller]:
    revoked_id, revoked = await _secret(connection, realm, Role.OWNER)
    await revoke_key(connection, realm.system, revoked_id)
    expired_id, expired = await _secret(connection, realm, Role.OWNER)
    await connection.execute(
        "UPDATE api_key SET expires_at = now() WHERE organization_id = $1 AND id = $2",
        realm.organization_id,
        expired_id,
    )
    headers = {
        "no credential": {},
        "garbage": bearer("x' OR 1=1 --"),
        "an unknown key": bearer(make_secret()),
        "a revoked key": bearer(revoked),
        "an expired key": bearer(expired),
        "an expired token": bearer(token(realm.subject, age_seconds=7200)),
        "a forged token": bearer(token(realm.subject, secret=JWT_SECRET[::-1])),
        "a token of nobody": bearer(token(str(uuid7()))),
    }
    return [Caller(name, Standing.NOBODY, sent) for name, sent in headers.items()]


async def _members(connection: asyncpg.Connection, realm: Realm) -> list[Caller]:
    world, word = realm.world, realm.word
    far = (f"{word} second", f"{word} far", public(world, ids.PROJECT, world.far))
    sibling = (f"{word} sibling", public(world, ids.PROJECT, world.sibling))
    near = (f"{word} near", realm.ids["near"], realm.ids["run"], realm.ids["transaction"])
    hidden = {
        "organization": (),
        "workspace": far,
        "project": far + sibling,
        "another project": near + far,
        "another workspace": (*near, *sibling, f"{word} first"),
    }
    held = [(role, level) for level in list(LEVELS)[:3] for role in Role]
    held += [(Role.OWNER, "another project"), (Role.OWNER, "another workspace")]
    callers = [Caller(
        "the OWNER's token", Standing.OURS, bearer(token(realm.subject)), Role.OWNER, "organization"
    )]  # fmt: skip
    for role, level in held:
        _, secret = await _secret(connection, realm, role, level)
        name = f"{role.name} of {level}"
        callers.append(
            Caller(name, Standing.OURS, bearer(secret), role, level, hidden[level])
        )  # fmt: skip
    return callers


async def _strangers(connection: asyncpg.Connection, ours: Realm, theirs: Realm) -> list[Caller]:
    _, secret = await _secret(connection, theirs, Role.OWNER)
    credentials = (("key", secret), ("token", token(theirs.subject)))
    strangers = [
        Caller(f"a stranger's {name}", Standing.STRANGER, bearer(credential))
        for name, credential in credentials
    ]
    misdirected = [
        Caller(f"a stranger's {name}, naming ours", Standing.MISDIRECTED, bearer(credential))
        for name, credential in credentials
    ]
    return strangers + [it.naming(ours.ids["organization"]) for it in misdirected]


# ---- what they own


async def digests(
    connection: asyncpg.Connection, realm: Realm, *, ignored: Iterable[str] = ()
) -> dict[str, str]:
    """A digest of every row of a tenant, by table: all tables that have `organization_id`.

    `ignored` are columns left out, such as the note of when a key was last used.
    """
    tables = await connection.fetch(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY table_name"
    )
    sources = {
        row["table_name"]: f"{row['table_name']} WHERE organization_id = $1" for row in tables
    }
    sources["organization"] = "organization WHERE id = $1"
    sources["app_user"] = (
        "app_user WHERE id IN (SELECT user_id FROM user_organization WHERE organization_id = $1)"
    )
    parts = [
        f"SELECT '{name}' AS name, count(*) || ':' || md5(coalesce(string_agg(line, chr(10)"
        f" ORDER BY line), '')) AS digest FROM"
        f" (SELECT (to_jsonb({name}) - $2::text[])::text AS line FROM {source}) AS lines"
        for name, source in sources.items()
    ]
    rows = await connection.fetch(" UNION ALL ".join(parts), realm.organization_id, list(ignored))
    return {row["name"]: row["digest"] for row in rows}
