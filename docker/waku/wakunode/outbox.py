"""What waits to be sent to one WebSocket.

It is bounded: a slow reader costs itself its connection, and others nothing.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from wakunode.tasks import until_first

MAX_FRAMES = 10_000
MAX_CHARACTERS = 32 * 1024 * 1024


class TextSocket(Protocol):
    async def send_str(self, data: str) -> None: ...


class TooSlow(Exception):
    """The reader fell too far behind."""


class Outbox:
    def __init__(self, max_frames: int = MAX_FRAMES, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_frames = max_frames
        self._max_characters = max_characters
        self._frames: asyncio.Queue[str] = asyncio.Queue()
        self._characters = 0
        self._overflow = asyncio.Event()

    def put(self, frame: str) -> None:
        """Queue a frame; past the bounds nothing more is queued, and `drain` ends with TooSlow."""
        if self._overflow.is_set():
            return
        if self._frames.qsize() >= self._max_frames or self._characters + len(frame) > self._max_characters:
            self._overflow.set()
            return
        self._characters += len(frame)
        self._frames.put_nowait(frame)

    async def drain(self, socket: TextSocket) -> None:
        """Send what is queued, for ever. Raises TooSlow, or the socket's own error when it is closed."""
        await until_first(self._send(socket), self._watch_overflow())

    async def _watch_overflow(self) -> None:
        await self._overflow.wait()
        raise TooSlow(f"{self._frames.qsize()} frames are unread")

    async def _send(self, socket: TextSocket) -> None:
        while True:
            frame = await self._frames.get()
            await socket.send_str(frame)
            self._characters -= len(frame)
