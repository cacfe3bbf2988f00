"""Files of rows: what is a row, what is a broken one, and what no row can be read from."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from models import row_file
from models.row_file import FileError, FileRow, csv_rows, json_document, json_lines, open_file
from models.row_key import RowKeys


def rows_of(path: Path, *, delimiter: str | None = None) -> list[FileRow]:
    with open_file(path) as opened:
        return list(csv_rows(opened.binary, lambda header: None, delimiter))


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_rows_by_any_delimiter(csv: Callable[[bytes], Path], separator: str) -> None:
    lines = ("a,b", '1,"x\ny"', "", "2,z").__iter__()
    text = "\r\n".join(line.replace(",", separator) for line in lines)
    assert rows_of(csv(b"\xef\xbb\xbf" + text.encode())) == [
        FileRow(2, {"a": "1", "b": "x\ny"}),
        FileRow(5, {"a": "2", "b": "z"}),
    ]


def test_a_delimiter_that_is_given(csv: Callable[[bytes], Path]) -> None:
    (row,) = rows_of(csv(b"a:b,c\n1:2,3\n"), delimiter=":")
    assert row.value == {"a": "1", "b,c": "2,3"}


def test_broken_rows_come_with_their_text_and_stop_nothing(csv: Callable[[bytes], Path]) -> None:
    content = b'a,b\n1\n"2"x,y\n3,4,5\n\xff,6\n7,"8\n'
    rows = rows_of(csv(content))
    assert [(row.line, row.text) for row in rows if row.reason] == [
        (2, "1"),
        (3, '"2"x,y'),
        (4, "3,4,5"),
        (6, '7,"8'),
    ]
    assert rows[0].reason == "has 1 cells; the header has 2"
    # Bytes that are no text stay visible.
    assert rows[3].value == {"a": "\\xff", "b": "6"}


def test_a_quote_that_nobody_closes_does_not_fill_memory(
    csv: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_file, "CELL_LENGTH", 100)
    rows = rows_of(csv(b'a,b\n1,"' + b"x,y\n" * 200 + b"2,z\n"))
    assert "is not CSV" in str(rows[0].reason)
    assert len(rows[0].text) <= 100
    assert rows[-1].value == {"a": "2", "b": "z"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no header"), (b",,\n1,2,3\n", "no header"), (b"a,b,a\n", "several columns named 'a'")],
)
def test_headers_that_will_not_do(
    csv: Callable[[bytes], Path], content: bytes, reason: str
) -> None:
    with pytest.raises(FileError, match=reason):
        rows_of(csv(content))


def test_packed_files(tmp_path: Path) -> None:
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert [row.value for row in rows_of(packed)] == [{"a": "1", "b": "2"}]
    with pytest.raises(FileError, match="unpack it first"):
        rows_of(tmp_path / "a.csv.zst")


def test_json_lines_and_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n\n{"a": \n[2]\n')
    with open_file(path) as opened:
        rows = list(json_lines(opened.binary))
    assert [(row.line, row.value) for row in rows] == [(1, {"a": 1}), (3, None), (4, [2])]
    assert rows[1].text == '{"a":'
    assert "is not JSON" in str(rows[1].reason)
    monkeypatch.setattr(row_file, "MAX_LINE_BYTES", 4)
    with open_file(path) as opened, pytest.raises(FileError, match="more than 4 bytes"):
        list(json_document(opened.binary))


def test_keys_are_made_of_what_a_row_says_and_how_often_it_was_said() -> None:
    row, other = {"a": "1", "b": "2"}, {"a": "1", "b": "3"}
    with RowKeys("csv") as keys:
        found = [keys.key(each) for each in (row, other, {"b": "2", "a": "1"}, row)]
    with RowKeys("csv") as keys:
        again = [keys.key(each) for each in (other, row, row, row)]
    assert len(set(found)) == 4
    assert sorted(found) == sorted(again)
    assert found[0].endswith("-1")
    assert found[3].endswith("-3")
    with RowKeys("csv:here") as keys:
        assert keys.key(row) not in found
