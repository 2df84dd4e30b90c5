"""Who this node is on the Waku network: a key, and by it a peer id (libp2p) and a node record (EIP-778).

The record names no address: this node is a client of the fleet's nodes and listens to nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

import base58
from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

_SECP256K1 = bytes.fromhex("08021221")  # protobuf: key type 2, then 33 bytes
_SEQUENCE = b"\x01"


@dataclass(frozen=True)
class NodeIdentity:
    key: PrivateKey = field(default_factory=PrivateKey, repr=False)

    @classmethod
    def of(cls, node_key: str) -> NodeIdentity:
        """From the `NodeKey` of a configuration (hex). A new one where that is empty, as in the original."""
        return cls(PrivateKey(bytes.fromhex(node_key.removeprefix("0x")))) if node_key else cls()

    @property
    def peer_id(self) -> str:
        return peer_id(self.key.public_key)

    @property
    def enr(self) -> str:
        content = [_SEQUENCE, b"id", b"v4", b"secp256k1", self.key.public_key.format()]
        signature = self.key.sign_recoverable(keccak(_rlp(content)), hasher=None)[:64]
        return "enr:" + base64.urlsafe_b64encode(_rlp([signature, *content])).rstrip(b"=").decode()


def peer_id(key: PublicKey) -> str:
    """`16Uiu2HA…`: the key itself as multihash, its bytes being few enough."""
    encoded = _SECP256K1 + key.format()
    return base58.b58encode(bytes([0, len(encoded)]) + encoded).decode()


def _rlp(items: Iterable[bytes]) -> bytes:
    body = b"".join(_item(item) for item in items)
    return _head(0xC0, len(body)) + body


def _item(data: bytes) -> bytes:
    return data if len(data) == 1 and data[0] < 0x80 else _head(0x80, len(data)) + data


def _head(kind: int, length: int) -> bytes:
    if length < 56:
        return bytes([kind + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([kind + 55 + len(size)]) + size
