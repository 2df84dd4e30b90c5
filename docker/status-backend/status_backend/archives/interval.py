"""The message archive interval: how often an owner makes archives, and how long a span one archive covers."""

from __future__ import annotations

import asyncio

from .timings import SEVEN_DAYS

NANOSECONDS = 1_000_000_000


class ArchiveInterval:
    """A number of seconds that can change while loops wait for it: a change wakes them all."""

    def __init__(self, seconds: float = SEVEN_DAYS) -> None:
        self._seconds = seconds
        self._waiters: set[asyncio.Event] = set()

    @property
    def seconds(self) -> float:
        return self._seconds

    @property
    def nanoseconds(self) -> int:
        return round(self._seconds * NANOSECONDS)

    def change(self, seconds: float) -> None:
        """ValueError unless `seconds` is positive."""
        if not seconds > 0:
            raise ValueError(f"the message archive interval must be longer than 0 s, not {seconds}")
        self._seconds = seconds
        for waiter in self._waiters:
            waiter.set()

    async def elapsed(self, delay: float) -> bool:
        """Wait `delay` seconds: True. False at once when the interval changes before that."""
        changed = asyncio.Event()
        self._waiters.add(changed)
        try:
            async with asyncio.timeout(delay):
                await changed.wait()
            return False
        except TimeoutError:
            return True
        finally:
            self._waiters.discard(changed)


# As in the original a change by RPC lasts as long as the process: through a logout, not through a restart.
PROCESS_INTERVAL = ArchiveInterval()
