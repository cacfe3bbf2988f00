"""The whole of aicost put together from the environment: what `serve.py` runs in each worker."""

from starlette.applications import Starlette
from starlette.datastructures import Headers

from api import logging
from api.app import create_app
from api.auth import ORGANIZATION_HEADER, Authenticator, JwtRules
from api.settings import Settings, SettingsError
from models.access import Scope
from models.db import Database
from resolvers.context import create_context
from resolvers.schema import schema


def application() -> Starlette:
    """The application on the database of DATABASE_URL; raises SettingsError without one."""
    settings = Settings.load()
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL: should name the database to serve from")
    logging.configure(settings)
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
        before_close=authenticator.close,
    )
