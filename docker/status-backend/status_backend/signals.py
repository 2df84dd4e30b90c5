"""What the backend tells its listeners as it happens: frames `{"type": ..., "event": ...}`, without replay."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

log = logging.getLogger(__name__)


class Subscription:
    """The frames emitted since it was made, in order. Iterating ends when it is closed."""

    def __init__(self, hub: SignalHub) -> None:
        self._hub = hub
        self._frames: asyncio.Queue[str | None] = asyncio.Queue()

    def put(self, frame: str | None) -> None:
        self._frames.put_nowait(frame)

    def close(self) -> None:
        self._hub.drop(self)
        self.put(None)

    async def __aiter__(self) -> AsyncIterator[str]:
        while (frame := await self._frames.get()) is not None:
            yield frame


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
        for subscription in self._subscriptions:
            subscription.put(frame)
