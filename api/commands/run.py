"""`aicost run`: everything that it takes to serve, in one command."""

import asyncio

import typer

from api.commands.output import note
from api.commands.serve import serve_on
from api.commands.session import database_address, prepare
from api.settings import Settings

app = typer.Typer()


@app.command()
def run() -> None:
    """Start the embedded PostgreSQL (or use DATABASE_URL), migrate, and serve until stopped."""
    settings = Settings.load()
    with database_address(settings) as address:
        asyncio.run(prepare(address, progress=lambda name: note(f"Applying {name} ...")))
        note(f"aicost serves on http://{settings.host}:{settings.port}/graphql")
        serve_on(address, settings)
