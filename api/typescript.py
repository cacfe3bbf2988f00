"""The public schema in TypeScript: what `clients/typescript/src/schema.ts` holds.

Every enum, input and type of the schema with its descriptions, and the little that the client must
know at run time to write a document. What is generated is written by `aicost schema --typescript`;
a test compares it. Refused: types by hand.
"""

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from api.trpc_shape import is_one_of

NameOf = Callable[[GraphQLNamedType], str]
GENERATED = "// Written by `make schema`; changes here are lost.\n"
_WIDTH = 96
_SCALARS = {
    "Boolean": "boolean", "Float": "number", "Int": "number", "BigInt": "number",
}  # fmt: skip
_HEAD = """
import type { Field, Union } from "./selection.js";
"""


def schema_module(schema: GraphQLSchema) -> str:
    """The text of `schema.ts`."""
    types = [schema.type_map[name] for name in sorted(schema.type_map)]
    own = [it for it in types if not it.name.startswith("__")]
    return "\n".join([GENERATED + _HEAD, *_declarations(schema, own), _fields_table(own)])


def _declarations(schema: GraphQLSchema, types: Iterable[GraphQLNamedType]) -> Iterator[str]:
    for it in types:
        if isinstance(it, GraphQLEnumType):
            values = [f"{comment(value.description, 2)}  | {json.dumps(name)}"
                      for name, value in it.values.items()]  # fmt: skip
            yield f"{comment(it.description)}export type {it.name} =\n" + "\n".join(values) + ";\n"
        elif isinstance(it, GraphQLInputObjectType):
            yield _input(it)
        elif isinstance(it, GraphQLUnionType | GraphQLInterfaceType):
            members = [member.name for member in schema.get_possible_types(it)]
            listed = "; ".join(f"{name}: {name}" for name in sorted(members))
            yield f"{comment(it.description)}export type {it.name} = Union<{{ {listed} }}>;\n"
        elif isinstance(it, GraphQLObjectType):
            fields = [
                f"{comment(found.description, 2)}  {name}: {_field(found)};"
                for name, found in it.fields.items()
            ]
            yield interface(it, fields)


def interface(type_: GraphQLNamedType, members: Iterable[str], name: str | None = None) -> str:
    """An exported interface with the type's description."""
    body = "\n".join(members)
    return f"{comment(type_.description)}export interface {name or type_.name} {{\n{body}\n}}\n"


def _input(type_: GraphQLInputObjectType) -> str:
    if not is_one_of(type_):
        return interface(type_, members_of(type_.fields))
    choices = []
    for chosen, found in type_.fields.items():
        said = f"{chosen}: {input_type(found.type).removesuffix(' | null')}"
        others = [f"{name}?: never" for name in type_.fields if name != chosen]
        choices.append(f"{comment(found.description, 2)}  | {{ {'; '.join([said, *others])} }}")
    joined = "\n".join(choices)
    return f"{comment(type_.description)}export type {type_.name} =\n{joined};\n"


def members_of(inputs: Mapping[str, GraphQLArgument | GraphQLInputField]) -> Iterator[str]:
    """The members of an interface of inputs."""
    for name, it in inputs.items():
        mark = "" if is_required(it) else "?"
        yield f"{comment(it.description, 2)}  {name}{mark}: {input_type(it.type)};"


def is_required(it: GraphQLArgument | GraphQLInputField) -> bool:
    """Whether an input must be given."""
    if isinstance(it, GraphQLArgument):
        return is_required_argument(it)
    return is_required_input_field(it)


def _field(found: GraphQLField) -> str:
    answer = output_type(found.type, lambda named: named.name)
    if not found.args:
        return answer
    arguments = "; ".join(
        f"{name}{'' if is_required(it) else '?'}: {input_type(it.type)}"
        for name, it in found.args.items()
    )
    return f"Field<{{ {arguments} }}, {answer}>"


def scalar(named: GraphQLNamedType, *, is_input: bool = False) -> str:
    """A scalar's or an enum's type."""
    if isinstance(named, GraphQLEnumType):
        return named.name
    if named.name == "Decimal" and is_input:
        return "string | number"
    return _SCALARS.get(named.name, "string")


def input_type(type_: GraphQLInputType) -> str:
    """The type of an input: what may be null may be null, too."""
    if not isinstance(type_, GraphQLNonNull):
        return f"{input_type(GraphQLNonNull(type_))} | null"
    inner = type_.of_type
    if isinstance(inner, GraphQLList):
        return f"readonly ({input_type(inner.of_type)})[]"
    named = get_named_type(inner)
    return scalar(named, is_input=True) if is_leaf_type(named) else named.name


def output_type(type_: GraphQLOutputType, name_of: NameOf, leaf: str | None = None) -> str:
    """The type of an answer; `leaf` is what to call its scalar, if not by its own name."""
    if not isinstance(type_, GraphQLNonNull):
        return f"{output_type(GraphQLNonNull(type_), name_of, leaf)} | null"
    inner = type_.of_type
    if isinstance(inner, GraphQLList):
        return f"Array<{output_type(inner.of_type, name_of, leaf)}>"
    named = get_named_type(inner)
    return (leaf or scalar(named)) if is_leaf_type(named) else name_of(named)


def comment(text: str | None, indent: int = 0) -> str:
    """A description as a comment that editors show."""
    if not text:
        return ""
    margin = " " * indent
    clean = text.replace("*/", "* /")
    if len(clean) + len(margin) <= _WIDTH - 7 and "\n" not in clean:
        return f"{margin}/** {clean} */\n"
    lines = textwrap.wrap(clean, _WIDTH - len(margin) - 3)
    body = "\n".join(f"{margin} * {line}" for line in lines)
    return f"{margin}/**\n{body}\n{margin} */\n"


def _fields_table(types: Iterable[GraphQLNamedType]) -> str:
    """Of each type the fields that take arguments or lead on: `[type, arguments]`."""
    table: dict[str, dict[str, list[object]]] = {}
    for type_ in types:
        if not isinstance(type_, GraphQLObjectType):
            continue
        for name, found in type_.fields.items():
            named = get_named_type(found.type)
            arguments = {argument: str(it.type) for argument, it in found.args.items()}
            if arguments or not is_leaf_type(named):
                entry: list[object] = [named.name, *([arguments] if arguments else [])]
                table.setdefault(type_.name, {})[name] = entry
    rows = ",\n".join(
        f"  {type_}: {{\n" + ",\n".join(f"    {name}: {json.dumps(entry)}"
                                         for name, entry in fields.items()) + ",\n  }"
        for type_, fields in table.items()
    )  # fmt: skip
    about = "What a client must know at run time: of each type the fields that lead on."
    declared = "Readonly<Record<string, Readonly<Record<string, FieldEntry>>>>"
    entry_type = "export type FieldEntry = readonly [string, Readonly<Record<string, string>>?];\n"
    return (
        f"{comment('A type and, where it takes some, its arguments with their types.')}"
        f"{entry_type}\n{comment(about)}export const FIELDS: {declared} = {{\n{rows},\n}};\n"
    )
