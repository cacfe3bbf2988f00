"""The trace that acts of administration leave: who did what to what, before and after.

Written in the transaction of the act itself, never changed afterwards. Refused: secrets and their
hashes, in any value.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from models.access import Scope
from models.db import sql
from models.ids import uuid7

Values = Mapping[str, object]


async def record_act(
    connection: asyncpg.Connection,
    scope: Scope,
    action: str,
    subject: tuple[str, UUID],
    *,
    old: Values | None = None,
    new: Values | None = None,
) -> None:
    """Appends one act. `subject` is what it was done to: the name of its table, and its id."""
    kind, subject_id = subject
    await connection.execute(
        sql("audit_event_insert"),
        scope.organization_id,
        uuid7(),
        scope.user_id,
        scope.api_key_id,
        action,
        kind,
        subject_id,
        _json(old),
        _json(new),
    )


def _json(values: Values | None) -> str | None:
    return None if values is None else json.dumps(values, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in an audit event")
