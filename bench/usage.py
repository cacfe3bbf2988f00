"""A year of invented usage, as lines for COPY: runs, their jobs, and the entries of their calls.

Owns what the invented ledger looks like: who spends how much, when, with which agents and models.
The same at every size: twice the entries are twice the runs, never longer ones, so that an answer
about one project and month has as many rows in a large ledger as in a small one. Every entry keeps
the rules of the ledger: its cost is exactly its tokens at its rate, its local date and offset are
those of its instant. A day's entries are recorded at its end in no order, as from sources that send
a day at a time: calls of one run lie apart in a small ledger too, where there is little to lie
between them, so that growth is the ledger's and not that of the distance between neighbours.
Refused: I/O.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from operator import mul
from random import Random
from typing import NamedTuple, TypeVar
from uuid import UUID

from models.event import UNATTRIBUTED
from models.local_time import TimeZones
from models.price import Rate

Thing = TypeVar("Thing")
YEAR = 2025
TIME_ZONE = "Europe/Berlin"
PROJECT_COUNT = 200
AGENT_TYPES = (
    *("implementation", "research", "testing", "release", "security", "documentation", "design"),
    *("marketing", "ui-ux", "performance", "compliance", "revenue", "dependency"),
)
_BIG_SHARE = 0.2
_SPREAD = 0.5  # sigma of the other projects' shares: the largest is ten times the smallest
_START = datetime(YEAR, 1, 1, tzinfo=UTC)
_START_MS = int(_START.timestamp() * 1000)
_DAY_COUNT = (datetime(YEAR + 1, 1, 1, tzinfo=UTC) - _START).days
_SLACK_DAYS = 3  # what begins on the last evening ends in the new year
_WEEKEND_SHARE = 0.25
# How much of a day's work begins in each hour, UTC.
_HOURS = (1, 1, 1, 1, 2, 4, 8, 10, 10, 10, 9, 8, 9, 10, 10, 9, 7, 5, 4, 3, 3, 2, 2, 1)
_SECOND = 1_000_000  # instants are microseconds since the year began
_DAY = 86_400 * _SECOND
_SLOT = 900 * _SECOND  # no zone changes its clocks off a quarter of an hour
_MASK_62, _MASK_128 = (1 << 62) - 1, (1 << 128) - 1
_NULL = r"\N"

_UNATTRIBUTED_SHARE = 0.03  # of what begins: a call outside any run
_FAILED_SHARE = 0.01
_CACHED_SHARE = 0.7
# Workflow, trigger, initiator and surface go together.
_WAYS = (
    ("review", "manual", "CHAT_AGENT", "WEB"),
    ("build", "push", "TASK_AGENT", "API"),
    ("build", "manual", "TASK_AGENT", "CLI"),
    ("nightly", "schedule", "HEARTBEAT", _NULL),
)
_STATUSES, _STATUS_WEIGHTS = ("SUCCEEDED", "FAILED", "CANCELLED"), (90, 8, 2)

RUN_COLUMNS = (
    *("organization_id", "id", "project_id", "workspace_id", "key", "workflow", "trigger"),
    *("status", "started_at", "finished_at", "created_at"),
)
JOB_COLUMNS = (
    *("organization_id", "id", "project_id", "run_id", "key", "agent_type", "initiator"),
    *("status", "started_at", "finished_at", "finished_date", "created_at"),
)
ENTRY_COLUMNS = (
    *("organization_id", "project_id", "workspace_id", "run_id", "job_id", "agent_type"),
    *("initiator", "surface", "api_key_id", "user_id", "kind", "part", "requests", "id"),
    *("occurred_at", "recorded_at", "local_date", "utc_offset_seconds", "event_key"),
    *("content_hash", "outcome", "provider", "model", "operation", "rate_id", "unpriced", "input"),
    *("cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "duration_ms"),
    "cost",
)


@dataclass(frozen=True, eq=False)
class Model:
    """A model in use; without a rate its calls are unpriced."""

    provider: str
    name: str
    rate: Rate | None
    caches: bool = False
    reasons: bool = False
    embeds: bool = False

    @cached_property
    def fields(self) -> str:
        """What an entry says of it: provider, name, operation and rate."""
        operation = "EMBEDDING" if self.embeds else "COMPLETION"
        return "\t".join(
            (self.provider, self.name, operation, _key(self.rate.id if self.rate else None))
        )

    @cached_property
    def micros(self) -> tuple[int, ...]:
        """The prices of the six classes in millionths of a dollar."""
        if self.rate is None or self.rate.request:
            raise ValueError(f"{self.name} has no price, or one by the request: not counted here")
        return tuple(int(price * 1_000_000) for price in self.rate.prices[:6])


def _priced(
    provider: str, name: str, input_: str, output: str, *, caches: bool = False, **kind: bool
) -> Model:
    """Cached tokens cost a tenth, and written ones a quarter or once more, where they are told."""
    fresh, out = Decimal(input_), Decimal(output)
    read, short, long = (fresh / 10, fresh * 5 / 4, fresh * 2) if caches else (fresh,) * 3
    rate = Rate(provider, name, "", fresh, read, short, long, out, out)
    return Model(provider, name, rate, caches=caches, **kind)


# Names that nobody sells: prices of the market change, these figures do not.
MODELS = (
    _priced("acme", "acme-large", "15", "75", caches=True),
    _priced("acme", "acme-medium", "3", "15", caches=True),
    _priced("acme", "acme-small", "0.8", "4", caches=True),
    _priced("globex", "globex-reasoner", "2.5", "10", reasons=True),
    _priced("globex", "globex-mini", "0.15", "0.6"),
    _priced("initech", "initech-flash", "0.075", "0.3"),
    _priced("globex", "globex-embedding", "0.02", "0", embeds=True),
    Model("hooli", "hooli-preview", None),
)
# How often a project has each among its own.
MODEL_WEIGHTS = (10, 34, 20, 12, 10, 8, 5, 1)


@dataclass(frozen=True, slots=True)
class Spender:
    """A project, and who spends in it. `share` is its part of all runs."""

    project_id: UUID
    workspace_id: UUID
    share: float
    agent_types: Sequence[str]
    models: Sequence[Model]
    api_key_ids: Sequence[UUID | None]
    user_ids: Sequence[UUID | None]


class Batch(NamedTuple):
    """What one day adds, in the text format of COPY."""

    runs: bytes
    jobs: bytes
    entries: bytes
    entry_count: int


def shares(seed: int = 1) -> list[float]:
    """Each project's part of all runs: a big one first, the others scattered around a median."""
    random = Random(seed)
    others = [random.lognormvariate(0, _SPREAD) for _ in range(PROJECT_COUNT - 1)]
    scale = (1 - _BIG_SHARE) / math.fsum(others)
    return [_BIG_SHARE, *(share * scale for share in others)]


