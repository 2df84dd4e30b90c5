"""The message archive interval: how often an owner makes archives, and how long a span one archive covers."""

from __future__ import annotations

import asyncio

from .timings import SEVEN_DAYS

NANOSECONDS = 1_000_000_000


class ArchiveInterval:
    """A number of seconds that can change while loops wait for it to pass."""

    def __init__(self, seconds: float = SEVEN_DAYS) -> None:
        self._seconds = seconds
        self._changed = asyncio.Event()
        self.changes = 0  # how often it was changed

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
        self.changes += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def elapsed(self, delay: float, changes: int) -> bool:
        """Wait `delay` seconds: True. False at once if the interval is or was changed more than `changes` times."""
        if self.changes > changes:
            return False
        try:
            async with asyncio.timeout(delay):
                await self._changed.wait()
            return False
        except TimeoutError:
            return True


# As in the original a change by RPC lasts as long as the process: through a logout, not through a restart.
PROCESS_INTERVAL = ArchiveInterval()
