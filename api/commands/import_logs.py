"""`aicost import claude-code`, `codex`, `gemini-cli`: session logs of coding agents.

Exit status 1 when a line could not be read or a call was not taken: all the others were recorded
nevertheless, and running again after the cause is gone adds the rest.
"""

from pathlib import Path
from typing import Annotated

import typer

from api.commands.import_session import (
    ErrorsFile,
    IntoOrganization,
    IntoWorkspace,
    Target,
    run_import,
)
from api.commands.output import AsJson
from models.claude_code import FORMAT as CLAUDE_CODE
from models.codex import FORMAT as CODEX
from models.gemini_cli import FORMAT as GEMINI_CLI
from models.import_run import ImportRun
from models.usage_log import LogFormat, find_files
from models.workspace import DEFAULT_WORKSPACE

ESTIMATE = (
    "Claude Code notes output tokens while an answer streams, so these figures are an estimate, "
    "a little below the bill."
)
LogPath = Annotated[
    Path,
    typer.Argument(
        exists=True,
        help="A folder with session logs anywhere below it, such as the tool's own, or one log.",
    ),
]
IntoProject = Annotated[
    str | None,
    typer.Option("--project", help="Project that all calls go to. Else the logs name projects."),
]


def claude_code(
    path: LogPath,
    organization: IntoOrganization,
    project: IntoProject = None,
    workspace: IntoWorkspace = DEFAULT_WORKSPACE,
    errors: ErrorsFile = None,
    as_json: AsJson = False,
) -> None:
    """Import Claude Code's session logs. Importing again adds only what is new.

    A session becomes a run, its main conversation and each subagent a job, an API call a
    transaction. Costs are estimates: the logs note output tokens while an answer streams.
    """
    target = Target(organization, workspace, project)
    _import(path, CLAUDE_CODE, "projects", target, errors, as_json, ESTIMATE)


def codex(
    path: LogPath,
    organization: IntoOrganization,
    project: IntoProject = None,
    workspace: IntoWorkspace = DEFAULT_WORKSPACE,
    errors: ErrorsFile = None,
    as_json: AsJson = False,
) -> None:
    """Import Codex's session logs. Importing again adds only what is new.

    A session becomes a run, a subagent's session a job of the run that started it. What a fork
    copies from its parent is counted once.
    """
    target = Target(organization, workspace, project)
    _import(path, CODEX, "sessions", target, errors, as_json)


def gemini_cli(
    path: LogPath,
    organization: IntoOrganization,
    project: IntoProject = None,
    workspace: IntoWorkspace = DEFAULT_WORKSPACE,
    errors: ErrorsFile = None,
    as_json: AsJson = False,
) -> None:
    """Import Gemini CLI's chat logs. Importing again adds only what is new.

    A session becomes a run. The logs name a project by a hash of its folder: give --project.
    """
    target = Target(organization, workspace, project)
    _import(path, GEMINI_CLI, "tmp", target, errors, as_json)


def _import(
    path: Path,
    log_format: LogFormat,
    own_folder: str,
    target: Target,
    errors: Path | None,
    as_json: bool,
    remark: str | None = None,
) -> None:
    logs = _logs(path, log_format, own_folder)
    run_import(
        logs,
        target,
        lambda database, ledger, organization_id, find_project, listener: ImportRun(
            database, ledger, organization_id, log_format, find_project, listener
        ),
        errors=errors,
        as_json=as_json,
        remark=remark,
    )


def _logs(path: Path, log_format: LogFormat, own_folder: str) -> Path:
    """The folder of a tool holds its logs in a folder of theirs, among files of other kinds."""
    path = path / own_folder if (path / own_folder).is_dir() else path
    if next(find_files(path, log_format.suffixes, lambda unreadable: None), None) is None:
        expected = ", ".join(f"*{suffix}" for suffix in log_format.suffixes)
        raise typer.BadParameter(f"there is no {expected} below {path}")
    return path
