"""The TypeScript client's generated types are those of the code, and its lock file is portable."""

import json

import pytest
from node import CLIENT

from api.graphql_execution import Execution
from api.trpc_procedure import Procedures
from api.typescript import comment
from api.typescript_modules import modules
from resolvers.schema import schema


@pytest.mark.parametrize("path", sorted(modules()))
def test_the_files_are_the_code_s(path: str) -> None:
    current = (CLIENT / path).read_text() == modules()[path]
    assert current, "`make schema` brings it up to date"


def test_a_program_calls_every_procedure() -> None:
    program = (CLIENT / "check" / "every_procedure.ts").read_text()
    calls = {"query": "query(", "mutation": "mutate("}
    missing = [
        it.name
        for it in Procedures(Execution(schema))
        if f"client.{it.name}.{calls[it.kind]}" not in program
    ]
    assert not missing


def test_of_several_ranges_exactly_one_can_be_said() -> None:
    written = modules()["src/schema.ts"]
    assert "  | { preset: RangePreset; dates?: never; instants?: never }" in written
    assert "range: {}" not in modules()["check/every_procedure.ts"]


def test_the_lock_file_says_what_and_not_from_where() -> None:
    lock = json.loads((CLIENT / "package-lock.json").read_text())
    packages = {name: it for name, it in lock["packages"].items() if name}
    assert "node_modules/@trpc/client" in packages
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name


def test_descriptions_cannot_end_a_comment() -> None:
    assert comment("a */ b") == "/** a * / b */\n"
    assert comment(None) == ""
    assert comment("word " * 40, 2).count("\n") == 5
