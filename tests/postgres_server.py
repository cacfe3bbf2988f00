"""The PostgreSQL server that tests run on, and empty databases on it.

With DATABASE_URL in the environment it is that server. Its user needs CREATEDB. A superuser also
gets the two roles of the application, made when missing; tests act as them by the `role` parameter
of the connection, so that no password is set on roles that may exist for other purposes. Without
that right, tests run with one role and `app_role` is None.

Without DATABASE_URL it is the embedded server, in a directory that is kept between runs so that
they start warm. It is as durable as in production. The workers of pytest-xdist share it.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import asyncpg

from models.postgres import EmbeddedServer, find_binaries
from models.postgres_cluster import ROLE_ATTRIBUTES

REPOSITORY = Path(__file__).resolve().parent.parent
OWNER_ROLE = "aicost_owner"
APP_ROLE = "aicost_app"


@dataclass(frozen=True)
class Server:
    """DSNs of one server as three roles; the database in them is any that exists.

    `app_role` is None when the application's role is the owner itself.
    """

    admin_dsn: str
    owner_dsn: str
    app_dsn: str
    app_role: str | None


@dataclass(frozen=True)
class FreshDatabase:
    """A database of one test's own, owned by the owner's role."""

    name: str
    admin_dsn: str
    owner_dsn: str
    app_dsn: str
    app_role: str | None


@contextmanager
def embedded_server() -> Iterator[Server]:
    explicit = os.environ.get("AICOST_PG_BIN")
    binaries = Path(explicit) if explicit else None
    # Data of one major version cannot be read by another, so each has its own directory.
    name = f"test-{find_binaries(binaries).major}" if binaries else "test"
    with EmbeddedServer(REPOSITORY / ".aicost" / name, binaries=binaries) as address:
        yield Server(address.admin_dsn, address.owner_dsn, address.app_dsn, APP_ROLE)


async def given_server(dsn: str) -> Server:
    """The server of DATABASE_URL, with the roles where its user may make them."""
    connection = await asyncpg.connect(dsn=dsn)
    try:
        if not await connection.fetchval("SELECT usesuper FROM pg_user WHERE usename = user"):
            return Server(dsn, dsn, dsn, None)
        for role in (OWNER_ROLE, APP_ROLE):
            if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
                await _create_role(connection, role)
    finally:
        await connection.close()
    return Server(dsn, _with(dsn, role=OWNER_ROLE), _with(dsn, role=APP_ROLE), APP_ROLE)


async def create_database(server: Server, *, template: str = "template0") -> FreshDatabase:
    """The process id in the name lets a later run tell who left a database behind."""
    name = f"test_{os.getpid()}_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(dsn=server.admin_dsn)
    try:
        owner = f"OWNER {OWNER_ROLE}" if server.app_role else ""
        await connection.execute(f"CREATE DATABASE {name} {owner} TEMPLATE {template}")
        await connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        if server.app_role:
            await connection.execute(
                f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {server.app_role}"
            )
    finally:
        await connection.close()
    return FreshDatabase(
        name,
        _with(server.admin_dsn, database=name),
        _with(server.owner_dsn, database=name),
        _with(server.app_dsn, database=name),
        server.app_role,
    )


async def drop_database(server: Server, name: str) -> None:
    """Connections that a test left open are closed by force."""
    connection = await asyncpg.connect(dsn=server.admin_dsn)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


async def drop_abandoned_databases(server: Server) -> None:
    """Remove what killed test runs left. Only for a server that this machine alone uses."""
    connection = await asyncpg.connect(dsn=server.admin_dsn)
    try:
        rows = await connection.fetch(
            r"SELECT datname FROM pg_database WHERE datname ~ '^test_\d+_[0-9a-f]{12}$'"
        )
    finally:
        await connection.close()
    for row in rows:
        if not _is_running(int(row["datname"].split("_")[1])):
            await drop_database(server, row["datname"])


async def _create_role(connection: asyncpg.Connection, role: str) -> None:
    # Another worker may have been quicker.
    with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        await connection.execute(f"CREATE ROLE {role} {ROLE_ATTRIBUTES}")


def _with(dsn: str, *, database: str | None = None, **parameters: str) -> str:
    """The DSN with another database, or with further parameters.

    Put together by hand: urlunsplit would make `postgresql:/name` of `postgresql:///name`.
    """
    parts = urlsplit(dsn)
    path = f"/{database}" if database else parts.path
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return f"{parts.scheme}://{parts.netloc}{path}" + (f"?{query}" if query else "")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
