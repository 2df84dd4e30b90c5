"""ECIES over secp256k1 as go-ethereum has it: AES-128-CTR, HMAC-SHA-256, NIST SP 800-56 key derivation.

Ciphertext: ephemeral public key (65) || iv (16) || AES-CTR(plaintext) || HMAC (32).
"""

from __future__ import annotations

import hashlib
import hmac
import os

from coincurve import PrivateKey, PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_KEY, _IV, _MAC = 65, 16, 32


class DecryptionFailed(ValueError):
    """Not meant for this key, or damaged."""


def encrypt(recipient: PublicKey, plaintext: bytes) -> bytes:
    ephemeral = PrivateKey()
    encryption_key, mac_key = _derive(ephemeral, recipient)
    iv = os.urandom(_IV)
    body = iv + _aes_ctr(encryption_key, iv, plaintext)
    return ephemeral.public_key.format(compressed=False) + body + _mac(mac_key, body)


def decrypt(key: PrivateKey, ciphertext: bytes) -> bytes:
    if len(ciphertext) < _KEY + _IV + _MAC:
        raise DecryptionFailed("ciphertext is too short")
    try:
        ephemeral = PublicKey(ciphertext[:_KEY])
    except ValueError as error:
        raise DecryptionFailed("no ephemeral key in front of the ciphertext") from error
    encryption_key, mac_key = _derive(key, ephemeral)
    body, mac = ciphertext[_KEY:-_MAC], ciphertext[-_MAC:]
    if not hmac.compare_digest(mac, _mac(mac_key, body)):
        raise DecryptionFailed("authentication failed")
    return _aes_ctr(encryption_key, body[:_IV], body[_IV:])


def _derive(private: PrivateKey, public: PublicKey) -> tuple[bytes, bytes]:
    shared = public.multiply(private.secret).format(compressed=False)[1:33]
    derived = hashlib.sha256(b"\x00\x00\x00\x01" + shared).digest()
    return derived[:16], hashlib.sha256(derived[16:]).digest()


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")


def _aes_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    cipher = Cipher(AES(key), CTR(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()
