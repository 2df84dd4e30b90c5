"""Pubsub topics (RFC 51, static sharding), content topics (RFC 23) and autosharding (RFC 51)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from wakunode.message import is_text

MAX_SHARDS = 1024
"""Shard indexes of a cluster run from 0 to 1023 (RFC 51)."""

_PREFIX = "/waku/2/rs/"


class TopicError(ValueError):
    """A pubsub or content topic that is not well formed, or is not this node's to serve."""


@dataclass(frozen=True, order=True)
class Shard:
    """One shard of one cluster; its text is the pubsub topic `/waku/2/rs/<cluster>/<shard>`."""

    cluster: int
    index: int

    def __str__(self) -> str:
        return f"{_PREFIX}{self.cluster}/{self.index}"

    @classmethod
    def parse(cls, topic: str) -> Shard:
        numbers = topic.removeprefix(_PREFIX).split("/")
        if not topic.startswith(_PREFIX) or len(numbers) != 2 or not all(n.isascii() and n.isdigit() for n in numbers):
            raise TopicError(f"invalid pubsub topic {topic!r}: expected {_PREFIX}<cluster>/<shard>")
        cluster, index = map(int, numbers)
        if cluster > 0xFFFF or index >= MAX_SHARDS:
            raise TopicError(f"invalid pubsub topic {topic!r}: cluster or shard out of range")
        return cls(cluster, index)


def autoshard(content_topic: str, cluster: int, shard_count: int) -> Shard:
    """The shard of a content topic: the last 64 bits of sha256(application, version) modulo `shard_count`."""
    application, version = _parse_content_topic(content_topic)
    digest = hashlib.sha256(application.encode() + version.encode()).digest()
    return Shard(cluster, int.from_bytes(digest[-8:], "big") % shard_count)


def _parse_content_topic(topic: str) -> tuple[str, str]:
    """Application and version of `/application/version/name/encoding`, optionally led by `/<generation>`."""
    if not is_text(topic):
        raise TopicError(f"invalid content topic {topic!r}: it is not Unicode text")
    if not topic.startswith("/"):
        raise TopicError(f"invalid content topic {topic!r}: it must start with a slash")
    parts = topic[1:].split("/")
    if len(parts) == 5:
        if parts[0] != "0":
            raise TopicError(f"invalid content topic {topic!r}: only sharding generation 0 exists")
        parts = parts[1:]
    if len(parts) != 4 or not all(parts):
        raise TopicError(f"invalid content topic {topic!r}: expected /application/version/name/encoding")
    return parts[0], parts[1]
