"""What pgbench does for one reservation: guarded updates leaf to root, then the hold's inserts.

Its caps are twins of those that the queue reserves under, marked as removed so that only pgbench
sees them. Their ids are numbers, so that a script can name the caps of the project that it draws
without looking anything up: the same work, and nothing besides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

_FIRST, _LAST = date(2026, 1, 1), date(9999, 12, 31)
_LEVELS = ("RUN", "PROJECT", "WORKSPACE", "WORKSPACE_GROUP", "ORGANIZATION")


@dataclass(frozen=True)
class Plan:
    """Projects, and the numbers of the caps above each, leaf to root, in a series of their own."""

    series: int
    project_ids: Sequence[UUID]
    chains: Sequence[Sequence[int]]

    def cap_id(self, number: int) -> UUID:
        """The id of a twin."""
        return UUID(f"00000000-0000-0000-{self.series:04}-{number:012}")

    async def write(self, owner: asyncpg.Connection, organization_id: UUID) -> None:
        """Makes the twins, and the table that says which caps are above a project."""
        now = datetime.now(UTC)
        levels = _LEVELS if len(self.chains[0]) > 1 else ("PROJECT",)
        caps = dict(pair for chain in self.chains for pair in zip(chain, levels, strict=True))
        names = (
            "organization_id id scope target_id period action unit amount unpriced_policy"
            " counted_from created_at updated_at removed_at"
        )
        said = ("MONTH", "BLOCK", "DOLLARS", Decimal(10) ** 9, "BLOCK", _FIRST, now, now, now)
        await owner.copy_records_to_table(
            "cap",
            columns=names.split(" "),
            records=[
                (organization_id, self.cap_id(number), level, self.cap_id(number), *said)
                for number, level in caps.items()
            ],
        )
        await owner.copy_records_to_table(
            "cap_window",
            columns=["organization_id", "cap_id", "first_date", "last_date"],
            records=[(organization_id, self.cap_id(number), _FIRST, _LAST) for number in caps],
        )
        await owner.execute(
            f"CREATE TABLE bench_chain_{self.series} (place integer PRIMARY KEY, project_id uuid,"
            " cap_ids uuid[])"
        )
        await owner.execute(f"GRANT SELECT ON bench_chain_{self.series} TO PUBLIC")
        await owner.copy_records_to_table(
            f"bench_chain_{self.series}",
            records=[
                (place, project_id, [self.cap_id(number) for number in chain])
                for place, (project_id, chain) in enumerate(
                    zip(self.project_ids, self.chains, strict=True)
                )
            ],
        )


def script(plan: Plan, organization_id: UUID, amount: Decimal) -> str:
    """One reservation, one transaction: an update for each cap, and one statement of inserts."""
    chain = f"(SELECT * FROM bench_chain_{plan.series} WHERE place = :place) AS b"
    updates = [
        f"UPDATE cap_window SET held = held + {amount} FROM {chain}"
        f" WHERE organization_id = '{organization_id}' AND cap_id = b.cap_ids[{level}]"
        f" AND first_date = '{_FIRST}' AND spent + held + {amount} <= 1000000000;"
        for level in range(1, len(plan.chains[0]) + 1)
    ]
    return "\n".join(
        [
            f"\\set place random(0, {len(plan.project_ids) - 1})",
            "BEGIN;",
            *updates,
            "WITH made AS (INSERT INTO reservation (organization_id, id, key, content_hash, status,"
            " project_id, amount, held, is_unpriced, created_at, expires_at)"
            f" SELECT '{organization_id}', i.id, i.id::text, decode(md5(i.id::text), 'hex'),"
            f" 'OPEN', b.project_id, {amount}, {amount}, false, now(),"
            f" now() + interval '10 minutes' FROM {chain}, gen_random_uuid() AS i (id)"
            " RETURNING id)"
            " INSERT INTO reservation_cap (organization_id, reservation_id, cap_id, first_date,"
            f" amount, held) SELECT '{organization_id}', made.id, c.id, '{_FIRST}', {amount},"
            f" 0 FROM made, {chain}, unnest(b.cap_ids) AS c (id);",
            "COMMIT;",
        ]
    )
