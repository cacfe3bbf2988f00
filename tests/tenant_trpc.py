"""Rows of the tenant table for the procedures of tRPC: made from GraphQL's, none by hand.

A procedure goes a way through the schema; the first GraphQL row that goes the same way says what
to send, where it stands and who may. A procedure for which there is none has no row, and
`test_every_procedure_has_a_row` says so.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

import orjson
from graphql import (
    FieldNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    value_from_ast_untyped,
)
from tenant_caps import ROWS as CAP_ROWS
from tenant_table import ROWS as TABLE_ROWS
from tenant_table import Request, Row, Values

from api.graphql_execution import Execution
from api.trpc import METHODS
from api.trpc_procedure import Prepared, Procedures, Step
from api.trpc_wire import PREFIX, ROUTE
from resolvers.schema import schema

GRAPHQL_ROWS = [*TABLE_ROWS, *CAP_ROWS]
PROCEDURES = list(Procedures(Execution(schema)))
_ANY: Any = defaultdict(str)


def _given(row: Row, procedure: Prepared, ids: Mapping[str, str], texts: Values) -> Any:
    """What a GraphQL row sends, as the procedure's input; None when it goes another way."""
    request = row.request(ids, texts)
    if request.path != "/graphql":
        return None
    body = orjson.loads(request.content)
    (operation,) = parse(body["query"]).definitions
    assert isinstance(operation, OperationDefinitionNode)
    if operation.operation.value != procedure.kind:
        return None
    found = _walk(operation.selection_set, procedure.steps, body["variables"])
    if found is None or not procedure.is_flat:
        return found
    return found["input"]


def _walk(
    selections: SelectionSetNode | None, steps: Sequence[Step], variables: Mapping[str, Any]
) -> dict[str, Any] | None:
    if not steps:
        return {}
    step, *rest = steps
    for field in _fields(selections, step):
        inner = field.selection_set
        if step.narrowed is not None and rest == []:
            inner = _narrowed(inner, step)
            if inner is None:
                continue
        below = _walk(_narrowed(inner, step) if step.narrowed else inner, rest, variables)
        if below is None:
            continue
        said = {node.name.value: node.value for node in field.arguments or ()}
        own = {
            name: value_from_ast_untyped(said[argument], dict(variables))
            for name, (argument, _) in step.arguments.items()
            if argument in said
        }
        return {**own, **below}
    return None


def _fields(selections: SelectionSetNode | None, step: Step) -> Iterator[FieldNode]:
    for selection in selections.selections if selections else ():
        if isinstance(selection, FieldNode) and selection.name.value == step.name:
            yield selection


def _narrowed(selections: SelectionSetNode | None, step: Step) -> SelectionSetNode | None:
    for selection in selections.selections if selections else ():
        condition = isinstance(selection, InlineFragmentNode) and selection.type_condition
        if condition and step.narrowed and condition.name.value == step.narrowed.name:
            return selection.selection_set
    return None


def _asking(row: Row, procedure: Prepared) -> Callable[[Mapping[str, str], Values], Request]:
    def request(ids: Mapping[str, str], texts: Values) -> Request:
        given = orjson.dumps(_given(row, procedure, ids, texts))
        path = PREFIX + procedure.name
        if procedure.kind == "mutation":
            return Request(path, given)
        return Request(f"{path}?input={quote(given)}", b"", METHODS[procedure.kind])

    return request


def together(requests: Sequence[Request]) -> Request:
    """Requests of one kind as one batch."""
    names, inputs = [], {}
    for place, request in enumerate(requests):
        path, _, said = request.path.partition("?input=")
        names.append(path.removeprefix(PREFIX))
        inputs[str(place)] = orjson.loads(unquote(said) or request.content)
    path, given = f"{PREFIX}{','.join(names)}?batch=1", orjson.dumps(inputs)
    if requests[0].method == "GET":
        return Request(f"{path}&input={quote(given)}", b"", "GET")
    return Request(path, given)


def _rows() -> Iterator[Row]:
    for procedure in PROCEDURES:
        for row in GRAPHQL_ROWS:
            if _given(row, procedure, _ANY, _ANY) is not None:
                name = f"tRPC {procedure.name}"
                covers = frozenset({procedure.name, ROUTE})
                request = _asking(row, procedure)
                sent = request({name: f"id-{name}-id" for name in row.ids}, _ANY)
                ids = [it for it in row.ids if f"id-{it}-id" in f"{sent.path} {sent.content!r}"]
                yield replace(row, name=name, covers=covers, request=request, ids=tuple(ids))
                break


ROWS = list(_rows())
_QUERIES = {it.name for it in PROCEDURES if it.kind == "query"}
READING = [row for row in ROWS if row.covers & _QUERIES]
CHANGING = [row for row in ROWS if not row.covers & _QUERIES]
