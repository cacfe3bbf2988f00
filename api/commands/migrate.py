"""`aicost migrate`: bring the database up to date."""

import asyncio

import typer

from api.commands.output import AsJson, answer, note
from api.commands.session import database_address, prepare
from api.settings import Settings

app = typer.Typer()


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Apply the migrations and the public prices that are missing, and the rights to serve."""

    with database_address(Settings.load()) as address:
        done = asyncio.run(prepare(address, progress=lambda name: note(f"Applying {name} ...")))
    line = f"{len(done.migrations)} migrations applied, {done.prices} public prices adopted."
    answer(as_json, {"migrations": done.migrations, "prices": done.prices}, line)
