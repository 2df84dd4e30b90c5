"""Identifiers as status-go forms them.

Keys are secp256k1. A public key is written ``0x04`` + 128 hex (uncompressed), a community id is the compressed key of
the community, ``0x`` + 66 hex.
"""

from __future__ import annotations

import base58
from coincurve import PublicKey

from ..keccak import keccak

SECP256K1_PUB = b"\xe7\x01"  # multicodec secp256k1-pub as varint
_CONTACT_PARTITIONS = 5000


class InvalidKey(ValueError):
    """Not a secp256k1 public key."""


def hex0x(data: bytes) -> str:
    return "0x" + data.hex()


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def parse_public_key(text: str) -> PublicKey:
    """Reads a compressed or uncompressed public key in hex."""
    try:
        return PublicKey(from_hex(text))
    except ValueError as error:
        raise InvalidKey(f"not a public key: {text!r}") from error


def public_key_id(key: PublicKey) -> str:
    """The id of a contact, which is also the id of the one-to-one chat with it."""
    return hex0x(key.format(compressed=False))


def community_id(key: PublicKey) -> str:
    return hex0x(key.format(compressed=True))


def compressed_key(public_key: str) -> str:
    """``zQ3…``: base58btc multibase of the multicodec-tagged compressed key."""
    raw = parse_public_key(public_key).format(compressed=True)
    return "z" + base58.b58encode(SECP256K1_PUB + raw).decode()


def address(key: PublicKey) -> str:
    """The Ethereum address of a key, lower case."""
    return hex0x(keccak(key.format(compressed=False)[1:])[-20:])


def message_id(author: PublicKey, payload: bytes) -> str:
    """The hash of who wrote it and the application payload that was signed, so that no re-wrapping makes a new id."""
    return hex0x(keccak(author.format(compressed=False) + payload))


def request_to_join_id(public_key: str, community: str) -> str:
    """The same for each request of one member to one community."""
    return hex0x(keccak(f"{public_key}-{community}".encode()))


def request_signing_hash(public_key: str, community: str) -> bytes:
    """What a wallet account signs (as an Ethereum personal message) to reveal itself in a request to join."""
    member = parse_public_key(public_key).format(compressed=True)
    return keccak(member + from_hex(community) + from_hex(request_to_join_id(public_key, community)))


def universal_chat_id(community: str) -> str:
    """The channel for what concerns a whole community: archive announcements, member updates."""
    return community + "-memberUpdate"


def request_chat_id(community: str) -> str:
    """The channel on which a control node is written to: its uncompressed key without 0x."""
    return public_key_id(parse_public_key(community)).removeprefix("0x")


def contact_chat_id(public_key: str) -> str:
    """The channel on which an account is written to, shared with all accounts of the same partition."""
    x = int.from_bytes(parse_public_key(public_key).format(compressed=True)[1:], "big")
    return f"contact-discovery-{x % _CONTACT_PARTITIONS}"


def contact_code_chat_id(public_key: str) -> str:
    """The channel on which an account tells all who want to know about itself."""
    return public_key + "-contact-code"


def topic(chat_id: str) -> bytes:
    return keccak(chat_id.encode())[:4]


def content_topic(chat_id: str) -> str:
    return content_topic_of(topic(chat_id))


def content_topic_of(four_bytes: bytes) -> str:
    return f"/waku/1/0x{four_bytes.hex()}/rfc26"
