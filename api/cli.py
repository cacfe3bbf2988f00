"""The `aicost` command: finds the subcommand, and turns what goes wrong into a line and a status.

Each subcommand is an `app` in a module of `api/commands`, imported only when it is asked for, so
that the command starts quickly. Exit status: 0 done, 1 something was refused or differs, 2 wrong
usage. Refused: tracebacks on what a person can put right.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

# In the order of the help page; each is a module of api.commands, `import` being a word of Python.
COMMANDS = {
    "run": "run",
    "serve": "serve",
    "migrate": "migrate",
    "demo": "demo",
    "import": "import_",
    "quarantine": "quarantine",
    "key": "key",
    "organization": "organization",
    "workspace": "workspace",
    "project": "project",
    "user": "user",
    "membership": "membership",
    "prices": "prices",
    "caps": "caps",
    "credits": "credits",
    "export": "export",
    "rollup": "rollup",
    "schema": "schema",
}


class LazyGroup(TyperGroup):
    """Imports a subcommand when it is asked for, and renders what it raises."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = typer.main.get_command(importlib.import_module(f"api.commands.{module}").app)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        with one_line_errors():
            return super().invoke(ctx)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Prints what a person can put right as lines on standard error, and exits with 1."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        lines = _lines(error)
        if lines is None:
            raise
        for line in lines:
            sys.stderr.write(f"aicost: {line}\n")
        raise typer.Exit(1) from None


def _lines(error: Exception) -> list[str] | None:
    """What to say about an error; None for a fault of ours, whose traceback is wanted."""
    import asyncpg

    from api.settings import SettingsError
    from models.errors import DomainError, UserErrors
    from models.postgres import EmbeddedServerError

    if isinstance(error, UserErrors):
        return [problem.message for problem in error.errors]
    if isinstance(error, DomainError):
        return [error.message]
    if isinstance(error, SettingsError):
        return str(error).splitlines()
    if isinstance(error, EmbeddedServerError):
        return [" ".join(str(error).split())]
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return [f"the database refused: {' '.join(str(error).split())}"]
    if isinstance(error, OSError):
        return [" ".join(str(error).split()) or type(error).__name__]
    return None


app = typer.Typer(
    cls=LazyGroup,
    name="aicost",
    help="What did our agents cost, who spent it, and may the next call be made?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def aicost() -> None:
    """What did our agents cost, who spent it, and may the next call be made?"""


def main() -> None:
    """The entry point of the console script."""
    app(prog_name="aicost")


if __name__ == "__main__":
    main()
