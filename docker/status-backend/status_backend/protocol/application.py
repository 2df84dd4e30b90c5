"""The signed application message: who says it, what kind it is, its protobuf bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from coincurve import PrivateKey, PublicKey
from google.protobuf.message import DecodeError

from status_backend.protocol.application_metadata_message_pb2 import ApplicationMetadataMessage

from . import ids, signing

Type = ApplicationMetadataMessage
Kind = ApplicationMetadataMessage.Type  # of whose members `Type` has the names


class MalformedMessage(ValueError):
    """Not an application message, or not signed as one."""


@dataclass(frozen=True)
class Application:
    author: PublicKey
    type: int
    payload: bytes
    wrapped: bytes
    sealed: bytes = b""  # the application message in which it was encrypted, if it was

    @property
    def travelled(self) -> bytes:
        """What is kept of it: an encrypted message stays encrypted."""
        return self.sealed or self.wrapped

    @cached_property
    def from_(self) -> str:
        return ids.public_key_id(self.author)

    @cached_property
    def id(self) -> str:
        return ids.message_id(self.author, self.payload)


def wrap(payload: bytes, type_: Kind, author: PrivateKey) -> bytes:
    return ApplicationMetadataMessage(
        signature=signing.sign(author, payload), payload=payload, type=type_
    ).SerializeToString()


def unwrap(wrapped: bytes) -> Application:
    try:
        message = ApplicationMetadataMessage.FromString(wrapped)
        author = signing.recover(message.signature, message.payload)
    except (DecodeError, signing.BadSignature) as error:
        raise MalformedMessage(f"not a signed application message: {error}") from error
    return Application(author, message.type, message.payload, wrapped)
