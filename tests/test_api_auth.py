"""Who is let in: keys and tokens that hold, those that do not, and what strangers learn."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import jwt
import pytest
from access_world import World, make_person, make_world
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.auth import Authenticator, JwtRules, verify
from api.jwks import KeySet
from api.settings import Settings, SettingsError
from models import ids
from models.access import Role
from models.api_key import create_key, make_secret, revoke_key
from models.db import Database
from models.errors import DomainError, NotFoundError, UnauthenticatedError
from models.ids import encode, uuid7
from models.level import Level
from models.membership import grant_role, take_role

SECRET = b"a shared secret of at least thirty-two bytes, even sixty-four of them"
DAY = 86_400
ISSUER, AUDIENCE = "https://issuer.example", "aicost"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
REFUSED = ("UNAUTHENTICATED", "Send a valid API key or token as `Authorization: Bearer ...`.")
SHARED = JwtRules(SECRET, ("HS256",), ISSUER, AUDIENCE, leeway_seconds=5)


def public_jwk(key: Any, key_id: str, **more: str) -> dict[str, Any]:
    family = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else None
    algorithm = family or jwt.algorithms.ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": key_id, **more}


PUBLIC = JwtRules(
    KeySet({"keys": [public_jwk(RSA_KEY, "rsa", alg="RS256"), public_jwk(EC_KEY, "ec")]}),
    ("RS256", "ES256"),
    ISSUER,
    AUDIENCE,
    leeway_seconds=5,
)


def claims(**changes: Any) -> dict[str, Any]:
    """A token's content that holds; a claim changed to None is left out."""
    sound = {"sub": "ada", "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + DAY}
    return {name: value for name, value in (sound | changes).items() if value is not None}


def token(key: Any = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm)


def by_hand(header: dict[str, Any], content: dict[str, Any], key: bytes) -> str:
    """A token that PyJWT would not make: HMAC with whatever bytes."""
    parts = [_base64(json.dumps(part).encode()) for part in (header, content)]
    signature = hmac.digest(key, ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, _base64(signature)])


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def told(authenticator: Authenticator, *headers: str | None) -> tuple[str, str]:
    with pytest.raises(DomainError) as caught:
        await authenticator.authenticate(*headers)
    return caught.value.code, caught.value.message


@pytest.fixture
async def committed(database: Database) -> World:
    """A world that other connections see."""
    async with database.transaction() as connection:
        return await make_world(connection)


@pytest.fixture
async def authenticator(database: Database) -> AsyncIterator[Authenticator]:
    authenticator = Authenticator(database, SHARED)
    yield authenticator
    await authenticator.close()


async def member(
    connection: asyncpg.Connection, world: World, subject: str | None = None
) -> tuple[Any, str]:
    """A new member's id and address; tokens call them `subject`."""
    user_id = await make_person(connection)
    await grant_role(connection, world.system, user_id, Role.MEMBER)
    await connection.execute("UPDATE app_user SET subject = $2 WHERE id = $1", user_id, subject)
    return user_id, await connection.fetchval("SELECT email FROM app_user WHERE id = $1", user_id)


# ---- keys


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_key_is_let_in(
    database: Database, committed: World, authenticator: Authenticator, scheme: str
) -> None:
    async with database.transaction() as connection:
        made = await create_key(
            connection,
            committed.system,
            name="key",
            role=Role.ADMIN,
            level=Level(project_id=committed.near),
        )
    scope = await authenticator.authenticate(f" {scheme}  {made.secret} ")
    assert scope.api_key_id == made.id
    assert scope.user_id is None
    assert scope.project_ids == [committed.near]
    assert scope.role_at_project(committed.near) is Role.ADMIN


