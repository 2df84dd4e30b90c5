"""The relay: which pubsub topics the node takes part in, and who hears of each new message, once."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Protocol

from wakunode.message import Envelope
from wakunode.topics import Shard, TopicError

SEEN_SECONDS = 120
"""How long a message is known as already seen (nwaku's gossipsub has the same)."""

GOSSIP_SECONDS = 20
"""How long a message is offered to a peer that links after it, or again.

Longer than it takes to notice a dead link and to dial again, so that a short fault loses nothing, and as long as a
store would take the message (gossipsub offers six heartbeats of a second).
"""

log = logging.getLogger(__name__)


class MessageTooBig(ValueError):
    """A message beyond the configured maximum."""


class Listener(Protocol):
    """Hears of each new message; must neither block nor await."""

    def __call__(self, envelope: Envelope, source: object | None, /) -> None: ...


class Relay:
    """Takes messages from publishers and links, drops what was seen before, and tells every listener of the rest."""

    def __init__(self, cluster: int, shards: Iterable[int], max_message_size: int, enabled: bool = True) -> None:
        self.cluster = cluster
        self.enabled = enabled
        self.max_message_size = max_message_size
        self._topics = {str(Shard(cluster, index)) for index in shards} if enabled else set()
        self._seen: OrderedDict[bytes, float] = OrderedDict()
        self._recent: deque[tuple[float, Envelope]] = deque()
        self._listeners: list[Listener] = []
        self._topic_watchers: list[Callable[[], None]] = []

    @property
    def topics(self) -> list[str]:
        return sorted(self._topics)

    def is_subscribed(self, topic: str) -> bool:
        return topic in self._topics

    def add_listener(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def on_topics_changed(self, watcher: Callable[[], None]) -> None:
        self._topic_watchers.append(watcher)

    def check_topic(self, topic: str) -> None:
        """TopicError unless `topic` is a shard of this node's cluster."""
        if (cluster := Shard.parse(topic).cluster) != self.cluster:
            raise TopicError(f"pubsub topic {topic!r} is of cluster {cluster}, this node is of cluster {self.cluster}")

    def subscribe(self, topics: Iterable[str]) -> None:
        topics = set(topics)
        for topic in topics:
            self.check_topic(topic)
        self._change_topics(self._topics | topics)

    def unsubscribe(self, topics: Iterable[str]) -> None:
        self._change_topics(self._topics - set(topics))

    def publish(self, envelope: Envelope, source: object | None = None) -> bool:
        """Tell all listeners of a message; False where it was seen before. Raises MessageTooBig."""
        size = len(envelope.message.payload) + len(envelope.message.meta) + len(envelope.message.content_topic.encode())
        if size > self.max_message_size:
            raise MessageTooBig(f"Message size exceeded maximum of {self.max_message_size} bytes")
        now = time.monotonic()
        self._forget(now)
        if envelope.hash in self._seen:
            return False
        self._seen[envelope.hash] = now
        self._recent.append((now, envelope))
        log.info(
            "message %s on %s, %s, %d bytes, from %s",
            envelope.hash.hex(), envelope.pubsub_topic, envelope.message.content_topic, size, source or "a client",
        )  # fmt: skip
        for listener in self._listeners:
            try:
                listener(envelope, source)
            except Exception:  # one listener's fault (a full disk, say) must not keep the message from the others
                log.exception("a listener failed on message %s", envelope.hash.hex())
        return True

    def has_seen(self, digest: bytes) -> bool:
        return digest in self._seen

    def recent(self) -> list[Envelope]:
        """The messages of the last `GOSSIP_SECONDS`, oldest first."""
        self._forget(time.monotonic())
        return [envelope for _, envelope in self._recent]

    def _forget(self, now: float) -> None:
        while self._seen and next(iter(self._seen.values())) < now - SEEN_SECONDS:
            self._seen.popitem(last=False)
        while self._recent and self._recent[0][0] < now - GOSSIP_SECONDS:
            self._recent.popleft()

    def _change_topics(self, topics: set[str]) -> None:
        if topics == self._topics:
            return
        self._topics = topics
        log.info("subscribed to %s", ", ".join(self.topics) or "nothing")
        for watcher in self._topic_watchers:
            watcher()
