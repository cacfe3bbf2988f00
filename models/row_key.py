"""Keys for rows that bear none: what they say, and the how-many-eth of that it is in its file.

So the same file gives the same keys again, also when it was renamed, grew at its end or changed its
order. Two files that hold the same row hold the same event; where they are different sources, a
prefix tells them apart.
"""

import hashlib
import sqlite3
from contextlib import closing
from types import TracebackType
from typing import Any

import orjson

_CACHE_KIBIBYTES = 16 * 1024
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{_CACHE_KIBIBYTES};
CREATE TABLE seen (digest BLOB PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
"""
_COUNT = """
INSERT INTO seen VALUES (?, 1)
ON CONFLICT (digest) DO UPDATE SET count = count + 1 RETURNING count
"""


class RowKeys:
    """Makes the keys of one file's rows, taken in order. Memory is bounded: SQLite counts."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> "RowKeys":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._database is not None:
            self._database.close()

    def key(self, row: Any) -> str:
        """The next row's key; a row is any JSON value."""
        if self._database is None:
            # An empty name is a private database on disk that is deleted when closed.
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.executescript(_SCHEMA)
            self._database.execute("BEGIN")
        content = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.blake2b(content, digest_size=16).digest()
        with closing(self._database.execute(_COUNT, (digest,))) as cursor:
            (place,) = cursor.fetchone()
        return f"{self._prefix}:{digest.hex()}-{place}"
