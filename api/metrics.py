"""Prometheus metrics, answered at `/metrics`: requests, latency, requests in flight, the pool.

Every label comes from a closed set (routes, methods, statuses, kinds of operation, error codes),
so that nobody outside can make a new time series. With several workers `serve.py` points
PROMETHEUS_MULTIPROC_DIR at a directory before they start, and any of them answers for all.
"""

import os
from pathlib import Path
from typing import Any, Literal

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from starlette.requests import Request
from starlette.responses import Response

from api.request_id import RequestInfo

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# A second series beside each counter, telling when it began, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LIVE: Literal["livesum"] = "livesum"


class Metrics:
    """One application's metrics in a registry of its own."""

    def __init__(self, database: Any) -> None:
        self._database = database
        registry = CollectorRegistry()
        self._registry = registry
        self._requests = Counter(
            "aicost_http_requests",
            "Requests answered.",
            ["method", "route", "status", "operation"],
            registry=registry,
        )
        self._seconds = Histogram(
            "aicost_http_request_duration_seconds",
            "Time from a request's first byte to its answer's last.",
            ["route", "operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._errors = Counter(
            "aicost_errors", "Errors told to callers.", ["route", "code"], registry=registry
        )
        self.in_flight = 0
        """Requests being answered; told to the registry by `watch`, which saves two locks each."""
        self._in_flight = Gauge(
            "aicost_http_requests_in_flight",
            "Requests being answered.",
            registry=registry,
            multiprocess_mode=_LIVE,
        )
        self._pool = Gauge(
            "aicost_database_connections",
            "Connections to PostgreSQL, by what they do.",
            ["state"],
            registry=registry,
            multiprocess_mode=_LIVE,
        )
        self._known: dict[tuple[str, str, int, str], tuple[Any, Any]] = {}

    def observe(
        self, method: str, route: str, status: int, info: RequestInfo, seconds: float
    ) -> None:
        """Counts one answered request."""
        key = (method if method in _METHODS else "other", route, status, info.operation)
        series = self._known.get(key)
        if series is None:
            operation = info.operation or "none"
            series = (
                self._requests.labels(key[0], route, str(status), operation),
                self._seconds.labels(route, operation),
            )
            self._known[key] = series
        series[0].inc()
        series[1].observe(seconds)
        for code in info.error_codes:
            self._errors.labels(route, code).inc()

    def watch(self) -> None:
        """Notes what goes up and down: requests being answered, and the connections to PostgreSQL.

        There are none while the pool is not there.
        """
        self._in_flight.set(self.in_flight)
        try:
            pool = self._database.pool
            size, idle = pool.get_size(), pool.get_idle_size()
        except RuntimeError:
            size = idle = 0
        self._pool.labels("idle").set(idle)
        self._pool.labels("used").set(size - idle)

    def render(self) -> bytes:
        """The text that Prometheus reads, of all workers together."""
        self.watch()
        directory = os.environ.get(MULTIPROCESS_VARIABLE)
        if directory is None:
            return generate_latest(self._registry)
        forget_dead_workers(Path(directory))
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together, path=directory)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    async def endpoint(self, _request: Request) -> Response:
        """`GET /metrics`. Tells nothing about tenants, and so takes no credential."""
        return Response(self.render(), headers={"content-type": CONTENT_TYPE_LATEST})


def forget_dead_workers(directory: Path) -> None:
    """Removes gauges of workers that were killed; their counters stay, since counts only grow."""
    for path in directory.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except PermissionError:
            continue
