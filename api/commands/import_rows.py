"""`aicost import csv`, `jsonl`, `litellm`, `openai-usage`: files with a row for each call.

Exit status 1 when a file could not be read or a row was quarantined: all the others were recorded
nevertheless.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.import_session import (
    ErrorsFile,
    IntoOrganization,
    IntoWorkspace,
    Target,
    run_import,
)
from api.commands.output import AsJson
from models.column_map import ColumnMap, load_map, parse_pairs, with_times
from models.errors import BadInputError
from models.import_csv import csv_format, jsonl_format
from models.litellm import litellm_format
from models.openai_usage import openai_usage_format
from models.row_format import RowFormat
from models.row_import import RowImport
from models.usage_log import find_files
from models.workspace import DEFAULT_WORKSPACE

RowPath = Annotated[
    Path,
    typer.Argument(
        exists=True, help="A file, plain or packed as .gz, or a folder with such files."
    ),
]
IntoProject = Annotated[
    str | None, typer.Option("--project", help="Project that all rows go to, whatever they say.")
]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="NAME=COLUMN|FILE",
        help="Which column is ours, repeatable; or a TOML file that says so.",
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="What a column of ours is where a row does not say."
    ),
]
Model = Annotated[str | None, typer.Option("--model", help="The same as --set model=...")]
Provider = Annotated[str | None, typer.Option("--provider", help="The same as --set provider=...")]
TimeFormat = Annotated[
    str | None,
    typer.Option(
        "--time-format", help="As strptime has it, or unix, or unix_ms. ISO 8601 when left out."
    ),
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", help="Zone of times that bear none, such as UTC.")
]
TimeOrigin = Annotated[
    str | None,
    typer.Option("--time-origin", help="Instant from which times are counted (unix, unix_ms)."),
]
DurationUnit = Annotated[
    str | None, typer.Option("--duration-unit", help="Of durationMs: s, ms, us or ns.")
]
KeyPrefix = Annotated[
    str,
    typer.Option(
        "--key-prefix",
        help="For rows without keys: tells apart sources that may hold equal rows.",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", help="Between cells; found out from the header when left out."),
]


def csv(
    path: RowPath,
    organization: IntoOrganization,
    project: IntoProject = None,
    workspace: IntoWorkspace = DEFAULT_WORKSPACE,
    maps: Maps = None,
    constants: Constants = None,
    model: Model = None,
    provider: Provider = None,
    time_format: TimeFormat = None,
    time_zone: TimeZone = None,
    time_origin: TimeOrigin = None,
    duration_unit: DurationUnit = None,
    key_prefix: KeyPrefix = "",
    delimiter: Delimiter = None,
    errors: ErrorsFile = None,
    as_json: AsJson = False,
) -> None:
    """Import a CSV file: columns named as the fields of an event, or others by --map.

    Cache counts need inputIncludesCache, reasoning counts outputIncludesReasoning, as a column or
    by --set. Rows that cannot be trusted are quarantined.
    """
    if delimiter is not None and len(delimiter) != 1:
        raise typer.BadParameter(f"--delimiter {delimiter!r} is not one character")
    said = {"model": model, "provider": provider}
    column_map = with_times(
        _column_map(maps, constants, said),
        time_format=time_format,
        zone=time_zone,
        origin=time_origin,
        unit=duration_unit,
    )
    if column_map.columns:
        column_map.check()
    target = Target(organization, workspace, project)
    row_format = csv_format(column_map, has_project=project is not None)
    _import(path, row_format, target, errors, as_json, key_prefix, delimiter)


def jsonl(
    path: RowPath,
    organization: IntoOrganization,
    project: IntoProject = None,
    workspace: IntoWorkspace = DEFAULT_WORKSPACE,
    maps: Maps = None,
    constants: Constants = None,
    model: Model = None,
    provider: Provider = None,
    time_format: TimeFormat = None,
    time_zone: TimeZone = None,
    time_origin: TimeOrigin = None,
    duration_unit: DurationUnit = None,
    key_prefix: KeyPrefix = "",
    errors: ErrorsFile = None,
    as_json: AsJson = False,
) -> None:
    """Import JSON lines: objects like the events of POST /v1/usage, or others by --map.

    Projects are named by `project`, or by `projectId`. Nested values have dotted names: run.key.
    """
    said = {"model": model, "provider": provider}
    column_map = with_times(
        _column_map(maps, constants, said),
        time_format=time_format,
        zone=time_zone,
        origin=time_origin,
        unit=duration_unit,
    )
    if column_map.columns:
        column_map.check()
    target = Target(organization, workspace, project)
    _import(path, jsonl_format(column_map), target, errors, as_json, key_prefix)


def litellm(
    path: RowPath,
    organization: IntoOrganization,
    project: IntoProject = None,
    workspace: IntoWorkspace = DEFAULT_WORKSPACE,
    input_includes_cache: Annotated[
        bool | None,
        typer.Option(
            "--input-includes-cache/--input-excludes-cache",
            help="For Anthropic's models, where rows leave it open; else those are quarantined.",
        ),
    ] = None,
    errors: ErrorsFile = None,
    as_json: AsJson = False,
) -> None:
    """Import LiteLLM's spend logs: answers of /spend/logs, JSON lines, or CSV from its database.

    A team is a project, a session a run. What LiteLLM reckoned is kept as the source's cost.
    """
    target = Target(organization, workspace, project)
    _import(path, litellm_format(input_includes_cache), target, errors, as_json)


def openai_usage(
    path: RowPath,
    organization: IntoOrganization,
    project: IntoProject = None,
    workspace: IntoWorkspace = DEFAULT_WORKSPACE,
    errors: ErrorsFile = None,
    as_json: AsJson = False,
) -> None:
    """Import OpenAI's usage and cost exports: pages of the administration API, or CSV.

    They are sums over many requests, grouped at least by model. Use one bucket width and one
    grouping: others are other rows.
    """
    target = Target(organization, workspace, project)
    _import(path, openai_usage_format(), target, errors, as_json)


def _column_map(
    maps: list[str] | None, constants: list[str] | None, said: Mapping[str, str | None]
) -> ColumnMap:
    given: dict[str, Any] = parse_pairs(constants or [], "--set")
    given |= {name: value for name, value in said.items() if value is not None}
    return load_map(maps or []).with_constants(given)


def _import(
    path: Path,
    row_format: RowFormat,
    target: Target,
    errors: Path | None,
    as_json: bool,
    key_prefix: str = "",
    delimiter: str | None = None,
) -> None:
    if path.is_dir() and next(find_files(path, row_format.suffixes, lambda _: None), None) is None:
        expected = ", ".join(f"*{suffix}" for suffix in row_format.suffixes)
        raise BadInputError(f"There is no {expected} below {path}.")
    run_import(
        path,
        target,
        lambda database, ledger, organization_id, find_project, listener: RowImport(
            database,
            ledger,
            organization_id,
            row_format,
            find_project,
            listener,
            project=target.project,
            key_prefix=key_prefix,
            delimiter=delimiter,
        ),
        errors=errors,
        as_json=as_json,
    )
