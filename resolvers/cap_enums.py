"""The closed sets of caps and reservations, with what each value means."""

from enum import Enum

import strawberry


@strawberry.enum(description="What a cap limits.")
class CapScope(Enum):
    ORGANIZATION = strawberry.enum_value("ORGANIZATION", description="An organization.")
    WORKSPACE_GROUP = strawberry.enum_value("WORKSPACE_GROUP", description="A workspace group.")
    WORKSPACE = strawberry.enum_value("WORKSPACE", description="A workspace.")
    PROJECT = strawberry.enum_value("PROJECT", description="A project.")
    RUN = strawberry.enum_value("RUN", description="A pipeline run, subagents included.")
    API_KEY = strawberry.enum_value("API_KEY", description="An API key.")
    USER = strawberry.enum_value("USER", description="A user.")


@strawberry.enum(description="The time over which a cap counts.")
class CapPeriod(Enum):
    BILLING_CYCLE = strawberry.enum_value("BILLING_CYCLE", description="A billing cycle.")
    MONTH = strawberry.enum_value("MONTH", description="A calendar month.")
    DAY = strawberry.enum_value("DAY", description="A calendar day.")
    RUN = strawberry.enum_value(
        "RUN",
        description="The whole life of the run; scope RUN only.",
    )


@strawberry.enum(description="What a cap does when it is reached.")
class CapAction(Enum):
    BLOCK = strawberry.enum_value("BLOCK", description="Refuses.")
    WARN = strawberry.enum_value("WARN", description="Grants, and says so.")


@strawberry.enum(description="What a cap does about a call whose price is unknown.")
class UnpricedPolicy(Enum):
    BLOCK = strawberry.enum_value("BLOCK", description="Refuses it.")
    ALLOW = strawberry.enum_value("ALLOW", description="Lets it through, counted as unpriced.")
    ASSUME = strawberry.enum_value("ASSUME", description="Takes the cap's assumed prices.")


@strawberry.enum(description="How a cap stands.")
class CapStatus(Enum):
    OK = strawberry.enum_value("OK", description="Below 80 %.")
    NEAR = strawberry.enum_value("NEAR", description="From 80 %.")
    REACHED = strawberry.enum_value("REACHED", description="Nothing more fits.")


@strawberry.enum(description="How a reservation stands.")
class ReservationStatus(Enum):
    OPEN = strawberry.enum_value("OPEN", description="Held.")
    SETTLED = strawberry.enum_value("SETTLED", description="Ended by the actual usage.")
    RELEASED = strawberry.enum_value("RELEASED", description="Given back.")
    EXPIRED = strawberry.enum_value("EXPIRED", description="Ended by the clock.")


@strawberry.enum(description="Why a reservation was denied.")
class DenialReason(Enum):
    CAP_REACHED = strawberry.enum_value(
        "CAP_REACHED",
        description="It does not fit under a cap.",
    )
    UNPRICED_MODEL = strawberry.enum_value(
        "UNPRICED_MODEL",
        description="The model's price is unknown and a cap refuses unknown prices.",
    )
    CREDITS_OUT = strawberry.enum_value("CREDITS_OUT", description="Credits are used up.")
