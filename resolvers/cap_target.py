"""What caps are set on, and the kinds of their ids."""

from resolvers import node
from resolvers.cap_enums import CapScope

KINDS = {
    CapScope.ORGANIZATION: node.ORGANIZATION,
    CapScope.WORKSPACE_GROUP: node.WORKSPACE_GROUP,
    CapScope.WORKSPACE: node.WORKSPACE,
    CapScope.PROJECT: node.PROJECT,
    CapScope.RUN: node.RUN,
    CapScope.API_KEY: node.API_KEY,
    CapScope.USER: node.USER,
}
"""The kind of id that a thing of each scope bears."""
