"""Fields that a function works out of a row, as against those that are attributes of it."""

from collections.abc import Callable
from typing import Any, TypeVar

from strawberry import UNSET, field

Value = TypeVar("Value")


def computed(resolver: Callable[..., Any], *, description: str) -> Any:
    """A field whose value `resolver` reads from the row (`root`).

    The field's declared type is the GraphQL one; the resolver answers the domain's row for it, so
    the two are not the same to a type checker.
    """
    return field(resolver=resolver, description=description)


def summed(name: str, *, description: str) -> Any:
    """A field that is one of the `sums` of its row."""

    def resolve(root: Any) -> Any:
        return getattr(root.sums, name)

    return computed(resolve, description=description)


def given(value: Value | None) -> Value | None:
    """What was passed; None for what was left out, which the schema tells apart and we do not."""
    return None if value is UNSET else value
