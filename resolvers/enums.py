"""The closed sets of the public schema, with what each value means.

Their names are the words of the domain and of the database; sets may grow.
"""

from enum import Enum

import strawberry


@strawberry.enum(description="What someone may do at an organization, workspace or project.")
class Role(Enum):
    OWNER = strawberry.enum_value("OWNER", description="Everything, including giving roles.")
    ADMIN = strawberry.enum_value(
        "ADMIN",
        description="Budgets, caps, prices, keys, and organization or workspace figures.",
    )
    MEMBER = strawberry.enum_value(
        "MEMBER",
        description="Spending: recording usage, reserving; reading the projects it belongs to.",
    )
    VIEWER = strawberry.enum_value("VIEWER", description="Reading only.")


@strawberry.enum(description="How an organization pays for models.")
class BillingMode(Enum):
    CREDITS = strawberry.enum_value(
        "CREDITS",
        description="In credits of a plan; amounts are credits.",
    )
    BYOM = strawberry.enum_value(
        "BYOM",
        description="With its own model accounts; amounts are dollars.",
    )


@strawberry.enum(description="How an execution or an agent's work stands.")
class RunStatus(Enum):
    RUNNING = strawberry.enum_value("RUNNING", description="Not ended yet.")
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="Ended well.")
    FAILED = strawberry.enum_value("FAILED", description="Ended with a failure.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Stopped by someone.")


@strawberry.enum(description="How an agent job stands.")
class JobStatus(Enum):
    RUNNING = strawberry.enum_value("RUNNING", description="Not ended yet.")
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="Ended well.")
    FAILED = strawberry.enum_value("FAILED", description="Ended with a failure.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Stopped by someone.")


@strawberry.enum(description="Who set an agent to work (002).")
class Initiator(Enum):
    CHAT_AGENT = strawberry.enum_value(
        "CHAT_AGENT",
        description="A chat session: 002's main agent.",
    )
    TASK_AGENT = strawberry.enum_value("TASK_AGENT", description="A background task.")
    HEARTBEAT = strawberry.enum_value("HEARTBEAT", description="The heartbeat.")


@strawberry.enum(description="Where it was asked (004).")
class Surface(Enum):
    WEB = strawberry.enum_value("WEB", description="The workspace editor in a browser.")
    CLI = strawberry.enum_value("CLI", description="The command line.")
    API = strawberry.enum_value("API", description="A program.")


@strawberry.enum(description="What a model was asked to do.")
class Operation(Enum):
    COMPLETION = strawberry.enum_value("COMPLETION", description="Text out of text.")
    EMBEDDING = strawberry.enum_value(
        "EMBEDDING",
        description="A vector out of text; has no output tokens.",
    )


@strawberry.enum(description="How a model call ended.")
class CallOutcome(Enum):
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="An answer came.")
    FAILED = strawberry.enum_value(
        "FAILED",
        description="The provider or the connection failed; what it charged is still recorded.",
    )


@strawberry.enum(description="What an entry of the ledger is.")
class TransactionKind(Enum):
    USAGE = strawberry.enum_value(
        "USAGE",
        description="The deduction for one model call, or for a part of a streamed one.",
    )
    ADJUSTMENT = strawberry.enum_value("ADJUSTMENT", description="A correction of earlier entries.")


@strawberry.enum(
    description=(
        "How an entry counts against the organization's monthly limit, fixed when it was written "
        "(000)."
    )
)
class EntryType(Enum):
    INCLUDED = strawberry.enum_value("INCLUDED", description="Within the limit.")
    ON_DEMAND = strawberry.enum_value(
        "ON_DEMAND",
        description="Beyond the limit, wholly or in part.",
    )


@strawberry.enum(description="Where spend stands against a budget limit; decided on exact amounts.")
class BudgetStatus(Enum):
    NONE = strawberry.enum_value("NONE", description="No limit is set.")
    OK = strawberry.enum_value("OK", description="Below 80 % (green).")
    WARNING = strawberry.enum_value("WARNING", description="From 80 % and below 100 % (yellow).")
    EXCEEDED = strawberry.enum_value(
        "EXCEEDED",
        description="100 % or more (red); with a limit of 0, as soon as anything was spent.",
    )


@strawberry.enum(description="Which projects a portfolio covers.")
class ProjectScope(Enum):
    OWNED = strawberry.enum_value("OWNED", description="Those that the caller owns.")
    REACHABLE = strawberry.enum_value(
        "REACHABLE",
        description="Those that the caller owns or may see.",
    )


@strawberry.enum(description="What an amount is measured in.")
class SpendUnit(Enum):
    DOLLARS = strawberry.enum_value("DOLLARS", description="US dollars.")
    CREDITS = strawberry.enum_value(
        "CREDITS",
        description="Credits, at the organization's rate.",
    )


@strawberry.enum(description="Length of one bucket of a series.")
class Granularity(Enum):
    HOUR = strawberry.enum_value(
        "HOUR",
        description="A local hour; a day with a change to or from summer time has 23 or 25.",
    )
    DAY = strawberry.enum_value("DAY", description="A local day.")
    WEEK = strawberry.enum_value(
        "WEEK",
        description=(
            "Seven local days, counted back from the end of the range; the first bucket may be "
            "shorter."
        ),
    )
