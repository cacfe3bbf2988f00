"""Keys looked up together: shared, never older than the request, and each answered by itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from tenants import Tenant

from models import key_lookup
from models.access import KeyAccess, Role, Scope, key_accesses
from models.api_key import create_key, hash_secret, revoke_key
from models.db import Database
from models.key_lookup import KeyLookup


class Gate:
    """Stands before each look-up: counts them, and holds them until it is opened."""

    def __init__(self) -> None:
        self.asked: list[Sequence[bytes]] = []
        self.open = asyncio.Event()

    async def find(
        self, connection: asyncpg.Connection, hashes: Sequence[bytes]
    ) -> dict[bytes, KeyAccess]:
        self.asked.append(hashes)
        found = await key_accesses(connection, hashes)
        await self.open.wait()
        return found


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(key_lookup, "key_accesses", gate.find)
    return gate


async def make_key(database: Database, tenant: Tenant) -> tuple[Any, bytes]:
    async with database.transaction() as connection:
        scope = Scope.system(tenant.id)
        made = await create_key(connection, scope, name="k", role=Role.MEMBER)
    return made.id, hash_secret(made.secret)


async def test_those_who_wait_together_share_a_statement(
    database: Database, tenant: Tenant, gate: Gate
) -> None:
    (first_id, first), (second_id, second) = [await make_key(database, tenant) for _ in range(2)]
    gate.open.set()
    lookup = KeyLookup(database)
    asked = [first, second, b"?" * 32] * 20
    answers = await asyncio.gather(*(lookup.find(secret_hash) for secret_hash in asked))
    found = [access and access.scope.api_key_id for access in answers]
    assert found == [first_id, second_id, None] * 20
    assert gate.asked == [[first, second, b"?" * 32]]


async def test_a_key_that_was_revoked_opens_nothing_to_whoever_comes_afterwards(
    database: Database, tenant: Tenant, gate: Gate
) -> None:
    key_id, secret_hash = await make_key(database, tenant)
    lookup = KeyLookup(database)
    before = asyncio.create_task(lookup.find(secret_hash))
    while not gate.asked:  # noqa: ASYNC110 - the look-up is under way and has its answer
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)
    async with database.transaction() as connection:
        await revoke_key(connection, Scope.system(tenant.id), key_id)
    after = asyncio.create_task(lookup.find(secret_hash))
    await asyncio.sleep(0)
    gate.open.set()
    assert (await before) is not None
    assert (await after) is None
    assert len(gate.asked) == 2


async def test_a_caller_who_hangs_up_leaves_the_others_their_answer(
    database: Database, tenant: Tenant, gate: Gate
) -> None:
    _, secret_hash = await make_key(database, tenant)
    lookup = KeyLookup(database)
    waiting = [asyncio.create_task(lookup.find(secret_hash)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    gate.open.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1] == answers[2] != None  # noqa: E711 - both, and something


async def test_a_failure_is_told_to_all_who_waited_and_to_nobody_later(
    database: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret_hash = await make_key(database, tenant)
    lookup = KeyLookup(database)

    @asynccontextmanager
    async def away() -> AsyncIterator[asyncpg.Connection]:
        raise OSError("away")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(database, "connection", away)
        answers = await asyncio.gather(
            *(lookup.find(secret_hash) for _ in range(3)), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [OSError] * 3
    assert await lookup.find(secret_hash) is not None
