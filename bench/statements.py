"""The SQL behind a question: caught while its resolvers run, then run again on a bare connection.

Nothing is copied: what is compared with a request is what that request sends to PostgreSQL, the
look-up of the caller's key included. Buffers are those of the plan that a warm connection uses,
generic or not: EXPLAIN sees the same prepared statement with the same parameters.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import asyncpg
from questions import Question

from api.auth import Authenticator
from models.db import Database, sql
from resolvers.context import create_context
from resolvers.schema import schema

_PLAN_SETTLES_AFTER = 10  # PostgreSQL decides for or against a generic plan after five executions

_UPKEEP = {"DISCARD PLANS"}  # what a pool does once in a while, whatever is asked


@dataclass(frozen=True)
class Statement:
    """One statement with its parameters, and its name in models/sql, or models/ranking.py's."""

    name: str
    text: str
    parameters: tuple[Any, ...]


async def statements_of(dsn: str, secret: str, question: Question) -> list[Statement]:
    """What a request sends to PostgreSQL, in order."""
    database = Database(dsn, pool_size=1)  # one connection hears everything
    await database.start()
    heard: list[Statement] = []

    def hear(query: Any) -> None:
        if query.query in _UPKEEP:
            return
        heard.append(Statement(_name(query.query), query.query, tuple(query.args)))

    try:
        authenticator = Authenticator(database)
        await authenticator.authenticate(f"Bearer {secret}")
        await authenticator.close()  # the use of the key is noted once a minute, not now
        await _ask(database, authenticator, secret, question)  # asyncpg learns the types
        async with database.connection() as connection:
            connection.add_query_logger(hear)
        await _ask(database, authenticator, secret, question)
    finally:
        await database.close()
    return heard


async def _ask(
    database: Database, authenticator: Authenticator, secret: str, question: Question
) -> None:
    scope = await authenticator.authenticate(f"Bearer {secret}")
    context = create_context(database, scope, "benchmark")
    result = await schema.execute(
        question.document, variable_values=dict(question.variables), context_value=context
    )
    if result.errors:
        raise RuntimeError(f"{question.name}: {result.errors}")


async def bare_connection(dsn: str) -> asyncpg.Connection:
    """A connection with the settings of the server's own, and nothing around it."""
    return await asyncpg.connect(
        dsn=dsn,
        statement_cache_size=1000,
        server_settings={"timezone": "UTC", "jit": "off", "statement_timeout": "5000"},
    )


async def buffers_of(connection: asyncpg.Connection, statement: Statement) -> int:
    """Pages of PostgreSQL's cache that one execution touches, found there or read into it."""
    prepared = await connection.prepare(statement.text)
    for _ in range(_PLAN_SETTLES_AFTER):
        await prepared.fetch(*statement.parameters)
    arguments = [
        await _literal(connection, type_, value)
        for type_, value in zip(prepared.get_parameters(), statement.parameters, strict=True)
    ]
    call = f"({', '.join(arguments)})" if arguments else ""
    text = await connection.fetchval(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {prepared.get_name()}{call}"
    )
    plan = json.loads(text)[0]["Plan"]
    touched: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return touched


async def _literal(connection: asyncpg.Connection, type_: asyncpg.Type, value: Any) -> str:
    literal = await connection.fetchval(f"SELECT quote_nullable($1::{type_.name}::text)", value)
    return f"{literal}::{type_.name}"


def rows_by_name(
    statements: Sequence[Statement], rows: Sequence[list[asyncpg.Record]]
) -> dict[str, list[asyncpg.Record]]:
    """What the statements of each name returned."""
    found: dict[str, list[asyncpg.Record]] = {}
    for statement, returned in zip(statements, rows, strict=True):
        found.setdefault(statement.name, []).extend(returned)
    return found


def _name(text: str) -> str:
    return "ranking" if "ranked AS (" in text else _names()[text]


@cache
def _names() -> dict[str, str]:
    files = (resources.files("models") / "sql").iterdir()
    names = [file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql")]
    return {sql(name): name for name in names}
