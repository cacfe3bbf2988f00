"""Metrics: every answer is counted, and nobody outside can make a new series."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from door import FakeDatabase, client_of, make_app
from prometheus_client.parser import text_string_to_metric_families

from api.metrics import MULTIPROCESS_VARIABLE, forget_dead_workers

ROOT = Path(__file__).resolve().parent.parent


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def requests(**labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return "aicost_http_requests_total", frozenset(labels.items())


async def test_answers_are_counted_by_route_status_and_operation() -> None:
    async with client_of(make_app()) as client:
        for query in ("{ hello }", "{ hello }", "mutation { touch }", "{"):
            await client.post("/graphql", json={"query": query})
        found = samples((await client.get("/metrics")).text)
    post = {"method": "POST", "route": "/graphql", "status": "200"}
    assert found[requests(**post, operation="query")] == 2
    assert found[requests(**post, operation="mutation")] == 1
    assert found[requests(**post, operation="none")] == 1
    errors = frozenset({"route": "/graphql", "code": "BAD_USER_INPUT"}.items())
    assert found["aicost_errors_total", errors] == 1
    times = frozenset({"route": "/graphql", "operation": "query"}.items())
    assert found["aicost_http_request_duration_seconds_count", times] == 2


async def test_labels_come_from_closed_sets() -> None:
    async with client_of(make_app()) as client:
        await client.get("/metrics")
        before = len(samples((await client.get("/metrics")).text))
        for n in range(20):
            await client.get(f"/made-up-{n}")
            await client.request(f"VERB{n}", "/graphql")
            await client.post("/graphql", json={"query": f"query Name{n} {{ hello }}"})
        after = samples((await client.get("/metrics")).text)
    # Three answers of three kinds; each a counter, a histogram's sixteen, an error counter.
    assert len(after) - before <= 3 * 18
    assert "Name" not in str(after)
    assert "VERB" not in str(after)
    assert after[requests(method="GET", route="other", status="404", operation="none")] == 20


async def test_the_pool_is_watched_and_may_be_missing() -> None:
    database = FakeDatabase()
    async with client_of(make_app(database)) as client:
        found = samples((await client.get("/metrics")).text)
        assert found["aicost_database_connections", frozenset({("state", "used")})] == 2
        assert found["aicost_database_connections", frozenset({("state", "idle")})] == 1

        class Unstarted:
            @property
            def pool(self) -> None:
                raise RuntimeError("the database was not started")

        app = make_app(Unstarted())  # type: ignore[arg-type]
    async with client_of(app) as client:
        found = samples((await client.get("/metrics")).text)
        assert found["aicost_database_connections", frozenset({("state", "used")})] == 0


def test_gauges_of_dead_workers_are_forgotten(tmp_path: Path) -> None:
    alive = tmp_path / f"gauge_livesum_{os.getpid()}.db"
    dead = tmp_path / "gauge_livesum_99999999.db"
    counters = tmp_path / "counter_99999999.db"
    for path in (alive, dead, counters):
        path.touch()
    forget_dead_workers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([alive, counters])


WORKER = """
import sys
from types import SimpleNamespace
from api.metrics import Metrics
from api.request_id import RequestInfo
pool = SimpleNamespace(get_size=lambda: 3, get_idle_size=lambda: 1)
metrics = Metrics(SimpleNamespace(pool=pool))
metrics.observe("GET", "/healthz", 200, RequestInfo("id"), 0.01)
sys.stdout.write(metrics.render().decode())
"""


@pytest.mark.parametrize("workers", [2])
def test_any_worker_answers_for_all(tmp_path: Path, workers: int) -> None:
    environment = {**os.environ, MULTIPROCESS_VARIABLE: str(tmp_path)}
    for _ in range(workers):
        done = subprocess.run(
            [sys.executable, "-c", WORKER],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    found = samples(done.stdout)
    key = requests(method="GET", route="/healthz", status="200", operation="none")
    assert found[key] == workers
    # The first worker is gone, and with it its connections.
    assert found["aicost_database_connections", frozenset({("state", "used")})] == 2
