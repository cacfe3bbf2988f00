"""What may be asked, what a call costs at most, and who is granted: the pure half of admission."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.admission import (
    Ask,
    CallEstimate,
    Room,
    SpendRequest,
    check,
    content_hash,
    decide,
    most_expensive,
)
from models.cap_rule import CapRule, Credits
from models.cap_window import Window
from models.ids import uuid7
from models.price import Rate
from models.token import TokenCounts

D = Decimal
NOW = datetime(2026, 3, 15, tzinfo=UTC)
PROJECT = uuid7()
CALL = CallEstimate("some-model", 1000, 2000)
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"key": ""}, "key", "REQUIRED"),
    ({"key": "k" * 256}, "key", "OUT_OF_RANGE"),
    ({"key": "a\x00"}, "key", "INVALID"),
    ({"run_key": " "}, "runKey", "REQUIRED"),
    ({"job_key": "j"}, "runKey", "REQUIRED"),
    ({"amount": None}, "amount", "REQUIRED"),
    ({"call": CALL}, "amount", "REQUIRED"),
    ({"amount": D(0)}, "amount", "OUT_OF_RANGE"),
    ({"amount": D("-1")}, "amount", "OUT_OF_RANGE"),
    ({"amount": D("1e10")}, "amount", "OUT_OF_RANGE"),
    ({"amount": D("NaN")}, "amount", "OUT_OF_RANGE"),
    ({"amount": D("0.0000000000001")}, "amount", "TOO_PRECISE"),
    ({"amount": None, "call": CallEstimate("", 1, 1)}, "call.model", "REQUIRED"),
    ({"amount": None, "call": CallEstimate("m", -1, 1)}, "call.inputTokens", "OUT_OF_RANGE"),
    ({"amount": None, "call": CallEstimate("m", 1, 2**53)}, "call.maxOutputTokens",
     "OUT_OF_RANGE"),
    ({"ttl_seconds": 0}, "ttlSeconds", "OUT_OF_RANGE"),
    ({"ttl_seconds": 86_401}, "ttlSeconds", "OUT_OF_RANGE"),
]  # fmt: skip


def request(**changes: Any) -> SpendRequest:
    values: dict[str, Any] = {"key": "r", "project_id": PROJECT, "amount": D(1)} | changes
    return SpendRequest(**values)


@pytest.mark.parametrize(("changes", "field", "code"), WRONG)
def test_what_makes_no_sense_is_said(changes: dict[str, Any], field: str, code: str) -> None:
    errors = check(request(**changes))
    assert [(".".join(error.field or ()), error.code) for error in errors] == [(field, code)]


def test_what_makes_sense_is_taken() -> None:
    assert not check(request(run_key="r", job_key="j", ttl_seconds=86_400))
    assert not check(request(amount=None, call=CALL))


def test_the_same_is_asked_whatever_its_form_and_its_time() -> None:
    asked = content_hash(request())
    assert asked == content_hash(request(amount=D("1.00"), key="other", ttl_seconds=1))
    others = [request(amount=D(2)), request(run_key="r"), request(api_key_id=uuid7()),
              request(project_id=uuid7()), request(amount=None, call=CALL)]  # fmt: skip
    assert len({asked, *map(content_hash, others)}) == 6


prices = st.decimals(0, 1000, places=6)


@given(st.lists(prices, min_size=7, max_size=7), st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_call_of_that_size_costs_more(unit: list[Decimal], used: int, written: int) -> None:
    rate = Rate("acme", "some-model", "", *unit)
    most = most_expensive(rate, CallEstimate("some-model", used, written))
    inputs = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
    costs = [
        rate.cost(TokenCounts(**{input_: used, output: written}), 1)
        for input_ in inputs
        for output in ("output", "reasoning")
    ]
    assert most == max(costs)


def room(limit: int, spent: int, held: int) -> Room:
    day = date(2026, 3, 1)
    rule = CapRule(uuid7(), "PROJECT", PROJECT, "MONTH", "BLOCK", "DOLLARS", D(limit), "BLOCK",
                   None, None, None, day)  # fmt: skip
    return Room(rule, Window(day, date(2026, 3, 31)), D(spent), D(held))


rooms = st.tuples(st.integers(0, 30), st.integers(0, 10), st.integers(0, 10))


@given(st.lists(rooms, min_size=1, max_size=3), st.lists(st.integers(1, 9), max_size=12), st.data())
def test_first_fit_in_order_under_every_cap(
    standing: list[tuple[int, int, int]], amounts: list[int], data: st.DataObject
) -> None:
    under = [room(*each) for each in standing]
    chosen = [data.draw(st.sets(st.integers(0, len(under) - 1))) for _ in amounts]
    asks = [
        Ask(request(), D(amount), [under[place] for place in sorted(places)], Credits(), NOW)
        for amount, places in zip(amounts, chosen, strict=True)
    ]
    verdicts = decide(asks, None)
    taken = [spent + held for _, spent, held in standing]
    for amount, places, verdict in zip(amounts, chosen, verdicts, strict=True):
        fits = all(taken[place] + amount <= standing[place][0] for place in places)
        assert (verdict.hold is not None) == fits
        for place in places if fits else ():
            taken[place] += amount
    assert [each.taken for each in under] == taken
