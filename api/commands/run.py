"""`aicost run`: everything that it takes to serve, in one command."""

import asyncio
import sys

import typer

from api.commands.demo import greeting, server_url
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
        lines = asyncio.run(greeting(address, settings))
        print_line(f"aicost serves on {server_url(settings)}/graphql")
        for line in lines:
            print_line(line)
        # The server runs for long, and whoever reads a pipe waits for these lines.
        sys.stdout.flush()
        serve_on(address, settings)
