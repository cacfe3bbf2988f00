"""What a door costs: one question over tRPC, over GraphQL, and its SQL behind a bare route.

The question is `aiCost.getMonthlySummary`; GraphQL is asked with the document that the procedure
runs, so that both answer the same fields. Compared is the processor time of the server's process
for a request, PostgreSQL's left out; what is compared is measured in the same round.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import orjson
from bare import PATH as BARE_PATH
from fill import Ledger
from measure import Figure
from questions import MONTH, Question
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from server import Client, Serving, bare_serving, get_request, graphql_request
from statements import statements_of

from api.graphql_execution import Execution
from api.trpc_procedure import Procedures
from models.ids import PROJECT, encode
from resolvers.schema import schema

PROCEDURE = "aiCost.getMonthlySummary"
TRPC_LIMIT = 1.25
"""How much processor time tRPC may take, of what GraphQL takes for the same answer."""
_WARM_UP_COUNT = 50


@dataclass
class Way:
    """One way to ask, and the milliseconds of processor time that a request took in each round."""

    name: str
    request: bytes
    serving: Serving
    client: Client
    cpu: list[float] = field(default_factory=list)

    async def warm_up(self) -> Any:
        """The answer, asked for often enough that every cache is warm."""
        for _ in range(_WARM_UP_COUNT):
            body = await self.client.post(self.request)
        return orjson.loads(body)

    async def measure(self, count: int) -> None:
        """One round, in which every way is asked the same number of times."""
        before = self.serving.cpu_seconds()
        for _ in range(count):
            await self.client.post(self.request)
        self.cpu.append((self.serving.cpu_seconds() - before) / count * 1000)


async def measured_ways(
    ledger: Ledger,
    served: Serving,
    secret: str,
    data: Path,
    *,
    round_count: int,
    request_count: int,
) -> Sequence[Way]:
    """The three ways to one ledger, measured; the answers of tRPC and GraphQL are the same."""
    procedure = Procedures(Execution(schema)).find(PROCEDURE)
    assert procedure is not None
    project_id = encode(PROJECT, ledger.organization_id, ledger.median_project_id)
    asked = {"projectId": project_id, "month": MONTH}
    question = Question(PROCEDURE, procedure.text, asked, lambda _data, _rows: True)
    statements = await statements_of(ledger.dsn, secret, question)
    file = data / "bare.pickle"
    file.write_bytes(pickle.dumps([(it.text, it.parameters) for it in statements]))
    path = f"/trpc/{PROCEDURE}?input={quote(orjson.dumps(asked))}"
    with bare_serving(file, ledger.dsn, data / "bare.log") as bare:
        trpc = Way("tRPC", get_request(secret, path), served, Client(served))
        graphql = Way("GraphQL", graphql_request(secret, question.body), served, Client(served))
        made = [
            trpc,
            graphql,
            Way("bare route", get_request(secret, BARE_PATH), bare, Client(bare)),
        ]
        await made[-1].warm_up()
        _same(await trpc.warm_up(), procedure.answer((await graphql.warm_up())["data"]))
        random = Random(1)
        for _ in range(round_count):
            for way in random.sample(made, len(made)):
                await way.measure(request_count)
        for way in made:
            await way.client.close()
    return made


def _same(over_trpc: Any, over_graphql: Any) -> None:
    """Raises when the answers differ in more than the instant at which they were read."""
    told = over_trpc["result"]["data"]
    if told | {"asOf": None} != over_graphql | {"asOf": None}:
        raise RuntimeError(f"tRPC and GraphQL disagree: {told} against {over_graphql}")


def is_cheap_enough(made: Sequence[Way]) -> bool:
    """Whether tRPC keeps its limit."""
    trpc, graphql, _ = made
    return Figure.ratio(trpc.cpu, graphql.cpu).median <= TRPC_LIMIT


def print_doors(console: Console, made: Sequence[Way]) -> None:
    """The figures and their ratios."""
    table = Table(f"{PROCEDURE} over", title="What a door costs", box=MARKDOWN)
    for heading in (
        "server CPU ms",
        f"of GraphQL (tRPC at most {TRPC_LIMIT})",
        "of the bare route",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    _, graphql, bare = made
    for way in made:
        figures = [Figure.of(way.cpu), *(Figure.ratio(way.cpu, it.cpu) for it in (graphql, bare))]
        table.add_row(
            way.name, *(f"{it.median:.2f} ({it.low:.2f}-{it.high:.2f})" for it in figures)
        )
    console.print(table)


def doors_as_json(made: Sequence[Way]) -> dict[str, dict[str, dict[str, float]]]:
    """The same for programs."""
    _, graphql, bare = made
    return {
        way.name: {
            "server_cpu_ms": Figure.of(way.cpu)._asdict(),
            "of_graphql": Figure.ratio(way.cpu, graphql.cpu)._asdict(),
            "of_bare": Figure.ratio(way.cpu, bare.cpu)._asdict(),
        }
        for way in made
    }
