"""The rollups' declarations: buckets of durations, and statements that stay as they are meant."""

from tenants import Tenant

from models.db import Database
from models.rollup import ROLLUPS

EDGES = [*range(300), *(2**power + step for power in range(4, 31) for step in (-1, 0, 1))]


def bucket(duration_ms: int) -> int:
    """The same by counting bits."""
    if duration_ms < 16:
        return duration_ms
    doublings = duration_ms.bit_length() - 4
    return 16 * doublings + ((duration_ms >> (doublings - 1)) & 15)


def middle(number: int) -> float:
    """The middle of a bucket, in milliseconds."""
    if number < 16:
        return number
    doublings, place = divmod(number, 16)
    width = 2 ** (doublings - 1)
    return (16 + place) * width + (width - 1) / 2


async def test_durations_fall_into_buckets_of_a_stated_width(database: Database) -> None:
    durations = [*EDGES, 2**31 - 1]
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT d, duration_bucket(d) AS bucket FROM unnest($1::integer[]) AS d", durations
        )
    assert [row["bucket"] for row in rows] == [bucket(duration) for duration in durations]
    for row in rows:
        assert abs(middle(row["bucket"]) - row["d"]) <= 0.032 * row["d"]


async def test_a_rollup_has_its_keys_in_every_statement(database: Database, tenant: Tenant) -> None:
    for rollup in ROLLUPS:
        assert rollup.date in rollup.keys
        assert not set(rollup.keys) & set(rollup.sums)
        if rollup.job_keys:
            assert set(rollup.job_keys) == {*rollup.keys, *rollup.attributes}
        async with database.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {', '.join(rollup.columns)} FROM {rollup.table}"
                " WHERE organization_id = $1",
                tenant.id,
            )
        assert rows == []
