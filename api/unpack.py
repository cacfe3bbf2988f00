"""Compressed bodies, unpacked within bounds.

Refused: more than was allowed (413, as soon as it is known), and what is cut short, damaged, or
made of so many parts that only an attacker can have meant it (400).
"""

import zlib

from api.errors import RequestRefusedError

_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
CODINGS = frozenset({*_WINDOWS, "identity"})
_MOST_PARTS = 100


def unpack(body: bytes, coding: str, max_bytes: int) -> bytes:
    """The body behind a content coding of `CODINGS`; raises RequestRefusedError."""
    if coding == "identity":
        return body
    parts: list[bytes] = []
    size, rest = 0, body
    for _ in range(_MOST_PARTS):
        unpacker = zlib.decompressobj(wbits=_WINDOWS[coding])
        try:
            part = unpacker.decompress(rest, max_bytes - size + 1)
        except zlib.error:
            raise RequestRefusedError(400, f"The body is not {coding}.") from None
        size += len(part)
        if size > max_bytes:
            raise RequestRefusedError(413, f"The body unpacks to more than {max_bytes} bytes.")
        if not unpacker.eof:
            raise RequestRefusedError(400, f"The body's {coding} is cut short.")
        parts.append(part)
        rest = unpacker.unused_data
        if not rest:
            return b"".join(parts)
    raise RequestRefusedError(400, f"The body has more than {_MOST_PARTS} parts of {coding}.")
