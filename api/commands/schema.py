"""`aicost schema`: the public schema as text."""

import typer

from resolvers.schema import sdl

app = typer.Typer()


@app.command()
def schema() -> None:
    """Print the GraphQL schema, as schema.graphql holds it."""
    typer.echo(sdl(), nl=False)
