"""Waku payload encryption, version 1 (https://rfc.vac.dev/waku/standards/application/26/payload).

Plain form: flags (1) || payload length (1–4, little endian) || payload || padding || signature (65).
Encrypted with AES-256-GCM under a key that all who know the chat id can derive, or with ECIES for one recipient.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache

from coincurve import PrivateKey, PublicKey
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import ecies, signing
from .ecies import DecryptionFailed

_NONCE = 12
_PAD_TO = 256
_LENGTH_SIZE_MASK = 0b011
_SIGNED = 0b100
_PBKDF2_ROUNDS = 65356


class MalformedPayload(ValueError):
    """Decrypted, but not of the form above."""


@dataclass(frozen=True)
class Decoded:
    payload: bytes
    padding: bytes
    author: PublicKey | None


@lru_cache(maxsize=1024)
def symmetric_key(chat_id: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", chat_id.encode(), b"", _PBKDF2_ROUNDS, 32)


def seal_symmetric(plain: bytes, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return AESGCM(key).encrypt(nonce, plain, None) + nonce


def open_symmetric(sealed: bytes, key: bytes) -> bytes:
    if len(sealed) <= _NONCE:
        raise DecryptionFailed("ciphertext is too short")
    try:
        return AESGCM(key).decrypt(sealed[-_NONCE:], sealed[:-_NONCE], None)
    except InvalidTag as error:
        raise DecryptionFailed("authentication failed") from error


def seal_for(plain: bytes, recipient: PublicKey) -> bytes:
    return ecies.encrypt(recipient, plain)


def open_with(sealed: bytes, key: PrivateKey) -> bytes:
    return ecies.decrypt(key, sealed)


def encode(payload: bytes, author: PrivateKey) -> bytes:
    """Frames, pads to a multiple of 256 bytes and signs."""
    length_size = max(1, (len(payload).bit_length() + 7) // 8)
    head = bytes([length_size | _SIGNED]) + len(payload).to_bytes(length_size, "little") + payload
    unpadded = len(head) + signing.SIGNATURE_SIZE
    framed = head + os.urandom(-unpadded % _PAD_TO)
    return framed + signing.sign(author, framed)


def decode(plain: bytes) -> Decoded:
    if not plain:
        raise MalformedPayload("empty payload")
    flags = plain[0]
    end = len(plain)
    author = None
    if flags & _SIGNED:
        end -= signing.SIGNATURE_SIZE
        if end < 1:
            raise MalformedPayload("no room for the signature")
        try:
            author = signing.recover(plain[end:], plain[:end])
        except signing.BadSignature as error:
            raise MalformedPayload(f"bad signature: {error}") from error
    start = 1 + (flags & _LENGTH_SIZE_MASK)
    length = int.from_bytes(plain[1:start], "little")
    if start + length > end:
        raise MalformedPayload(f"payload of {length} bytes in {end - start}")
    return Decoded(plain[start : start + length], plain[start + length : end], author)
