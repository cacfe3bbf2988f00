"""An issuer's public keys: fetched sparingly, kept when the issuer is away, never symmetric."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.jwks import KeySet, RemoteKeys, file_keys
from models.errors import UnavailableError


def jwk(key_id: str, **more: str) -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key)), "kid": key_id, **more}


class Issuer:
    """An address that serves `document`, or fails while it is None, and counts."""

    def __init__(self) -> None:
        self.document: Any = {"keys": [jwk("a")]}
        self.fetched = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetched += 1
                body = json.dumps(issuer.document).encode()
                self.send_response(500 if issuer.document is None else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield issuer
    issuer.server.shutdown()
    thread.join()
    issuer.server.server_close()


async def test_many_that_wait_fetch_once(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.url)
    found = await asyncio.gather(*(keys.find("a") for _ in range(20)))
    assert all(found)
    assert issuer.fetched == 1


async def test_invented_key_ids_do_not_make_us_fetch(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.url)
    for number in range(50):
        assert await keys.find(f"invented {number}") is None
    assert issuer.fetched == 1


async def test_a_new_key_is_fetched_when_it_is_first_used(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.url, cooldown_seconds=0)
    assert await keys.find("a")
    issuer.document = {"keys": [jwk("b")]}
    assert await keys.find("b")
    assert await keys.find("a") is None


async def test_known_keys_work_while_the_issuer_is_away(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.url, cooldown_seconds=0)
    assert await keys.find("a")
    issuer.document = None
    assert await keys.find("b") is None
    assert await keys.find("a")


@pytest.mark.parametrize("document", [None, [], {}, {"keys": []}, {"keys": [{"kty": "oct"}]}])
async def test_without_any_keys_the_caller_is_told_to_come_again(
    issuer: Issuer, document: Any
) -> None:
    issuer.document = document
    keys = RemoteKeys(issuer.url, cooldown_seconds=0)
    with pytest.raises(UnavailableError):
        await keys.find("a")
    issuer.document = {"keys": [jwk("a")]}
    assert await keys.find("a")


async def test_a_caller_that_goes_away_leaves_the_fetch_to_the_others(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.url)
    impatient = asyncio.create_task(keys.find("a"))
    patient = asyncio.create_task(keys.find("a"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient
    assert issuer.fetched == 1


def test_symmetric_and_encryption_keys_are_left_out() -> None:
    secret = {"kty": "oct", "kid": "s", "k": "c2VjcmV0", "alg": "HS256"}
    keys = KeySet({"keys": [secret, jwk("e", use="enc"), jwk("a", use="sig"), "x", {}]})
    assert keys.match("s") is None
    assert keys.match("e") is None
    assert keys.match("a") is not None
    assert keys.match(None) is keys.match("a")
    assert keys.match(["a"]) is None


def test_among_several_keys_the_token_names_its_own() -> None:
    keys = KeySet({"keys": [jwk("a"), jwk("b")]})
    assert keys.match(None) is None


async def test_keys_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [jwk("a")]}))
    assert await file_keys(file).find("a")


@pytest.mark.parametrize("content", [None, "", "nonsense", "[]", '{"keys": [{"kty": "RSA"}]}'])
def test_a_file_without_keys_is_told_at_the_start(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match="is no JSON Web Key Set"):
        file_keys(file)


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://issuer.example/keys"])
def test_an_address_that_is_none_of_the_web_is_told_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        RemoteKeys(url)
