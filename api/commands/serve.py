"""`aicost serve`: the server on a database that is up to date."""

import asyncio
import os
from collections.abc import Callable

import typer

from api.commands.output import note
from api.commands.session import (
    DatabaseAddress,
    database_address,
    is_prepared,
    may_change_ledger,
)
from api.settings import Settings, unknown_variables
from models.errors import UnavailableError

app = typer.Typer()


@app.command()
def serve() -> None:
    """Serve until stopped. The database must have been migrated: see `aicost run`."""
    settings = Settings.load()
    with database_address(settings, is_watched=True) as address:
        if not asyncio.run(is_prepared(address)):
            raise UnavailableError("The database is not up to date; run `aicost migrate` first.")
        serve_on(address, settings)


def serve_on(
    address: DatabaseAddress,
    settings: Settings,
    *,
    announce: Callable[[int], object] = lambda port: None,
) -> None:
    """Serves on a database until SIGINT or SIGTERM; returns when all requests have ended.

    `announce` is told the port as soon as connections to it are answered.
    """
    # Imported here, so that `aicost --help` need not wait for a server to be loaded.
    from api.auth import JwtRules
    from api.serve import serve as serve_until_stopped

    for name in unknown_variables(os.environ):
        note(f"aicost: {name} is not a setting and has no effect.")
    if asyncio.run(may_change_ledger(address)):
        note(
            "aicost: the role of DATABASE_URL could change the ledger. Give it a role that owns"
            " nothing, and AICOST_OWNER_DATABASE_URL the one that migrates."
        )
    JwtRules.of(settings)  # keys that cannot be read stop us here, not each worker
    serve_until_stopped(settings, address.app_dsn, announce=announce)
