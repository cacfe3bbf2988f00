"""The demo organization's cast: people, keys, workspaces, projects, workflows, agents and models.

Plain data, read by `demo_plan.py` (who works when, on what) and `demo.py` (which writes it). Every
agent type of the registry is at work here, and one that the registry does not know. Refused: names
of real people and addresses that could receive mail (`.example` is reserved).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.access import Role
from models.event import Initiator, Operation, Surface

NAME = "Demo"
TIME_ZONE = "Europe/Berlin"
KEY_NAME = "demo"
"""The key whose secret `aicost run` shows; it spends nothing."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody with a role at the organization, or at one workspace or project of it."""

    email: str
    name: str
    role: Role
    workspace: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class DemoModel:
    """A model, and how its provider counts: None where it states no such tokens."""

    provider: str
    name: str
    input_includes_cache: bool | None = None
    writes_cache: bool = False
    output_includes_reasoning: bool | None = None
    operation: Operation = Operation.COMPLETION


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """What an agent's calls look like: `models` with their weights, tokens at the median."""

    models: Mapping[DemoModel, int]
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class DemoWorkflow:
    """A kind of run. `agents` work one after the other; `hour` is that of a schedule, local.

    With no `agents` it is a single call outside any run. `follow_up` names the workflow of which a
    run sometimes starts when one of these has succeeded.
    """

    name: str
    trigger: str
    agents: Sequence[str]
    initiator: Initiator
    surface: Surface
    keys: Sequence[str] = ()
    hour: int | None = None
    follow_up: str | None = None


@dataclass(frozen=True, slots=True)
class DemoProject:
    """A project. `daily_runs` on a working day of the first month; `workflows` with weights.

    Its monthly budget limit is `limit_dollars`, or such that the running month uses `limit_pct`.
    """

    name: str
    workspace: str
    owner: str
    daily_runs: float = 0
    workflows: Mapping[str, int] | None = None
    people: Sequence[str] = ()
    limit_dollars: int | None = None
    limit_pct: int | None = None


GROUPS: Mapping[str, Sequence[str]] = {
    "Product": ("Shop", "Mobile"),
    "Platform": ("Infrastructure",),
}
"""Workspace groups and the workspaces in them."""

ADA, BEN, CLEO, DEV, EVE, FINN, GUS = (
    f"{name}@demo.example" for name in ("ada", "ben", "cleo", "dev", "eve", "finn", "gus")
)
PEOPLE = (
    DemoPerson(ADA, "Ada Lindt", Role.OWNER),
    DemoPerson(BEN, "Ben Okoye", Role.ADMIN),
    DemoPerson(CLEO, "Cleo Marin", Role.MEMBER),
    DemoPerson(DEV, "Dev Patel", Role.ADMIN, workspace="Mobile"),
    DemoPerson(EVE, "Eve Sommer", Role.MEMBER, workspace="Shop"),
    DemoPerson(FINN, "Finn Dahl", Role.VIEWER),
    DemoPerson(GUS, "Gus Romero", Role.ADMIN, project="Data platform"),
)

CI, LAPTOPS, NIGHTLY, GATEWAY = "CI", "Developer laptops", "Nightly jobs", "Model gateway"
KEYS = (CI, LAPTOPS, NIGHTLY, GATEWAY)
"""Keys that spend. Nobody knows their secrets; rotating one makes it usable."""

