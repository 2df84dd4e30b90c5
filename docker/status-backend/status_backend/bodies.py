"""Bodies of requests. However many come at once, what they hold in memory is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .http import web

MAX_BODY = 5 * 2**20  # as go-ethereum's own RPC server
SMALL_BODY = 2**16
READ_SECONDS = 30.0


class BodyError(Exception):
    """What is wrong with a body, and the HTTP status that says so."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Bodies:
    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def read(self, request: web.Request) -> AsyncIterator[str]:
        """The body as text; BodyError if it is too long, no UTF-8, or does not come in time.

        Small ones do not wait for others. Large ones take turns until they are dealt with: decoded, JSON of a few
        megabytes can take a hundred. What is not read yet stays in the client's socket.
        """
        if (request.content_length or 0) > MAX_BODY:
            raise _too_long()
        body = await _read(request, SMALL_BODY)
        if len(body) < SMALL_BODY:
            yield _text(body)
            return
        async with self._turn:
            body += await _read(request, MAX_BODY - len(body) + 1)
            if len(body) > MAX_BODY:
                raise _too_long()
            yield _text(body)


async def _read(request: web.Request, most: int) -> bytes:
    """Up to `most` bytes; fewer only where the body ends."""
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            while len(body) < most and (piece := await request.content.read(most - len(body))):
                body += piece
    except TimeoutError:
        raise BodyError(f"the body did not come within {READ_SECONDS:g} s", 408) from None
    return bytes(body)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BodyError(f"body is not UTF-8: {error}", 200) from None


def _too_long() -> BodyError:
    return BodyError(f"the body is longer than {MAX_BODY} bytes", 413)
