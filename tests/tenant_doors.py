"""The real application on two tenants, knocked at over HTTP; every answer is searched for leaks.

No answer may hold anything of another tenant, of a part of the tenant that the caller does not see,
or of our insides: SQL, constraints, paths, traces.
"""

import itertools
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
from door import make_settings
from postgres_server import FreshDatabase
from tenant_table import ALLOWED, FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, Request, Row
from tenant_trpc import together
from tenant_world import (
    AUDIENCE,
    ISSUER,
    JWT_SECRET,
    Caller,
    Realm,
    Standing,
    cap_to_remove,
    digests,
    make_callers,
    make_realm,
    public,
)

from api import assembly
from api.errors import RENDERINGS
from api.settings import Settings
from models.access import Role
from models.db import Database
from models.ids import CAP
from models.ledger import Ledger
from models.membership import grant_role

INSIDES = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|asyncpg|postgres(ql)?://"
    r"|\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|RETURNING|WHERE)\b"
    r"|violates|duplicate key|constraint|syntax error|invalid input"
)
TRPC_CODES = {it.trpc_number: code for code, it in RENDERINGS.items()}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """What came back: `body` is without the request's id and without what was sent."""

    status: int
    body: str
    document: Any = field(compare=False, repr=False)

    @property
    def outcome(self) -> str:
        """The one code of what was refused, or that it was allowed."""
        codes = _codes(self.document)
        assert len(codes) <= 1, self.body
        return codes.pop() if codes else ALLOWED


@dataclass
class Doors:
    """The application, and what is needed to knock and to look behind."""

    client: httpx.AsyncClient
    owner: asyncpg.Connection
    database: Database
    ours: Realm
    theirs: Realm
    callers: list[Caller]
    constraints: re.Pattern[str]
    routes: list[Any]

    @property
    def strongest(self) -> Caller:
        return next(caller for caller in self.callers if caller.name == "OWNER of organization")

    @property
    def stranger(self) -> Caller:
        return next(caller for caller in self.callers if caller.standing is Standing.STRANGER)

    async def ask(
        self, caller: Caller, row: Row, ids: Mapping[str, str] | None = None, **texts: str | None
    ) -> Answer:
        """The answer to a row, asked about our tenant's things unless `ids` says otherwise."""
        await self.prepare(row)
        request, said = self._request(row, ids, texts)
        if request.method == "POST":
            return await self.send(caller, request.path, request.content, said)
        response = await self.client.get(request.path, headers=dict(caller.headers))
        answer = _answer(response, said)
        self.check_discretion(caller, row.name, answer)
        return answer

    async def ask_together(
        self, caller: Caller, asked: Sequence[tuple[Row, Mapping[str, str] | None]]
    ) -> list[Answer]:
        """The answers to rows of tRPC of one kind, asked in one batch."""
        requests = [self._request(row, ids, {}) for row, ids in asked]
        batch = together([request for request, _ in requests])
        response = await self.client.request(
            batch.method,
            batch.path,
            content=batch.content,
            headers={"content-type": "application/json", **caller.headers},
        )
        request_id = response.headers["x-request-id"]
        answers = [
            _answer_of(envelope, request_id, said)
            for envelope, (_, said) in zip(response.json(), requests, strict=True)
        ]
        for (row, _), answer in zip(asked, answers, strict=True):
            self.check_discretion(caller, row.name, answer)
        return answers

    async def prepare(self, row: Row) -> None:
        """Makes what a row takes away, where it is not there."""
        if row.leaver:
            await self.give_leaver_a_role(row.leaver)
        if "gone" in row.ids:
            gone = await cap_to_remove(self.database, self.ours.world)
            self.ours.ids["gone"] = public(self.ours.world, CAP, gone)

    def _request(
        self, row: Row, ids: Mapping[str, str] | None, texts: Mapping[str, str | None]
    ) -> tuple[Request, list[str]]:
        """What to send for a row, and which texts of it an answer may repeat."""
        word = (self.theirs if ids is self.theirs.ids else self.ours).word
        keys = {name: f"{word}-{name.removesuffix('Key')}" for name in ("runKey", "holdKey")}
        known = {"fresh": fresh(), "after": None, "freedKey": f"{word}-freed", **keys, **texts}
        sent = {**self.ours.ids, **(ids or {})}
        request = row.request(sent, known)
        return request, [*(sent[name] for name in row.ids), *filter(None, known.values())]

    async def get(self, caller: Caller, path: str, **parameters: str) -> Answer:
        """The answer to a GET."""
        headers = dict(caller.headers)
        response = await self.client.get(path, params=parameters, headers=headers)
        answer = _answer(response, [])
        self.check_discretion(caller, path, answer)
        return answer

    async def ask_in_vain(self, caller: Caller, row: Row) -> Answer:
        """The answer to the same about things, or an organization, that do not exist."""
        if caller.standing is Standing.MISDIRECTED:
            return await self.ask(caller.naming(self.ours.unknown("organization")), row)
        texts = {row.key: fresh()} if row.key else {}
        unknown = {name: self.ours.unknown(name) for name in row.ids}
        return await self.ask(caller, row, unknown, **texts)

    async def send(
        self, caller: Caller, path: str, content: bytes, said: list[str], **headers: str
    ) -> Answer:
        sent = {"content-type": "application/json", **caller.headers, **headers}
        response = await self.client.post(path, content=content, headers=sent)
        answer = _answer(response, said)
        self.check_discretion(caller, path, answer)
        return answer

    def check_discretion(self, caller: Caller, path: str, answer: Answer) -> None:
        """No answer holds what is of another tenant, hidden from the caller, or inside of us."""
        foreign = self.ours if caller.standing is not Standing.OURS else self.theirs
        for mark in (*foreign.marks, *caller.hidden):
            assert mark not in answer.body, (caller, path)
        assert not INSIDES.search(answer.body), answer.body
        assert not self.constraints.search(answer.body), answer.body

    async def give_leaver_a_role(self, level: str) -> None:
        async with self.database.transaction() as connection:
            realm = self.ours
            await grant_role(
                connection, realm.system, realm.leaver_id, Role.VIEWER, realm.world.level(level)
            )

    async def digests(self, realm: Realm, *ignored: str) -> dict[str, str]:
        return await digests(self.owner, realm, ignored=ignored)


