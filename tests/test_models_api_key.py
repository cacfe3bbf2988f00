"""API keys: the form of secrets, who may make and change which, and the trace that it leaves."""

import json
import string
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from access_world import (
    EVERY_ROLE,
    World,
    key_with,
    make_person,
    make_world,
    open_key,
    person_with,
)
from hypothesis import given
from hypothesis import strategies as st

from models.access import Role, Scope
from models.api_key import (
    PREFIX_LENGTH,
    SECRET_LENGTH,
    SECRET_START,
    NewSecret,
    create_key,
    hash_secret,
    is_well_formed,
    list_keys,
    make_secret,
    rename_key,
    revoke_key,
    rotate_key,
    touch_key,
)
from models.errors import ForbiddenError, NotFoundError, UserErrors
from models.ids import uuid7
from models.level import Level

ALPHABET = string.digits + string.ascii_letters
LEVELS = ("organization", "workspace", "project")


def test_a_secret_has_a_known_start_and_enough_chance_beyond_its_prefix() -> None:
    secrets = {make_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    for secret in secrets:
        assert secret.startswith(SECRET_START)
        assert len(secret) == SECRET_LENGTH
        assert is_well_formed(secret)
    hidden = SECRET_LENGTH - PREFIX_LENGTH - 6
    assert 62**hidden > 2**160


@given(place=st.integers(0, SECRET_LENGTH - 1), other=st.sampled_from(ALPHABET))
def test_any_one_mistyped_character_is_recognised(place: int, other: str) -> None:
    secret = make_secret()
    mistyped = secret[:place] + other + secret[place + 1 :]
    assert is_well_formed(mistyped) is (mistyped == secret)


@given(st.text(max_size=100) | st.text(ALPHABET, min_size=39, max_size=39).map("aic_".__add__))
def test_garbage_is_no_secret(text: str) -> None:
    assert not is_well_formed(text)


def test_a_secret_is_not_in_its_repr() -> None:
    made = NewSecret(uuid7(), "aic_prefix", "aic_secret")
    assert "aic_secret" not in repr(made)


async def test_only_the_hash_is_kept(connection: asyncpg.Connection, world: World) -> None:
    made = await create_key(connection, world.system, name=" ci ", role=Role.MEMBER)
    row = await connection.fetchrow("SELECT * FROM api_key WHERE id = $1", made.id)
    assert row["name"] == "ci"
    assert row["prefix"] == made.prefix == made.secret[:PREFIX_LENGTH]
    assert row["secret_hash"] == hash_secret(made.secret)
    everything = await connection.fetchval(
        "SELECT string_agg(a::text, '') FROM audit_event AS a WHERE organization_id = $1",
        world.organization_id,
    )
    assert made.secret not in f"{dict(row)}{everything}"
    assert made.secret.removeprefix(made.prefix) not in everything


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("asked", EVERY_ROLE)
@pytest.mark.parametrize("held", EVERY_ROLE)
async def test_a_key_takes_an_admin_and_is_never_stronger_than_its_maker(
    connection: asyncpg.Connection, world: World, held: Role, asked: Role, level: str
) -> None:
    scope = await key_with(connection, world, held, world.level(level))
    making = create_key(connection, scope, name="key", role=asked, level=world.level(level))
    if held >= Role.ADMIN and asked <= held:
        made = await making
        access = await open_key(connection, made.secret)
        assert access is not None
        assert world.level(level).role_of(access.scope) is asked
    else:
        with pytest.raises(ForbiddenError):
            await making


async def test_a_key_is_not_made_above_or_beside_ones_level(
    connection: asyncpg.Connection, world: World
) -> None:
    scope = await key_with(connection, world, Role.OWNER, Level(project_id=world.near))
    with pytest.raises(ForbiddenError):
        await create_key(connection, scope, name="key", role=Role.VIEWER)
    with pytest.raises(ForbiddenError):
        await create_key(
            connection, scope, name="key", role=Role.VIEWER, level=Level(workspace_id=world.first)
        )
    for level in (Level(workspace_id=world.second), Level(project_id=world.sibling)):
        with pytest.raises(NotFoundError):
            await create_key(connection, scope, name="key", role=Role.VIEWER, level=level)


async def test_a_foreign_level_answers_like_an_unknown_one(
    connection: asyncpg.Connection, world: World
) -> None:
    foreign = await make_world(connection)
    told = []
    for project_id in (foreign.near, uuid7()):
        with pytest.raises(NotFoundError) as caught:
            await create_key(
                connection,
                world.system,
                name="key",
                role=Role.VIEWER,
                level=Level(project_id=project_id),
            )
        told.append(caught.value.message)
    assert told[0] == told[1]


async def test_nobody_makes_or_rotates_a_key_in_another_persons_name(
    connection: asyncpg.Connection, world: World
) -> None:
    owner = await person_with(connection, world, Role.OWNER)
    mine = await create_key(connection, owner, name="mine", role=Role.OWNER, user_id=owner.user_id)
    theirs = await create_key(
        connection, world.system, name="theirs", role=Role.MEMBER, user_id=world.owner_id
    )
    await rotate_key(connection, owner, mine.id)
    with pytest.raises(ForbiddenError):
        await create_key(connection, owner, name="key", role=Role.VIEWER, user_id=world.owner_id)
    with pytest.raises(ForbiddenError):
        await rotate_key(connection, owner, theirs.id)
    await revoke_key(connection, owner, theirs.id)
    assert await open_key(connection, theirs.secret) is None


async def test_a_key_is_not_made_for_a_stranger_or_the_past(
    connection: asyncpg.Connection, world: World
) -> None:
    stranger = await make_person(connection)
    with pytest.raises(UserErrors) as caught:
        await create_key(connection, world.system, name="key", role=Role.VIEWER, user_id=stranger)
    assert caught.value.errors[0].field == ("userId",)
    past = datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(UserErrors) as caught:
        await create_key(connection, world.system, name="key", role=Role.VIEWER, expires_at=past)
    assert caught.value.errors[0].field == ("expiresAt",)


@pytest.mark.parametrize("act", ["rename", "rotate", "revoke"])
@pytest.mark.parametrize("role", EVERY_ROLE)
async def test_a_key_is_changed_by_those_who_could_make_it(
    connection: asyncpg.Connection, world: World, role: Role, act: str
) -> None:
    strong = await create_key(connection, world.system, name="strong", role=Role.OWNER)
    weak = await create_key(connection, world.system, name="weak", role=Role.VIEWER)
    scope = await key_with(connection, world, role)

    for made, needed in ((strong, Role.OWNER), (weak, Role.ADMIN)):
        if role >= needed:
            await _change(connection, scope, act, made)
        else:
            with pytest.raises(ForbiddenError):
                await _change(connection, scope, act, made)


async def _change(connection: asyncpg.Connection, scope: Scope, act: str, made: NewSecret) -> None:
    if act == "rename":
        await rename_key(connection, scope, made.id, "other")
    elif act == "rotate":
        rotated = await rotate_key(connection, scope, made.id)
        assert rotated.id == made.id
        assert rotated.secret != made.secret
    else:
        await revoke_key(connection, scope, made.id)


@pytest.mark.parametrize("act", ["rename", "rotate", "revoke"])
async def test_foreign_unreachable_and_unknown_keys_answer_alike(
    connection: asyncpg.Connection, world: World, act: str
) -> None:
    foreign = await make_world(connection)
    made = await create_key(connection, foreign.system, name="key", role=Role.VIEWER)
    far = await create_key(
        connection, world.system, name="far", role=Role.VIEWER, level=Level(project_id=world.far)
    )
    scope = await key_with(connection, world, Role.OWNER, Level(project_id=world.near))
    told = set()
    for key in (made, far, NewSecret(uuid7(), "", "")):
        with pytest.raises(NotFoundError) as caught:
            await _change(connection, scope, act, key)
        told.add(caught.value.message)
    assert told == {"There is no such API key."}
    assert await open_key(connection, made.secret) is not None


async def test_a_revoked_key_stays_revoked(connection: asyncpg.Connection, world: World) -> None:
    made = await create_key(connection, world.system, name="key", role=Role.VIEWER)
    await revoke_key(connection, world.system, made.id)
    await revoke_key(connection, world.system, made.id)
    with pytest.raises(UserErrors, match="revoked"):
        await rotate_key(connection, world.system, made.id)
    acts = await _acts(connection, world)
    assert [act["action"] for act in acts].count("api_key.revoke") == 1


async def test_every_act_is_audited_with_old_and_new(
    connection: asyncpg.Connection, world: World
) -> None:
    owner = await person_with(connection, world, Role.OWNER)
    made = await create_key(connection, owner, name="old", role=Role.MEMBER)
    await rename_key(connection, owner, made.id, "new")
    rotated = await rotate_key(connection, owner, made.id)
    await revoke_key(connection, owner, made.id)

    acts = {
        act["action"]: (
            act["old_value"] and json.loads(act["old_value"]),
            act["new_value"] and json.loads(act["new_value"]),
        )
        for act in await _acts(connection, world)
        if act["subject_id"] == made.id and act["user_id"] == owner.user_id
    }

    assert set(acts) == {"api_key.create", "api_key.rename", "api_key.rotate", "api_key.revoke"}
    assert acts["api_key.create"][1]["role"] == "MEMBER"
    assert acts["api_key.rename"] == ({"name": "old"}, {"name": "new"})
    assert acts["api_key.rotate"] == ({"prefix": made.prefix}, {"prefix": rotated.prefix})


async def _acts(connection: asyncpg.Connection, world: World) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(
        "SELECT * FROM audit_event WHERE organization_id = $1 ORDER BY id", world.organization_id
    )
    return rows


async def test_lists_show_a_workspaces_keys_and_those_of_its_projects(
    connection: asyncpg.Connection, world: World
) -> None:
    levels = {
        "a": Level(),
        "b": Level(workspace_id=world.first),
        "c": Level(project_id=world.near),
        "d": Level(project_id=world.far),
    }
    for name, level in levels.items():
        await create_key(connection, world.system, name=name, role=Role.VIEWER, level=level)
    admin = await key_with(connection, world, Role.ADMIN, Level(workspace_id=world.first))

    everything = await list_keys(connection, world.system)
    nearby = await list_keys(connection, admin, workspace_id=world.first)

    assert {key.name: key.level for key in everything if key.name != "key"} == levels
    assert [key.name for key in nearby if key.name != "key"] == ["b", "c"]
    with pytest.raises(ForbiddenError):
        await list_keys(connection, admin)
    with pytest.raises(NotFoundError):
        await list_keys(connection, admin, workspace_id=world.second)


async def test_a_use_is_noted_once_a_minute(connection: asyncpg.Connection, world: World) -> None:
    made = await create_key(connection, world.system, name="key", role=Role.VIEWER)
    access = await open_key(connection, made.secret)
    assert access is not None
    assert access.touch_due

    await touch_key(connection, world.organization_id, made.id)
    access = await open_key(connection, made.secret)
    assert access is not None
    assert not access.touch_due

    await connection.execute(
        "UPDATE api_key SET last_used_at = now() - interval '61 seconds' WHERE id = $1", made.id
    )
    access = await open_key(connection, made.secret)
    assert access is not None
    assert access.touch_due
