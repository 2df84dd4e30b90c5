"""What this node listens to: a channel's topics, and the key that opens its messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from coincurve import PrivateKey

from ..protocol import ids, payload

PROTECTED_SHARD = 32
OPEN_SHARD = 64


def pubsub_topic(cluster_id: int, shard: int) -> str:
    return f"/waku/2/rs/{cluster_id}/{shard}"


@dataclass(frozen=True)
class Filter:
    """A channel known by its chat id. With a private key it is a mailbox: only what is sealed for that key opens."""

    chat_id: str
    shard: int = PROTECTED_SHARD
    private_key: PrivateKey | None = field(default=None, repr=False, compare=False, hash=False)

    @cached_property
    def topic(self) -> bytes:
        return ids.topic(self.chat_id)

    @cached_property
    def content_topic(self) -> str:
        return ids.content_topic_of(self.topic)

    def open(self, sealed: bytes) -> payload.Decoded:
        """DecryptionFailed where it is not for us, MalformedPayload where it is not well formed."""
        if self.private_key is not None:
            return payload.decode(payload.open_with(sealed, self.private_key))
        return payload.decode(payload.open_symmetric(sealed, payload.symmetric_key(self.chat_id)))


class Filters:
    """All filters by content topic. Two chats can share a topic (4 bytes), and two keys can share a mailbox."""

    def __init__(self) -> None:
        self._by_topic: dict[tuple[int, str], list[Filter]] = {}

    def __iter__(self) -> Iterator[Filter]:
        return (filter_ for filters in self._by_topic.values() for filter_ in filters)

    def add(self, filter_: Filter) -> bool:
        """Whether it is new."""
        filters = self._by_topic.setdefault((filter_.shard, filter_.content_topic), [])
        if filter_ in filters:
            return False
        filters.append(filter_)
        return True

    def remove(self, filter_: Filter) -> bool:
        """Whether nobody listens to its content topic any more."""
        key = (filter_.shard, filter_.content_topic)
        filters = self._by_topic.get(key, [])
        if filter_ in filters:
            filters.remove(filter_)
        if not filters:
            return self._by_topic.pop(key, None) is not None
        return False

    def at(self, shard: int, content_topic: str) -> list[Filter]:
        return self._by_topic.get((shard, content_topic), [])

    def topics(self, shard: int) -> set[str]:
        return {topic for (where, topic) in self._by_topic if where == shard}
