"""The generated files of `clients/typescript`, by their path there."""

from api.graphql_execution import Execution
from api.trpc_procedure import Procedures
from api.typescript import schema_module
from api.typescript_router import Router
from resolvers.schema import schema


def modules() -> dict[str, str]:
    """Path and text of every generated file."""
    router = Router(Procedures(Execution(schema)))
    return {
        "src/schema.ts": schema_module(schema._schema),
        "src/router.ts": router.module(),
        "check/every_procedure.ts": router.program(),
    }
