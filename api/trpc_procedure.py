"""One procedure made ready: its document, what its input becomes, what its answer becomes.

Refused: input that is no object, names that are no fields of it, and values that do not fit, each
by field, value and what was expected.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    is_required_argument,
    is_required_input_field,
    parse,
)

from api.graphql_document import RefusedDocumentError
from api.graphql_errors import told_errors
from api.graphql_execution import Execution
from api.trpc_procedures import LENGTHS, PROCEDURES, Procedure
from api.trpc_shape import USER_ERRORS, Shape, Shapes, is_one_of, through_lists
from models.errors import NotFoundError, UserError, UserErrors

_STEP = re.compile(r"(?P<field>\w+)(<(?P<type>\w+)>)?(\((?P<settled>[^)]*)\))?")
_INPUT = "input"
_LONGEST_SHOWN = 60
# What the scalars take, for people.
_EXPECTED = {
    "BigInt": "a whole number up to 2^53 - 1",
    "Boolean": "true or false",
    "Date": "a day, written YYYY-MM-DD,",
    "DateTime": "an instant with a zone, such as 2026-01-31T12:00:00Z,",
    "Decimal": "a finite number, or a string of plain digits,",
    "Float": "a number",
    "ID": "an id",
    "Int": "a whole number of 32 bits",
    "Month": "a month, written YYYY-MM,",
    "String": "a string",
}

Inputs = Mapping[str, GraphQLArgument | GraphQLInputField]


@dataclass(frozen=True, slots=True)
class Step:
    """One field on a procedure's way. `arguments` are those from the input, by the input's name."""

    name: str
    field: GraphQLField
    arguments: Mapping[str, tuple[str, GraphQLArgument]]
    settled: str
    narrowed: GraphQLObjectType | None

    @property
    def type(self) -> GraphQLOutputType:
        """What it leads to."""
        return self.narrowed or self.field.type

    def text(self, below: str) -> str:
        """The field in a document, around what is asked below it."""
        given = [f"{name}: ${variable}" for variable, (name, _) in self.arguments.items()]
        arguments = ", ".join([*given, *([self.settled] if self.settled else [])])
        inner = f"{{ ... on {self.narrowed.name} {below} }}" if self.narrowed else below
        return f"{self.name}{f'({arguments})' if arguments else ''} {inner}"


class Prepared:
    """A procedure on a schema."""

    def __init__(self, procedure: Procedure, schema: GraphQLSchema, shapes: Shapes) -> None:
        self.name = procedure.name
        self.steps = tuple(_steps(procedure, schema))
        queries = schema.query_type.fields if schema.query_type else {}
        self.kind = "query" if self.steps[0].name in queries else "mutation"
        self.type: GraphQLOutputType = self.steps[-1].type
        self.shape: Shape | None = shapes.of(self.type)
        arguments = {
            variable: argument
            for step in self.steps
            for variable, (_, argument) in step.arguments.items()
        }
        self.is_flat = arguments.keys() == {_INPUT}
        self._arguments = arguments
        named = get_named_type(arguments[_INPUT].type) if self.is_flat else None
        self.input_type = named if isinstance(named, GraphQLInputObjectType) else None
        self.inputs: Inputs = self.input_type.fields if self.input_type else arguments

    @cached_property
    def document(self) -> DocumentNode:
        """The GraphQL document that the procedure runs."""
        return parse(self.text, no_location=True)

    @cached_property
    def text(self) -> str:
        """The document as text, for those who want to ask GraphQL for the same."""
        declared = ", ".join(f"${name}: {_type(it)}" for name, it in self._arguments.items())
        below = self.shape.selection() if self.shape else ""
        for step in reversed(self.steps):
            below = f"{{ {step.text(below)} }}"
        return f"{self.kind}{f' ({declared})' if declared else ''} {below}"

    @cached_property
    def _convert(self) -> Any:
        convert = self.shape.converter() if self.shape else None
        return through_lists(self.type, convert) if convert else None

    def variables(self, given: Any) -> dict[str, Any]:
        """The document's variables; raises UserErrors when the input is no such object."""
        if given is None:
            given = {}
        if not isinstance(given, dict):
            expected = f"an object of {', '.join(self.inputs)} is expected"
            message = f"The input is {_shown(given)}; {expected}."
            raise UserErrors([UserError("INVALID", message)])
        if self.is_flat:
            return {_INPUT: given}
        problems = self.problems(given)
        if problems:
            raise UserErrors(problems)
        return given

    def problems(self, given: Any) -> list[UserError]:
        """What is wrong with an input that was refused."""
        problems = list(_object_problems(given or {}, self.inputs, ()))
        if self.input_type:
            problems += _one_of_problems(given or {}, self.input_type, ())
        return problems

    def answer(self, data: Any) -> Any:
        """The answer of what the document returned; raises UserErrors that it holds."""
        for step in self.steps:
            data = data[step.name]
            if step.narrowed is not None and not data:
                raise NotFoundError("There is no such thing.")
        if isinstance(data, dict) and USER_ERRORS in data:
            refused = data.pop(USER_ERRORS)
            if refused:
                raise UserErrors([_user_error(each) for each in refused])
        return self._convert(data) if self._convert else data


