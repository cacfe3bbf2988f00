"""`aicost schema`: the public schema as text."""

import typer

app = typer.Typer()


@app.command()
def schema() -> None:
    """Print the GraphQL schema, as schema.graphql holds it."""
    from resolvers.schema import sdl  # takes a second, which other commands' help should not

    typer.echo(sdl(), nl=False)
