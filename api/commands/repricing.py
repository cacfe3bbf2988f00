"""Recalculations from the command line: what is meant, and waiting for the end of it."""

import asyncio
from contextlib import nullcontext

from rich.console import Console

from api.commands.when import parse_when
from models.access import Scope
from models.db import Database
from models.errors import BadInputError
from models.local_time import TimeZones
from models.repricing import Repricing, Wanted, load_repricing
from models.repricing_run import carry_on

_POLL_SECONDS = 1


def wanted_of(since: str, until: str, models: list[str] | None, zones: TimeZones) -> Wanted:
    """What a command line asks to recalculate."""
    start, end = parse_when(since, zones), parse_when(until, zones)
    if end <= start:
        raise BadInputError("--to is not after --from.")
    return Wanted(start, end, tuple(models) if models else None)


async def finish(database: Database, scope: Scope, begun: Repricing) -> Repricing:
    """Carries a recalculation to its end, or waits where a server carries it on."""
    console = Console(stderr=True)
    status = console.status("Looking at calls ...") if console.is_terminal else None
    seen = 0

    def progress(count: int) -> None:
        nonlocal seen
        seen += count
        if status is not None:
            status.update(f"Looking at calls: {seen:,} of {begun.calls_to_see:,}")

    with status or nullcontext():
        while begun.is_running:
            await carry_on(database, begun.organization_id, begun.id, progress=progress)
            begun = await load_repricing(database, scope, begun.id)
            if begun.is_running:
                await asyncio.sleep(_POLL_SECONDS)
    return begun
