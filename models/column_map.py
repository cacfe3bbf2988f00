"""How columns of somebody else's file become columns of our own.

A map is given as `NAME=COLUMN` pairs or as a TOML file: columns, constants where a column is empty,
how times and durations are written, translations of words, and which columns name a row. Refused:
names that are no column of ours, and counts whose convention the map leaves open: a wrong guess is
a wrong bill.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from models.errors import BadInputError
from models.usage_row import CACHE_COUNTS, COLUMNS, INSTANTS
from models.usage_value import RowError, instant, number, shown

_SHAPE: Mapping[str, frozenset[str] | None] = {
    "columns": None,
    "constants": None,
    "values": None,
    "time": frozenset({"format", "zone", "origin"}),
    "duration": frozenset({"unit"}),
    "key": frozenset({"columns", "prefix"}),
}
_TICKS = {"unix": 1, "s": 1, "unix_ms": 10**3, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""How many of a unit are a second."""
_TIMES = ("unix", "unix_ms")
_UNITS = ("s", "ms", "us", "ns")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A map that was checked. Of several columns for one of ours the first that is stated counts.

    `time_format` is one of strptime's, `unix` or `unix_ms`; None is ISO 8601. With `time_origin`
    times are counted from that instant. `zone` is of times that bear none.
    """

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    time_format: str | None = None
    zone: tzinfo | None = None
    time_origin: datetime | None = None
    duration_unit: str = "ms"
    key_columns: Sequence[str] = ()
    key_prefix: str = ""

    def with_constants(self, constants: Mapping[str, Any]) -> "ColumnMap":
        """The same map with more constants."""
        return replace(self, constants={**self.constants, **constants})

    def check(self, columns: Iterable[str] = ()) -> None:
        """Raises BadInputError where a convention stays open, with these columns of ours too."""
        given = {*self.columns, *self.constants, *columns}
        for name in given:
            if name not in COLUMNS:
                raise BadInputError(f"{name!r} is no column of an event; see `aicost import csv`.")
        for counted, convention in (
            (CACHE_COUNTS, "inputIncludesCache"),
            (("reasoningTokens",), "outputIncludesReasoning"),
        ):
            count = next((name for name in counted if name in given), None)
            if count is not None and convention not in given:
                raise BadInputError(
                    f"{count} needs {convention}, a column or a constant (true or false): a wrong"
                    " guess is a wrong bill."
                )

    def missing(self, columns: Iterable[str]) -> list[str]:
        """What the map reads and a file with these columns has not."""
        there = set(columns)
        needed = [names for names in self.columns.values() if not there & set(names)]
        return [
            *(" or ".join(names) for names in needed),
            *(name for name in self.key_columns if name not in there),
        ]

    def apply(self, source: Mapping[str, Any]) -> dict[str, Any]:
        """A row in columns of ours; without columns of its own the map takes those for ours.

        Raises RowError for times, durations and keys that cannot be read.
        """
        row, problems = dict(self.constants), []
        for name, columns in (self.columns or {each: (each,) for each in source}).items():
            value = next((source[each] for each in columns if _is_stated(source, each)), None)
            if value is None:
                continue
            row[name] = value
            try:
                row[name] = self._value(name, value)
            except RowError as error:
                problems.append(f"{name} {error}")
        try:
            if self.key_columns:
                row["eventKey"] = self._key(source)
        except RowError as error:
            problems.append(str(error))
        if problems:
            raise RowError("; ".join(problems), row)
        return row

    def _value(self, name: str, value: Any) -> Any:
        translations = self.values.get(name)
        if translations is not None:
            return translations.get(str(value).strip(), value)
        if name in INSTANTS:
            return self._instant(value).isoformat()
        if name == "durationMs" and self.duration_unit != "ms":
            return self._duration_ms(value)
        return value

    def _instant(self, value: Any) -> datetime:
        if self.time_origin is not None or self.time_format in _TIMES:
            ticks = _TICKS[self.time_format or "s"]
            elapsed = number(value, "a number") * 10**6 / ticks
            try:
                since = timedelta(microseconds=int(elapsed.to_integral_value()))
                return (self.time_origin or _EPOCH) + since
            except OverflowError as error:
                raise RowError(f"is {shown(value)}; no such instant") from error
        said = _LONG_FRACTION.sub(r"\1", str(value).strip())
        try:
            if self.time_format is not None:
                moment = datetime.strptime(said, self.time_format)
            else:
                moment = datetime.fromisoformat(said)
        except ValueError as error:
            expected = self.time_format or "ISO 8601"
            raise RowError(f"is {shown(value)}; {expected} is expected") from error
        if moment.tzinfo is None and self.zone is not None:
            moment = moment.replace(tzinfo=self.zone)
        return instant(moment)

    def _duration_ms(self, value: Any) -> int:
        duration = number(value, "a duration") * 1000 / _TICKS[self.duration_unit]
        return int(duration.to_integral_value())

    def _key(self, source: Mapping[str, Any]) -> str:
        parts = []
        for name in self.key_columns:
            if not _is_stated(source, name):
                raise RowError(f"column {name}, which is part of the row's key, is empty")
            parts.append(str(source[name]).strip().replace("\\", "\\\\").replace(":", "\\:"))
        return ":".join([self.key_prefix, *parts] if self.key_prefix else parts)


def _is_stated(source: Mapping[str, Any], name: str) -> bool:
    value = source.get(name)
    return value is not None and not (isinstance(value, str) and (not value or value.isspace()))


def parse_pairs(pairs: Iterable[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` texts as a mapping; raises BadInputError for others."""
    parsed = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name.strip():
            raise BadInputError(f"{option} {pair!r} is no NAME=VALUE pair.")
        if name.strip() not in COLUMNS:
            raise BadInputError(f"{option}: {name.strip()!r} is no column of an event.")
        parsed[name.strip()] = value.strip()
    return parsed


