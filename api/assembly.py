"""The application put together: database, who asks, schema and doors. Made once in each worker."""

from starlette.applications import Starlette
from starlette.datastructures import Headers

from api import logging
from api.app import create_app
from api.auth import ORGANIZATION_HEADER, Authenticator, JwtRules
from api.settings import Settings
from models.access import Scope
from models.db import Database
from resolvers.context import create_context
from resolvers.schema import schema


def assemble(settings: Settings) -> Starlette:
    """The application on the database of `DATABASE_URL`, which must be set."""
    if settings.database_url is None:
        raise ValueError("DATABASE_URL is not set; `aicost run` sets it for the embedded server")
    database = Database(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size,
        statement_timeout_seconds=settings.limit_statement_seconds,
    )
    authenticator = Authenticator(database, JwtRules.of(settings))

    async def authenticate(headers: Headers) -> Scope:
        return await authenticator.authenticate(
            headers.get("authorization"), headers.get(ORGANIZATION_HEADER)
        )

    return create_app(
        settings,
        schema=schema,
        database=database,
        authenticate=authenticate,
        context_factory=create_context,
    )


def from_environment() -> Starlette:
    """The application by the settings of the environment: what the server loads in each worker."""
    settings = Settings.load()
    logging.configure(settings)
    return assemble(settings)
