"""Input types that come in thousands: built from GraphQL values by a plan that is made once.

Strawberry works out each field's name and type anew for every value that it converts, which took a
third of the time of a request that records one event. The result is the same, to the last UNSET.
Refused: fields that Strawberry converts itself, which are leaves, or lists, of neither plain nor
quick kind.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from strawberry.relay.types import GlobalID
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional
from strawberry.types.base import StrawberryObjectDefinition as Definition

Input = TypeVar("Input", bound=type)
Convert = Callable[[Any, InputContext], Any]


class _Field(NamedTuple):
    """A field's name in GraphQL and in Python; `convert` is None for what is taken as it comes."""

    graphql_name: str
    python_name: str
    convert: Convert | None


def quick(cls: Input) -> Input:
    """Marks an input type to be built by a plan; the inputs in it must be quick as well."""
    definition: Definition = cls.__strawberry_definition__  # type: ignore[attr-defined]
    fields: list[_Field] = []

    def build(_made: type, value: Mapping[str, Any], context: InputContext) -> Any:
        if not fields:
            fields.extend(_fields(definition, context))
        values = {}
        for graphql_name, python_name, convert in fields:
            if graphql_name in value:
                given = value[graphql_name]
                if convert is not None and given is not None:
                    given = convert(given, context)
                values[python_name] = given
        return cls(**values)

    definition.from_input = build
    return cls


def _fields(definition: Definition, context: InputContext) -> list[_Field]:
    return [
        _Field(
            context.config.name_converter.from_field(field),
            field.python_name,
            _converter(field.resolve_type(type_definition=definition)),
        )
        for field in definition.fields
    ]


def _converter(kind: Any) -> Convert | None:
    if isinstance(kind, StrawberryMaybe) or kind is GlobalID:
        raise TypeError(f"a quick input has no field of {kind}")
    if isinstance(kind, StrawberryOptional):
        return _converter(kind.of_type)
    if isinstance(kind, StrawberryList):
        convert = _converter(kind.of_type)
        if convert is None:
            raise TypeError("a quick input has no lists but of quick inputs")
        return lambda values, context: [convert(value, context) for value in values]
    definition = getattr(kind, "__strawberry_definition__", None)
    if not isinstance(definition, Definition):
        return None
    build = definition.from_input
    if build is None:
        raise TypeError(f"{kind} is in a quick input, and is none itself")
    return lambda value, context: build(kind, value, context)
