"""Whether the projection of models/projection.py holds on the use of real tenants.

    python bench/projection.py [--data client_windows.csv.zst] [--calibrate]

Plays through the 14 days of every client of a model provider, from the third day on, every twelve
hours: what will have been used when the 14 days end, and when amounts will be used up that really
were, a quarter, half and three quarters of the way there. Clients with use on fewer than two days
by then are left out. The curves of the interval were fitted on one half of the clients
(`--calibrate` fits them again); the figures are those of the other half. Exit status 1 unless the
interval of 80 % covers 70 to 90 % and the median errors are below those of the plain average rate.
"""

import argparse
import csv
import io
import math
import os
import sys
import zlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import fmean, median

import zstandard
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from models import projection
from models.projection import Forecast, forecast

_BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
_SHARED = Path(os.environ.get("AICOST_SHARED_DATA") or _BESIDE)
_DAY_COUNT, _WINDOWS = 14, 144  # of ten minutes in a day
_LEAST_COVERED, _MOST_COVERED = 0.7, 0.9
_FARTHEST = 1000.0  # days, where a forecast sees no end
_HORIZONS = (0, 3, 5, 8, _DAY_COUNT)


@dataclass(frozen=True)
class Trial:
    """One client at one instant: what was forecast, and what came. `horizon` is in days."""

    client: str
    ahead: Forecast
    horizon: float
    plain_rate: float
    used: float
    left: float
    ends: Sequence[tuple[float, float]]  # amounts, and the days after which they were used up

    @property
    def is_for_fitting(self) -> bool:
        """Whether the client is of the half that the curves were fitted on."""
        return zlib.crc32(self.client.encode()) % 2 == 0

    @property
    def expected(self) -> float:
        """What was to be used by the end."""
        return self.ahead.expected(self.horizon)

    @property
    def is_covered(self) -> bool:
        """Whether what was left lies in the interval."""
        low, high = self.expected * self.ahead.low, self.expected * self.ahead.high
        return low <= self.left <= high

    def error(self, more: float) -> float:
        """How far off a total is, as a share of the true one."""
        return abs(more - self.left) / (self.used + self.left)

    def until(self, amount: float, factor: float = 1.0) -> float:
        """Days until an amount is used, by the forecast."""
        days = self.ahead.days_until(amount, factor)
        return _FARTHEST if days is None else days


