"""What a client that polls has not read yet: the youngest messages of each topic it subscribed to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from wakunode.message import Envelope


class MessageCache:
    """One queue per topic; a full one loses its oldest message. Reading a queue empties it."""

    def __init__(self, capacity: int, topic_of: Callable[[Envelope], str]) -> None:
        self._capacity = capacity
        self._topic_of = topic_of
        self._queues: dict[str, deque[Envelope]] = {}

    def subscribe(self, topics: Iterable[str]) -> None:
        for topic in topics:
            self._queues.setdefault(topic, deque(maxlen=self._capacity))

    def unsubscribe(self, topics: Iterable[str]) -> None:
        for topic in topics:
            self._queues.pop(topic, None)

    def topics(self) -> list[str]:
        return list(self._queues)

    def add(self, envelope: Envelope, _: object | None = None) -> None:
        if (queue := self._queues.get(self._topic_of(envelope))) is not None:
            queue.append(envelope)

    def take(self, topic: str) -> list[Envelope] | None:
        """The unread messages, oldest first; None where the topic is not subscribed to."""
        if (queue := self._queues.get(topic)) is None:
            return None
        unread = list(queue)
        queue.clear()
        return unread
