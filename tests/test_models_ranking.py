"""Rankings: how days are cut into months, and where a place is taken up again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tenants import Tenant

from models.access import Principal, Role, Scope
from models.db import Database
from models.errors import ForbiddenError
from models.ids import NIL
from models.page import Named
from models.period import add_months
from models.ranking import Spend, Subject, _months_and_days, rank
from models.spend_unit import SpendUnit

DAY = timedelta(days=1)


@settings(max_examples=50)
@given(first=st.dates(date(2024, 1, 1), date(2027, 1, 1)), length=st.integers(0, 400))
def test_months_and_days_cover_every_day_once(first: date, length: int) -> None:
    last = first + length * DAY
    months, firsts, lasts = _months_and_days(first, last)
    stretches = [(month, add_months(month, 1) - DAY) for month in months]
    stretches += list(zip(firsts, lasts, strict=True))
    days = [a + n * DAY for a, b in stretches for n in range((b - a).days + 1)]
    assert sorted(days) == [first + n * DAY for n in range(length + 1)]
    assert len(firsts) <= 2


def test_a_calendar_month_is_read_as_one() -> None:
    assert _months_and_days(date(2026, 2, 1), date(2026, 2, 28)) == ([date(2026, 2, 1)], [], [])


def test_a_place_tells_the_exact_amount() -> None:
    exact = Decimal("1.0000000000004")
    spend = Spend(None, "a\x01b", 1, exact, 0, 100.0)
    assert spend.amount == 1
    assert spend.place == Named("1.0000000000004\x01a\x01b", NIL)


async def test_a_ranking_is_refused_below_admin(database: Database, tenant: Tenant) -> None:
    scope = Scope(Principal(tenant.id, tenant.user_id, None), Role.MEMBER)
    day = date(2026, 3, 1)
    async with database.connection() as connection:
        with pytest.raises(ForbiddenError):
            await rank(connection, scope, Subject.USER, SpendUnit.DOLLARS, day, day, size=1)