class Year:
    """A year of one organization's usage, told day by day; equal arguments tell the same year."""

    def __init__(
        self, organization_id: UUID, spenders: Sequence[Spender], zones: TimeZones, seed: int = 1
    ) -> None:
        self._random = Random(seed)
        self._organization = organization_id.hex
        self._spenders = spenders
        self._spender_weights = list(accumulate(spender.share for spender in spenders))
        self._hours = _spread(range(24), _HOURS)
        self._statuses = _spread(_STATUSES, _STATUS_WEIGHTS)
        days = (_START + timedelta(days=n) for n in range(_DAY_COUNT + _SLACK_DAYS))
        self._dates = [day.date().isoformat() for day in days]
        self._clock = [
            f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
            for second in range(86_400)
        ]
        self._local = _local_days(zones)
        self._run_number = 0
        self._runs: list[str] = []
        self._jobs: list[str] = []
        self._entries: dict[int, list[str]] = defaultdict(list)
        self._made = 0

    def days(self, entry_count: int) -> Iterator[Batch]:
        """Exactly `entry_count` entries, and the runs and jobs that they belong to."""
        weights = [
            _WEEKEND_SHARE if (_START + timedelta(days=day)).weekday() >= 5 else 1.0
            for day in range(_DAY_COUNT)
        ]
        total, passed = math.fsum(weights), 0.0
        for day, weight in enumerate(weights):
            passed += weight
            due = entry_count if day == _DAY_COUNT - 1 else round(entry_count * passed / total)
            while self._made < due:
                self._run(day, due - self._made)
            yield self._batch([day])
        yield self._batch(sorted(self._entries))

    def _batch(self, days: Sequence[int]) -> Batch:
        entries = []
        for day in days:
            lines = self._entries.pop(day, [])
            self._random.shuffle(lines)
            entries += lines
        batch = Batch(
            "".join(self._runs).encode(),
            "".join(self._jobs).encode(),
            "".join(entries).encode(),
            len(entries),
        )
        self._runs.clear()
        self._jobs.clear()
        return batch

    def _run(self, day: int, most: int) -> None:
        """A run of two to four jobs, one after the other, of one to three calls each."""
        random = self._random
        (spender,) = random.choices(self._spenders, cum_weights=self._spender_weights)
        hour = random.choice(self._hours)
        start = now = day * _DAY + int((hour + random.random()) * 3600 * _SECOND)
        workflow, trigger, initiator, surface = random.choice(_WAYS)
        place = (self._organization, spender.project_id.hex, spender.workspace_id.hex)
        caller = (
            initiator,
            surface,
            _key(random.choice(spender.api_key_ids)),
            _key(random.choice(spender.user_ids)),
        )
        if random.random() < _UNATTRIBUTED_SHARE:
            head = "\t".join((*place, _NULL, _NULL, UNATTRIBUTED, *caller))
            self._call(now, head, random.choice(spender.models))
            return
        self._run_number += 1
        run_id, first = self._id(start), self._run_number
        for number in range(random.randint(2, 4)):
            count = min(random.randint(1, 3), most)
            if not count:
                break
            most -= count
            kind = spender.agent_types[(first + number) % len(spender.agent_types)]
            begun, job_id = now, self._id(now)
            head = "\t".join((*place, run_id, job_id, kind, *caller))
            for _ in range(count):
                now = self._call(now, head, random.choice(spender.models))
            job = (place[0], job_id, place[1], run_id, f"job-{number}", kind, initiator)
            self._finish(self._jobs, job, begun, now, dated=True)
        run = (place[0], run_id, *place[1:], f"run-{first}", workflow, trigger)
        self._finish(self._runs, run, start, now)

    def _finish(
        self, lines: list[str], head: tuple[str, ...], begun: int, ended: int, dated: bool = False
    ) -> None:
        """Writes down a run or a job that ended, a job with the local date on which it did."""
        status = self._random.choice(self._statuses)
        date = (self._local[ended // _SLOT][0],) if dated else ()
        at = self._instant(begun)
        lines.append("\t".join((*head, status, at, self._instant(ended), *date, at)) + "\n")

    def _call(self, start: int, head: str, model: Model) -> int:
        """Writes down a call and answers when it ended: the instant of its entry."""
        random = self._random
        tokens = self._tokens(model)
        duration_ms = 150 + tokens[4] * 6 + int(random.random() ** 4 * 20_000)
        at = start + duration_ms * 1000
        date, offset = self._local[at // _SLOT]
        day_end = (at // _DAY + 1) * _DAY
        bits = random.getrandbits(192)
        cost, unpriced = _NULL, 1
        if model.rate is not None:
            # Tokens times millionths of a dollar a million tokens: 10^-12 dollars, exactly.
            amount = sum(map(mul, tokens, model.micros))
            cost, unpriced = f"{amount // 10**12}.{amount % 10**12:012}", 0
        outcome = "FAILED" if random.random() < _FAILED_SHARE else "SUCCEEDED"
        self._entries[at // _DAY].append(
            f"{head}\tUSAGE\t0\t1\t{self._id(day_end)}\t{self._instant(at)}"
            f"\t{self._instant(day_end)}\t{date}\t{offset}"
            f"\treq-{bits >> 128:016x}-{self._made}\t\\\\x{bits & _MASK_128:032x}\t{outcome}"
            f"\t{model.fields}\t{unpriced}\t{tokens[0]}\t{tokens[1]}\t{tokens[2]}"
            f"\t{tokens[3]}\t{tokens[4]}\t{tokens[5]}\t{duration_ms}\t{cost}\n"
        )
        self._made += 1
        return at

    def _tokens(self, model: Model) -> tuple[int, int, int, int, int, int]:
        """The six classes, in the order of the columns."""
        random = self._random.random
        fresh = 20 + int(random() ** 3 * 12_000)
        if model.embeds:
            return fresh, 0, 0, 0, 0, 0
        output = 1 + int(random() ** 3 * 4_000)
        if model.caches and random() < _CACHED_SHARE:
            return fresh, int(random() * 90_000), int(random() ** 2 * 9_000), 0, output, 0
        return fresh, 0, 0, 0, output, int(random() * 2_000) if model.reasons else 0

    def _instant(self, at: int) -> str:
        day, rest = divmod(at, _DAY)
        second, micro = divmod(rest, _SECOND)
        return f"{self._dates[day]} {self._clock[second]}.{micro:06}+00"

    def _id(self, at: int) -> str:
        """A UUIDv7 of the instant."""
        bits = self._random.getrandbits(74)
        return f"{_START_MS + at // 1000:012x}7{bits >> 62:03x}{bits & _MASK_62 | 1 << 63:016x}"


def _key(id: UUID | None) -> str:
    return _NULL if id is None else id.hex


def _spread(things: Iterable[Thing], weights: Iterable[int]) -> list[Thing]:
    """Each thing as often as it weighs: the quickest to choose from."""
    return [thing for thing, weight in zip(things, weights, strict=True) for _ in range(weight)]


def _local_days(zones: TimeZones) -> list[tuple[str, str]]:
    """Local date and offset of each slot of the year, as text."""
    slots = ((_DAY_COUNT + _SLACK_DAYS) * _DAY) // _SLOT
    days = (zones.day(_START + timedelta(microseconds=n * _SLOT)) for n in range(slots))
    return [(day.date.isoformat(), str(day.utc_offset_seconds)) for day in days]