class Procedures:
    """The procedures on one schema, each made ready when it is first asked for."""

    def __init__(self, execution: Execution, procedures: Sequence[Procedure] = PROCEDURES) -> None:
        self._execution = execution
        self._listed = {it.name: it for it in procedures}
        self._shapes = Shapes(execution.schema, LENGTHS)
        self._prepared: dict[str, Prepared] = {}

    def __iter__(self) -> Iterator[Prepared]:
        return (self._ready(name) for name in self._listed)

    def find(self, name: str) -> Prepared | None:
        """The procedure of a name."""
        return self._ready(name) if name in self._listed else None

    async def call(self, procedure: Prepared, given: Any, context: Any) -> Any:
        """Runs a procedure; raises DomainError or UserErrors."""
        variables = procedure.variables(given)
        try:
            result = await self._execution.run(procedure.document, variables, context)
        except RefusedDocumentError as refused:
            problems = procedure.problems(given)
            messages = [UserError("INVALID", error.message) for error in refused.errors]
            raise UserErrors(problems or messages) from None
        if result.errors:
            errors = sorted(result.errors, key=lambda error: len(error.path or ()))
            told = told_errors(errors)
            # A query is answered whole or not at all; what failed nearest to the root says most. A
            # mutation with a payload was made: an error would say that it was not.
            if procedure.kind == "query" or not any((result.data or {}).values()):
                raise told[0]
        return procedure.answer(result.data)

    def _ready(self, name: str) -> Prepared:
        if name not in self._prepared:
            schema, listed = self._execution.schema, self._listed[name]
            self._prepared[name] = Prepared(listed, schema, self._shapes)
        return self._prepared[name]


def _steps(procedure: Procedure, schema: GraphQLSchema) -> Iterator[Step]:
    texts = [found.groupdict() for found in _STEP.finditer(procedure.way)]
    roots = [root for root in (schema.query_type, schema.mutation_type) if root]
    fields = {name: found for root in roots for name, found in root.fields.items()}
    for place, text in enumerate(texts, 1):
        name, settled = text["field"], text["settled"] or ""
        found = fields[name]
        narrowed = schema.type_map[text["type"]] if text["type"] else None
        assert narrowed is None or isinstance(narrowed, GraphQLObjectType)  # noqa: S101
        thing = _lower(narrowed.name) if narrowed else name
        given = {
            (f"{thing}Id" if argument == "id" and place < len(texts) else argument): (argument, it)
            for argument, it in found.args.items()
            if f"{argument}:" not in settled
        }
        yield Step(name, found, given, settled, narrowed)
        fields = getattr(narrowed or get_named_type(found.type), "fields", {})


def _type(argument: GraphQLArgument) -> str:
    """The type of a variable: one that may be left out leaves the argument its default."""
    declared = str(argument.type)
    return declared if is_required_argument(argument) else declared.removesuffix("!")


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _user_error(told: Mapping[str, Any]) -> UserError:
    path = told["field"]
    return UserError(told["code"], told["message"], tuple(path) if path is not None else None)


# ---- what is wrong with an input


def _object_problems(given: Any, inputs: Inputs, path: tuple[str, ...]) -> Iterator[UserError]:
    for name in given:
        if name not in inputs:
            yield _unknown(name, inputs, path)
    for name, declared in inputs.items():
        if name in given:
            yield from _problems(given[name], declared.type, (*path, name))
        elif _is_required(declared):
            message = f"{name} is missing; {_expected(declared.type)} is expected."
            yield UserError("REQUIRED", message, (*path, name))


def _problems(given: Any, type_: GraphQLInputType, path: tuple[str, ...]) -> Iterator[UserError]:
    name = path[-1]
    if isinstance(type_, GraphQLNonNull):
        if given is None:
            yield UserError("REQUIRED", f"{name} is null; {_expected(type_)} is expected.", path)
            return
        type_ = type_.of_type
    if given is None:
        return
    if isinstance(type_, GraphQLList):
        for place, each in enumerate(given if isinstance(given, list) else [given]):
            yield from _problems(each, type_.of_type, (*path, str(place)))
    elif isinstance(type_, GraphQLInputObjectType):
        if not isinstance(given, dict):
            message = f"{name} is {_shown(given)}; {_expected(type_)} is expected."
            yield UserError("INVALID", message, path)
            return
        yield from _object_problems(given, type_.fields, path)
        yield from _one_of_problems(given, type_, path)
    elif isinstance(type_, GraphQLScalarType | GraphQLEnumType):
        try:
            type_.parse_value(given)
        except GraphQLError:
            said = f"{name} is {_shown(given)}; {_expected(type_)} is expected."
            yield UserError("INVALID", said, path)


def _one_of_problems(
    given: Any, type_: GraphQLInputObjectType, path: tuple[str, ...]
) -> Iterator[UserError]:
    if is_one_of(type_) and (len(given) != 1 or None in given.values()):
        said = (
            f"{path[-1] if path else 'The input'} has {', '.join(map(_cut, given)) or 'no field'}"
        )
        message = f"{said}; exactly one of {', '.join(type_.fields)} is expected."
        yield UserError("INVALID", message, path or None)


def _unknown(name: str, inputs: Inputs, path: tuple[str, ...]) -> UserError:
    known = ", ".join(inputs) or "no fields"
    message = (
        f"{_cut(name)} is no field here; {known} {'are' if len(inputs) != 1 else 'is'} expected."
    )
    return UserError("INVALID", message, (*path, _cut(name)))


def _is_required(declared: GraphQLArgument | GraphQLInputField) -> bool:
    if isinstance(declared, GraphQLArgument):
        return is_required_argument(declared)
    return is_required_input_field(declared)


def _expected(type_: GraphQLInputType) -> str:
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return f"one of {', '.join(named.values)}"
    if isinstance(named, GraphQLInputObjectType):
        return f"an object of {', '.join(named.fields)}"
    return _EXPECTED.get(named.name, f"a value of type {named.name}")


def _shown(value: Any) -> str:
    return _cut(orjson.dumps(value).decode())


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
