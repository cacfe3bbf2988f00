"""Kinds of agents: the registry, and the label and colour of anything that bears a kind."""

from typing import Any

import strawberry
from strawberry import field

from models import agent_type as kinds
from resolvers.field import computed


def label(root: Any) -> str:
    """The label of a row's agent type."""
    return kinds.agent_type(root.agent_type).label


def color(root: Any) -> str:
    """The colour of a row's agent type."""
    return kinds.agent_type(root.agent_type).color


def _name(root: kinds.AgentType) -> str:
    return root.name


@strawberry.type(
    description=(
        "A kind of agent, as registered; unknown ones are accepted and shown under their own name."
    )
)
class AgentType:
    agent_type: str = computed(
        _name,
        description=(
            "Canonical name: lower case, words joined by hyphens (`implementation`, `ui-ux`). "
            "Names are matched without regard to case, spaces, `/` and `_`."
        ),
    )
    label: str = field(description="Name to show (`UI/UX`).")
    color: str = field(
        description=(
            "Colour as `#rrggbb`; derived from the name when unknown, so that it never changes."
        ),
    )
    is_known: bool = field(description="Whether it is in the registry.")


def list_agent_types() -> list[kinds.AgentType]:
    """The registry, by label."""
    return list(kinds.registry())
