"""What procedures answer: which fields of each GraphQL type, derived from the schema.

The rules, so that an answer is whole, bounded, and never fails for a part that nobody asked for:
a value or a report is answered with all it holds; a thing with an identity (`Node`) as a whole
where the procedure is about it (its answer, a page of them, what a mutation made), and else as a
reference (`id` and what it is called). Left out: connections and reports within things, which have
procedures of their own, and whatever needs an argument. Every Decimal is answered twice: as a
number, and exactly, under its name and `Exact`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
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
)

EXACT = "Exact"
USER_ERRORS = "userErrors"
_NAMES = ("id", "name", "key", "label")
# Whole numbers up to this length are exact as doubles.
_SAFE_DIGITS = 15

Convert = Callable[[Any], Any]


@dataclass(eq=False, slots=True)
class Shape:
    """The part of a type that is answered: the `fields` of an object, or the `members` of a union.

    `nested` is whether it stands within something else, where things are references.
    """

    type: GraphQLNamedType
    nested: bool
    is_reference: bool = False
    fields: dict[str, "Part"] = field(default_factory=dict)
    members: list["Shape"] = field(default_factory=list)

    def selection(self) -> str:
        """The shape as a GraphQL selection set."""
        if self.members:
            parts = [f"... on {it.type.name} {it.selection()}" for it in self.members]
            return f"{{ __typename {' '.join(parts)} }}"
        return f"{{ {' '.join(part.selection() for part in self.fields.values())} }}"

    def converter(self) -> Convert | None:
        """What puts an answer's decimals right, in place; None where there are none."""
        if self.members:
            by_name = {it.type.name: it.converter() for it in self.members}
            return _converting_members(by_name) if any(by_name.values()) else None
        decimals = [name for name, part in self.fields.items() if part.is_decimal]
        inner = [
            (name, convert)
            for name, part in self.fields.items()
            if part.shape and (convert := part.converter()) is not None
        ]
        return _converting_object(decimals, inner) if decimals or inner else None


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a shape."""

    name: str
    field: GraphQLField
    arguments: str = ""
    shape: Shape | None = None

    @property
    def is_decimal(self) -> bool:
        """Whether it is a decimal number, answered twice."""
        return get_named_type(self.field.type).name == "Decimal"

    def selection(self) -> str:
        """The field as GraphQL."""
        arguments = f"({self.arguments})" if self.arguments else ""
        inner = f" {self.shape.selection()}" if self.shape else ""
        return f"{self.name}{arguments}{inner}"

    def converter(self) -> Convert | None:
        """What puts the decimals below right."""
        convert = self.shape.converter() if self.shape else None
        return convert and through_lists(self.field.type, convert)


class Shapes:
    """The shapes of one schema, each made once."""

    def __init__(self, schema: GraphQLSchema, lengths: Mapping[str, str]) -> None:
        self._schema = schema
        self._lengths = lengths
        self._made: dict[tuple[str, bool], Shape] = {}
        unions = [it for it in schema.type_map.values() if isinstance(it, GraphQLUnionType)]
        self._outcomes = [member for union in unions for member in union.types]

    def of(self, type_: GraphQLOutputType, *, nested: bool = False) -> Shape | None:
        """The shape in which a type is answered; None for scalars and enums."""
        named = get_named_type(type_)
        if is_leaf_type(named):
            return None
        key = (named.name, nested)
        if key not in self._made:
            shape = self._made[key] = Shape(named, nested)
            if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
                members = [
                    self.of(it, nested=nested) for it in self._schema.get_possible_types(named)
                ]
                shape.members = [it for it in members if it is not None]
            elif isinstance(named, GraphQLObjectType):
                shape.is_reference = nested and _is_thing(named)
                shape.fields = {part.name: part for part in self._parts(shape, named)}
        return self._made[key]

    def _parts(self, shape: Shape, type_: GraphQLObjectType) -> Iterator[Part]:
        if _is_connection(type_):
            for name, found in type_.fields.items():
                if name != "edges":
                    yield Part(name, found, shape=self.of(found.type))
            return
        wholes = not shape.nested and (USER_ERRORS in type_.fields or type_ in self._outcomes)
        for name, found in type_.fields.items():
            if not self._is_shown(shape, type_, name, found):
                continue
            inner = self.of(found.type, nested=not wholes)
            if inner is None or inner.fields or inner.members:
                yield Part(name, found, self._lengths.get(f"{type_.name}.{name}", ""), inner)

    def _is_shown(
        self, shape: Shape, type_: GraphQLObjectType, name: str, found: GraphQLField
    ) -> bool:
        if any(is_required_argument(argument) for argument in found.args.values()):
            return False
        named = get_named_type(found.type)
        if is_leaf_type(named):
            called = [it for it in _NAMES if it in type_.fields]
            return not shape.is_reference or name in called or called == ["id"]
        if shape.is_reference or (isinstance(named, GraphQLObjectType) and _is_connection(named)):
            return False
        if isinstance(found.type, GraphQLNonNull):
            return True
        # What may be null is a report, which may be refused by itself; but within a thing a single
        # other thing is null when it is out of reach.
        is_other = _is_thing(named) and not isinstance(found.type, GraphQLList)
        return not found.args and (is_other or not _is_thing(type_))


def _is_thing(type_: GraphQLNamedType) -> bool:
    return any(it.name == "Node" for it in getattr(type_, "interfaces", ()))


def _is_connection(type_: GraphQLObjectType) -> bool:
    return "nodes" in type_.fields and "pageInfo" in type_.fields


def through_lists(type_: GraphQLOutputType, convert: Convert) -> Convert:
    """`convert` for values of a type that may be null, a list, or a list of lists."""
    if isinstance(type_, GraphQLNonNull):
        return through_lists(type_.of_type, convert)
    if isinstance(type_, GraphQLList):
        inner = through_lists(type_.of_type, convert)

        def each(values: Any) -> Any:
            return values and [inner(value) for value in values]

        return each
    return lambda value: None if value is None else convert(value)


def _converting_object(decimals: list[str], inner: list[tuple[str, Convert]]) -> Convert:
    def convert(value: Any) -> Any:
        for name in decimals:
            text = value[name]
            value[name] = number(text)
            value[name + EXACT] = text
        for name, below in inner:
            value[name] = below(value[name])
        return value

    return convert


def _converting_members(by_name: Mapping[str, Convert | None]) -> Convert:
    def convert(value: Any) -> Any:
        below = by_name[value["__typename"]]
        return below(value) if below else value

    return convert


def number(text: Any) -> Any:
    """The double nearest to a decimal's canonical text, written whole where it is whole."""
    if isinstance(text, list):
        return [number(each) for each in text]
    if text is None:
        return None
    return int(text) if len(text) <= _SAFE_DIGITS and "." not in text else float(text)


def is_one_of(type_: GraphQLInputObjectType) -> bool:
    """Whether exactly one field is to be given. Strawberry says so in its own definition alone."""
    definition = type_.extensions.get("strawberry-definition")
    return type_.is_one_of or bool(definition and definition.is_one_of)
