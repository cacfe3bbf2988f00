"""`aicost run`: everything that it takes to serve, in one command."""

import asyncio
import sys

import typer

from api.commands.demo import Welcome, greet, server_url
from api.commands.output import note, print_line
from api.commands.serve import serve_on
from api.commands.session import database_address, prepare
from api.settings import Settings

app = typer.Typer()


@app.command()
def run() -> None:
    """Start the embedded PostgreSQL (or use DATABASE_URL), migrate, and serve until stopped."""
    settings = Settings.load()
    with database_address(settings, is_watched=True) as address:
        asyncio.run(prepare(address, progress=lambda name: note(f"Applying {name} ...")))
        welcome = asyncio.run(greet(address, settings))
        serve_on(
            address, settings, announce=lambda port: _announce(server_url(settings, port), welcome)
        )


def _announce(url: str, welcome: Welcome | None) -> None:
    print_line(f"aicost serves on {url}/graphql")
    for line in welcome.lines(url) if welcome is not None else []:
        print_line(line)
    # The server runs for long, and whoever reads a pipe waits for these lines.
    sys.stdout.flush()
