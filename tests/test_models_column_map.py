"""Maps: pairs and TOML, times, durations, translations, keys, and conventions left open."""

from pathlib import Path
from typing import Any

import pytest

from models.column_map import ColumnMap, load_map, parse_map, parse_pairs, with_times
from models.errors import BadInputError
from models.usage_value import RowError

DOCUMENT: dict[str, Any] = {
    "columns": {
        "occurredAt": "when",
        "model": ["answered", "asked"],
        "durationMs": "took",
        "run.status": "end",
    },
    "constants": {"provider": "openai"},
    "values": {"run.status": {"user_stop": "SUCCEEDED", "crash": "FAILED"}},
    "time": {"zone": "Europe/Berlin"},
    "duration": {"unit": "s"},
    "key": {"columns": ["run", "turn"], "prefix": "t"},
}
SOURCE = {
    "when": "2023-11-16 18:17:03.9799600",
    "answered": "",
    "asked": "gpt-4o",
    "took": "1.5",
    "end": "user_stop",
    "run": "a:b",
    "turn": "1",
}


def test_a_row_by_a_map() -> None:
    assert parse_map(DOCUMENT, "m").apply(SOURCE) == {
        "provider": "openai",
        # Berlin is an hour ahead in November; the seventh digit is beyond what is kept.
        "occurredAt": "2023-11-16T17:17:03.979960+00:00",
        "model": "gpt-4o",
        "durationMs": 1500,
        "run.status": "SUCCEEDED",
        "eventKey": "t:a\\:b:1",
    }


def test_a_constant_stands_where_a_row_does_not_say() -> None:
    column_map = parse_map(DOCUMENT | {"constants": {"model": "unknown"}}, "m")
    assert column_map.apply(SOURCE | {"asked": ""})["model"] == "unknown"
    assert column_map.apply(SOURCE)["model"] == "gpt-4o"


def test_keys_of_several_columns_cannot_be_mixed_up() -> None:
    column_map = ColumnMap(key_columns=("a", "b"))
    assert column_map.apply({"a": "x:y", "b": "z"})["eventKey"] == "x\\:y:z"
    assert column_map.apply({"a": "x", "b": "y:z"})["eventKey"] == "x:y\\:z"


@pytest.mark.parametrize(
    ("given", "value", "read"),
    [
        ({"time_format": "unix"}, "1700000000", "2023-11-14T22:13:20+00:00"),
        ({"time_format": "unix_ms"}, "1700000000123", "2023-11-14T22:13:20.123000+00:00"),
        (
            {"time_format": "unix_ms", "origin": "2024-06-01T00:00:00Z"},
            "1500",
            "2024-06-01T00:00:01.500000+00:00",
        ),
        (
            {"time_format": "%d.%m.%Y %H:%M:%S.%f", "zone": "UTC"},
            "16.11.2023 18:17:03.9799600",
            "2023-11-16T18:17:03.979960+00:00",
        ),
        ({"zone": "America/New_York"}, "2026-07-01T00:00:00", "2026-07-01T04:00:00+00:00"),
        # A zone that is written goes before the one that is assumed.
        ({"zone": "America/New_York"}, "2026-07-01T00:00:00Z", "2026-07-01T00:00:00+00:00"),
    ],
)
def test_how_times_may_be_written(given: dict[str, Any], value: str, read: str) -> None:
    column_map = with_times(ColumnMap({"occurredAt": ("t",)}), **given)
    assert column_map.apply({"t": value}) == {"occurredAt": read}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"when": "noon"}, "occurredAt is 'noon'; ISO 8601 is expected"),
        ({"took": "long"}, "durationMs is 'long'; a duration is expected"),
        ({"turn": ""}, "column turn, which is part of the row's key, is empty"),
    ],
)
def test_what_a_map_cannot_read(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(RowError) as refused:
        parse_map(DOCUMENT, "m").apply(SOURCE | changes)
    assert str(refused.value) == reason
    # What could be read nevertheless is there for a second attempt.
    assert refused.value.row is not None
    assert refused.value.row["model"] == "gpt-4o"


def test_times_without_a_zone_need_one() -> None:
    with pytest.raises(RowError, match="without a zone"):
        ColumnMap({"occurredAt": ("t",)}).apply({"t": "2026-07-01 00:00:00"})


@pytest.mark.parametrize(
    ("columns", "constants", "needed"),
    [
        (("cacheReadTokens",), {}, "inputIncludesCache"),
        (("cacheWrite1hTokens", "inputIncludesCache"), {}, None),
        (("cacheReadTokens",), {"inputIncludesCache": True}, None),
        (("reasoningTokens",), {"inputIncludesCache": True}, "outputIncludesReasoning"),
        (("inputTokens", "outputTokens"), {}, None),
    ],
)
def test_a_convention_is_not_guessed(
    columns: tuple[str, ...], constants: dict[str, Any], needed: str | None
) -> None:
    column_map = ColumnMap(dict.fromkeys(columns, ("x",)), constants)
    if needed is None:
        column_map.check()
        return
    with pytest.raises(BadInputError, match=f"needs {needed}"):
        column_map.check()


def test_pairs_go_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text('[columns]\nmodel = "a"\nproject = "p"\n[constants]\noccurredAt = 2026-01-01\n')
    column_map = load_map([str(file), "model=b", "run.key = c"])
    assert column_map.columns == {"model": ("b",), "project": ("p",), "run.key": ("c",)}
    assert column_map.constants == {"occurredAt": "2026-01-01"}
    assert column_map.missing(["b", "c"]) == ["p"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"colums": {}}, r"\[colums\] means nothing"),
        ({"time": {"zon": "UTC"}}, "time.zon means nothing"),
        ({"time": {"zone": "Mars/Base"}}, "zone is 'Mars/Base'"),
        ({"time": {"origin": "noon"}}, "origin of times"),
        ({"time": {"origin": "2026-01-01T00:00:00Z", "format": "%Y"}}, "unix or unix_ms"),
        ({"duration": {"unit": "h"}}, "unit of durations is 'h'"),
        ({"columns": {"model": 7}}, "columns.model is 7"),
        ({"columns": 7}, "columns is no table"),
    ],
)
def test_maps_that_make_no_sense(document: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        parse_map(document, "m")


def test_files_and_pairs_that_make_no_sense(tmp_path: Path) -> None:
    broken = tmp_path / "map.toml"
    broken.write_text("[columns\n")
    with pytest.raises(BadInputError, match="is not TOML"):
        load_map([str(broken)])
    with pytest.raises(BadInputError, match="one file"):
        load_map(["a.toml", "b.toml"])
    with pytest.raises(BadInputError, match="is no column"):
        parse_pairs(["modle=x"], "--map")
    with pytest.raises(BadInputError, match="is no column"):
        ColumnMap({"modle": ("x",)}).check()
    with pytest.raises(BadInputError, match="NAME=VALUE"):
        parse_pairs(["model"], "--set")
