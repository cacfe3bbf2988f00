"""An issuer's public keys (RFC 7517): from a file, or fetched and kept for a while.

Fetching happens in a thread, once for all that wait, and never more often than every ten seconds,
so that tokens with invented key ids cannot make us hammer the issuer. When the issuer is away the
keys already known go on working. Refused: symmetric keys in a key set, and addresses from tokens.
"""

import asyncio
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import jwt
import structlog

from models.errors import UnavailableError

_ASYMMETRIC = frozenset({"RSA", "EC", "OKP"})
_LIFESPAN_SECONDS = 300.0
_COOLDOWN_SECONDS = 10.0
_FETCH_SECONDS = 5.0
log = structlog.get_logger("aicost.auth")


class KeySource(Protocol):
    """Where public keys come from."""

    async def find(self, key_id: object) -> Any:
        """The key of an id (a token's `kid`), or None; without an id the only key there is."""


class KeySet:
    """The public keys of a JSON Web Key Set. Raises ValueError when it has none for signatures.

    Keys of kinds that we do not know are left out.
    """

    def __init__(self, document: Any) -> None:
        listed = document.get("keys") if isinstance(document, dict) else None
        self._keys = list(_usable(listed if isinstance(listed, list) else []))
        if not self._keys:
            raise ValueError("it has no public key for signatures")

    async def find(self, key_id: object) -> Any:
        return self.match(key_id)

    def match(self, key_id: object) -> Any:
        """As `KeySource.find`."""
        if key_id is None:
            return self._keys[0][1] if len(self._keys) == 1 else None
        return next((key for name, key in self._keys if name == key_id), None)


def file_keys(path: Path) -> KeySet:
    """The keys of a file, read once; raises ValueError for a file that cannot be used."""
    try:
        return KeySet(json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is no JSON Web Key Set: {error}") from error


def _usable(listed: Iterable[Any]) -> Iterable[tuple[object, Any]]:
    """Ids and keys. A key that names its algorithm stays bound to it; others fit their family."""
    for entry in listed:
        if not isinstance(entry, dict) or entry.get("kty") not in _ASYMMETRIC:
            continue
        if entry.get("use") not in (None, "sig"):
            continue
        try:
            key = jwt.PyJWK(entry)
        except jwt.PyJWTError:
            continue
        yield entry.get("kid"), key if "alg" in entry else key.key


class RemoteKeys:
    """The keys at an address, fetched when they are first needed and again every five minutes."""

    def __init__(self, url: str, *, cooldown_seconds: float = _COOLDOWN_SECONDS) -> None:
        try:
            self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=_FETCH_SECONDS)
        except jwt.PyJWTError as error:
            raise ValueError(f"{url!r} is no address of a JSON Web Key Set: {error}") from error
        self._cooldown_seconds = cooldown_seconds
        self._set: KeySet | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: object) -> Any:
        """As `KeySource.find`; raises UnavailableError when no keys could ever be fetched."""
        found = self._set.match(key_id) if self._set else None
        is_stale = time.monotonic() - self._fetched_at > _LIFESPAN_SECONDS
        if found is not None and not is_stale:
            return found
        fetching = self._fetch_if_due()
        if found is None:
            await asyncio.shield(fetching)  # a caller that goes away leaves it to the others
            if self._set is None:
                raise UnavailableError("The keys that tokens are checked with cannot be had now.")
            found = self._set.match(key_id)
        return found

    def _fetch_if_due(self) -> asyncio.Task[None]:
        is_due = time.monotonic() - self._tried_at >= self._cooldown_seconds
        if self._fetching is None or (self._fetching.done() and is_due):
            self._tried_at = time.monotonic()
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            self._set = KeySet(await asyncio.to_thread(self._client.fetch_data))
        except (OSError, ValueError, jwt.PyJWTError) as error:
            log.warning("no keys from the issuer of tokens", error=str(error))
            return
        self._fetched_at = time.monotonic()
