"""The whole of aicost put together from the environment: what `serve.py` runs in each worker."""

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import Route

from api import logging
from api.app import create_app
from api.auth import ORGANIZATION_HEADER, Authenticator, JwtRules
from api.billing import Billing
from api.openapi import OPENAPI_PATH, openapi
from api.otlp import PATH, OtlpDoor
from api.settings import Settings, SettingsError
from api.trpc import TrpcDoor
from api.trpc_wire import ROUTE as TRPC
from api.usage import UsageDoor
from models.access import Scope
from models.admission_queue import AdmissionQueue
from models.admission_writer import Admission
from models.collector import spare_collector
from models.db import Database
from models.expirer import Expirer
from models.export import Exports
from models.ledger import Ledger
from models.otel_intake import Intake
from models.repricer import Repricer
from models.write_queue import WriteQueue
from resolvers.context import Context, create_context
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
        has_generic_plans=True,
    )
    exports = Exports(settings.database_url.get_secret_value(), pool_size=settings.export_pool_size)
    authenticator = Authenticator(database, JwtRules.of(settings))
    ledger = Ledger(database)
    writer = WriteQueue(ledger)
    admission = AdmissionQueue(Admission(ledger))
    repricer, expirer = Repricer(database), Expirer(database)

    async def authenticate(headers: Headers) -> Scope:
        return await authenticator.authenticate(
            headers.get("authorization"), headers.get(ORGANIZATION_HEADER)
        )

    def context(served: Database, scope: Scope, request_id: str) -> Context:
        return create_context(
            served, scope, request_id, writer=writer, repricer=repricer, admission=admission
        )

    async def start() -> None:
        await exports.start()
        await repricer.watch()
        await expirer.watch()

    async def close() -> None:
        await exports.close()
        await repricer.close()
        await expirer.close()
        await admission.close()
        await writer.close()
        await authenticator.close()

    usage = UsageDoor(settings, database, authenticate, context)
    traces = OtlpDoor(settings, authenticate, Intake(database, writer.record))
    trpc = TrpcDoor(
        schema,
        settings,
        database=database,
        authenticate=authenticate,
        context_factory=context,
    )
    spare_collector()
    return create_app(
        settings,
        schema=schema,
        database=database,
        authenticate=authenticate,
        context_factory=context,
        routes=[
            Route("/v1/usage", usage, methods=["POST"]),
            Route(PATH, traces, methods=["POST"]),
            Route(TRPC, trpc),
            Route(OPENAPI_PATH, openapi),
            *Billing(database, exports, authenticate, context).routes(),
        ],
        after_start=start,
        before_close=close,
    )