OPUS = DemoModel("anthropic", "claude-opus-4-1", input_includes_cache=False, writes_cache=True)
SONNET = DemoModel("anthropic", "claude-sonnet-4-5", input_includes_cache=False, writes_cache=True)
HAIKU = DemoModel("anthropic", "claude-haiku-4-5", input_includes_cache=False, writes_cache=True)
GPT_PRO = DemoModel("openai", "gpt-5-pro", output_includes_reasoning=True)
GPT = DemoModel("openai", "gpt-5", input_includes_cache=True, output_includes_reasoning=True)
GPT_MINI = DemoModel(
    "openai", "gpt-5-mini", input_includes_cache=True, output_includes_reasoning=True
)
GEMINI = DemoModel(
    "google", "gemini-2.5-pro", input_includes_cache=True, output_includes_reasoning=False
)
FLASH = DemoModel(
    "google", "gemini-2.5-flash", input_includes_cache=True, output_includes_reasoning=False
)
MISTRAL = DemoModel("mistral", "mistral-large-latest")
CODESTRAL = DemoModel("mistral", "codestral-latest")
EMBED_LARGE = DemoModel("openai", "text-embedding-3-large", operation=Operation.EMBEDDING)
EMBED_MISTRAL = DemoModel("mistral", "mistral-embed", operation=Operation.EMBEDDING)
# Nobody publishes prices of these two: their calls stay unpriced until the organization adds them.
TUNED = DemoModel("openai", "ft:gpt-4.1-mini:demo::b7x2")
OWN = DemoModel("self-hosted", "demo-coder-14b")
UNPRICED = (TUNED, OWN)

AGENTS: Mapping[str, DemoAgent] = {
    "Implementation": DemoAgent({OPUS: 7, SONNET: 2, GPT: 1, OWN: 1}, 170_000, 16_000),
    "Research": DemoAgent({GPT_PRO: 4, OPUS: 3, GEMINI: 2, EMBED_LARGE: 1}, 120_000, 12_000),
    "Testing": DemoAgent({SONNET: 4, OPUS: 2, GPT: 1, OWN: 1}, 150_000, 10_000),
    "Release": DemoAgent({SONNET: 3, HAIKU: 2}, 100_000, 6_000),
    "Security": DemoAgent({OPUS: 3, GPT_PRO: 2, GPT: 1}, 150_000, 10_000),
    "Documentation": DemoAgent({SONNET: 2, FLASH: 3, MISTRAL: 2}, 100_000, 12_000),
    "Design": DemoAgent({GEMINI: 2, OPUS: 2, SONNET: 1}, 100_000, 12_000),
    "Marketing": DemoAgent({GPT_PRO: 2, GPT: 2, TUNED: 1, MISTRAL: 1}, 50_000, 9_000),
    "UI/UX": DemoAgent({OPUS: 3, GEMINI: 2}, 130_000, 14_000),
    "Performance": DemoAgent({OPUS: 2, GEMINI: 2, GPT_MINI: 1}, 150_000, 9_000),
    "Compliance": DemoAgent({GPT: 2, OPUS: 2, MISTRAL: 1}, 120_000, 9_000),
    "Revenue": DemoAgent({GPT_MINI: 1, GEMINI: 2, GPT_PRO: 2, TUNED: 1}, 60_000, 9_000),
    "Dependency": DemoAgent({SONNET: 3, HAIKU: 3, CODESTRAL: 2, OWN: 1}, 140_000, 8_000),
    "Localization": DemoAgent({FLASH: 2, MISTRAL: 2}, 60_000, 20_000),  # not in the registry
    "Indexing": DemoAgent({EMBED_LARGE: 3, EMBED_MISTRAL: 2}, 900_000, 0),  # neither
}
DIRECT = DemoAgent({GPT_MINI: 3, HAIKU: 2, EMBED_MISTRAL: 1}, 20_000, 1_500)
"""Calls outside any run."""
OPENING_MODEL = SONNET
"""What the first run of a month uses, so that every month has spend from its first instant on."""

MONTHLY_REVIEW = DemoWorkflow(
    "monthly review",
    "schedule",
    ("Compliance", "Revenue"),
    Initiator.HEARTBEAT,
    Surface.API,
    (NIGHTLY,),
    hour=0,
)
WATCH = DemoWorkflow(
    "service watch", "heartbeat", ("Performance",), Initiator.HEARTBEAT, Surface.API, (NIGHTLY,)
)

