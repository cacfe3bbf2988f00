"""Local days by the quarter of an hour are those of each instant by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from models.local_time import LocalDay, TimeZones

# Whole, half and quarter hours, clocks that change by half an hour or at midnight, and a zone that
# was off by 44 minutes and 30 seconds until 1972.
ZONES = [
    *("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"),
    *("Africa/Monrovia", "Pacific/Apia", "America/St_Johns", "Asia/Gaza"),
]
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 31), timezones=st.just(UTC))


@given(
    names=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3),
    begun=INSTANTS,
    instants=st.lists(INSTANTS, max_size=5),
    nearby=st.lists(st.timedeltas(timedelta(minutes=-40), timedelta(minutes=40)), max_size=20),
)
def test_days_by_slots_are_days_by_instants(
    names: list[str], begun: datetime, instants: list[datetime], nearby: list[timedelta]
) -> None:
    starts = [datetime(1970, 1, 1, tzinfo=UTC), begun, begun + timedelta(days=31)][: len(names)]
    zones = TimeZones(starts, names)
    for instant in [*instants, *(begun + away for away in nearby)]:
        assert zones.day(instant) == zones._day(instant)


def test_midnight_and_clock_changes_to_the_microsecond() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    zones = TimeZones([datetime(1970, 1, 1, tzinfo=UTC)], ["Europe/Berlin"])
    microsecond = timedelta(microseconds=1)
    for change in (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)):
        before, after = zones.day(change - microsecond), zones.day(change)
        assert abs(before.utc_offset_seconds - after.utc_offset_seconds) == 3600
    midnight = datetime(2026, 3, 15, tzinfo=berlin)
    assert zones.day(midnight) == LocalDay(midnight.date(), 3600)
    assert zones.day(midnight - microsecond).date == midnight.date() - timedelta(days=1)
