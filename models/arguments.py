"""Values of a statement that is put together: each becomes a numbered parameter with its type.

The same text can be prepared and executed with the values, or, for COPY, which takes no parameters,
have them written in by the server itself as quoted literals. Refused: values written into SQL here.
"""

import re
from typing import Any

import asyncpg

_PLACE = re.compile(r"\$(\d+)::([a-z_]+(?:\[\])?)")


class Arguments:
    """The values of one statement, in the order of their parameters."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._kinds: list[str] = []

    def __call__(self, value: Any, kind: str) -> str:
        """What stands for the value in the statement: `$3::uuid`."""
        self.values.append(value)
        self._kinds.append(kind)
        return f"${len(self.values)}::{kind}"

    async def written_into(self, connection: asyncpg.Connection, statement: str) -> str:
        """The statement with every value as a literal of its type, quoted by the server."""
        columns = ", ".join(
            f"quote_nullable(${place}::{kind}::text)" for place, kind in enumerate(self._kinds, 1)
        )
        row = await connection.fetchrow(f"SELECT {columns}", *self.values)
        literals = tuple(row or ())
        return _PLACE.sub(
            lambda match: f"{literals[int(match[1]) - 1]}::{match[2]}",
            statement,
        )
