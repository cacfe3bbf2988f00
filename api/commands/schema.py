"""`aicost schema`: the public schema as text, and as the types of the TypeScript client."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def schema(
    typescript: Annotated[
        Path | None,
        typer.Option(
            help="Write the types of the TypeScript client into this directory instead.",
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Print the GraphQL schema, as schema.graphql holds it."""
    if typescript is None:
        from resolvers.schema import sdl  # takes a second, which other commands' help should not

        typer.echo(sdl(), nl=False)
        return
    from api.typescript_modules import modules

    for path, text in modules().items():
        file = typescript / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
