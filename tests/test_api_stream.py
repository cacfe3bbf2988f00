"""Streaming an answer: back-pressure, clients that go or stall, failures before and on the way."""

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from api import stream as module
from api.stream import stream
from models.export import Write

HEADERS = {"content-type": "text/csv"}


class Client:
    """Takes what is sent; goes away when told."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.was_asked = False
        self.gone = asyncio.Event()
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def receive(self) -> dict[str, Any]:
        if not self.was_asked:
            self.was_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.may_take.wait()
        self.sent.append(message)

    async def read(self, produce: Any) -> None:
        await stream(self.receive, self.send, HEADERS, produce)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def test_what_is_written_is_the_body() -> None:
    client = Client()

    async def produce(write: Write) -> None:
        for chunk in (b"a", b"b"):
            await write(chunk)

    await client.read(produce)
    assert client.sent[0]["status"] == 200
    assert (client.body, client.sent[-1]["more_body"]) == (b"ab", False)


async def test_nothing_is_an_answer_too() -> None:
    client = Client()

    async def produce(_write: Write) -> None:
        pass

    await client.read(produce)
    assert [message["type"] for message in client.sent] == [
        "http.response.start",
        "http.response.body",
    ]


async def test_no_more_is_made_than_was_taken() -> None:
    client, made = Client(), []
    client.may_take.clear()

    async def produce(write: Write) -> None:
        for number in range(3):
            made.append(number)
            await write(b"x")

    reading = asyncio.create_task(client.read(produce))
    for _ in range(20):
        await asyncio.sleep(0)
    assert made == [0]
    client.may_take.set()
    await reading
    assert made == [0, 1, 2]


async def test_who_goes_ends_the_work() -> None:
    client, ended = Client(), asyncio.Event()

    async def produce(write: Write) -> None:
        await write(b"x")
        client.gone.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ClientDisconnect):
        await client.read(produce)
    assert ended.is_set()
    assert client.sent[-1]["more_body"] is True


async def test_who_takes_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STALL_SECONDS", 0.01)
    client = Client()
    client.may_take.clear()

    async def produce(write: Write) -> None:
        await write(b"x")

    with pytest.raises(TimeoutError):
        await client.read(produce)
    assert client.sent == []


async def test_what_fails_at_first_has_sent_nothing_and_later_has_not_ended() -> None:
    async def fails(_write: Write) -> None:
        raise LookupError("at once")

    async def fails_later(write: Write) -> None:
        await write(b"x")
        raise LookupError("on the way")

    first, later = Client(), Client()
    with pytest.raises(LookupError, match="at once"):
        await first.read(fails)
    assert first.sent == []
    with pytest.raises(LookupError, match="on the way"):
        await later.read(fails_later)
    assert later.sent[-1]["more_body"] is True