def fresh() -> str:
    """A text that was never sent; an address too, where one is needed."""
    return f"fresh{next(_numbers)}@example.com"


def _answer(response: httpx.Response, said: list[str]) -> Answer:
    is_json = "json" in response.headers.get("content-type", "")
    document = orjson.loads(response.content) if is_json else None
    body = _without(response.text, response.headers["x-request-id"], said)
    headers = [response.headers.get(name) for name in ("content-type", "www-authenticate")]
    return Answer(response.status_code, f"{response.status_code} {headers} {body}", document)


def _answer_of(envelope: Any, request_id: str, said: list[str]) -> Answer:
    """The answer to one call of a batch."""
    status = envelope["error"]["data"]["httpStatus"] if "error" in envelope else 200
    body = _without(orjson.dumps(envelope).decode(), request_id, said)
    return Answer(status, f"{status} {body}", envelope)


def _without(body: str, request_id: str, said: list[str]) -> str:
    body = body.replace(request_id, "<request>")
    for text in sorted(said, key=len, reverse=True):
        # Short texts are looked for as whole values only: they are parts of any word.
        quote = '"' if len(text) < 9 else ""
        body = body.replace(f"{quote}{text}{quote}", f"{quote}<sent>{quote}")
    return body


def _codes(document: Any) -> set[str]:
    """The codes of every refusal in an answer of any door."""
    if isinstance(document, list):
        return set().union(*map(_codes, document))
    if not isinstance(document, dict):
        return set()
    if "partialSuccess" in document:
        told = document["partialSuccess"].get("errorMessage", "")
        return {NOT_FOUND if "no such" in told else FORBIDDEN} if told else set()
    if "message" in document and isinstance(document.get("code"), int):
        return _codes_by_number(document)
    code = document.get("extensions", document).get("code")
    own = {code} if isinstance(code, str) else set()
    return own.union(*map(_codes, document.values()))


def _codes_by_number(error: Any) -> set[str]:
    """Of a google.rpc.Status, whose numbers are small, or of a tRPC error."""
    if error["code"] > 0:
        return {{5: NOT_FOUND, 7: FORBIDDEN, 16: UNAUTHENTICATED}[error["code"]]}
    told = {each["code"] for each in error["data"].get("userErrors", ())}
    return told or {TRPC_CODES[error["code"]]}


@asynccontextmanager
async def open_doors(
    migrated: FreshDatabase, database: Database, ledger: Ledger
) -> AsyncIterator[Doors]:
    """The application as it is served, on two tenants."""
    settings = make_settings(
        DATABASE_URL=migrated.app_dsn,
        pool_size=4,
        jwt_secret=JWT_SECRET,
        jwt_issuer=ISSUER,
        jwt_audience=AUDIENCE,
        jwt_algorithms=("HS256",),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "load", lambda: settings)
        patch.setattr(assembly.logging, "configure", lambda _: None)
        app = assembly.application()
    ours = await make_realm(database, ledger, f"Quagga{next(_numbers)}", 7_654_321)
    theirs = await make_realm(database, ledger, f"Okapi{next(_numbers)}", 1_234_567)
    callers = await make_callers(database, ours, theirs)
    owner = await asyncpg.connect(dsn=migrated.owner_dsn)
    names = await owner.fetch(
        "SELECT conname AS name FROM pg_constraint UNION SELECT indexname FROM pg_indexes"
        " WHERE schemaname = 'public'"
    )
    constraints = re.compile(r"\b(" + "|".join(row["name"] for row in names) + r")\b")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client,
    ):
        yield Doors(client, owner, database, ours, theirs, callers, constraints, app.routes)
    await owner.close()