def main() -> int:
    """Runs the back-test; answers the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=_SHARED / "servegen" / "client_windows.csv.zst"
    )
    parser.add_argument("--calibrate", action="store_true", help="fit the curves on their half")
    options = parser.parse_args()
    if not options.data.exists():
        parser.error(f"{options.data} is not there")
    trials = list(_trials(_read(options.data)))
    console = Console(highlight=False, width=110)
    if options.calibrate:
        _calibrate([trial for trial in trials if trial.is_for_fitting], console)
    tested = [trial for trial in trials if not trial.is_for_fitting]
    console.print(
        f"{len(trials):,} back-tests of {len({it.client for it in trials})} clients; shown:"
        f" {len(tested):,} of {len({it.client for it in tested})} that nothing was fitted on"
    )
    return 0 if _report(tested, console) else 1


def _read(path: Path) -> dict[str, list[float]]:
    """Requests of every client in every window of ten minutes."""
    found: dict[str, list[float]] = defaultdict(lambda: [0.0] * (_DAY_COUNT * _WINDOWS))
    with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as stream:
        for row in csv.DictReader(io.TextIOWrapper(stream)):
            window = int(row["window_start_s"]) // 600
            found[f"{row['workload']}/{row['client']}"][window] += float(
                row["requests_in_600s"] or 0
            )
    return found


def _trials(clients: dict[str, list[float]]) -> Iterator[Trial]:
    for client, windows in sorted(clients.items()):
        sums = [0.0, *accumulate(windows)]
        days = [b - a for a, b in pairwise(sums[::_WINDOWS])]
        for now in range(3 * _WINDOWS, (_DAY_COUNT - 1) * _WINDOWS + 1, _WINDOWS // 2):
            whole, begun = divmod(now, _WINDOWS)
            if sum(day > 0 for day in days[:whole]) >= 2:
                yield _trial(client, sums, days[:whole], now, begun / _WINDOWS)


def _trial(
    client: str, sums: Sequence[float], days: Sequence[float], now: int, begun: float
) -> Trial:
    used, left = sums[now], sums[-1] - sums[now]
    today = used - sums[len(days) * _WINDOWS]
    history = [Decimal(repr(day)) for day in days]
    ahead = forecast(history, Decimal(repr(today)), begun, len(days) % 7)
    amounts = [left * share for share in (0.25, 0.5, 0.75)] if left else []
    ends = [(it, (bisect_left(sums, used + it) - now) / _WINDOWS) for it in amounts]
    horizon = _DAY_COUNT - now / _WINDOWS
    return Trial(client, ahead, horizon, used / (now / _WINDOWS), used, left, ends)


def _report(trials: Sequence[Trial], console: Console) -> bool:
    """Prints the figures; whether they are those that are wanted."""
    title = "Use until the end: share covered by the interval of 80 %, median error of the total"
    table = Table("days ahead", title=title, box=MARKDOWN)
    for heading in ("back-tests", "covered", "model", "plain average"):
        table.add_column(heading, justify="right")
    for first, last in pairwise(_HORIZONS):
        some = [trial for trial in trials if first < trial.horizon <= last]
        table.add_row(f"{first} to {last}", *_totals(some)[0])
    shown, totals_hold = _totals(trials)
    table.add_row("all", *shown)
    console.print(table)
    ends = [(trial, *end) for trial in trials for end in trial.ends]
    off = median(abs(trial.until(amount) - days) for trial, amount, days in ends)
    plain = median(abs(amount / trial.plain_rate - days) for trial, amount, days in ends)
    covered = fmean(
        trial.until(amount, trial.ahead.high) <= days <= trial.until(amount, trial.ahead.low)
        for trial, amount, days in ends
    )
    console.print(
        f"Run-out: {len(ends):,} back-tests, {covered:.1%} within earliest and latest; median error"
        f" {off:.3f} days, of the plain average {plain:.3f} days"
    )
    return totals_hold and off < plain and _LEAST_COVERED <= covered <= _MOST_COVERED


def _totals(trials: Sequence[Trial]) -> tuple[list[str], bool]:
    model = median(trial.error(trial.expected) for trial in trials)
    plain = median(trial.error(trial.plain_rate * trial.horizon) for trial in trials)
    covered = fmean(trial.is_covered for trial in trials)
    shown = [f"{len(trials):,}", f"{covered:.1%}", f"{model:.1%}", f"{plain:.1%}"]
    return shown, model < plain and _LEAST_COVERED <= covered <= _MOST_COVERED


# ---- fitting


def _calibrate(trials: Sequence[Trial], console: Console) -> None:
    """Finds the curves of which the tenth and ninetieth percentiles are closest, by pinball loss.

    The high one is judged by ratios of what came to what was expected on a logarithmic scale,
    which a client that grows a hundredfold does not rule; the low one by the ratios themselves.
    """
    seen = [
        (_off(trial.ahead), trial.left / trial.expected) for trial in trials if trial.expected > 0
    ]
    high = min(
        (
            _pinball(0.9, (math.log(max(it, 1e-3)) - math.log1p(a * off**b) for off, it in seen)),
            a,
            b,
        )
        for a in range(2, 24)
        for b in (place / 10 for place in range(8, 24))
    )
    low = min(
        (_pinball(0.1, (min(it, 3.0) - max(0.0, 1 - a * off**b) for off, it in seen)), a, b)
        for a in (place / 10 for place in range(6, 26))
        for b in (place / 10 for place in range(2, 16))
    )
    console.print(f"fitted on {len(seen):,} back-tests: low {low[1:]}, high {high[1:]}")


def _off(ahead: Forecast) -> float:
    """How far off a day's forecast was on average, out of the interval that was made of it."""
    off: float = ((ahead.high - 1) / projection.HIGH_FACTOR) ** (1 / projection.HIGH_POWER)
    return off


def _pinball(share: float, errors: Iterable[float]) -> float:
    return fmean(share * error if error >= 0 else (share - 1) * error for error in errors)


if __name__ == "__main__":
    sys.exit(main())
