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
