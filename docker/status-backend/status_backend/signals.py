"""What the backend tells its listeners as it happens: frames `{"type": ..., "event": ...}`, without replay."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

log = logging.getLogger(__name__)


MAX_BEHIND = 32 * 2**20


class Subscription:
    """The frames emitted since it was made, in order. Iterating ends when it is closed.

    One that is more than MAX_BEHIND characters behind is closed, loses them, and is `overrun`.
    """

    def __init__(self, hub: SignalHub) -> None:
        self.overrun = False
        self._hub = hub
        self._frames: deque[str] = deque()
        self._behind = 0
        self._open = True
        self._news = asyncio.Event()

    def put(self, frame: str) -> None:
        if self._frames and self._behind + len(frame) > MAX_BEHIND:
            self.overrun = True
            self._frames.clear()
            self.close()
            return
        self._frames.append(frame)
        self._behind += len(frame)
        self._news.set()

    def close(self) -> None:
        self._hub.drop(self)
        self._open = False
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        while self._frames or self._open:
            if self._frames:
                frame = self._frames.popleft()
                self._behind -= len(frame)
                yield frame
            else:
                self._news.clear()
                await self._news.wait()


class SignalHub:
    """Hands every signal to every subscription. To be used on the event loop's thread."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def subscribe(self) -> Subscription:
        subscription = Subscription(self)
        self._subscriptions.add(subscription)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    def emit(self, type: str, event: Any = None) -> None:
        """Never blocks: a slow listener fills only its own queue (the server drops one that stops reading)."""
        frame = json.dumps({"type": type, "event": event}, ensure_ascii=False)
        log.debug("signal %s", type)
        for subscription in tuple(self._subscriptions):
            subscription.put(frame)
