"""An Authorization header -> the scope of one request. The only source of 401.

A secret of ours is a key; anything else is a JWT. Keys and people are looked up on every request,
so that what is revoked stops at once; only an issuer's public keys are kept between requests.
Decisions are in docs/decisions/0005-who-may-see-what.md. Refused: any hint why a credential does
not hold, credentials in URLs, and algorithms that the token chooses.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import jwt
import structlog

from api.jwks import KeySource, RemoteKeys, file_keys
from api.settings import Settings, SettingsError
from models import ids
from models.access import Scope, person_access
from models.api_key import SECRET_START, hash_secret, is_well_formed, touch_key
from models.db import Database
from models.errors import NotFoundError, UnauthenticatedError
from models.key_lookup import KeyLookup
from models.user import bind_subject

ORGANIZATION_HEADER = "x-organization-id"
_LARGEST_CREDENTIAL = 8192
_REFUSAL = "Send a valid API key or token as `Authorization: Bearer ...`."
# What PyJWT lets through for tokens that no issuer makes: deep nesting, infinite instants.
_MALFORMED = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
log = structlog.get_logger("aicost.auth")


@dataclass(frozen=True, slots=True)
class JwtRules:
    """What a JWT must satisfy. `keys` is a shared secret, or where public keys come from."""

    keys: bytes | KeySource = field(repr=False)
    algorithms: tuple[str, ...]
    issuer: str
    audience: str
    leeway_seconds: float = 30

    def __post_init__(self) -> None:
        """A public key taken for a shared secret would let anybody sign."""
        shared = isinstance(self.keys, bytes)
        if not self.algorithms or any(
            name.startswith("HS") is not shared or name == "none" for name in self.algorithms
        ):
            raise ValueError("a shared secret takes HS algorithms, public keys take all others")

    @classmethod
    def of(cls, settings: Settings) -> "JwtRules | None":
        """The rules that the settings state; None when nobody signs in by JWT.

        Raises SettingsError when there are no public keys where the settings say.
        """
        if not settings.jwt_enabled:
            return None
        try:
            keys = _keys_of(settings)
        except ValueError as error:
            raise SettingsError(f"AICOST_JWT_JWKS_...: {error}") from None
        return cls(
            keys=keys,
            algorithms=settings.jwt_algorithms,
            issuer=settings.jwt_issuer or "",
            audience=settings.jwt_audience or "",
            leeway_seconds=settings.jwt_leeway_seconds,
        )


def _keys_of(settings: Settings) -> bytes | KeySource:
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value().encode()
    if settings.jwt_jwks_file is not None:
        return file_keys(settings.jwt_jwks_file)
    return RemoteKeys(settings.jwt_jwks_url or "")


class Authenticator:
    """Settles who asks. One for each process; `close` waits for what it still has to note."""

    def __init__(self, database: Database, rules: JwtRules | None = None) -> None:
        self._database = database
        self._rules = rules
        self._keys = KeyLookup(database)
        self._touches: dict[UUID, asyncio.Task[None]] = {}

    async def authenticate(
        self, authorization: str | None, organization_id: str | None = None
    ) -> Scope:
        """The scope of a request, from its headers `authorization` and `x-organization-id`.

        Raises UnauthenticatedError, with one message for all reasons; NotFoundError when the
        organization named is not one that the caller belongs to.
        """
        credential = _credential(authorization)
        wanted = None if organization_id is None else _organization(organization_id)
        if credential.startswith(SECRET_START):
            return await self._by_key(credential, wanted)
        return await self._by_token(credential, wanted)

    async def close(self) -> None:
        """Waits until the last uses of keys have been noted."""
        await asyncio.gather(*self._touches.values())

    async def _by_key(self, secret: str, wanted: UUID | None) -> Scope:
        if not is_well_formed(secret):
            raise UnauthenticatedError(_REFUSAL)
        access = await self._keys.find(hash_secret(secret))
        if access is None:
            raise UnauthenticatedError(_REFUSAL)
        scope = access.scope
        if wanted not in (None, scope.organization_id):
            raise _no_organization()
        if access.touch_due:
            self._touch_later(scope)
        return scope

    async def _by_token(self, token: str, wanted: UUID | None) -> Scope:
        if self._rules is None:
            raise UnauthenticatedError(_REFUSAL)
        claims = await verify(token, self._rules)
        subject = claims["sub"]
        async with self._database.connection() as connection:
            access = await person_access(connection, subject, wanted)
            email = _verified_email(claims)
            if access is None and email and await bind_subject(connection, subject, email):
                access = await person_access(connection, subject, wanted)
        if access is None or (access.scope is None and wanted is None):
            raise UnauthenticatedError(_REFUSAL)  # nobody of ours, or one who has left
        if access.scope is None:
            raise _no_organization()
        return access.scope

    def _touch_later(self, scope: Scope) -> None:
        """Notes a key's use beside the request, at most one note at a time for each key."""
        key_id = scope.api_key_id
        if key_id is None or key_id in self._touches:
            return
        self._touches[key_id] = asyncio.create_task(self._touch(scope.organization_id, key_id))

    async def _touch(self, organization_id: UUID, key_id: UUID) -> None:
        try:
            async with self._database.connection() as connection:
                await touch_key(connection, organization_id, key_id)
        except Exception as error:  # a note that fails is no reason to fail anything else
            log.warning("use of a key not noted", error=type(error).__name__)
        finally:
            del self._touches[key_id]


def _credential(authorization: str | None) -> str:
    scheme, _, credential = (authorization or "").strip().partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not 0 < len(credential) <= _LARGEST_CREDENTIAL:
        raise UnauthenticatedError(_REFUSAL)
    return credential


def _organization(public_id: str) -> UUID:
    try:
        parsed = ids.decode(public_id.strip())
    except ValueError:
        return ids.NIL  # nobody's: refused like one that is somebody else's
    is_organization = parsed.kind == ids.ORGANIZATION and parsed.id == parsed.organization_id
    return parsed.organization_id if is_organization and not parsed.rest else ids.NIL


def _no_organization() -> NotFoundError:
    return NotFoundError("There is no such organization.")


async def verify(token: str, rules: JwtRules) -> dict[str, Any]:
    """The claims of a token that keeps every rule; raises UnauthenticatedError otherwise."""
    try:
        key = await _key_for(token, rules)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(rules.algorithms),
            issuer=rules.issuer,
            audience=rules.audience,
            leeway=rules.leeway_seconds,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except _MALFORMED as error:
        raise UnauthenticatedError(_REFUSAL) from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject or "\0" in subject:
        raise UnauthenticatedError(_REFUSAL)
    return claims


async def _key_for(token: str, rules: JwtRules) -> Any:
    if isinstance(rules.keys, bytes):
        return rules.keys
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in rules.algorithms:
        raise UnauthenticatedError(_REFUSAL)
    key = await rules.keys.find(header.get("kid"))
    if key is None:
        raise UnauthenticatedError(_REFUSAL)
    return key


def _verified_email(claims: dict[str, Any]) -> str | None:
    """The address, if the issuer vouches for it: an unverified one could be anybody's."""
    email = claims.get("email")
    vouched = claims.get("email_verified")
    is_verified = vouched is True or vouched == "true"
    return email if is_verified and isinstance(email, str) and "\0" not in email else None
