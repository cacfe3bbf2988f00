"""FOCUS as a Parquet file: the rows of `focus.py` with their types, some at a time.

Takes pyarrow, which is an optional extra: everything else works without it. Refused: whole exports
in memory.
"""

import asyncio
from collections.abc import Sequence
from typing import IO, Any

import asyncpg

from models.errors import BadInputError
from models.focus import DECIMALS, INSTANTS, FocusExport

_ROWS_AT_A_TIME = 20_000
_DIGITS, _SCALE = 38, 18


def require_pyarrow() -> Any:
    """The library; raises BadInputError with what to do when it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        message = (
            "Parquet takes pyarrow: install aicost with its extra, `pip install '.[parquet]'`."
        )
        raise BadInputError(message, field=("format",)) from error
    return pyarrow


async def write_parquet(
    connection: asyncpg.Connection, export: FocusExport, file: IO[bytes]
) -> int:
    """Writes the whole export; answers how many rows it has."""
    pyarrow = require_pyarrow()
    schema = pyarrow.schema([(name, _type(pyarrow, name)) for name in export.header])
    count = 0
    with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for text, arguments in export.typed_statements():
            async with connection.transaction(readonly=True):
                cursor = await connection.cursor(text, *arguments.values)
                while rows := await cursor.fetch(_ROWS_AT_A_TIME):
                    count += len(rows)
                    await asyncio.to_thread(_write, pyarrow, writer, schema, rows)
    return count


def _type(pyarrow: Any, name: str) -> Any:
    if name in DECIMALS:
        return pyarrow.decimal128(_DIGITS, _SCALE)
    if name in INSTANTS:
        return pyarrow.timestamp("us", tz="UTC")
    return pyarrow.date32() if name == "x_LocalDate" else pyarrow.string()


def _write(pyarrow: Any, writer: Any, schema: Any, rows: Sequence[asyncpg.Record]) -> None:
    columns = zip(*rows, strict=True)
    arrays = [
        pyarrow.array(values, type=field.type)
        for values, field in zip(columns, schema, strict=True)
    ]
    writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
