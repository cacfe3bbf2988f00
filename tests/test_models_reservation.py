"""Reservations: granted or denied, settled, released, expired; each ends once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from caps import Caps
from repricing import UNKNOWN, posted, price, shown
from tenants import PRICED, Tenant

from models.admission import CallEstimate, DenialReason, Denied, Granted, Rejected
from models.cap import CapPeriod
from models.cap_rule import CapAction, CapScope, UnpricedPolicy
from models.db import Database
from models.errors import UserErrors
from models.event import UsageStatus
from models.expirer import Expirer
from models.ids import uuid7
from models.reservation import ReservationStatus
from models.token import ReportedTokens
from models.undo import undo_import

D = Decimal
NOW = datetime.now(UTC)
USED = ReportedTokens(100, 50)
COST = D("0.00175")


@pytest.fixture
def caps(database: Database, tenant: Tenant) -> Caps:
    return Caps(database, tenant)


async def test_what_fits_is_held_and_settled(caps: Caps) -> None:
    cap_id = await caps.set(10)
    await caps.granted("r1", 6)
    denied = await caps.reserve("r2", 5)
    assert isinstance(denied, Denied)
    assert (denied.reason, denied.cap_id) == (DenialReason.CAP_REACHED, cap_id)
    assert (denied.limit, denied.spent, denied.held, denied.requested) == (10, 0, 6, 5)
    assert denied.is_retryable
    assert "4 of 10 is left" in denied.message(may_see=True)
    assert "10" not in denied.message(may_see=False).split("It begins")[0]
    assert await caps.figures(cap_id) == (0, 6)
    settled = await caps.settle("r1", USED)
    assert (settled.outcome.status, settled.outcome.cost) == (UsageStatus.RECORDED, COST)
    assert settled.reservation.status == ReservationStatus.SETTLED
    assert (settled.reservation.settled_cost, settled.reservation.overrun) == (COST, 0)
    assert await caps.figures(cap_id) == (COST, 0)
    await caps.granted("r2", 5)
    again = await caps.settle("r1", USED)
    assert again.outcome.status is UsageStatus.DUPLICATE
    other = await caps.settle("r1", ReportedTokens(200, 50))
    assert other.outcome.status is UsageStatus.CONFLICT
    await caps.verify()


async def test_a_key_is_granted_once_and_ends_once(caps: Caps) -> None:
    await caps.set(10)
    first = await caps.granted("r", 6)
    assert await caps.reserve("r", 6) == first
    other = await caps.reserve("r", 5)
    assert isinstance(other, Rejected)
    assert other.errors[0].code == "CONFLICT"
    assert (await caps.release("r")).status == ReservationStatus.RELEASED
    assert (await caps.release("r")).status == ReservationStatus.RELEASED
    ended = await caps.reserve("r", 6)
    assert isinstance(ended, Rejected)
    assert ended.errors[0].code == "RESERVATION_ENDED"
    with pytest.raises(UserErrors, match="has ended"):
        await caps.extend("r", 60)
    await caps.verify()


async def test_what_is_due_is_free_again(caps: Caps) -> None:
    cap_id = await caps.set(10)
    await caps.granted("a", 6)
    await caps.granted("b", 4)
    await caps.run_out("a")
    assert (await caps.reservation("a")).status == ReservationStatus.EXPIRED
    await caps.granted("c", 6)
    assert await caps.figures(cap_id) == (0, 10)
    await caps.run_out("b")
    await Expirer(caps.database).look()
    assert await caps.figures(cap_id) == (0, 6)
    late = await caps.settle("a", USED)
    assert late.outcome.status is UsageStatus.RECORDED
    assert late.reservation.status == ReservationStatus.EXPIRED
    assert await caps.figures(cap_id) == (COST, 6)
    await caps.verify()


async def test_a_stream_moves_what_it_uses(caps: Caps) -> None:
    cap_id = await caps.set(10)
    await caps.granted("r", "0.01", call=None)
    part = await caps.settle("r", USED, is_final=False, event_key="p1")
    assert part.reservation.status == ReservationStatus.OPEN
    assert part.reservation.held == D("0.01") - COST
    assert await caps.figures(cap_id) == (COST, D("0.01") - COST)
    await caps.settle("r", ReportedTokens(100, 20), is_final=False, event_key="p0")
    assert await caps.figures(cap_id) == (COST, D("0.01") - COST)
    done = await caps.settle("r", ReportedTokens(1000, 500), event_key="end")
    assert done.reservation.settled_cost == COST * 10
    assert done.reservation.overrun == COST * 10 - D("0.01")
    assert await caps.figures(cap_id) == (COST * 10, 0)
    await caps.verify()


async def test_an_unknown_price_follows_the_caps_policy(caps: Caps) -> None:
    call = CallEstimate("no-such-model", 1_000_000, 1_000_000)
    project = await caps.set(10, CapScope.PROJECT)
    denied = await caps.reserve("r1", None, call=call)
    assert isinstance(denied, Denied)
    assert (denied.reason, denied.requested) == (DenialReason.UNPRICED_MODEL, None)
    assert await caps.set(10, CapScope.PROJECT, unpriced_policy=UnpricedPolicy.ALLOW) == project
    await caps.granted("r1", None, call=call)
    # What is used up lets nothing through, whatever it may cost.
    await caps.set(0, CapScope.PROJECT, unpriced_policy=UnpricedPolicy.ALLOW)
    denied = await caps.reserve("r2", None, call=call)
    assert isinstance(denied, Denied)
    assert denied.reason is DenialReason.CAP_REACHED
    await caps.set(10, CapScope.PROJECT, unpriced_policy=UnpricedPolicy.ALLOW)
    assumed = await caps.set(
        10,
        unpriced_policy=UnpricedPolicy.ASSUME,
        assumed_input_price=D(1),
        assumed_output_price=D(2),
    )
    await caps.granted("r2", None, call=call)
    assert await caps.figures(project) == (0, 0)
    assert await caps.figures(assumed) == (0, 3)
    await caps.settle("r2", ReportedTokens(1_000_000, 0), model="no-such-model", provider=None)
    assert await caps.figures(assumed) == (1, 0)
    cap = await caps.show(project)
    assert (cap.spent, cap.unpriced) == (0, 1)
    await caps.verify()


async def test_a_call_is_priced_at_its_most_expensive(caps: Caps) -> None:
    await caps.set(100)
    await caps.granted("r", None, call=CallEstimate(PRICED, 1_000_000, 1_000_000, "anthropic"))
    # 5 dollars of input, 10 when written to a cache for an hour, and 25 of output.
    assert (await caps.reservation("r")).amount == 35


async def test_a_call_that_may_cost_more_than_anything_is_rejected(caps: Caps) -> None:
    """Also where a price is only assumed, by a cap that would let everything pass."""
    await caps.set(
        1,
        action=CapAction.WARN,
        unpriced_policy=UnpricedPolicy.ASSUME,
        assumed_input_price=D(10**9),
        assumed_output_price=D(0),
    )
    for model in (PRICED, "no-such-model"):
        rejected = await caps.reserve("r", None, call=CallEstimate(model, 2**53 - 1, 1))
        assert isinstance(rejected, Rejected)
        assert rejected.errors[0].code == "OUT_OF_RANGE"


async def test_a_warning_cap_grants_and_is_named(caps: Caps) -> None:
    warning = await caps.set(1, CapScope.PROJECT, action=CapAction.WARN)
    blocking = await caps.set(10, CapScope.PROJECT)
    assert (await caps.granted("r1", 1)).warning_cap_ids == ()
    assert (await caps.granted("r2", 1)).warning_cap_ids == (warning,)
    denied = await caps.reserve("r3", 9)
    assert isinstance(denied, Denied)
    assert denied.cap_id == blocking
    await caps.verify()


async def test_first_fit_in_order_of_arrival(caps: Caps) -> None:
    await caps.set(10)
    asked = [caps.request(f"r{place}", amount) for place, amount in enumerate((6, 5, 3, 2, 1))]
    answers = await caps.admission.reserve(caps.tenant.id, asked)
    assert [isinstance(answer, Granted) for answer in answers] == [True, False, True, False, True]


async def test_what_is_spent_under_a_hold_counts_in_its_window_whatever_is_corrected(
    caps: Caps,
) -> None:
    """The call was made two days before, its price is found later: both count where it is held."""
    database, tenant = caps.database, caps.tenant
    allow = {"unpriced_policy": UnpricedPolicy.ALLOW}
    today = await caps.set(10, CapScope.PROJECT, period=CapPeriod.DAY, **allow)
    before = NOW - timedelta(days=2)
    await caps.granted("r", 3)
    settled = await caps.settle("r", USED, model=UNKNOWN, occurred_at=before)
    assert settled.outcome.is_unpriced
    cap = await caps.show(today)
    assert (cap.spent, cap.held, cap.unpriced) == (0, 0, 1)
    await caps.record(tenant.event("unreserved", occurred_at=before, model=UNKNOWN))
    assert (await caps.show(today)).unpriced == 1
    await price(database, tenant)
    begun = await posted(database, tenant, await shown(database, tenant))
    assert not begun.is_running
    cap = await caps.show(today)
    assert (cap.spent, cap.unpriced) == (D("0.0006"), 0)
    assert (await caps.reservation("r")).settled_cost == D("0.0006")
    await caps.verify()


async def test_a_cap_begins_with_what_a_stream_that_it_holds_has_used(caps: Caps) -> None:
    """What a reservation spends counts where it is held, also what it spent before the cap was."""
    await caps.granted("r", 3)
    before = NOW - timedelta(days=2)
    await caps.settle("r", USED, is_final=False, event_key="part", occurred_at=before)
    today = await caps.set(10, CapScope.PROJECT, period=CapPeriod.DAY)
    assert await caps.figures(today) == (COST, 3 - COST)
    await caps.verify()
    assumes = {"unpriced_policy": UnpricedPolicy.ASSUME, "assumed_input_price": D(1)}
    other = await caps.set(10, period=CapPeriod.DAY, assumed_output_price=D(1), **assumes)
    assert await caps.figures(other) == (COST, 3 - COST)
    await caps.settle("r", USED, event_key="end")
    assert await caps.figures(today) == await caps.figures(other) == (COST, 0)
    await caps.verify()


async def test_an_import_that_is_taken_back_is_taken_from_caps(caps: Caps) -> None:
    database, tenant = caps.database, caps.tenant
    cap_id = await caps.set(10)
    import_id = uuid7()
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO usage_import (organization_id, id, format, source, status, started_at)"
            " VALUES ($1, $2, 'csv', 'test', 'DONE', now())",
            tenant.id,
            import_id,
        )
    await caps.record(tenant.event("kept", occurred_at=NOW))
    await caps.record(tenant.event("undone", occurred_at=NOW, import_id=import_id))
    assert await caps.figures(cap_id) == (2 * COST, 0)
    await undo_import(database, tenant.id, import_id)
    assert await caps.figures(cap_id) == (COST, 0)
    await caps.verify()
