"""New ids: of the version that sorts by time, in the order in which they are made, never twice."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

import pytest

from models.ids import uuid7


def test_ids_sort_as_they_are_made_within_a_millisecond_too() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_id_says_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_a_clock_that_is_set_back_does_not_set_ids_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = uuid7()
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 3_600 * 10**9)
    assert first < uuid7() < uuid7()


def test_threads_do_not_make_the_same_ids() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = [
            each
            for some in threads.map(lambda _: [uuid7() for _ in range(2_000)], range(8))
            for each in some
        ]
    assert len(set(made)) == len(made)


_FORK = """
import os
from models.ids import uuid7
uuid7()
child = os.fork()
os.write(1, b"%d\\n" % uuid7().int)  # in one piece, whoever else writes
if child:
    os.waitpid(child, 0)
"""


def test_a_forked_process_does_not_go_on_with_its_parents_count() -> None:
    """Even in the same millisecond the two draw anew."""
    told = subprocess.run(
        [sys.executable, "-c", _FORK], check=True, capture_output=True, text=True
    ).stdout
    counted = (1 << 61) - 1
    one, other = (int(number) & counted for number in told.split())
    assert abs(one - other) > 2**20
