"""House rules that a machine can check. An exception stands here with its reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {"models": 0, "resolvers": 1, "api": 2}
FUNCTION_LINES, FILE_LINES, LINE_LENGTH = 70, 500, 100
CODE = [
    path
    for folder in ("api", "models", "resolvers", "migrations", "tests", "bench")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
SOURCE = [path for path in CODE if path.parts[len(ROOT.parts)] in LAYERS]
# Money lives here: no binary fractions.
EXACT = {
    "admission", "admission_writer", "billing", "budget", "cap", "cap_allowance", "cap_change",
    "cap_check", "cap_count", "cap_posting", "cap_rule", "credit_balance", "credit_check",
    "credit_table", "credit_use", "deduction", "download", "export", "focus", "focus_parquet",
    "hold", "ledger", "ledger_statement", "ledger_write", "plan", "posted", "posting", "price",
    "price_change", "price_list", "public_price", "rehearsal", "reprice", "repricing_page",
    "repricing_run", "reservation", "rollup", "settlement", "token", "token_usage", "undo",
    "usage_entry", "usage_entry_statement", "usage_export", "usage_sums",
}  # fmt: skip
SQL = re.compile(
    r"^\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+.*\sSET\s|DELETE\s+FROM\s"
    r"|CREATE\s+TABLE\s)",
    re.DOTALL,
)
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError|assert True\b")
MIRROR = re.compile(r"test_(api|models|resolvers|bench)_\w+\.py|test_(tidy|shared_data)\.py")
VAGUE = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """String literals, those of f-strings put together, without docstrings."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.JoinedStr):
            parts = (
                part.value if isinstance(part, ast.Constant) else " x " for part in node.values
            )
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def is_described(node: ast.AST) -> bool:
    """Whether a decorator gives the description that the public schema shows."""
    return any(
        isinstance(decorator, ast.Call)
        and any(keyword.arg == "description" for keyword in decorator.keywords)
        for decorator in getattr(node, "decorator_list", [])
    )


def is_named_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "float"


def is_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def test_there_is_code_to_check() -> None:
    assert len(SOURCE) > 40


@pytest.mark.parametrize("path", SOURCE, ids=relative)
def test_imports_point_down(path: Path) -> None:
    own = LAYERS[path.relative_to(ROOT).parts[0]]
    above = [name for name in imports(path) if LAYERS.get(name.split(".")[0], -1) > own]
    assert not above


@pytest.mark.parametrize("path", SOURCE, ids=relative)
def test_sql_lives_in_models(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] == "models":
        return
    found = [line for line, text in texts(path) if SQL.match(text)]
    assert not found


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_files_and_functions_are_small(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= FILE_LINES
    measured = [line.split("  # noqa")[0].split("  # type: ignore")[0] for line in lines]
    assert not [number for number, line in enumerate(measured, 1) if len(line) > LINE_LENGTH]
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not long


@pytest.mark.parametrize("path", SOURCE, ids=relative)
def test_modules_and_public_things_say_what_they_are(path: Path) -> None:
    module = tree(path)
    assert ast.get_docstring(module), "a module opens with what it owns"
    silent = [
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
        and not is_described(node)
    ]
    assert not silent


@pytest.mark.parametrize(
    "path", [path for path in SOURCE if path.parent.name == "models" and path.stem in EXACT],
    ids=relative,
)  # fmt: skip
def test_money_knows_no_float(path: Path) -> None:
    # A percentage is for showing: it may be a float, where its name says so.
    module = tree(path)
    shown = {
        id(inner)
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef) and node.name.endswith("pct")
        for inner in ast.walk(node)
    }
    found = [
        node.lineno
        for node in ast.walk(module)
        if id(node) not in shown and (is_named_float(node) or is_float(node))
    ]
    assert not found


def test_exact_modules_exist() -> None:
    missing = {name for name in EXACT if not (ROOT / "models" / f"{name}.py").exists()}
    assert not missing


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_nothing_is_left_for_later(path: Path) -> None:
    assert path.name not in VAGUE
    if path.name == "test_tidy.py":
        return
    assert not LEFTOVER.findall(path.read_text())


@pytest.mark.parametrize(
    "path", sorted((ROOT / "models" / "sql").glob("*.sql")), ids=relative
)  # fmt: skip
def test_statements_say_what_they_are_for(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith("-- ")
    assert len(lines[0]) > 10
    assert not [line for line in lines if len(line) > LINE_LENGTH]


def test_every_statement_is_used() -> None:
    used = {word for path in SOURCE for word in re.findall(r"\w+", path.read_text())}
    assert {path.stem for path in (ROOT / "models" / "sql").glob("*.sql")} <= used


def test_tests_mirror_the_source() -> None:
    """A test file names its layer; its noun need not be a module, a whole may be tested."""
    odd = [path.name for path in (ROOT / "tests").glob("test_*.py") if not MIRROR.match(path.name)]
    assert not odd
