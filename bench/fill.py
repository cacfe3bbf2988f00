"""Ledgers of given sizes, each in a database of its own that is kept between runs.

A database is marked as good only when `verify` finds no difference between ledger and rollups, and
is made anew when the schema or the way of filling has changed since. Refused: measuring anything
that is not so marked.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
from load import load_year

from models.db import Database
from models.migration import migrate
from models.postgres import Address
from models.rollup_check import verify

_REPOSITORY = Path(__file__).resolve().parent.parent
_SOURCES = (
    *("migrations/sql/*.sql", "models/rollup.py"),
    *(f"bench/{name}.py" for name in ("keys", "load", "tenancy", "usage")),
)
_OWNER, _APP = "aicost_owner", "aicost_app"
Say = Callable[[str], object]


@dataclass(frozen=True)
class Server:
    """DSNs of one server by role, to any database; one role for all when `has_roles` is false."""

    admin_dsn: str
    owner_dsn: str
    app_dsn: str
    has_roles: bool

    @classmethod
    def embedded(cls, address: Address) -> "Server":
        return cls(address.admin_dsn, address.owner_dsn, address.app_dsn, has_roles=True)

    @classmethod
    def given(cls, dsn: str) -> "Server":
        """The server of DATABASE_URL, whose user may make databases."""
        return cls(dsn, dsn, dsn, has_roles=False)


@dataclass(frozen=True)
class Ledger:
    """A filled database: where it is, and what in it is asked about."""

    entry_count: int
    dsn: str
    organization_id: UUID
    big_project_id: UUID
    median_project_id: UUID


@dataclass(frozen=True)
class _Mark:
    """Kept as the database's comment: that it is whole, and what made it."""

    fingerprint: str
    organization_id: str
    big_project_id: str
    median_project_id: str


async def have_ledger(server: Server, entry_count: int, say: Say) -> Ledger:
    """The ledger of this size, filled now unless a good one is there."""
    name = f"bench_{entry_count}"
    app_dsn = with_database(server.app_dsn, name)
    admin = await asyncpg.connect(dsn=server.admin_dsn)
    try:
        mark = await _read_mark(admin, name)
        if mark is None or mark.fingerprint != _fingerprint():
            say(f"Filling a ledger of {entry_count:,} entries")
            await create_database(admin, name, server)
            mark = await _fill(
                with_database(server.owner_dsn, name), app_dsn, server, entry_count, say
            )
            await _write_mark(admin, name, mark)
            if await admin.fetchval("SELECT usesuper FROM pg_user WHERE usename = current_user"):
                await admin.execute("CHECKPOINT")  # else it would fall into the measuring
    finally:
        await admin.close()
    ids = (mark.organization_id, mark.big_project_id, mark.median_project_id)
    return Ledger(entry_count, app_dsn, *map(UUID, ids))


async def _fill(owner_dsn: str, app_dsn: str, server: Server, entry_count: int, say: Say) -> _Mark:
    began = time.monotonic()

    def timed(text: str) -> None:
        say(f"  {time.monotonic() - began:6.1f} s  {text}")

    await migrate(owner_dsn, app_role=_APP if server.has_roles else None)
    organization_id, big, median = await load_year(owner_dsn, entry_count, timed)
    checked = 0
    for project_id in (big, median):
        checked += await _verify(app_dsn, organization_id, project_id)
    timed(f"verified: {checked:,} entries of two projects, their rollups without a difference")
    return _Mark(_fingerprint(), str(organization_id), str(big), str(median))


async def _verify(app_dsn: str, organization_id: UUID, project_id: UUID) -> int:
    """How many entries were checked; raises when a rollup or an entry's cost is not right."""
    database = Database(app_dsn, statement_timeout_seconds=0)
    await database.start()
    try:
        report = await verify(database, organization_id, project_id=project_id)
    finally:
        await database.close()
    if not report.is_clean or not report.entries_checked:
        raise RuntimeError(
            f"{report.differences} rows of rollups and {report.entries_wrong} of"
            f" {report.entries_checked} entries of a project are wrong: {report.shown}"
        )
    return report.entries_checked


async def create_database(
    admin: asyncpg.Connection, name: str, server: Server, template: str = "template0"
) -> None:
    """Makes a database, empty or a copy of another, in place of the one that had the name."""
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    owner = f"OWNER {_OWNER}" if server.has_roles else ""
    await admin.execute(f"CREATE DATABASE {name} {owner} TEMPLATE {template}")
    if server.has_roles:
        await admin.execute(f"GRANT CONNECT ON DATABASE {name} TO {_APP}")


async def _read_mark(admin: asyncpg.Connection, name: str) -> _Mark | None:
    text = await admin.fetchval(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", name
    )
    return None if text is None else _Mark(**json.loads(text))


async def _write_mark(admin: asyncpg.Connection, name: str, mark: _Mark) -> None:
    text = await admin.fetchval("SELECT quote_literal($1)", json.dumps(asdict(mark)))
    await admin.execute(f"COMMENT ON DATABASE {name} IS {text}")


def _fingerprint() -> str:
    files = sorted(path for pattern in _SOURCES for path in _REPOSITORY.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def with_database(dsn: str, name: str) -> str:
    """The DSN with another database; urlunsplit would lose the slashes of an empty host."""
    head, mark, query = dsn.partition("?")
    scheme, _, place = head.partition("://")
    return f"{scheme}://{place.partition('/')[0]}/{name}{mark}{query}"