async def test_every_credential_that_does_not_hold_is_refused_alike(
    database: Database, committed: World, authenticator: Authenticator
) -> None:
    async with database.transaction() as connection:
        revoked = await create_key(connection, committed.system, name="key", role=Role.OWNER)
        await revoke_key(connection, committed.system, revoked.id)
        expired = await create_key(connection, committed.system, name="key", role=Role.OWNER)
        await connection.execute(
            "UPDATE api_key SET expires_at = now() WHERE organization_id = $1 AND id = $2",
            committed.organization_id,
            expired.id,
        )
        sound = await create_key(connection, committed.system, name="key", role=Role.OWNER)
    credentials = [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {sound.secret}",
        sound.secret,
        f"Bearer {sound.secret}x",
        f"Bearer {sound.secret[:-1]}",
        f"Bearer {sound.secret.swapcase()}",
        f"Bearer {sound.secret} {sound.secret}",
        f"Bearer {sound.prefix}",
        f"Bearer {make_secret()}",
        f"Bearer {revoked.secret}",
        f"Bearer {expired.secret}",
        f"Bearer {token(sub=str(uuid7()))}",
        "Bearer ",
        "Bearer \0",
        "Bearer " + "a" * 100_000,
        "Bearer " + "a.b.c",
    ]
    for credential in credentials:
        assert await told(authenticator, credential) == REFUSED, credential


async def test_a_revoked_key_is_refused_from_the_next_request_on(
    database: Database, committed: World, authenticator: Authenticator
) -> None:
    async with database.transaction() as connection:
        made = await create_key(connection, committed.system, name="key", role=Role.OWNER)
    header = f"Bearer {made.secret}"
    await authenticator.authenticate(header)
    async with database.transaction() as connection:
        await revoke_key(connection, committed.system, made.id)
    assert await told(authenticator, header) == REFUSED


async def test_the_organization_header_names_the_keys_own_or_nothing(
    database: Database, committed: World, authenticator: Authenticator
) -> None:
    async with database.transaction() as connection:
        foreign = await make_world(connection)
        made = await create_key(connection, committed.system, name="key", role=Role.OWNER)
    header = f"Bearer {made.secret}"
    own, other, unknown = committed.organization_id, foreign.organization_id, uuid7()
    own_id = encode(ids.ORGANIZATION, own, own)

    assert (await authenticator.authenticate(header, own_id)).organization_id == own
    refused = {
        await told(authenticator, header, text)
        for text in (
            encode(ids.ORGANIZATION, other, other),
            encode(ids.ORGANIZATION, unknown, unknown),
            encode(ids.ORGANIZATION, own, other),
            encode(ids.PROJECT, own, committed.near),
            "",
            "Acme",
            f"{own_id}A",
            "\0",
        )
    }
    assert refused == {("NOT_FOUND", "There is no such organization.")}


async def test_a_stranger_learns_nothing_about_organizations(
    committed: World, authenticator: Authenticator
) -> None:
    own = encode(ids.ORGANIZATION, committed.organization_id, committed.organization_id)
    assert await told(authenticator, "Bearer nonsense", own) == REFUSED


async def test_the_use_of_a_key_is_noted_beside_the_request(
    database: Database, committed: World
) -> None:
    async with database.transaction() as connection:
        made = await create_key(connection, committed.system, name="key", role=Role.OWNER)
    authenticator = Authenticator(database)
    for _ in range(3):
        await authenticator.authenticate(f"Bearer {made.secret}")
    await authenticator.close()
    async with database.connection() as connection:
        used_at = await connection.fetchval(
            "SELECT last_used_at FROM api_key WHERE organization_id = $1 AND id = $2",
            committed.organization_id,
            made.id,
        )
    assert used_at is not None


# ---- tokens


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        (SHARED, token()),
        (SHARED, token(aud=["other", AUDIENCE])),
        (PUBLIC, jwt.encode(claims(), RSA_KEY, "RS256", headers={"kid": "rsa"})),
        (PUBLIC, jwt.encode(claims(), EC_KEY, "ES256", headers={"kid": "ec"})),
    ],
    ids=["shared", "one audience of several", "RSA", "EC"],
)
async def test_a_token_that_keeps_the_rules_holds(rules: JwtRules, text: str) -> None:
    assert (await verify(text, rules))["sub"] == "ada"


async def test_a_small_difference_of_clocks_is_forgiven() -> None:
    rules = JwtRules(SECRET, ("HS256",), ISSUER, AUDIENCE, leeway_seconds=300)
    assert await verify(token(exp=int(time.time()) - 30), rules)
    with pytest.raises(UnauthenticatedError):
        await verify(token(exp=int(time.time()) - 330), rules)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def unsigned(algorithm: str) -> str:
    header = json.dumps({"alg": algorithm}).encode()
    return f"{_base64(header)}.{_base64(json.dumps(claims()).encode())}."


