"""Who a node is: a secp256k1 key, and the libp2p peer id that carries its public half."""

from __future__ import annotations

import base58
from coincurve import PrivateKey, PublicKey

# identity multihash (0x00) of 37 bytes: libp2p's PublicKey protobuf {Type: Secp256k1, Data: 33 bytes}
_PEER_ID_PREFIX = bytes.fromhex("002508021221")


class IdentityError(ValueError):
    """A node key or a peer id that is none."""


class Identity:
    def __init__(self, key: PrivateKey) -> None:
        self.key = key
        self.public_key = key.public_key.format()
        self.peer_id = base58.b58encode(_PEER_ID_PREFIX + self.public_key).decode()

    @classmethod
    def from_hex(cls, text: str) -> Identity:
        """From `--nodekey`: 64 hexadecimal digits. The error never repeats the key."""
        try:
            key = bytes.fromhex(text.removeprefix("0x"))
            if len(key) != 32:
                raise ValueError
            return cls(PrivateKey(key))
        except ValueError:
            raise IdentityError("the node key must be a secp256k1 private key of 64 hexadecimal digits") from None

    @classmethod
    def generate(cls) -> Identity:
        return cls(PrivateKey())

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)


def peer_public_key(peer_id: str) -> PublicKey:
    """The public key inside a peer id (`16Uiu2...`)."""
    try:
        raw = base58.b58decode(peer_id)
        if not raw.startswith(_PEER_ID_PREFIX):
            raise ValueError
        return PublicKey(raw[len(_PEER_ID_PREFIX) :])
    except ValueError:
        raise IdentityError(f"{peer_id!r} is not the peer id of a secp256k1 key") from None


def verify(peer_id: str, signature: bytes, data: bytes) -> bool:
    """Whether the key of `peer_id` signed `data`; a malformed signature signs nothing."""
    try:
        return peer_public_key(peer_id).verify(signature, data)
    except ValueError:
        return False
