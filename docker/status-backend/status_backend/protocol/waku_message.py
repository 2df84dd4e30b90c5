"""A Waku message as it travels, and its hash (https://rfc.vac.dev/waku/standards/core/14/message)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


class MalformedEnvelope(ValueError):
    """Not a Waku message in nwaku's JSON form."""


@dataclass(frozen=True)
class Envelope:
    pubsub_topic: str
    content_topic: str
    payload: bytes
    timestamp: int  # unix nanoseconds
    version: int = 1
    ephemeral: bool = False
    meta: bytes = field(default=b"")

    @cached_property
    def hash(self) -> bytes:
        parts = (self.pubsub_topic.encode(), self.payload, self.content_topic.encode(), self.meta)
        return hashlib.sha256(b"".join(parts) + self.timestamp.to_bytes(8, "big", signed=True)).digest()

    @property
    def seconds(self) -> int:
        return self.timestamp // 1_000_000_000

    @property
    def topic(self) -> bytes:
        """The four bytes in ``/waku/1/0x<8 hex>/rfc26``."""
        try:
            topic = bytes.fromhex(self.content_topic.split("/")[3].removeprefix("0x"))
        except (IndexError, ValueError) as error:
            raise MalformedEnvelope(f"no topic in {self.content_topic!r}") from error
        return topic

    def to_json(self) -> dict[str, Any]:
        body = {
            "payload": base64.b64encode(self.payload).decode(),
            "contentTopic": self.content_topic,
            "version": self.version,
            "timestamp": self.timestamp,
            "ephemeral": self.ephemeral,
        }
        if self.meta:
            body["meta"] = base64.b64encode(self.meta).decode()
        return body

    @classmethod
    def from_json(cls, pubsub_topic: str, body: Mapping[str, Any]) -> Envelope:
        try:
            return cls(
                pubsub_topic=pubsub_topic,
                content_topic=str(body["contentTopic"]),
                payload=base64.b64decode(body["payload"], validate=True),
                timestamp=int(body.get("timestamp") or 0),
                version=int(body.get("version") or 0),
                ephemeral=bool(body.get("ephemeral")),
                meta=base64.b64decode(body.get("meta") or ""),
            )
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise MalformedEnvelope(f"not a Waku message: {error!r}") from error
