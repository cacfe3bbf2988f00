"""`aicost import` as a person or a program meets it: output, files, exit status."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from postgres_server import FreshDatabase

REPOSITORY = Path(__file__).resolve().parent.parent
FIXTURES = REPOSITORY / "tests" / "fixtures" / "claude_code"
COUNTS = ("files", "lines", "read", "recorded", "duplicate", "unpriced", "quarantined")

Aicost = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def aicost(migrated: FreshDatabase, tmp_path: Path) -> Aicost:
    """Runs the command on the migrated database, away from any `.env`."""
    environment = {
        **os.environ,
        "DATABASE_URL": migrated.app_dsn,
        "AICOST_OWNER_DATABASE_URL": migrated.owner_dsn,
        "PYTHONPATH": str(REPOSITORY),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "api.cli", *arguments]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


def test_import_list_and_undo_for_programs(aicost: Aicost, tmp_path: Path) -> None:
    organization = f"JSON {tmp_path}"
    arguments = ("import", "claude-code", str(FIXTURES), "--organization", organization, "--json")
    first = aicost(*arguments, "--errors", "left-out.jsonl")
    # Some lines could not be read: everything else was recorded, and the status says so.
    assert (first.returncode, first.stderr) == (1, "")
    told = json.loads(first.stdout)
    assert [told[name] for name in COUNTS] == [4, 27, 10, 10, 0, 1, 0]
    assert (told["unreadable"], told["total_cost"]) == (7, "0.039335")
    left_out = [json.loads(each) for each in _lines(tmp_path / "left-out.jsonl")]
    assert [each["line"] for each in left_out] == [2, 3, 4, 5, 6, 7, 8]
    assert left_out[1]["reason"] == "timestamp is missing"

    again = json.loads(aicost(*arguments).stdout)
    assert [again[name] for name in COUNTS] == [4, 27, 10, 0, 10, 0, 0]
    assert again["total_cost"] == "0"

    undone = aicost("import", "undo", told["import_id"], "--json")
    assert json.loads(undone.stdout) == {"entries": 10, "cost": "0.039335"}
    twice = aicost("import", "undo", told["import_id"])
    assert (twice.returncode, twice.stdout) == (1, "")
    assert "taken back before" in twice.stderr

    listed = aicost("import", "list", "--organization", organization, "--json")
    imports: list[dict[str, Any]] = json.loads(listed.stdout)["imports"]
    assert [each["import_id"] for each in imports] == [again["import_id"], told["import_id"]]
    assert [each["status"] for each in imports] == ["DONE", "UNDONE"]


def test_import_and_list_for_people(aicost: Aicost, tmp_path: Path) -> None:
    organization = f"people {tmp_path}"
    log = next((FIXTURES / "projects" / "home-ana-shop").glob("b*.jsonl"))
    done = aicost("import", "claude-code", str(log), "--organization", organization)
    assert (done.returncode, done.stderr) == (0, "")
    # 0.0298 of the repeated call, 0.006 and 0.0007.
    assert "$0.0365" in done.stdout
    assert "estimate" in done.stdout
    assert "aicost import undo impt_" in done.stdout
    listed = aicost("import", "list", "--organization", organization).stdout
    assert str(log) in listed
    assert "$0.0365" in listed


def test_everything_can_go_into_one_project(aicost: Aicost, tmp_path: Path) -> None:
    """The three working directories come to runs of one project; a session then is one run."""
    organization = f"project {tmp_path}"
    into = ("--organization", organization, "--project", "All", "--workspace", "Studio")
    done = aicost("import", "claude-code", str(FIXTURES), *into, "--json")
    assert json.loads(done.stdout)["total_cost"] == "0.039335"
    listed = aicost("project", "list", "--organization", organization, "--json")
    assert [each["name"] for each in json.loads(listed.stdout)["projects"]] == ["All"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("claude-code", "nowhere", "--organization", "X"), 2, "does not exist"),
        (("claude-code", ".", "--organization", "X"), 2, "there is no *.jsonl below"),
        (("claude-code", "."), 2, "--organization"),
        (("claude-code", str(FIXTURES), "--organization", "X", "--project", " "), 1, "name has 0"),
        (("list", "--organization", "nobody's"), 1, "no organization named"),
        (("undo", "impt_nonsense"), 2, "is not the id of an import"),
        (("undo", "impt_" + "A" * 43), 1, "no such import"),
    ],
)
def test_what_makes_no_sense_is_refused(
    aicost: Aicost, arguments: tuple[str, ...], status: int, message: str
) -> None:
    refused = aicost("import", *arguments)
    assert refused.returncode == status
    assert message in " ".join(refused.stderr.replace("│", " ").split())
    assert refused.stdout == ""
    assert "Traceback" not in refused.stderr


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


CSV = (
    "eventKey,occurredAt,project,model,inputTokens,cacheReadTokens,inputIncludesCache\n"
    "a,2026-01-01T00:00:00Z,shop,gpt-4o,1000,400,true\n"
    "b,2026-01-01T00:00:00Z,shop,gpt-4o,10,11,true\n"
)


def test_rows_are_imported_quarantined_tried_again_and_dropped(
    aicost: Aicost, tmp_path: Path
) -> None:
    organization = ("--organization", f"rows {tmp_path}")
    (tmp_path / "a.csv").write_text(CSV)
    done = aicost("import", "csv", "a.csv", *organization, "--json", "--errors", "left.jsonl")
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    assert [told[name] for name in COUNTS] == [1, 2, 2, 1, 0, 0, 1]
    # 600*2.5 + 400*1.25 millionths.
    assert told["total_cost"] == "0.002"
    reason = "11 cached tokens cannot be among 10 input tokens."
    (left,) = (json.loads(each) for each in _lines(tmp_path / "left.jsonl"))
    assert left == {"file": "a.csv", "line": 3, "event_key": "b", "reason": reason}

    shown = aicost("import", "csv", "a.csv", *organization)
    assert shown.returncode == 1
    for text in ("a.csv:3", reason, "calls read", "there already", "quarantined"):
        assert text in shown.stdout

    listed = json.loads(aicost("quarantine", "list", *organization, "--json").stdout)
    (row,) = listed["rows"]
    assert (listed["count"], row["line"], row["reason"]) == (1, 3, reason)
    assert row["import_id"] == told["import_id"]
    assert json.loads(row["original"])["cacheReadTokens"] == "11"
    assert "a.csv:3" in aicost("quarantine", "list", *organization).stdout

    still = aicost("quarantine", "retry", row["id"], *organization)
    assert still.returncode == 1
    assert reason in still.stdout
    right = ("--all", "--set", "inputIncludesCache=false", "--json")
    put_right = aicost("quarantine", "retry", *organization, *right)
    assert json.loads(put_right.stdout) == {
        "recorded": 1,
        "duplicate": 0,
        "quarantined": 0,
        "total_cost": "0.00003875",
        "still": [],
    }
    again = json.loads(aicost("import", "csv", "a.csv", *organization, "--json").stdout)
    assert [again[name] for name in COUNTS] == [1, 2, 2, 0, 2, 0, 0]

    (tmp_path / "b.csv").write_text(CSV.replace("\nb,", "\nc,"))
    aicost("import", "csv", "b.csv", *organization)
    dropped = aicost("quarantine", "drop", "--all", *organization, "--json")
    assert json.loads(dropped.stdout) == {"dropped": 1}


def test_every_format_is_imported(aicost: Aicost, tmp_path: Path) -> None:
    organization = ("--organization", f"formats {tmp_path}", "--json")
    (tmp_path / "map.toml").write_text(
        '[columns]\noccurredAt = "t"\ninputTokens = "n"\n[time]\nzone = "UTC"\n'
    )
    (tmp_path / "a.csv").write_text("t,n\n2026-01-01 00:00:00,1000\n")
    event = {"eventKey": "j", "occurredAt": "2026-01-01T00:00:00Z", "project": "p", "model": "m"}
    (tmp_path / "a.jsonl").write_text(json.dumps(event))
    spent = {"request_id": "l", "startTime": "2026-01-01T00:00:00Z", "model": "gpt-4o"}
    (tmp_path / "litellm.jsonl").write_text(json.dumps(spent))
    bucket = {"start_time": 1772323200, "results": [{"input_tokens": 1, "model": "gpt-5"}]}
    (tmp_path / "usage.json").write_text(json.dumps(bucket))
    usage = {"input_tokens": 7}
    info = {"total_token_usage": usage}
    at = {"timestamp": "2026-01-01T00:00:00Z"}
    rollout = [
        {"type": "session_meta", "payload": {"id": "s", "cwd": "/a"}, **at},
        {"type": "turn_context", "payload": {"model": "gpt-5"}, **at},
        {"type": "event_msg", "payload": {"type": "token_count", "info": info}, **at},
    ]
    sessions = tmp_path / "codex" / "sessions"
    sessions.mkdir(parents=True)
    (sessions / "rollout-a.jsonl").write_text("\n".join(map(json.dumps, rollout)))
    answer = {"id": "m", "type": "gemini", "model": "gemini-2.5-pro", "tokens": {"input": 1}, **at}
    chat = {"sessionId": "s", "projectHash": "0f", "messages": [answer]}
    (tmp_path / "chat.json").write_text(json.dumps(chat))
    mapped = ("--map", "map.toml", "--project", "p", "--model", "gpt-4o")
    for name, path, options in (
        ("csv", "a.csv", mapped),
        ("jsonl", "a.jsonl", ()),
        ("litellm", "litellm.jsonl", ()),
        ("openai-usage", "usage.json", ()),
        ("codex", "codex", ()),
        ("gemini-cli", "chat.json", ("--project", "p")),
    ):
        done = aicost("import", name, path, *organization, *options)
        assert (done.returncode, done.stderr) == (0, ""), name
        told = json.loads(done.stdout)
        assert [told[count] for count in ("read", "recorded", "unreadable")] == [1, 1, 0], name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "csv", ".", "--organization", "X"), "There is no *.csv"),
        (("import", "csv", "a.csv", "--organization", "X", "--map", "modle=x"), "no column"),
        (("import", "csv", "a.csv", "--organization", "X", "--time-zone", "Mars"), "zone is"),
        (
            ("import", "csv", "a.csv", "--organization", "X", "--map", "cacheReadTokens=x"),
            "needs inputIncludesCache",
        ),
        (("quarantine", "retry"), "Name rows by their ids"),
        (("quarantine", "drop", "qrow_nonsense"), "is not the id of a quarantined row"),
        (("quarantine", "drop", "--import", "qrow_nonsense"), "is not the id of an import"),
    ],
)
def test_what_rows_and_the_quarantine_refuse(
    aicost: Aicost, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    if "a.csv" in arguments:
        (tmp_path / "a.csv").write_text(CSV)
    refused = aicost(*arguments)
    assert refused.returncode == 1
    assert message in refused.stderr
    assert refused.stdout == ""