_CHAT, _TASK, _BEAT = Initiator.CHAT_AGENT, Initiator.TASK_AGENT, Initiator.HEARTBEAT
WORKFLOWS: Mapping[str, DemoWorkflow] = {
    workflow.name: workflow
    for workflow in (
        DemoWorkflow(
            "feature",
            "chat",
            ("Research", "Design", "Implementation", "Testing", "Documentation"),
            _CHAT,
            Surface.WEB,
            follow_up="review",
        ),
        DemoWorkflow(
            "bug fix", "chat", ("Implementation", "Testing"), _CHAT, Surface.CLI, (LAPTOPS,)
        ),
        DemoWorkflow("redesign", "chat", ("Design", "UI/UX", "Implementation"), _CHAT, Surface.WEB),
        DemoWorkflow(
            "review",
            "pull_request",
            ("Testing", "Security", "Performance"),
            _TASK,
            Surface.API,
            (CI,),
        ),
        DemoWorkflow(
            "release",
            "tag",
            ("Release", "Compliance", "Documentation", "Localization"),
            _TASK,
            Surface.API,
            (CI,),
        ),
        DemoWorkflow(
            "campaign", "manual", ("Marketing", "UI/UX", "Localization"), _TASK, Surface.WEB
        ),
        DemoWorkflow(
            "dependency update",
            "schedule",
            ("Dependency", "Testing"),
            _BEAT,
            Surface.API,
            (NIGHTLY,),
            hour=2,
            follow_up="review",
        ),
        DemoWorkflow(
            "index refresh", "schedule", ("Indexing",), _BEAT, Surface.API, (NIGHTLY,), hour=4
        ),
        DemoWorkflow(
            "pricing report",
            "schedule",
            ("Revenue", "Compliance"),
            _TASK,
            Surface.API,
            (NIGHTLY,),
            hour=6,
        ),
        DemoWorkflow("direct", "", (), _TASK, Surface.API, (GATEWAY,)),
    )
}

SPIKING = "Checkout"
"""The project with the day on which far more was done than on others."""
WATCHED = "Data platform"
"""The project of the run that is still running."""
CAPPED = "Catalog search"
"""The project with a cap that is nearly reached."""
PROJECTS = (
    DemoProject(
        SPIKING,
        "Shop",
        ADA,
        1.9,
        {"feature": 4, "bug fix": 4, "release": 1, "dependency update": 1, "direct": 1},
        (ADA, EVE, CLEO),
        limit_pct=120,
    ),
    DemoProject(
        "Catalog search",
        "Shop",
        EVE,
        1.15,
        {"feature": 2, "bug fix": 2, "index refresh": 3, "pricing report": 1, "direct": 2},
        (EVE, CLEO),
        limit_dollars=5_000,
    ),
    DemoProject(
        "Storefront redesign",
        "Shop",
        CLEO,
        0.75,
        {"redesign": 4, "campaign": 1, "release": 1},
        (CLEO, ADA),
        limit_dollars=4_000,
    ),
    DemoProject(
        "Mobile app",
        "Mobile",
        DEV,
        1.3,
        {"feature": 3, "bug fix": 3, "redesign": 1, "release": 2},
        (DEV, BEN),
        limit_pct=85,
    ),
    DemoProject(
        "Push campaigns",
        "Mobile",
        DEV,
        0.75,
        {"campaign": 4, "pricing report": 1, "direct": 1},
        (DEV,),
        limit_dollars=2_500,
    ),
    DemoProject(
        WATCHED,
        "Infrastructure",
        BEN,
        0.85,
        {"feature": 2, "review": 2, "dependency update": 2, "index refresh": 2, "direct": 1},
        (GUS, BEN),
        limit_dollars=6_000,
    ),
    DemoProject(
        "Internal tools",
        "Infrastructure",
        BEN,
        0.65,
        {"bug fix": 3, "dependency update": 2, "pricing report": 1},
        (BEN, CLEO),
    ),
    DemoProject("Support assistant", "Mobile", BEN, limit_dollars=500),  # nothing spent yet
)
