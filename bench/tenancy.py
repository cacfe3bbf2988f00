"""The organization that an invented year belongs to: 200 projects, people, keys, rates, limits.

The same at every size of ledger, so that only the ledger's length tells two databases apart.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
from usage import AGENT_TYPES, MODEL_WEIGHTS, MODELS, TIME_ZONE, YEAR, Spender, shares

from models.api_key import PREFIX_LENGTH, hash_secret, make_secret
from models.ids import uuid7
from models.organization import create_organization

_WORKSPACE_COUNT, _PERSON_COUNT, _KEY_COUNT = 5, 40, 25
_AGENT_TYPE_COUNT = 6  # in every project but the big one, which uses all
_MODEL_COUNT = 4  # in every project, one of them possibly twice
_LIMITED_EVERY = 2  # this many projects, one has a budget limit
_CREATED_AT = datetime(YEAR - 1, 12, 1, tzinfo=UTC)


async def write_tenancy(owner: asyncpg.Connection) -> tuple[UUID, list[Spender]]:
    """Makes the organization; answers who spends in it, the big project first."""
    async with owner.transaction():
        organization_id = await create_organization(owner, "Benchmark", TIME_ZONE)
        people = [uuid7() for _ in range(_PERSON_COUNT)]
        keys = [uuid7() for _ in range(_KEY_COUNT)]
        spenders = _spenders([uuid7() for _ in range(_WORKSPACE_COUNT)], people, keys)
        for table, columns, rows in _rows(people, keys, spenders):
            if table != "app_user":
                columns = f"organization_id {columns}"
                rows = [(organization_id, *row) for row in rows]
            await owner.copy_records_to_table(table, columns=columns.split(), records=rows)
    return organization_id, spenders


def median_project(spenders: Sequence[Spender]) -> UUID:
    """The project in the middle, by what is spent."""
    return sorted(spenders, key=lambda spender: spender.share)[len(spenders) // 2].project_id


def _spenders(
    workspaces: Sequence[UUID], people: Sequence[UUID], keys: Sequence[UUID]
) -> list[Spender]:
    random = Random(2)
    kinds = cycle(AGENT_TYPES)
    return [
        Spender(
            project_id=uuid7(),
            workspace_id=workspaces[number % len(workspaces)],
            share=share,
            agent_types=AGENT_TYPES if number == 0 else tuple(islice(kinds, _AGENT_TYPE_COUNT)),
            models=random.choices(MODELS, MODEL_WEIGHTS, k=_MODEL_COUNT),
            api_key_ids=(None, *random.sample(keys, 2)),
            user_ids=(None, *random.sample(people, 8 if number else _PERSON_COUNT)),
        )
        for number, share in enumerate(shares())
    ]


def _rows(
    people: Sequence[UUID], keys: Sequence[UUID], spenders: Sequence[Spender]
) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
    """Table, columns but for the organization's, and rows, in an order that foreign keys allow."""
    at = _CREATED_AT
    yield (
        "app_user",
        "id email name created_at",
        [(id, f"person-{n}@example.com", f"Person {n}", at) for n, id in enumerate(people)],
    )
    workspaces = sorted({spender.workspace_id for spender in spenders})
    yield (
        "workspace",
        "id name created_at",
        [(id, f"Workspace {n}", at) for n, id in enumerate(workspaces)],
    )
    yield (
        "project",
        "id workspace_id owner_id name created_at",
        [
            (it.project_id, it.workspace_id, people[n % len(people)], f"Project {n:03}", at)
            for n, it in enumerate(spenders)
        ],
    )
    secrets = [make_secret() for _ in keys]  # which nobody learns: these keys only mark spend
    yield (
        "api_key",
        "id name prefix secret_hash role created_at",
        [
            (id, f"Key {n}", secret[:PREFIX_LENGTH], hash_secret(secret), "MEMBER", at)
            for n, (id, secret) in enumerate(zip(keys, secrets, strict=True))
        ],
    )
    rates = [model.rate for model in MODELS if model.rate is not None]
    yield (
        "rate",
        "id provider model service_tier input cache_read cache_write_5m cache_write_1h output"
        " reasoning request created_at",
        [(rate.id, rate.provider, rate.model, rate.service_tier, *rate.prices, at)
         for rate in rates],
    )  # fmt: skip
    yield from _limits(spenders)


def _limits(
    spenders: Sequence[Spender],
) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
    key, at = "ai_budget_monthly_limit", _CREATED_AT
    limited = [(it.project_id, str(round(it.share * 50_000))) for it in spenders[::_LIMITED_EVERY]]
    yield (
        "billing_setting",
        "project_id key value updated_at",
        [(project_id, key, limit, at) for project_id, limit in limited],
    )
    yield (
        "billing_setting_change",
        "id project_id key new_value changed_at",
        [(uuid7(), project_id, key, limit, at) for project_id, limit in limited],
    )
