"""A query text made ready to run: parsed, measured, validated, and remembered.

Clients send few texts many times; parsing and validating one costs ten times what running it
does. Refused documents are not remembered. The memory is bounded by texts and by their length.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    TokenKind,
    VariableDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.language import IntValueNode
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.graphql_limits import Measurement, QueryLimits, list_length, require_at_most
from api.settings import Settings
from models.errors import BadInputError

_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_NUMBERS = (TokenKind.INT, TokenKind.FLOAT)
_MAX_VALIDATION_ERRORS = 10
_MAX_REMEMBERED = 500
# A parsed document takes about 150 bytes for each character: 75 MB when all of this is used.
_MAX_REMEMBERED_CHARACTERS = 500_000
_MAX_REMEMBERED_SIZES = 32


class RefusedDocumentError(Exception):
    """The document cannot run: GraphQL's own errors, each with its place in the text."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document. `is_meta` when it asks for nothing but the schema."""

    kind: str
    name: str | None
    node: OperationDefinitionNode
    is_meta: bool
    size_variables: tuple[str, ...]


@dataclass(slots=True)
class Document:
    """A valid document within its limits, whatever the variables are but for `check_sizes`."""

    ast: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]
    operations: Mapping[str | None, Operation]
    accepted_sizes: set[tuple[Any, ...]]

    def operation(self, name: str | None) -> Operation:
        """The operation to run; raises BadInputError when the request leaves it open."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise BadInputError("The document has several operations; operationName says which.")
        operation = self.operations.get(name)
        if operation is None:
            raise BadInputError("The document has no operation by the name in operationName.")
        return operation


class Documents:
    """Makes documents ready for one schema and remembers them."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._limits = QueryLimits.of(settings)
        self._remembered: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def prepare(self, text: str) -> Document:
        """The document of a text; raises RefusedDocumentError, or BadInputError for a limit."""
        document = self._remembered.get(text)
        if document is not None:
            self._remembered.move_to_end(text)
            return document
        document = self._make(text)
        self._remember(text, document)
        return document

    def check_sizes(
        self, document: Document, operation: Operation, variables: Mapping[str, Any]
    ) -> None:
        """Raises BadInputError when the variables ask for more nodes than are allowed."""
        if not operation.size_variables:
            return
        values = {**_defaults(operation.node), **variables}
        lengths = (list_length(values.get(name)) for name in operation.size_variables)
        sizes = (operation.name, *lengths)
        if sizes in document.accepted_sizes:
            return
        measurement = Measurement(self._schema, document.fragments, values)
        self._limits.check(measurement.operation(operation.node))
        if len(document.accepted_sizes) >= _MAX_REMEMBERED_SIZES:
            document.accepted_sizes.clear()
        document.accepted_sizes.add(sizes)

    def _make(self, text: str) -> Document:
        ast = self._parse(text)
        nodes = ast.definitions
        fragments = {n.name.value: n for n in nodes if isinstance(n, FragmentDefinitionNode)}
        require_at_most(
            self._settings.limit_fragments,
            sum(isinstance(node, FragmentDefinitionNode) for node in nodes),
            "fragments",
        )
        require_at_most(self._settings.limit_directives, _check_tokens(ast), "directives")
        measurement = Measurement(self._schema, fragments)
        operations = [
            self._measure(node, measurement)
            for node in nodes
            if isinstance(node, OperationDefinitionNode)
        ]
        errors = validate(
            self._schema,
            ast,
            _RULES,
            max_errors=_MAX_VALIDATION_ERRORS,
            hide_suggestions=True,
        )
        if errors:
            raise RefusedDocumentError(errors)
        if not operations:
            raise BadInputError("The document has no operation.")
        return Document(ast, fragments, {o.name: o for o in operations}, set())

    def _parse(self, text: str) -> DocumentNode:
        tokens = self._settings.limit_tokens
        try:
            return parse(text, max_lexical_tokens=tokens, max_comments=tokens)
        except GraphQLError as error:
            raise RefusedDocumentError([error]) from None

    def _measure(self, node: OperationDefinitionNode, measurement: Measurement) -> Operation:
        size = measurement.operation(node)
        self._limits.check(size, nodes_known=not measurement.size_variables)
        if measurement.introspects and not self._settings.introspection:
            raise BadInputError("This server does not tell its schema; it is published beside it.")
        return Operation(
            kind=node.operation.value,
            name=node.name.value if node.name else None,
            node=node,
            is_meta=_is_meta(node),
            size_variables=tuple(sorted(measurement.size_variables)),
        )

    def _remember(self, text: str, document: Document) -> None:
        self._remembered[text] = document
        self._characters += len(text)
        while (
            len(self._remembered) > _MAX_REMEMBERED or self._characters > _MAX_REMEMBERED_CHARACTERS
        ):
            oldest, _ = self._remembered.popitem(last=False)
            self._characters -= len(oldest)


def _check_tokens(ast: DocumentNode) -> int:
    """Counts the directives; refuses numbers beyond a double, which would reach fields as inf."""
    directives, token = 0, ast.loc.start_token if ast.loc else None
    while token is not None:
        if token.kind is TokenKind.AT:
            directives += 1
        elif token.kind in _NUMBERS and not isfinite(float(token.value or 0)):
            raise BadInputError("The document holds a number that is too large.")
        token = token.next
    return directives


def _is_meta(node: OperationDefinitionNode) -> bool:
    return node.operation.value == "query" and all(
        isinstance(selection, FieldNode) and selection.name.value.startswith("__")
        for selection in node.selection_set.selections
    )


def _defaults(node: OperationDefinitionNode) -> dict[str, Any]:
    """The defaults of an operation's variables that can be list sizes: whole numbers."""
    definitions: tuple[VariableDefinitionNode, ...] = tuple(node.variable_definitions or ())
    return {
        definition.variable.name.value: float(definition.default_value.value)
        for definition in definitions
        if isinstance(definition.default_value, IntValueNode)
    }
