"""Who a node is: its secp256k1 key, its peer id, and the signed peer record (SPR) by which others find it."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import base58

from ..errors import ConfigError, InvalidPeerId, InvalidRecord

if TYPE_CHECKING:
    from libp2p.crypto.keys import KeyPair

SPR_PREFIX = "spr:"
RECORD_DOMAIN = "libp2p-peer-record"
IDENTITY_PREFIX = bytes([0x00, 0x25, 0x08, 0x02, 0x12, 0x21])  # multihash "identity" of a secp256k1 public key
SHA256_PREFIX = bytes([0x12, 0x20])


def load_or_create_key(path: Path) -> KeyPair:
    """The node's key pair; made on first use. The file holds a libp2p PrivateKey protobuf, as the original's does.

    Raises ConfigError if the file is no such key or if others than its owner may read it.
    """
    from libp2p.crypto.keys import KeyPair
    from libp2p.crypto.secp256k1 import Secp256k1PrivateKey, create_new_key_pair
    from libp2p.crypto.serialization import deserialize_private_key

    if not path.exists():
        pair = create_new_key_pair()
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(pair.private_key.serialize())
        return pair
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"the network private key file {path} must be readable by its owner only (mode 600)")
    try:
        key = deserialize_private_key(path.read_bytes())
    except Exception as error:  # the library raises whatever its parsers raise
        raise ConfigError(f"the network private key file {path} holds no libp2p private key") from error
    if not isinstance(key, Secp256k1PrivateKey):
        raise ConfigError(f"the network private key file {path} holds a key of another kind than secp256k1")
    return KeyPair(key, key.get_public_key())


def check_peer_id(text: str) -> str:
    """`text` if it is a peer id in base58; raises InvalidPeerId."""
    try:
        raw = base58.b58decode(text)
    except ValueError as error:
        raise InvalidPeerId from error
    is_secp256k1 = raw.startswith(IDENTITY_PREFIX) and len(raw) == 39
    is_ed25519 = raw.startswith(bytes([0x00, 0x24, 0x08, 0x01, 0x12, 0x20])) and len(raw) == 38
    is_hashed = raw.startswith(SHA256_PREFIX) and len(raw) == 34
    if not (is_secp256k1 or is_ed25519 or is_hashed):
        raise InvalidPeerId
    return text


@dataclass(frozen=True)
class SignedPeerRecord:
    """A peer's addresses, signed by that peer. `envelope` is the libp2p signed envelope that `spr` prints."""

    peer_id: str
    addrs: tuple[str, ...]
    seq: int
    envelope: bytes

    @property
    def spr(self) -> str:
        return SPR_PREFIX + base64.urlsafe_b64encode(self.envelope).decode().rstrip("=")

    @classmethod
    def sign(cls, key: KeyPair, addrs: Sequence[str], seq: int | None = None) -> SignedPeerRecord:
        """A record of these multiaddresses; `seq` defaults to the time in seconds."""
        from libp2p.peer.envelope import seal_record
        from libp2p.peer.id import ID
        from libp2p.peer.peer_record import PeerRecord
        from multiaddr import Multiaddr

        seq = int(time.time()) if seq is None else seq
        peer_id = ID.from_pubkey(key.public_key)
        record = PeerRecord(peer_id, [Multiaddr(addr) for addr in addrs], seq)
        return cls(str(peer_id), tuple(addrs), seq, seal_record(record, key.private_key).marshal_envelope())

    @classmethod
    def parse(cls, spr: str) -> SignedPeerRecord:
        """The record printed as `spr`; raises InvalidRecord unless its signature is its peer's."""
        if not spr.startswith(SPR_PREFIX):
            raise InvalidRecord(f"a signed peer record starts with {SPR_PREFIX!r}")
        body = spr.removeprefix(SPR_PREFIX)
        try:
            raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidRecord("a signed peer record is base64url text") from error
        return cls.verify(raw)

    @classmethod
    def verify(cls, envelope: bytes) -> SignedPeerRecord:
        """The record in this envelope; raises InvalidRecord unless its signature is its peer's."""
        from libp2p.peer.envelope import consume_envelope
        from libp2p.peer.id import ID

        try:
            signed, record = consume_envelope(envelope, RECORD_DOMAIN)
            owner = ID.from_pubkey(signed.public_key)
            addrs = tuple(str(addr) for addr in record.addrs)
        except Exception as error:  # the library raises whatever its parsers raise
            raise InvalidRecord(f"not a valid signed peer record: {error}") from error
        if owner != record.peer_id:
            raise InvalidRecord(f"the record of {record.peer_id} is signed by {owner}")
        return cls(str(owner), addrs, record.seq, envelope)
