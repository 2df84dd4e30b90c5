"""How long to wait before the next try."""

from __future__ import annotations

import asyncio

_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)


class Backoff:
    """Each wait is longer than the last, up to two seconds, until a success resets it."""

    def __init__(self) -> None:
        self.failures = 0

    def reset(self) -> None:
        self.failures = 0

    async def wait(self) -> None:
        seconds = _SECONDS[min(self.failures, len(_SECONDS) - 1)]
        self.failures += 1
        await asyncio.sleep(seconds)
