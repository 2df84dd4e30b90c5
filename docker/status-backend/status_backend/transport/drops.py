"""What was received and not acted upon, counted by reason: for this login, and for the process at /metrics."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from .. import metrics

log = logging.getLogger(__name__)

_INTERVAL = 600.0  # seconds


class Drops:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._told: Counter[str] = Counter()

    def add(self, reason: str) -> None:
        self.counts[reason] += 1
        metrics.DROPPED.values[reason] += 1

    async def keep_telling(self) -> None:
        while True:
            await asyncio.sleep(_INTERVAL)
            self.tell()

    def tell(self) -> None:
        """In the log, if there is anything new to tell."""
        if self.counts != self._told:
            told = ", ".join(f"{number} {reason}" for reason, number in self.counts.most_common())
            log.info("messages received since login and not acted upon: %s", told)
            self._told = self.counts.copy()
