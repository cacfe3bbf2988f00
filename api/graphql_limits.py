"""How large a GraphQL operation is, and whether it may run.

One pass over the document, each fragment once: the count of a spread is its fragment's count, so
that 200 fragments which spread each other exponentially cost what 200 that do not would. Sizes
saturate instead of growing without end. Refused: judging by time, and any second walk.

Estimated nodes are the objects an answer may hold. A field with `first`, `last`, `limit`, `days`
or `months` holds that many; if it is not a list itself (a connection), the lists directly under it
are that list. Other lists are taken to hold ten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from api.settings import Settings
from models.errors import BadInputError

SIZE_ARGUMENTS = ("first", "last", "limit", "days", "months")
ASSUMED_LIST_SIZE = 10
TWO_WAY_SIZE = 100  # of lists that page both ways, when neither way is named
_SATURATED = 1 << 40
# Selections within selections, fragments written out; guards the stack, not the database.
_MAX_NESTING = 100
_INTROSPECTION = ("__schema", "__type")


class Size(NamedTuple):
    """The size of a selection set, its fragments written out.

    Its nodes are `fixed + per_item * n`, where n is the length of the lists directly in it, which
    only the field above knows.
    """

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    direct_fields: int = 0
    fixed: int = 0
    per_item: int = 0

    def nodes(self, length: int) -> int:
        """The estimated nodes when the lists directly in it hold `length` entries."""
        return min(self.fixed + self.per_item * length, _SATURATED)

    def __add__(self, other: "Size") -> "Size":  # type: ignore[override]
        return Size(
            max(self.depth, other.depth),
            *(min(a + b, _SATURATED) for a, b in zip(self[1:], other[1:], strict=True)),
        )


@dataclass(slots=True)
class Measurement:
    """One document being measured with one set of variables.

    `steps` counts the selections looked at. `size_variables` are the variables that the estimate
    hangs on, and `introspects` tells whether the schema is asked for.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 0
    introspects: bool = False
    size_variables: set[str] = field(default_factory=set)
    _by_fragment: dict[str, Size] = field(default_factory=dict)

    def operation(self, node: OperationDefinitionNode) -> Size:
        """The size of one operation; fields unknown to the schema count, as leaves or objects."""
        root = self.schema.get_root_type(node.operation)
        return self._selection_set(node.selection_set, root, 1)

    def _selection_set(
        self, node: SelectionSetNode, parent: GraphQLNamedType | None, nesting: int
    ) -> Size:
        if nesting > _MAX_NESTING:
            raise BadInputError("The document is nested too deeply.")
        total = Size()
        for selection in node.selections:
            self.steps += 1
            total += self._selection(selection, parent, nesting)
        return total

    def _selection(
        self, node: SelectionNode, parent: GraphQLNamedType | None, nesting: int
    ) -> Size:
        if isinstance(node, FieldNode):
            return self._field(node, parent, nesting)
        if not isinstance(node, InlineFragmentNode):
            return self._fragment(cast(FragmentSpreadNode, node).name.value, nesting)
        condition = node.type_condition
        type_ = self.schema.get_type(condition.name.value) if condition else parent
        return self._selection_set(node.selection_set, type_, nesting + 1)

    def _fragment(self, name: str, nesting: int) -> Size:
        known = self._by_fragment.get(name)
        if known is not None:
            return known
        fragment = self.fragments.get(name)
        # A cycle ends here, and validation refuses the document.
        self._by_fragment[name] = Size()
        if fragment is None:
            return Size()
        type_ = self.schema.get_type(fragment.type_condition.name.value)
        size = self._selection_set(fragment.selection_set, type_, nesting + 1)
        self._by_fragment[name] = size
        return size

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, nesting: int) -> Size:
        name = node.name.value
        definition = getattr(parent, "fields", {}).get(name)
        inner = Size()
        if node.selection_set is not None:
            type_ = get_named_type(definition.type) if definition else None
            inner = self._selection_set(node.selection_set, type_, nesting + 1)
        aliases = inner.aliases + (node.alias is not None)
        fields = inner.fields + 1
        if name in _INTROSPECTION:
            # Bounded by its own validation rule; the standard query is deep, and free of data.
            self.introspects = True
            return Size(1, aliases, fields, 1)
        fixed = per_item = 0
        if node.selection_set is not None:
            fixed, per_item = self._nodes(node, definition, inner)
        return Size(inner.depth + 1, aliases, fields, 1, fixed, per_item)

    def _nodes(
        self, node: FieldNode, definition: GraphQLField | None, inner: Size
    ) -> tuple[int, int]:
        length = self._length(node, definition)
        if definition is None or not _is_list(definition):
            return 1 + inner.nodes(ASSUMED_LIST_SIZE if length is None else length), 0
        each = 1 + inner.nodes(ASSUMED_LIST_SIZE)
        return (0, each) if length is None else (min(length * each, _SATURATED), 0)

    def _length(self, node: FieldNode, definition: GraphQLField | None) -> int | None:
        """The list length that a field asks for; None when it has no argument for it."""
        declared = definition.args if definition else {}
        names = [name for name in SIZE_ARGUMENTS if name in declared]
        if not names:
            return None
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        lengths = [self._value(given[name]) for name in names if name in given]
        stated = [length for length in lengths if length is not None]
        if not stated and {"first", "last"}.issubset(names) and _default(declared["first"]) is None:
            return TWO_WAY_SIZE
        if not stated:
            stated = [_default(declared[name]) or ASSUMED_LIST_SIZE for name in names]
        return max(stated)

    def _value(self, node: ValueNode) -> int | None:
        if isinstance(node, IntValueNode):
            return list_length(float(node.value))
        if isinstance(node, VariableNode):
            self.size_variables.add(node.name.value)
            return list_length(self.variables.get(node.name.value))
        return None


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What an operation may be at most."""

    depth: int
    aliases: int
    root_fields: int
    fields: int
    nodes: int

    @classmethod
    def of(cls, settings: Settings) -> "QueryLimits":
        """The limits that the settings name."""
        return cls(
            depth=settings.limit_depth,
            aliases=settings.limit_aliases,
            root_fields=settings.limit_root_fields,
            fields=settings.limit_fields,
            nodes=settings.limit_nodes,
        )

    def check(self, size: Size, *, nodes_known: bool = True) -> None:
        """Raises BadInputError for the first limit that a size exceeds.

        Without `nodes_known` the nodes are left for when the variables have values.
        """
        nodes = size.nodes(ASSUMED_LIST_SIZE) if nodes_known else 0
        for what, found, limit in (
            ("levels deep", size.depth, self.depth),
            ("aliases", size.aliases, self.aliases),
            ("fields at the root", size.direct_fields, self.root_fields),
            ("fields", size.fields, self.fields),
            ("objects, as estimated", nodes, self.nodes),
        ):
            require_at_most(limit, found, what)


def require_at_most(limit: int, found: int, what: str) -> None:
    """Raises BadInputError when there is more of something than a document may have."""
    if found > limit:
        shown = "too many" if found >= _SATURATED else str(found)
        raise BadInputError(f"The operation has {shown} {what}; at most {limit} are allowed.")


def _is_list(definition: GraphQLField) -> bool:
    type_ = definition.type
    return isinstance(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, GraphQLList)


def list_length(value: Any) -> int | None:
    """A JSON number as a length; None for what is none, which execution will refuse."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return max(0, min(int(value), _SATURATED))


def _default(argument: GraphQLArgument) -> int | None:
    default = argument.default
    value = argument.default_value if default is None else default.value
    if default is not None and isinstance(default.literal, IntValueNode):
        value = int(default.literal.value)
    return list_length(value)
