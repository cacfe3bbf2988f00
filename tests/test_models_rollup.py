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


async def test_a_bucket_is_worked_out_without_calling_a_function(database: Database) -> None:
    """Called for each entry it would be a twentieth of what writing one costs."""
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT duration_bucket(NULL)") is None
        plan = await connection.fetch(
            "EXPLAIN (VERBOSE) SELECT duration_bucket(duration_ms) FROM credit_transaction"
        )
    text = "\n".join(line[0] for line in plan)
    assert "duration_ms" in text
    assert "duration_bucket" not in text


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


def test_the_organizations_rollups_add_up_what_projects_have() -> None:
    whole = [rollup for rollup in ROLLUPS if rollup.by_project is not None]
    assert len(whole) == 3
    assert list(ROLLUPS[:3]) == whole, "executed last"
    for rollup in whole:
        assert rollup.by_project in ROLLUPS
        for expressions in ("keys", "sums"):
            ours, theirs = (getattr(it, expressions) for it in (rollup, rollup.by_project))
            assert ours.items() <= theirs.items()
        assert "project_id" in set(rollup.by_project.keys) - set(rollup.keys)
        assert [rollup.latest, rollup.job_keys, rollup.attributes] == [{}, {}, {}]
        assert rollup.where == rollup.by_project.where


async def test_rows_that_all_writers_change_are_updated_where_they_are(database: Database) -> None:
    """No index holds a sum, so an update needs no entry in any (HOT)."""
    for rollup in ROLLUPS[:3]:
        async with database.connection() as connection:
            indexed = await connection.fetch(
                "SELECT i.indisprimary FROM pg_index AS i WHERE i.indrelid = $1::regclass",
                rollup.table,
            )
            options = await connection.fetchval(
                "SELECT reloptions FROM pg_class WHERE oid = $1::regclass", rollup.table
            )
        assert [tuple(row) for row in indexed] == [(True,)]
        assert options == ["fillfactor=80"]
