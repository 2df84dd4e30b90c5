"""Content identifiers: parsing, printing and the three kinds that a node makes.

Byte layout (CID specification): `01 | uvarint(codec) | uvarint(hash) | uvarint(length) | digest`, printed in
multibase base58btc. CIDv0 is a bare sha2-256 multihash printed in base58 without a prefix.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import base58

from .errors import IncorrectCid

MANIFEST_CODEC = 0xCD01
BLOCK_CODEC = 0xCD02
TREE_CODEC = 0xCD03
SHA2_256 = 0x12

DAG_PB_CODEC = 0x70
# The codecs the original accepts: IPLD's common ones, Ethereum, Bitcoin, Zcash, Stellar, Decred, Dash, torrents, Codex.
KNOWN_CODECS = frozenset(
    {0x55, DAG_PB_CODEC, 0x71, 0x72, 0x78, 0x0129, 0x7B, 0x7C, 0xF0, 0xF1, 0xE2, 0xE4, 0xE5}
    | set(range(0x90, 0x99))
    | {0xB0, 0xB1, 0xC0, 0xC1, 0xD0, 0xD1, 0xE0, 0xE1}
    | {MANIFEST_CODEC, BLOCK_CODEC, TREE_CODEC, 0xCD04, 0xCD05, 0xCD06, 0xCD10, 0xCD11, 0xCD12}
)
# Multihash code to digest length in bytes; None: any length.
KNOWN_HASHES: dict[int, int | None] = (
    {
        0x00: None,
        0x11: 20,
        SHA2_256: 32,
        0x13: 64,
        0x14: 64,
        0x15: 48,
        0x16: 32,
        0x17: 28,
        0x18: None,
        0x19: None,
        0x1A: 28,
        0x1B: 32,
        0x1C: 48,
        0x1D: 64,
        0x56: 32,
        0xCD10: 32,
        0xCD11: 32,
        0xCD12: 32,
    }
    | {0xB200 + n: n for n in range(1, 65)}
    | {0xB240 + n: n for n in range(1, 33)}
)


@dataclass(frozen=True)
class Cid:
    """One content identifier. Equal CIDs compare and hash equal however they were written."""

    version: int
    codec: int
    hash_code: int
    digest: bytes

    @cached_property
    def text(self) -> str:
        encoded = base58.b58encode(bytes(self)).decode()
        return encoded if self.version == 0 else "z" + encoded

    def __str__(self) -> str:
        return self.text

    def __bytes__(self) -> bytes:
        multihash = encode_uvarint(self.hash_code) + encode_uvarint(len(self.digest)) + self.digest
        return multihash if self.version == 0 else b"\x01" + encode_uvarint(self.codec) + multihash

    def matches(self, data: bytes) -> bool:
        """True if `data` is what this CID names (sha2-256 only; nothing else can be checked here)."""
        return self.hash_code == SHA2_256 and sha256(data).digest() == self.digest

    @classmethod
    def parse(cls, text: str) -> Cid:
        """The CID written as `text` in base58btc, base16, base32 or base64; raises IncorrectCid."""
        try:
            if text.startswith("Qm") and len(text) == 46:
                return cls.from_bytes(base58.b58decode(text))
            return cls.from_bytes(_decode_multibase(text))
        except (ValueError, IndexError, KeyError) as error:
            raise IncorrectCid(text) from error

    @classmethod
    def from_bytes(cls, raw: bytes) -> Cid:
        """The CID encoded as `raw`, which it must fill exactly; raises IncorrectCid."""
        if len(raw) == 34 and raw[:2] == bytes([SHA2_256, 32]):
            return cls(0, DAG_PB_CODEC, SHA2_256, raw[2:])
        version, at = decode_uvarint(raw, 0)
        codec, at = decode_uvarint(raw, at)
        hash_code, at = decode_uvarint(raw, at)
        length, at = decode_uvarint(raw, at)
        digest = raw[at:]
        if version != 1 or codec not in KNOWN_CODECS or hash_code not in KNOWN_HASHES or len(digest) != length:
            raise IncorrectCid(raw.hex())
        if KNOWN_HASHES[hash_code] not in (None, length):
            raise IncorrectCid(raw.hex())
        return cls(1, codec, hash_code, digest)


def manifest_cid(manifest: bytes) -> Cid:
    """The CID of a dataset: the hash of its encoded manifest."""
    return Cid(1, MANIFEST_CODEC, SHA2_256, sha256(manifest).digest())


def block_cid(digest: bytes) -> Cid:
    """The CID of a data block with this sha2-256 digest."""
    return Cid(1, BLOCK_CODEC, SHA2_256, digest)


def tree_cid(root: bytes) -> Cid:
    """The CID of a dataset's Merkle tree: the root itself, not a hash of it."""
    return Cid(1, TREE_CODEC, SHA2_256, root)


def encode_uvarint(value: int) -> bytes:
    """`value` as an unsigned LEB128 varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_uvarint(raw: bytes, at: int) -> tuple[int, int]:
    """The varint at `raw[at]` and the offset behind it; raises IncorrectCid if cut short or longer than 9 bytes."""
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(raw):
            break
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise IncorrectCid(raw.hex())


def _decode_multibase(text: str) -> bytes:
    prefix, body = text[0], text[1:]
    if prefix == "z":
        return base58.b58decode(body)
    if prefix in "fF":
        return bytes.fromhex(body)
    if prefix in "bBcC":
        return base64.b32decode(body.upper().rstrip("=") + "=" * (-len(body.rstrip("=")) % 8))
    if prefix in "mMuU":
        altchars = b"-_" if prefix in "uU" else b"+/"
        return base64.b64decode(body.rstrip("=") + "=" * (-len(body.rstrip("=")) % 4), altchars, validate=True)
    raise binascii.Error(f"unknown multibase prefix {prefix!r}")
