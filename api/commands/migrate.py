"""`aicost migrate`: bring the database up to date."""

import asyncio

import typer

from api.commands.output import AsJson, answer, note
from api.commands.session import Preparation, database_address, prepare
from api.settings import Settings

app = typer.Typer()


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Apply the migrations and the public prices that are missing, and the rights to serve."""

    async def session() -> Preparation:
        async with database_address(Settings.load()) as address:
            return await prepare(address, progress=lambda name: note(f"Applying {name} ..."))

    done = asyncio.run(session())
    line = f"{len(done.migrations)} migrations applied, {done.prices} public prices adopted."
    answer(as_json, {"migrations": done.migrations, "prices": done.prices}, line)
