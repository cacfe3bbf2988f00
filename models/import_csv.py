"""`aicost import csv` and `jsonl`: rows in columns of our own, or of others by a map.

Refused: columns that mean nothing (a misspelt `cacheReadTokens` would be money lost), and cache or
reasoning counts without their convention. With a map, columns that it does not name are left alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from models.column_map import ColumnMap
from models.errors import BadInputError
from models.row_file import CSV_SUFFIXES, LINE_SUFFIXES, FileError
from models.row_format import FileKind, ReadRow, RowFormat
from models.usage_row import COLUMNS, Row, flatten
from models.usage_value import RowError, shown


def csv_format(column_map: ColumnMap, *, has_project: bool) -> RowFormat:
    """CSV files; `has_project` says whether the rows go to a project that is given already."""

    def start(columns: Sequence[str] | None) -> ReadRow:
        _check_columns(column_map, columns or (), has_project=has_project)
        return lambda row: [column_map.apply(row)]

    return RowFormat("csv", CSV_SUFFIXES, FileKind.CSV, start, is_read_by_name=False)


def jsonl_format(column_map: ColumnMap) -> RowFormat:
    """Files with a JSON object on each line; nested values have dotted names (`run.key`)."""

    def read(value: Any) -> list[Row]:
        if not isinstance(value, Mapping):
            raise RowError(f"is {shown(value)}; an object is expected")
        return [column_map.apply(dict(flatten(value)))]

    return RowFormat(
        "jsonl", LINE_SUFFIXES, FileKind.LINES, lambda columns: read, is_read_by_name=False
    )


def _check_columns(column_map: ColumnMap, columns: Sequence[str], *, has_project: bool) -> None:
    ours = set(column_map.columns or columns) | set(column_map.constants)
    unknown = [] if column_map.columns else [name for name in columns if name not in COLUMNS]
    if unknown:
        raise FileError(
            f"has columns that mean nothing: {', '.join(map(repr, unknown))}; name those that do"
            " by --map NAME=COLUMN"
        )
    if missing := column_map.missing(columns):
        raise FileError(f"has no column {', '.join(missing)}, which the map names")
    for name in ("occurredAt", "model"):
        if name not in ours:
            raise FileError(f"has no column {name}; map one (--map), or set it (--set)")
    if not (has_project or {"project", "projectId"} & ours):
        raise FileError("has no column project; name one by --project")
    try:
        column_map.check(() if column_map.columns else columns)
    except BadInputError as error:
        raise FileError(f"cannot be trusted: {error.message}") from error
