"""Running a prepared document on the schema: one way for every door that asks the schema.

graphql-core's `execute` with strawberry's executor. Refused: documents whose variables do not fit,
before anything ran.
"""

from inspect import isawaitable
from typing import Any, cast

import strawberry
from graphql import DocumentNode, ExecutionResult, execute
from strawberry.execution import optimized_is_awaitable

from api.graphql_document import RefusedDocumentError

_MAX_COERCION_ERRORS = 10


class Execution:
    """Executes documents on one schema."""

    def __init__(self, schema: strawberry.Schema) -> None:
        if schema.extensions:
            raise ValueError("the door runs no schema extensions; this schema has some")
        self.schema = schema._schema
        self._executor_class = schema.execution_context_class

    async def run(
        self,
        document: DocumentNode,
        variables: dict[str, Any],
        context: Any,
        operation_name: str | None = None,
    ) -> ExecutionResult:
        """The data and errors of a document; raises RefusedDocumentError when nothing ran."""
        result = execute(
            self.schema,
            document,
            context_value=context,
            variable_values=variables,
            operation_name=operation_name,
            max_coercion_errors=_MAX_COERCION_ERRORS,
            executor_class=self._executor_class,
            is_awaitable=cast(Any, optimized_is_awaitable),
            hide_suggestions=True,
            operation_extensions=None,
        )
        done = await result if isawaitable(result) else result
        if done.data is None and done.errors and all(e.path is None for e in done.errors):
            # Nothing ran: the variables do not fit.
            raise RefusedDocumentError(list(done.errors))
        return done