NESTED = f"{_base64(b'[' * 5000)}.{_base64(b'{}')}.{_base64(b'x')}"
FORGED = {
    "none": (SHARED, unsigned("none")),
    "none, public": (PUBLIC, unsigned("none")),
    "None": (SHARED, unsigned("None")),
    "none, signed": (SHARED, by_hand({"alg": "none"}, claims(), SECRET)),
    "no algorithm": (SHARED, by_hand({}, claims(), SECRET)),
    "list of algorithms": (SHARED, by_hand({"alg": ["HS256"]}, claims(), SECRET)),
    "nested header": (SHARED, NESTED),
    "nested header, public": (PUBLIC, NESTED),
    "public key as secret": (
        PUBLIC,
        by_hand({"alg": "HS256", "kid": "rsa"}, claims(), _pem(RSA_KEY)),
    ),
    "RSA for an EC key": (
        PUBLIC,
        jwt.encode(claims(), OTHER_RSA_KEY, "RS256", headers={"kid": "ec"}),
    ),
    "algorithm not allowed": (SHARED, token(algorithm="HS512")),
    "algorithm not allowed, public": (
        PUBLIC,
        jwt.encode(claims(), RSA_KEY, "RS512", headers={"kid": "rsa"}),
    ),
    "key of another": (
        PUBLIC,
        jwt.encode(claims(), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa"}),
    ),
    "unknown key id": (PUBLIC, jwt.encode(claims(), RSA_KEY, "RS256", headers={"kid": "x"})),
    "no key id among several": (PUBLIC, jwt.encode(claims(), RSA_KEY, "RS256")),
    "key in the header": (
        PUBLIC,
        jwt.encode(
            claims(),
            OTHER_RSA_KEY,
            "RS256",
            headers={"jwk": public_jwk(OTHER_RSA_KEY, "mine"), "jku": "http://127.0.0.1/"},
        ),
    ),
    "wrong secret": (SHARED, token(b"another shared secret of thirty-two bytes or more")),
    "expired": (SHARED, token(exp=int(time.time()) - 60)),
    "expiry is no instant": (SHARED, token(exp="tomorrow")),
    "expiry is infinite": (SHARED, token(exp=float("inf"))),
    "not yet": (SHARED, token(nbf=int(time.time()) + DAY)),
    "issued later": (SHARED, token(iat=int(time.time()) + DAY)),
    "wrong audience": (SHARED, token(aud="other")),
    "wrong issuer": (SHARED, token(iss="https://other.example")),
    "no expiry": (SHARED, token(exp=None)),
    "no audience": (SHARED, token(aud=None)),
    "no issuer": (SHARED, token(iss=None)),
    "no subject": (SHARED, token(sub=None)),
    "empty subject": (SHARED, token(sub="")),
    "subject with NUL": (SHARED, token(sub="a\0")),
    "content is no object": (SHARED, by_hand({"alg": "HS256"}, [claims()], SECRET)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_token_that_breaks_a_rule_is_refused(database: Database, name: str) -> None:
    rules, text = FORGED[name]
    assert await told(Authenticator(database, rules), f"Bearer {text}") == REFUSED


@given(st.text(max_size=300) | st.text("ab.=_-{}[]\"'0\n", max_size=300))
@example("eyJhbGciOiJIUzI1NiJ9..")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_garbage_is_refused(database: Database, text: str) -> None:
    for rules in (SHARED, PUBLIC):
        assert await told(Authenticator(database, rules), f"Bearer {text}") == REFUSED


async def test_without_rules_no_token_holds(database: Database) -> None:
    assert await told(Authenticator(database), f"Bearer {token()}") == REFUSED


async def test_a_person_acts_in_the_organization_named_or_in_their_first(
    database: Database, committed: World, authenticator: Authenticator
) -> None:
    subject = str(uuid7())
    async with database.transaction() as connection:
        foreign = await make_world(connection)
        user_id, _ = await member(connection, committed, subject)
    async with database.transaction() as connection:
        later = await make_world(connection, f"A {uuid7()}")
        await grant_role(connection, later.system, user_id, Role.VIEWER)
    header = f"Bearer {token(sub=subject)}"

    def named(organization_id: Any) -> str:
        return encode(ids.ORGANIZATION, organization_id, organization_id)

    first = await authenticator.authenticate(header)
    assert first.organization_id == committed.organization_id
    assert (first.organization_role, first.api_key_id) == (Role.MEMBER, None)
    chosen = await authenticator.authenticate(header, named(later.organization_id))
    assert (chosen.user_id, chosen.organization_role) == (user_id, Role.VIEWER)
    refused = {
        await told(authenticator, header, text)
        for text in (named(foreign.organization_id), named(uuid7()), "", "nonsense")
    }
    assert refused == {(NotFoundError.code, "There is no such organization.")}


async def test_one_who_has_left_is_a_stranger(
    database: Database, committed: World, authenticator: Authenticator
) -> None:
    subject = str(uuid7())
    async with database.transaction() as connection:
        user_id, _ = await member(connection, committed, subject)
    header = f"Bearer {token(sub=subject)}"
    await authenticator.authenticate(header)
    async with database.transaction() as connection:
        await take_role(connection, committed.system, user_id)
    assert await told(authenticator, header) == REFUSED


@pytest.mark.parametrize("verified", [True, "true"])
async def test_a_verified_address_is_bound_to_its_first_subject(
    database: Database, committed: World, authenticator: Authenticator, verified: object
) -> None:
    async with database.transaction() as connection:
        user_id, email = await member(connection, committed)
    first, second = str(uuid7()), str(uuid7())
    address = {"email": email.upper(), "email_verified": verified}

    bound = await authenticator.authenticate(f"Bearer {token(sub=first, **address)}")
    assert bound.user_id == user_id
    assert (await authenticator.authenticate(f"Bearer {token(sub=first)}")).user_id == user_id
    assert await told(authenticator, f"Bearer {token(sub=second, **address)}") == REFUSED


@pytest.mark.parametrize("verified", [None, False, "false", 1, "yes", [True]], ids=str)
async def test_an_address_that_nobody_vouches_for_is_nobodys(
    database: Database, committed: World, authenticator: Authenticator, verified: object
) -> None:
    async with database.transaction() as connection:
        _, email = await member(connection, committed)
    text = token(sub=str(uuid7()), email=email, email_verified=verified)
    assert await told(authenticator, f"Bearer {text}") == REFUSED


# ---- rules


@pytest.mark.parametrize(
    ("keys", "algorithms"),
    [
        (SECRET, ("RS256",)),
        (SECRET, ("HS256", "RS256")),
        (SECRET, ()),
        (SECRET, ("none",)),
        (PUBLIC.keys, ("HS256",)),
        (PUBLIC.keys, ("RS256", "HS256")),
        (PUBLIC.keys, ("none",)),
    ],
)
def test_rules_that_would_confuse_kinds_of_keys_cannot_be_made(
    keys: Any, algorithms: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="algorithms"):
        JwtRules(keys, algorithms, ISSUER, AUDIENCE)


def test_rules_come_from_the_settings_and_hide_the_secret() -> None:
    assert JwtRules.of(Settings.load(_env_file=None)) is None
    rules = JwtRules.of(
        Settings.load(
            _env_file=None,
            jwt_secret=SECRET.decode(),
            jwt_algorithms=("HS256",),
            jwt_issuer=ISSUER,
            jwt_audience=AUDIENCE,
            jwt_leeway_seconds=5,
        )
    )
    assert rules == SHARED
    assert SECRET.decode() not in repr(rules)


@pytest.mark.parametrize(
    "source", [{"jwt_jwks_url": "file:///etc/passwd"}, {"jwt_jwks_file": Path("missing.json")}]
)
def test_keys_that_cannot_be_had_stop_the_start(source: dict[str, Any]) -> None:
    given_settings = Settings.load(
        _env_file=None, jwt_issuer=ISSUER, jwt_audience=AUDIENCE, **source
    )
    with pytest.raises(SettingsError, match="AICOST_JWT_JWKS"):
        JwtRules.of(given_settings)


async def test_the_refusal_names_no_reason() -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        await verify(token(exp=1), SHARED)
    assert (caught.value.code, caught.value.message) == REFUSED
