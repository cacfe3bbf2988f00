"""An answer that is written while it is read: no more is made than the client has taken.

The status and headers go out with the first chunk, so that what fails before is answered as an
error. What fails later cuts the connection: half a file must not look like a whole one. A client
that hangs up, or takes nothing for too long, ends the work at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Send

from models.export import Write

_STALL_SECONDS = 60


async def stream(
    receive: Receive,
    send: Send,
    headers: Mapping[str, str],
    produce: Callable[[Write], Awaitable[object]],
) -> None:
    """Sends what `produce` writes as the body of a 200; raises ClientDisconnect for nobody."""
    started = False

    async def write(chunk: bytes) -> None:
        nonlocal started
        async with asyncio.timeout(_STALL_SECONDS):
            if not started:
                started = True
                await send(_start(headers))
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

    async with asyncio.TaskGroup() as group:
        listener = group.create_task(_until_gone(receive))
        work = group.create_task(_run(produce, write))
        await asyncio.wait({listener, work}, return_when=asyncio.FIRST_COMPLETED)
        listener.cancel()
        if not work.done():
            work.cancel()
    if work.cancelled():
        raise ClientDisconnect
    failure = work.result()
    if failure is not None:
        raise failure
    if not started:
        await send(_start(headers))
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _start(headers: Mapping[str, str]) -> dict[str, object]:
    raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": 200, "headers": raw}


async def _run(produce: Callable[[Write], Awaitable[object]], write: Write) -> Exception | None:
    """What went wrong: a task group would wrap what is raised."""
    try:
        await produce(write)
    except Exception as error:
        return error
    return None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