def load_map(given: Iterable[str]) -> ColumnMap:
    """The map that `--map` options give: at most one TOML file, and pairs that go before it."""
    pairs = [each for each in given if "=" in each]
    files = [each for each in given if "=" not in each]
    if len(files) > 1:
        raise BadInputError("--map: one file and any number of NAME=COLUMN pairs are expected.")
    loaded = _load_file(Path(files[0])) if files else ColumnMap()
    columns = {name: (column,) for name, column in parse_pairs(pairs, "--map").items()}
    return replace(loaded, columns={**loaded.columns, **columns})


def _load_file(path: Path) -> ColumnMap:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} is not TOML: {error}") from error
    return parse_map(document, str(path))


def parse_map(document: Mapping[str, Any], place: str) -> ColumnMap:
    """A map as a TOML file states it; raises BadInputError, naming what is wrong where."""
    for table, names in _SHAPE.items():
        inner = document.get(table, {})
        if not isinstance(inner, dict):
            raise BadInputError(f"{place}: {table} is no table.")
        for name in set(inner) - (names or set(inner)):
            raise BadInputError(f"{place}: {table}.{name} means nothing.")
    for table in set(document) - set(_SHAPE):
        raise BadInputError(f"{place}: [{table}] means nothing; expected {', '.join(_SHAPE)}.")
    time, key = document.get("time", {}), document.get("key", {})
    parsed = ColumnMap(
        columns={
            name: _names(each, f"{place}: columns.{name}")
            for name, each in document.get("columns", {}).items()
        },
        constants={name: _plain(each) for name, each in document.get("constants", {}).items()},
        values=document.get("values", {}),
        key_columns=_names(key.get("columns", []), f"{place}: key.columns"),
        key_prefix=str(key.get("prefix", "")),
    )
    return with_times(
        parsed,
        time_format=time.get("format"),
        zone=time.get("zone"),
        origin=time.get("origin"),
        unit=document.get("duration", {}).get("unit"),
    )


def with_times(
    given: ColumnMap,
    *,
    time_format: str | None = None,
    zone: str | None = None,
    origin: Any = None,
    unit: str | None = None,
) -> ColumnMap:
    """The map with what is said about times and durations; None leaves it as it is."""
    if unit is not None and unit not in _UNITS:
        raise BadInputError(f"The unit of durations is {unit!r}; expected {', '.join(_UNITS)}.")
    named = given.zone if zone is None else _zone(zone)
    began = given.time_origin
    if origin is not None:
        try:
            began = instant(origin)
        except RowError as error:
            raise BadInputError(f"The origin of times {error}.") from error
    written = time_format or given.time_format
    if began is not None and written not in (None, *_TIMES):
        raise BadInputError("Times that are counted from an origin are of format unix or unix_ms.")
    return replace(
        given,
        time_format=written,
        zone=named,
        time_origin=began,
        duration_unit=unit or given.duration_unit,
    )


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name.upper() in ("UTC", "Z") else ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BadInputError(
            f"The zone is {name!r}; an IANA name such as Europe/Berlin, or UTC, is expected."
        ) from error


def _names(value: Any, place: str) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise BadInputError(f"{place} is {shown(value)}; a column's name, or several, is expected.")
    return tuple(names)


def _plain(value: Any) -> Any:
    """TOML's dates and instants as texts, like those of files."""
    return value if isinstance(value, str | int | float) else str(value)
