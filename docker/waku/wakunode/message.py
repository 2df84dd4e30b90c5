"""Waku messages (RFC 14): their JSON form, as nwaku's REST interface has it, and their deterministic hash."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

MAX_META = 64
"""Bytes of the application's `meta` field at most (RFC 14)."""


class InvalidMessage(ValueError):
    """A JSON value that is not a Waku message."""


@dataclass(frozen=True)
class WakuMessage:
    payload: bytes
    content_topic: str
    version: int = 0
    timestamp: int = 0
    """Nanoseconds since the epoch, set by the sender; 0 where the sender gave none."""
    ephemeral: bool = False
    meta: bytes = b""

    def hash(self, pubsub_topic: str) -> bytes:
        """RFC 14: sha256(pubsub topic, payload, content topic, meta, timestamp as big-endian 64 bits)."""
        parts = (
            pubsub_topic.encode(),
            self.payload,
            self.content_topic.encode(),
            self.meta,
            self.timestamp.to_bytes(8, "big", signed=True),
        )
        return hashlib.sha256(b"".join(parts)).digest()

    def stamped(self) -> WakuMessage:
        """This message, with the present time where it had none."""
        return self if self.timestamp else replace(self, timestamp=time.time_ns())

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
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
    def from_json(cls, value: Any) -> WakuMessage:
        """Read a message; unknown fields are ignored as in nwaku, wrong ones raise InvalidMessage."""
        if not isinstance(value, Mapping):
            raise InvalidMessage("a message must be a JSON object")
        content_topic = value.get("contentTopic")
        if not isinstance(content_topic, str) or not content_topic.strip():
            raise InvalidMessage("Field `contentTopic` is missing or empty")
        if not is_text(content_topic):
            raise InvalidMessage("Field `contentTopic` is not Unicode text")
        ephemeral = value.get("ephemeral", False)
        if not isinstance(ephemeral, bool):
            raise InvalidMessage("Field `ephemeral` must be a boolean")
        payload = _binary(value, "payload")
        if not payload:
            raise InvalidMessage("Field `payload` is missing or empty")
        meta = _binary(value, "meta")
        if len(meta) > MAX_META:
            raise InvalidMessage(f"Field `meta` has {len(meta)} bytes, at most {MAX_META} are allowed")
        return cls(
            payload=payload,
            content_topic=content_topic,
            version=_integer(value, "version", 0, 2**32 - 1),
            timestamp=_integer(value, "timestamp", -(2**63), 2**63 - 1),
            ephemeral=ephemeral,
            meta=meta,
        )


@dataclass(frozen=True)
class Envelope:
    """A message on its pubsub topic: what travels, is cached and is stored."""

    pubsub_topic: str
    message: WakuMessage

    @cached_property
    def hash(self) -> bytes:
        return self.message.hash(self.pubsub_topic)

    @cached_property
    def frame(self) -> str:
        """The text frame of the push stream and of a relay link; made once however many read it."""
        body = {
            "pubsubTopic": self.pubsub_topic,
            "messageHash": hash_text(self.hash),
            "message": self.message.to_json(),
        }
        return json.dumps(body)


def parse_json(text: str | bytes) -> Any:
    """The value that `text` stands for. Raises ValueError, also where it is nested too deeply to be read."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_text(text: str) -> bool:
    """Whether a string from JSON can be written as UTF-8; one with half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def hash_text(digest: bytes) -> str:
    return "0x" + digest.hex()


def parse_hash(text: str) -> bytes:
    """A message hash from its hexadecimal text, with or without 0x; ValueError where it is none."""
    try:
        digest = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise ValueError(f"{text!r} is not hexadecimal") from None
    if len(digest) != 32:
        raise ValueError(f"{text!r} has {len(digest)} bytes, a message hash has 32")
    return digest


def _binary(value: Mapping[str, Any], field: str) -> bytes:
    text = value.get(field)
    if text is None:
        return b""
    if not isinstance(text, str):
        raise InvalidMessage(f"Field `{field}` must be a base64 string")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidMessage(f"Field `{field}` is not base64: {error}") from None


def _integer(value: Mapping[str, Any], field: str, low: int, high: int) -> int:
    number = value.get(field)
    if number is None:
        return 0
    if isinstance(number, bool) or not isinstance(number, int):
        raise InvalidMessage(f"Field `{field}` must be an integer")
    if not low <= number <= high:
        raise InvalidMessage(f"Field `{field}` is out of range")
    return number
