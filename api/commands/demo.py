"""`aicost demo`, and what `aicost run` says about the demo organization: its key and a first query.

The key's secret is kept in `demo-key` in the data directory, readable by its owner alone, so that
every start can show it; a start that does not find it there gives the key another one. Refused:
filling unasked a database in which somebody has an organization already.
"""

import asyncio
import json
import os
import secrets
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import typer

from api.commands.output import AsJson, note, print_json, print_line
from api.commands.session import DatabaseAddress, open_database
from api.settings import Settings
from models.access import Scope
from models.db import Database
from models.demo import Demo, Progress, fill_demo, find_demo, is_demo_due
from models.demo_key import demo_secret
from models.demo_world import SPIKING
from models.errors import NotFoundError
from models.ids import ORGANIZATION, PROJECT, encode
from models.import_report import ImportReport
from models.ledger import Ledger
from models.money import plain
from models.project import list_projects

app = typer.Typer()

KEY_FILE = "demo-key"
_QUERY = (
    '{ monthlySummary(projectId: "%s") { month totalCost budgetLimit budgetPct budgetStatus'
    " agentBreakdown { label totalJobs cost } } }"
)
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - not bound here


@dataclass(frozen=True, slots=True)
class Welcome:
    """What somebody needs to begin: public ids and a secret, None when its key was revoked."""

    organization_id: str
    project_id: str | None
    secret: str | None

    def lines(self, url: str) -> list[str]:
        """The key and one command that answers."""
        if self.secret is None:
            return ["The demo's key was revoked; make one with `aicost key create`."]
        lines = [f"Demo API key (OWNER): {self.secret}"]
        if self.project_id is not None:
            lines += ["Try it:", curl(url, self.secret, self.project_id)]
        return lines


@app.command()
def demo(as_json: AsJson = False) -> None:
    """Make the organization "Demo" with 13 months of made-up usage, or finish making it."""
    settings = Settings.load()

    async def session() -> tuple[ImportReport, Welcome]:
        async with open_database(settings) as database:
            report = await _fill(database)
            found = await find_demo(database)
            if found is None:
                raise NotFoundError("The demo organization was renamed meanwhile.")
            return report, await _welcome(database, settings, found)

    begun = time.monotonic()
    report, welcome = asyncio.run(session())
    if as_json:
        print_json(_described(report, welcome))
        return
    if report.read:
        print_line(_summary(report, time.monotonic() - begun))
    else:
        print_line("The demo organization is there already.")
    for line in welcome.lines(server_url(settings, settings.port)):
        print_line(line)


async def greet(address: DatabaseAddress, settings: Settings) -> Welcome | None:
    """What a start says of the demo, filled when it is due; None unless the settings want one."""
    if not settings.demo:
        return None
    database = Database(address.app_dsn, pool_size=2, statement_timeout_seconds=0)
    await database.start()
    try:
        if await is_demo_due(database):
            begun = time.monotonic()
            note("Filling the demo organization ...")
            note(_summary(await _fill(database), time.monotonic() - begun))
        found = await find_demo(database)
        return await _welcome(database, settings, found) if found is not None else None
    finally:
        await database.close()


def server_url(settings: Settings, port: int) -> str:
    """Where this machine reaches the server of the settings on a port."""
    host = _ANY_ADDRESS.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def curl(url: str, secret: str, project_id: str) -> str:
    """A command for a shell that asks for the running month of a project."""
    command = [
        "curl",
        "-s",
        f"{url}/graphql",
        "-H",
        f"Authorization: Bearer {secret}",
        "-H",
        "Content-Type: application/json",
        "-d",
        json.dumps({"query": _QUERY % project_id}),
    ]
    return shlex.join(command)


async def _fill(database: Database) -> ImportReport:
    with _bar() as progress:
        return await fill_demo(database, Ledger(database), progress=progress)


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Recording the calls", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


async def _welcome(database: Database, settings: Settings, found: Demo) -> Welcome:
    path = settings.data_dir / KEY_FILE

    async def work(connection: asyncpg.Connection) -> Welcome:
        kept = read_secret(path)
        secret = await demo_secret(connection, found.organization_id, kept)
        if secret is not None and secret != kept:
            # Before the commit: a file whose secret never came to work is seen and replaced.
            _keep(path, secret)
        projects = await list_projects(connection, Scope.system(found.organization_id))
        ids = {row["name"]: row["id"] for row in reversed(projects)}
        project_id = ids.get(SPIKING) or next(iter(ids.values()), None)
        return Welcome(
            encode(ORGANIZATION, found.organization_id, found.organization_id),
            encode(PROJECT, found.organization_id, project_id) if project_id else None,
            secret,
        )

    return await database.retry(work)


def read_secret(path: Path) -> str | None:
    """The secret that is kept there; None when there is none to be read."""
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _keep(path: Path, secret: str) -> None:
    try:
        write_secret(path, secret)
    except OSError as error:
        note(f"aicost: the demo's key was not kept ({error}); the next start makes another.")


def write_secret(path: Path, secret: str) -> None:
    """Replaces the file as a whole by one that its owner alone can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secret}\n")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _summary(report: ImportReport, elapsed_seconds: float) -> str:
    return (
        f"Demo: {report.recorded:,} calls recorded, {report.unpriced:,} of them unpriced,"
        f" ${report.total_cost:,.2f}, in {elapsed_seconds:.1f} seconds."
    )


def _described(report: ImportReport, welcome: Welcome) -> dict[str, object]:
    return {
        "organization": welcome.organization_id,
        "project": welcome.project_id,
        "secret": welcome.secret,
        "read": report.read,
        "recorded": report.recorded,
        "duplicate": report.duplicate,
        "unpriced": report.unpriced,
        "quarantined": report.quarantined,
        "total_cost": plain(report.total_cost),
    }
