"""Finding log files and reading their lines, whatever is in the way."""

import io
import os
from pathlib import Path

import pytest

from models import usage_log
from models.usage_log import LogLine, Unreadable, display_path, find_files, read_lines


def found(path: Path) -> tuple[list[str], list[Unreadable]]:
    unreadable: list[Unreadable] = []
    files = [str(file.relative_to(path)) for file in find_files(path, ".jsonl", unreadable.append)]
    return files, unreadable


def test_files_come_in_a_fixed_order_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "a/z/9.jsonl", "a/1.jsonl", "a/1.json", "top.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    assert found(tmp_path) == (["top.jsonl", "a/1.jsonl", "a/z/9.jsonl", "b/2.jsonl"], [])


def test_one_file_is_itself_whatever_its_name(tmp_path: Path) -> None:
    unreadable: list[Unreadable] = []
    path = tmp_path / "log.txt"
    assert list(find_files(path, ".jsonl", unreadable.append)) == [path]
    assert not unreadable


def test_a_folder_that_cannot_be_listed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.jsonl").touch()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    closed = Unreadable(str(tmp_path / "closed"), None, "Permission denied")
    assert found(tmp_path) == (["open.jsonl"], [closed])


def test_a_name_that_is_no_text_can_be_shown() -> None:
    assert display_path(Path(os.fsdecode(b"/logs/\xff.jsonl"))) == "/logs/\ufffd.jsonl"


def test_lines_are_counted_with_their_ends_and_shown_without() -> None:
    assert list(read_lines(io.BytesIO(b"one\r\n\n three"))) == [
        LogLine(1, 5, b"one"),
        LogLine(2, 1, b""),
        LogLine(3, 6, b"three"),
    ]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"1234567\n8\n", [LogLine(1, 8, b"1234567"), LogLine(2, 2, b"8")]),
        (b"12345678\n9\n", [LogLine(1, 9, None), LogLine(2, 2, b"9")]),
        (b"1" * 30 + b"\n9", [LogLine(1, 31, None), LogLine(2, 1, b"9")]),
        (b"1" * 16, [LogLine(1, 16, None)]),
        (b"1234567", [LogLine(1, 7, b"1234567")]),
    ],
)
def test_a_line_that_is_too_long_is_skipped_and_the_next_one_read(
    content: bytes, lines: list[LogLine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_log, "MAX_LINE_BYTES", 8)
    assert list(read_lines(io.BytesIO(content))) == lines
