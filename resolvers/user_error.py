"""User errors: what the caller of a mutation can put right, as it is answered."""

from enum import Enum

import strawberry
from strawberry import field


@strawberry.enum(description="Kinds of user errors.")
class UserErrorCode(Enum):
    REQUIRED = strawberry.enum_value(
        "REQUIRED",
        description="A field that is needed here is missing.",
    )
    INVALID = strawberry.enum_value("INVALID", description="A value makes no sense in its field.")
    OUT_OF_RANGE = strawberry.enum_value(
        "OUT_OF_RANGE",
        description="A number or date outside what is allowed.",
    )
    TOO_PRECISE = strawberry.enum_value(
        "TOO_PRECISE",
        description="More decimals than are kept (12).",
    )
    NOT_FOUND = strawberry.enum_value(
        "NOT_FOUND",
        description="A thing named by id or key does not exist, or is not the caller's to see.",
    )
    FORBIDDEN = strawberry.enum_value(
        "FORBIDDEN",
        description=(
            "The caller may see the thing but not do this. Only inside bulk results; a single "
            "mutation answers in `errors`."
        ),
    )
    CONFLICT = strawberry.enum_value(
        "CONFLICT",
        description="The same key was used before with other content.",
    )
    RESERVATION_ENDED = strawberry.enum_value(
        "RESERVATION_ENDED",
        description="The reservation was settled, released or has expired.",
    )
    STALE = strawberry.enum_value(
        "STALE",
        description="The figures have moved since they were shown; look again.",
    )


@strawberry.type(description="What a caller of a mutation can put right.")
class UserError:
    code: UserErrorCode = field(description="For programs.")
    message: str = field(description="For people: names field, value and what was expected.")
    field: list[str] | None = field(
        description=(
            'Path into the mutation\'s input, list positions as digits: `["events", "3", '
            '"inputTokens"]`; null when about the whole.'
        ),
    )
